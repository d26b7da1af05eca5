//! The import of a municipality's directory into the database, from a folder of files or from the files of Linköping
//! that are built into the program.
//!
//! - Either the contents of all files are written, or nothing is.
//! - Existing records are found by their slugs and keep their identifiers. Records that are not in the files are left
//!   unchanged. If the files do not state the status of an existing record, it keeps its status.
//! - The active districts must not overlap. The ground that they cover together is the outline of the municipality from
//!   then on. It is measured before the transaction, so that a running server can write meanwhile.
//! - A mistake in the files is reported with its file and its location in the file.

pub mod files;
mod merge;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::audit::authorship::RecordKey;
use crate::audit::{self, Actor, Entry, actions};
use crate::db::connection::{Purpose, Target};
use crate::db::{DbConn, in_transaction, stale};
use crate::directory::geometry::{self, Boundary};
use crate::directory::import::files::Data;
use crate::directory::import::merge::{Merged, Plan};
use crate::directory::{Directory, DirectoryParts, store};
use crate::districts::District;
use crate::error::{Error, Problem, Result};
use crate::id::DistrictId;
use crate::moment::Moment;
use crate::vault::{VaultKeys, state};
use crate::{areas, districts, hex, offices, services};

/// The numbers of records of one kind that an import created, changed and left unchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
}

/// The result of an import: the numbers of records for each kind of record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    pub areas: Count,
    pub districts: Count,
    pub services: Count,
    pub offices: Count,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} new, {} changed, {} unchanged", self.created, self.changed, self.unchanged)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "areas: {}", self.areas)?;
        writeln!(f, "districts: {}", self.districts)?;
        writeln!(f, "services: {}", self.services)?;
        write!(f, "offices: {}", self.offices)
    }
}

/// Imports the files of a folder into the database `target`, in one transaction. Fails with a message for the person
/// who runs the import, also if the keys of `ring` are not those of the database.
pub fn import(
    target: &Target,
    folder: &Path,
    ring: &VaultKeys,
    moment: &Moment,
) -> std::result::Result<Summary, String> {
    let data = Data::parse(&files::read(folder)?).map_err(|error| error.told())?;
    let mut conn = target.connect(Purpose::Writing).map_err(|error| error.told())?;
    in_transaction(&mut conn, &|conn: &mut DbConn| state::check(conn, ring, moment.now))
        .map_err(|error| error.told())?;
    let key = RecordKey::of(ring);
    for _ in 0..ATTEMPTS {
        let measured = MeasuredImport::new(&mut conn, &data, moment).map_err(|error| error.told())?;
        match in_transaction(&mut conn, &|conn: &mut DbConn| measured.write(conn, &key, moment)) {
            Err(error) if error.problem() == Problem::StaleVersion => {}
            outcome => return outcome.map_err(|error| error.told()),
        }
    }
    Err("the directory is being written all the time; try again".to_owned())
}

/// The number of times that an import is measured and tried, if somebody else writes the directory meanwhile.
const ATTEMPTS: u32 = 8;

/// Imports the built-in directory of Linköping, in the transaction that is open on `conn`. `key` is the key of audit records.
pub fn embedded(conn: &mut DbConn, key: &RecordKey, moment: &Moment) -> Result<Summary> {
    write(conn, &Data::parse(&files::linkoping())?, key, moment)
}

/// Makes a snapshot of Linköping's directory without a database, for tests of code that reads it.
#[cfg(test)]
pub fn in_memory(moment: &Moment) -> Result<Directory> {
    let plan = Plan::new(Data::parse(&files::linkoping())?, DirectoryParts::default(), moment)?;
    Ok(MeasuredImport::of(plan, 0, moment)?.expected)
}

/// Measures and writes in the one transaction that is open on `conn`, where nobody else waits for it.
fn write(conn: &mut DbConn, data: &Data, key: &RecordKey, moment: &Moment) -> Result<Summary> {
    MeasuredImport::new(conn, data, moment)?.write(conn, key, moment)
}

/// An import that is planned and measured, so that only its rows have to be written.
struct MeasuredImport {
    plan: Plan,
    /// The version of the directory that the plan is based on.
    version: i64,
    /// The directory as it will be after the import.
    expected: Directory,
}

impl MeasuredImport {
    fn new(conn: &mut DbConn, data: &Data, moment: &Moment) -> Result<Self> {
        let before = store::read(conn, None)?;
        let version = before.version;
        Self::of(Plan::new(data.clone(), before, moment)?, version, moment)
    }

    fn of(mut plan: Plan, version: i64, moment: &Moment) -> Result<Self> {
        let outline = partition(&plan)?;
        plan.documents.outline = Some(outline.to_geojson());
        let parts = DirectoryParts {
            version: version + 1,
            documents: plan.documents.clone(),
            areas: plan.areas.all.clone(),
            districts: plan.districts.all.clone(),
            boundaries: plan.boundaries.clone(),
            outline: Some(Arc::new(outline)),
            offices: plan.offices.all.clone(),
            services: plan.services.all.clone(),
        };
        let expected = Directory::new(parts, moment.now, None)?;
        Ok(Self { plan, version, expected })
    }

    /// Writes the import. Fails as stale if somebody else has written the directory since it was planned.
    fn write(&self, conn: &mut DbConn, key: &RecordKey, moment: &Moment) -> Result<Summary> {
        if store::count_write(conn)? != self.version + 1 {
            return Err(stale());
        }
        store::write_documents(conn, &self.plan.documents)?;
        write_rows(conn, &self.plan)?;
        let trace_id = hex::encode(&moment.random.bytes::<16>());
        let written = self.plan.written_ids();
        let entry = Entry::new(key, moment, Actor::System, actions::DIRECTORY_IMPORTED, written, trace_id);
        audit::record(conn, &entry)?;
        // A snapshot is made from the new rows, so that a database with which no server could start is never written.
        let after = store::next(conn, moment.now, &self.expected)?;
        after
            .map(|_| self.plan.summary())
            .ok_or_else(|| Error::internal("the stored districts are not the imported ones"))
    }
}

/// Returns the ground that the active districts cover together. Fails if two of them overlap by more than 1 m².
fn partition(plan: &Plan) -> Result<Boundary> {
    let active: Vec<&District> = plan.districts.all.iter().filter(|district| district.is_active()).collect();
    let boundaries: HashMap<DistrictId, &Boundary> =
        plan.boundaries.iter().map(|(id, boundary)| (*id, boundary.as_ref())).collect();
    let shapes: Vec<&Boundary> = active.iter().filter_map(|district| boundaries.get(&district.id).copied()).collect();
    match geometry::measures::overlaps(&shapes).first() {
        None => Ok(geometry::measures::union(&shapes)),
        Some((one, other, square_metres)) => {
            let name = |index: &usize| active.get(*index).map_or("?", |district| district.name.sv()).to_owned();
            let (one, other) = (name(one), name(other));
            Err(Error::internal(format!("boundaries.geojson: {one} and {other} overlap by {square_metres:.0} m²")))
        }
    }
}

fn write_rows(conn: &mut DbConn, plan: &Plan) -> Result<()> {
    for written in &plan.areas.written {
        match written.before {
            None => areas::store::insert(conn, &written.after)?,
            Some(_) => areas::store::update(conn, &written.after)?,
        }
    }
    for written in &plan.districts.written {
        let boundary = plan.boundaries.get(&written.after.id).map(|boundary| boundary.to_geojson()).unwrap_or_default();
        if written.before.is_none() {
            districts::store::insert(conn, &written.after, &boundary)?;
        } else {
            districts::store::update(conn, &written.after)?;
            districts::store::update_boundary(conn, written.after.id, &boundary)?;
        }
    }
    for written in &plan.services.written {
        match written.before {
            None => services::store::insert(conn, &written.after)?,
            Some(_) => services::store::update(conn, &written.after)?,
        }
    }
    for written in &plan.offices.written {
        match &written.before {
            None => offices::store::insert(conn, &written.after)?,
            Some(before) => offices::store::update(conn, before, &written.after)?,
        }
    }
    for (service, offices) in &plan.given_by {
        services::store::update_offices(conn, *service, &[], offices)?;
    }
    Ok(())
}

impl Plan {
    fn summary(&self) -> Summary {
        Summary {
            areas: self.areas.count(),
            districts: self.districts.count(),
            services: self.services.count(),
            offices: self.offices.count(),
        }
    }

    fn written_ids(&self) -> Vec<Uuid> {
        let areas = self.areas.written.iter().map(|written| written.after.id.uuid());
        let districts = self.districts.written.iter().map(|written| written.after.id.uuid());
        let services = self.services.written.iter().map(|written| written.after.id.uuid());
        let offices = self.offices.written.iter().map(|written| written.after.id.uuid());
        areas.chain(districts).chain(services).chain(offices).collect()
    }
}

impl<T> Merged<T> {
    fn count(&self) -> Count {
        let created = self.written.iter().filter(|written| written.before.is_none()).count();
        Count { created, changed: self.written.len() - created, unchanged: self.unchanged }
    }
}

#[cfg(test)]
mod tests;
