//! Audit records of denied attempts. An attempt is denied if a caller asks for something that does not exist or of which the
//! caller may not know; both are recorded in the same way, with the outcome `denied`.
//!
//! The answer does not wait for the record, and comes from the same query in both cases, so neither its text nor its timing tells
//! whether the thing exists. The queue of records is bounded: attempts that do not fit are only counted.

use std::sync::Arc;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::audit::entry::{Entry, record};
use crate::db::Db;
use crate::error::{Problem, Result};
use crate::telemetry::Metrics;

/// The largest number of denied attempts that may wait to be written.
const QUEUE: usize = 1024;
/// The largest number of denied attempts that are written in one transaction.
const BATCH: usize = 128;

/// The sending end of the queue of denied attempts.
#[derive(Clone)]
pub struct Denials {
    queue: Sender<Entry>,
    metrics: Arc<Metrics>,
}

/// The receiving end of the queue of denied attempts, from which they are written to the database.
pub struct WaitingDenials {
    queue: Receiver<Entry>,
    metrics: Arc<Metrics>,
}

impl Denials {
    /// Makes a queue and returns both ends. The caller must run [`WaitingDenials::write`] on the receiving end.
    pub fn new(metrics: Arc<Metrics>) -> (Self, WaitingDenials) {
        let (sender, receiver) = channel(QUEUE);
        (Self { queue: sender, metrics: Arc::clone(&metrics) }, WaitingDenials { queue: receiver, metrics })
    }

    /// Returns `outcome` unchanged. If it is the error "not found", or an error that names resources from the request that were
    /// not found, queues the record that `attempt` makes, as denied. If the queue is full, the attempt is only counted.
    pub fn noted<T>(&self, outcome: Result<T>, attempt: impl FnOnce() -> Entry) -> Result<T> {
        outcome.inspect_err(|error| {
            if error.problem() != Problem::NotFound && error.unknown().is_empty() {
                return;
            }
            let entry = attempt().also_about(error.unknown().to_vec()).denied();
            if self.queue.try_send(entry).is_err() {
                self.metrics.denials_dropped(1);
            }
        })
    }
}

impl WaitingDenials {
    /// Writes queued records to the database until every [`Denials`] has been dropped.
    pub async fn write(mut self, db: Db) {
        while let Some(first) = self.queue.recv().await {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Ok(next) = self.queue.try_recv()
            {
                batch.push(next);
            }
            let count = batch.len();
            let written = db.write(move |conn| batch.iter().try_for_each(|entry| record(conn, entry))).await;
            if let Err(error) = written {
                tracing::error!(cause = ?error.cause(), count, "denied attempts could not be recorded");
                self.metrics.denials_dropped(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::authorship::RecordKey;
    use crate::audit::{Actor, actions};
    use crate::error::Error;
    use crate::moment::Moment;
    use crate::time::{Clock, Random};

    const KEY: RecordKey = RecordKey::new([7; 32]);

    #[test]
    fn what_does_not_fit_in_the_queue_is_counted() {
        let metrics = Arc::new(Metrics::new().unwrap());
        let (denials, waiting) = Denials::new(Arc::clone(&metrics));
        let moment = Moment { now: Clock::system().now(), random: Random::system() };
        let attempt = || Entry::new(&KEY, &moment, Actor::System, actions::REFERRAL_READ, vec![], String::new());
        let deny = || assert!(denials.noted::<()>(Err(Error::not_found()), attempt).is_err());
        (0..QUEUE).for_each(|_| deny());
        assert!(metrics.text().unwrap().contains("nara_audit_denials_dropped_total 0"));
        deny();
        assert!(metrics.text().unwrap().contains("nara_audit_denials_dropped_total 1"));
        drop(waiting);
    }

    #[test]
    fn only_what_was_not_found_is_a_denial() {
        let (denials, mut waiting) = Denials::new(Arc::new(Metrics::new().unwrap()));
        let attempt = || panic!("nothing was denied");
        assert_eq!(denials.noted(Ok(7), attempt).unwrap(), 7);
        assert!(denials.noted::<()>(Err(Error::new(Problem::Unavailable)), attempt).is_err());
        assert!(denials.noted::<()>(Err(Error::invalid(Vec::new())), attempt).is_err());
        assert!(waiting.queue.try_recv().is_err());
    }

    #[test]
    fn what_a_body_names_in_vain_is_a_denial_of_that() {
        let (denials, mut waiting) = Denials::new(Arc::new(Metrics::new().unwrap()));
        let moment = Moment { now: Clock::system().now(), random: Random::system() };
        let (family, somebody) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
        let attempt = || Entry::new(&KEY, &moment, Actor::System, actions::FAMILY_CHANGED, vec![family], String::new());
        let refused = Err(Error::invalid(Vec::new()).naming(vec![somebody, family]));
        assert!(denials.noted::<()>(refused, attempt).is_err());
        let noted = waiting.queue.try_recv().unwrap();
        assert_eq!((noted.resource_ids.0, noted.outcome), (vec![family, somebody], crate::audit::AuditOutcome::Denied));
    }
}
