//! Hiding of everything that was written about a person whose identity is protected: the person's referrals and the outreach
//! contacts that name the person then exist only for staff who are cleared for protected identities, and open referrals go to
//! the central reception.
//!
//! There may be tens of thousands of referrals about one person. They are read, sealed again and written in steps of
//! [`of_person::AT_ONCE`], all in the transaction that protects the person: either all of them are hidden or none is, and only the
//! referrals of one step are in memory at a time.

use uuid::Uuid;

use crate::audit::{self, actions};
use crate::db::{DbConn, stale};
use crate::directory::Directory;
use crate::error::Result;
use crate::families;
use crate::families::membership::ActingStaff;
use crate::id::{PersonId, ReferralId, ResourceId};
use crate::outreach;
use crate::people::{Person, ProtectedIdentity, belonging};
use crate::referrals::Status;
use crate::referrals::course::events::{self, SealedEvent};
use crate::referrals::person::of_person;
use crate::referrals::siblings::hiding;
use crate::referrals::store::{self, SealedReferral};
use crate::vault::Vault;

/// The hiding of the referrals and contacts about a person whose identity is protected.
pub struct ProtectPerson {
    person: PersonId,
    protection: ProtectedIdentity,
    /// Whether the protection becomes stronger. Then all referrals about the person get a next version, since they may hold facts
    /// that must no longer be stored; otherwise only those that are not protected yet.
    is_raised: bool,
}

impl ProtectPerson {
    /// Makes the hiding of everything about the person `next`, whose protection was `before`. Returns `None` if the person's
    /// identity is not protected.
    pub fn new(before: ProtectedIdentity, next: &Person) -> Option<Self> {
        let protection = next.protection();
        let hiding = Self { person: next.id, protection, is_raised: protection > before };
        protection.is_protected().then_some(hiding)
    }

    /// Writes the protected next versions of the person's referrals, and hides the contacts that name the person and the sibling
    /// reports copied with the referrals. The caller must have locked the person's row. Fails as stale if one of the referrals is
    /// changed at the same moment, or if an unprotected referral about the person has arrived.
    pub fn write(&self, conn: &mut DbConn, by: &ActingStaff, directory: &Directory, vault: &Vault) -> Result<()> {
        let ids = match self.is_raised {
            true => of_person::all(conn, self.person)?,
            false => of_person::unprotected(conn, self.person)?,
        };
        let mut copied = Vec::new();
        for step in ids.chunks(of_person::AT_ONCE) {
            let rerouted = self.write_step(conn, step, &mut copied, (by, directory, vault))?;
            if !rerouted.is_empty() {
                audit::record(conn, &by.entry(actions::REFERRAL_REROUTED, rerouted))?;
            }
        }
        if !of_person::unprotected(conn, self.person)?.is_empty() {
            return Err(stale());
        }
        outreach::store::protect(conn, self.person)?;
        hiding::hide_copied(conn, &copied, directory, vault, by)?;
        let families = belonging::families_of_one(conn, self.person)?;
        families.into_iter().try_for_each(|family| families::store::members_changed(conn, family))
    }

    /// Writes the protected next versions of some of the referrals, with the events of those that go to another office. Returns
    /// the identifiers of those that were not protected before. Adds to `copied` those that were copied for siblings, or are such
    /// copies.
    fn write_step(
        &self,
        conn: &mut DbConn,
        ids: &[ReferralId],
        copied: &mut Vec<ReferralId>,
        (by, directory, vault): (&ActingStaff, &Directory, &Vault),
    ) -> Result<Vec<Uuid>> {
        let (mut rerouted, moment) = (Vec::new(), &by.moment);
        for referral in of_person::named(conn, ids)? {
            let referral = referral.open(vault)?;
            rerouted.extend((!referral.protected).then_some(referral.id.uuid()));
            let next = referral.clone().protected_as(self.protection, directory, moment)?;
            store::update(conn, &SealedReferral::new(&next, vault, &moment.random)?)?;
            if let Some(event) = SealedEvent::of_rerouting((&referral, &next), by.staff_id, vault, moment)? {
                events::insert(conn, &event)?;
            }
            if next.status() != Status::EnteredInError {
                let source = ResourceId::from_uuid(next.id.uuid());
                families::store::meet_person(conn, self.person, next.office_id, true, source)?;
            }
            copied.extend((!next.course.copied().is_empty()).then_some(next.id));
        }
        Ok(rerouted)
    }
}
