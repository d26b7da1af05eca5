//! What the sender of a referral may know of it: the one rule.
//!
//! It is a function of what the sender is, what kind of matter it is, what the consent covers, and where the matter stands; and of
//! nothing else. Partner answers, receipts and the office's view of them are made by it alone.
//!
//! - Who reports by duty learns whether an inquiry was opened once the office has told (SoL 19 kap. 6 §), and nothing else of it. The
//!   police and those who have no duty learn only that it was received.
//! - Who sends a request with the family's consent to tell learns how it goes. Without that consent: that it was received, and that it
//!   was handled.

use crate::auth::Category;
use crate::referrals::codes::DisclosedStatus;
use crate::referrals::consent::ConsentScope;
use crate::referrals::course::{State, Withdrawer};
use crate::referrals::{Kind, Referral, Status};

/// Whether the sender is one whom the law lets learn what was decided on its report.
pub fn learns_the_decision(referral: &Referral) -> bool {
    let by_duty = |category: Category| category.is_mandatory_reporter() && category != Category::Police;
    referral.kind == Kind::ConcernReport && referral.sender_category.is_some_and(by_duty)
}

/// Whether the family lets the sender learn how the request goes.
pub fn learns_the_outcome(referral: &Referral) -> bool {
    let consent = referral.matter.consent.as_ref().filter(|consent| consent.withdrawn_at.is_none());
    referral.kind != Kind::ConcernReport
        && consent.is_some_and(|consent| consent.scopes.contains(&ConsentScope::Outcome))
}

/// Where the referral stands, as its sender may know.
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
        (State::Withdrawn { by: Withdrawer::Sender }, _) => DisclosedStatus::Withdrawn,
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
