//! The orders in which lists of referrals are sorted.

use std::cmp::Ordering;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::id::ReferralId;
use crate::time::Timestamp;

/// An order in which a list of referrals is sorted.
// The identifier comes last in each order, so that every order is total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ReferralOrder)]
pub enum Order {
    /// Referrals are sorted by the time of receipt, the oldest first.
    #[serde(rename = "receivedAt")]
    Received,
    /// Referrals are sorted by the time of receipt, the newest first.
    #[serde(rename = "-receivedAt")]
    ReceivedDescending,
    /// Referrals are sorted by their earliest running deadline, the earliest first. Referrals without a running deadline come last.
    #[serde(rename = "nextDueAt")]
    NextDue,
}

/// A position in a list of referrals, from which the next page starts: the time by which the last referral shown is sorted, in
/// microseconds, and its identifier.
pub type ReferralPosition = (i64, ReferralId);

impl Order {
    /// Returns the position in a list in this order of the referral `id`, with the time of its receipt and of its next deadline.
    pub fn position(self, received_at: Timestamp, next_due_at: Timestamp, id: ReferralId) -> ReferralPosition {
        let at = match self {
            Self::Received | Self::ReceivedDescending => received_at,
            Self::NextDue => next_due_at,
        };
        (at.micros(), id)
    }

    /// Compares two positions in a list in this order.
    pub fn compare(self, one: ReferralPosition, other: ReferralPosition) -> Ordering {
        match self {
            Self::Received | Self::NextDue => one.cmp(&other),
            Self::ReceivedDescending => other.cmp(&one),
        }
    }

    /// Whether the position `one` comes after `last` in a list in this order.
    pub fn is_after(self, one: ReferralPosition, last: ReferralPosition) -> bool {
        self.compare(one, last) == Ordering::Greater
    }
}
