//! The volume of the answers that are kept for each caller. A caller who names every call by a new key has an answer kept of each, for
//! a day, so the volume has a bound, far above what an ordinary caller needs. Each server counts for itself, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::Duration;

use crate::time::Timestamp;

/// The time for which an answer is kept and given again.
pub const KEPT_FOR: Duration = Duration::hours(24);
/// The largest number of bytes that are kept for one caller in a day: the answers to some fifty thousand calls.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The bytes that were kept for each caller, by the hash of the caller.
pub struct KeptVolume {
    most: Option<usize>,
    by_caller: Mutex<HashMap<[u8; 32], CallersDay>>,
}

/// The bytes that were kept for one caller since the beginning of the day, which begins with the first of them.
struct CallersDay {
    begun: Timestamp,
    bytes: usize,
}

impl KeptVolume {
    /// Makes an empty count. Without `most`, no caller is limited.
    pub fn new(most: Option<usize>) -> Self {
        Self { most, by_caller: Mutex::default() }
    }

    /// Whether another answer may be kept for a caller.
    pub fn has_room(&self, caller: &[u8; 32], now: Timestamp) -> bool {
        let Some(most) = self.most else { return true };
        let by_caller = self.by_caller.lock().unwrap_or_else(PoisonError::into_inner);
        by_caller.get(caller).is_none_or(|day| day.is_over(now) || day.bytes < most)
    }

    /// Counts the bytes of an answer that is kept for a caller.
    pub fn add(&self, caller: [u8; 32], bytes: usize, now: Timestamp) {
        if self.most.is_none() {
            return;
        }
        let mut by_caller = self.by_caller.lock().unwrap_or_else(PoisonError::into_inner);
        let day = by_caller.entry(caller).or_insert(CallersDay { begun: now, bytes: 0 });
        if day.is_over(now) {
            *day = CallersDay { begun: now, bytes: 0 };
        }
        day.bytes += bytes;
    }

    /// Removes the counts of the days that are over at `now`.
    pub fn sweep(&self, now: Timestamp) {
        let mut by_caller = self.by_caller.lock().unwrap_or_else(PoisonError::into_inner);
        by_caller.retain(|_, day| !day.is_over(now));
    }
}

impl CallersDay {
    fn is_over(&self, now: Timestamp) -> bool {
        now.utc() >= self.begun.utc() + KEPT_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_micros(1_764_000_000_000_000 + hour * 3_600_000_000).unwrap()
    }

    #[test]
    fn a_caller_has_so_much_room_in_a_day() {
        let volume = KeptVolume::new(Some(100));
        let (one, other) = ([1; 32], [2; 32]);
        volume.add(one, 60, at(0));
        assert!(volume.has_room(&one, at(1)));
        volume.add(one, 60, at(1));
        assert!(!volume.has_room(&one, at(23)) && volume.has_room(&other, at(23)));
        assert!(volume.has_room(&one, at(24)), "the answers are gone by then");
        volume.add(one, 60, at(24));
        assert!(volume.has_room(&one, at(25)));
        volume.sweep(at(48));
        assert!(volume.by_caller.lock().unwrap().is_empty());
    }

    #[test]
    fn without_limits_there_is_room_for_everything() {
        let volume = KeptVolume::new(None);
        volume.add([1; 32], usize::MAX, at(0));
        assert!(volume.has_room(&[1; 32], at(0)));
    }
}
