//! The handle by which all requests of a server share the newest snapshot of the directory.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::db::Db;
use crate::directory::{Directory, store};
use crate::error::Result;
use crate::time::{Clock, Timestamp};

/// A handle on the newest snapshot of the directory. Clones of a handle share the snapshot.
#[derive(Clone, Debug)]
pub struct Handle(Arc<ArcSwap<Directory>>);

impl Handle {
    pub fn new(directory: Directory) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(directory)))
    }

    /// Reads the directory from the database when the program starts, and makes a handle for it.
    pub async fn open(db: &Db, clock: &Clock) -> Result<Self> {
        let now = clock.now();
        db.read(move |conn| store::load(conn, now)).await.map(Self::new)
    }

    /// Returns the newest snapshot that this handle has, without asking the database.
    pub fn current(&self) -> Arc<Directory> {
        self.0.load_full()
    }

    /// Makes `directory` the current snapshot if it is newer than the current one. Returns `directory` in any case.
    pub fn install(&self, directory: Directory) -> Arc<Directory> {
        let installed = Arc::new(directory);
        self.0.rcu(|held| Arc::clone(if installed.is_newer_than(held) { &installed } else { held }));
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
        let newer = db.read(move |conn| store::load_newer(conn, now, &held)).await?;
        Ok(match newer {
            Some(directory) => self.install(directory),
            None => self.current(),
        })
    }
}
