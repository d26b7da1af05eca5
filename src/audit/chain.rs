//! The chain of seals: each seal is made of its record and of the seal before it.

use diesel::prelude::*;
use std::fmt;
use std::str::FromStr;

use crate::audit::record::Record;
use crate::code::code;
use crate::db::schema::audit_seals;
use crate::hex;
use crate::id::AuditRecordId;
use crate::vault::Ring;

/// What stands before the first seal.
pub const BEGINNING: [u8; 32] = [0; 32];

/// Makes the hashes. It has no `Debug`: the key is not told.
#[derive(Clone)]
pub struct Sealer {
    key: [u8; 32],
}

/// A seal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = audit_seals)]
pub struct Seal {
    /// Its number, from 1 on without gaps.
    pub seq: i64,
    /// The record that it seals.
    pub record_id: AuditRecordId,
    /// The hash: 32 bytes, unless somebody meddled.
    pub hash: Vec<u8>,
}

pub(super) const LONGEST_SEQ: usize = 15;

/// The end of the chain. Whoever has noted one can tell later whether what lay before it is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last seal.
    pub seq: i64,
    /// Its hash.
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
            // As the log tells it: no sign and no zero in front, and no number that JSON would not carry.
            let told =
                seq.len() <= LONGEST_SEQ && !seq.starts_with('0') && seq.bytes().all(|byte| byte.is_ascii_digit());
            Some(Self { seq: seq.parse().ok().filter(|_| told)?, hash: hex::decode(hash)? })
        });
        parsed.ok_or_else(|| "expected SEQ:HASH, the number and the hash of a seal, as the log tells them".to_owned())
    }
}

impl Seal {
    /// The seal as the end of the chain, if its hash is one.
    pub fn head(&self) -> Option<Head> {
        Some(Head { seq: self.seq, hash: self.hash.as_slice().try_into().ok()? })
    }
}

impl Sealer {
    /// A sealer with a key of its own, derived from the vault's oldest: changing keys leaves the chain as it is.
    pub fn with(ring: &Ring) -> Self {
        Self::new(ring.oldest().derive("audit seals"))
    }

    /// Makes them with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The hash of a record's seal, which has this number and stands behind the hash `before`.
    pub fn hash(&self, seq: i64, before: &[u8], record: &Record) -> [u8; 32] {
        code(&self.key, &[&seq.to_be_bytes(), before, &record.bytes()])
    }

    /// The seals of these records, behind the last one.
    pub fn chain(&self, last: Option<&Seal>, records: &[Record]) -> Vec<Seal> {
        let (mut seq, mut before) = last.map_or((0, BEGINNING.to_vec()), |last| (last.seq, last.hash.clone()));
        let next = |record: &Record| {
            // Behind the last number there is none: the database refuses it, and the log says so.
            seq = seq.saturating_add(1);
            before = self.hash(seq, &before, record).to_vec();
            Seal { seq, record_id: record.id, hash: before.clone() }
        };
        records.iter().map(next).collect()
    }
}
