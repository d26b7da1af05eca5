//! The group-commit writer of SQLite.
//!
//! One thread owns the only connection that writes. Jobs that wait together share one transaction, and so one flush to disk.
//!
//! - A successful job is answered only after the commit: what is acknowledged is durable.
//! - A job that fails or panics is rolled back alone. So is a job that leaves a savepoint of its own open, because it is unclear
//!   what it meant to keep. Such jobs are rare and savepoints cost time, so a group is tried without savepoints first. If one of
//!   its jobs fails, the whole group is rolled back and runs again with a savepoint for each job.
//! - A caller that was answered often sends its next job at once. So a group that is smaller than recent ones waits a moment for
//!   more jobs. If recent groups were single jobs, nobody waits.
//! - If the commit fails, or the engine gave up the whole transaction (a full disk), nothing of the group is stored, and every
//!   job of it fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::oneshot;

use crate::db::Sizes;
use crate::db::checkpoints::Checkpoints;
use crate::db::connection::{DbConn, Purpose, Target};
use crate::db::threads::{is_between_transactions, panicked, reconnect};
use crate::db::turn::{self, Turn};
use crate::error::{Error, Problem, Result};

type Transactions = <DbConn as Connection>::TransactionManager;

/// The largest number of jobs in a group. In a larger one, the first job would wait too long for the last.
const LARGEST_GROUP: usize = 128;
/// The longest time, twice a flush of a good disk, that a group waits for jobs that are likely to come.
const GATHERING: Duration = Duration::from_micros(300);

/// Queues jobs for the writing thread. When the last handle is dropped, the thread finishes the queued jobs and ends.
#[derive(Clone)]
pub struct DbWriter(Arc<WriterOwner>);

/// The jobs of one group, and whether they are committed.
type Finished = (Vec<Box<dyn WriteJob>>, bool);

struct WriterOwner {
    closed: Arc<AtomicBool>,
    queue: Mutex<Option<SyncSender<Box<dyn WriteJob>>>>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
    patience: Duration,
}

/// A queued job, whatever the type of its answer.
trait WriteJob: Send {
    /// Takes the job's turn. Returns false if its caller no longer waits.
    fn begin(&self) -> bool;
    /// Whether the job may run again after it was rolled back.
    fn may_run_again(&self) -> bool;
    /// Does the work and keeps the answer. Returns true if the job's changes shall be kept.
    fn run(&mut self, conn: &mut DbConn) -> bool;
    /// Replaces a success by this failure, because the job's changes cannot be kept.
    fn fail(&mut self, error: Error);
    /// Sends the answer, after the group was committed or rolled back.
    fn finish(self: Box<Self>, committed: bool);
}

struct Task<T> {
    work: Work<T>,
    answer: Option<Result<T>>,
    caller: oneshot::Sender<Result<T>>,
    turn: Turn,
}

enum Work<T> {
    Again(Box<Again<T>>),
    Once(Option<Box<Once<T>>>),
}

type Again<T> = dyn Fn(&mut DbConn) -> Result<T> + Send;
type Once<T> = dyn FnOnce(&mut DbConn) -> Result<T> + Send;

impl<T: Send> WriteJob for Task<T> {
    fn begin(&self) -> bool {
        !self.caller.is_closed() && self.turn.take()
    }

    fn may_run_again(&self) -> bool {
        matches!(self.work, Work::Again(_))
    }

    fn run(&mut self, conn: &mut DbConn) -> bool {
        let answer = match &mut self.work {
            Work::Again(work) => catch_unwind(AssertUnwindSafe(|| work(conn))),
            Work::Once(work) => {
                let Some(work) = work.take() else { return false };
                catch_unwind(AssertUnwindSafe(|| work(conn)))
            }
        };
        let answer = answer.unwrap_or_else(|_| Err(panicked()));
        let keep = answer.is_ok();
        self.answer = Some(answer);
        keep
    }

    fn fail(&mut self, error: Error) {
        if !matches!(self.answer, Some(Err(_))) {
            self.answer = Some(Err(error));
        }
    }

    fn finish(self: Box<Self>, committed: bool) {
        let answer = match self.answer {
            // The job's own failure is the answer, whether the group was committed or not.
            Some(Err(error)) => Err(error),
            Some(Ok(answer)) if committed => Ok(answer),
            _ => Err(Error::new(Problem::Unavailable)),
        };
        let _gone = self.caller.send(answer);
    }
}

impl DbWriter {
    /// Opens the connection and starts the threads.
    pub fn start(target: &Target, sizes: &Sizes) -> Result<Self> {
        let conn = target.connect(Purpose::WritingGroups)?;
        let (queue, jobs) = sync_channel(sizes.queue);
        let target = target.clone();
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let checkpoints = Checkpoints::start(&target)?;
        let (answers, finished) = channel();
        let write = move || write_groups(&target, conn, &jobs, &is_closed, &checkpoints, &answers);
        let write = std::thread::Builder::new().name("db-writer".to_owned()).spawn(write).map_err(Error::internal)?;
        // A separate thread sends the answers, because waking each caller takes time. The writer goes on meanwhile.
        let answer = move || give_answers(&finished);
        let answer =
            std::thread::Builder::new().name("db-answers".to_owned()).spawn(answer).map_err(Error::internal)?;
        let (queue, threads) = (Mutex::new(Some(queue)), Mutex::new(vec![write, answer]));
        Ok(Self(Arc::new(WriterOwner { closed, queue, threads, patience: sizes.patience })))
    }

    /// Runs `work` in the next group, and a second time if another job of that group fails. Returns when its changes are durable.
    ///
    /// `work` is database work and nothing else. If the caller goes away before the job's turn, the job is skipped.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.queue(Work::Again(Box::new(work))).await
    }

    /// Runs `work` like [`DbWriter::write`], but never twice.
    pub async fn write_once<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.queue(Work::Once(Some(Box::new(work)))).await
    }

    async fn queue<T: Send + 'static>(&self, work: Work<T>) -> Result<T> {
        let (caller, answer) = oneshot::channel();
        let turn = Turn::default();
        let task = Box::new(Task { work, answer: None, caller, turn: turn.clone() });
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = queue.ok_or_else(|| Error::new(Problem::Unavailable))?.try_send(task);
        sent.map_err(|refused| match refused {
            TrySendError::Full(_) => Error::new(Problem::Overloaded),
            TrySendError::Disconnected(_) => Error::new(Problem::Unavailable),
        })?;
        turn::answer_of(answer, &turn, self.0.patience).await
    }
}

impl Drop for WriterOwner {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _panicked = thread.join();
        }
    }
}

fn write_groups(
    target: &Target,
    mut conn: DbConn,
    jobs: &Receiver<Box<dyn WriteJob>>,
    closed: &AtomicBool,
    checkpoints: &Checkpoints,
    answers: &Sender<Finished>,
) {
    let mut usual = 0;
    while let Ok(first) = jobs.recv() {
        let mut group = gather(first, jobs, usual);
        // The largest group counts less with each group that follows it.
        usual = group.len().max(usual * 7 / 8);
        group.retain(|job| job.begin());
        let committed = group.is_empty() || commit_group(&mut conn, &mut group);
        if let Err(unsent) = answers.send((group, committed)) {
            finish(unsent.0);
        }
        checkpoints.note();
        if !committed {
            let Some(recovered) = recover(target, conn, closed) else { return };
            conn = recovered;
        }
    }
}

/// Collects the jobs that wait, and, while they are clearly fewer than usual, also those that come within a moment.
fn gather(first: Box<dyn WriteJob>, jobs: &Receiver<Box<dyn WriteJob>>, usual: usize) -> Vec<Box<dyn WriteJob>> {
    let mut group = Vec::with_capacity(LARGEST_GROUP);
    group.push(first);
    group.extend(jobs.try_iter().take(LARGEST_GROUP - 1));
    let begun = Instant::now();
    while group.len() * 4 < usual * 3 {
        let Some(left) = GATHERING.checked_sub(begun.elapsed()) else { break };
        let Ok(job) = jobs.recv_timeout(left) else { break };
        group.push(job);
    }
    group
}

fn give_answers(finished: &Receiver<Finished>) {
    finished.iter().for_each(finish);
}

fn finish((group, committed): Finished) {
    for job in group {
        job.finish(committed);
    }
}

/// Commits a group. Returns false if nothing of it is in the database.
fn commit_group(conn: &mut DbConn, group: &mut [Box<dyn WriteJob>]) -> bool {
    match try_commit_group(conn, group) {
        Ok(()) => true,
        Err(cause) => {
            tracing::error!(%cause, jobs = group.len(), "a group of writes was rolled back");
            false
        }
    }
}

fn try_commit_group(conn: &mut DbConn, group: &mut [Box<dyn WriteJob>]) -> diesel::QueryResult<()> {
    if group.len() == 1 || group.iter().all(|job| job.may_run_again()) {
        begin(conn)?;
        if run_together(conn, group)? {
            return Transactions::commit_transaction(conn);
        }
        while depth(conn)? > 0 {
            Transactions::rollback_transaction(conn)?;
        }
        if group.len() == 1 {
            return Ok(());
        }
    }
    begin(conn)?;
    for job in group {
        run_apart(conn, job.as_mut())?;
    }
    Transactions::commit_transaction(conn)
}

/// Runs the jobs in order. Stops at the first one that fails, and then returns false.
fn run_together(conn: &mut DbConn, group: &mut [Box<dyn WriteJob>]) -> diesel::QueryResult<bool> {
    for job in group {
        let kept = job.run(conn);
        if depth(conn)? != 1 {
            job.fail(left_open());
            return Ok(false);
        }
        if !kept {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Runs a job in a savepoint, so that it can be rolled back alone.
fn run_apart(conn: &mut DbConn, job: &mut dyn WriteJob) -> diesel::QueryResult<()> {
    // This transaction is nested, so it is a savepoint.
    Transactions::begin_transaction(conn)?;
    let mut keep = job.run(conn);
    // A panicking job may have left savepoints of its own open.
    while depth(conn)? > 2 {
        job.fail(left_open());
        keep = false;
        Transactions::rollback_transaction(conn)?;
    }
    if depth(conn)? < 2 {
        return Err(diesel::result::Error::RollbackTransaction);
    }
    // If the engine has rolled back everything, the savepoint is gone and this fails, and the group with it.
    if keep { Transactions::commit_transaction(conn) } else { Transactions::rollback_transaction(conn) }
}

/// Begins a transaction that takes SQLite's write lock at once. A transaction that first reads and then wants to write is refused
/// if another one wrote in between.
pub fn begin(conn: &mut DbConn) -> diesel::QueryResult<()> {
    match conn {
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        DbConn::Postgres(_) => Transactions::begin_transaction(conn),
    }
}

/// The error for a job that left its own savepoints open. Its changes are rolled back.
pub fn left_open() -> Error {
    Error::internal("a database job left a savepoint open")
}

/// The number of nested transactions that are open: the outermost one and its savepoints.
pub fn depth(conn: &mut DbConn) -> diesel::QueryResult<u32> {
    let status = Transactions::transaction_manager_status_mut(conn);
    Ok(status.transaction_depth()?.map_or(0, std::num::NonZeroU32::get))
}

/// Makes the connection ready for the next group. Returns `None` if the database is unreachable and the writer is closed.
fn recover(target: &Target, mut conn: DbConn, closed: &AtomicBool) -> Option<DbConn> {
    while matches!(depth(&mut conn), Ok(1..)) && Transactions::rollback_transaction(&mut conn).is_ok() {}
    if is_between_transactions(&mut conn) {
        return Some(conn);
    }
    reconnect(target, Purpose::WritingGroups, |_| closed.load(Ordering::Acquire))
}
