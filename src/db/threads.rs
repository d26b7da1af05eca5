//! Threads that each own a connection and take jobs from one bounded queue.
//!
//! A thread that owns its connection spares the check-out of a pool, and its prepared statements stay warm.
//! A full queue is an answer (503), not a wait: latency that grows without bound helps nobody. So is a database that has been away for a
//! second.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::Connection;
use diesel::connection::TransactionManager;
use tokio::sync::oneshot;

use crate::db::Sizes;
use crate::db::connection::{DbConn, Purpose, Target};
use crate::db::turn::{self, Turn};
use crate::error::{Error, Problem, Result};

/// A job says whether it found the connection lost.
type ThreadJob = Box<dyn FnOnce(&mut DbConn) -> bool + Send>;

/// A set of threads; dropping the last handle lets them finish what is queued, and end.
#[derive(Clone)]
pub struct Threads(Arc<ThreadsOwner>);

struct ThreadsOwner {
    queue: Arc<Queue>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
    patience: Duration,
}

struct Queue {
    waiting: Mutex<WaitingJobs>,
    ready: Condvar,
    capacity: usize,
}

struct WaitingJobs {
    jobs: VecDeque<ThreadJob>,
    closed: bool,
    /// How many threads have had no database for a while.
    away: usize,
    threads: usize,
}

impl Threads {
    /// Opens `count` connections, so that a wrong address stops the start, and begins to take jobs.
    pub fn start(target: &Target, purpose: Purpose, count: usize, sizes: &Sizes) -> Result<Self> {
        let waiting = Mutex::new(WaitingJobs { jobs: VecDeque::new(), closed: false, away: 0, threads: count });
        let queue = Arc::new(Queue { waiting, ready: Condvar::new(), capacity: sizes.queue });
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let (queue, target) = (Arc::clone(&queue), target.clone());
            let conn = target.connect(purpose)?;
            let work = move || run(&queue, &target, purpose, conn);
            let name = format!("db-{purpose:?}-{number}").to_lowercase();
            threads.push(std::thread::Builder::new().name(name).spawn(work).map_err(Error::internal)?);
        }
        Ok(Self(Arc::new(ThreadsOwner { queue, threads: Mutex::new(threads), patience: sizes.patience })))
    }

    /// Runs `job` on one of the threads.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let turn = Turn::default();
        let its_turn = turn.clone();
        self.0.queue.push(Box::new(move |conn| {
            // Nobody waits any more: the caller went away, or gave up, before its turn came.
            if sender.is_closed() || !its_turn.take() {
                return false;
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| job(conn))).unwrap_or_else(|_| Err(panicked()));
            let lost = matches!(&outcome, Err(error) if error.problem() == Problem::Unavailable);
            let _gone = sender.send(outcome);
            lost
        }))?;
        turn::answer_of(receiver, &turn, self.0.patience).await
    }
}

/// What a caller gets whose job panicked; the panic itself is in the log.
pub fn panicked() -> Error {
    Error::internal("a database job panicked")
}

impl Drop for ThreadsOwner {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.ready.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _panicked = thread.join();
        }
    }
}

impl Queue {
    /// The queue is whole between any two statements under the lock, so a poisoned lock still guards a whole queue.
    fn lock(&self) -> MutexGuard<'_, WaitingJobs> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: ThreadJob) -> Result<()> {
        let mut waiting = self.lock();
        if waiting.away == waiting.threads {
            return Err(Error::new(Problem::Unavailable));
        }
        if waiting.jobs.len() >= self.capacity {
            return Err(Error::new(Problem::Overloaded));
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.ready.notify_one();
        Ok(())
    }

    /// Notes that one more thread has no database. When none has any, nobody is kept waiting for one.
    fn lose_one(&self) {
        let mut waiting = self.lock();
        waiting.away += 1;
        if waiting.away == waiting.threads {
            waiting.jobs.clear();
        }
    }

    /// Notes that it has one again.
    fn find_one(&self) {
        self.lock().away -= 1;
    }

    /// The next job, or `None` when the queue is closed and empty.
    fn pop(&self) -> Option<ThreadJob> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.ready.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn run(queue: &Queue, target: &Target, purpose: Purpose, mut conn: DbConn) {
    while let Some(job) = queue.pop() {
        // Outside of a transaction diesel does not remember that the connection is lost; the job has noticed.
        let lost = job(&mut conn);
        if lost || !is_between_transactions(&mut conn) {
            let mut is_away = false;
            let fresh = reconnect(target, purpose, |failed| {
                if failed == PATIENT_ATTEMPTS {
                    is_away = true;
                    queue.lose_one();
                }
                queue.lock().closed
            });
            if is_away {
                queue.find_one();
            }
            match fresh {
                Some(fresh) => conn = fresh,
                None => return,
            }
        }
    }
}

/// False when the connection is lost, or when a job left a transaction open.
pub fn is_between_transactions(conn: &mut DbConn) -> bool {
    let status = <DbConn as Connection>::TransactionManager::transaction_manager_status_mut(conn);
    let clean = matches!(status.transaction_depth(), Ok(None));
    clean && !diesel::r2d2::R2D2Connection::is_broken(conn)
}

/// A database that is back within a second was never away for those who wait.
const PATIENT_ATTEMPTS: u32 = 4;

/// Tries until the database is back, for the process outlives an outage; or until there is nobody left to try for, which `is_closed`
/// knows; it is told how often it was tried in vain.
#[expect(clippy::disallowed_methods, reason = "A thread that owns a connection has nothing to do until it has one.")]
pub fn reconnect(target: &Target, purpose: Purpose, mut is_closed: impl FnMut(u32) -> bool) -> Option<DbConn> {
    let mut failed = 0;
    loop {
        if is_closed(failed) {
            return None;
        }
        match target.connect(purpose) {
            Ok(conn) => return Some(conn),
            Err(error) => {
                failed = failed.saturating_add(1);
                tracing::warn!(error = ?error.cause(), "the database cannot be reached; trying again");
                std::thread::sleep(Duration::from_millis(250));
            }
        }
    }
}
