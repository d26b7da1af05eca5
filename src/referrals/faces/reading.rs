//! Reading of one referral by staff, together with data that belong to it. Each reading is recorded in the audit.

use crate::audit::{AuditAction, Entry};
use crate::auth::CaseReader;
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::id::ReferralId;
use crate::referrals::store::{self, SealedReferral};

impl Context<CaseReader> {
    /// Reads the referral `id`, if the member of staff may know of it, together with the data that `below` reads. Fails as not
    /// found otherwise. The audit record of the reading is stored durably before this returns.
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
