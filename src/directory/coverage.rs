//! Coverage: a check that the directory has a district for every place, and an open office for every district and
//! service.
//!
//! The directory is complete if its active districts divide the municipality without gaps and overlaps, each active
//! district's area has an open office of its own, and each active service is given by an open office. An office of the
//! whole municipality does not count as an office of an area, because it is not close to the area's residents.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::directory::geometry::measures::Gap;
use crate::id::{DistrictId, ServiceId};
use crate::offices::Location;

/// The result of the check that the directory is complete. All lists are empty if it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// The pieces of ground of the municipality that belong to no active district, if they are larger than 1 m². The
    /// largest piece comes first.
    ///
    /// @example []
    #[schema(max_items = 10_000)]
    pub gaps: Vec<GapView>,
    /// Pairs of active districts that cover more than 1 m² of the same ground.
    ///
    /// @example []
    #[schema(max_items = 10_000)]
    pub overlaps: Vec<OverlapView>,
    /// The active districts whose area has no open office of its own, in the order of their names.
    ///
    /// @example []
    #[schema(max_items = 1000)]
    pub districts_without_open_office: Vec<DistrictId>,
    /// The active services that no open office gives, in the order of their names.
    ///
    /// @example []
    #[schema(max_items = 1000)]
    pub unreachable_services: Vec<ServiceId>,
    /// Whether the directory is complete, so that all lists are empty.
    pub complete: bool,
}

/// A piece of ground of the municipality that belongs to no active district.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Gap)]
pub struct GapView {
    /// The size of the ground in square metres, rounded to tenths.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_u64, example = 5200.4)]
    pub square_metres: f64,
    /// A point inside the piece of ground.
    pub label_point: Location,
}

/// Ground that two active districts both cover.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Overlap)]
pub struct OverlapView {
    /// The two districts that overlap.
    #[schema(value_type = Vec<DistrictId>, min_items = 2, max_items = 2)]
    pub district_ids: [DistrictId; 2],
    /// The size of the ground in square metres, rounded to tenths.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_u64, example = 310.7)]
    pub square_metres: f64,
}

impl Coverage {
    /// Checks whether a directory is complete, and finds everything that is missing in it.
    pub fn of(directory: &Directory) -> Self {
        let findings = directory.geography.findings();
        let gap = |gap: &Gap| GapView {
            square_metres: tenths(gap.area_square_metres),
            label_point: Location::at(gap.label_point),
        };
        let gaps: Vec<GapView> = findings.gaps.iter().map(gap).collect();
        let overlap = |(one, other, area): &(DistrictId, DistrictId, f64)| OverlapView {
            district_ids: [*one, *other],
            square_metres: tenths(*area),
        };
        let overlaps: Vec<OverlapView> = findings.overlaps.iter().map(overlap).collect();
        let districts_without_open_office = districts_without_open_office(directory);
        let unreachable_services = unreachable_services(directory);
        let lacking = [gaps.len(), overlaps.len(), districts_without_open_office.len(), unreachable_services.len()];
        let complete = lacking == [0; 4];
        Self { gaps, overlaps, districts_without_open_office, unreachable_services, complete }
    }
}

fn districts_without_open_office(directory: &Directory) -> Vec<DistrictId> {
    let active = directory.districts.iter().filter(|district| district.is_active());
    let served = |area| directory.offices_of_area(area).any(|office| office.is_in_operation());
    active.filter(|district| !served(district.area_id)).map(|district| district.id).collect()
}

fn unreachable_services(directory: &Directory) -> Vec<ServiceId> {
    let active = directory.services.iter().filter(|service| service.is_active());
    let given = |service| directory.offices_of_service(service).any(|office| office.is_in_operation());
    active.filter(|service| !given(service.id)).map(|service| service.id).collect()
}

/// Rounds an area to tenths of a square metre. Measures are exact to about one percent, so more digits would be
/// misleading.
fn tenths(square_metres: f64) -> f64 {
    (square_metres * 10.0).round() / 10.0
}
