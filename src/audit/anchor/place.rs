//! The place of an anchor's file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::audit::anchor::key::AnchorKey;
use crate::db::Target;
use crate::error::{Error, Result};
use crate::id::DatabaseId;

/// The beginning of the names of anchors that have no configured path.
const NAME: &str = "audit-anchor-";

/// The place of an anchor: its path, and whether the path was configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorPlace {
    pub path: PathBuf,
    /// Whether the path follows from the place of an embedded database.
    pub is_default: bool,
}

impl AnchorPlace {
    /// Returns the configured place or, for an embedded database, the one in the parent of the database's folder: whoever
    /// replaces the folder does not replace the anchor. Fails if there is neither.
    pub fn of(target: &Target, configured: Option<&Path>, database: DatabaseId) -> Result<Self> {
        if let Some(path) = configured {
            return Ok(Self { path: path.to_owned(), is_default: false });
        }
        let file = target.file().ok_or_else(|| Error::internal("the audit's anchor has no place"))?;
        let file = fs::canonicalize(file).map_err(|cause| cannot_read(file, &cause))?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        let above = folder.parent().unwrap_or(folder);
        Ok(Self { path: above.join(format!("{NAME}{database}")), is_default: true })
    }

    /// The paths of other anchors beside this one, which belong to other databases. None for a configured place.
    pub fn others(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().filter(|_| self.is_default);
        let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
        let is_anchor = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(NAME));
            name.is_some_and(|id| id.parse::<DatabaseId>().is_ok()) && *path != self.path
        };
        let mut others: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_anchor).collect();
        others.sort();
        others
    }
}

/// Computes the code of the place of an embedded database, so that an anchor can tell that another database lies there now.
/// Zeros for another database.
pub fn code_of_database(target: &Target, key: &AnchorKey) -> Result<[u8; 32]> {
    let Some(file) = target.file() else { return Ok([0; 32]) };
    let path = fs::canonicalize(file).map_err(|cause| cannot_read(file, &cause))?;
    Ok(key.code(&[b"place", path.as_os_str().as_encoded_bytes()]))
}

fn cannot_read(path: &Path, cause: &std::io::Error) -> Error {
    Error::internal(format!("{} cannot be read: {cause}", path.display()))
}
