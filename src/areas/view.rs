//! Areas as callers see them.

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

/// An area.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Area)]
pub struct AreaView {
    /// Its identifier.
    id: AreaId,
    /// Its readable name in paths.
    ///
    /// @example "norr"
    slug: Slug,
    /// What the area is called.
    ///
    /// @example {"sv": "Norr", "en": "North"}
    name: Localized,
    /// What it is.
    ///
    /// @example {"sv": "Norra delen av kommunen, med basen i Skäggetorp.", "en": "The north of the municipality, with its base in \
    /// Skäggetorp."}
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Localized>,
    /// Whether it is in use.
    status: AreaStatus,
    /// Its districts, in the order of their names.
    #[schema(max_items = 1000)]
    district_ids: Vec<DistrictId>,
    /// The offices that have it in their catchment, in the order of their names.
    #[schema(max_items = 1000)]
    office_ids: Vec<OfficeId>,
    /// How many live in its active districts; absent where one of them does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<Population>,
    /// When it was written last.
    updated_at: Timestamp,
    /// Its own address.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl AreaView {
    /// An area, whose links lead where `links` says.
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

/// Where an area lies below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/areas/{slug}")
}

/// The sum over the active districts, as of the earliest of their days.
fn population(area: AreaId, directory: &Directory) -> Option<Population> {
    let active = directory.districts_of_area(area).filter(|district| district.is_active());
    let counted: Option<Vec<Population>> = active.map(|district| district.population).collect();
    let counted = counted?;
    let as_of = counted.iter().map(|population| population.as_of).min()?;
    let total = counted.iter().fold(0_u32, |total, population| total.saturating_add(population.total));
    Some(Population { total, as_of })
}
