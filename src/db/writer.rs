//! The group-commit writer of SQLite.
//!
//! One thread owns the only connection that writes. Jobs that wait together share one transaction, and so one flush to disk.
//!
//! - A job that succeeds is answered only after the commit: what is acknowledged is durable.
//! - A job that fails or panics is rolled back alone, and so is one that leaves a savepoint of its own open: nobody knows what it
//!   meant to keep. Hardly any does, and savepoints cost, so a group is tried without them; if one of its jobs fails, all of it is
//!   rolled back and runs again with a savepoint for each.
//! - Whoever was answered often asks again at once. So a group that is smaller than those before it waits a moment for the rest;
//!   where nobody came together lately nobody waits.
//! - When the commit fails, or the engine gave up the whole transaction (a full disk), nothing of the group
//!   is there, and every job of it is told so.

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

/// More than this in one group would make the first of them wait for the last.
const LARGEST_GROUP: usize = 128;
/// A group waits no longer than this, twice a flush of a good disk, for those who are likely to come.
const GATHERING: Duration = Duration::from_micros(300);

/// Takes jobs for the writing thread; dropping the last handle lets it finish what is queued, and end.
#[derive(Clone)]
pub struct DbWriter(Arc<WriterOwner>);

/// Jobs of one group, and whether they are committed.
type Finished = (Vec<Box<dyn WriteJob>>, bool);

struct WriterOwner {
    closed: Arc<AtomicBool>,
    queue: Mutex<Option<SyncSender<Box<dyn WriteJob>>>>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
    patience: Duration,
}

/// A queued job whose answer's type is forgotten.
trait WriteJob: Send {
    /// Takes its turn; false when nobody waits for it any more.
    fn begin(&self) -> bool;
    /// Whether it may run again after it was rolled back.
    fn may_run_again(&self) -> bool;
    /// Does the work and keeps the answer. True when its effects shall stay.
    fn run(&mut self, conn: &mut DbConn) -> bool;
    /// Answers with this failure in place of a success whose effects cannot stay.
    fn fail(&mut self, error: Error);
    /// Gives the answer, now that the fate of the group is known.
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
            // Its own failure stands whatever became of the group.
            Some(Err(error)) => Err(error),
            Some(Ok(answer)) if committed => Ok(answer),
            _ => Err(Error::new(Problem::Unavailable)),
        };
        let _gone = self.caller.send(answer);
    }
}

impl DbWriter {
    /// Opens the connection and begins to take jobs.
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
        // Each answer wakes another thread, which takes its time: the writer goes on meanwhile.
        let answer = move || give_answers(&finished);
        let answer =
            std::thread::Builder::new().name("db-answers".to_owned()).spawn(answer).map_err(Error::internal)?;
        let (queue, threads) = (Mutex::new(Some(queue)), Mutex::new(vec![write, answer]));
        Ok(Self(Arc::new(WriterOwner { closed, queue, threads, patience: sizes.patience })))
    }

    /// Runs `work` in the next group, twice if another job of that group fails, and answers when its effects are durable.
    ///
    /// `work` is database work and nothing else. If the caller goes away before its turn, it is skipped.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.queue(Work::Again(Box::new(work))).await
    }

    /// The same for work that cannot run twice.
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
        // What came together lately counts less and less.
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

/// All that wait; and while they are fewer than usual, those who come within a moment.
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

/// False when nothing of the group is in the database.
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

/// Runs the jobs until one fails. False when one did.
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
    // Nested, hence a savepoint.
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
    // When the engine has rolled back everything by itself the savepoint is gone, and this fails: so does the group.
    if keep { Transactions::commit_transaction(conn) } else { Transactions::rollback_transaction(conn) }
}

/// Takes the write lock at once: a transaction that reads first and then wants to write is refused when another wrote in between.
pub fn begin(conn: &mut DbConn) -> diesel::QueryResult<()> {
    match conn {
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        DbConn::Postgres(_) => Transactions::begin_transaction(conn),
    }
}

/// What a job is answered that left savepoints of its own open: what it did is rolled back.
pub fn left_open() -> Error {
    Error::internal("a database job left a savepoint open")
}

/// How many transactions are open within each other: the outermost, and savepoints.
pub fn depth(conn: &mut DbConn) -> diesel::QueryResult<u32> {
    let status = Transactions::transaction_manager_status_mut(conn);
    Ok(status.transaction_depth()?.map_or(0, std::num::NonZeroU32::get))
}

/// The connection, ready for the next group; `None` when the database is away and nobody is left to try for.
fn recover(target: &Target, mut conn: DbConn, closed: &AtomicBool) -> Option<DbConn> {
    while matches!(depth(&mut conn), Ok(1..)) && Transactions::rollback_transaction(&mut conn).is_ok() {}
    if is_between_transactions(&mut conn) {
        return Some(conn);
    }
    reconnect(target, Purpose::WritingGroups, |_| closed.load(Ordering::Acquire))
}
