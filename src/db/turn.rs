//! Turns of queued jobs. If a job has not begun in time, its caller gives it up, and then it never runs.
//!
//! The answer to a caller that has given up would help nobody, and the work for it would delay the other jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, Problem, Result};

/// The turn of one queued job. It belongs to the first that takes it: the thread that runs the job, or the caller that gives the
/// job up.
#[derive(Clone, Default)]
pub struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Takes the turn of the job. Returns true only at the first call.
    pub fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// Waits for the answer of a queued job. If the job has not begun when `patience` has run out, takes its turn and returns the
/// error for an overload. A job that has begun is waited for without a limit.
pub async fn answer_of<T>(mut answer: oneshot::Receiver<Result<T>>, turn: &Turn, patience: Duration) -> Result<T> {
    let answered = match tokio::time::timeout(patience, &mut answer).await {
        Ok(answered) => answered,
        Err(_) if turn.take() => return Err(Error::new(Problem::Overloaded)),
        Err(_) => answer.await,
    };
    // The thread that runs jobs has ended.
    answered.unwrap_or_else(|_| Err(Error::new(Problem::Unavailable)))
}
