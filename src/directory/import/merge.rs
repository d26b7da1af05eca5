//! What to write: the files compared with what is there.

use std::collections::HashMap;
use std::sync::Arc;

use crate::areas::Area;
use crate::calendar::Calendar;
use crate::directory::geometry::Boundary;
use crate::directory::import::files::{Data, misplaced};
use crate::directory::{Documents, Known, Municipality, Parts};
use crate::districts::{District, DistrictDetails};
use crate::error::{Error, Result};
use crate::id::{DistrictId, OfficeId, ServiceId};
use crate::moment::Moment;
use crate::offices::Office;
use crate::services::{NewService, Service};

/// Everything to write.
pub struct Plan {
    /// What is kept whole.
    pub documents: Documents,
    /// The areas.
    pub areas: Merged<Area>,
    /// The districts.
    pub districts: Merged<District>,
    /// The boundaries of all districts.
    pub boundaries: HashMap<DistrictId, Arc<Boundary>>,
    /// The services.
    pub services: Merged<Service>,
    /// The offices.
    pub offices: Merged<Office>,
    /// Which offices give a service as the services have it, beside what the offices themselves say.
    pub given_by: Vec<(ServiceId, Vec<OfficeId>)>,
}

/// One kind of things, as they will be.
pub struct Merged<T> {
    /// All of them.
    pub all: Vec<T>,
    /// Those that the files make or change.
    pub written: Vec<Written<T>>,
    /// How many are as the files have them already.
    pub unchanged: usize,
}

/// One thing that is written.
pub struct Written<T> {
    /// As it was; `None` for a new one.
    pub before: Option<T>,
    /// As it will be.
    pub after: T,
}

impl<T: Clone> Merged<T> {
    /// What becomes of `all` by the items of a file: `is` finds what an item is about, `make` makes what it becomes,
    /// and `same` tells whether that is worth writing.
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
                return Err(Error::internal(format!("{file}#/{index}/slug: stands twice")));
            }
            let held = all.iter_mut().find(|held| is(held, &item));
            let after = make(held.as_deref(), item).map_err(|error| misplaced(file, &format!("/{index}"), &error))?;
            match held {
                Some(held) if same(held, &after) => unchanged += 1,
                Some(held) => written.push(Written { before: Some(std::mem::replace(held, after.clone())), after }),
                None => {
                    all.push(after.clone());
                    written.push(Written { before: None, after });
                }
            }
        }
        Ok(Self { all, written, unchanged })
    }
}

impl Plan {
    /// What to write so that what is there says what the files say.
    pub fn new(data: Data, before: Parts, moment: &Moment) -> Result<Self> {
        let documents = data.documents;
        let zone =
            documents.municipality.as_ref().map_or_else(|| Municipality::unnamed().time_zone, |ours| ours.time_zone);
        let calendar = Calendar::new(zone, documents.holidays());
        let areas = areas(data.areas, before.areas, moment)?;
        let known = Known { areas: &areas.all, offices: &[], services: &[], calendar: &calendar };
        let mut boundaries = before.boundaries;
        let districts = districts(data.districts, before.districts, &mut boundaries, &known, moment)?;
        let services = services(data.services.clone(), before.services, &known, moment)?;
        let known = Known { services: &services.all, ..known };
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
        let known = Known { offices: &offices.all, ..known };
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
    known: &Known<'_>,
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
    // Whether a boundary moved is known only behind the loop above, which holds the boundaries.
    let is_same = |written: &Written<District>| {
        let held = written.before.as_ref().filter(|_| moved.get(&written.after.id) == Some(&false));
        held.is_some_and(|held| {
            District { version: held.version, updated_at: held.updated_at, ..written.after.clone() } == *held
        })
    };
    let before = merged.written.len();
    merged.written.retain(|written| !is_same(written));
    merged.unchanged = before - merged.written.len();
    Ok(merged)
}

fn services(new: Vec<NewService>, held: Vec<Service>, known: &Known<'_>, moment: &Moment) -> Result<Merged<Service>> {
    Merged::new(
        ("services.json", new),
        held,
        |held, new| held.slug == new.slug,
        |held, mut new| {
            // The offices are not known yet, and come from the services before they are linked.
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

/// The offices that the services name. An office that gives a service without being named there goes on giving it.
fn given_by(new: &[NewService], known: &Known<'_>) -> Result<Vec<(ServiceId, Vec<OfficeId>)>> {
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
