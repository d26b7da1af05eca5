//! The background tasks of a server: they load what other servers have changed, tidy up, and record deadlines that have passed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use crate::auth::SignIn;
use crate::auth::keys::Keyring;
use crate::context::Services;
use crate::http::limits::Limits;
use crate::referrals::course::overdue::Overdue;
use crate::referrals::own_words;
use crate::telemetry::Metrics;
use crate::time::Clock;

/// Reads the identity provider's keys again, at the interval of the token verifier. It never returns.
pub async fn renew_keys(sign_in: Arc<SignIn>) {
    loop {
        tokio::time::sleep(sign_in.tokens.next_renewal()).await;
        sign_in.metrics.key_renewal(sign_in.tokens.renew(sign_in.clock.now()).await.as_ref());
    }
}

/// The regular background jobs of a server, and what they work on.
pub struct Watch {
    /// The services that all calls share, among them the directory, which other servers may change, and the kept answers, which expire.
    pub services: Services,
    /// The API keys of partner agencies in memory, which are read again because other servers may revoke some.
    pub keys: Keyring,
    /// The rate limits of callers. The buckets that are full again are removed from memory.
    pub limits: Arc<Limits>,
    /// The job that records the deadlines that have passed.
    pub overdue: Overdue,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
}

impl Watch {
    /// Runs all jobs at their intervals and never returns. Jobs that must be punctual do not wait for jobs that tidy up. The API
    /// keys do not wait for the directory, which takes longer to load.
    pub async fn run(self) {
        tokio::join!(
            every(SECOND, async || self.notice_keys().await),
            every(SECOND, async || self.notice_directory().await),
            every(SECOND, async || self.tidy_up().await),
            every(SECOND * 2, async || self.mark_overdue().await),
        );
    }

    /// Reads the API keys of partner agencies again. A key that was revoked on another server is refused here within two seconds.
    async fn notice_keys(&self) {
        if let Err(error) = self.keys.refresh(&self.services.db, self.clock.now()).await {
            tracing::warn!(cause = ?error.cause(), "the partners' keys could not be read; going on with those read before");
        }
    }

    async fn notice_directory(&self) {
        if let Err(error) = self.services.directory.refresh(&self.services.db, &self.clock).await {
            tracing::warn!(cause = ?error.cause(), "the directory could not be read; going on with the version read before");
        }
        self.metrics.directory_is(self.services.directory.current().version);
    }

    /// Records the deadlines of referrals that have passed.
    async fn mark_overdue(&self) {
        if let Err(error) = self.overdue.mark(&self.services.db, &self.services.directory.current(), &self.clock).await
        {
            tracing::warn!(cause = ?error.cause(), "passed deadlines could not be recorded; trying again");
        }
    }

    /// Removes rate-limit buckets that are full again, shows the number of broken rows in the metrics, writes the last uses of API keys to the database when that is due, and
    /// removes expired answers of idempotent calls.
    async fn tidy_up(&self) {
        self.limits.sweep();
        self.metrics.broken_rows_are(self.services.vault.broken_rows());
        if let Err(error) = self.keys.write_uses_when_due(&self.services.db, self.clock.now()).await {
            tracing::warn!(cause = ?error.cause(), "the times of the last use of keys could not be written; trying again");
        }
        if let Err(error) = own_words::sweep(&self.services.db, self.clock.now()).await {
            tracing::warn!(cause = ?error.cause(), "own words about referrals whose day is over could not be removed");
        }
        if let Err(error) = self.services.retries.sweep(self.clock.now()).await {
            tracing::warn!(cause = ?error.cause(), "expired answers to idempotent calls could not be removed");
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// Runs a job once per period and never returns. A panic of the job is logged, and the job goes on: a server whose keys are no
/// longer refreshed would look healthy.
async fn every(period: Duration, work: impl AsyncFn()) {
    let mut tick = tokio::time::interval(period);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if AssertUnwindSafe(work()).catch_unwind().await.is_err() {
            tracing::error!("a background job panicked; it goes on");
        }
    }
}
