//! Threads that each own a database connection and take jobs from one bounded queue.
//!
//! A thread that owns its connection needs no check-out from a pool, and its prepared statements stay warm. If the queue is full,
//! callers are refused (503) and do not wait, because waiting times that grow without limit help nobody. They are also refused
//! once the database has been unreachable for a second.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::Connection;
use diesel::connection::TransactionManager;
use tokio::sync::oneshot;

use crate::db::Sizes;
use crate::db::connection::{DbConn, Opener};
use crate::db::turn::{self, Turn};
use crate::error::{Error, Problem, Result};

/// A queued job. It returns true if it found that the connection is lost.
type ThreadJob = Box<dyn FnOnce(&mut DbConn) -> bool + Send>;

/// A set of database threads. When the last clone is dropped, they finish the queued jobs and end.
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
    /// The number of threads that have had no connection for a second or longer.
    away: usize,
    threads: usize,
}

impl Threads {
    /// Opens `count` connections and starts a thread for each. Fails if the database cannot be reached, so that a wrong address
    /// stops the start of the program.
    pub fn start(opener: &Opener, count: usize, sizes: &Sizes) -> Result<Self> {
        let waiting = Mutex::new(WaitingJobs { jobs: VecDeque::new(), closed: false, away: 0, threads: count });
        let queue = Arc::new(Queue { waiting, ready: Condvar::new(), capacity: sizes.queue });
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let (queue, opener) = (Arc::clone(&queue), opener.clone());
            let conn = opener.connect()?;
            let name = format!("db-{:?}-{number}", opener.purpose).to_lowercase();
            let work = move || run(&queue, &opener, conn);
            threads.push(std::thread::Builder::new().name(name).spawn(work).map_err(Error::internal)?);
        }
        Ok(Self(Arc::new(ThreadsOwner { queue, threads: Mutex::new(threads), patience: sizes.patience })))
    }

    /// Runs `job` on one of the threads and returns its result. Fails if the queue is full, if the database has been unreachable
    /// for a while, or if the job's turn does not come in time.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let turn = Turn::default();
        let its_turn = turn.clone();
        self.0.queue.push(Box::new(move |conn| {
            // The caller is no longer waiting: it went away, or gave up, before the job's turn came.
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

/// The error that a caller gets if its database job panicked. The panic itself is in the log.
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
    /// Locks the queue. The queue is consistent between any two statements under the lock, so it can be used even if a thread
    /// panicked while it held the lock (a poisoned lock).
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

    /// Notes that one more thread has lost its connection. If no thread has one any more, drops all waiting jobs, so that their
    /// callers get an error.
    fn lose_one(&self) {
        let mut waiting = self.lock();
        waiting.away += 1;
        if waiting.away == waiting.threads {
            waiting.jobs.clear();
        }
    }

    /// Notes that a thread that had lost its connection has one again.
    fn find_one(&self) {
        self.lock().away -= 1;
    }

    /// Waits for the next job and takes it. Returns `None` once the queue is closed and empty.
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

fn run(queue: &Queue, opener: &Opener, mut conn: DbConn) {
    while let Some(job) = queue.pop() {
        // Outside a transaction diesel does not remember that the connection is lost, but the job has noticed.
        let lost = job(&mut conn);
        if lost || !is_between_transactions(&mut conn) {
            let mut is_away = false;
            let fresh = reconnect(opener, |failed| {
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

/// Whether the connection works and is in no transaction: a job may have left one open.
pub fn is_between_transactions(conn: &mut DbConn) -> bool {
    let status = <DbConn as Connection>::TransactionManager::transaction_manager_status_mut(conn);
    let clean = matches!(status.transaction_depth(), Ok(None));
    clean && !diesel::r2d2::R2D2Connection::is_broken(conn)
}

/// The number of failed attempts to connect, one second in all, after which a thread counts as without a database.
const PATIENT_ATTEMPTS: u32 = 4;

/// Tries to connect, four times a second, until the database is back, so that the process outlives an outage. Returns `None` when
/// `is_closed` returns true; it is given the number of failed attempts so far.
#[expect(clippy::disallowed_methods, reason = "A thread that owns a connection has nothing to do until it has one.")]
pub fn reconnect(opener: &Opener, mut is_closed: impl FnMut(u32) -> bool) -> Option<DbConn> {
    let mut failed = 0;
    loop {
        if is_closed(failed) {
            return None;
        }
        match opener.connect() {
            Ok(conn) => return Some(conn),
            Err(error) => {
                failed = failed.saturating_add(1);
                tracing::warn!(error = ?error.cause(), "the database cannot be reached; trying again");
                std::thread::sleep(Duration::from_millis(250));
            }
        }
    }
}
