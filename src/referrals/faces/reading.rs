//! The recorded reading of a referral by staff, with what belongs to it.

use crate::audit::{AuditAction, Entry};
use crate::auth::CaseReader;
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::id::ReferralId;
use crate::referrals::store::{self, SealedReferral};

impl Context<CaseReader> {
    /// Reads the referral, if the member of staff may know of it, together with what `below` reads. The reading is in the audit before
    /// this returns.
    pub async fn read_referral<T: Send + 'static>(
        &self,
        action: AuditAction,
        id: ReferralId,
        below: impl FnOnce(&mut DbConn, ReferralId) -> Result<T> + Send + 'static,
    ) -> Result<(SealedReferral, T)> {
        let scope = self.readable();
        let attempt = action.on(id).because(scope.reason);
        let read = move |conn: &mut DbConn| Ok((store::find(conn, &scope, id)?, below(conn, id)?));
        let seen = |(referral, _): &(SealedReferral, T), entry: Entry| entry.on_behalf_of(referral.office_id);
        self.read_recorded(attempt, read, seen).await
    }
}
