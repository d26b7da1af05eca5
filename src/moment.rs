//! Moments: what one request or one job knows of the time and of randomness.

use crate::id::Id;
use crate::time::{Random, Timestamp};

/// The time and the source of randomness of one request or job.
#[derive(Clone)]
pub struct Moment {
    /// The time of the request or job. It stays the same until the end.
    pub now: Timestamp,
    pub random: Random,
}

impl Moment {
    /// Makes a new identifier, a UUIDv7 (RFC 9562), which sorts by time.
    pub fn id<Kind>(&self) -> Id<Kind> {
        Id::new(self.now, &self.random)
    }
}
