//! Areas: what the municipality is divided into for social services. An area has districts and is served by offices.
//!
//! - An area is active until it is retired. Retiring is a change like any other, and can be taken back.
//! - An area that districts, offices or referrals refer to is never removed, only retired.

pub mod routes;
pub mod store;
mod view;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::AreaId;
use crate::moment::Moment;
use crate::slug::Slug;
use crate::text::{Localized, swedish_order};
use crate::time::Timestamp;

/// An area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Its identifier.
    pub id: AreaId,
    /// Its readable name in paths.
    pub slug: Slug,
    /// Its name.
    pub name: Localized,
    /// What it is.
    pub description: Option<Localized>,
    /// Whether it is in use.
    pub status: AreaStatus,
    /// How often it was written.
    pub version: i32,
    /// When it was written last.
    pub updated_at: Timestamp,
}

/// Whether an area is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AreaStatus {
    /// In use.
    #[default]
    Active,
    /// No longer in use, and kept because others refer to it.
    Retired,
}
crate::text_column!(AreaStatus);

/// An area as an administrator writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewArea {
    /// Its readable name in paths.
    ///
    /// @example "norr"
    pub slug: Slug,
    /// What the area is called.
    ///
    /// @example {"sv": "Norr", "en": "North"}
    pub name: Localized,
    /// What it is.
    ///
    /// @example {"sv": "Norra delen av kommunen, med basen i Skäggetorp.", "en": "The north of the municipality, with its base in \
    /// Skäggetorp."}
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Localized>,
    /// Whether it is in use; active unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AreaStatus>,
}

impl Area {
    /// A new area.
    pub fn new(new: NewArea, moment: &Moment) -> Self {
        let NewArea { slug, name, description, status } = new;
        let status = status.unwrap_or_default();
        Self { id: moment.id(), slug, name, description, status, version: 1, updated_at: moment.now }
    }

    /// What it becomes when somebody writes it anew.
    pub fn changed(&self, new: NewArea, moment: &Moment) -> Self {
        Self { id: self.id, version: self.version + 1, ..Self::new(new, moment) }
    }

    /// How an administrator would write it as it is.
    pub fn as_new(&self) -> NewArea {
        let Self { slug, name, description, status, .. } = self.clone();
        NewArea { slug, name, description, status: Some(status) }
    }

    /// Its place in lists.
    pub fn position(&self) -> (String, AreaId) {
        (swedish_order(self.name.sv()), self.id)
    }
}
