//! Hiding a report from staff who are not cleared for protected identities also hides the reports that were copied with it for
//! siblings: they tell the same home, and name each other.
//!
//! It works both ways, from the first report to its copies, and from a copy to the first report and the other copies, in the
//! transaction that hid one of them. A call that copies a report at the same time also writes that report's next version, so that
//! one of the two calls fails as stale and starts again.

use std::collections::BTreeSet;

use diesel::prelude::*;
use uuid::Uuid;

use crate::audit::{self, actions};
use crate::db::DbConn;
use crate::db::schema::referrals;
use crate::directory::Directory;
use crate::error::Result;
use crate::families;
use crate::families::membership::ActingStaff;
use crate::id::{PersonId, ReferralId, ResourceId};
use crate::moment::Moment;
use crate::on_backend;
use crate::people::ProtectedIdentity;
use crate::referrals::Referral;
use crate::referrals::course::events::{self, SealedEvent};
use crate::referrals::matter::NewReferral;
use crate::referrals::matter::child::Child;
use crate::referrals::person::of_person;
use crate::referrals::store::{self, SealedReferral};
use crate::vault::Vault;

impl Referral {
    /// Whether this version of the referral is protected, and `before` either was not or was for another person or by another
    /// stated protection.
    pub fn hides_anew(&self, before: &Self) -> bool {
        let reasons =
            |referral: &Self| (referral.protected, referral.person_id, referral.matter.child.protected_identity);
        self.protected && reasons(self) != reasons(before)
    }

    /// Returns the next version of this report after a report that it was copied with was hidden by `protection`. Returns `None` if
    /// this report is protected already and tells no place that must be removed.
    fn hidden_with(
        &self,
        protection: ProtectedIdentity,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Option<Self>> {
        let child = self.matter.child.clone();
        let tells = protection == ProtectedIdentity::ProtectedRegistration && child.tells_whereabouts();
        if self.protected && !tells {
            return Ok(None);
        }
        let protected_identity = child.protected_identity.max(Some(ProtectedIdentity::Marked));
        let matter = NewReferral { child: Child { protected_identity, ..child }, ..self.matter.clone() };
        Self { matter, ..self.clone() }.protected_as(protection, directory, moment).map(Some)
    }
}

/// Hides all reports that are connected by copying, directly or through other reports, with the referrals `hidden`, which are
/// protected already. The audit records those that were not protected before. Does nothing about a referral whose child is not
/// protected.
pub fn hide_copied(
    conn: &mut DbConn,
    hidden: &[ReferralId],
    directory: &Directory,
    vault: &Vault,
    by: &ActingStaff,
) -> Result<()> {
    let mut starts = Vec::new();
    for id in hidden {
        let referral = find(conn, *id)?.open(vault)?;
        starts.push((protection_of(conn, &referral)?, *id, referral.course.copied()));
    }
    starts.retain(|(protection, ..)| protection.is_protected());
    // Of several that are connected, the one with the strongest protection decides. Each report is looked at once.
    starts.sort_unstable_by_key(|(protection, id, _)| std::cmp::Reverse((*protection, *id)));
    let (mut seen, mut rerouted) = (BTreeSet::new(), Vec::new());
    for (protection, start, copied) in starts {
        if seen.insert(start) {
            hide_connected(conn, copied, protection, (&mut seen, &mut rerouted), (by, directory, vault))?;
        }
    }
    for step in rerouted.chunks(of_person::AT_ONCE) {
        audit::record(conn, &by.entry(actions::REFERRAL_REROUTED, step.to_vec()))?;
    }
    Ok(())
}

/// Hides the reports `ahead` and those that are connected with them by `protection`, except those that were `seen` already. Adds
/// those that were not protected before to `rerouted`. Without reports ahead nothing is read, so that the time does not tell that
/// a report without copies was hidden.
fn hide_connected(
    conn: &mut DbConn,
    mut ahead: Vec<ReferralId>,
    protection: ProtectedIdentity,
    (seen, rerouted): (&mut BTreeSet<ReferralId>, &mut Vec<Uuid>),
    (by, directory, vault): (&ActingStaff, &Directory, &Vault),
) -> Result<()> {
    while let Some(id) = ahead.pop() {
        if !seen.insert(id) {
            continue;
        }
        let before = find(conn, id)?.open(vault)?;
        ahead.extend(before.course.copied());
        let Some(after) = before.hidden_with(protection, directory, &by.moment)? else { continue };
        store::update(conn, &SealedReferral::new(&after, vault, &by.moment.random)?)?;
        if let Some(event) = SealedEvent::of_rerouting((&before, &after), by.staff_id, vault, &by.moment)? {
            events::insert(conn, &event)?;
        }
        if let Some(person) = after.person_id {
            if after.office_id != before.office_id {
                let source = ResourceId::from_uuid(id.uuid());
                families::store::meet_person(conn, person, after.office_id, true, source)?;
            }
            of_person::is_no_fact_any_more(conn, person)?;
        }
        rerouted.extend((!before.protected).then_some(id.uuid()));
    }
    Ok(())
}

/// The protection of the identity of a referral's child: the stronger one of the sender's statement and the register of people.
fn protection_of(conn: &mut DbConn, referral: &Referral) -> Result<ProtectedIdentity> {
    let said = referral.matter.child.protected_identity.unwrap_or_default();
    let person = referral.person_id.unwrap_or_else(PersonId::nobody);
    let registered = of_person::still_known(conn, person)?.map(|((_, registered), _)| registered);
    Ok(said.max(registered.unwrap_or_default()))
}

/// Returns the referral with this identifier, whoever may know of it.
fn find(conn: &mut DbConn, id: ReferralId) -> Result<SealedReferral> {
    Ok(on_backend!(conn, conn => referrals::table.find(id).first(conn))?)
}
