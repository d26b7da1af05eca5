//! A folder for one run, removed at its end.

use std::fs;
use std::path::{Path, PathBuf};

use nara::time::Random;

pub struct Folder {
    pub path: PathBuf,
}

impl Folder {
    /// A new folder in `parent`, which should lie on a disk: what is measured waits for it.
    pub fn new_in(parent: &Path) -> Self {
        let path = parent.join(format!("nara-bench-{}", random_name()));
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{} can be made: {error}", path.display()));
        Self { path }
    }

    /// The URL of a SQLite database in it.
    pub fn sqlite_url(&self) -> String {
        format!("sqlite://{}", self.path.join("nara.db").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the temporary folder's business.
        let _left = fs::remove_dir_all(&self.path);
    }
}

/// A name that nobody guesses.
pub fn random_name() -> String {
    nara::hex::encode(&Random::system().bytes::<8>())
}
