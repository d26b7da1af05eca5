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
//!   passed, for [`MARGIN_SECONDS`]. A record that turns up later than that was not written by this program.

use std::time::Duration;

use chrono::TimeDelta;

use crate::audit::chain::{Head, Seal, Sealer};
use crate::audit::record::AuditRecord;
use crate::audit::store;
use crate::db::{Db, DbConn};
use crate::error::Result;
use crate::id::AuditRecordId;
use crate::time::Timestamp;

/// A number of seconds that is longer than any transaction lasts: see the time-outs in [`crate::db::connection`].
pub const MARGIN_SECONDS: i64 = 60;
/// The interval in seconds at which the sealing task looks for records that were committed late. So such a record waits about
/// this long for its seal.
const SWEEP_SECONDS: i64 = 10;
/// The largest number of records that one step seals. On SQLite, other writers wait while the seals are added.
pub const BATCH: i64 = 200;

/// The state of one server's task that seals audit records.
pub struct Sealing {
    sealer: Sealer,
    swept_at: Option<Timestamp>,
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
}

impl SealingStep {
    /// The pause before the next step. If the batch was full, it is nine times `took`, the time that this step took, so that
    /// other work gets its share of the database. Otherwise it is half a second, or five seconds if another server was first.
    pub fn pause(self, took: Duration) -> Duration {
        match self {
            Self::Sealed { more: true, .. } => took * 9,
            Self::Sealed { .. } | Self::Nothing => Duration::from_millis(500),
            Self::Overtaken => Duration::from_secs(5),
        }
    }
}

/// The records without a seal that one step has read, and the seal that theirs will follow. `swept` says whether records that may
/// have been committed late are among those that it looked for.
struct SealingBatch {
    last: Option<Seal>,
    records: Vec<AuditRecord>,
    swept: bool,
}

impl Sealing {
    /// Makes the state of a task that has not yet looked at any record.
    pub fn new(sealer: Sealer) -> Self {
        Self { sealer, swept_at: None }
    }

    pub async fn step(&mut self, db: &Db, now: Timestamp) -> Result<SealingStep> {
        let swept_at = self.swept_at;
        let found = db.read(move |conn| find(conn, swept_at, now)).await?;
        let more = i64::try_from(found.records.len()).is_ok_and(|count| count >= BATCH);
        let seals = self.sealer.chain(found.last.as_ref(), &found.records);
        let head = seals.last().and_then(Seal::head);
        if head.is_some() {
            let last = found.last.clone();
            if !db.write(move |conn| store::append(conn, last.as_ref(), &seals)).await? {
                return Ok(SealingStep::Overtaken);
            }
        }
        if found.swept && !more {
            self.swept_at = Some(now);
        }
        Ok(head.map_or(SealingStep::Nothing, |head| SealingStep::Sealed { head, more }))
    }
}

/// Reads the next records without a seal: those after the newest sealed record and, from time to time, also those before it that
/// may have been committed late.
fn find(conn: &mut DbConn, swept_at: Option<Timestamp>, now: Timestamp) -> Result<SealingBatch> {
    let last = store::last_seal(conn)?;
    let newest = store::newest_sealed(conn)?;
    let swept = newest.is_some_and(|newest| is_time_to_sweep(newest, swept_at, now));
    let behind = match newest {
        None => AuditRecordId::from_uuid(uuid::Uuid::nil()),
        // The clock may have been set back and forward again, so records made since the last sweep may sort before it.
        Some(newest) if swept => settled_before(newest, swept_at.map_or(now, |swept_at| swept_at.min(now))),
        Some(newest) => newest,
    };
    Ok(SealingBatch { last, records: store::unsealed(conn, behind, BATCH)?, swept })
}

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

/// The identifier below which a record that has no seal will never get one. It belongs to the time that lies [`MARGIN_SECONDS`]
/// before the newest sealed record or, if that is earlier, before `now`. So a clock that runs ahead does not move it ahead.
pub fn settled_before(newest: AuditRecordId, now: Timestamp) -> AuditRecordId {
    let at = newest.made_at().min(now).utc() - TimeDelta::seconds(MARGIN_SECONDS);
    AuditRecordId::first_at(at.into())
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
