//! Checkpoints: a thread that copies SQLite's write-ahead log into the database file while the writer goes on.
//!
//! By default, the commit that makes the log long enough also copies it, and all jobs that wait for the writer wait for the copy
//! as well. Here a separate thread copies. Only when the log has grown long does that thread block the writer, while it copies
//! the little that is left, so that the log can be written from its beginning again. That is impossible while a reader runs for
//! long, such as a backup: the thread then gives up soon, and tries again when the log has grown by the same length once more.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::db::connection::{DbConn, Purpose, Target};
use crate::error::{Error, Result};

/// The smallest number of pages of the log that are copied, 8 MB. Fewer are not worth two flushes.
const WORTH_COPYING: i32 = 2_000;
/// The number of pages, 64 MB, from which the log counts as long.
const LONG: i32 = 16_000;
/// The pause of the thread after each look at the log. Commits during the pause are handled together by the next look.
const PAUSE: Duration = Duration::from_millis(20);

/// The handle of the thread that copies the log. When it is dropped, the thread ends.
pub struct Checkpoints {
    commits: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The statement that sets the longest time, 100 ms, for which a checkpoint waits for readers while it blocks the writer.
const PATIENCE: &str = "PRAGMA busy_timeout=100";

/// The state of the log after a checkpoint: the number of its pages, the number of those that are copied to the file, and whether
/// another connection kept the checkpoint from finishing.
#[derive(QueryableByName)]
struct Log {
    #[diesel(sql_type = Integer)]
    busy: i32,
    #[diesel(sql_type = Integer)]
    log: i32,
    #[diesel(sql_type = Integer)]
    checkpointed: i32,
}

impl Checkpoints {
    /// Opens a separate connection and starts the thread, which waits for commits.
    pub fn start(target: &Target) -> Result<Self> {
        let mut conn = target.connect(Purpose::Writing)?;
        conn.batch_execute(PATIENCE)?;
        let (commits, noted) = sync_channel(1);
        let work = move || copy_after_commits(conn, &noted);
        let thread = std::thread::Builder::new().name("db-checkpoints".to_owned()).spawn(work);
        Ok(Self { commits: Some(commits), thread: Some(thread.map_err(Error::internal)?) })
    }

    /// Tells the thread that something was committed. Returns at once; several calls may be handled by one look at the log.
    pub fn note(&self) {
        if let Some(commits) = &self.commits {
            let _waits_already = commits.try_send(());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.commits.take();
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn copy_after_commits(mut conn: DbConn, commits: &Receiver<()>) {
    let mut long = LONG;
    while let Ok(()) = commits.recv() {
        // A failed copy is tried again after the next commit. Until then everything is in the log, durably.
        match copy(&mut conn, long) {
            Ok(next) => long = next,
            Err(cause) => tracing::warn!(%cause, "the log could not be copied into the database file"),
        }
        if commits.recv_timeout(PAUSE) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// Copies the log if enough pages are to be copied. `long` is the number of pages from which the log shall start again at its
/// beginning. Returns that number for the next call.
fn copy(conn: &mut DbConn, long: i32) -> QueryResult<i32> {
    let before = checkpoint(conn, "NOOP")?;
    if before.log - before.checkpointed < WORTH_COPYING {
        return Ok(long);
    }
    let after = checkpoint(conn, "PASSIVE")?;
    if after.log < long {
        // The log may have started again without a checkpoint from here.
        return Ok(if after.log < LONG { LONG } else { long });
    }
    let again = checkpoint(conn, "RESTART")?;
    Ok(if again.busy == 0 { LONG } else { after.log.saturating_add(LONG) })
}

fn checkpoint(conn: &mut DbConn, mode: &str) -> QueryResult<Log> {
    diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(conn)
}
