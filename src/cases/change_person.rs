//! The transaction that changes a person. If the identity number is new, earlier referrals whose child has this number are
//! about the person from then on. If the person's identity is protected, the referrals and contacts about the person are hidden
//! in the same transaction.

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
use crate::vault::Vault;

/// A change of a person, sealed (encrypted) and ready to be written.
///
/// The person is sealed before the transaction, so that a database thread does little cryptography. The referrals that the change
/// brings or hides are sealed in the transaction, step by step, since there may be very many.
pub struct ChangePerson {
    person: SealedPerson,
    words: Vec<Vec<u8>>,
    /// The keyed hashes of the old identity number and the new one, sorted.
    numbers: Vec<Vec<u8>>,
    number_is_new: bool,
    /// The hiding of the referrals and contacts about the person, if the person's identity is protected.
    protected: Option<ProtectPerson>,
    by: ActingStaff,
    directory: Arc<Directory>,
    vault: Vault,
}

/// The result of writing a change of a person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ChangedPerson {
    Written,
    /// The new identity number belongs to another person, of whom the caller may be told. Nothing is written except the audit
    /// record that the number was named.
    NumberTaken,
}

impl ChangePerson {
    /// Makes the change from `before` to `next`, and seals it.
    pub fn new(
        before: &SealedPerson,
        next: &Person,
        by: ActingStaff,
        directory: Arc<Directory>,
        vault: Vault,
    ) -> Result<Self> {
        let protected = ProtectPerson::new(before.protection, next);
        let person = SealedPerson::new(next, &vault, &by.moment.random)?;
        let number_is_new = before.number_hash != person.number_hash;
        let mut numbers: Vec<Vec<u8>> = before.number_hash.iter().chain(&person.number_hash).cloned().collect();
        // Every transaction that locks two numbers locks them in the same order, so that no two wait for each other.
        numbers.sort_unstable();
        let words = store::name_hashes(&vault, &next.written.full_name());
        Ok(Self { person, words, numbers, number_is_new, protected, by, directory, vault })
    }

    /// Stores the change with everything that follows from it. Fails as stale if the person, or one of the person's referrals
    /// that must be hidden, was changed since it was read.
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
