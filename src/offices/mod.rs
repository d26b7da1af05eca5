//! Offices: where people turn to, on the spot or by telephone.
//!
//! - An office serves areas, its catchment; one without any serves the whole municipality.
//! - It is planned, open, temporarily closed or closed. It may be open without premises, so address and location may be
//!   absent. It does not close before it opened.
//! - Opening hours are written in OpenStreetMap's syntax, and refused where they cannot be read. Hours that nobody
//!   stated are unknown, not closed.
//! - An office that referrals refer to is never removed, only closed.

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

/// An office.
#[derive(Debug, Clone, PartialEq)]
pub struct Office {
    /// Its identifier.
    pub id: OfficeId,
    /// Its readable name in paths.
    pub slug: Slug,
    /// Its name.
    pub name: Localized,
    /// What kind of office it is.
    pub kind: OfficeKind,
    /// Whether it is in operation.
    pub status: OfficeStatus,
    /// The areas that it serves; none means the whole municipality.
    pub area_ids: Vec<AreaId>,
    /// Where it is.
    pub address: Option<Address>,
    /// Where it is on the map.
    pub location: Option<Location>,
    /// Its telephone number.
    pub phone: Option<Phone>,
    /// Its e-mail address.
    pub email: Option<Email>,
    /// When it is open, in OpenStreetMap's syntax.
    pub opening_hours: Option<HoursText>,
    /// In which languages one is met.
    pub languages: Vec<LanguageCode>,
    /// How it can be entered and used.
    pub accessibility: Vec<Accessibility>,
    /// How to find the way in.
    pub entrance_note: Option<Localized>,
    /// The services that it gives.
    pub service_ids: Vec<ServiceId>,
    /// When it opened or will open.
    pub opened_on: Option<PartialDate>,
    /// When it closed or will close.
    pub closed_on: Option<PartialDate>,
    /// How often it was written.
    pub version: i32,
    /// When it was written last.
    pub updated_at: Timestamp,
}

/// A text of opening hours. Whether it can be read is a rule of the office, since only the calendar knows its holidays.
pub type HoursText = Bounded<MAX_LENGTH>;

/// What kind of office it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfficeKind {
    /// The base of an area.
    Base,
    /// The reception that takes reports and applications.
    Reception,
    /// A part of a base, elsewhere.
    Satellite,
    /// Where one may come without an appointment.
    DropIn,
    /// Advice and support.
    Advice,
    /// The social services out of hours.
    OnCall,
    /// The municipality's switchboard.
    Switchboard,
}

/// Whether an office is in operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfficeStatus {
    /// Decided on, and not there yet.
    Planned,
    /// In operation.
    Open,
    /// Out of operation for a while.
    TemporarilyClosed,
    /// Out of operation for good.
    Closed,
}
crate::text_column!(OfficeKind, OfficeStatus);

/// How an office can be entered and used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Accessibility {
    /// An entrance without steps, for wheelchairs.
    WheelchairEntrance,
    /// A lift.
    Lift,
    /// A hearing loop.
    HearingLoop,
    /// An accessible toilet.
    AccessibleToilet,
    /// Guide dogs are welcome.
    GuideDogsWelcome,
}

/// An office as an administrator writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOffice {
    /// Its readable name in paths.
    pub slug: Slug,
    /// What the office is called.
    ///
    /// @example {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}
    pub name: Localized,
    /// What kind of office it is.
    pub kind: OfficeKind,
    /// Whether it is in operation.
    ///
    /// @example "open"
    pub status: OfficeStatus,
    /// The areas that it serves; none means the whole municipality.
    #[schema(max_items = 50)]
    pub area_ids: Vec<AreaName>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Where it is on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Its telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Its e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// When it is open, in OpenStreetMap's syntax. Left out, it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, example = "Mo-Fr 08:00-16:30; PH off")]
    pub opening_hours: Option<HoursText>,
    /// In which languages one is met.
    #[schema(max_items = 50)]
    pub languages: Vec<LanguageCode>,
    /// How it can be entered and used; empty where nothing is known.
    #[schema(max_items = 20)]
    pub accessibility: Vec<Accessibility>,
    /// How to find the way in.
    ///
    /// @example {"sv": "Ingång mot parkeringen.", "en": "Entrance facing the car park."}
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrance_note: Option<Localized>,
    /// The services that it gives.
    ///
    /// @example []
    #[schema(max_items = 200)]
    pub service_ids: Vec<ServiceName>,
    /// When it opened or will open: a day, a month or a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_on: Option<PartialDate>,
    /// When it closed or will close: a day, a month or a year.
    ///
    /// @x-example-omit true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_on: Option<PartialDate>,
}

impl Office {
    /// How an administrator would write it as it is.
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

    /// Whether it is in operation; whether it is open at this hour is its open state.
    pub fn is_in_operation(&self) -> bool {
        self.status == OfficeStatus::Open
    }

    /// Whether it serves the whole municipality.
    pub fn is_municipality_wide(&self) -> bool {
        self.area_ids.is_empty()
    }

    /// Whether this area is in its catchment by name: serving the whole municipality is something else.
    pub fn serves_area(&self, area: AreaId) -> bool {
        self.area_ids.contains(&area)
    }

    /// Its place in lists.
    pub fn position(&self) -> (String, OfficeId) {
        (swedish_order(self.name.sv()), self.id)
    }
}

#[cfg(test)]
mod tests;
