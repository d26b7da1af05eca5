//! Districts: the parts of the municipality, each in exactly one area and with a boundary.
//!
//! - The boundaries of all active districts partition the municipality. A change may overlap a neighbour by at most 1
//!   m² and leave the municipality by at most 1 m; gaps are allowed, and reported by coverage.
//! - A district is active until it is retired. A retired one keeps its boundary, and no place lies in it any more.
//! - A district that referrals refer to is never removed, only retired.
//! - Its boundary is large and changes alone, so it has a path of its own.

pub mod boundary;
mod boundary_routes;
mod features;
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

/// A district. Its boundary is the directory's: see [`Directory::boundary`](crate::directory::Directory::boundary).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct District {
    /// Its identifier.
    pub id: DistrictId,
    /// Its readable name in paths.
    pub slug: Slug,
    /// Its code in the statistics.
    pub code: DistrictCode,
    /// Its name.
    pub name: Localized,
    /// What people call its parts.
    pub place_names: Vec<Line>,
    /// The area that it belongs to.
    pub area_id: AreaId,
    /// How many live there.
    pub population: Option<Population>,
    /// Whether it is in use.
    pub status: DistrictStatus,
    /// How often it was written, its boundary included.
    pub version: i32,
    /// When it was written last.
    pub updated_at: Timestamp,
}

/// The code of a district, such as SCB's RegSO code.
pub type DistrictCode = Bounded<20>;

/// Whether a district is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DistrictStatus {
    /// In use.
    #[default]
    Active,
    /// No longer in use, and kept because others refer to it.
    Retired,
}
crate::text_column!(DistrictStatus);

/// How many people live somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Population {
    /// How many people live there.
    #[schema(minimum = 0, maximum = 4_294_967_295_u64, example = 10463)]
    pub total: u32,
    /// On which day.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2019-12-31")]
    pub as_of: NaiveDate,
}

/// A district as an administrator writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDistrict {
    /// Its readable name in paths.
    ///
    /// @example "skaggetorp-tornby"
    pub slug: Slug,
    /// Its code in the statistics.
    #[schema(value_type = String, min_length = 1, max_length = 20, example = "0580R018")]
    pub code: DistrictCode,
    /// What the district is called.
    ///
    /// @example {"sv": "Skäggetorp-Tornby", "en": "Skäggetorp-Tornby"}
    pub name: Localized,
    /// What people call its parts.
    #[schema(value_type = Vec<String>, max_items = 50, example = json!(["Skäggetorp", "Tornby"]))]
    pub place_names: Vec<Line>,
    /// The area that it belongs to.
    pub area_id: AreaName,
    /// How many live there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
    /// Where it lies.
    pub boundary: BoundaryBody,
    /// Whether it is in use; active unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DistrictStatus>,
}

/// A district as an administrator writes it, but for its boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistrictDetails {
    /// Its readable name in paths.
    ///
    /// @example "skaggetorp-tornby"
    pub slug: Slug,
    /// Its code in the statistics.
    #[schema(value_type = String, min_length = 1, max_length = 20, example = "0580R018")]
    pub code: DistrictCode,
    /// What the district is called.
    ///
    /// @example {"sv": "Skäggetorp-Tornby", "en": "Skäggetorp-Tornby"}
    pub name: Localized,
    /// What people call its parts.
    #[schema(value_type = Vec<String>, max_items = 50, example = json!(["Skäggetorp", "Tornby"]))]
    pub place_names: Vec<Line>,
    /// The area that it belongs to.
    pub area_id: AreaName,
    /// How many live there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
    /// Whether it is in use; active unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DistrictStatus>,
}

impl NewDistrict {
    /// The boundary, and everything else.
    pub fn split(self) -> (BoundaryBody, DistrictDetails) {
        let Self { slug, code, name, place_names, area_id, population, boundary, status } = self;
        (boundary, DistrictDetails { slug, code, name, place_names, area_id, population, status })
    }
}

impl District {
    /// The same district, written anew because its boundary was.
    pub fn with_new_boundary(&self, moment: &Moment) -> Self {
        Self { version: self.version + 1, updated_at: moment.now, ..self.clone() }
    }

    /// How an administrator would write it as it is.
    pub fn as_details(&self) -> DistrictDetails {
        let Self { slug, code, name, place_names, area_id, population, status, .. } = self.clone();
        DistrictDetails { slug, code, name, place_names, area_id: area_id.into(), population, status: Some(status) }
    }

    /// Whether it is in use.
    pub fn is_active(&self) -> bool {
        self.status == DistrictStatus::Active
    }

    /// Its place in lists.
    pub fn position(&self) -> (String, DistrictId) {
        (swedish_order(self.name.sv()), self.id)
    }
}
