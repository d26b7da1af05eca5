//! The effort that one measurement of a boundary may take: a number of steps, and a time.
//!
//! The number of steps is the limit that counts: the same drawing is accepted or refused on every machine. The time is
//! for a machine that is far too busy. A boundary that needs more is refused, because a caller who can draw it could
//! otherwise keep a server busy for as long as they like.

use std::time::{Duration, Instant};

/// The number of steps that one measurement may take. A step is about one comparison of two edges. A million steps take
/// about a tenth of a second, and the most detailed district of Linköping needs about 200,000.
const MOST_STEPS: usize = 10_000_000;

/// The time that one measurement may take.
const MOST_TIME: Duration = Duration::from_secs(20);

/// The number of steps between two looks at the clock.
const STEPS_PER_LOOK: usize = 100_000;

/// The effort that is left for a measurement.
#[derive(Debug)]
pub struct Effort {
    steps: usize,
    until_look: usize,
    begun: Instant,
}

/// The measurement of a boundary needs more effort than is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the boundary is too intricate to be measured")]
pub struct TooIntricate;

impl Default for Effort {
    fn default() -> Self {
        Self::of(MOST_STEPS)
    }
}

impl Effort {
    /// Allows a measurement this number of steps, from now on.
    pub fn of(steps: usize) -> Self {
        Self { steps, until_look: STEPS_PER_LOOK, begun: Instant::now() }
    }

    /// Takes steps from the effort. Fails if too few are left, or if the time is over.
    pub fn spend(&mut self, steps: usize) -> Result<(), TooIntricate> {
        self.steps = self.steps.checked_sub(steps).ok_or(TooIntricate)?;
        match self.until_look.checked_sub(steps) {
            Some(left) => self.until_look = left,
            None if self.begun.elapsed() > MOST_TIME => return Err(TooIntricate),
            None => self.until_look = STEPS_PER_LOOK,
        }
        Ok(())
    }
}
