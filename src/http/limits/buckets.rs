//! The token buckets of rate limits, one for each caller or address, in a limited memory and with the program's own clock.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::config::limits::Rate;
use crate::error::{Error, Result};
use crate::http::limits::subject::BudgetHolder;
use crate::time;

/// The token buckets of one budget, one for each holder.
pub struct Buckets(RateLimiter<BudgetHolder, Shards, Ticks, StateInformationMiddleware>);

impl Buckets {
    /// Makes the buckets of a budget with this rate. All of them are full at first.
    pub fn new(rate: &Rate, clock: &time::Clock) -> Result<Self> {
        let quota = Quota::with_period(rate.one_per()).ok_or_else(|| Error::internal("a rate without a period"))?;
        let ticks = Ticks { clock: clock.clone(), latest: AtomicI64::new(0), set_back: AtomicI64::new(0) };
        Ok(Self(RateLimiter::new(quota.allow_burst(rate.burst()), Shards::default(), ticks)))
    }

    /// Takes one call from the bucket of `subject`. Returns the number of calls left in it, or, if it is empty, the time until the
    /// next call is allowed.
    pub fn take(&self, subject: &BudgetHolder) -> std::result::Result<u32, Duration> {
        match self.0.check_key(subject) {
            Ok(state) => Ok(StateSnapshot::remaining_burst_capacity(&state)),
            Err(empty) => Err(empty.wait_time_from(self.0.clock().now())),
        }
    }

    /// Removes the buckets that are full again from memory. A missing bucket counts as a full one.
    pub fn sweep(&self) {
        self.0.retain_recent();
    }
}

/// The program's clock in the form that governor needs: it never goes back.
///
/// The machine's time may be set back. The buckets would then not fill until the old time is reached again, so the difference is
/// added from then on. Differences below a second are ignored: two threads may read the clock in one order and report it in
/// another.
struct Ticks {
    clock: time::Clock,
    latest: AtomicI64,
    set_back: AtomicI64,
}

const SLACK: i64 = 1_000_000;

impl Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let set_back = self.set_back.load(Ordering::Acquire);
        let told = self.clock.now().micros().saturating_add(set_back);
        let latest = self.latest.fetch_max(told, Ordering::AcqRel).max(told);
        if latest - told > SLACK {
            let now_set_back = set_back + (latest - told);
            // If another thread noticed the change first, its correction is kept.
            let _noticed = self.set_back.compare_exchange(set_back, now_set_back, Ordering::AcqRel, Ordering::Acquire);
        }
        Duration::from_micros(u64::try_from(latest).unwrap_or(0))
    }
}

const SHARDS: usize = 16;
/// The most holders that have a bucket in one shard.
const MOST: usize = 4096;

/// The state of each holder's bucket: governor's time up to which the holder has used up calls, in nanoseconds.
///
/// The holders are spread over shards by a hash, so that threads can work at the same time. The hash is random, so that nobody can
/// choose addresses that all fall into one shard.
#[derive(Default)]
struct Shards {
    hasher: RandomState,
    shards: [Mutex<HashMap<BudgetHolder, u64>>; SHARDS],
}

impl Shards {
    /// Returns the shard of a holder, locked. A shard is complete between any two statements under its lock, so a shard in a
    /// poisoned lock is complete, too.
    fn shard(&self, subject: &BudgetHolder) -> MutexGuard<'_, HashMap<BudgetHolder, u64>> {
        let at = self.hasher.hash_one(subject) % SHARDS as u64;
        let shard = usize::try_from(at).ok().and_then(|at| self.shards.get(at)).unwrap_or(&self.shards[0]);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, HashMap<BudgetHolder, u64>>> {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl StateStore for Shards {
    type Key = BudgetHolder;

    fn measure_and_replace<T, F, E>(&self, subject: &BudgetHolder, decide: F) -> std::result::Result<T, E>
    where
        F: Fn(Option<Nanos>) -> std::result::Result<(T, Nanos), E>,
    {
        let mut shard = self.shard(subject);
        let before = shard.get(subject).copied();
        let (outcome, after) = decide(before.map(Nanos::from))?;
        if before.is_none() && shard.len() >= MOST {
            make_room(&mut shard);
        }
        shard.insert(*subject, after.as_u64());
        Ok(outcome)
    }
}

/// Removes the holders of a shard that have used up the least: their buckets are the fullest, so they gain the least from a new,
/// full bucket.
fn make_room(shard: &mut HashMap<BudgetHolder, u64>) {
    let mean = shard.values().map(|until| u128::from(*until)).sum::<u128>() / shard.len().max(1) as u128;
    let before = shard.len();
    shard.retain(|_, until| u128::from(*until) > mean);
    if shard.len() == before {
        shard.clear();
    }
}

impl ShrinkableKeyedStateStore<BudgetHolder> for Shards {
    fn retain_recent(&self, drop_below: Nanos) {
        self.all().for_each(|mut shard| shard.retain(|_, until| *until > drop_below.as_u64()));
    }

    fn len(&self) -> usize {
        self.all().map(|shard| shard.len()).sum()
    }

    fn is_empty(&self) -> bool {
        self.all().all(|shard| shard.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    #[derive(Clone)]
    struct Hand(Arc<AtomicI64>);

    impl Hand {
        fn new() -> Self {
            Self(Arc::new(AtomicI64::new(1_763_900_000_000_000)))
        }

        fn turn(&self, by: TimeDelta) {
            self.0.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
        }

        fn buckets(&self, rate: &str) -> Buckets {
            let hand = Arc::clone(&self.0);
            let clock = time::Clock::new(move || -> DateTime<Utc> {
                DateTime::from_timestamp_micros(hand.load(Ordering::SeqCst)).unwrap()
            });
            Buckets::new(&rate.parse().unwrap(), &clock).unwrap()
        }
    }

    fn anybody(number: u32) -> BudgetHolder {
        BudgetHolder::of_address(Some(std::net::IpAddr::from(number.to_be_bytes())))
    }

    #[test]
    fn a_bucket_holds_its_burst_and_is_filled_by_its_rate() {
        let hand = Hand::new();
        let buckets = hand.buckets("2/s:3");
        let one = anybody(1);
        assert_eq!([(); 3].map(|()| buckets.take(&one)), [Ok(2), Ok(1), Ok(0)]);
        assert_eq!(buckets.take(&one), Err(Duration::from_millis(500)));
        assert_eq!(buckets.take(&anybody(2)), Ok(2), "others are not touched");
        hand.turn(TimeDelta::milliseconds(499));
        assert_eq!(buckets.take(&one), Err(Duration::from_millis(1)));
        hand.turn(TimeDelta::milliseconds(1));
        assert_eq!(buckets.take(&one), Ok(0));
        hand.turn(TimeDelta::hours(1));
        assert_eq!(buckets.take(&one), Ok(2), "it never holds more than its burst");
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let hand = Hand::new();
        let buckets = hand.buckets("1/s:1");
        assert_eq!(buckets.take(&anybody(1)), Ok(0));
        hand.turn(TimeDelta::hours(-1));
        assert!(buckets.take(&anybody(1)).is_err());
        hand.turn(TimeDelta::seconds(1));
        assert_eq!(buckets.take(&anybody(1)), Ok(0));
        hand.turn(TimeDelta::hours(-1));
        assert!(buckets.take(&anybody(1)).is_err(), "nor does it give anything");
    }

    #[test]
    fn whose_bucket_is_full_again_is_forgotten() {
        let hand = Hand::new();
        let buckets = hand.buckets("1/s:10");
        buckets.take(&anybody(1)).unwrap();
        hand.turn(TimeDelta::seconds(5));
        assert_eq!([(); 5].map(|()| buckets.take(&anybody(2)).is_ok()), [true; 5]);
        buckets.sweep();
        assert_eq!(buckets.0.len(), 1);
        assert_eq!(buckets.take(&anybody(2)), Ok(4));
    }

    #[test]
    fn the_memory_has_an_end_and_keeps_those_who_take_most() {
        let hand = Hand::new();
        let buckets = hand.buckets("1/h:3");
        let greedy = anybody(u32::MAX);
        assert_eq!([(); 3].map(|()| buckets.take(&greedy).is_ok()), [true; 3]);
        for number in 0..200_000 {
            buckets.take(&anybody(number)).unwrap();
        }
        assert!(buckets.0.len() <= SHARDS * MOST, "{}", buckets.0.len());
        assert!(buckets.take(&greedy).is_err());
    }

    proptest! {
        /// Compares the buckets with the simplest possible token bucket.
        #[test]
        fn it_takes_as_a_bucket_does(waits in prop::collection::vec(0_i64..3000, 1..60)) {
            let hand = Hand::new();
            let buckets = hand.buckets("2/s:5");
            let mut tokens = 5.0_f64;
            for wait in waits {
                hand.turn(TimeDelta::milliseconds(wait));
                tokens = (tokens + wait as f64 / 500.0).min(5.0);
                let allowed = tokens >= 1.0 - 1e-9;
                tokens -= if allowed { 1.0 } else { 0.0 };
                prop_assert_eq!(buckets.take(&anybody(1)).ok(), allowed.then_some((tokens + 1e-9).floor() as u32));
            }
        }
    }
}
