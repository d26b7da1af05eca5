//! The database: one interface to PostgreSQL and SQLite.
//!
//! - A write is one transaction that contains everything of one change. Its caller is answered once it is durable.
//! - On SQLite, several threads read, and one writer commits jobs in groups. On PostgreSQL, one set of threads reads and another
//!   writes, with one transaction for each write, because the savepoints of a group would cost round trips there.
//! - Work that cannot be done soon is refused: immediately if the queue is full, or later if its turn does not come in time. Work
//!   that was refused never runs.
//! - A job is a function that does database work and nothing else, because it may run again: on PostgreSQL after a deadlock or a
//!   serialization failure, on SQLite when another job of its group failed.

pub mod among;
pub mod backup;
mod checkpoints;
pub mod columns;
pub mod connection;
pub mod dialect;
pub mod migrations;
pub mod private;
pub mod schema;
pub mod sizes;
pub mod sql_types;
mod threads;
mod turn;
mod writer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::TransactionManager;
use diesel::result::DatabaseErrorKind;

pub use connection::{DbConn, Prepare, Target};
use connection::{Opener, Purpose};
use threads::Threads;
use writer::DbWriter;

use crate::error::{Error, Problem, Result, Text};
pub use sizes::Sizes;

/// A handle on the threads that use the database. Clones share the same threads.
#[derive(Clone)]
pub struct Db {
    readers: Threads,
    writers: Writers,
}

#[derive(Clone)]
enum Writers {
    /// The one writer of SQLite, which commits jobs in groups.
    Grouped(DbWriter),
    /// The writing threads of PostgreSQL, with one transaction for each write.
    Separate(Threads),
}

/// The largest number of attempts for a transaction that fails because of a conflict with another one. After [`TRIED_FOR`] it is
/// not tried again either: the audit's seals rely on a record being committed soon after it was made.
const ATTEMPTS: u32 = 4;
const TRIED_FOR: Duration = Duration::from_secs(20);

impl Db {
    /// Opens the connections and starts the threads. All migrations must have been run on the database before.
    pub fn open(target: &Target, sizes: Sizes) -> Result<Self> {
        Self::open_with(target, sizes, Arc::new(|_| {}))
    }

    /// Does the same as [`Db::open`], and prepares each connection by `prepare` when it is opened.
    pub fn open_with(target: &Target, sizes: Sizes, prepare: Prepare) -> Result<Self> {
        let opener = |purpose| Opener { target: target.clone(), purpose, prepare: Arc::clone(&prepare) };
        let readers = Threads::start(&opener(Purpose::Reading), sizes.readers, &sizes)?;
        let writers = match target {
            Target::Sqlite(_) => Writers::Grouped(DbWriter::start(&opener(Purpose::WritingGroups), &sizes)?),
            Target::Postgres(_) => Writers::Separate(Threads::start(&opener(Purpose::Writing), sizes.writers, &sizes)?),
        };
        Ok(Self { readers, writers })
    }

    /// Runs a job that only reads, and returns its result. Personal data that is sent to a caller must be read with
    /// [`Db::read_recorded`] instead, or be part of a recorded write.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.run(job).await
    }

    /// Runs a job that writes, in one transaction: completely or not at all. Its changes are durable once this returns a success.
    pub async fn write<T: Send + 'static>(&self, job: impl Fn(&mut DbConn) -> Result<T> + Send + 'static) -> Result<T> {
        match &self.writers {
            Writers::Grouped(writer) => writer.write(job).await,
            Writers::Separate(threads) => threads.run(move |conn| in_transaction(conn, &job)).await,
        }
    }

    /// Runs `job`, which reads personal data, and then `record`, which writes the audit record of the reading. The record is
    /// durable before this returns the data.
    ///
    /// On SQLite the record goes through the group writer, so that readings which wait together share one flush. On PostgreSQL,
    /// `record` runs next on the same connection and commits by itself, so it must be a single statement.
    pub async fn read_recorded<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
        record: impl FnOnce(&mut DbConn, &T) -> Result<()> + Send + 'static,
    ) -> Result<T> {
        match &self.writers {
            Writers::Grouped(writer) => {
                let found = self.readers.run(job).await?;
                writer.write_once(move |conn| record(conn, &found).map(|()| found)).await
            }
            // The commit of the record waits for the disk, so the job belongs to the larger set of threads.
            Writers::Separate(threads) => {
                let both = move |conn: &mut DbConn| {
                    let found = job(conn)?;
                    record(conn, &found)?;
                    Ok(found)
                };
                threads.run(both).await
            }
        }
    }
}

/// Runs `job` in a transaction and commits it. Runs it again, a few times, if it fails because of a conflict with another
/// transaction.
pub fn in_transaction<T>(conn: &mut DbConn, job: &impl Fn(&mut DbConn) -> Result<T>) -> Result<T> {
    type Transactions = <DbConn as Connection>::TransactionManager;
    let begun = Instant::now();
    let mut attempt = 1;
    loop {
        writer::begin(conn)?;
        let outcome = job(conn).and_then(|answer| {
            // Otherwise the commit would only release the job's savepoint.
            if writer::depth(conn)? != 1 {
                return Err(writer::left_open());
            }
            Transactions::commit_transaction(conn)?;
            Ok(answer)
        });
        let Err(error) = outcome else { return outcome };
        // After a failed commit there may be nothing left to roll back. The thread replaces a lost connection.
        while matches!(writer::depth(conn), Ok(1..)) && Transactions::rollback_transaction(conn).is_ok() {}
        if attempt == ATTEMPTS || begun.elapsed() > TRIED_FOR || !dialect::is_worth_another_try(&error) {
            return Err(error);
        }
        attempt += 1;
    }
}

/// Translates the error of a failed statement into the problem that is reported to the caller. The database's own message only
/// goes to the log, because it quotes values.
impl From<diesel::result::Error> for Error {
    fn from(cause: diesel::result::Error) -> Self {
        use diesel::result::Error as Diesel;
        let problem = match &cause {
            Diesel::NotFound => Problem::NotFound,
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Problem::AlreadyExists,
            Diesel::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => Problem::StillReferenced,
            Diesel::DatabaseError(DatabaseErrorKind::ClosedConnection, _) | Diesel::BrokenTransactionManager => {
                Problem::Unavailable
            }
            Diesel::DatabaseError(_, about) if dialect::is_outage(about.message()) => Problem::Unavailable,
            _ => Problem::InternalError,
        };
        Self::new(problem).because(cause)
    }
}

/// Whether a write failed because another call was faster: the version that it was based on has changed, or what it wanted to
/// create exists already.
pub fn is_lost_race(error: &Error) -> bool {
    matches!(error.problem(), Problem::AlreadyExists | Problem::StaleVersion)
}

/// The error for a write that is based on a version which was changed between reading and writing.
pub fn stale() -> Error {
    Error::with_detail(
        Problem::StaleVersion,
        Text::new(
            "It was changed since you read it; read it again.",
            "Den har ändrats sedan du läste den; läs den igen.",
        ),
    )
}
