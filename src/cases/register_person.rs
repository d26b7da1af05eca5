//! The transaction that registers a person. Earlier referrals whose child has the person's identity number are about the
//! registered person from then on.

use std::sync::Arc;

use crate::audit::actions;
use crate::cases::adoption;
use crate::context::Tx;
use crate::db::{DbConn, dialect};
use crate::directory::Directory;
use crate::error::Result;
use crate::families::membership::ActingStaff;
use crate::families::{self, FamilyEventKind};
use crate::id::{FamilyId, OfficeId};
use crate::outreach;
use crate::people::Person;
use crate::people::store::{self, NumberClaim, SealedPerson};
use crate::vault::Vault;

/// A registration of a person, sealed (encrypted) and ready to be written, with the office that has met the person and the
/// member of staff who registers.
pub struct RegisterPerson {
    person: SealedPerson,
    words: Vec<Vec<u8>>,
    office: OfficeId,
    by: ActingStaff,
    directory: Arc<Directory>,
    vault: Vault,
}

/// The result of writing the registration of a person.
pub enum PersonRegistration {
    New(SealedPerson),
    /// The person who was registered before with the same identity number. Nothing is written except the audit record that the
    /// number was named.
    Known(SealedPerson),
}

impl RegisterPerson {
    /// Makes the registration of a person whom `office` has met, and seals the person's data. The person joins the family
    /// `family_id`, if one is given.
    pub fn new(
        person: &Person,
        family_id: Option<FamilyId>,
        office: OfficeId,
        by: ActingStaff,
        directory: Arc<Directory>,
        vault: Vault,
    ) -> Result<Self> {
        let words = store::name_hashes(&vault, &person.written.full_name());
        let sealed = SealedPerson::new(person, &vault, &by.moment.random)?;
        Ok(Self { person: SealedPerson { family_id, ..sealed }, words, office, by, directory, vault })
    }

    /// Stores the person with everything that follows from it, unless the caller may know of a person with the same identity
    /// number: then that person is returned.
    pub fn write(&self, tx: &mut Tx<'_>) -> Result<PersonRegistration> {
        let mut person = self.person.clone();
        if let Some(family) = person.family_id {
            self.by.check_can_be_joined(tx, family, "/familyId")?;
        }
        // Another call may register the same number at this moment, or change a referral that names it.
        if let Some(hash) = &person.number_hash {
            dialect::take_number(tx, hash)?;
        }
        match store::taken(tx, &self.by.sight, person.number_hash.as_deref(), person.id)? {
            NumberClaim::By(known) => {
                let entry = self.by.entry(actions::PERSON_LINKED, vec![known.id.uuid()]);
                tx.record_instead(entry.on_behalf_of(self.office));
                return Ok(PersonRegistration::Known(*known));
            }
            NumberClaim::Free(slot) => person.number_slot = slot,
        }
        self.store(tx, &person)?;
        tx.about([person.id]);
        tx.on_behalf_of(self.office);
        Ok(PersonRegistration::New(person))
    }

    fn store(&self, conn: &mut DbConn, person: &SealedPerson) -> Result<()> {
        store::insert(conn, person, &self.words, self.office)?;
        if let Some(family) = person.family_id {
            let joined = self.by.event(FamilyEventKind::Moved, Some(person.id), None, Some(family));
            families::store::remember(conn, &[joined])?;
            families::store::members_changed(conn, family)?;
            ActingStaff::check_size(conn, family, "/familyId")?;
        }
        adoption::adopt(conn, person, &self.directory, &self.vault, &self.by)?;
        if person.protection.is_protected() {
            outreach::store::protect(conn, person.id)?;
        }
        Ok(())
    }
}
