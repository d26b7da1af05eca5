//! Verification: whether the audit is what was sealed, and if not, what is wrong with which record.
//!
//! It goes through all seals with their records, and then through all records for such as have no seal, in pages: so it runs beside
//! the work of others, for as long as it takes, and needs no memory for what is sound.
//!
//! A chain cannot tell by itself that its end was cut off. Whoever notes its head from time to time, from the log or from an earlier
//! verification, can tell.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::chain::{BEGINNING, Head, Seal, Sealer};
use crate::audit::record::Record;
use crate::audit::seal::settled_before;
use crate::audit::store::{self, Sealed};
use crate::db::DbConn;
use crate::error::Result;
use crate::id::AuditRecordId;
use crate::time::Timestamp;

/// How many seals are looked at in one piece of work.
const SEALS: i64 = 500;
/// How many identifiers are.
const RECORDS: i64 = 5_000;
/// How many findings are named; the rest are counted.
pub const NAMED: usize = 100;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = AuditFlaw)]
pub enum Flaw {
    /// The record, or its seal, is not what was sealed.
    Changed,
    /// The seal is there and its record is not, or the seal itself is missing.
    Removed,
    /// The record has no seal, or a made-up one, and is too old to be still waiting for one.
    Inserted,
    /// The record is not found by each thing that it names.
    Hidden,
    /// The seal before is missing, so this one proves nothing.
    Unproven,
    /// The head that was expected is not there: the end was cut off.
    Cut,
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub flaw: Flaw,
    /// With which record, where that is known.
    pub record_id: Option<AuditRecordId>,
    /// With which seal, where there is one.
    pub seq: Option<i64>,
}

/// What verification came to.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// How many records are what was sealed.
    pub verified: u64,
    /// How many records still wait for their seal.
    pub unsealed: u64,
    /// The end of the chain.
    pub head: Option<Head>,
    /// What is wrong, the first [`NAMED`] of it.
    pub findings: Vec<Finding>,
    /// How much is wrong.
    pub found: u64,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.found == 0
    }

    fn find(&mut self, flaw: Flaw, record_id: Option<AuditRecordId>, seq: Option<i64>) {
        self.found += 1;
        if self.findings.len() < NAMED {
            self.findings.push(Finding { flaw, record_id, seq });
        }
    }
}

/// A verification under way.
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

/// How far the chain was followed.
struct Chain {
    /// The last seal that was looked at.
    seq: i64,
    /// The last seal that there was when verification began.
    end: i64,
    /// The hashes that may stand before the next seal: the stored one and, where that is wrong, the right one. With both, a changed
    /// seal does not accuse the one behind it. None after a gap.
    before: Vec<Vec<u8>>,
    settled: AuditRecordId,
}

impl Walk {
    /// A verification of everything, which may know a head from earlier.
    pub fn new(sealer: Sealer, expected: Option<Head>, now: Timestamp) -> Self {
        Self { sealer, expected, now, stage: Stage::Beginning, result: Verification::default() }
    }

    /// All at once, for those who have the database to themselves.
    pub fn to_end(mut self, conn: &mut DbConn) -> Result<Verification> {
        loop {
            match self.step(conn)? {
                Ok(verification) => return Ok(verification),
                Err(walk) => self = walk,
            }
        }
    }

    /// One piece of work: gives the result, or where to go on.
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
            self.result.find(Flaw::Cut, None, Some(expected.seq));
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
                // No sealer counts from there: somebody wanted the record to look sealed.
                self.result.find(Flaw::Inserted, Some(seal.record_id), None);
                continue;
            }
            if expected < seal.seq {
                self.miss(expected, seal.seq);
                chain.before.clear();
            }
            chain.before = self.judge(&seal, &sealed, &chain.before);
            if let Sealed::Record(record) = &sealed
                && !store::is_named_by_all(conn, record)?
            {
                self.result.find(Flaw::Hidden, Some(record.id), Some(seal.seq));
            }
        }
        Ok(Stage::Seals(chain))
    }

    /// The seals from `first` to before `end` are not there.
    fn miss(&mut self, first: i64, end: i64) {
        let before = self.result.found;
        for missing in (first..end).take(NAMED) {
            self.result.find(Flaw::Removed, None, Some(missing));
        }
        self.result.found = before.saturating_add(end.abs_diff(first));
    }

    /// Gives the hashes that may stand before the next seal.
    fn judge(&mut self, seal: &Seal, sealed: &Sealed, before: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut next = vec![seal.hash.clone()];
        let flaw = match sealed {
            Sealed::Gone => Flaw::Removed,
            Sealed::Unreadable => Flaw::Changed,
            Sealed::Record(record) => match self.proof(seal, record, before) {
                Proof::Given => {
                    self.result.verified += 1;
                    return next;
                }
                Proof::Impossible => Flaw::Unproven,
                Proof::Refuted(right) => {
                    next.push(right.to_vec());
                    Flaw::Changed
                }
            },
        };
        self.result.find(flaw, Some(seal.record_id), Some(seal.seq));
        next
    }

    fn proof(&self, seal: &Seal, record: &Record, before: &[Vec<u8>]) -> Proof {
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
                self.result.find(Flaw::Inserted, Some(id), None);
            } else {
                self.result.unsealed += 1;
            }
        }
        Ok(last.map_or(Stage::End, |behind| Stage::Records { behind, settled }))
    }
}

/// What a seal says of its record.
enum Proof {
    Given,
    /// Nothing is known to stand before it.
    Impossible,
    /// This would be the right hash.
    Refuted([u8; 32]),
}
