//! Verification: checks that the audit is what was sealed, and reports each record that is not.
//!
//! It goes in pages through all seals with their records, and then through all records to find those without a seal. So it runs
//! beside other work, however long it takes, and keeps nothing in memory about sound records.
//!
//! A chain alone cannot show that its end was cut off. That takes a head noted earlier, from the log or from an earlier
//! verification.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::chain::{BEGINNING, Head, Seal, Sealer};
use crate::audit::record::AuditRecord;
use crate::audit::seal::settled_before;
use crate::audit::store::{self, SealedRecord};
use crate::db::DbConn;
use crate::error::Result;
use crate::id::AuditRecordId;
use crate::time::Timestamp;

/// The number of seals that one step reads.
const SEALS: i64 = 500;
/// The number of record identifiers that one step reads.
const RECORDS: i64 = 5_000;
/// The largest number of findings that are listed; the rest are only counted.
pub const NAMED: usize = 100;

/// The kind of flaw that a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = AuditFlaw)]
pub enum AuditFlaw {
    /// The record or its seal differs from what was sealed.
    Changed,
    /// The record of a seal is missing, or the seal itself is.
    Removed,
    /// The record has no seal, or a forged one, and is too old to be still waiting for one.
    Inserted,
    /// The record is not listed under every thing that it names.
    Hidden,
    /// The seal before this one is missing, so this one proves nothing.
    Unproven,
    /// The expected head is not in the chain: the end was cut off.
    Cut,
}

/// One flaw that a verification found, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFinding {
    pub flaw: AuditFlaw,
    /// The record with the flaw, if it is known.
    pub record_id: Option<AuditRecordId>,
    /// The number of the seal with the flaw, if there is one.
    pub seq: Option<i64>,
}

/// The result of a verification.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// The number of records that are as they were sealed.
    pub verified: u64,
    /// The number of records that still wait for their seal.
    pub unsealed: u64,
    pub head: Option<Head>,
    /// The first [`NAMED`] flaws.
    pub findings: Vec<AuditFinding>,
    /// The number of all flaws.
    pub found: u64,
}

impl Verification {
    pub fn is_sound(&self) -> bool {
        self.found == 0
    }

    fn find(&mut self, flaw: AuditFlaw, record_id: Option<AuditRecordId>, seq: Option<i64>) {
        self.found += 1;
        if self.findings.len() < NAMED {
            self.findings.push(AuditFinding { flaw, record_id, seq });
        }
    }
}

/// A verification in progress.
pub struct Walk {
    sealer: Sealer,
    expected: Option<Head>,
    now: Timestamp,
    stage: Stage,
    result: Verification,
}

enum Stage {
    Beginning,
    Seals(Chain),
    Records { behind: AuditRecordId, settled: AuditRecordId },
    End,
}

/// The state of a walk along the chain.
struct Chain {
    /// The number of the last seal that was checked.
    seq: i64,
    /// The number of the last seal that existed when the verification began.
    end: i64,
    /// The hashes that the next seal may follow: the stored one and, if that is wrong, the right one. With both, a changed seal
    /// does not make the next one look wrong. Empty after a gap.
    before: Vec<Vec<u8>>,
    settled: AuditRecordId,
}

impl Walk {
    /// A verification of the whole audit. `expected` is a head noted earlier.
    pub fn new(sealer: Sealer, expected: Option<Head>, now: Timestamp) -> Self {
        Self { sealer, expected, now, stage: Stage::Beginning, result: Verification::default() }
    }

    /// Verifies everything without pauses, when nothing else uses the database.
    pub fn to_end(mut self, conn: &mut DbConn) -> Result<Verification> {
        loop {
            match self.step(conn)? {
                Ok(verification) => return Ok(verification),
                Err(walk) => self = walk,
            }
        }
    }

    /// Does one piece of work. Returns the result, or the walk to go on with.
    pub fn step(mut self, conn: &mut DbConn) -> Result<std::result::Result<Verification, Self>> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::End) {
            Stage::Beginning => self.begin(conn)?,
            Stage::Seals(chain) => self.follow(conn, chain)?,
            Stage::Records { behind, settled } => self.look_for_inserted(conn, behind, settled)?,
            Stage::End => return Ok(Ok(self.result)),
        };
        Ok(Err(self))
    }

    fn begin(&mut self, conn: &mut DbConn) -> Result<Stage> {
        let last = store::last_seal(conn)?;
        let nothing = AuditRecordId::from_uuid(uuid::Uuid::nil());
        let settled = store::newest_sealed(conn)?.map_or(nothing, |newest| settled_before(newest, self.now));
        self.result.head = last.as_ref().and_then(Seal::head);
        if let Some(expected) = self.expected
            && store::hash_of(conn, expected.seq)?.as_deref() != Some(&expected.hash[..])
        {
            self.result.find(AuditFlaw::Cut, None, Some(expected.seq));
        }
        let end = last.map_or(0, |last| last.seq);
        Ok(Stage::Seals(Chain { seq: i64::MIN, end, before: vec![BEGINNING.to_vec()], settled }))
    }

    fn follow(&mut self, conn: &mut DbConn, mut chain: Chain) -> Result<Stage> {
        let page = store::seals(conn, chain.seq, chain.end, SEALS)?;
        if page.is_empty() {
            let nothing = AuditRecordId::from_uuid(uuid::Uuid::nil());
            return Ok(Stage::Records { behind: nothing, settled: chain.settled });
        }
        for (seal, sealed) in page {
            let expected = chain.seq.max(0) + 1;
            chain.seq = seal.seq;
            if seal.seq < 1 {
                // No sealer uses these numbers: somebody wanted the record to look sealed.
                self.result.find(AuditFlaw::Inserted, Some(seal.record_id), None);
                continue;
            }
            if expected < seal.seq {
                self.miss(expected, seal.seq);
                chain.before.clear();
            }
            chain.before = self.judge(&seal, &sealed, &chain.before);
            if let SealedRecord::AuditRecord(record) = &sealed
                && !store::is_named_by_all(conn, record)?
            {
                self.result.find(AuditFlaw::Hidden, Some(record.id), Some(seal.seq));
            }
        }
        Ok(Stage::Seals(chain))
    }

    /// Reports the seals from `first` up to but not including `end` as missing.
    fn miss(&mut self, first: i64, end: i64) {
        let before = self.result.found;
        for missing in (first..end).take(NAMED) {
            self.result.find(AuditFlaw::Removed, None, Some(missing));
        }
        self.result.found = before.saturating_add(end.abs_diff(first));
    }

    /// Checks one seal, and returns the hashes that the next one may follow.
    fn judge(&mut self, seal: &Seal, sealed: &SealedRecord, before: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut next = vec![seal.hash.clone()];
        let flaw = match sealed {
            SealedRecord::Gone => AuditFlaw::Removed,
            SealedRecord::Unreadable => AuditFlaw::Changed,
            SealedRecord::AuditRecord(record) => match self.proof(seal, record, before) {
                Proof::Given => {
                    self.result.verified += 1;
                    return next;
                }
                Proof::Impossible => AuditFlaw::Unproven,
                Proof::Refuted(right) => {
                    next.push(right.to_vec());
                    AuditFlaw::Changed
                }
            },
        };
        self.result.find(flaw, Some(seal.record_id), Some(seal.seq));
        next
    }

    fn proof(&self, seal: &Seal, record: &AuditRecord, before: &[Vec<u8>]) -> Proof {
        let mut right = None;
        for before in before {
            let hash = self.sealer.hash(seal.seq, before, record);
            if seal.hash == hash {
                return Proof::Given;
            }
            right.get_or_insert(hash);
        }
        right.map_or(Proof::Impossible, Proof::Refuted)
    }

    fn look_for_inserted(&mut self, conn: &mut DbConn, behind: AuditRecordId, settled: AuditRecordId) -> Result<Stage> {
        let (last, unsealed) = store::next_records(conn, behind, RECORDS)?;
        for id in unsealed {
            if id < settled {
                self.result.find(AuditFlaw::Inserted, Some(id), None);
            } else {
                self.result.unsealed += 1;
            }
        }
        Ok(last.map_or(Stage::End, |behind| Stage::Records { behind, settled }))
    }
}

/// The evidence that a seal gives for its record.
enum Proof {
    Given,
    /// The hash before the seal is unknown.
    Impossible,
    /// The seal's hash is wrong; this is the right one.
    Refuted([u8; 32]),
}
