//! The rule by which a contact or a follow-up names the referral that was made from it.
//!
//! The referral is hidden if its child's identity turns out to be protected, and the contact is not, since its disappearance would
//! tell of it. So the contact must not lead a colleague to a referral that the colleague cannot find: it names the referral to the
//! maker, for as long as the maker reads their own words, and to staff who are cleared for protected identities. That is so whoever
//! the child is.

use crate::auth::OfStaff;
use crate::context::Context;
use crate::id::{ReferralId, StaffId};
use crate::referrals::own_words::TOLD_FOR;
use crate::time::Timestamp;

/// A member of staff who reads a contact or a follow-up.
#[derive(Debug, Clone, Copy)]
pub struct MadeReferralReader {
    staff: StaffId,
    is_cleared: bool,
    now: Timestamp,
}

impl MadeReferralReader {
    pub fn of(ctx: &Context<impl OfStaff>) -> Self {
        let staff = ctx.staff();
        Self { staff: staff.id, is_cleared: staff.protected_identity, now: ctx.call.moment.now }
    }

    /// Returns the identifier of the referral that the member of staff `maker` made at this time, if the reader may be led there.
    pub fn told(self, referral: Option<ReferralId>, maker: StaffId, made_at: Timestamp) -> Option<ReferralId> {
        let is_own = maker == self.staff && self.now.utc() < made_at.utc() + TOLD_FOR;
        referral.filter(|_| self.is_cleared || is_own)
    }
}
