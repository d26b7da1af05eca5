//! Moments: what one request or one job knows of the time and of randomness.

use crate::id::Id;
use crate::time::{Random, Timestamp};

/// What one request or job knows of the world: when it runs, and where randomness comes from.
#[derive(Clone)]
pub struct Moment {
    /// When it runs. One request has one time.
    pub now: Timestamp,
    /// Where randomness comes from.
    pub random: Random,
}

impl Moment {
    /// A new identifier: UUIDv7 (RFC 9562), which sorts by time.
    pub fn id<Kind>(&self) -> Id<Kind> {
        Id::new(self.now, &self.random)
    }
}
