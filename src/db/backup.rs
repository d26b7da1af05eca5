//! Backups of a SQLite database, made while a server may be using it.
//!
//! - `VACUUM INTO` copies the data that one reading transaction sees: everything that was acknowledged before it began, whether
//!   it is in the file or still in SQLite's log, and nothing of an unfinished transaction. No writer waits for it. SQLite's
//!   page-wise backup would start over whenever another process writes, and under load it would never end.
//! - The copy is first written in the target folder under another name, readable only for its owner. It is flushed to the disk
//!   and checked before it gets its final name: so a backup is complete, or it does not exist.
//! - No existing file is ever replaced, and no file is made that SQLite would take for a log of the database.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use crate::db::connection::{DbConn, Purpose, Target};
use crate::db::schema::migration_fingerprints as fingerprints;
use crate::error::{Error, Result};

/// The paths of a backup that is to be made: of the database, of the backup file, which does not exist yet, and of the unfinished
/// copy.
#[derive(Debug, Clone)]
pub struct BackupPlace {
    database: PathBuf,
    file: PathBuf,
    partial: PathBuf,
}

/// A backup that is complete and has its final name.
#[derive(Debug)]
pub struct Backup<T> {
    pub file: PathBuf,
    /// The size of the backup file in bytes.
    pub bytes: u64,
    /// The version of the newest migration that was run on the copied database.
    pub layout: String,
    /// The value that the caller's function `look` returned after it had read the backup.
    pub found: T,
}

impl BackupPlace {
    /// Checks that the database exists and that a backup can be made at the path `file`. Writes nothing.
    pub fn new(database: &Path, file: &Path) -> Result<Self> {
        // SQLite would create a database that does not exist.
        let database = fs::canonicalize(database).map_err(|cause| cannot("read", database, &cause))?;
        let name = file.file_name().ok_or_else(|| Error::internal(format!("{} names no file", file.display())))?;
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = fs::canonicalize(folder).map_err(|cause| cannot("write to", folder, &cause))?;
        let file = folder.join(name);
        let beside = |suffix: &str| {
            let mut name = database.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        if ["-wal", "-shm", "-journal"].iter().any(|suffix| beside(suffix) == file) {
            return Err(Error::internal(format!("{} is SQLite's own, beside the database", file.display())));
        }
        if fs::symlink_metadata(&file).is_ok() {
            return Err(taken(&file));
        }
        let mut partial = OsString::from(name);
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = folder.join(partial);
        Ok(Self { database, file, partial })
    }

    /// Writes the copy and checks it, lets `look` read it, and then gives it its final name.
    pub fn write<T>(&self, look: impl FnOnce(&mut DbConn) -> Result<T>) -> Result<Backup<T>> {
        let path = self.partial.to_str().ok_or_else(|| Error::internal("a backup's path must be UTF-8"))?;
        // SQLite accepts an empty file as the target. Because it is made here, other users can never read it, not even for a
        // moment.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.partial);
        let copy = made.map_err(|cause| cannot("write", &self.partial, &cause))?;
        let _tidy = Tidy(self);
        // The connection is no reader: it changes no data, but it does write a file.
        let mut conn = Target::Sqlite(self.database.display().to_string()).connect(Purpose::Writing)?;
        diesel::sql_query("VACUUM INTO $1").bind::<Text, _>(path).execute(&mut conn)?;
        drop(conn);
        copy.sync_all().map_err(|cause| cannot("write", &self.partial, &cause))?;
        let (layout, found) = check(path, look)?;
        let bytes = copy.metadata().map_err(|cause| cannot("read", &self.partial, &cause))?.len();
        self.give_name()?;
        Ok(Backup { file: self.file.clone(), bytes, layout, found })
    }

    /// Removes the unfinished copy, if there is one, so that a backup that is stopped leaves nothing behind.
    pub fn abandon(&self) {
        // The file does not exist if the backup was finished or never begun.
        let _gone = fs::remove_file(&self.partial);
    }

    /// Gives the copy its final name by a hard link. Unlike renaming, that does not replace a file that somebody else has put
    /// there meanwhile. Renames the copy only if the file system has no hard links.
    fn give_name(&self) -> Result<()> {
        match fs::hard_link(&self.partial, &self.file) {
            Ok(()) => {}
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => return Err(taken(&self.file)),
            Err(_) if fs::symlink_metadata(&self.file).is_ok() => return Err(taken(&self.file)),
            Err(_) => fs::rename(&self.partial, &self.file).map_err(|cause| cannot("write", &self.file, &cause))?,
        }
        self.abandon();
        // The name is durable once its folder is flushed.
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        let flushed = File::open(folder).and_then(|folder| folder.sync_all());
        flushed.map_err(|cause| cannot("write to", folder, &cause))
    }
}

/// Removes the unfinished copy when it is dropped, and so also if anything fails.
struct Tidy<'a>(&'a BackupPlace);

impl Drop for Tidy<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

#[derive(QueryableByName)]
struct IntegrityRow {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// The table of a row that refers to a row which does not exist.
#[derive(QueryableByName)]
struct Dangling {
    #[diesel(sql_type = Text)]
    table: String,
}

/// Checks that SQLite finds the copy at `path` sound, that every reference in it has its row, and that it is a database of this
/// program. Then lets `look` read it. Returns the version of the newest migration, and what `look` returned.
fn check<T>(path: &str, look: impl FnOnce(&mut DbConn) -> Result<T>) -> Result<(String, T)> {
    // `Target` is not used: the copy is one file without a log, and must stay so.
    let mut conn = SqliteConnection::establish(path).map_err(Error::internal)?;
    conn.batch_execute("PRAGMA query_only=ON")?;
    let findings: Vec<IntegrityRow> = diesel::sql_query("PRAGMA integrity_check").load(&mut conn)?;
    if let Some(finding) = findings.iter().find(|finding| finding.integrity_check != "ok") {
        return Err(Error::internal(format!("the database is damaged: {}", finding.integrity_check)));
    }
    let dangling: Vec<Dangling> =
        diesel::sql_query("SELECT \"table\" FROM pragma_foreign_key_check").load(&mut conn)?;
    if let Some(Dangling { table }) = dangling.first() {
        let count = dangling.len();
        return Err(Error::internal(format!(
            "the database is damaged: {count} references lead nowhere, one in {table}"
        )));
    }
    let newest = fingerprints::table.order(fingerprints::version.desc()).select(fingerprints::version);
    let layout = newest.first(&mut conn).map_err(|_| Error::internal("this is no database of Nära"))?;
    let found = look(&mut DbConn::Sqlite(conn))?;
    Ok((layout, found))
}

fn cannot(what: &str, path: &Path, cause: &std::io::Error) -> Error {
    Error::internal(format!("cannot {what} {}: {cause}", path.display()))
}

fn taken(file: &Path) -> Error {
    Error::internal(format!("{} is there already, and a backup replaces nothing", file.display()))
}
