//! Threads of their own for measuring boundaries, which takes up to seconds: as long, no worker can answer callers and no
//! thread of the database can write.
//!
//! One boundary that somebody has drawn is measured at a time, and only a few wait for their turn, so that measuring takes
//! at most one core. What a server needs to go on, such as the snapshot of a version that another server has written, does
//! not wait for a turn.

use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

use crate::error::{Error, Problem, Result};

/// The largest number of measurements that wait or run at once. More are refused as overload.
const MOST: usize = 8;

/// The turns of measurements. Clones share the turns.
#[derive(Debug, Clone)]
pub struct Measuring {
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl Default for Measuring {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MOST)), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Measuring {
    /// Runs `work` on a thread of its own when its turn comes, and returns its result. Fails as overloaded if too many
    /// measurements wait already. Work that has begun is finished even if the caller goes away meanwhile.
    pub async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Error::new(Problem::Overloaded))?;
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(Error::internal)?;
        apart(move || {
            let _held_until_done = (place, turn);
            work()
        })
        .await
    }
}

/// Runs `work` on a thread of its own, without waiting for a turn, and returns its result.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (tell, told) = oneshot::channel();
    let run = move || {
        // The caller may have gone away.
        let _gone = tell.send(work());
    };
    std::thread::Builder::new().name("measuring".to_owned()).spawn(run).map_err(Error::internal)?;
    told.await.map_err(|_| Error::internal("a measurement panicked"))
}
