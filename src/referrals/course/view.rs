//! The course of a referral in the form in which the office sees it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::Actor;
use crate::calendar::{Deadline, DeadlineKind};
use crate::error::Result;
use crate::id::{OfficeId, ReferralEventId};
use crate::referrals::course::codes::{FeedbackRefusalReason, FeedbackValue};
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
    /// The kind of the deadline.
    ///
    /// @example "inquiry_decision"
    pub kind: DeadlineKind,
    /// The time by which the action is due, as the rule sets it.
    ///
    /// @example "2026-12-05T23:00:00Z"
    pub due_at: Timestamp,
    /// The due time moved to the next weekday (lag 1930:173), if the rule counts days.
    ///
    /// @example "2026-12-07T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_due_at: Option<Timestamp>,
    /// The due time before the deadline was extended.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_due_at: Option<Timestamp>,
    /// When the deadline was met.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met_at: Option<Timestamp>,
    /// Whether the deadline runs and has passed without being met.
    ///
    /// @example false
    pub overdue: bool,
    /// The identifier of the legal reference that sets the deadline.
    #[schema(max_length = 100, example = "sol-20-2")]
    pub legal_basis_id: String,
}

impl DeadlineView {
    /// Makes the view of a deadline, for a referral in this state, judged at `now`.
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

/// Feedback to the reporter on the decision (SoL 19 kap. 6 §).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralFeedback)]
pub struct FeedbackView {
    /// Whether the reporter asked for feedback.
    pub requested: bool,
    /// The answer that the reporter was given last.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<FeedbackValue>,
    /// When the reporter was given the answer.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When the office refused to tell the present decision.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// The reason why the office refused to tell.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal_reason_code: Option<FeedbackRefusalReason>,
}

impl FeedbackView {
    /// Makes the view for a report under a legal duty. Other referrals have none.
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

/// An event in the history of a referral.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralEvent)]
pub struct EventView {
    /// The identifier of the event.
    pub id: ReferralEventId,
    /// The version of the referral that the event made.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 2)]
    pub version: i32,
    /// The action that was taken, or the event that happened.
    pub action: Action,
    /// The state before the event; absent in the first event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Status>,
    /// The state after the event.
    pub to: Status,
    /// The actor who caused the event.
    pub by: Actor,
    /// When the event happened.
    pub at: Timestamp,
    /// The office that had the referral before the event.
    pub office_id: OfficeId,
    /// The office that has the referral after the event, if it is another office.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_office_id: Option<OfficeId>,
    /// The reason, as a code of the action's code list.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "awaiting_interpreter")]
    pub reason_code: Option<String>,
    /// The reason, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Samtal med barnet i skolan i dag."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub reason: Option<ConfidentialProse>,
}

impl EventView {
    /// Makes the event of the receipt. `first` is the next event in the history.
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

    /// Opens a sealed event.
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
