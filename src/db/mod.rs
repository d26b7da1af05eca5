//! The database: one interface, two engines.
//!
//! - A write is one transaction that contains everything of one change. It is answered when it is durable.
//! - SQLite has reading threads and one writer that commits jobs in groups. PostgreSQL has a set of threads for reading and one
//!   for writing, with one transaction for each write, because savepoints would cost round trips there.
//! - Work that cannot be done soon is refused: immediately if the queue is full, or later if the job's turn does not come in
//!   time. A refused job never runs.
//! - A job is database work and nothing else. It may run again: on PostgreSQL after a deadlock or a serialization failure, on
//!   SQLite when another job of its group failed.

pub mod backup;
mod checkpoints;
pub mod columns;
pub mod connection;
pub mod dialect;
pub mod migrations;
pub mod schema;
pub mod sizes;
pub mod sql_types;
mod threads;
mod turn;
mod writer;

use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::TransactionManager;
use diesel::result::DatabaseErrorKind;

use connection::Purpose;
pub use connection::{DbConn, Target};
use threads::Threads;
use writer::DbWriter;

use crate::error::{Error, Problem, Result, Text};
pub use sizes::Sizes;

/// A handle on the database. Clones share the same threads.
#[derive(Clone)]
pub struct Db {
    readers: Threads,
    writers: Writers,
}

#[derive(Clone)]
enum Writers {
    /// SQLite: one writer that commits jobs in groups.
    Grouped(DbWriter),
    /// PostgreSQL: one transaction for each write.
    Separate(Threads),
}

/// The number of attempts for a transaction that fails because of a conflict with another one. It is not tried again after
/// [`TRIED_FOR`]: the audit's seals rely on a record being committed soon after it was made.
const ATTEMPTS: u32 = 4;
const TRIED_FOR: Duration = Duration::from_secs(20);

impl Db {
    /// Opens the connections. The database must have been migrated before.
    pub fn open(target: &Target, sizes: Sizes) -> Result<Self> {
        let readers = Threads::start(target, Purpose::Reading, sizes.readers, &sizes)?;
        let writers = match target {
            Target::Sqlite(_) => Writers::Grouped(DbWriter::start(target, &sizes)?),
            Target::Postgres(_) => Writers::Separate(Threads::start(target, Purpose::Writing, sizes.writers, &sizes)?),
        };
        Ok(Self { readers, writers })
    }

    /// Runs a job that only reads. It must not read personal data that leaves the server: see [`Db::read_recorded`].
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.run(job).await
    }

    /// Runs a job that writes, completely or not at all. It is durable once this returns.
    pub async fn write<T: Send + 'static>(&self, job: impl Fn(&mut DbConn) -> Result<T> + Send + 'static) -> Result<T> {
        match &self.writers {
            Writers::Grouped(writer) => writer.write(job).await,
            Writers::Separate(threads) => threads.run(move |conn| in_transaction(conn, &job)).await,
        }
    }

    /// Reads personal data. `record` writes an audit record of the reading, which is durable before this returns.
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

/// Runs `job` in a transaction, and again if it fails because of a conflict with another transaction.
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

/// Translates a failed statement into the problem that the caller is told. The database's own message stays in the log, because
/// it quotes values.
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

/// Whether work lost a race against another call: what it was judged by has changed since it was read, or what it makes is there by now.
pub fn is_lost_race(error: &Error) -> bool {
    matches!(error.problem(), Problem::AlreadyExists | Problem::StaleVersion)
}

/// The error for a version that was changed between reading and writing.
pub fn stale() -> Error {
    Error::with_detail(
        Problem::StaleVersion,
        Text::new(
            "It was changed since you read it; read it again.",
            "Den har ändrats sedan du läste den; läs den igen.",
        ),
    )
}
