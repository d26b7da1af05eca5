//! What has become of a referral, as the office sees it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::Actor;
use crate::calendar::{Deadline, DeadlineKind};
use crate::error::Result;
use crate::id::{OfficeId, ReferralEventId};
use crate::referrals::codes::{FeedbackRefusalReason, FeedbackValue};
use crate::referrals::course::events::{EventReason, SealedEvent};
use crate::referrals::course::table::Action;
use crate::referrals::{Origin, Referral, Status, disclosure};
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse, Vault};

/// A deadline, and whether it has passed without being met.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralDeadline)]
pub struct DeadlineView {
    /// What is due.
    ///
    /// @example "inquiry_decision"
    pub kind: DeadlineKind,
    /// By when, as the rule has it.
    ///
    /// @example "2026-12-05T23:00:00Z"
    pub due_at: Timestamp,
    /// The same, moved to the next weekday (lag 1930:173), where the rule counts days.
    ///
    /// @example "2026-12-07T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_due_at: Option<Timestamp>,
    /// When it was due before it was extended.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_due_at: Option<Timestamp>,
    /// When it was met.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met_at: Option<Timestamp>,
    /// Whether it runs and has passed without being met.
    ///
    /// @example false
    pub overdue: bool,
    /// The legal reference that it rests on.
    #[schema(max_length = 100, example = "sol-20-2")]
    pub legal_basis_id: String,
}

impl DeadlineView {
    /// A deadline of a referral in this state, as it stands at `now`.
    pub fn new(deadline: Deadline, status: Status, now: Timestamp) -> Self {
        Self {
            overdue: status.runs(deadline.kind) && deadline.overdue(now.utc()),
            kind: deadline.kind,
            due_at: deadline.due_at.into(),
            rolled_due_at: deadline.rolled_due_at.map(Timestamp::from),
            first_due_at: deadline.first_due_at.map(Timestamp::from),
            met_at: deadline.met_at.map(Timestamp::from),
            legal_basis_id: deadline.legal_basis_id,
        }
    }
}

/// What the reporter is told of the decision (SoL 19 kap. 6 §).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralFeedback)]
pub struct FeedbackView {
    /// Whether the reporter asked for it.
    pub requested: bool,
    /// What was told last.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<FeedbackValue>,
    /// When it was told.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When it was refused to tell of the present decision.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// Why nothing was told.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal_reason_code: Option<FeedbackRefusalReason>,
}

impl FeedbackView {
    /// For a report by duty; nothing for others.
    pub fn of(referral: &Referral) -> Option<Self> {
        let feedback = &referral.course.feedback;
        disclosure::reports_by_duty(referral).then(|| Self {
            requested: referral.feedback_is_requested(),
            value: feedback.given.as_ref().map(|given| given.value),
            sent_at: feedback.given.as_ref().map(|given| given.at),
            refused_at: feedback.refused.as_ref().map(|refused| refused.at),
            refusal_reason_code: feedback.refused.as_ref().map(|refused| refused.reason_code),
        })
    }
}

/// Something that happened to a referral.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralEvent)]
pub struct EventView {
    /// Identifies it.
    pub id: ReferralEventId,
    /// The version of the referral that it made.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 2)]
    pub version: i32,
    /// What was done, or happened.
    pub action: Action,
    /// The state before; absent where it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Status>,
    /// The state behind it.
    pub to: Status,
    /// Who did it.
    pub by: Actor,
    /// When it happened.
    pub at: Timestamp,
    /// The office that had it.
    pub office_id: OfficeId,
    /// The office that has it from then on, where that is another one.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_office_id: Option<OfficeId>,
    /// Why, as a code of the action's code list.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "awaiting_interpreter")]
    pub reason_code: Option<String>,
    /// Why, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Samtal med barnet i skolan i dag."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub reason: Option<ConfidentialProse>,
}

impl EventView {
    /// That it was received: `first` is what happened next.
    pub fn of_receipt(referral: &Referral, first: Option<&SealedEvent>) -> Self {
        let by = match (referral.origin, referral.made_by) {
            (Origin::Partner(id), _) => Actor::Partner(id),
            (_, Some(id)) => Actor::Staff(id),
            (_, None) => Actor::System,
        };
        Self {
            id: ReferralEventId::from_uuid(referral.id.uuid()),
            version: 1,
            action: Action::Receive,
            from: None,
            to: Status::Received,
            by,
            at: referral.received_at,
            office_id: first.map_or(referral.office_id, |event| event.office_id),
            to_office_id: None,
            reason_code: None,
            reason: None,
        }
    }

    /// Something that happened.
    pub fn new(event: &SealedEvent, vault: &Vault) -> Result<Self> {
        let EventReason { code, words } = event.told(vault)?;
        Ok(Self {
            id: event.id,
            version: event.version,
            action: event.action,
            from: Some(event.from_status),
            to: event.to_status,
            by: event.by(),
            at: event.at,
            office_id: event.office_id,
            to_office_id: event.to_office_id,
            reason_code: code,
            reason: words,
        })
    }
}
