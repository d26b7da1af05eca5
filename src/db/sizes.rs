//! The sizes of the database layer: how many threads it has, and how much may wait for them.

use std::time::Duration;

use crate::db::connection::Target;

/// The numbers of threads that use the database, and the limits of their queues.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// The number of reading threads.
    pub readers: usize,
    /// The number of writing threads on PostgreSQL.
    pub writers: usize,
    /// The largest number of jobs that wait in each queue. Further callers are refused with 503.
    pub queue: usize,
    /// The longest time that a job waits for its turn before its caller is refused with 503.
    pub patience: Duration,
}

impl Sizes {
    /// The sizes for a database that gave the best measurements on two cores.
    pub fn for_target(target: &Target) -> Self {
        let (readers, writers) = match target {
            Target::Sqlite(_) => (2, 1),
            Target::Postgres(_) => (4, 16),
        };
        Self { readers, writers, queue: 1024, patience: Duration::from_secs(5) }
    }
}
