//! Areas as the API shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::areas::{Area, AreaStatus};
use crate::directory::Directory;
use crate::districts::Population;
use crate::http::link::{Link, Linking};
use crate::id::{AreaId, DistrictId, OfficeId};
use crate::slug::Slug;
use crate::text::Localized;
use crate::time::Timestamp;

/// An area of the municipality, with its districts and the offices that serve it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Area)]
pub struct AreaView {
    /// The area's identifier, a UUID.
    id: AreaId,
    /// The area's slug: its readable name in addresses such as `/areas/norr`.
    ///
    /// @example "norr"
    slug: Slug,
    /// The name of the area, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Norr", "en": "North"}
    name: Localized,
    /// A description of the area, for residents.
    ///
    /// @example {"sv": "Norra delen av kommunen, med basen i Skäggetorp.", "en": "The north of the municipality, with its base in \
    /// Skäggetorp."}
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Localized>,
    /// Whether the area is in use.
    status: AreaStatus,
    /// The districts that belong to the area, retired ones included, in the order of their names.
    #[schema(max_items = 1000)]
    district_ids: Vec<DistrictId>,
    /// The offices that serve this area because their catchment names it, in the order of their names. Offices of the
    /// whole municipality are not included.
    #[schema(max_items = 1000)]
    office_ids: Vec<OfficeId>,
    /// The number of people who live in the area's active districts. Absent if the area has no active district, or if
    /// the number is unknown for one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<Population>,
    /// When the area was created or last changed.
    updated_at: Timestamp,
    /// A link to the area itself.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl AreaView {
    /// Shows an area with its districts and offices in `directory`. `links` makes the absolute addresses of the links.
    pub fn new(area: &Area, directory: &Directory, links: &impl Linking) -> Self {
        let Area { id, slug, name, description, status, updated_at, .. } = area.clone();
        Self {
            id,
            name,
            description,
            status,
            district_ids: directory.districts_of_area(id).map(|district| district.id).collect(),
            office_ids: directory.offices_of_area(id).map(|office| office.id).collect(),
            population: population(id, directory),
            updated_at,
            links: vec![links.link("self", "GET", &path(&slug))],
            slug,
        }
    }
}

/// Returns the path of the area with this slug, below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/areas/{slug}")
}

/// Returns the sum of the populations of the area's active districts, with the earliest of their dates. Returns `None`
/// if a population is unknown, or if the area has no active district.
fn population(area: AreaId, directory: &Directory) -> Option<Population> {
    let active = directory.districts_of_area(area).filter(|district| district.is_active());
    let counted: Option<Vec<Population>> = active.map(|district| district.population).collect();
    let counted = counted?;
    let as_of = counted.iter().map(|population| population.as_of).min()?;
    let total = counted.iter().fold(0_u32, |total, population| total.saturating_add(population.total));
    Some(Population { total, as_of })
}
