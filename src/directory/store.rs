//! The SQL statements on the directory as a whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use diesel::prelude::*;
use serde_json::Value;

use crate::db::DbConn;
use crate::db::columns::Json;
use crate::db::schema::{directory_documents, directory_state};
use crate::directory::geometry::{Boundary, BoundaryFlaw};
use crate::directory::{Directory, DirectoryParts, Documents};
use crate::districts::District;
use crate::error::{Error, Problem, Result};
use crate::id::DistrictId;
use crate::time::Timestamp;
use crate::{areas, districts, offices, on_backend, services};

pub fn load(conn: &mut DbConn, now: Timestamp) -> Result<Directory> {
    Directory::new(read(conn, None)?, now, None)
}

/// Makes the next snapshot in the transaction that writes the directory, after its rows have been written. `expected` is
/// the directory as the change should leave it, and its ground was measured before. Returns `None` if the stored districts
/// have other versions, because another write came first. No boundary is read or measured here, so the transaction
/// is short.
pub fn next(conn: &mut DbConn, now: Timestamp, expected: &Directory) -> Result<Option<Directory>> {
    let version = version(conn)?;
    let districts = districts::store::all(conn)?;
    let is_expected =
        |stored: &District| expected.district(stored.id).is_some_and(|expected| expected.version == stored.version);
    if districts.len() != expected.districts.len() || !districts.iter().all(is_expected) {
        return Ok(None);
    }
    let documents = documents(conn)?;
    if documents.outline != expected.documents.outline {
        return Ok(None);
    }
    let ground = (expected.geography.boundaries().clone(), expected.geography.shared_outline());
    let parts = with_ground(conn, version, documents, districts, ground)?;
    Directory::new(parts, now, Some(expected)).map(Some)
}

/// Reads the directory, if the database has a newer version than the snapshot `held`, or if `held` was made on an earlier
/// day. Otherwise, returns `None`. Boundaries that have not changed are taken from `held`.
pub fn read_newer(conn: &mut DbConn, now: Timestamp, held: &Directory) -> Result<Option<DirectoryParts>> {
    let yesterdays = held.day != held.calendar.local_date(now.utc());
    if !yesterdays && version(conn)? <= held.version {
        return Ok(None);
    }
    read(conn, Some(held)).map(Some)
}

/// Returns the version of the directory in the database: the number of times that it has been written.
pub fn version(conn: &mut DbConn) -> Result<i64> {
    Ok(on_backend!(conn, conn => directory_state::table.find(1).select(directory_state::version).first(conn))?)
}

/// Increases the version of the directory by one and returns the new version. On PostgreSQL, this takes the lock that
/// makes all writes of the directory wait for each other.
pub fn count_write(conn: &mut DbConn) -> Result<i64> {
    let state = directory_state::table.find(1);
    let next = directory_state::version.eq(directory_state::version + 1);
    on_backend!(conn, conn => diesel::update(state).set(next).execute(conn))?;
    version(conn)
}

/// The number of attempts to read all parts of the directory at one version. A reader has no transaction, so a write
/// may happen between two of its statements. Every write increases the version, so everything that is read between two
/// equal versions belongs together.
const ATTEMPTS: u32 = 8;

/// Reads all parts of the directory at one version. Boundaries that have not changed since the snapshot `before` are
/// taken from that snapshot. Fails as unavailable if the directory is written during each of [`ATTEMPTS`] attempts.
pub fn read(conn: &mut DbConn, before: Option<&Directory>) -> Result<DirectoryParts> {
    for _ in 0..ATTEMPTS {
        let first = version(conn)?;
        let parts = read_once(conn, before, first);
        if version(conn)? == first {
            return parts;
        }
    }
    Err(Error::new(Problem::Unavailable))
}

fn read_once(conn: &mut DbConn, before: Option<&Directory>, version: i64) -> Result<DirectoryParts> {
    let documents = documents(conn)?;
    let districts = districts::store::all(conn)?;
    let boundaries = boundaries(conn, &districts, before)?;
    let same_outline = before.filter(|before| before.documents.outline == documents.outline);
    let outline = match (same_outline, &documents.outline) {
        (Some(before), _) => before.geography.shared_outline(),
        (None, Some(outline)) => Some(Arc::new(parse(outline)?)),
        (None, None) => None,
    };
    with_ground(conn, version, documents, districts, (boundaries, outline))
}

/// The boundaries of the districts, and the outline of the municipality if it was imported.
type Ground = (HashMap<DistrictId, Arc<Boundary>>, Option<Arc<Boundary>>);

/// Reads the areas, offices and services, and returns them with the parts that were read before.
fn with_ground(
    conn: &mut DbConn,
    version: i64,
    documents: Documents,
    districts: Vec<District>,
    (boundaries, outline): Ground,
) -> Result<DirectoryParts> {
    Ok(DirectoryParts {
        version,
        documents,
        areas: areas::store::all(conn)?,
        districts,
        boundaries,
        outline,
        offices: offices::store::all(conn)?,
        services: services::store::all(conn)?,
    })
}

/// Returns the boundary of each of the districts. If a district has the same version in the snapshot `before`, its
/// boundary is taken from there. The other boundaries are read from the database.
fn boundaries(
    conn: &mut DbConn,
    districts: &[District],
    before: Option<&Directory>,
) -> Result<HashMap<DistrictId, Arc<Boundary>>> {
    let mut boundaries = HashMap::new();
    let mut missing = Vec::new();
    for district in districts {
        let unchanged =
            before.filter(|before| before.district(district.id).is_some_and(|held| held.version == district.version));
        match unchanged.and_then(|before| before.geography.boundaries().get(&district.id)) {
            Some(boundary) => {
                boundaries.insert(district.id, Arc::clone(boundary));
            }
            None => missing.push(district.id),
        }
    }
    for (id, geometry) in districts::store::boundaries(conn, &missing)? {
        boundaries.insert(id, Arc::new(parse(&geometry)?));
    }
    Ok(boundaries)
}

fn parse(geometry: &Value) -> Result<Boundary> {
    Boundary::restored(geometry)
        .map_err(|flaw: BoundaryFlaw| Error::internal(format!("a stored boundary cannot be read: {flaw}")))
}

fn documents(conn: &mut DbConn) -> Result<Documents> {
    let rows: Vec<(String, Json<Value>)> = on_backend!(conn, conn => directory_documents::table.load(conn))?;
    Documents::from_stored(rows.into_iter().map(|(name, content)| (name, content.0)).collect::<BTreeMap<_, _>>())
}

/// Replaces all stored documents of the directory by `documents`.
pub fn write_documents(conn: &mut DbConn, documents: &Documents) -> Result<()> {
    on_backend!(conn, conn => diesel::delete(directory_documents::table).execute(conn))?;
    for (name, content) in documents.to_stored()? {
        let row = (directory_documents::name.eq(name), directory_documents::content.eq(Json(content)));
        on_backend!(conn, conn => diesel::insert_into(directory_documents::table).values(row).execute(conn))?;
    }
    Ok(())
}
