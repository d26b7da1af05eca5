//! The rules for a district that an administrator writes: its area exists, its population was counted no later than
//! today, and its boundary fits among the others.

use crate::directory::Directory;
use crate::directory::geometry::Boundary;
use crate::directory::geometry::effort::Effort;
use crate::directory::geometry::fit;
use crate::directory::geometry::measures::TOLERANCE_METRES;
use crate::directory::known::DirectoryContext;
use crate::districts::boundary::BoundaryBody;
use crate::districts::{District, DistrictDetails};
use crate::error::{Error, Result, Text, Violation};
use crate::id::DistrictId;
use crate::moment::Moment;
use crate::rules::{self, Rules};

impl District {
    /// Makes a new district from `details`, which an administrator wrote. Fails with all mistakes in `details` at once.
    pub fn new(details: DistrictDetails, known: &DirectoryContext<'_>, moment: &Moment) -> Result<Self> {
        let DistrictDetails { slug, code, name, place_names, area_id, population, status } = details;
        let mut rules = Rules::default();
        rules.list("/placeNames", &place_names, 50);
        let area_id = rules.named("/areaId", known.area(&area_id).map(|area| area.id));
        let today = known.calendar.local_date(moment.now.utc());
        let counted = population.is_none_or(|population| population.as_of <= today);
        rules.require(counted, "/population/asOf", rules::in_the_future());
        let area_id = rules.finish(area_id)?;
        let status = status.unwrap_or_default();
        let (id, version, updated_at) = (moment.id(), 1, moment.now);
        Ok(Self { id, slug, code, name, place_names, area_id, population, status, version, updated_at })
    }

    /// Returns the next version of the district, with the contents of `details`. Fails with all mistakes in `details`
    /// at once.
    pub fn changed(&self, details: DistrictDetails, known: &DirectoryContext<'_>, moment: &Moment) -> Result<Self> {
        Ok(Self { id: self.id, version: self.version + 1, ..Self::new(details, known, moment)? })
    }
}

impl BoundaryBody {
    /// Reads and checks the boundary by itself, without the other districts. `municipality` is the outline of the
    /// municipality, if there is one. `pointer` is the location of the boundary in the request body, for the errors.
    pub fn parse(&self, municipality: Option<&Boundary>, pointer: &str) -> Result<Boundary> {
        Boundary::parse(&self.0, municipality)
            .map_err(|flaw| Error::invalid_at(format!("{pointer}{}", flaw.pointer), flaw.reason))
    }
}

/// Checks that an active district does not overlap another active district by more than 1 m² or reach outside the
/// municipality by more than 1 m. A retired district is not checked. `pointer` is the field of the request body that
/// the errors name. A boundary that takes too much effort to measure is refused.
pub fn check_boundary(directory: &Directory, id: DistrictId, pointer: &str) -> Result<()> {
    let Some(district) = directory.district(id).filter(|district| district.is_active()) else { return Ok(()) };
    let Some(boundary) = directory.boundary(district) else { return Ok(()) };
    let others = directory.districts.iter().filter(|other| other.is_active() && other.id != id);
    let (others, theirs): (Vec<&District>, Vec<&Boundary>) =
        others.filter_map(|other| Some((other, directory.boundary(other)?))).unzip();
    let fit = fit::measure(boundary, &theirs, directory.outline(), &mut Effort::default())
        .map_err(|_| Error::invalid_at(pointer, too_intricate()))?;
    let named = |(index, overlap): &(usize, f64)| Some(Violation::at(pointer, overlaps(others.get(*index)?, *overlap)));
    let mut violations: Vec<Violation> = fit.overlaps.iter().filter_map(named).collect();
    if fit.reach_metres > TOLERANCE_METRES {
        violations.push(Violation::at(pointer, leaves(fit.reach_metres)));
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
}

fn too_intricate() -> Text {
    Text::new(
        "is too intricate to be compared with the other districts: too many of its edges lie near theirs; simplify it",
        "är för invecklad för att jämföras med de andra stadsdelarna: för många av dess kanter ligger nära deras; förenkla den",
    )
}

pub(super) fn overlaps(other: &District, square_metres: f64) -> Text {
    let name = other.name.sv();
    Text::new(
        format!("overlaps the district {name} by {square_metres:.0} m²; at most 1 m² is accepted"),
        format!("överlappar stadsdelen {name} med {square_metres:.0} m²; högst 1 m² släpps igenom"),
    )
}

pub(super) fn leaves(metres: f64) -> Text {
    Text::new(
        format!("leaves the municipality by {metres:.0} m; at most 1 m is accepted"),
        format!("lämnar kommunen med {metres:.0} m; högst 1 m släpps igenom"),
    )
}
