//! The sealing of audit records: it adds to a chain of keyed hashes over the records, in a table of its own.
//!
//! - A seal's hash covers the seal's number, the hash before it and its record. So a record or a seal that is changed, removed or
//!   inserted breaks the chain. Only somebody with the key can repair the chain, and the key is not in the database.
//! - Writers do not wait for seals: a record is sealed soon after it was committed, in small batches. The tables are read and the
//!   hashes made on a reading thread; the writer only adds the seals.
//! - Several servers may seal at once. A server drops its seals if another one has added seals since it read the end of the
//!   chain.
//! - If the clock was set back, new records sort before older ones. The sealing task then also looks among the records that it
//!   has passed, until the clock has caught up.
//! - A record may be committed later than records with later times. So the sealing task looks again at recent records that it has
//!   passed, for [`MARGIN_SECONDS`]. A record that turns up later than that is not sealed.
//! - A record whose code does not prove that the program wrote it is not sealed either, but reported as a break.
//! - The task remembers the end of the chain. If the database has another one, it reports a break and goes on with the numbers and
//!   the hash that it remembers, so that what was removed stays a gap.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::audit::actions;
use crate::audit::actor::Actor;
use crate::audit::breaks::AuditBreak;
use crate::audit::chain::{Head, Seal, Sealer};
use crate::audit::entry::{Entry, record};
use crate::audit::margin::{MARGIN_SECONDS, SWEEP_SECONDS, settled_before};
use crate::audit::record::AuditRecord;
use crate::audit::store::{self, SealedRecord};
use crate::db::{Db, DbConn};
use crate::error::{Error, Result};
use crate::id::AuditRecordId;
use crate::moment::Moment;
use crate::time::{Random, Timestamp};

/// The largest number of records that one step seals. On SQLite, other writers wait while the seals are added.
pub const BATCH: i64 = 200;
/// The largest number of unproven records that one record of a break names.
const NAMED: usize = 100;
/// The number of reported records after which the task reports no more of them. A verification finds all.
const REMEMBERED: usize = 10_000;

/// The state of one server's task that seals audit records.
pub struct Sealing {
    sealer: Sealer,
    random: Random,
    swept_at: Option<Timestamp>,
    known: KnownChain,
    /// The unproven records that were reported.
    reported: Arc<HashSet<AuditRecordId>>,
}

/// The chain as a sealing task knows it.
#[derive(Debug, Clone, Default)]
struct KnownChain {
    /// The last seal that the task has seen in the database.
    last: Option<Seal>,
    /// The seal after which the task goes on: the last one, or an earlier end of the chain that was removed.
    base: Option<Seal>,
    /// The newest record that the task has seen sealed.
    newest: Option<AuditRecordId>,
}

impl KnownChain {
    fn of(last: Option<Seal>) -> Self {
        Self { base: last.clone(), last, newest: None }
    }

    /// Takes `last` as the last seal that is in the database now. The task goes on after it, unless it knows a later one.
    fn sees(&mut self, last: Option<Seal>) {
        if last.as_ref().map(|seal| seal.seq) > self.base.as_ref().map(|seal| seal.seq) {
            self.base.clone_from(&last);
        }
        self.last = last;
    }
}

/// The result of one step of the task that seals audit records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealingStep {
    /// This step sealed records; `head` is the new end of the chain.
    Sealed {
        head: Head,
        /// Whether the batch was full, so that more records probably wait for their seals.
        more: bool,
    },
    Nothing,
    /// This step added no seals, because another server had added some first.
    Overtaken,
    /// This step found and recorded that somebody has written into the audit. The next one seals on.
    Broken(AuditBreak),
}

impl SealingStep {
    /// The pause before the next step. If the batch was full, it is nine times `took`, the time that this step took, so that
    /// other work gets its share of the database. Otherwise it is half a second, or five seconds if another server was first.
    pub fn pause(self, took: Duration) -> Duration {
        match self {
            Self::Sealed { more: true, .. } => took * 9,
            Self::Sealed { .. } | Self::Nothing | Self::Broken(_) => Duration::from_millis(500),
            Self::Overtaken => Duration::from_secs(5),
        }
    }
}

/// The records without a seal that one step has read.
struct SealingBatch {
    /// The last seal of the chain.
    last: Option<Seal>,
    /// The newest sealed record.
    newest: Option<AuditRecordId>,
    /// The break that shows at the end of the chain. Then no records were read.
    broken: Option<AuditBreak>,
    /// The records that the program wrote.
    records: Vec<AuditRecord>,
    /// The records that the program did not write, and that no record of a break names.
    unproven: Vec<AuditRecordId>,
    /// Whether records that may have been committed late are among those that were looked for.
    swept: bool,
}

impl Sealing {
    /// Makes the state of a task that has not yet looked at any record. `last` is the end of the chain, if it is known already.
    pub fn new(sealer: Sealer, random: Random, last: Option<Seal>) -> Self {
        Self { sealer, random, swept_at: None, known: KnownChain::of(last), reported: Arc::default() }
    }

    /// The end of the chain as this task knows it.
    pub fn head(&self) -> Option<Head> {
        self.known.base.as_ref().and_then(Seal::head)
    }

    pub async fn step(&mut self, db: &Db, now: Timestamp) -> Result<SealingStep> {
        let search =
            UnsealedSearch { known: self.known.clone(), swept_at: self.swept_at, now, sealer: self.sealer.clone() };
        let reported = Arc::clone(&self.reported);
        let found = db.read(move |conn| search.run(conn, &reported)).await?;
        if let Some(broken) = found.broken {
            let about = self.known.last.as_ref().map(|seal| seal.record_id.uuid());
            self.report(db, broken, about.into_iter().collect(), found.last, now).await?;
            return Ok(SealingStep::Broken(broken));
        }
        if !found.unproven.is_empty() {
            let about = found.unproven.iter().map(|id| id.uuid()).collect();
            self.report(db, AuditBreak::RecordUnproven, about, found.last, now).await?;
            Arc::make_mut(&mut self.reported).extend(found.unproven);
            return Ok(SealingStep::Broken(AuditBreak::RecordUnproven));
        }
        self.known.sees(found.last.clone());
        let more = i64::try_from(found.records.len()).is_ok_and(|count| count >= BATCH);
        let newest = found.records.last().map(|record| record.id).max(found.newest);
        let seals = self.sealer.chain(self.known.base.as_ref(), &found.records);
        let end = seals.last().cloned();
        let head = end.as_ref().and_then(Seal::head);
        if head.is_some() {
            let last = found.last;
            if !db.write(move |conn| store::append(conn, last.as_ref(), &seals)).await? {
                return Ok(SealingStep::Overtaken);
            }
            self.known.sees(end);
        }
        self.known.newest = newest;
        if found.swept && !more {
            self.swept_at = Some(now);
        }
        Ok(head.map_or(SealingStep::Nothing, |head| SealingStep::Sealed { head, more }))
    }

    /// Records a break that something else than a step has found.
    pub async fn report_break(&mut self, db: &Db, broken: AuditBreak, now: Timestamp) -> Result<()> {
        let last = db.read(store::last_seal).await?;
        self.report(db, broken, Vec::new(), last, now).await
    }

    /// Records a break, and seals that record at once, before all others that wait for a seal. `last` is the last seal in the
    /// database.
    async fn report(
        &mut self,
        db: &Db,
        broken: AuditBreak,
        about: Vec<Uuid>,
        last: Option<Seal>,
        now: Timestamp,
    ) -> Result<()> {
        let moment = Moment { now, random: self.random.clone() };
        let key = &self.sealer.record_key;
        let entry = Entry::new(key, &moment, Actor::System, actions::AUDIT_BREAK, about, String::new());
        let entry = entry.with_code(broken.into());
        let mut known = self.known.clone();
        known.sees(last);
        let (sealer, before) = (self.sealer.clone(), known.clone());
        let write =
            move |conn: &mut DbConn| record_sealed(conn, &sealer, (before.last.as_ref(), before.base.as_ref()), &entry);
        if let Some(seal) = db.write(write).await? {
            known.sees(Some(seal));
        }
        self.known = known;
        Ok(())
    }
}

/// Writes a record and seals it, after the seal `base`, as long as `last` is the last seal in the database. Otherwise it only
/// writes the record, which is then sealed like others. Returns the seal.
pub fn record_sealed(
    conn: &mut DbConn,
    sealer: &Sealer,
    (last, base): (Option<&Seal>, Option<&Seal>),
    entry: &Entry,
) -> Result<Option<Seal>> {
    record(conn, entry)?;
    let SealedRecord::AuditRecord(written) = store::record_of(conn, entry.id())? else {
        return Err(Error::internal("a record that was just written is not there"));
    };
    let seals = sealer.chain(base, &[*written]);
    Ok(if store::append(conn, last, &seals)? { seals.into_iter().next() } else { None })
}

/// The search of one step for records without a seal, with what the task knows.
struct UnsealedSearch {
    known: KnownChain,
    swept_at: Option<Timestamp>,
    now: Timestamp,
    sealer: Sealer,
}

impl UnsealedSearch {
    /// Reads the next records without a seal: those after the newest sealed record and, from time to time, also those before it
    /// that may have been committed late. Reads no records if the end of the chain is not the known one.
    fn run(&self, conn: &mut DbConn, reported: &HashSet<AuditRecordId>) -> Result<SealingBatch> {
        let (swept_at, now) = (self.swept_at, self.now);
        let last = store::last_seal(conn)?;
        let broken = self.break_at_end(conn, last.as_ref())?;
        let newest = store::newest_sealed(conn)?.max(self.known.newest);
        // A seal that somebody else made for a record of the future would keep all records until then from being sealed.
        let newest = newest.map(|newest| newest.min(AuditRecordId::first_at((now.utc() + AHEAD).into())));
        let swept = newest.is_some_and(|newest| is_time_to_sweep(newest, swept_at, now));
        let behind = match newest {
            None => AuditRecordId::from_uuid(Uuid::nil()),
            // The clock may have been set back and forward again, so records made since the last sweep may sort before it.
            Some(newest) if swept => {
                settled_before(newest.made_at(), swept_at.map_or(now, |swept_at| swept_at.min(now)))
            }
            Some(newest) => newest,
        };
        let mut batch = SealingBatch { last, newest, broken, records: Vec::new(), unproven: Vec::new(), swept };
        if broken.is_none() {
            self.fill(conn, &mut batch, behind, reported)?;
        }
        Ok(batch)
    }

    /// Whether the last seal that this task has seen is still there. Another server may have added seals after it.
    fn break_at_end(&self, conn: &mut DbConn, last: Option<&Seal>) -> Result<Option<AuditBreak>> {
        let Some(known) = &self.known.last else { return Ok(None) };
        if last == Some(known) {
            return Ok(None);
        }
        Ok(match store::seal(conn, known.seq)? {
            Some(there) if there == *known => None,
            Some(_) => Some(AuditBreak::SealsChanged),
            None => Some(AuditBreak::SealsRemoved),
        })
    }

    /// Reads records page by page until the batch is full. Unproven records do not count, so they keep nothing from being sealed.
    fn fill(
        &self,
        conn: &mut DbConn,
        batch: &mut SealingBatch,
        mut behind: AuditRecordId,
        reported: &HashSet<AuditRecordId>,
    ) -> Result<()> {
        let full = usize::try_from(BATCH).unwrap_or(usize::MAX);
        loop {
            let page = store::unsealed(conn, behind, BATCH)?;
            let is_last = page.len() < full;
            for (id, record) in page {
                behind = id;
                match record {
                    SealedRecord::AuditRecord(record) if record.is_authentic(&self.sealer.record_key) => {
                        batch.records.push(*record);
                    }
                    SealedRecord::Gone => {}
                    _ if reported.contains(&id) || reported.len() >= REMEMBERED => {}
                    _ if batch.unproven.len() >= NAMED => {}
                    _ if store::is_reported(conn, &self.sealer.record_key, id)? => {}
                    _ => batch.unproven.push(id),
                }
            }
            if is_last || batch.records.len() >= full {
                batch.records.truncate(full);
                return Ok(());
            }
        }
    }
}

/// The time by which a record may be ahead of this server's clock, since the clocks of servers differ a little.
const AHEAD: TimeDelta = TimeDelta::seconds(MARGIN_SECONDS);

/// Whether to look again at records before `newest`, the newest sealed record; the last such sweep was at `swept_at`. Once a
/// sweep has been made later than the margin after `newest`, no late record can turn up, and an idle server stops reading the
/// same records again and again.
fn is_time_to_sweep(newest: AuditRecordId, swept_at: Option<Timestamp>, now: Timestamp) -> bool {
    let Some(swept_at) = swept_at else { return true };
    // The clock was set back.
    if now < swept_at {
        return true;
    }
    let can_be_late = swept_at.utc() < newest.made_at().utc() + TimeDelta::seconds(MARGIN_SECONDS);
    can_be_late && now.utc() - swept_at.utc() >= TimeDelta::seconds(SWEEP_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::BEGINNING;
    use crate::audit::record::tests::sample;

    #[test]
    fn a_hash_covers_its_number_what_stands_before_it_and_its_key() {
        let (sealer, record) = (Sealer::new([7; 32]), sample());
        let hash = sealer.hash(1, &BEGINNING, &record);
        assert_eq!(sealer.hash(1, &BEGINNING, &record), hash);
        assert_ne!(sealer.hash(2, &BEGINNING, &record), hash);
        assert_ne!(sealer.hash(1, &[1; 32], &record), hash);
        assert_ne!(Sealer::new([8; 32]).hash(1, &BEGINNING, &record), hash);
    }

    #[test]
    fn a_chain_goes_on_where_it_ended() {
        let sealer = Sealer::new([7; 32]);
        let records = [sample(), sample(), sample()];
        let whole = sealer.chain(None, &records);
        let begun = sealer.chain(None, &records[..1]);
        assert_eq!([begun.clone(), sealer.chain(begun.last(), &records[1..])].concat(), whole);
        assert_eq!(whole.iter().map(|seal| seal.seq).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = Head { seq: 17, hash: [0xab; 32] };
        assert_eq!(head.to_string().parse(), Ok(head));
        for text in ["", "17", "17:", "17:ab", "0:", "-1:00", "x:ab"] {
            assert!(text.parse::<Head>().is_err(), "{text}");
        }
        let hash = "ab".repeat(32);
        assert!(format!("999999999999999:{hash}").parse::<Head>().is_ok());
        for number in ["0", "-1", "+17", "017", "", "1000000000000000"] {
            assert!(format!("{number}:{hash}").parse::<Head>().is_err(), "{number}");
        }
    }

    #[test]
    fn an_idle_server_stops_sweeping() {
        let at = |seconds: i64| Timestamp::from_micros(1_764_000_000_000_000 + seconds * 1_000_000).unwrap();
        let newest = AuditRecordId::first_at(at(0));
        assert!(is_time_to_sweep(newest, None, at(0)));
        assert!(!is_time_to_sweep(newest, Some(at(1)), at(5)));
        assert!(is_time_to_sweep(newest, Some(at(1)), at(11)));
        assert!(is_time_to_sweep(newest, Some(at(59)), at(90)));
        assert!(!is_time_to_sweep(newest, Some(at(60)), at(90)));
    }

    #[test]
    fn a_server_whose_clock_is_set_back_sweeps_what_it_has_passed() {
        let at = |seconds: i64| Timestamp::from_micros(1_764_000_000_000_000 + seconds * 1_000_000).unwrap();
        let newest = AuditRecordId::first_at(at(0));
        assert!(is_time_to_sweep(newest, Some(at(90)), at(-3600)));
        // From then on, the sweeps come as often as for late records, while the clock is behind.
        assert!(!is_time_to_sweep(newest, Some(at(-3600)), at(-3595)));
        assert!(is_time_to_sweep(newest, Some(at(-3600)), at(-3590)));
    }
}
