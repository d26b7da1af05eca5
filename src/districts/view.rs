//! Districts as callers see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::districts::{District, DistrictCode, DistrictStatus, Population};
use crate::http::link::{Link, Linking};
use crate::id::{AreaId, DistrictId};
use crate::offices::Location;
use crate::slug::Slug;
use crate::text::{Line, Localized};
use crate::time::Timestamp;

/// A district.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = District)]
pub struct DistrictView {
    /// Its identifier.
    id: DistrictId,
    /// Its readable name in paths.
    ///
    /// @example "skaggetorp-tornby"
    slug: Slug,
    /// Its code in the statistics.
    #[schema(value_type = String, min_length = 1, max_length = 20, example = "0580R018")]
    code: DistrictCode,
    /// What the district is called.
    ///
    /// @example {"sv": "Skäggetorp-Tornby", "en": "Skäggetorp-Tornby"}
    name: Localized,
    /// What people call its parts.
    #[schema(value_type = Vec<String>, max_items = 50, example = json!(["Skäggetorp", "Tornby"]))]
    place_names: Vec<Line>,
    /// The area that it belongs to.
    area_id: AreaId,
    /// How many live there.
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<Population>,
    /// A point well inside it, where a map can write its name.
    label_point: Location,
    /// Whether it is in use.
    status: DistrictStatus,
    /// When it was written last.
    updated_at: Timestamp,
    /// Its own address, and that of its boundary.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl DistrictView {
    /// A district, whose links lead where `links` says.
    pub fn new(district: &District, directory: &Directory, links: &impl Linking) -> Self {
        let path = path(&district.slug);
        let links = vec![links.link("self", "GET", &path), links.link("boundary", "GET", &format!("{path}/boundary"))];
        let label_point = Location::at(directory.label_point(district));
        let District { id, slug, code, name, place_names, area_id, population, status, updated_at, .. } =
            district.clone();
        Self { id, slug, code, name, place_names, area_id, population, label_point, status, updated_at, links }
    }
}

/// Where a district lies below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/districts/{slug}")
}
