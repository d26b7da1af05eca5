//! The comparison of an anchor with the database that it belongs to.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::audit::anchor::file::{self, AnchorFault};
use crate::audit::anchor::lines::{AnchorContent, AnchorLine, AnchorNote};
use crate::audit::anchor::place::{self, AnchorPlace};
use crate::audit::chain::{Head, Sealer};
use crate::audit::identity::{self, DatabaseIdentity};
use crate::audit::store;
use crate::audit::verify::{AuditEvidence, AuditFlaw};
use crate::db::{DbConn, Target};
use crate::error::{Error, Result};
use crate::id::DatabaseId;

/// Reads the anchor of a database and compares the two, for a verification. `configured` is the configured path of the anchor;
/// an embedded database has a place for it by itself.
pub fn evidence(
    conn: &mut DbConn,
    target: &Target,
    configured: Option<&Path>,
    sealer: &Sealer,
) -> Result<AuditEvidence> {
    let identity = identity::read(conn, &sealer.anchor_key)?;
    // A database on which no server was ever started has no anchor, but may have been put in place of another one.
    let id = identity.map_or(DatabaseId::from_uuid(Uuid::nil()), |identity| identity.id);
    let has_place = configured.is_some() || target.file().is_some();
    let place = if has_place { Some(AnchorPlace::of(target, configured, id)?) } else { None };
    let read = match &place {
        Some(place) => file::read(&place.path, &sealer.anchor_key),
        None => Err(AnchorFault::Missing),
    };
    let mut evidence = compare(conn, read.as_ref(), identity, sealer)?;
    if let Some(place) = place
        && replaced(target, &place, sealer)?.is_some()
    {
        evidence.flaws.push((AuditFlaw::Replaced, None));
    }
    Ok(evidence)
}

/// Compares an anchor, or the reason for which it cannot be read, with the database whose identity is `identity`.
pub fn compare(
    conn: &mut DbConn,
    anchor: std::result::Result<&AnchorContent, &AnchorFault>,
    identity: Option<DatabaseIdentity>,
    sealer: &Sealer,
) -> Result<AuditEvidence> {
    let had_one = store::has_anchor(conn, &sealer.record_key)?;
    let mut evidence = AuditEvidence { codes_required: had_one || anchor.is_ok(), ..AuditEvidence::default() };
    match anchor {
        Err(AnchorFault::Missing) => evidence.flaws.extend(had_one.then_some((AuditFlaw::AnchorMissing, None))),
        Err(AnchorFault::Damaged(_)) => evidence.flaws.push((AuditFlaw::AnchorChanged, None)),
        Err(fault) => return Err(Error::internal(format!("the audit's anchor cannot be read: {fault}"))),
        Ok(content) => {
            let belongs = |known: DatabaseIdentity| known.is_genuine && known.id == content.header.database;
            if !identity.is_some_and(belongs) {
                evidence.flaws.push((AuditFlaw::Replaced, None));
            }
            compare_lines(conn, since_accepted(&content.lines), &mut evidence)?;
        }
    }
    Ok(evidence)
}

/// The lines after the last break that an operator accepted.
fn since_accepted(lines: &[AnchorLine]) -> &[AnchorLine] {
    let accepted = lines.iter().rposition(|line| matches!(line.note, AnchorNote::Accepted(_)));
    accepted.and_then(|at| lines.get(at + 1..)).unwrap_or(lines)
}

fn compare_lines(conn: &mut DbConn, lines: &[AnchorLine], evidence: &mut AuditEvidence) -> Result<()> {
    let mut heads: Vec<Head> = Vec::new();
    for line in lines {
        match line.note {
            AnchorNote::Head { head, is_caught_up } => {
                heads.push(head);
                evidence.caught_up_at = if is_caught_up { Some(line.at) } else { evidence.caught_up_at };
            }
            AnchorNote::Break(_) => evidence.flaws.push((AuditFlaw::Broken, None)),
            AnchorNote::Made | AnchorNote::Accepted(_) => {}
        }
    }
    // The first one tells from which seal on the chain is another.
    evidence.flaws.extend(store::first_missing(conn, &heads)?.map(|seq| (AuditFlaw::Cut, Some(seq))));
    Ok(())
}

/// Finds an anchor that was made for another database in the same place: somebody has put this database in place of that one.
/// Returns its path.
pub fn replaced(target: &Target, place: &AnchorPlace, sealer: &Sealer) -> Result<Option<PathBuf>> {
    let others = place.others();
    if others.is_empty() {
        return Ok(None);
    }
    let here = place::code_of_database(target, &sealer.anchor_key)?;
    let lay_here =
        |path: &PathBuf| file::read(path, &sealer.anchor_key).is_ok_and(|content| content.header.place == here);
    Ok(others.into_iter().find(lay_here))
}
