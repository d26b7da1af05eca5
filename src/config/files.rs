//! Files with secrets: reading them, and the check that nobody else can read or change them.
//!
//! The text of a secret is wiped from memory once it has been parsed. It is read in one piece into memory of its full size,
//! because a buffer that grows leaves copies behind.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use clap::Args;
use zeroize::Zeroizing;

/// The length in bytes of the longest secret that is read.
const LONGEST: usize = 64 * 1024;

/// The arguments about files that others can read or change, for every command.
#[derive(Debug, Clone, Copy, Args)]
pub struct FilesConfig {
    /// Refuse a file with a secret that others may read or change, and a file of the identity provider's keys that others may
    /// change. Without this, each is a warning: containers often get their secrets that way
    #[arg(long, global = true, env = "NARA_STRICT_FILES")]
    pub strict_files: bool,
}

impl FilesConfig {
    /// Reads the secret in the file that `variable` names. If others may read or change the file, that is refused if files are
    /// checked strictly, and otherwise a warning.
    pub fn secret(self, variable: &str, path: &Path) -> Result<Zeroizing<String>, String> {
        let told = |error: std::io::Error| format!("{variable}: {} cannot be read: {error}", path.display());
        // The file that is checked is the file that is read, even if the path leads elsewhere a moment later.
        let file = File::open(path).map_err(told)?;
        let about = file.metadata().map_err(told)?;
        self.judge(variable, path, exposure(&about))?;
        text(file).map_err(told)
    }

    /// Checks that nobody else may change the file that `variable` names. Everybody may know what is in it.
    pub fn check_unchanged_by_others(self, variable: &str, path: &Path) -> Result<(), String> {
        // A file that is missing is reported by whoever reads it.
        let Ok(about) = std::fs::metadata(path) else { return Ok(()) };
        self.judge(variable, path, changeability(&about))
    }

    fn judge(self, variable: &str, path: &Path, exposure: Option<&str>) -> Result<(), String> {
        let Some(exposure) = exposure else { return Ok(()) };
        let path = path.display();
        if self.strict_files {
            return Err(format!("{variable}: {path}: {exposure}, which --strict-files refuses"));
        }
        tracing::warn!("{variable}: {path}: {exposure}; let only the server's user read and change it");
        Ok(())
    }
}

/// Reads the text of a secret from the standard input.
pub fn secret_on_stdin(variable: &str) -> Result<Zeroizing<String>, String> {
    // The standard library's own reader has a buffer, which nobody wipes.
    let unbuffered = std::io::stdin().as_fd().try_clone_to_owned().map(File::from);
    unbuffered.and_then(text).map_err(|error| format!("{variable}: the standard input cannot be read: {error}"))
}

/// Returns in words why others can get at the secret in a file; `None` if only its owner and the system's administrator can. A
/// group may read a file that belongs to the administrator, who has chosen the group: packages hand secrets to services so.
fn exposure(about: &Metadata) -> Option<&'static str> {
    let mode = about.mode();
    match changeability(about) {
        None if about.is_file() && mode & 0o004 != 0 => Some("everybody on this machine may read it"),
        None if about.is_file() && mode & 0o040 != 0 && about.uid() != ROOT => Some("its group may read it"),
        other => other,
    }
}

/// The system's administrator, who can read and change every file.
const ROOT: u32 = 0;

/// Returns in words why others can change a file; `None` if only its owner can. Pipes and terminals are nobody's files.
fn changeability(about: &Metadata) -> Option<&'static str> {
    let owner = about.uid();
    match about.mode() {
        _ if !about.is_file() => None,
        mode if mode & 0o002 != 0 => Some("everybody on this machine may change it"),
        mode if mode & 0o020 != 0 => Some("its group may change it"),
        _ if owner != ROOT && owner != rustix::process::geteuid().as_raw() => Some("it belongs to another user"),
        _ => None,
    }
}

fn text(mut from: impl Read) -> std::io::Result<Zeroizing<String>> {
    let invalid = |what: &'static str| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    let mut bytes = Zeroizing::new(vec![0; LONGEST]);
    let mut length = 0;
    loop {
        let Some(room) = bytes.get_mut(length..).filter(|room| !room.is_empty()) else {
            return Err(invalid("it is longer than a secret"));
        };
        match from.read(room) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let read = bytes.get(..length).unwrap_or_default();
    std::str::from_utf8(read).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| invalid("it is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_whole_and_one_that_is_too_long_is_refused() {
        let read = |length: usize| text(std::io::repeat(b'x').take(length as u64));
        for length in [0, 1, 4096, LONGEST - 1] {
            assert_eq!(read(length).unwrap().len(), length);
        }
        assert!(read(LONGEST).is_err());
        assert!(text([0xff, 0xfe].as_slice()).is_err());
    }
}
