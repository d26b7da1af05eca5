//! A clock that the test controls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use nara::moment::Moment;
use nara::time::{Clock, Random, Timestamp};

/// A Monday morning at ten, local time, when everything is open.
pub const START: &str = "2026-11-23T09:00:00Z";

/// A clock that stands still until the test moves it.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub fn new() -> Self {
        let clock = Self(Arc::default());
        clock.set(START);
        clock
    }

    /// Sets the clock to this time, forwards or backwards.
    pub fn set(&self, time: &str) {
        let time: Timestamp = time.parse().unwrap_or_else(|_| panic!("{time} is no time as in RFC 3339"));
        self.0.store(time.micros(), Ordering::SeqCst);
    }

    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("a test spans less than an age");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).expect("the clock stands in our age")
    }

    /// The time in seconds since 1970, as in tokens.
    pub fn seconds(&self) -> i64 {
        self.now().timestamp()
    }

    /// The clock in the form that the program accepts.
    pub fn for_nara(&self) -> Clock {
        let clock = self.clone();
        Clock::new(move || clock.now())
    }
}

/// The moment at which every test starts.
pub fn start() -> Moment {
    Moment { now: TestClock::new().now().into(), random: Random::system() }
}
