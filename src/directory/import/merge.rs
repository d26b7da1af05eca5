//! The plan of an import: the records to write, found by comparing the files with the records that exist.

use std::collections::HashMap;
use std::sync::Arc;

use crate::areas::Area;
use crate::calendar::Calendar;
use crate::directory::geometry::Boundary;
use crate::directory::import::files::{Data, misplaced};
use crate::directory::{DirectoryContext, DirectoryParts, Documents, Municipality};
use crate::districts::{District, DistrictDetails};
use crate::error::{Error, Result};
use crate::id::{DistrictId, OfficeId, ServiceId};
use crate::moment::Moment;
use crate::offices::Office;
use crate::services::{NewService, Service};

/// Everything that an import writes to the database.
pub struct Plan {
    pub documents: Documents,
    pub areas: Merged<Area>,
    pub districts: Merged<District>,
    /// The boundaries of all districts, in their state after the import.
    pub boundaries: HashMap<DistrictId, Arc<Boundary>>,
    pub services: Merged<Service>,
    pub offices: Merged<Office>,
    /// The offices that each service in the files names. The import links them to the service, and leaves other offices
    /// of the service linked.
    pub given_by: Vec<(ServiceId, Vec<OfficeId>)>,
}

/// The records of one kind (areas, districts, services or offices), in their state after the import.
pub struct Merged<T> {
    pub all: Vec<T>,
    /// The records that the files create or change. Only these are written.
    pub written: Vec<ImportedChange<T>>,
    /// The number of records that the files leave as they are.
    pub unchanged: usize,
}

/// One record that the import creates or changes.
pub struct ImportedChange<T> {
    /// The record before the import. `None` if the import creates the record.
    pub before: Option<T>,
    pub after: T,
}

impl<T: Clone> Merged<T> {
    /// Merges the items of a file into the existing records `all`. `is` tells whether a record has the slug of an item,
    /// `make` makes the record after the import, and `same` tells whether that equals the record before, so that it
    /// need not be written.
    fn new<N>(
        (file, items): (&str, Vec<N>),
        mut all: Vec<T>,
        is: impl Fn(&T, &N) -> bool,
        mut make: impl FnMut(Option<&T>, N) -> Result<T>,
        mut same: impl FnMut(&T, &T) -> bool,
    ) -> Result<Self> {
        let (mut written, mut unchanged) = (Vec::new(), 0);
        let held_before = all.len();
        for (index, item) in items.into_iter().enumerate() {
            if all.iter().skip(held_before).any(|new| is(new, &item)) {
                return Err(Error::internal(format!("{file}#/{index}/slug: occurs twice")));
            }
            let held = all.iter_mut().find(|held| is(held, &item));
            let after = make(held.as_deref(), item).map_err(|error| misplaced(file, &format!("/{index}"), &error))?;
            match held {
                Some(held) if same(held, &after) => unchanged += 1,
                Some(held) => {
                    written.push(ImportedChange { before: Some(std::mem::replace(held, after.clone())), after })
                }
                None => {
                    all.push(after.clone());
                    written.push(ImportedChange { before: None, after });
                }
            }
        }
        Ok(Self { all, written, unchanged })
    }
}

impl Plan {
    /// Plans the import of `data` into a directory with the contents `before`. Fails at the first record that cannot be
    /// made, with its file and its location.
    pub fn new(data: Data, before: DirectoryParts, moment: &Moment) -> Result<Self> {
        let documents = data.documents;
        let zone =
            documents.municipality.as_ref().map_or_else(|| Municipality::unnamed().time_zone, |ours| ours.time_zone);
        let calendar = Calendar::new(zone, documents.holidays());
        let areas = areas(data.areas, before.areas, moment)?;
        let known = DirectoryContext { areas: &areas.all, offices: &[], services: &[], calendar: &calendar };
        let mut boundaries = before.boundaries;
        let districts = districts(data.districts, before.districts, &mut boundaries, &known, moment)?;
        let services = services(data.services.clone(), before.services, &known, moment)?;
        let known = DirectoryContext { services: &services.all, ..known };
        let offices = Merged::new(
            ("offices.json", data.offices),
            before.offices,
            |held, new| held.slug == new.slug,
            |held, new| match held {
                None => Office::new(new, &known, moment),
                Some(held) => held.changed(new, &known, moment),
            },
            |held, after| Office { version: held.version, updated_at: held.updated_at, ..after.clone() } == *held,
        )?;
        let known = DirectoryContext { offices: &offices.all, ..known };
        let given_by = given_by(&data.services, &known)?;
        Ok(Self { documents, areas, districts, boundaries, services, offices, given_by })
    }
}

fn areas(new: Vec<crate::areas::NewArea>, held: Vec<Area>, moment: &Moment) -> Result<Merged<Area>> {
    Merged::new(
        ("areas.json", new),
        held,
        |held, new| held.slug == new.slug,
        |held, mut new| {
            new.status = new.status.or(held.map(|held| held.status));
            Ok(held.map_or_else(|| Area::new(new.clone(), moment), |held| held.changed(new.clone(), moment)))
        },
        |held, after| Area { version: held.version, updated_at: held.updated_at, ..after.clone() } == *held,
    )
}

fn districts(
    new: Vec<(DistrictDetails, Boundary)>,
    held: Vec<District>,
    boundaries: &mut HashMap<DistrictId, Arc<Boundary>>,
    known: &DirectoryContext<'_>,
    moment: &Moment,
) -> Result<Merged<District>> {
    let mut moved: HashMap<DistrictId, bool> = HashMap::new();
    let make = |held: Option<&District>, (mut details, boundary): (DistrictDetails, Boundary)| {
        details.status = details.status.or(held.map(|held| held.status));
        let after = match held {
            None => District::new(details, known, moment)?,
            Some(held) => held.changed(details, known, moment)?,
        };
        let same = boundaries.get(&after.id).is_some_and(|held| **held == boundary);
        moved.insert(after.id, !same);
        if !same {
            boundaries.insert(after.id, Arc::new(boundary));
        }
        Ok(after)
    };
    let mut merged =
        Merged::new(("districts.json", new), held, |held, (new, _)| held.slug == new.slug, make, |_, _| false)?;
    // Only now is it known which boundaries have moved, because the loop in `Merged::new` borrows them.
    let is_same = |written: &ImportedChange<District>| {
        let held = written.before.as_ref().filter(|_| moved.get(&written.after.id) == Some(&false));
        held.is_some_and(|held| {
            District { version: held.version, updated_at: held.updated_at, ..written.after.clone() } == *held
        })
    };
    let (unchanged, written): (Vec<_>, Vec<_>) = merged.written.into_iter().partition(is_same);
    merged.unchanged = unchanged.len();
    merged.written = written;
    // They keep the version that is stored.
    for before in unchanged.into_iter().filter_map(|unchanged| unchanged.before) {
        if let Some(held) = merged.all.iter_mut().find(|held| held.id == before.id) {
            *held = before;
        }
    }
    Ok(merged)
}

fn services(
    new: Vec<NewService>,
    held: Vec<Service>,
    known: &DirectoryContext<'_>,
    moment: &Moment,
) -> Result<Merged<Service>> {
    Merged::new(
        ("services.json", new),
        held,
        |held, new| held.slug == new.slug,
        |held, mut new| {
            // The offices are not known yet. They are linked to the services at the end.
            new.office_ids.clear();
            new.status = new.status.or(held.map(|held| held.status));
            let (service, _) = match held {
                None => Service::new(new, known, moment)?,
                Some(held) => held.changed(new, known, moment)?,
            };
            Ok(service)
        },
        |held, after| Service { version: held.version, updated_at: held.updated_at, ..after.clone() } == *held,
    )
}

/// Returns the offices that each service in the file names. Services that name no office are left out.
fn given_by(new: &[NewService], known: &DirectoryContext<'_>) -> Result<Vec<(ServiceId, Vec<OfficeId>)>> {
    let mut all = Vec::new();
    for (index, new) in new.iter().enumerate().filter(|(_, new)| !new.office_ids.is_empty()) {
        let service = known.services.iter().find(|service| service.slug == new.slug).map(|service| service.id);
        let offices = new.office_ids.iter().enumerate().map(|(place, name)| {
            let unknown =
                || Error::internal(format!("services.json#/{index}/officeIds/{place}: names nothing that exists"));
            known.office(name).map(|office| office.id).ok_or_else(unknown)
        });
        all.extend(
            service.map(|service| offices.collect::<Result<Vec<_>>>().map(|offices| (service, offices))).transpose()?,
        );
    }
    Ok(all)
}
