//! Databases without a server.

use nara::db::connection::Purpose;
use nara::db::{DbConn, Target};

use super::Fresh;
use super::databases::{Backend, Template, TestDatabase};

/// A template that prepares nothing.
static NOTHING: Template = Template::new("nothing", |_| {});

/// A database without any table.
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
    /// A new database; `None` only if PostgreSQL is requested and not installed.
    pub fn new(backend: Backend) -> Option<Self> {
        let database = TestDatabase::fresh(backend, &NOTHING)?;
        let target = database.url.parse().expect("a URL of a database");
        Some(Self { backend, target, database })
    }

    /// A separate connection for the test.
    pub fn connect(&self) -> DbConn {
        self.target.connect(Purpose::Writing).expect("the database answers")
    }
}
