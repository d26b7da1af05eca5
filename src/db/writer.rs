//! The group-commit writer of SQLite.
//!
//! One thread owns the only connection that writes. Jobs that wait together share one transaction, and so
//! one flush to disk; each runs in a savepoint of its own.
//!
//! - A job that succeeds is answered only after the commit: what is acknowledged is durable.
//! - A job that fails or panics is rolled back alone; the others of its group are not touched.
//! - When the commit fails, or the engine gave up the whole transaction (a full disk), nothing of the group
//!   is there, and every job of it is told so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::oneshot;

use crate::db::Sizes;
use crate::db::connection::{DbConn, Purpose, Target};
use crate::db::threads::{is_between_transactions, panicked, reconnect};
use crate::db::turn::{self, Turn};
use crate::error::{Error, Problem, Result};

type Transactions = <DbConn as Connection>::TransactionManager;

/// More than this in one group would make the first of them wait for the last.
const LARGEST_GROUP: usize = 128;

/// Takes jobs for the writing thread; dropping the last handle lets it finish what is queued, and end.
#[derive(Clone)]
pub struct Writer(Arc<Owner>);

struct Owner {
    closed: Arc<AtomicBool>,
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    patience: Duration,
}

/// A queued job whose answer's type is forgotten.
trait Job: Send {
    /// Takes its turn; false when nobody waits for it any more.
    fn begin(&self) -> bool;
    /// Does the work and keeps the answer. True when its effects shall stay.
    fn run(&mut self, conn: &mut DbConn) -> bool;
    /// Gives the answer, now that the fate of the group is known.
    fn finish(self: Box<Self>, committed: bool);
}

struct Task<T, F> {
    work: Option<F>,
    answer: Option<Result<T>>,
    caller: oneshot::Sender<Result<T>>,
    turn: Turn,
}

impl<T: Send, F: FnOnce(&mut DbConn) -> Result<T> + Send> Job for Task<T, F> {
    fn begin(&self) -> bool {
        !self.caller.is_closed() && self.turn.take()
    }

    fn run(&mut self, conn: &mut DbConn) -> bool {
        let Some(work) = self.work.take() else { return false };
        let answer = catch_unwind(AssertUnwindSafe(|| work(conn))).unwrap_or_else(|_| Err(panicked()));
        let keep = answer.is_ok();
        self.answer = Some(answer);
        keep
    }

    fn finish(self: Box<Self>, committed: bool) {
        let answer = match self.answer {
            // Its own failure stands whatever became of the group.
            Some(Err(error)) => Err(error),
            Some(Ok(answer)) if committed => Ok(answer),
            _ => Err(Error::new(Problem::Unavailable)),
        };
        let _gone = self.caller.send(answer);
    }
}

impl Writer {
    /// Opens the connection and begins to take jobs.
    pub fn start(target: &Target, sizes: &Sizes) -> Result<Self> {
        let conn = target.connect(Purpose::Writing)?;
        let (queue, jobs) = sync_channel(sizes.queue);
        let target = target.clone();
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let work = move || write_groups(&target, conn, &jobs, &is_closed);
        let thread = std::thread::Builder::new().name("db-writer".to_owned()).spawn(work).map_err(Error::internal)?;
        let (queue, thread) = (Mutex::new(Some(queue)), Mutex::new(Some(thread)));
        Ok(Self(Arc::new(Owner { closed, queue, thread, patience: sizes.patience })))
    }

    /// Runs `work` in the next group and answers when its effects are durable.
    ///
    /// `work` is database work and nothing else. If the caller goes away before its turn, it is skipped.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (caller, answer) = oneshot::channel();
        let turn = Turn::default();
        let task = Box::new(Task { work: Some(work), answer: None, caller, turn: turn.clone() });
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = queue.ok_or_else(|| Error::new(Problem::Unavailable))?.try_send(task);
        sent.map_err(|refused| match refused {
            TrySendError::Full(_) => Error::new(Problem::Overloaded),
            TrySendError::Disconnected(_) => Error::new(Problem::Unavailable),
        })?;
        turn::answer_of(answer, &turn, self.0.patience).await
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _panicked = thread.join();
        }
    }
}

fn write_groups(target: &Target, mut conn: DbConn, jobs: &Receiver<Box<dyn Job>>, closed: &AtomicBool) {
    let mut group: Vec<Box<dyn Job>> = Vec::with_capacity(LARGEST_GROUP);
    while let Ok(first) = jobs.recv() {
        group.push(first);
        group.extend(jobs.try_iter().take(LARGEST_GROUP - 1));
        group.retain(|job| job.begin());
        let committed = group.is_empty() || commit_group(&mut conn, &mut group);
        for job in group.drain(..) {
            job.finish(committed);
        }
        if !committed {
            let Some(recovered) = recover(target, conn, closed) else { return };
            conn = recovered;
        }
    }
}

/// False when nothing of the group is in the database.
fn commit_group(conn: &mut DbConn, group: &mut [Box<dyn Job>]) -> bool {
    match try_commit_group(conn, group) {
        Ok(()) => true,
        Err(cause) => {
            tracing::error!(%cause, jobs = group.len(), "a group of writes was rolled back");
            false
        }
    }
}

fn try_commit_group(conn: &mut DbConn, group: &mut [Box<dyn Job>]) -> diesel::QueryResult<()> {
    begin(conn)?;
    for job in group {
        // Nested, hence a savepoint.
        Transactions::begin_transaction(conn)?;
        let keep = job.run(conn);
        // A panicking job may have left savepoints of its own open.
        while depth(conn)? > 2 {
            Transactions::rollback_transaction(conn)?;
        }
        if depth(conn)? < 2 {
            return Err(diesel::result::Error::RollbackTransaction);
        }
        // When the engine has rolled back everything by itself the savepoint is gone, and this fails: so does the group.
        if keep {
            Transactions::commit_transaction(conn)?;
        } else {
            Transactions::rollback_transaction(conn)?;
        }
    }
    Transactions::commit_transaction(conn)
}

/// Takes the write lock at once: a transaction that reads first and then wants to write is refused when another wrote in between.
pub fn begin(conn: &mut DbConn) -> diesel::QueryResult<()> {
    match conn {
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        DbConn::Postgres(_) => Transactions::begin_transaction(conn),
    }
}

fn depth(conn: &mut DbConn) -> diesel::QueryResult<u32> {
    let status = Transactions::transaction_manager_status_mut(conn);
    Ok(status.transaction_depth()?.map_or(0, std::num::NonZeroU32::get))
}

/// The connection, ready for the next group; `None` when the database is away and nobody is left to try for.
fn recover(target: &Target, mut conn: DbConn, closed: &AtomicBool) -> Option<DbConn> {
    while matches!(depth(&mut conn), Ok(1..)) && Transactions::rollback_transaction(&mut conn).is_ok() {}
    if is_between_transactions(&mut conn) {
        return Some(conn);
    }
    reconnect(target, Purpose::Writing, || closed.load(Ordering::Acquire))
}
