//! Audit records of failed attempts.
//!
//! - An attempt is *denied* if the caller may not take the action, or asks for something that does not exist or of which the caller
//!   may not know; the last two are recorded in the same way.
//! - An attempt is *refused* if the call was wrong or the state of things did not allow the action.
//!
//! The answer does not wait for the record, and comes from the same query whether a thing exists or not, so neither its text nor its
//! timing tells. The queue of records is bounded. What does not fit, or what comes in a flood, is summed up: see [`floods`].
//!
//! [`floods`]: crate::audit::floods

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::audit::actions::AuditAction;
use crate::audit::entry::{AuditOutcome, Entry, record};
use crate::audit::floods::{AttemptSummary, Floods};
use crate::db::Db;
use crate::error::{Error, Problem};
use crate::http::call::Call;
use crate::http::problem::is_callers_fault;
use crate::moment::Moment;
use crate::telemetry::Metrics;
use crate::time::{Clock, Random};

/// The largest number of failed attempts that may wait to be written one by one.
const QUEUE: usize = 1024;
/// The largest number of failed attempts that are written in one transaction.
const BATCH: usize = 128;
/// The longest time between two looks at whether summaries are due.
const PAUSE: Duration = Duration::from_secs(1);

/// The sending end of the queue of failed attempts.
#[derive(Clone)]
pub struct Denials {
    queue: Sender<Entry>,
    floods: Arc<Floods>,
}

/// The receiving end of the queue of failed attempts, from which they are written to the database.
pub struct WaitingDenials {
    queue: Receiver<Entry>,
    floods: Arc<Floods>,
    metrics: Arc<Metrics>,
    clock: Clock,
    random: Random,
}

impl Denials {
    /// Makes a queue and returns both ends. The caller must run [`WaitingDenials::write`] on the receiving end.
    pub fn new(metrics: Arc<Metrics>, clock: Clock, random: Random) -> (Self, WaitingDenials) {
        let (sender, receiver) = channel(QUEUE);
        let floods = Arc::<Floods>::default();
        let waiting = WaitingDenials { queue: receiver, floods: Arc::clone(&floods), metrics, clock, random };
        (Self { queue: sender, floods }, waiting)
    }

    /// Records that a call at `action` failed with `error`, unless the failure is none of the caller's or was recorded before: a
    /// call leaves one such record. `attempt` makes the record of the attempt.
    pub fn note(&self, call: &Call, action: AuditAction, error: &Error, attempt: impl FnOnce() -> Entry) {
        if let Some(outcome) = outcome(action, error)
            && call.fails_first()
        {
            self.queue(failed(attempt(), error, outcome));
        }
    }

    fn queue(&self, attempt: Entry) {
        if let Some(attempt) = self.floods.admit(attempt)
            && let Err(unsent) = self.queue.try_send(attempt)
        {
            self.floods.add(unsent.into_inner());
        }
    }
}

/// Returns the outcome of an attempt at `action` that failed with `error`. `None` for failures that are not recorded: those of the
/// server, calls by nobody who is known, and calls beyond a rate limit. If everybody who may take the action may know of all its
/// resources, that one is not found is not recorded either.
fn outcome(action: AuditAction, error: &Error) -> Option<AuditOutcome> {
    match error.problem() {
        Problem::NotFound => (!action.is_open).then_some(AuditOutcome::Denied),
        Problem::Forbidden | Problem::NoOffice | Problem::ActionForbidden => Some(AuditOutcome::Denied),
        _ if !error.unknown().is_empty() && !action.is_open => Some(AuditOutcome::Denied),
        Problem::Unauthenticated | Problem::AmbiguousCredentials | Problem::RateLimited => None,
        problem => is_callers_fault(problem).then_some(AuditOutcome::Refused),
    }
}

/// Completes the record of an attempt by its outcome, and by what the call named in vain.
fn failed(attempt: Entry, error: &Error, outcome: AuditOutcome) -> Entry {
    match outcome {
        AuditOutcome::Denied => attempt.also_about(error.unknown().to_vec()).ending(outcome),
        _ => attempt.ending(outcome),
    }
}

impl WaitingDenials {
    /// Writes queued records to the database, and the summaries of floods as soon as they are due, until every [`Denials`] has been
    /// dropped.
    pub async fn write(mut self, db: Db) {
        loop {
            match tokio::time::timeout(PAUSE, self.queue.recv()).await {
                Ok(Some(first)) => self.write_from(&db, first).await,
                Ok(None) => break,
                Err(_nothing_came) => {}
            }
            self.write_summaries(&db, false).await;
        }
        self.write_summaries(&db, true).await;
    }

    async fn write_from(&mut self, db: &Db, first: Entry) {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = self.queue.try_recv()
        {
            batch.push(next);
        }
        let batch = Arc::new(batch);
        let entries = Arc::clone(&batch);
        let written = db.write(move |conn| entries.iter().try_for_each(|entry| record(conn, entry))).await;
        if let Err(error) = written {
            tracing::error!(cause = ?error.cause(), count = batch.len(), "failed attempts could not be recorded; trying again");
            batch.iter().for_each(|attempt| self.floods.add(attempt.clone()));
        }
    }

    async fn write_summaries(&self, db: &Db, all: bool) {
        let now = self.clock.now();
        let (summaries, lost) = self.floods.due((!all).then_some(now));
        if lost > 0 {
            tracing::error!(count = lost, "failed attempts could not be recorded, and there is no room for them");
            self.metrics.denials_dropped(lost);
        }
        if summaries.is_empty() {
            return;
        }
        let moment = Moment { now, random: self.random.clone() };
        let entries: Vec<Entry> = summaries.iter().map(|summary| summary.entry(&moment)).collect();
        let written = db.write(move |conn| entries.iter().try_for_each(|entry| record(conn, entry))).await;
        if let Err(error) = written {
            tracing::error!(cause = ?error.cause(), count = summaries.len(), "summaries of failed attempts could not be recorded");
            match all {
                true => self.metrics.denials_dropped(summaries.iter().map(AttemptSummary::attempts).sum()),
                false => self.floods.put_back(summaries),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::authorship::RecordKey;
    use crate::audit::{Actor, actions};
    use crate::id::PartnerId;
    use uuid::Uuid;

    const KEY: RecordKey = RecordKey::new([7; 32]);

    fn both_ends() -> (Denials, WaitingDenials) {
        Denials::new(Arc::new(Metrics::new().unwrap()), Clock::system(), Random::system())
    }

    fn attempt(actor: u128) -> Entry {
        let moment = Moment { now: Clock::system().now(), random: Random::system() };
        let actor = Actor::Partner(PartnerId::from_uuid(Uuid::from_u128(actor)));
        Entry::new(&KEY, &moment, actor, actions::FAMILY_CHANGED, vec![Uuid::from_u128(1)], String::new())
    }

    #[test]
    fn what_does_not_fit_in_the_queue_is_summed_up() {
        let (denials, waiting) = both_ends();
        (0..QUEUE + 3).for_each(|actor| denials.queue(attempt(actor as u128)));
        assert_eq!(waiting.queue.len(), QUEUE);
        let (summaries, lost) = waiting.floods.due(None);
        assert_eq!((summaries.iter().map(AttemptSummary::attempts).sum::<usize>(), lost), (3, 0));
    }

    #[test]
    fn only_what_the_caller_did_is_a_failed_attempt() {
        let of = |problem| outcome(actions::FAMILY_CHANGED, &Error::new(problem));
        for problem in [Problem::NotFound, Problem::Forbidden, Problem::NoOffice, Problem::ActionForbidden] {
            assert_eq!(of(problem), Some(AuditOutcome::Denied), "{problem:?}");
        }
        for problem in [
            Problem::ValidationFailed,
            Problem::MalformedJson,
            Problem::ActionNotAllowed,
            Problem::StaleVersion,
            Problem::PreconditionRequired,
            Problem::InvalidParameter,
            Problem::BodyTooLarge,
            Problem::IdempotencyKeyReused,
        ] {
            assert_eq!(of(problem), Some(AuditOutcome::Refused), "{problem:?}");
        }
        for problem in [Problem::Unavailable, Problem::InternalError, Problem::Overloaded, Problem::RateLimited] {
            assert_eq!(of(problem), None, "{problem:?}");
        }
        let open = |error| outcome(actions::AREA_CHANGED, &error);
        assert_eq!(open(Error::not_found()), None);
        assert_eq!(open(Error::new(Problem::Forbidden)), Some(AuditOutcome::Denied));
        assert_eq!(open(Error::new(Problem::StillReferenced)), Some(AuditOutcome::Refused));
    }

    #[test]
    fn what_a_body_names_in_vain_is_a_denial_of_that() {
        let (family, somebody) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let error = Error::invalid(Vec::new()).naming(vec![somebody, family]);
        let outcome = outcome(actions::FAMILY_CHANGED, &error).unwrap();
        let noted = failed(attempt(1), &error, outcome);
        assert_eq!((noted.resource_ids.0, noted.outcome), (vec![family, somebody], AuditOutcome::Denied));
    }
}
