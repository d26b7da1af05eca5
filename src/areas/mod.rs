//! Areas: the parts into which the municipality is divided for social services. An area has districts and is served by
//! offices.
//!
//! - An area is active until it is retired. Retiring is an ordinary change and can be taken back.
//! - An area that other records refer to, such as districts, cannot be deleted, only retired.

mod answers;
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    pub id: AreaId,
    pub slug: Slug,
    pub name: Localized,
    pub description: Option<Localized>,
    pub status: AreaStatus,
    /// The number of times that the area has been written.
    pub version: i32,
    pub updated_at: Timestamp,
}

/// The states of an area: in use or retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AreaStatus {
    /// The area is in use.
    #[default]
    Active,
    /// The area is no longer in use. It is kept because other records may refer to it.
    Retired,
}
crate::text_column!(AreaStatus);

/// An area in the form in which an administrator creates or changes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewArea {
    /// The area's slug: its readable name in addresses such as `/areas/norr`.
    ///
    /// @example "norr"
    pub slug: Slug,
    /// The name of the area, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Norr", "en": "North"}
    pub name: Localized,
    /// A description of the area, for residents.
    ///
    /// @example {"sv": "Norra delen av kommunen, med basen i Skäggetorp.", "en": "The north of the municipality, with its base in \
    /// Skäggetorp."}
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Localized>,
    /// Whether the area is in use. For a new area, the default is `active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AreaStatus>,
}

impl Area {
    pub fn new(new: NewArea, moment: &Moment) -> Self {
        let NewArea { slug, name, description, status } = new;
        let status = status.unwrap_or_default();
        Self { id: moment.id(), slug, name, description, status, version: 1, updated_at: moment.now }
    }

    /// Returns the next version of the area, with the contents of `new`.
    pub fn changed(&self, new: NewArea, moment: &Moment) -> Self {
        Self { id: self.id, version: self.version + 1, ..Self::new(new, moment) }
    }

    /// Returns the area in the form in which an administrator writes it. A change, which is a merge patch, is applied
    /// to this form.
    pub fn as_new(&self) -> NewArea {
        let Self { slug, name, description, status, .. } = self.clone();
        NewArea { slug, name, description, status: Some(status) }
    }

    /// Returns the key by which lists of areas are sorted: the Swedish name, then the identifier.
    pub fn position(&self) -> (String, AreaId) {
        (swedish_order(self.name.sv()), self.id)
    }
}
