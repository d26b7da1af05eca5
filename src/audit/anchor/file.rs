//! The file of an anchor: how it is made, read and added to.
//!
//! - Only its owner may read it. Each line is on the disk before the server goes on.
//! - A running server locks it, so that no two servers write into one file.
//! - It stays small. Of the heads, only the newest of each day and the last hundred are kept: some 80 kB for each year of
//!   operation. Old lines are removed by writing a new file and giving it the name of the old one. Where that is not allowed, as
//!   for a file that may only be added to, they stay: some 100 MB for each year.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::audit::anchor::key::AnchorKey;
use crate::audit::anchor::lines::{AnchorContent, AnchorHeader, AnchorLine, AnchorNote};
use crate::time::Timestamp;

/// The number of lines above which old heads are removed.
const MANY_LINES: usize = 2_000;
/// The number of newest lines that are always kept.
const NEWEST_LINES: usize = 100;

/// An anchor that this server writes.
pub struct Anchor {
    path: PathBuf,
    file: File,
    key: AnchorKey,
    content: AnchorContent,
    /// The number of lines at which old heads are removed next.
    shorten_at: usize,
}

/// A reason for which an anchor cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnchorFault {
    #[error("it does not exist")]
    Missing,
    #[error("line {0} was not written by this program with the keys of this vault")]
    Damaged(usize),
    #[error("another server uses it; each server needs its own")]
    InUse,
    #[error("it is not as this server left it")]
    Changed,
    #[error("{0}")]
    Failed(#[from] std::io::Error),
}

/// Reads an anchor without locking it, so that a running server may be writing it.
pub fn read(path: &Path, key: &AnchorKey) -> Result<AnchorContent, AnchorFault> {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Err(AnchorFault::Missing),
        Err(cause) => return Err(cause.into()),
    };
    AnchorContent::parse(&text, key).map_err(AnchorFault::Damaged)
}

impl Anchor {
    /// Makes a new anchor, with the line that says so.
    pub fn make(path: &Path, key: &AnchorKey, header: AnchorHeader, at: Timestamp) -> Result<Self, AnchorFault> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(std::io::Error::from(ErrorKind::AlreadyExists).into());
        }
        let mut content = AnchorContent::new(header);
        content.lines.push(AnchorLine { at, note: AnchorNote::Made });
        let file = write_whole(path, &content.text(key))?;
        Ok(Self { path: path.to_owned(), file, key: key.clone(), content, shorten_at: MANY_LINES })
    }

    /// Opens an anchor in order to write it, and locks it. A line whose writing was interrupted is removed.
    pub fn open(path: &Path, key: &AnchorKey) -> Result<Self, AnchorFault> {
        let content = read(path, key)?;
        let file = OpenOptions::new().append(true).open(path)?;
        lock(&file)?;
        if file.metadata()?.len() != as_u64(content.length) {
            file.set_len(as_u64(content.length))?;
            file.sync_all()?;
        }
        let shorten_at = MANY_LINES.max(content.lines.len());
        Ok(Self { path: path.to_owned(), file, key: key.clone(), content, shorten_at })
    }

    pub fn content(&self) -> &AnchorContent {
        &self.content
    }

    /// Adds a note and waits until it is on the disk. Fails if somebody else has changed or replaced the file.
    pub fn note(&mut self, note: AnchorNote, at: Timestamp) -> Result<(), AnchorFault> {
        let length = as_u64(self.content.length);
        let (ours, there) = (self.file.metadata()?, fs::metadata(&self.path));
        let is_ours = there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
        if !is_ours || ours.len() != length {
            return Err(AnchorFault::Changed);
        }
        let mut content = self.content.clone();
        let text = content.add(AnchorLine { at, note }, &self.key);
        if let Err(cause) = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data()) {
            // Nothing of a line that is not whole stays, or the next one would not be read.
            let _cut = self.file.set_len(length);
            return Err(cause.into());
        }
        self.content = content;
        if self.content.lines.len() >= self.shorten_at {
            self.shorten();
        }
        Ok(())
    }

    /// Writes the file again as this server knows it, after somebody else has changed it, with one more note.
    pub fn restore(&mut self, note: AnchorNote, at: Timestamp) -> Result<(), AnchorFault> {
        let mut content = self.content.clone();
        content.lines.push(AnchorLine { at, note });
        self.file = write_whole(&self.path, &content.text(&self.key))?;
        self.content = content;
        Ok(())
    }

    /// Removes old heads. If the new file cannot be written, the old one is still right, and is added to.
    fn shorten(&mut self) {
        let mut content = self.content.clone();
        content.lines = kept(&content.lines);
        match write_whole(&self.path, &content.text(&self.key)) {
            Ok(file) => (self.file, self.content) = (file, content),
            Err(cause) => tracing::info!(%cause, "old lines of the audit's anchor could not be removed; they stay"),
        }
        self.shorten_at = MANY_LINES.max(self.content.lines.len() * 2);
    }
}

/// Returns the lines that are worth keeping: all that are no heads, the newest head of each day, and the last lines.
fn kept(lines: &[AnchorLine]) -> Vec<AnchorLine> {
    let is_new = lines.len().saturating_sub(NEWEST_LINES);
    let mut days: HashSet<NaiveDate> = HashSet::new();
    let mut kept: Vec<AnchorLine> = Vec::new();
    for (number, line) in lines.iter().enumerate().rev() {
        let is_head = matches!(line.note, AnchorNote::Head { .. });
        if !is_head || days.insert(line.at.utc().date_naive()) || number >= is_new {
            kept.push(*line);
        }
    }
    kept.reverse();
    kept
}

/// Writes a whole file under another name, locks it, and gives it its name once it is on the disk.
fn write_whole(path: &Path, text: &str) -> Result<File, AnchorFault> {
    let mut draft = OsString::from(path);
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&draft)?;
    lock(&file)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    // The name is durable once its folder is flushed.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(file)
}

fn lock(file: &File) -> Result<(), AnchorFault> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(AnchorFault::InUse),
        // Some network file systems have no locks.
        Err(TryLockError::Error(cause)) if cause.kind() == ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(cause)) => Err(cause.into()),
    }
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::breaks::AuditBreak;
    use crate::audit::chain::Head;
    use crate::time::Random;

    fn head(seq: i64) -> AnchorNote {
        AnchorNote::Head { head: Head { seq, hash: [7; 32] }, is_caught_up: true }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(1_764_000_000_000_000 + minutes * 60_000_000).unwrap()
    }

    /// A new anchor in a folder that is removed when the test is over.
    struct Place(PathBuf);

    impl Place {
        fn new() -> (Self, Anchor) {
            let name = format!("nara-anchor-{}", crate::hex::encode(&Random::system().bytes::<8>()));
            let folder = std::env::temp_dir().join(name);
            fs::create_dir(&folder).unwrap();
            let id = uuid::Uuid::from_u128(7);
            let header = AnchorHeader {
                id: crate::id::AnchorId::from_uuid(id),
                database: crate::id::DatabaseId::from_uuid(id),
                place: [0; 32],
            };
            let anchor = Anchor::make(&folder.join("anchor"), &key(), header, at(0)).unwrap();
            (Self(folder), anchor)
        }

        fn read(&self) -> Result<AnchorContent, AnchorFault> {
            read(&self.0.join("anchor"), &key())
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn key() -> AnchorKey {
        AnchorKey::new([7; 32])
    }

    #[test]
    fn a_file_belongs_to_one_server_and_to_its_owner() {
        let (place, anchor) = Place::new();
        let path = place.0.join("anchor");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(matches!(Anchor::open(&path, &key()), Err(AnchorFault::InUse)));
        drop(anchor);
        let mut anchor = Anchor::open(&path, &key()).unwrap();
        anchor.note(head(1), at(1)).unwrap();
        assert_eq!(place.read().unwrap(), *anchor.content());
        assert!(matches!(read(&place.0.join("another"), &key()), Err(AnchorFault::Missing)));
    }

    #[test]
    fn a_line_that_was_not_written_to_its_end_is_removed() {
        let (place, anchor) = Place::new();
        drop(anchor);
        let path = place.0.join("anchor");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"2026-11-23T09").unwrap();
        let mut anchor = Anchor::open(&path, &key()).unwrap();
        anchor.note(head(1), at(1)).unwrap();
        assert_eq!(place.read().unwrap().lines.len(), 2);
    }

    #[test]
    fn a_file_that_somebody_changed_is_noticed_and_written_again() {
        let (place, mut anchor) = Place::new();
        let path = place.0.join("anchor");
        let shorter = |path: &Path| OpenOptions::new().write(true).open(path).unwrap().set_len(10).unwrap();
        let gone = |path: &Path| fs::remove_file(path).unwrap();
        let replaced = |path: &Path| {
            fs::copy(path, path.with_extension("copy")).unwrap();
            fs::rename(path.with_extension("copy"), path).unwrap();
        };
        for (number, change) in [shorter, gone, replaced].into_iter().enumerate() {
            anchor.note(head(1), at(1)).unwrap();
            change(&path);
            assert!(matches!(anchor.note(head(2), at(2)), Err(AnchorFault::Changed)), "{number}");
            anchor.restore(AnchorNote::Break(AuditBreak::AnchorChanged), at(2)).unwrap();
            assert_eq!(place.read().unwrap(), *anchor.content());
        }
    }

    #[test]
    fn a_file_stays_small_and_keeps_what_matters() {
        let (place, mut anchor) = Place::new();
        anchor.note(AnchorNote::Break(AuditBreak::SealsRemoved), at(1)).unwrap();
        anchor.content.lines =
            (0..1990).map(|number| AnchorLine { at: at(number * 10), note: head(number + 1) }).collect();
        anchor.content.lines.insert(5, AnchorLine { at: at(50), note: AnchorNote::Break(AuditBreak::SealsRemoved) });
        anchor.restore(head(1991), at(19_900)).unwrap();
        for number in 0..20 {
            anchor.note(head(1992 + number), at(19_910 + number)).unwrap();
        }
        let lines = place.read().unwrap().lines;
        assert!(lines.len() < 160, "{}", lines.len());
        assert_eq!(lines.iter().filter(|line| matches!(line.note, AnchorNote::Break(_))).count(), 1);
        assert_eq!(lines.last().unwrap().note, head(2011));
        let days: HashSet<NaiveDate> = lines.iter().map(|line| line.at.utc().date_naive()).collect();
        assert!(days.len() >= 14, "{days:?}");
    }
}
