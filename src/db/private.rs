//! The files of the embedded database, which only their owner may read.
//!
//! SQLite gives its log the permissions of the database's file, whatever the process's own mask says. So a file that an older
//! version of the program made for everybody to read must be changed before it is opened.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::db::Target;

/// The permissions of other users than the owner.
const OTHERS: u32 = 0o077;

/// Takes the files of an embedded database from other users: the file itself, and SQLite's log and index of the log. Logs a
/// warning for each file that others could read, since they may have done so. Does nothing for PostgreSQL.
pub fn take_from_others(target: &Target) {
    let Some(database) = target.file() else { return };
    for suffix in ["", "-wal", "-shm"] {
        let mut path = database.as_os_str().to_owned();
        path.push(suffix);
        let path = PathBuf::from(path);
        // A file that does not exist yet is made with the process's mask.
        let Ok(about) = fs::metadata(&path) else { continue };
        let mode = about.permissions().mode();
        if !about.is_file() || mode & OTHERS == 0 {
            continue;
        }
        let shown = path.display();
        match fs::set_permissions(&path, Permissions::from_mode(mode & !OTHERS)) {
            Ok(()) => {
                tracing::warn!("{shown}: other users could read or change it until now; only its owner can from now on")
            }
            Err(error) => {
                tracing::warn!("{shown}: other users may read or change it, and that cannot be changed: {error}")
            }
        }
    }
}
