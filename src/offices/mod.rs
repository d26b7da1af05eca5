//! Offices: the places and telephone lines of the social services that people turn to.
//!
//! - The areas that an office serves are its catchment. An office without a catchment serves the whole municipality.
//! - An office is planned, open, temporarily closed or closed. It may be open without premises, so its address and its
//!   location may be absent. It must not close before it opens.
//! - Opening hours are written in OpenStreetMap's `opening_hours` syntax and are refused if they cannot be read. If no
//!   hours are stated, it is unknown whether the office is open. That does not mean that it is closed.
//! - An office that other records refer to, such as referrals, cannot be deleted, only closed.

mod answers;
mod contact;
mod partial_date;
pub mod routes;
pub mod rules;
pub mod store;
pub mod view;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendar::MAX_LENGTH;
use crate::id::{AreaId, OfficeId, ServiceId};
use crate::slug::{AreaName, ServiceName, Slug};
use crate::text::{Bounded, LanguageCode, Localized, swedish_order};
use crate::time::Timestamp;

pub use contact::{Address, Email, Location, Phone, PostalCode};
pub use partial_date::PartialDate;

#[derive(Debug, Clone, PartialEq)]
pub struct Office {
    pub id: OfficeId,
    pub slug: Slug,
    pub name: Localized,
    pub kind: OfficeKind,
    pub status: OfficeStatus,
    /// The areas that the office serves (its catchment). If the list is empty, the office serves the whole
    /// municipality.
    pub area_ids: Vec<AreaId>,
    pub address: Option<Address>,
    pub location: Option<Location>,
    pub phone: Option<Phone>,
    pub email: Option<Email>,
    /// The office's opening hours in OpenStreetMap's `opening_hours` syntax. If absent, the opening hours are unknown.
    pub opening_hours: Option<HoursText>,
    /// The languages that visitors can speak with the office's staff.
    pub languages: Vec<LanguageCode>,
    pub accessibility: Vec<Accessibility>,
    /// Directions for finding the entrance of the office.
    pub entrance_note: Option<Localized>,
    /// The services that the office gives.
    pub service_ids: Vec<ServiceId>,
    /// The day, month or year in which the office opened or will open.
    pub opened_on: Option<PartialDate>,
    /// The day, month or year in which the office closed or will close.
    pub closed_on: Option<PartialDate>,
    /// The number of times that the office has been written.
    pub version: i32,
    pub updated_at: Timestamp,
}

/// The opening hours of an office as a text, of which only the length is checked. [`Office::new`] checks that the text
/// can be read, because reading it needs the calendar's holidays.
pub type HoursText = Bounded<MAX_LENGTH>;

/// The kinds of office of the social services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfficeKind {
    /// The base of an area: the main office that serves it.
    Base,
    /// The reception for reports of concern and for applications.
    Reception,
    /// A smaller office that is a part of a base, at another place.
    Satellite,
    /// An office that people may visit without an appointment.
    DropIn,
    /// An office for advice and support.
    Advice,
    /// The social services' telephone line outside office hours.
    OnCall,
    /// The municipality's telephone switchboard.
    Switchboard,
}

/// The stages of an office: planned, in operation, or closed for a while or for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfficeStatus {
    /// The opening of the office is decided, but the office is not in operation yet.
    Planned,
    /// The office is in operation.
    Open,
    /// The office is out of operation for a while.
    TemporarilyClosed,
    /// The office is out of operation for good.
    Closed,
}
crate::text_column!(OfficeKind, OfficeStatus);

/// Features that make an office accessible to people with disabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Accessibility {
    /// The office has an entrance without steps, for wheelchairs.
    WheelchairEntrance,
    /// The building of the office has a lift.
    Lift,
    /// The office has a hearing loop.
    HearingLoop,
    /// The office has an accessible toilet.
    AccessibleToilet,
    /// Guide dogs are welcome at the office.
    GuideDogsWelcome,
}

/// An office in the form in which an administrator creates or changes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOffice {
    /// The office's slug: its readable name in addresses such as `/offices/skaggetorp`.
    pub slug: Slug,
    /// The name of the office, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}
    pub name: Localized,
    /// The kind of office, such as a base or a reception.
    pub kind: OfficeKind,
    /// Whether the office is planned, in operation, or closed for a while or for good.
    ///
    /// @example "open"
    pub status: OfficeStatus,
    /// The areas that the office serves, by their identifiers or slugs. If the list is empty, the office serves the
    /// whole municipality.
    #[schema(max_items = 50)]
    pub area_ids: Vec<AreaName>,
    /// The street address of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The position of the office on the map, as a GeoJSON Point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The office's telephone number, in international form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The office's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The office's opening hours in OpenStreetMap's `opening_hours` syntax. If absent, the opening hours are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, example = "Mo-Fr 08:00-16:30; PH off")]
    pub opening_hours: Option<HoursText>,
    /// The languages that visitors can speak with the staff (ISO 639 codes).
    #[schema(max_items = 50)]
    pub languages: Vec<LanguageCode>,
    /// The features that make the office accessible to people with disabilities. The list is empty if none is known.
    #[schema(max_items = 20)]
    pub accessibility: Vec<Accessibility>,
    /// Directions for finding the entrance of the office.
    ///
    /// @example {"sv": "Ingång mot parkeringen.", "en": "Entrance facing the car park."}
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrance_note: Option<Localized>,
    /// The services that the office gives, by their identifiers or slugs.
    ///
    /// @example []
    #[schema(max_items = 200)]
    pub service_ids: Vec<ServiceName>,
    /// The day, month or year in which the office opened or will open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_on: Option<PartialDate>,
    /// The day, month or year in which the office closed or will close.
    ///
    /// @x-example-omit true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_on: Option<PartialDate>,
}

impl Office {
    /// Returns the office in the form in which an administrator writes it. A change, which is a merge patch, is applied
    /// to this form.
    pub fn as_new(&self) -> NewOffice {
        let office = self.clone();
        NewOffice {
            slug: office.slug,
            name: office.name,
            kind: office.kind,
            status: office.status,
            area_ids: office.area_ids.into_iter().map(Into::into).collect(),
            address: office.address,
            location: office.location,
            phone: office.phone,
            email: office.email,
            opening_hours: office.opening_hours,
            languages: office.languages,
            accessibility: office.accessibility,
            entrance_note: office.entrance_note,
            service_ids: office.service_ids.into_iter().map(Into::into).collect(),
            opened_on: office.opened_on,
            closed_on: office.closed_on,
        }
    }

    /// Whether the status of the office is `open`. Its opening hours are not considered.
    pub fn is_in_operation(&self) -> bool {
        self.status == OfficeStatus::Open
    }

    pub fn is_municipality_wide(&self) -> bool {
        self.area_ids.is_empty()
    }

    /// Whether the office's catchment names the area `area`. False for an office of the whole municipality, which has
    /// no catchment.
    pub fn serves_area(&self, area: AreaId) -> bool {
        self.area_ids.contains(&area)
    }

    /// Returns the key by which lists of offices are sorted: the Swedish name, then the identifier.
    pub fn position(&self) -> (String, OfficeId) {
        (swedish_order(self.name.sv()), self.id)
    }
}

#[cfg(test)]
mod tests;
