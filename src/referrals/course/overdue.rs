//! Recording of passed deadlines. Each passed deadline is recorded once: in the referral, in the referral's history and in the
//! audit.
//!
//! - Every server looks for passed deadlines when it starts and again at intervals. Only one server writes the next version of
//!   a referral; a server that comes second finds that version already written, and leaves the referral alone.
//! - If two deadlines of a referral have passed, the earlier one is recorded first and the other with the version after that,
//!   since an event tells of one deadline.
//! - Readers need not wait for the record: whether a deadline is shown as overdue is computed from the time of reading.

use std::sync::Arc;
use std::time::Instant;

use chrono::DateTime;
use diesel::prelude::*;
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::audit::authorship::RecordKey;
use crate::audit::{self, Actor, Entry, actions};
use crate::calendar::DeadlineKind;
use crate::db::schema::referrals;
use crate::db::{Db, DbConn};
use crate::directory::Directory;
use crate::error::{Problem, Result};
use crate::id::{OfficeId, ReferralId};
use crate::moment::Moment;
use crate::on_backend;
use crate::referrals::course::act::Transition;
use crate::referrals::course::clocks;
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::Action;
use crate::referrals::store::SealedReferral;
use crate::telemetry::Metrics;
use crate::time::{Clock, Random, Timestamp};
use crate::vault::Vault;

/// The largest number of passed deadlines that are recorded in one transaction. While it runs, everybody who acts on one of
/// these referrals has to wait, and on SQLite every other writer too.
const BATCH: usize = 50;
/// The pause after a batch, as a multiple of the time that finding and recording the batch took, so that others can write.
const LEFT_TO_OTHERS: u32 = 3;

/// The recorder of passed deadlines, with the services that it needs. [`Overdue::mark`] does one round.
pub struct Overdue {
    vault: Vault,
    random: Random,
    metrics: Arc<Metrics>,
}

/// The result of one search for passed deadlines in all offices.
struct OverdueDeadlines {
    /// The number of referrals with a running deadline that has passed, whether or not this is recorded.
    overdue: i64,
    /// The changes that are to be written, each of which records one passed deadline. At most [`BATCH`].
    passed: Vec<PassedDeadline>,
}

/// The change that records one passed deadline of a referral: the referral's next version with an event, and the audit record.
struct PassedDeadline {
    kind: DeadlineKind,
    transition: Transition,
    entry: Entry,
}

impl Overdue {
    /// Makes the recorder, and sets its counter of recorded deadlines to zero for each kind, so that every kind appears in the
    /// metrics.
    pub fn new(vault: Vault, random: Random, metrics: Arc<Metrics>) -> Self {
        DeadlineKind::iter().for_each(|kind| metrics.count_overdue_deadlines(kind.into(), 0));
        Self { vault, random, metrics }
    }

    /// Records all deadlines that have passed and are not recorded yet, batch by batch. Stops early if other servers are
    /// recording the same ones. Also sets the metric for the number of overdue referrals.
    pub async fn mark(&self, db: &Db, directory: &Directory, clock: &Clock) -> Result<()> {
        loop {
            let begun = Instant::now();
            let offices: Vec<OfficeId> = directory.offices.iter().map(|office| office.id).collect();
            let (vault, moment) = (self.vault.clone(), Moment { now: clock.now(), random: self.random.clone() });
            let OverdueDeadlines { overdue, passed } =
                db.read(move |conn| find(conn, &offices, &vault, &moment)).await?;
            self.metrics.overdue_referrals_are(overdue);
            if passed.is_empty() {
                return Ok(());
            }
            let recorded = db.write(move |conn| record(conn, &passed)).await?;
            recorded.iter().for_each(|kind| self.metrics.count_overdue_deadlines((*kind).into(), 1));
            if recorded.is_empty() {
                // Other servers are recording the same referrals and will finish. Referrals that they leave are found the next
                // time.
                return Ok(());
            }
            tokio::time::sleep(begun.elapsed() * LEFT_TO_OTHERS).await;
        }
    }
}

/// Finds up to [`BATCH`] passed deadlines that are not recorded, and counts the overdue referrals. The referrals are decrypted
/// and encrypted here, on a thread that reads, so that the thread that writes has nothing to compute.
fn find(conn: &mut DbConn, offices: &[OfficeId], vault: &Vault, moment: &Moment) -> Result<OverdueDeadlines> {
    let mut found = OverdueDeadlines { overdue: 0, passed: Vec::new() };
    for office in offices {
        let overdue = count_overdue(conn, *office, moment.now)?;
        found.overdue += overdue;
        if overdue == 0 || found.passed.len() >= BATCH {
            continue;
        }
        let mut behind: DuePosition = (DateTime::UNIX_EPOCH.into(), ReferralId::from_uuid(Uuid::nil()));
        // A referral that cannot be decrypted must not keep the others from being recorded, so the search goes on after it.
        while found.passed.len() < BATCH {
            let rows = unmarked(conn, *office, moment.now, behind, BATCH - found.passed.len())?;
            let Some(last) = rows.last() else { break };
            behind = (last.next_due_at, last.id);
            for sealed in rows {
                let id = sealed.id;
                match mark(sealed, vault, moment) {
                    Ok(marked) => found.passed.extend(marked),
                    Err(error) => {
                        tracing::error!(referral = %id, cause = ?error.cause(), "a deadline cannot be recorded");
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Counts the referrals of an office that have a running deadline before `now`. The database answers from the index on the next
/// deadline, without reading the table.
fn count_overdue(conn: &mut DbConn, office: OfficeId, now: Timestamp) -> Result<i64> {
    let overdue = referrals::table.filter(referrals::office_id.eq(office)).filter(referrals::next_due_at.lt(now));
    Ok(overdue.count().get_result(conn)?)
}

/// A position in the list of an office's referrals, ordered by their earliest running deadline and then by identifier.
type DuePosition = (Timestamp, ReferralId);

/// Returns up to `limit` referrals of an office, after a position, that have a passed deadline which is not recorded. An
/// unrecorded deadline is never before the earliest running one, so these referrals are among the overdue ones, and the same
/// index tells them from those whose deadlines are all recorded.
fn unmarked(
    conn: &mut DbConn,
    office: OfficeId,
    now: Timestamp,
    (at, id): DuePosition,
    limit: usize,
) -> Result<Vec<SealedReferral>> {
    let found: Vec<ReferralId> = on_backend!(&mut *conn, conn => referrals::table
        .filter(referrals::office_id.eq(office))
        .filter(referrals::next_due_at.lt(now))
        .filter(referrals::unmarked_due_at.lt(now))
        .filter(referrals::next_due_at.gt(at).or(referrals::next_due_at.eq(at).and(referrals::id.gt(id))))
        .order((referrals::next_due_at, referrals::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(referrals::id)
        .load(conn))?;
    let rows = found.into_iter().map(|id| Ok(on_backend!(&mut *conn, conn => referrals::table.find(id).first(conn))?));
    rows.collect()
}

/// Makes the next version of a referral, in which its earliest unrecorded passed deadline is recorded. Returns `None` if it has
/// none.
fn mark(sealed: SealedReferral, vault: &Vault, moment: &Moment) -> Result<Option<PassedDeadline>> {
    let before = sealed.open(vault)?;
    let mut after = before.clone();
    let Some(kind) = clocks::mark_overdue(&mut after, moment.now) else { return Ok(None) };
    let after = after.settled(&before, moment.now);
    let said = StepNote { code: Some(kind.into()), ..StepNote::default() };
    let about = vec![after.id.uuid()];
    let key = RecordKey::of(vault.ring());
    let entry = Entry::new(&key, moment, Actor::System, actions::REFERRAL_MARKED_OVERDUE, about, String::new())
        .on_behalf_of(after.office_id);
    let versions = (&before, &after);
    let transition = Transition::new(Action::MarkOverdue, versions, Actor::System, &said, vault, moment)?;
    Ok(Some(PassedDeadline { kind, transition, entry }))
}

/// Writes the changes, except those to referrals that somebody else has changed since they were read. Returns the kinds of the
/// deadlines that were recorded.
fn record(conn: &mut DbConn, passed: &[PassedDeadline]) -> Result<Vec<DeadlineKind>> {
    let mut recorded = Vec::new();
    for PassedDeadline { kind, transition, entry } in passed {
        match transition.write(conn) {
            Ok(()) => {
                audit::record(conn, entry)?;
                recorded.push(*kind);
            }
            // Somebody acted on the referral, or another server was quicker. In both cases nothing of this change was written.
            Err(error) if error.problem() == Problem::StaleVersion => {}
            Err(error) => return Err(error),
        }
    }
    Ok(recorded)
}
