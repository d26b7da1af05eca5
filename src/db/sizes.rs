//! Sizes of the database layer: how many threads, and how much may wait.

use std::time::Duration;

use crate::db::connection::Target;

/// How many threads, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Reading threads.
    pub readers: usize,
    /// Writing threads, on PostgreSQL.
    pub writers: usize,
    /// Jobs that may wait in each queue before callers are sent away with 503.
    pub queue: usize,
    /// How long a job may wait for its turn before its caller is sent away with 503.
    pub patience: Duration,
}

impl Sizes {
    /// What measured best on two cores.
    pub fn for_target(target: &Target) -> Self {
        let (readers, writers) = match target {
            Target::Sqlite(_) => (2, 1),
            Target::Postgres(_) => (4, 16),
        };
        Self { readers, writers, queue: 1024, patience: Duration::from_secs(5) }
    }
}
