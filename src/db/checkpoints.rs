//! Copies what SQLite's log holds into the database file, beside the writer and not in its way.
//!
//! SQLite would have the commit that fills the log do this, and all that wait for the writer would wait for it as well. Here a thread
//! copies what is there while the writer goes on. Only when the log has grown long does it keep the writer out: for what is left to
//! copy then, which is little, so that the log begins again at its start. Where somebody reads for long, as a backup does, that cannot
//! be: it is given up soon, and tried again when the log has grown as long once more.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::db::connection::{DbConn, Purpose, Target};
use crate::error::{Error, Result};

/// Fewer pages than these, 8 MB, are not worth two flushes.
const WORTH_COPYING: i32 = 2_000;
/// A log of as many pages, 64 MB, is long.
const LONG: i32 = 16_000;
/// So long it waits after a commit before it looks, for the commits that follow.
const PAUSE: Duration = Duration::from_millis(20);

/// The thread that copies. Dropping this ends it.
pub struct Checkpoints {
    commits: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Writers are kept out no longer than this.
const PATIENCE: &str = "PRAGMA busy_timeout=100";

/// How many pages the log holds, how many of them are in the file as well, and whether somebody was in the way.
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
    /// Opens a connection of its own and waits for commits.
    pub fn start(target: &Target) -> Result<Self> {
        let mut conn = target.connect(Purpose::Writing)?;
        conn.batch_execute(PATIENCE)?;
        let (commits, noted) = sync_channel(1);
        let work = move || copy_after_commits(conn, &noted);
        let thread = std::thread::Builder::new().name("db-checkpoints".to_owned()).spawn(work);
        Ok(Self { commits: Some(commits), thread: Some(thread.map_err(Error::internal)?) })
    }

    /// Notes that something was committed. That one note waits already is enough.
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
        // What fails is tried again after the next commit: until then everything is in the log, durably.
        match copy(&mut conn, long) {
            Ok(next) => long = next,
            Err(cause) => tracing::warn!(%cause, "the log could not be copied into the database file"),
        }
        if commits.recv_timeout(PAUSE) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// Copies, and says how long the log may grow until it begins again.
fn copy(conn: &mut DbConn, long: i32) -> QueryResult<i32> {
    let before = checkpoint(conn, "NOOP")?;
    if before.log - before.checkpointed < WORTH_COPYING {
        return Ok(long);
    }
    let after = checkpoint(conn, "PASSIVE")?;
    if after.log < long {
        // It may have begun again by itself.
        return Ok(if after.log < LONG { LONG } else { long });
    }
    let again = checkpoint(conn, "RESTART")?;
    Ok(if again.busy == 0 { LONG } else { after.log.saturating_add(LONG) })
}

fn checkpoint(conn: &mut DbConn, mode: &str) -> QueryResult<Log> {
    diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(conn)
}
