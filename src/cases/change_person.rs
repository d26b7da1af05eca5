//! Changes a person. Referrals that name a new identity number are about the person from now on, and if the identity is protected, what
//! was written about the person is hidden in the same transaction.

use std::sync::Arc;

use crate::audit::actions;
use crate::cases::adoption;
use crate::cases::protect::ProtectPerson;
use crate::context::Tx;
use crate::db::dialect;
use crate::directory::Directory;
use crate::error::Result;
use crate::families::membership::ActingStaff;
use crate::people::Person;
use crate::people::store::{self, NumberClaim, SealedPerson};
use crate::referrals::store::SealedReferral;
use crate::vault::Vault;

/// The next version of a person that is to be stored.
///
/// Everything is sealed before the transaction, so that a database thread does no cryptography. Exceptions are the few referrals that a
/// new number brings, and the reports that were copied with a hidden referral.
pub struct ChangePerson {
    person: SealedPerson,
    words: Vec<Vec<u8>>,
    /// The hashes of the old identity number and the new one.
    numbers: Vec<Vec<u8>>,
    number_is_new: bool,
    /// The hiding, if the identity is protected.
    protected: Option<ProtectPerson>,
    by: ActingStaff,
    directory: Arc<Directory>,
    vault: Vault,
}

/// The result of changing a person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ChangedPerson {
    Written,
    /// The new identity number belongs to another person. Nothing is written except that the number was named.
    NumberTaken,
}

impl ChangePerson {
    /// Seals the next version of a person. `affected` are the referrals that must be hidden if the identity is protected.
    pub fn new(
        before: &SealedPerson,
        next: &Person,
        affected: Vec<SealedReferral>,
        by: ActingStaff,
        directory: Arc<Directory>,
        vault: Vault,
    ) -> Result<Self> {
        let protected = match next.protection().is_protected() {
            true => Some(ProtectPerson::new(next, affected, &by, &directory, &vault)?),
            false => None,
        };
        let person = SealedPerson::new(next, &vault, &by.moment.random)?;
        let number_is_new = before.number_hash != person.number_hash;
        let mut numbers: Vec<Vec<u8>> = before.number_hash.iter().chain(&person.number_hash).cloned().collect();
        // Every transaction that takes two numbers takes them in the same order, so that no two wait for each other.
        numbers.sort_unstable();
        let words = store::name_hashes(&vault, &next.written.full_name());
        Ok(Self { person, words, numbers, number_is_new, protected, by, directory, vault })
    }

    /// Stores the change. Fails as stale if the person or one of the person's referrals was changed meanwhile.
    pub fn write(&self, tx: &mut Tx<'_>) -> Result<ChangedPerson> {
        let mut person = self.person.clone();
        for number in &self.numbers {
            dialect::take_number(tx, number)?;
        }
        if self.number_is_new {
            match store::taken(tx, &self.by.sight, person.number_hash.as_deref(), person.id)? {
                NumberClaim::By(known) => {
                    tx.record_instead(self.by.entry(actions::PERSON_LINKED, vec![known.id.uuid()]));
                    return Ok(ChangedPerson::NumberTaken);
                }
                NumberClaim::Free(slot) => person.number_slot = slot,
            }
        }
        store::update(tx, &person, &self.words)?;
        if self.number_is_new {
            adoption::adopt(tx, &person, &self.directory, &self.vault, &self.by)?;
        }
        if let Some(protected) = &self.protected {
            protected.write(tx, &self.by, &self.directory, &self.vault)?;
        }
        Ok(ChangedPerson::Written)
    }
}
