//! The handle by which all requests of a server share the newest snapshot of the directory.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use crate::db::Db;
use crate::directory::measuring::{self, Measuring};
use crate::directory::{Directory, store};
use crate::error::Result;
use crate::time::{Clock, Timestamp};

/// A handle on the newest snapshot of the directory. Clones of a handle share the snapshot.
#[derive(Clone, Debug)]
pub struct Handle {
    snapshot: Arc<ArcSwap<Directory>>,
    /// The turns in which boundaries are measured that somebody has drawn.
    pub measuring: Measuring,
    /// Held while the gaps and overlaps of a snapshot are searched for, so that each search is done once.
    searching: Arc<Mutex<()>>,
}

impl Handle {
    pub fn new(directory: Directory) -> Self {
        let snapshot = Arc::new(ArcSwap::from_pointee(directory));
        Self { snapshot, measuring: Measuring::default(), searching: Arc::default() }
    }

    /// Reads the directory from the database when the program starts, and makes a handle for it.
    pub async fn open(db: &Db, clock: &Clock) -> Result<Self> {
        let now = clock.now();
        let parts = db.read(|conn| store::read(conn, None)).await?;
        measuring::apart(move || Directory::new(parts, now, None)).await?.map(Self::new)
    }

    /// Returns the newest snapshot that this handle has, without asking the database.
    pub fn current(&self) -> Arc<Directory> {
        self.snapshot.load_full()
    }

    /// Returns the newest snapshot that this handle has, once its gaps and overlaps have been found. The first call for
    /// a snapshot takes up to seconds, on a thread of its own.
    pub async fn searched(&self) -> Result<Arc<Directory>> {
        let directory = self.current();
        if directory.geography.has_findings() {
            return Ok(directory);
        }
        let _one_at_a_time = self.searching.lock().await;
        if !directory.geography.has_findings() {
            let geography = Arc::clone(&directory.geography);
            measuring::apart(move || {
                geography.findings();
            })
            .await?;
        }
        Ok(directory)
    }

    /// Makes `directory` the current snapshot if it is newer than the current one. Returns `directory` in any case.
    pub fn install(&self, directory: Directory) -> Arc<Directory> {
        let installed = Arc::new(directory);
        self.snapshot.rcu(|held| Arc::clone(if installed.is_newer_than(held) { &installed } else { held }));
        installed
    }

    /// Reads the directory again if the database has a newer version, or if a day has passed since the current snapshot
    /// was made. Returns the newest snapshot.
    pub async fn refresh(&self, db: &Db, clock: &Clock) -> Result<Arc<Directory>> {
        self.refresh_at(db, clock.now()).await
    }

    /// Does the work of [`Handle::refresh`] at the time `now`, for a request, whose time does not change while it is
    /// answered.
    pub async fn refresh_at(&self, db: &Db, now: Timestamp) -> Result<Arc<Directory>> {
        let held = self.current();
        let before = Arc::clone(&held);
        match db.read(move |conn| store::read_newer(conn, now, &before)).await? {
            Some(parts) => {
                let made = measuring::apart(move || Directory::new(parts, now, Some(&held))).await??;
                Ok(self.install(made))
            }
            None => Ok(self.current()),
        }
    }
}
