//! The writer of SQLite, which commits jobs in groups.
//!
//! One thread owns the only connection that writes. Jobs that wait together share one transaction, and so one flush to disk.
//!
//! - A successful job is answered only after the commit, so everything that is acknowledged is durable.
//! - A job that fails or panics is rolled back alone. So is a job that leaves a savepoint of its own open, because it is unclear
//!   which changes it meant to keep. Such jobs are rare and savepoints cost time, so a group is tried without savepoints first.
//!   If one of its jobs fails, the whole group is rolled back and runs again with a savepoint for each job.
//! - A caller that was answered often sends its next job at once. So if a group is smaller than recent ones, the writer waits a
//!   moment for more jobs. If recent groups were single jobs, it does not wait.
//! - If the commit fails, or SQLite gives up the whole transaction (for instance because the disk is full), nothing of the group
//!   is stored, and every job of it fails.

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
use crate::db::connection::{DbConn, Opener};
use crate::db::threads::{is_between_transactions, panicked, reconnect};
use crate::db::turn::{self, Turn};
use crate::error::{Error, Problem, Result};

type Transactions = <DbConn as Connection>::TransactionManager;

/// The largest number of jobs in a group. In a larger group, the first job would wait too long for the last.
const LARGEST_GROUP: usize = 128;
/// The longest time for which the writer waits for more jobs before it begins a group: twice the time that a flush to a good disk
/// takes.
const GATHERING: Duration = Duration::from_micros(300);

/// The handle by which callers queue jobs for the writing thread. When the last clone is dropped, the thread finishes the queued
/// jobs and ends.
#[derive(Clone)]
pub struct DbWriter(Arc<WriterOwner>);

/// The jobs of one group that has run, and whether the group was committed.
type Finished = (Vec<Box<dyn WriteJob>>, bool);

struct WriterOwner {
    closed: Arc<AtomicBool>,
    queue: Mutex<Option<SyncSender<Box<dyn WriteJob>>>>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
    patience: Duration,
}

/// A queued job, independent of the type of its answer.
trait WriteJob: Send {
    /// Takes the job's turn before it runs. Returns false if the caller no longer waits; then the job must not run.
    fn begin(&self) -> bool;
    /// Whether the job can run a second time if its group was rolled back.
    fn may_run_again(&self) -> bool;
    /// Runs the job and stores its answer. Returns true if the job succeeded, so that its changes are to be committed.
    fn run(&mut self, conn: &mut DbConn) -> bool;
    /// Replaces the answer of a successful job by `error`, because its changes cannot be committed. The error of a failed job
    /// stays.
    fn fail(&mut self, error: Error);
    /// Sends the answer to the caller, after the group was committed or rolled back. If it was rolled back, the caller of a
    /// successful job gets an error.
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
    /// Opens the connection and starts the threads that write, answer and copy the log.
    pub fn start(opener: &Opener, sizes: &Sizes) -> Result<Self> {
        let conn = opener.connect()?;
        let (queue, jobs) = sync_channel(sizes.queue);
        let opener = opener.clone();
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let checkpoints = Checkpoints::start(&opener.target)?;
        let (answers, finished) = channel();
        let write = move || write_groups(&opener, conn, &jobs, &is_closed, &checkpoints, &answers);
        let write = std::thread::Builder::new().name("db-writer".to_owned()).spawn(write).map_err(Error::internal)?;
        // A separate thread sends the answers, because waking each caller takes time. The writer goes on meanwhile.
        let answer = move || give_answers(&finished);
        let answer =
            std::thread::Builder::new().name("db-answers".to_owned()).spawn(answer).map_err(Error::internal)?;
        let (queue, threads) = (Mutex::new(Some(queue)), Mutex::new(vec![write, answer]));
        Ok(Self(Arc::new(WriterOwner { closed, queue, threads, patience: sizes.patience })))
    }

    /// Runs `work` in the next group, and again if another job of that group fails. A success is returned once its changes are
    /// durable.
    ///
    /// `work` must do database work and nothing else. It is skipped if the caller stops waiting before its turn.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.queue(Work::Again(Box::new(work))).await
    }

    /// Runs `work` like [`DbWriter::write`], but only once, even if another job of its group fails.
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
    opener: &Opener,
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
            let Some(recovered) = recover(opener, conn, closed) else { return };
            conn = recovered;
        }
    }
}

/// Collects the waiting jobs into a group with `first`. If they are clearly fewer than `usual`, the size of recent groups, waits
/// up to [`GATHERING`] for more.
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

/// Runs the jobs of a group and commits those that succeed. Returns false if the database failed, so that nothing of the group is
/// stored.
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

/// Runs the jobs in order, without savepoints. Returns false at the first job that fails, and does not run the later ones.
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

/// Runs a job in a savepoint of its own, and rolls back only this job if it fails.
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

/// Begins a transaction. On SQLite it takes the lock for writing at once, because a transaction that first reads and then wants
/// to write is refused if another one wrote in between.
pub fn begin(conn: &mut DbConn) -> diesel::QueryResult<()> {
    match conn {
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        DbConn::Postgres(_) => Transactions::begin_transaction(conn),
    }
}

/// The error for a job that left savepoints of its own open. Its changes are rolled back.
pub fn left_open() -> Error {
    Error::internal("a database job left a savepoint open")
}

/// The number of open transactions on the connection: 0 for none, 1 for one, and one more for each savepoint in it.
pub fn depth(conn: &mut DbConn) -> diesel::QueryResult<u32> {
    let status = Transactions::transaction_manager_status_mut(conn);
    Ok(status.transaction_depth()?.map_or(0, std::num::NonZeroU32::get))
}

/// Makes a connection ready for the next group after a failed commit: rolls back what is open, or opens a new connection. Returns
/// `None` if the database is unreachable and the writer is closed.
fn recover(opener: &Opener, mut conn: DbConn, closed: &AtomicBool) -> Option<DbConn> {
    while matches!(depth(&mut conn), Ok(1..)) && Transactions::rollback_transaction(&mut conn).is_ok() {}
    if is_between_transactions(&mut conn) {
        return Some(conn);
    }
    reconnect(opener, |_| closed.load(Ordering::Acquire))
}
