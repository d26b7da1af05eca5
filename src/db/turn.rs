//! Turns: a job that waits too long is given up by its caller, and then never runs.
//!
//! An answer that arrives after its caller has given up helps nobody, and delays the jobs after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, Problem, Result};

/// The turn of one job. It belongs to the first that takes it: the thread that runs the job, or the caller that gives it up.
#[derive(Clone, Default)]
pub struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Takes the turn. Returns true for the first that takes it, and false for all others.
    pub fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// Waits for the answer of a job. The job must begin before `patience` has run out; a job that has begun is waited for without a
/// limit.
pub async fn answer_of<T>(mut answer: oneshot::Receiver<Result<T>>, turn: &Turn, patience: Duration) -> Result<T> {
    let answered = match tokio::time::timeout(patience, &mut answer).await {
        Ok(answered) => answered,
        Err(_) if turn.take() => return Err(Error::new(Problem::Overloaded)),
        Err(_) => answer.await,
    };
    // The thread that runs jobs has ended.
    answered.unwrap_or_else(|_| Err(Error::new(Problem::Unavailable)))
}
