//! Databases without a server: empty ones, and those of the city.

use nara::db::connection::Purpose;
use nara::db::{DbConn, Target};

use super::Fresh;
use super::databases::{Backend, Template, TestDatabase};

/// Nothing is prepared.
static NOTHING: Template = Template::new("nothing", |_| {});

/// A database in which nothing is yet.
pub struct EmptyDatabase {
    pub backend: Backend,
    pub target: Target,
    pub database: TestDatabase,
}

impl Fresh for EmptyDatabase {
    async fn fresh(backend: Backend) -> Option<Self> {
        Self::new(backend)
    }
}

impl EmptyDatabase {
    /// `None` only where PostgreSQL is asked for and not installed.
    pub fn new(backend: Backend) -> Option<Self> {
        let database = TestDatabase::fresh(backend, &NOTHING)?;
        let target = database.url.parse().expect("a URL of a database");
        Some(Self { backend, target, database })
    }

    /// A connection of the test's own.
    pub fn connect(&self) -> DbConn {
        self.target.connect(Purpose::Writing).expect("the database answers")
    }
}
