//! Faults that really happen: the database goes away and comes back, the disk fills up, the clock is set back, the audit's queue is
//! full. What was acknowledged stays, what cannot be done is refused in so many words, and nobody has to start the server anew.
//!
//! What needs a heavy load, a killed server or a thousand callers is `cargo bench --bench faults` and `--bench crash`.

mod audit_queue;
mod clock;
mod full_disk;
mod open_files;
mod outage;

use crate::support::Answer;

/// That it cannot be done now, and when to try again.
#[track_caller]
pub fn assert_refused_for_now(answer: &Answer) {
    let slug = if answer.text().contains("/problems/overloaded") { "overloaded" } else { "unavailable" };
    answer.problem(503, slug);
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{answer:?}");
}
