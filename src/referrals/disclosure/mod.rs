//! The one rule about what the sender of a referral may know of it.
//!
//! [`DisclosedReferral`] depends only on the sender's category, the kind of the referral, the scope of the consent, the municipality's
//! settings and the state of the referral. Receipts, the actions of a sender, and the office's view of both are made from it
//! alone.
//!
//! - A mandatory reporter learns the deadline of the inquiry decision and, once the office has told it, whether an inquiry was
//!   opened (SoL 19 kap. 6 §), if the municipality gives feedback to its category. Other reporters, such as the police by default
//!   and reporters without a duty to report, learn only that the report was received. All of them learn that the office asks for
//!   information.
//! - A sender of a support request learns its progress if the family's consent covers the outcome, and where to turn instead if the
//!   office declined it. Without that consent, the sender learns only that the request was received, that the office asks for
//!   information, and that the request was handled: where to turn instead would tell that it was declined.
//! - A report that staff copied for a sibling tells that the office works with the first report. So it is shown only to senders who
//!   may learn the decision; for all others it does not exist.

pub mod partner_view;
pub mod receipt;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

use crate::auth::{Agency, Category};
use crate::calendar::DeadlineKind;
use crate::directory::Directory;
use crate::id::{OfficeId, PartnerId, ReferralId};
use crate::referrals::course::codes::{DisclosedStatus, FeedbackValue};
use crate::referrals::course::{ReferralState, TurnTo, Withdrawer};
use crate::referrals::matter::consent::ConsentScope;
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Referral, Status};
use crate::time::Timestamp;
use crate::vault::ConfidentialLine;

/// The part of a referral that its sender may know, computed by [`Self::of`].
#[derive(Debug, Clone)]
pub struct DisclosedReferral<'a> {
    pub id: ReferralId,
    pub reference: &'a Reference,
    pub kind: Kind,
    pub received_at: Timestamp,
    pub sender_reference: Option<&'a ConfidentialLine>,
    pub status: DisclosedStatus,
    /// The office that the sender can turn to about the referral; not always the one that has the referral now.
    pub office: OfficeId,
    /// When something that is disclosed to the sender last changed.
    pub changed_at: Timestamp,
    /// The time by which the office must decide whether to open an inquiry, if the sender may learn the decision. An extension
    /// is not disclosed.
    pub decision_due: Option<DecisionDue<'a>>,
    /// The feedback on the inquiry decision; `None` if the sender may not learn the decision.
    pub feedback: Option<DisclosedFeedback>,
    /// The place that the office named for the sender to turn to instead, if the office declined the referral and the sender may
    /// learn that.
    pub turn_to: Option<&'a TurnTo>,
}

/// The time by which the office must decide whether to open an inquiry, with the legal reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionDue<'a> {
    /// The time that was set when the report was received. An extension does not change it.
    pub at: DateTime<Utc>,
    /// The identifier of the legal reference that sets the deadline.
    pub legal_basis_id: &'a str,
}

/// The feedback on the inquiry decision, as the reporter may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisclosedFeedback {
    /// Whether the reporter asked for feedback.
    pub requested: bool,
    /// The answer that the office has given the reporter, and when it gave it; `None` before that.
    pub told: Option<(FeedbackValue, Timestamp)>,
}

/// An action that a sender may take on a referral that it has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum SenderAction {
    /// Adds information to the referral.
    Supplements,
    /// Writes a message to the office.
    Messages,
    /// Withdraws the request; not for a concern report.
    Withdraw,
    /// Asks to be told whether an inquiry is opened.
    RequestFeedback,
}

impl<'a> DisclosedReferral<'a> {
    /// Computes what the sender of this referral may know of it.
    pub fn of(referral: &'a Referral, directory: &Directory) -> Self {
        let learns_the_decision = learns_the_decision(referral, directory);
        let decision = referral.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::InquiryDecision);
        let ChangingDisclosure { status, office, requested, told, turn_to } = ChangingDisclosure::of(referral);
        Self {
            id: referral.id,
            reference: &referral.reference,
            kind: referral.kind,
            received_at: referral.received_at,
            sender_reference: referral.matter.sender_reference.as_ref(),
            status,
            office,
            changed_at: referral.disclosed_at,
            decision_due: decision.filter(|_| learns_the_decision).map(|deadline| DecisionDue {
                at: deadline.first_due_at.unwrap_or(deadline.due_at),
                legal_basis_id: &deadline.legal_basis_id,
            }),
            feedback: learns_the_decision.then_some(DisclosedFeedback { requested, told }),
            turn_to,
        }
    }

    /// Returns the actions that the sender may take now, judged only by the disclosed facts. A referral entered in error accepts no
    /// action, but the sender learns that only by trying one.
    pub fn actions(&self) -> Vec<SenderAction> {
        let is_open = !matches!(
            self.status,
            DisclosedStatus::Declined
                | DisclosedStatus::Handled
                | DisclosedStatus::Completed
                | DisclosedStatus::DeclinedByFamily
                | DisclosedStatus::NotReached
                | DisclosedStatus::Withdrawn
        );
        let mut actions = vec![SenderAction::Supplements, SenderAction::Messages];
        actions.extend((self.kind != Kind::ConcernReport && is_open).then_some(SenderAction::Withdraw));
        let can_ask = self.feedback.is_some_and(|feedback| !feedback.requested);
        actions.extend(can_ask.then_some(SenderAction::RequestFeedback));
        actions
    }
}

/// The facts of a referral that are disclosed to its sender and can change over time.
#[derive(Debug, PartialEq, Eq)]
struct ChangingDisclosure<'a> {
    status: DisclosedStatus,
    office: OfficeId,
    requested: bool,
    told: Option<(FeedbackValue, Timestamp)>,
    turn_to: Option<&'a TurnTo>,
}

impl<'a> ChangingDisclosure<'a> {
    fn of(referral: &'a Referral) -> Self {
        let given = referral.course.feedback.given.as_ref();
        Self {
            status: status(referral),
            office: referral.disclosed_office_id,
            requested: referral.feedback_is_requested(),
            told: given.map(|given| (given.value, given.at)),
            turn_to: match &referral.course.state {
                ReferralState::Declined { decline } if learns_the_outcome(referral) => Some(&decline.turn_to),
                _ => None,
            },
        }
    }
}

/// Whether any fact that is disclosed to the sender differs between two versions of a referral.
pub fn differs(before: &Referral, after: &Referral) -> bool {
    ChangingDisclosure::of(before) != ChangingDisclosure::of(after)
}

/// Whether the referral is a concern report from an agency with a legal duty to report.
pub fn reports_by_duty(referral: &Referral) -> bool {
    referral.kind == Kind::ConcernReport && referral.sender_category.is_some_and(Category::is_mandatory_reporter)
}

/// Whether the law and the municipality let the sender of this referral learn whether an inquiry is opened. It is `false` for every
/// referral but concern reports.
pub fn learns_the_decision(referral: &Referral, directory: &Directory) -> bool {
    reports_by_duty(referral) && referral.sender_category.is_some_and(|category| is_told_decisions(category, directory))
}

/// The referrals that a partner agency may know of: those that it has sent, with the copies for siblings if they are shown to it.
#[derive(Debug, Clone, Copy)]
pub struct SenderScope {
    pub sender: PartnerId,
    /// Whether the copies of its reports that staff made for siblings exist for the agency.
    pub sees_copies: bool,
}

impl SenderScope {
    pub fn of(agency: &Agency, directory: &Directory) -> Self {
        Self { sender: agency.id, sees_copies: is_told_decisions(agency.category, directory) }
    }
}

/// Whether a partner agency is the sender of the referral and yet does not know of it, because staff copied it for a sibling and
/// the agency may not learn of the office's work.
pub fn is_hidden_from_sender(referral: &Referral, directory: &Directory) -> bool {
    let is_copy = referral.course.copy_of.is_some() && referral.origin.partner().is_some();
    is_copy && !learns_the_decision(referral, directory)
}

/// Whether the law and the municipality let senders of this category learn the decisions on their concern reports. It is `false`
/// for every category if the municipality's list of excluded categories has an unknown code.
pub fn is_told_decisions(category: Category, directory: &Directory) -> bool {
    let mut codes = directory.municipality.without_feedback.iter();
    // An unknown code may be a misspelt category. Then it is safer to tell nobody than to tell the wrong sender.
    let is_left_out = codes.any(|code| code == category.as_ref() || code.parse::<Category>().is_err());
    category.is_mandatory_reporter() && !is_left_out
}

/// Whether the family's consent lets the sender of a request learn its progress and outcome. It is `false` for a concern report,
/// and if the consent is withdrawn.
pub fn learns_the_outcome(referral: &Referral) -> bool {
    let consent = referral.matter.consent.as_ref().filter(|consent| consent.withdrawn_at.is_none());
    referral.kind != Kind::ConcernReport
        && consent.is_some_and(|consent| consent.scopes.contains(&ConsentScope::Outcome))
}

/// Returns the state of the referral that its sender is told.
pub fn status(referral: &Referral) -> DisclosedStatus {
    let status = referral.status();
    if referral.kind == Kind::ConcernReport {
        return match status {
            Status::InformationRequested => DisclosedStatus::InformationRequested,
            _ => DisclosedStatus::Received,
        };
    }
    let with_outcome = learns_the_outcome(referral);
    let told = |told: DisclosedStatus, otherwise: DisclosedStatus| if with_outcome { told } else { otherwise };
    match (&referral.course.state, status) {
        (ReferralState::Withdrawn { by: Withdrawer::Sender }, _) => DisclosedStatus::Withdrawn,
        (_, Status::InformationRequested) => DisclosedStatus::InformationRequested,
        (_, Status::Received) if referral.course.redirected => {
            told(DisclosedStatus::Redirected, DisclosedStatus::Received)
        }
        (_, Status::Received) => DisclosedStatus::Received,
        (_, Status::Accepted) => told(DisclosedStatus::Accepted, DisclosedStatus::Received),
        (_, Status::InProgress) => told(DisclosedStatus::Started, DisclosedStatus::Received),
        (_, Status::OnHold) => told(DisclosedStatus::OnHold, DisclosedStatus::Received),
        (_, Status::Declined) => told(DisclosedStatus::Declined, DisclosedStatus::Handled),
        (_, Status::Completed) => told(DisclosedStatus::Completed, DisclosedStatus::Handled),
        (_, Status::DeclinedByFamily) => told(DisclosedStatus::DeclinedByFamily, DisclosedStatus::Handled),
        (_, Status::NotReached) => told(DisclosedStatus::NotReached, DisclosedStatus::Handled),
        (
            _,
            Status::Withdrawn
            | Status::Duplicate
            | Status::EnteredInError
            | Status::HandedOver
            | Status::ClosedNoInquiry,
        ) => DisclosedStatus::Handled,
    }
}
