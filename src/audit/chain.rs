//! The chain of seals over the audit records: the hash of each seal covers its record and the hash of the seal before it.

use diesel::prelude::*;
use std::fmt;
use std::str::FromStr;

use crate::audit::anchor::key::AnchorKey;
use crate::audit::authorship::RecordKey;
use crate::audit::record::AuditRecord;
use crate::code::code;
use crate::db::schema::audit_seals;
use crate::hex;
use crate::id::AuditRecordId;
use crate::vault::VaultKeys;

/// The value that stands for the hash before the first seal.
pub const BEGINNING: [u8; 32] = [0; 32];

/// Computes the keyed hashes of seals, and holds the other keys of the audit. It has no `Debug`, so that no key can be printed.
#[derive(Clone)]
pub struct Sealer {
    key: [u8; 32],
    /// The key of the codes that prove that the program wrote a record.
    pub record_key: RecordKey,
    /// The key of the codes in the audit's anchor.
    pub anchor_key: AnchorKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = audit_seals)]
pub struct Seal {
    /// The number of the seal. The numbers of a sound chain begin at 1 and have no gaps.
    pub seq: i64,
    /// The identifier of the audit record that the seal covers.
    pub record_id: AuditRecordId,
    /// The keyed hash of the seal: 32 bytes, unless somebody tampered with it.
    pub hash: Vec<u8>,
}

pub(super) const LONGEST_SEQ: usize = 15;

/// The last seal of the chain at some time. Somebody who has noted it can check later that the chain up to it is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the seal.
    pub seq: i64,
    /// The keyed hash of the seal.
    pub hash: [u8; 32],
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(&self.hash))
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(seq, hash)| {
            // Only the form that the log prints is accepted: no sign, no leading zero, and no number that JSON cannot carry.
            let told =
                seq.len() <= LONGEST_SEQ && !seq.starts_with('0') && seq.bytes().all(|byte| byte.is_ascii_digit());
            Some(Self { seq: seq.parse().ok().filter(|_| told)?, hash: hex::decode(hash)? })
        });
        parsed.ok_or_else(|| "expected SEQ:HASH, the number and the hash of a seal, as the log tells them".to_owned())
    }
}

impl Seal {
    /// The head of a chain whose last seal is this one. `None` if the hash does not have 32 bytes.
    pub fn head(&self) -> Option<Head> {
        Some(Head { seq: self.seq, hash: self.hash.as_slice().try_into().ok()? })
    }
}

impl Sealer {
    /// Makes a sealer whose key is derived from the vault's oldest data key, so that the chain stays valid when keys are changed.
    pub fn with(ring: &VaultKeys) -> Self {
        Self {
            key: ring.oldest().derive("audit seals"),
            record_key: RecordKey::of(ring),
            anchor_key: AnchorKey::new(ring.oldest().derive("audit anchor")),
        }
    }

    /// Makes a sealer that uses the same key for everything, for tests.
    #[cfg(test)]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, record_key: RecordKey::new(key), anchor_key: AnchorKey::new(key) }
    }

    /// Computes the hash of the seal that has the number `seq`, follows the hash `before` and covers `record`.
    pub fn hash(&self, seq: i64, before: &[u8], record: &AuditRecord) -> [u8; 32] {
        code(&self.key, &[&seq.to_be_bytes(), before, &record.bytes()])
    }

    /// Makes seals for these records, which continue the chain after the seal `last`, or begin it.
    pub fn chain(&self, last: Option<&Seal>, records: &[AuditRecord]) -> Vec<Seal> {
        let (mut seq, mut before) = last.map_or((0, BEGINNING.to_vec()), |last| (last.seq, last.hash.clone()));
        let next = |record: &AuditRecord| {
            // No number follows the last possible one: the database then refuses the seal, and the log says so.
            seq = seq.saturating_add(1);
            before = self.hash(seq, &before, record).to_vec();
            Seal { seq, record_id: record.id, hash: before.clone() }
        };
        records.iter().map(next).collect()
    }
}
