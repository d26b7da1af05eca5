//! The parts of a referral's course as the office sees them: deadlines, feedback and events.

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

/// A deadline of a referral, and whether it is overdue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralDeadline)]
pub struct DeadlineView {
    /// The kind of the deadline: the thing that is due, such as the decision whether to open an inquiry.
    ///
    /// @example "inquiry_decision"
    pub kind: DeadlineKind,
    /// The time by which the thing is due, after any extension. It decides whether the deadline is overdue.
    ///
    /// @example "2026-12-05T23:00:00Z"
    pub due_at: Timestamp,
    /// The end of the next working day, if the last day of the deadline is not a working day (lag 1930:173); otherwise equal to
    /// `dueAt`. Absent for a deadline that was never extended and is counted in hours or working days.
    ///
    /// @example "2026-12-07T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_due_at: Option<Timestamp>,
    /// The due time before the deadline was extended for the first time. Absent if it was never extended.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_due_at: Option<Timestamp>,
    /// When the thing that was due was done. Absent while it is not done.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met_at: Option<Timestamp>,
    /// Whether `dueAt` has passed while the deadline was running and not met.
    ///
    /// @example false
    pub overdue: bool,
    /// The identifier of the legal reference that the deadline is based on.
    #[schema(max_length = 100, example = "sol-20-2")]
    pub legal_basis_id: String,
}

impl DeadlineView {
    /// Makes the views of the deadlines of a referral that is in the state `status`. `now` decides which deadlines are overdue.
    pub fn all(deadlines: Vec<Deadline>, status: Status, now: Timestamp) -> Vec<Self> {
        deadlines.into_iter().map(|deadline| Self::new(deadline, status, now)).collect()
    }

    fn new(deadline: Deadline, status: Status, now: Timestamp) -> Self {
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

/// The feedback that tells a mandatory reporter the decision on its report (SoL 19 kap. 6 §): whether it was asked for, given
/// or refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralFeedback)]
pub struct FeedbackView {
    /// Whether the reporter asked to be told the decision, in the report or later.
    pub requested: bool,
    /// The decision that the reporter was told last.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<FeedbackValue>,
    /// When the reporter was last told a decision.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When the office refused to tell the reporter the latest decision.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// The reason why the office refused to tell the reporter the latest decision, as a code.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal_reason_code: Option<FeedbackRefusalReason>,
}

impl FeedbackView {
    /// Makes the view of the feedback on a concern report that was made under a legal duty. Returns `None` for other referrals.
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
    /// The version number that the referral has after the event.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 2)]
    pub version: i32,
    /// The action that somebody took on the referral, or the event that happened to it.
    pub action: Action,
    /// The referral's state before the event. Absent in the first event, the receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Status>,
    /// The referral's state after the event.
    pub to: Status,
    /// The actor who caused the event: a member of staff, the partner agency, or the service itself.
    pub by: Actor,
    /// When the event happened.
    pub at: Timestamp,
    /// The identifier of the office that had the referral before the event.
    pub office_id: OfficeId,
    /// The identifier of the office that the referral went to by the event. Absent if it stayed at its office.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_office_id: Option<OfficeId>,
    /// The reason for the event, as a code of the code list of `action`. For a passed deadline it is the kind of the deadline,
    /// and for a withdrawn consent the person who withdrew it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "awaiting_interpreter")]
    pub reason_code: Option<String>,
    /// The words that were given with the event: for example a reason, a note, a question, or the measures after an assessment.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Samtal med barnet i skolan i dag."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub reason: Option<ConfidentialProse>,
}

impl EventView {
    /// Makes the event of the receipt of a referral, which is not stored. `first` is the earliest stored event of the referral,
    /// if there is one: it tells which office received the referral.
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

    /// Makes the view of a stored event, whose reason is decrypted.
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

    /// Leaves out the office to which the words of the reader sent the referral, if the reader reads only these: they were written
    /// at `written`.
    pub fn told_to_writer(self, written: Option<Timestamp>) -> Self {
        let is_earlier = written.is_none_or(|written| self.at < written);
        Self { to_office_id: self.to_office_id.filter(|_| is_earlier), ..self }
    }
}
