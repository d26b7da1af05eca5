//! Reading of one referral by staff, together with data that belong to it. Each reading is recorded in the audit.

use crate::audit::{AuditAction, Entry};
use crate::auth::{CaseReader, CaseScope, OfStaff};
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::id::ReferralId;
use crate::referrals::own_words::{self, FoundReferral, ReferralReader};

impl<C: OfStaff> Context<C> {
    /// Returns the caller as a reader of the referrals that `sight` covers, and of the caller's own words.
    pub fn reader_of(&self, sight: CaseScope) -> ReferralReader {
        ReferralReader { sight, staff: self.staff().id, now: self.call.moment.now }
    }
}

impl Context<CaseReader> {
    /// Reads the referral `id`, if the member of staff may know of it or has own words about it, together with the data that
    /// `below` reads. Fails as not found otherwise. The audit record of the reading is stored durably before this returns.
    pub async fn read_referral<T: Send + 'static>(
        &self,
        action: AuditAction,
        id: ReferralId,
        below: impl FnOnce(&mut DbConn, &FoundReferral) -> Result<T> + Send + 'static,
    ) -> Result<(FoundReferral, T)> {
        let reader = self.reader_of(self.readable());
        let attempt = action.on(id).because(reader.sight.reason);
        let read = move |conn: &mut DbConn| {
            let found = own_words::find(conn, &reader, id)?;
            let more = below(conn, &found)?;
            Ok((found, more))
        };
        let seen = |(referral, _): &(FoundReferral, T), entry: Entry| entry.on_behalf_of(referral.office_id());
        self.read_recorded(attempt, read, seen).await
    }
}
