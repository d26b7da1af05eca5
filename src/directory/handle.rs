//! The snapshot that all requests share.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::db::Db;
use crate::directory::{Directory, store};
use crate::error::Result;
use crate::time::{Clock, Timestamp};

/// Holds the newest snapshot; clones share it.
#[derive(Clone, Debug)]
pub struct Handle(Arc<ArcSwap<Directory>>);

impl Handle {
    /// A handle that holds this snapshot.
    pub fn new(directory: Directory) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(directory)))
    }

    /// Reads the directory for the first time.
    pub async fn open(db: &Db, clock: &Clock) -> Result<Self> {
        let now = clock.now();
        db.read(move |conn| store::load(conn, now)).await.map(Self::new)
    }

    /// The newest snapshot.
    pub fn current(&self) -> Arc<Directory> {
        self.0.load_full()
    }

    /// Takes a snapshot in, unless a newer one came first, and gives it back.
    pub fn install(&self, directory: Directory) -> Arc<Directory> {
        let installed = Arc::new(directory);
        self.0.rcu(|held| Arc::clone(if installed.is_newer_than(held) { &installed } else { held }));
        installed
    }

    /// Reads the directory anew if another instance wrote it, or if a day has passed. Gives the newest snapshot.
    pub async fn refresh(&self, db: &Db, clock: &Clock) -> Result<Arc<Directory>> {
        self.refresh_at(db, clock.now()).await
    }

    /// The same for a request, which knows what time it is.
    pub async fn refresh_at(&self, db: &Db, now: Timestamp) -> Result<Arc<Directory>> {
        let held = self.current();
        let newer = db.read(move |conn| store::load_newer(conn, now, &held)).await?;
        Ok(match newer {
            Some(directory) => self.install(directory),
            None => self.current(),
        })
    }
}
