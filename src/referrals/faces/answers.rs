//! Answers about a referral: its recorded reading, and the links that they carry.

use crate::audit;
use crate::audit::Entry;
use crate::audit::denials::Denials;
use crate::auth::staff::Staff;
use crate::db::{Db, DbConn};
use crate::directory::snapshot::Directory;
use crate::error::Result;
use crate::http::call::Call;
use crate::http::link::Link;
use crate::id::ReferralId;
use crate::referrals::course::table;
use crate::referrals::course::table::Caller;
use crate::referrals::sending::sender::check_writable;
use crate::referrals::store::SealedReferral;
use crate::referrals::{Referral, store};

/// A reader of a referral or of its parts, with everything that reading and recording needs.
pub struct Reading<'a> {
    pub staff: &'a Staff,
    pub call: &'a Call,
    /// The directory that tells which offices the member of staff belongs to.
    pub directory: &'a Directory,
    pub db: &'a Db,
    /// The record of attempts that are denied.
    pub denials: &'a Denials,
}

impl Reading<'_> {
    /// Reads the referral, if the member of staff may know of it, together with what `below` reads. The reading is in the audit
    /// before the answer is returned.
    pub async fn of<T: Send + 'static>(
        &self,
        action: &'static str,
        id: ReferralId,
        below: impl FnOnce(&mut DbConn, ReferralId) -> Result<T> + Send + 'static,
    ) -> Result<(SealedReferral, T)> {
        let sight = self.staff.sight(self.directory);
        let reason = sight.reason;
        let attempt =
            || Entry::of_call(self.call, self.staff.actor(), action, "referral", vec![id.uuid()]).because(reason);
        let entry = attempt();
        let read = move |conn: &mut DbConn| Ok((store::find(conn, &sight, id)?, below(conn, id)?));
        let record = move |conn: &mut DbConn, (referral, _): &(SealedReferral, T)| {
            audit::record(conn, &entry.on_behalf_of(referral.office_id))
        };
        self.denials.noted(self.db.read_recorded(read, record).await, attempt)
    }
}

/// Links to the referral, its parts, and the actions that `caller` may take on it now.
pub fn links(call: &Call, referral: &Referral, directory: &Directory, caller: Option<Caller>) -> Vec<Link> {
    let path = format!("/referrals/{}", referral.id);
    let below = |rel: &'static str, method: &'static str| call.link(rel, method, &format!("{path}/{rel}"));
    let mut links = vec![call.link("self", "GET", &path)];
    links.extend(["history", "related", "messages"].map(|rel| below(rel, "GET")));
    links.extend(referral.origin.partner().map(|_| below("partner-view", "GET")));
    let can_write = caller.is_some() && check_writable(referral).is_ok() && !referral.is_anonymous();
    links.extend(can_write.then(|| below("messages", "POST")));
    let actions = caller.map(|caller| table::allowed(referral, caller, directory)).unwrap_or_default();
    links.extend(actions.iter().map(|action| {
        let action = action.as_ref();
        call.link(action, "POST", &format!("{path}/{action}"))
    }));
    links
}
