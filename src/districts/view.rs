//! Districts as the API shows them.

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

/// A district of the municipality, without its boundary.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = District)]
pub struct DistrictView {
    /// The district's identifier, a UUID.
    id: DistrictId,
    /// The district's slug: its readable name in addresses such as `/districts/skaggetorp-tornby`.
    ///
    /// @example "skaggetorp-tornby"
    slug: Slug,
    /// The code of the district in official statistics, such as its RegSO code at Statistics Sweden.
    #[schema(value_type = String, min_length = 1, max_length = 20, example = "0580R018")]
    code: DistrictCode,
    /// The name of the district, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Skäggetorp-Tornby", "en": "Skäggetorp-Tornby"}
    name: Localized,
    /// The names that people use for parts of the district.
    #[schema(value_type = Vec<String>, max_items = 50, example = json!(["Skäggetorp", "Tornby"]))]
    place_names: Vec<Line>,
    /// The area that the district belongs to.
    area_id: AreaId,
    /// The number of people who live in the district. Absent if it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<Population>,
    /// A point well inside the district, where a map can write its name.
    label_point: Location,
    /// Whether the district is in use.
    status: DistrictStatus,
    /// When the district or its boundary was created or last changed.
    updated_at: Timestamp,
    /// Links to the district itself and to its boundary.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl DistrictView {
    /// Shows a district without its boundary. `directory` has its label point, and `links` makes the absolute addresses
    /// of the links.
    pub fn new(district: &District, directory: &Directory, links: &impl Linking) -> Self {
        let path = path(&district.slug);
        let links = vec![links.link("self", "GET", &path), links.link("boundary", "GET", &format!("{path}/boundary"))];
        let label_point = Location::at(directory.label_point(district));
        let District { id, slug, code, name, place_names, area_id, population, status, updated_at, .. } =
            district.clone();
        Self { id, slug, code, name, place_names, area_id, population, label_point, status, updated_at, links }
    }
}

/// Returns the path of the district with this slug, below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/districts/{slug}")
}
