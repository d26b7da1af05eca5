//! Districts: the named parts of the municipality. Each has a boundary and belongs to exactly one area.
//!
//! - The boundaries of the active districts divide the municipality among them. A new boundary may overlap a neighbour
//!   by at most 1 m² and reach outside the municipality by at most 1 m. Gaps between districts are allowed, and the
//!   coverage of the directory reports them.
//! - A district is active until it is retired. A retired district keeps its boundary, but no place is located in it any
//!   more.
//! - A district that other records refer to, such as referrals, cannot be deleted, only retired.
//! - A boundary is large and changes separately from the rest of the district, so it has a path of its own.

mod answers;
pub mod boundary;
mod boundary_routes;
mod features;
pub mod ground;
pub mod routes;
pub mod rules;
pub mod store;
mod view;

use chrono::NaiveDate;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::districts::boundary::BoundaryBody;
use crate::id::{AreaId, DistrictId};
use crate::moment::Moment;
use crate::slug::{AreaName, Slug};
use crate::text::{Bounded, Line, Localized, swedish_order};
use crate::time::{Timestamp, day};

/// A district without its boundary, which the directory holds: see
/// [`Directory::boundary`](crate::directory::Directory::boundary).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct District {
    pub id: DistrictId,
    pub slug: Slug,
    pub code: DistrictCode,
    pub name: Localized,
    /// The names that people use for parts of the district.
    pub place_names: Vec<Line>,
    pub area_id: AreaId,
    pub population: Option<Population>,
    pub status: DistrictStatus,
    /// The number of times that the district has been written, changes of its boundary included.
    pub version: i32,
    pub updated_at: Timestamp,
}

/// The code of a district in official statistics, such as a RegSO code of Statistics Sweden.
pub type DistrictCode = Bounded<20>;

/// The states of a district: in use or retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DistrictStatus {
    /// The district is in use.
    #[default]
    Active,
    /// The district is no longer in use. It is kept because other records may refer to it.
    Retired,
}
crate::text_column!(DistrictStatus);

/// The number of people who live in a district or an area, and the day on which they were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Population {
    /// The number of residents on the day of `asOf`.
    #[schema(minimum = 0, maximum = 4_294_967_295_u64, example = 10463)]
    pub total: u32,
    /// The day on which the residents were counted. For an area, the earliest such day among its active districts.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2019-12-31")]
    pub as_of: NaiveDate,
}

/// A district in the form in which an administrator creates it, with its boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDistrict {
    /// The district's slug: its readable name in addresses such as `/districts/skaggetorp-tornby`.
    ///
    /// @example "skaggetorp-tornby"
    pub slug: Slug,
    /// The code of the district in official statistics, such as its RegSO code at Statistics Sweden.
    #[schema(value_type = String, min_length = 1, max_length = 20, example = "0580R018")]
    pub code: DistrictCode,
    /// The name of the district, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Skäggetorp-Tornby", "en": "Skäggetorp-Tornby"}
    pub name: Localized,
    /// The names that people use for parts of the district.
    #[schema(value_type = Vec<String>, max_items = 50, example = json!(["Skäggetorp", "Tornby"]))]
    pub place_names: Vec<Line>,
    /// The area that the district belongs to, by its identifier or slug.
    pub area_id: AreaName,
    /// The number of people who live in the district. Absent if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
    /// The boundary of the district, as a GeoJSON geometry.
    pub boundary: BoundaryBody,
    /// Whether the district is in use. For a new district, the default is `active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DistrictStatus>,
}

/// A district without its boundary, in the form in which an administrator changes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistrictDetails {
    /// The district's slug: its readable name in addresses such as `/districts/skaggetorp-tornby`.
    ///
    /// @example "skaggetorp-tornby"
    pub slug: Slug,
    /// The code of the district in official statistics, such as its RegSO code at Statistics Sweden.
    #[schema(value_type = String, min_length = 1, max_length = 20, example = "0580R018")]
    pub code: DistrictCode,
    /// The name of the district, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Skäggetorp-Tornby", "en": "Skäggetorp-Tornby"}
    pub name: Localized,
    /// The names that people use for parts of the district.
    #[schema(value_type = Vec<String>, max_items = 50, example = json!(["Skäggetorp", "Tornby"]))]
    pub place_names: Vec<Line>,
    /// The area that the district belongs to, by its identifier or slug.
    pub area_id: AreaName,
    /// The number of people who live in the district. Absent if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
    /// Whether the district is in use. For a new district, the default is `active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DistrictStatus>,
}

impl NewDistrict {
    /// Splits the new district into its boundary and all its other fields.
    pub fn split(self) -> (BoundaryBody, DistrictDetails) {
        let Self { slug, code, name, place_names, area_id, population, boundary, status } = self;
        (boundary, DistrictDetails { slug, code, name, place_names, area_id, population, status })
    }
}

impl District {
    /// Returns the next version of the district, for a change of its boundary. Only the version and the time of the
    /// change differ from this version.
    pub fn with_new_boundary(&self, moment: &Moment) -> Self {
        Self { version: self.version + 1, updated_at: moment.now, ..self.clone() }
    }

    /// Returns the district in the form in which an administrator changes it. A change, which is a merge patch, is
    /// applied to this form.
    pub fn as_details(&self) -> DistrictDetails {
        let Self { slug, code, name, place_names, area_id, population, status, .. } = self.clone();
        DistrictDetails { slug, code, name, place_names, area_id: area_id.into(), population, status: Some(status) }
    }

    pub fn is_active(&self) -> bool {
        self.status == DistrictStatus::Active
    }

    /// Returns the key by which lists of districts are sorted: the Swedish name, then the identifier.
    pub fn position(&self) -> (String, DistrictId) {
        (swedish_order(self.name.sv()), self.id)
    }
}
