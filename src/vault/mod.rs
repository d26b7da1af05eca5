//! The vault: personal data in the database is unreadable without the vault's keys.
//!
//! - Names, identity numbers, addresses, contact details, narratives, notes and messages are sealed with XChaCha20-Poly1305 under
//!   a random nonce of 24 bytes, so that no two seals are ever alike and no nonce repeats by chance.
//! - A seal is bound to its table, its column and its row: moved to another place it does not open.
//! - Each seal names the key that made it, so that keys can be changed while old seals still open: see [`VaultKeys`] and [`crate::rotation`].
//! - Data that must be found by its content is found by a keyed hash. Somebody who has only the database can neither read it nor
//!   test guessed identity numbers against it. The hashes have a key of their own.
//! - A row is bound by a keyed code over its readable columns and its seals, so that nobody without the key can change a column, put
//!   an older seal back or add a row: see [`crate::binding`]. The code has a key of its own, derived from the oldest data key.
//! - In memory, personal data is a [`Confidential`]: it cannot be printed, and is serialized only where a field says so.

mod confidential;
pub mod ring;
pub mod state;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chacha20poly1305::aead::{Aead, Payload};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use zeroize::Zeroizing;

pub use confidential::{Confidential, ConfidentialLine, ConfidentialProse, disclose};
pub use ring::{VaultKeyId, VaultKeys};

use crate::code::code;
use crate::error::{Error, Result};
use crate::time::Random;

/// The format of a seal: one byte with this version of the format, four bytes with the id of the key, 24 bytes of nonce, and the
/// cipher text with its tag.
const FORMAT: u8 = 1;
const KEY_AT: usize = 1;
const NONCE_AT: usize = 5;
const CIPHER_AT: usize = 29;

/// Seals (encrypts) and opens (decrypts) personal data, and makes keyed hashes. Clones share the keys.
#[derive(Clone)]
pub struct Vault(Arc<VaultState>);

struct VaultState {
    ring: VaultKeys,
    /// The key of the codes that bind rows. It survives a change of the sealing key, since it is derived from the oldest data key.
    row_key: Zeroizing<[u8; 32]>,
    /// The number of times that a row was read whose code is wrong.
    broken_rows: AtomicU64,
}

/// A database column that holds seals. Every seal in it is bound to the names of its table and its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub table: &'static str,
    pub name: &'static str,
}

/// All database columns that hold seals. A change of the sealing key goes through all of them.
pub const COLUMNS: [Column; 16] = [
    REFERRAL_MATTER,
    REFERRAL_ROUTING,
    REFERRAL_COURSE,
    REFERRAL_EVENT,
    REFERRAL_MESSAGE,
    REFERRAL_OWN_WORDS,
    PERSON_FACTS,
    FAMILY_FACTS,
    FAMILY_EVENT_REASON,
    OUTREACH_CONTACT_RECORD,
    CONTACT_VERSION_RECORD,
    OFFER_RECORD,
    FOLLOW_UP_RECORD,
    STAFF_SUBJECT,
    STAFF_NAME,
    KEPT_ANSWER,
];
/// The matter of a referral: what its sender wrote about the child, the family and the concern.
pub const REFERRAL_MATTER: Column = Column { table: "referrals", name: "matter" };
/// The routing of a referral: the steps by which its office was found. They are sealed because they name places.
pub const REFERRAL_ROUTING: Column = Column { table: "referrals", name: "routing" };
/// The course of a referral: its state, and what the office has done about it.
pub const REFERRAL_COURSE: Column = Column { table: "referrals", name: "course" };
/// The details of an event in the history of a referral.
pub const REFERRAL_EVENT: Column = Column { table: "referral_events", name: "told" };
/// The text of a message between an office and the sender of a referral.
pub const REFERRAL_MESSAGE: Column = Column { table: "referral_messages", name: "text" };
/// The words of a member of staff about a referral that they made or corrected within the last day.
pub const REFERRAL_OWN_WORDS: Column = Column { table: "referral_own_words", name: "words" };
/// The facts about a person, such as the name, the identity number and the address.
pub const PERSON_FACTS: Column = Column { table: "people", name: "facts" };
/// The facts about a family: its district and its label.
pub const FAMILY_FACTS: Column = Column { table: "families", name: "facts" };
/// The reason why a person changed families, or why two families were merged.
pub const FAMILY_EVENT_REASON: Column = Column { table: "family_events", name: "reason" };
/// The content of an outreach contact as the worker wrote it: the place, the people and the summary, for instance.
pub const OUTREACH_CONTACT_RECORD: Column = Column { table: "outreach_contacts", name: "record" };
/// The content of an outreach contact as it was before a correction.
pub const CONTACT_VERSION_RECORD: Column = Column { table: "outreach_contact_versions", name: "record" };
/// The note on an offer of a service, and which participant of the contact it was made to.
pub const OFFER_RECORD: Column = Column { table: "offers", name: "record" };
/// The text of a follow-up: its task, and the result once it is done.
pub const FOLLOW_UP_RECORD: Column = Column { table: "follow_ups", name: "record" };
/// The identifier by which the identity provider knows a member of staff.
pub const STAFF_SUBJECT: Column = Column { table: "staff", name: "subject" };
/// The name of a member of staff.
pub const STAFF_NAME: Column = Column { table: "staff", name: "name" };
/// The stored answer to a call with an `Idempotency-Key`, which is given again if the call is repeated.
pub const KEPT_ANSWER: Column = Column { table: "kept_answers", name: "answer" };

/// A seal: encrypted data, as the database stores it in one column of one row.
#[derive(Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct Sealed(Vec<u8>);

/// The keyed hash of data that must be found by its content, such as an identity number. Nobody can compute it without the
/// vault's look-up key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyedHash([u8; 32]);

impl Vault {
    /// Makes a vault that uses the keys in `ring`.
    pub fn new(ring: VaultKeys) -> Self {
        let row_key = Zeroizing::new(ring.oldest().derive("row codes"));
        Self(Arc::new(VaultState { ring, row_key, broken_rows: AtomicU64::new(0) }))
    }

    pub fn ring(&self) -> &VaultKeys {
        &self.0.ring
    }

    /// The keyed code that binds the concatenated `parts` of a row.
    pub fn row_code(&self, parts: &[&[u8]]) -> [u8; 32] {
        code(&self.0.row_key, parts)
    }

    /// Counts a row, or a seal in it, that was read and is not as the program wrote it.
    pub fn count_broken_row(&self) {
        self.0.broken_rows.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of rows that were read since the start and are not as the program wrote them.
    pub fn broken_rows(&self) -> u64 {
        self.0.broken_rows.load(Ordering::Relaxed)
    }

    /// Encrypts `plain` with the current key, for the row `row` of the column `column`. It opens only there.
    pub fn seal(&self, column: Column, row: Uuid, plain: &[u8], random: &Random) -> Result<Sealed> {
        let key = self.0.ring.current();
        let nonce: [u8; CIPHER_AT - NONCE_AT] = random.bytes();
        let head = [&[FORMAT][..], &key.id().to_be_bytes(), &nonce].concat();
        let place = place(column, row, &head);
        let payload = Payload { msg: plain, aad: &place };
        let sealed = key
            .cipher()
            .encrypt(&nonce.into(), payload)
            .map_err(|_| Error::internal("a text is too long to be sealed"))?;
        Ok(Sealed([head, sealed].concat()))
    }

    /// Decrypts a seal that [`Vault::seal`] made for the same row and column. Fails if it was made for another place, was
    /// changed, or names a key that this vault does not have.
    pub fn open(&self, column: Column, row: Uuid, sealed: &Sealed) -> Result<Vec<u8>> {
        let unreadable = || self.broken(column, row, "a seal does not open");
        let (head, cipher_text) = sealed.0.split_at_checked(CIPHER_AT).ok_or_else(unreadable)?;
        let nonce = head.get(NONCE_AT..).ok_or_else(unreadable)?;
        let key = sealed.key().and_then(|id| self.0.ring.key(id)).ok_or_else(unreadable)?;
        let place = place(column, row, head);
        let payload = Payload { msg: cipher_text, aad: &place };
        key.cipher().decrypt(nonce.into(), payload).map_err(|_| unreadable())
    }

    /// Encrypts the JSON form of a value like [`Vault::seal`].
    pub fn seal_json(&self, column: Column, row: Uuid, value: &impl Serialize, random: &Random) -> Result<Sealed> {
        self.seal(column, row, &serde_json::to_vec(value).map_err(Error::internal)?, random)
    }

    /// Decrypts a seal that [`Vault::seal_json`] made for the same row and column, and parses the value. The error never quotes
    /// the data.
    pub fn open_json<T: DeserializeOwned>(&self, column: Column, row: Uuid, sealed: &Sealed) -> Result<T> {
        // serde's error message would quote the personal data.
        serde_json::from_slice(&self.open(column, row, sealed)?)
            .map_err(|_| self.broken(column, row, "a seal holds data of another shape"))
    }

    /// Counts and logs a seal that is not as the program made it, and returns the error for it.
    fn broken(&self, Column { table, name }: Column, row: Uuid, flaw: &'static str) -> Error {
        self.count_broken_row();
        tracing::error!(table, column = name, %row, "{flaw}; the row is not shown");
        Error::internal(format!("{flaw} in {table}.{name}"))
    }

    /// The keyed hash of `value` as data of the kind `what`, made with the look-up key. Equal values of different kinds have
    /// different hashes.
    pub fn keyed_hash(&self, what: &str, value: &[u8]) -> KeyedHash {
        KeyedHash(code(self.0.ring.lookup_key(), &[what.as_bytes(), &[0], value]))
    }
}

/// The bytes to which a seal is bound: the names of its table and column, its row, and the head of the seal. No name contains a
/// zero byte, so different places never have the same bytes.
fn place(column: Column, row: Uuid, head: &[u8]) -> Vec<u8> {
    [column.table.as_bytes(), &[0], column.name.as_bytes(), &[0], row.as_bytes(), head].concat()
}

impl Sealed {
    /// The format, the key and the nonce of the seal. No two seals have the same: who knows the head knows which seal it is, and the
    /// seal itself holds its content.
    pub fn head(&self) -> &[u8] {
        self.0.get(..CIPHER_AT).unwrap_or(&self.0)
    }

    /// The id of the key that made the seal. `None` if these bytes are no seal of this format.
    pub fn key(&self) -> Option<VaultKeyId> {
        let format = self.0.first().filter(|format| **format == FORMAT);
        let id = self.0.get(KEY_AT..NONCE_AT)?.try_into().ok()?;
        format.map(|_| VaultKeyId::from_be_bytes(id))
    }
}

impl<DB: Backend> ToSql<Binary, DB> for Sealed
where
    Vec<u8>: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<Binary, DB> for Sealed
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Vec::from_sql(raw).map(Self)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

impl KeyedHash {
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[keyed hash]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROW: Uuid = Uuid::from_u128(7);

    fn vault() -> Vault {
        Vault::new(VaultKeys::new(&Random::system()))
    }

    fn sealed(vault: &Vault, plain: &[u8]) -> Sealed {
        vault.seal(REFERRAL_MATTER, ROW, plain, &Random::system()).unwrap()
    }

    #[test]
    fn a_seal_opens_in_its_place_alone() {
        let vault = vault();
        let seal = sealed(&vault, b"Alva");
        assert_eq!(vault.open(REFERRAL_MATTER, ROW, &seal).unwrap(), b"Alva");
        assert!(vault.open(REFERRAL_ROUTING, ROW, &seal).is_err());
        assert!(vault.open(REFERRAL_MATTER, Uuid::from_u128(8), &seal).is_err());
        assert!(self::vault().open(REFERRAL_MATTER, ROW, &seal).is_err());
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        let vault = vault();
        assert_ne!(sealed(&vault, b"Alva"), sealed(&vault, b"Alva"));
    }

    #[test]
    fn neither_seals_nor_hashes_are_told_by_debug() {
        let vault = vault();
        assert_eq!(format!("{:?}", sealed(&vault, b"Alva")), "[sealed]");
        assert_eq!(format!("{:?}", vault.keyed_hash("name", b"alva")), "[keyed hash]");
    }

    #[test]
    fn hashes_meet_by_what_and_value() {
        let vault = vault();
        assert_eq!(vault.keyed_hash("name", b"alva"), vault.keyed_hash("name", b"alva"));
        assert_ne!(vault.keyed_hash("name", b"alva"), vault.keyed_hash("number", b"alva"));
        assert_ne!(vault.keyed_hash("name", b"alva"), self::vault().keyed_hash("name", b"alva"));
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_noticed(plain in proptest::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let vault = vault();
            let mut seal = sealed(&vault, &plain);
            prop_assert_eq!(vault.open(REFERRAL_MATTER, ROW, &seal).unwrap(), plain);
            let at = at.index(seal.0.len());
            seal.0[at] ^= 1 << bit;
            prop_assert!(vault.open(REFERRAL_MATTER, ROW, &seal).is_err());
        }

        #[test]
        fn any_bytes_either_open_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(vault().open(REFERRAL_MATTER, ROW, &Sealed(bytes)).is_err());
        }
    }
}
