//! A connection to one of the two databases, and the way to open it.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
// libpq is linked against OpenSSL, but no other code names OpenSSL's symbols.
use openssl_sys as _;

use crate::error::{Error, Problem, Result};

/// A connection to PostgreSQL or to SQLite. Most queries are written once and run on both.
#[derive(diesel::MultiConnection)]
pub enum DbConn {
    /// A connection to PostgreSQL, for installations with several servers.
    Postgres(PgConnection),
    /// A connection to a SQLite file, embedded in the program: the default.
    Sqlite(SqliteConnection),
}

/// The address of the database, as `DATABASE_URL` gives it.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A PostgreSQL URL, which may hold a password.
    Postgres(String),
    /// The path of a SQLite file.
    Sqlite(String),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(url: &str) -> std::result::Result<Self, String> {
        let accepted = "expected sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE";
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres(url.to_owned()))
        } else {
            match url.strip_prefix("sqlite://") {
                Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.to_owned())),
                _ => Err(accepted.to_owned()),
            }
        }
    }
}

/// Shows nothing of a PostgreSQL URL, because of its password.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(_) => f.write_str("postgres://[redacted]"),
            Self::Sqlite(path) => write!(f, "sqlite://{path}"),
        }
    }
}

/// The purpose that a connection is opened for. On SQLite, a connection for reading cannot write, so that a mistake is an error
/// and does not take the lock for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Queries that change nothing.
    Reading,
    /// Transactions that may change something.
    Writing,
    /// Transactions that may change something, on SQLite without copying its log, because another thread does that: see
    /// [`crate::db::checkpoints`].
    WritingGroups,
}

impl Target {
    /// The path of the SQLite file. `None` for PostgreSQL.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(path) => Some(Path::new(path)),
        }
    }

    /// Returns the address with the password `password`, for a PostgreSQL URL that has none. It is added as a URL parameter,
    /// which libpq accepts as well, so that no character of it can be taken for another part of the URL. Fails for SQLite, or if
    /// the URL has a password already.
    pub fn with_password(&self, password: &str) -> std::result::Result<Self, String> {
        let Self::Postgres(url) = self else { return Err("SQLite has no password".to_owned()) };
        if has_password(url) {
            return Err("the address of the database has a password already".to_owned());
        }
        let separator = if url.contains('?') { '&' } else { '?' };
        let escaped: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
        Ok(Self::Postgres(format!("{url}{separator}password={escaped}")))
    }

    /// Opens a connection with the session settings of this program. Diesel's own `establish` for a multi-connection tries each
    /// database in turn and hides the reason for a failure.
    pub fn connect(&self, purpose: Purpose) -> Result<DbConn> {
        match self {
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(&with_patience(url)).map_err(unreachable)?;
                conn.batch_execute(POSTGRES_SESSION).map_err(unreachable)?;
                Ok(DbConn::Postgres(conn))
            }
            Self::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(path).map_err(unreachable)?;
                switch_to_wal(&mut conn).map_err(unreachable)?;
                conn.batch_execute(SQLITE_SESSION).map_err(unreachable)?;
                let alone = match purpose {
                    Purpose::Reading => "PRAGMA query_only=ON",
                    Purpose::Writing => "",
                    Purpose::WritingGroups => "PRAGMA wal_autocheckpoint=0",
                };
                conn.batch_execute(alone).map_err(unreachable)?;
                Ok(DbConn::Sqlite(conn))
            }
        }
    }
}

/// A function that is run on each connection when it is opened.
pub type Prepare = Arc<dyn Fn(&mut DbConn) + Send + Sync>;

/// The way in which the threads of a database open their connections, again and again if the database is lost.
#[derive(Clone)]
pub struct Opener {
    pub target: Target,
    pub purpose: Purpose,
    pub prepare: Prepare,
}

impl Opener {
    pub fn connect(&self) -> Result<DbConn> {
        let mut conn = self.target.connect(self.purpose)?;
        (self.prepare)(&mut conn);
        Ok(conn)
    }
}

/// The settings of each PostgreSQL session. A statement that runs longer than its time-out is stuck, and so is a transaction that
/// idles longer.
const POSTGRES_SESSION: &str = "SET timezone='UTC'; SET statement_timeout='15s'; SET lock_timeout='10s'; SET idle_in_transaction_session_timeout='30s'; SET client_min_messages='warning'";

/// The settings of each SQLite connection. `synchronous=FULL` makes a commit durable: acknowledged data survives a power cut. A
/// memory map would count as resident memory, hence 0. On a connection whose commits copy the log to the file, the log may grow
/// to 32 MB first, because a page that changed often is then copied only once.
const SQLITE_SESSION: &str = "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-8000; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF";

/// Switches a new SQLite file to write-ahead logging. If two connections try that at once, waiting would be a deadlock, so SQLite
/// tells one of them immediately that the file is locked, whatever its time-out. That one then waits for an ordinary lock, after
/// which it finds the file switched.
fn switch_to_wal(conn: &mut SqliteConnection) -> QueryResult<()> {
    const ATTEMPTS: usize = 20;
    conn.batch_execute("PRAGMA busy_timeout=5000")?;
    for _ in 1..ATTEMPTS {
        if conn.batch_execute("PRAGMA journal_mode=WAL").is_ok() {
            return Ok(());
        }
        conn.batch_execute("BEGIN IMMEDIATE; ROLLBACK")?;
    }
    conn.batch_execute("PRAGMA journal_mode=WAL")
}

fn unreachable(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Problem::Unavailable).because(cause)
}

/// Adds to a PostgreSQL URL the connection time-outs that it does not set itself. A machine that vanishes, or a network that
/// loses packets, closes no connection: without time-outs, the thread that owns the connection would wait for a quarter of an
/// hour, or for two hours if it waits for an answer.
fn with_patience(url: &str) -> String {
    const PATIENCE: [(&str, &str); 5] = [
        ("connect_timeout", "5"),
        ("keepalives_idle", "5"),
        ("keepalives_interval", "2"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "10000"),
    ];
    let said = |name: &str| parameters(url).any(|parameter| parameter.starts_with(&format!("{name}=")));
    PATIENCE.iter().filter(|(name, _)| !said(name)).fold(url.to_owned(), |url, (name, value)| {
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}{name}={value}")
    })
}

fn parameters(url: &str) -> impl Iterator<Item = &str> {
    url.split_once('?').map_or("", |(_, parameters)| parameters).split('&')
}

fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || parameters(url).any(|parameter| parameter.starts_with("password="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_to_a_vanished_machine_ends_unless_the_url_says_otherwise() {
        let url = with_patience("postgres://nara@db/nara");
        assert!(
            url.starts_with("postgres://nara@db/nara?connect_timeout=5&") && url.ends_with("&tcp_user_timeout=10000")
        );
        let said = "postgres://nara@db/nara?tcp_user_timeout=0&connect_timeout=60";
        let url = with_patience(said);
        assert!(url.starts_with(said) && url.matches("_timeout=").count() == 2, "{url}");
    }

    #[test]
    fn a_password_is_added_once() {
        let with = |url: &str| url.parse::<Target>().unwrap().with_password("a&b=ö");
        for (url, separator) in [
            ("postgres://nara@db:5432/nara", '?'),
            ("postgres://nara@[::1]/nara?host=a:b@c", '&'),
            ("postgres://db:5432", '?'),
        ] {
            let expected = format!("{url}{separator}password=%61%26%62%3D%C3%B6");
            assert!(with(url) == Ok(Target::Postgres(expected)), "{url}");
        }
        for url in [
            "postgres://nara:x@db/nara",
            "postgres://nara:@db:5432/nara?sslmode=disable",
            "postgres://db/nara?sslmode=disable&password=x",
            "sqlite://nara.db",
        ] {
            assert!(with(url).is_err(), "{url}");
        }
    }
}
