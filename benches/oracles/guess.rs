//! The best guess by a threshold: learnt from one half of the times, and tried on the other.

/// The times of the calls with each of two numbers, in microseconds, in the order of the calls.
#[derive(Default)]
pub struct Times {
    pub nobody: Vec<u32>,
    pub somebody: Vec<u32>,
}

impl Times {
    /// How many of a hundred guesses about the second half are right, by the threshold that is right most often in the first half.
    pub fn right_guesses(&self) -> f64 {
        let [(nobody, others), (new_nobody, new_others)] = self.halves();
        let mut thresholds: Vec<u32> = nobody.iter().chain(others).copied().collect();
        thresholds.sort_unstable();
        thresholds.dedup();
        let both_ways = thresholds.iter().flat_map(|threshold| [(*threshold, true), (*threshold, false)]);
        let best = both_ways.max_by_key(|guess| right(*guess, nobody, others));
        let Some(best) = best else { return 50.0 };
        100.0 * right(best, new_nobody, new_others) as f64 / (new_nobody.len() + new_others.len()).max(1) as f64
    }

    /// The median of each number's times.
    pub fn medians(&self) -> [u32; 2] {
        [&self.nobody, &self.somebody].map(|times| {
            let mut times = times.clone();
            times.sort_unstable();
            times.get(times.len() / 2).copied().unwrap_or(0)
        })
    }

    fn halves(&self) -> [(&[u32], &[u32]); 2] {
        let (nobody, new_nobody) = self.nobody.split_at(self.nobody.len() / 2);
        let (others, new_others) = self.somebody.split_at(self.somebody.len() / 2);
        [(nobody, others), (new_nobody, new_others)]
    }
}

/// How many guesses are right: that a time above the threshold is somebody's, or nobody's.
fn right((threshold, is_slow): (u32, bool), nobody: &[u32], others: &[u32]) -> usize {
    let above = |times: &[u32]| times.iter().filter(|time| **time > threshold).count();
    let slow = above(others) + nobody.len() - above(nobody);
    if is_slow { slow } else { nobody.len() + others.len() - slow }
}
