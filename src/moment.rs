//! Moments: the time and the randomness that are passed to one request or one background job.

use crate::id::Id;
use crate::time::{Random, Timestamp};

/// The time and the source of randomness of one request or background job.
#[derive(Clone)]
pub struct Moment {
    /// The time at which the request or job began. It stays the same until the end.
    pub now: Timestamp,
    pub random: Random,
}

impl Moment {
    /// Makes a new identifier of a record from the time and the randomness: a UUIDv7 (RFC 9562), which sorts by time.
    pub fn id<Kind>(&self) -> Id<Kind> {
        Id::new(self.now, &self.random)
    }
}
