//! What a server does beside answering: it notices what has changed elsewhere, tidies up, records which deadlines have passed, and
//! seals the audit.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use crate::audit::seal::{Sealing, SealingStep};
use crate::auth::SignIn;
use crate::auth::keys::Keyring;
use crate::db::Db;
use crate::directory;
use crate::http::limits::Limits;
use crate::idempotency::Retries;
use crate::referrals::overdue::Overdue;
use crate::telemetry::Metrics;
use crate::time::Clock;

/// Reads the identity provider's keys again from time to time.
pub async fn renew_keys(sign_in: Arc<SignIn>) {
    loop {
        tokio::time::sleep(sign_in.tokens.next_renewal()).await;
        sign_in.metrics.key_renewal(sign_in.tokens.renew(sign_in.clock.now()).await.as_ref());
    }
}

/// What is done again and again beside answering.
pub struct Watch {
    /// The database.
    pub db: Db,
    /// The directory, which changes elsewhere.
    pub directory: directory::Handle,
    /// The keys, which are revoked elsewhere.
    pub keys: Keyring,
    /// Budgets that get whole again.
    pub limits: Arc<Limits>,
    /// Answers that are kept for a while.
    pub retries: Arc<Retries>,
    /// Deadlines that pass.
    pub overdue: Overdue,
    /// The time.
    pub clock: Clock,
    /// What is told of it.
    pub metrics: Arc<Metrics>,
}

impl Watch {
    /// Goes on until it is dropped. What must be noticed in time does not wait for what only tidies up, nor the keys for the
    /// directory, which takes longer to read.
    pub async fn run(self) {
        tokio::join!(
            every(SECOND, async || self.notice_keys().await),
            every(SECOND, async || self.notice_directory().await),
            every(SECOND, async || self.tidy_up().await),
            every(SECOND * 2, async || self.mark_overdue().await),
        );
    }

    /// A key that was revoked elsewhere opens nothing here after two seconds.
    async fn notice_keys(&self) {
        if let Err(error) = self.keys.refresh(&self.db, self.clock.now()).await {
            tracing::warn!(cause = ?error.cause(), "the partners' keys could not be read; going on with those that are known");
        }
    }

    async fn notice_directory(&self) {
        if let Err(error) = self.directory.refresh(&self.db, &self.clock).await {
            tracing::warn!(cause = ?error.cause(), "the directory could not be read; going on with the one that is known");
        }
        self.metrics.directory_is(self.directory.current().version);
    }

    /// Records which deadlines have passed.
    async fn mark_overdue(&self) {
        if let Err(error) = self.overdue.mark(&self.db, &self.directory.current(), &self.clock).await {
            tracing::warn!(cause = ?error.cause(), "deadlines that have passed could not be recorded; trying again");
        }
    }

    /// Forgets whose budgets are whole again, writes down when keys were used, removes answers that nobody gets again.
    async fn tidy_up(&self) {
        self.limits.sweep();
        if let Err(error) = self.keys.write_uses_when_due(&self.db, self.clock.now()).await {
            tracing::warn!(cause = ?error.cause(), "when keys were used last could not be written; trying again");
        }
        if let Err(error) = self.retries.sweep(self.clock.now()).await {
            tracing::warn!(cause = ?error.cause(), "answers that nobody gets again could not be removed");
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// Does something again and again. What panics is told in the log and done again all the same: a server whose keys are no longer
/// refreshed looks as well as any.
async fn every(period: Duration, work: impl AsyncFn()) {
    let mut tick = tokio::time::interval(period);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if AssertUnwindSafe(work()).catch_unwind().await.is_err() {
            tracing::error!("a job in the background panicked; going on");
        }
    }
}

/// How often the head of the audit's chain stands in the log, from where it can be kept out of reach of the database.
const HEAD_TOLD_EVERY: Duration = Duration::from_secs(3600);

/// Seals the audit.
pub async fn seal(db: Db, mut sealing: Sealing, clock: Clock) {
    let mut told: Option<Instant> = None;
    loop {
        let begun = Instant::now();
        let pause = match sealing.step(&db, clock.now()).await {
            Ok(step) => {
                if let SealingStep::Sealed { head, more: false } = step
                    && told.is_none_or(|told| told.elapsed() >= HEAD_TOLD_EVERY)
                {
                    tracing::info!(%head, "the audit is sealed");
                    told = Some(Instant::now());
                }
                step.pause(begun.elapsed())
            }
            Err(error) => {
                tracing::warn!(cause = ?error.cause(), "the audit could not be sealed; trying again");
                Duration::from_secs(5)
            }
        };
        tokio::time::sleep(pause).await;
    }
}
