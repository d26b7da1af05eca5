//! Whose turn it is: a job that has waited too long is given up by its caller, and then never runs.
//!
//! An answer that comes after its caller has lost patience helps nobody, and makes those behind it wait for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, Problem, Result};

/// One job's turn. Whoever takes it first has it: the thread that runs the job, or the caller who gives it up.
#[derive(Clone, Default)]
pub struct Turn(Arc<AtomicBool>);

impl Turn {
    /// True for the first who takes it, and for nobody after that.
    pub fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// Waits for the answer of a job whose turn must come before `patience` has run out; once begun, it is waited for.
pub async fn answer_of<T>(mut answer: oneshot::Receiver<Result<T>>, turn: &Turn, patience: Duration) -> Result<T> {
    let answered = match tokio::time::timeout(patience, &mut answer).await {
        Ok(answered) => answered,
        Err(_) if turn.take() => return Err(Error::new(Problem::Overloaded)),
        Err(_) => answer.await,
    };
    // Who runs jobs is gone.
    answered.unwrap_or_else(|_| Err(Error::new(Problem::Unavailable)))
}
