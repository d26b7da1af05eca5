//! The verification of the audit: it checks that the records are as they were sealed, and reports each one that is not.
//!
//! It goes page by page through all seals with their records, then through all records to find those without a seal, and then through
//! the bound rows of the database (see [`crate::binding`]). So it
//! can run beside other work, however long it takes, and keeps nothing in memory about sound records.
//!
//! The database alone does not show whether the end of the chain was cut off, or whether all of it is an older copy. That takes
//! knowledge from outside of it, the [`AuditEvidence`]: the anchor, the memory of a running server, or the head of the chain from
//! the log or from an earlier verification.

use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::chain::{BEGINNING, Head, Seal, Sealer};
use crate::audit::margin::{SWEEP_SECONDS, settled_before};
use crate::audit::record::AuditRecord;
use crate::audit::rows::{FlawedRow, NamedRows, RowsWalk};
use crate::audit::store::{self, SealedRecord};
use crate::binding::Binder;
use crate::db::DbConn;
use crate::error::Result;
use crate::id::AuditRecordId;
use crate::time::Timestamp;

/// The number of seals that one step of a verification reads.
const SEALS: i64 = 500;
/// The number of record identifiers that one step of a verification reads.
const RECORDS: i64 = 5_000;
/// The largest number of flaws that a verification lists. Further flaws are only counted.
pub const NAMED: usize = 100;

/// The kind of flaw that a verification of the audit found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = AuditFlaw)]
pub enum AuditFlaw {
    /// The record or its seal differs from what was sealed, or the record cannot be read.
    Changed,
    /// The record that a seal covers is missing, or a seal is missing in the chain.
    Removed,
    /// The program did not write the record, or the record is older than the proofs of that and has no seal, or its seal has a
    /// number that no genuine seal has.
    Inserted,
    /// The record has no seal although it is too old to be waiting for one. The program did write it, so its seal was removed.
    Unsealed,
    /// The record is about several things and is not listed under each of them, so that a search for one of these does not find
    /// it.
    Hidden,
    /// The seal cannot be checked, because the seal before it is missing. So it does not prove that its record is genuine.
    Unproven,
    /// A head of the chain that was noted is not in it: seals at the end were removed or replaced, or the database is an older
    /// copy.
    Cut,
    /// The row is not as the program wrote it: a column was changed, an older seal was put back, or the row was added by hand.
    RowChanged,
    /// The row is an older one that was put back: a sealed record says that it had got further.
    RowOutdated,
    /// The row is missing, although a sealed record says that it was written.
    RowRemoved,
    /// A server found while it ran that somebody had written into the audit, and no operator has accepted that.
    Broken,
    /// The database is not the one that the anchor belongs to.
    Replaced,
    /// The server's anchor is missing, although the audit records that one was made.
    AnchorMissing,
    /// The anchor was changed by somebody else than the program, or with other keys.
    AnchorChanged,
}

/// The knowledge from outside the database against which a verification compares it.
#[derive(Debug, Clone, Default)]
pub struct AuditEvidence {
    /// The heads that were noted, all of which must be in the chain.
    pub heads: Vec<Head>,
    /// The flaws that are known already, each with the number of the seal that it concerns.
    pub flaws: Vec<(AuditFlaw, Option<i64>)>,
    /// Whether each record without a seal must have a code that proves that the program wrote it. It is not so before the first
    /// start of a version of the program that writes codes.
    pub codes_required: bool,
    /// A time at which no record was waiting for its seal, but for those that were committed late.
    pub caught_up_at: Option<Timestamp>,
}

/// One flaw that a verification found, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFinding {
    pub flaw: AuditFlaw,
    /// The identifier of the record with the flaw. `None` if it is not known which record that is.
    pub record_id: Option<AuditRecordId>,
    /// The number of the seal with the flaw. `None` if no seal is concerned.
    pub seq: Option<i64>,
    /// The row with the flaw. `None` if the flaw is one of the audit itself.
    pub row: Option<FlawedRow>,
}

/// The result of a verification of the audit.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// The number of sealed records that are as they were sealed.
    pub verified: u64,
    /// The number of recent records that have no seal yet.
    pub unsealed: u64,
    pub head: Option<Head>,
    /// The first [`NAMED`] flaws that were found.
    pub findings: Vec<AuditFinding>,
    /// The number of all flaws that were found, including those that are not listed.
    pub found: u64,
}

impl Verification {
    pub fn is_sound(&self) -> bool {
        self.found == 0
    }

    fn find(&mut self, flaw: AuditFlaw, record_id: Option<AuditRecordId>, seq: Option<i64>) {
        self.found += 1;
        if self.findings.len() < NAMED {
            self.findings.push(AuditFinding { flaw, record_id, seq, row: None });
        }
    }

    fn find_rows(&mut self, flaw: AuditFlaw, rows: Vec<FlawedRow>) {
        self.found += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let room = NAMED.saturating_sub(self.findings.len());
        let finding = |row| AuditFinding { flaw, record_id: None, seq: None, row: Some(row) };
        self.findings.extend(rows.into_iter().take(room).map(finding));
    }
}

/// A verification of the audit in progress, which goes on step by step.
pub struct Walk {
    sealer: Sealer,
    evidence: AuditEvidence,
    now: Timestamp,
    stage: Stage,
    result: Verification,
    binder: Option<Binder>,
    named: NamedRows,
}

enum Stage {
    Beginning,
    Seals(Chain),
    Records { behind: AuditRecordId, settled: AuditRecordId },
    Rows(RowsWalk),
    End,
}

/// The place that a verification has reached in the chain of seals.
struct Chain {
    /// The number of the seal that was checked last.
    seq: i64,
    /// The number of the last seal that existed when the verification began. Later seals are not checked.
    end: i64,
    /// The hashes that the next seal may be based on: the stored hash of the seal before it and, if that is wrong, also the right
    /// one. With both, a changed seal does not make the next one look wrong. Empty if seals before it are missing.
    before: Vec<Vec<u8>>,
    settled: AuditRecordId,
}

impl Walk {
    /// Begins a verification of the whole audit, which also compares it with `evidence`.
    pub fn new(sealer: Sealer, evidence: AuditEvidence, now: Timestamp) -> Self {
        let (stage, result, named) = (Stage::Beginning, Verification::default(), NamedRows::default());
        Self { sealer, evidence, now, stage, result, binder: None, named }
    }

    /// Lets the verification also go through the bound rows of the database, with the key of `binder`.
    pub fn with_rows(self, binder: Binder) -> Self {
        Self { binder: Some(binder), ..self }
    }

    /// Runs the whole verification without pauses. It is meant for a database that nothing else uses.
    pub fn to_end(mut self, conn: &mut DbConn) -> Result<Verification> {
        loop {
            match self.step(conn)? {
                Ok(verification) => return Ok(verification),
                Err(walk) => self = walk,
            }
        }
    }

    /// Takes one step: reads and checks one page. Returns the result of the verification once it is complete, and before that the
    /// verification to go on with.
    pub fn step(mut self, conn: &mut DbConn) -> Result<std::result::Result<Verification, Self>> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::End) {
            Stage::Beginning => self.begin(conn)?,
            Stage::Seals(chain) => self.follow(conn, chain)?,
            Stage::Records { behind, settled } => self.look_for_inserted(conn, behind, settled)?,
            Stage::Rows(walk) => self.check_rows(conn, walk)?,
            Stage::End => return Ok(Ok(self.result)),
        };
        Ok(Err(self))
    }

    fn begin(&mut self, conn: &mut DbConn) -> Result<Stage> {
        let last = store::last_seal(conn)?;
        // A record that was committed late may have been waiting for the next sweep all the same.
        let late = TimeDelta::seconds(SWEEP_SECONDS);
        let caught_up_at = self.evidence.caught_up_at.map(|at| Timestamp::from(at.utc() - late));
        let sealed = store::newest_sealed(conn)?.map(AuditRecordId::made_at).max(caught_up_at);
        let nothing = AuditRecordId::from_uuid(uuid::Uuid::nil());
        let settled = sealed.map_or(nothing, |sealed| settled_before(sealed, self.now));
        self.result.head = last.as_ref().and_then(Seal::head);
        for (flaw, seq) in std::mem::take(&mut self.evidence.flaws) {
            self.result.find(flaw, None, seq);
        }
        if let Some(seq) = store::first_missing(conn, &self.evidence.heads)? {
            self.result.find(AuditFlaw::Cut, None, Some(seq));
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
            let verified = self.result.verified;
            chain.before = self.judge(&seal, &sealed, &chain.before);
            if let SealedRecord::AuditRecord(record) = &sealed
                && self.result.verified > verified
                && !self.named.gather(record)
            {
                self.result.find(AuditFlaw::Changed, Some(record.id), Some(seal.seq));
            }
            if let SealedRecord::AuditRecord(record) = &sealed
                && !store::is_named_by_all(conn, record)?
            {
                self.result.find(AuditFlaw::Hidden, Some(record.id), Some(seal.seq));
            }
        }
        let Some(binder) = &self.binder else { return Ok(Stage::Seals(chain)) };
        let flaws = self.named.compare(conn, binder)?;
        self.result.find_rows(AuditFlaw::RowOutdated, flaws.outdated);
        self.result.find_rows(AuditFlaw::RowRemoved, flaws.removed);
        Ok(Stage::Seals(chain))
    }

    fn check_rows(&mut self, conn: &mut DbConn, mut walk: RowsWalk) -> Result<Stage> {
        let Some(binder) = &self.binder else { return Ok(Stage::End) };
        let Some(broken) = walk.step(conn, binder)? else { return Ok(Stage::End) };
        self.result.find_rows(AuditFlaw::RowChanged, broken);
        Ok(Stage::Rows(walk))
    }

    /// Reports the seals with numbers from `first` up to but not including `end` as missing: lists the first [`NAMED`], and
    /// counts all.
    fn miss(&mut self, first: i64, end: i64) {
        let before = self.result.found;
        for missing in (first..end).take(NAMED) {
            self.result.find(AuditFlaw::Removed, None, Some(missing));
        }
        self.result.found = before.saturating_add(end.abs_diff(first));
    }

    /// Checks one seal against its record and against the hashes `before`, one of which it must be based on. Returns the hashes
    /// that the next seal may be based on.
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
            let is_authentic = match store::record_of(conn, id)? {
                SealedRecord::AuditRecord(record) => record.is_authentic(&self.sealer.record_key),
                SealedRecord::Unreadable => false,
                SealedRecord::Gone => continue,
            };
            match is_authentic {
                true if id < settled => self.result.find(AuditFlaw::Unsealed, Some(id), None),
                false if id < settled || self.evidence.codes_required => {
                    self.result.find(AuditFlaw::Inserted, Some(id), None);
                }
                _ => self.result.unsealed += 1,
            }
        }
        Ok(last.map_or(Stage::Rows(RowsWalk::default()), |behind| Stage::Records { behind, settled }))
    }
}

/// The result of comparing a seal's hash with what the hash should be.
enum Proof {
    Given,
    /// The hash cannot be computed, because the seal before this one is missing.
    Impossible,
    /// The seal's hash is wrong; the right one is given here.
    Refuted([u8; 32]),
}
