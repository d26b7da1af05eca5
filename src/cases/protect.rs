//! Hiding of everything that was written about a person whose identity is protected: the person's referrals and the outreach
//! contacts that name the person then exist only for staff who are cleared for protected identities, and open referrals go to
//! the central reception.

use uuid::Uuid;

use crate::audit::{self, actions};
use crate::db::DbConn;
use crate::directory::Directory;
use crate::error::Result;
use crate::families;
use crate::families::membership::ActingStaff;
use crate::id::{PersonId, ResourceId};
use crate::outreach;
use crate::people::{Person, belonging};
use crate::referrals::Status;
use crate::referrals::course::events::{self, SealedEvent};
use crate::referrals::person::of_person;
use crate::referrals::siblings::hiding;
use crate::referrals::store::SealedReferral;
use crate::vault::Vault;

/// Returns the referrals about a protected person that must get a next version when the person is changed: all of them if the
/// protection becomes stronger (`is_raised`), otherwise those that are not protected yet.
pub fn affected(conn: &mut DbConn, person: PersonId, is_raised: bool) -> Result<Vec<SealedReferral>> {
    if is_raised { of_person::all(conn, person) } else { of_person::unprotected(conn, person) }
}

/// The hiding of the referrals and contacts about a protected person, ready to be written.
pub struct ProtectPerson {
    person: PersonId,
    /// The next versions of the person's referrals, sealed (encrypted).
    referrals: Vec<SealedReferral>,
    /// The events that are added to the histories of the referrals that go to another office.
    events: Vec<SealedEvent>,
    /// The identifiers of the referrals that were not protected before.
    rerouted: Vec<Uuid>,
}

impl ProtectPerson {
    /// Makes and seals the protected next versions of the referrals `before`, which are those that [`affected`] returned for
    /// the person.
    pub fn new(
        person: &Person,
        before: Vec<SealedReferral>,
        by: &ActingStaff,
        directory: &Directory,
        vault: &Vault,
    ) -> Result<Self> {
        let (mut referrals, mut events, mut rerouted) = (Vec::new(), Vec::new(), Vec::new());
        for referral in before {
            let referral = referral.open(vault)?;
            rerouted.extend((!referral.protected).then_some(referral.id.uuid()));
            let next = referral.clone().protected_as(person.protection(), directory, &by.moment)?;
            events.extend(SealedEvent::of_rerouting((&referral, &next), by.staff_id, vault, &by.moment)?);
            referrals.push(SealedReferral::new(&next, vault, &by.moment.random)?);
        }
        Ok(Self { person: person.id, referrals, events, rerouted })
    }

    /// Writes the next versions of the referrals, and hides the contacts that name the person and the sibling reports copied
    /// with the referrals. Fails as stale if one of the referrals was changed since it was read, or if an unprotected referral
    /// about the person has arrived.
    pub fn write(&self, conn: &mut DbConn, by: &ActingStaff, directory: &Directory, vault: &Vault) -> Result<()> {
        of_person::protect(conn, self.person, &self.referrals)?;
        self.events.iter().try_for_each(|event| events::insert(conn, event))?;
        outreach::store::protect(conn, self.person)?;
        for referral in &self.referrals {
            if referral.status != Status::EnteredInError {
                let source = ResourceId::from_uuid(referral.id.uuid());
                families::store::meet_person(conn, self.person, referral.office_id, true, source)?;
            }
            hiding::hide_copied(conn, referral.id, directory, vault, by)?;
        }
        for family in belonging::families_of_one(conn, self.person)? {
            families::store::members_changed(conn, family)?;
        }
        if self.rerouted.is_empty() {
            return Ok(());
        }
        audit::record(conn, &by.entry(actions::REFERRAL_REROUTED, self.rerouted.clone()))
    }
}
