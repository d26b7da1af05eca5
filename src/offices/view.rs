//! Offices as callers see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::calendar::{DayHours, OpenState};
use crate::directory::Directory;
use crate::http::link::{Link, Linking};
use crate::id::{AreaId, OfficeId, ServiceId};
use crate::offices::{
    Accessibility, Address, Email, HoursText, Location, Office, OfficeKind, OfficeStatus, PartialDate, Phone,
};
use crate::slug::Slug;
use crate::text::{LanguageCode, Localized};
use crate::time::Timestamp;

/// An office.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Office)]
pub struct OfficeView<'a> {
    /// Its identifier.
    id: OfficeId,
    /// Its readable name in paths.
    slug: &'a Slug,
    /// What the office is called.
    ///
    /// @example {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}
    name: &'a Localized,
    /// What kind of office it is.
    kind: OfficeKind,
    /// Whether it is in operation.
    ///
    /// @example "open"
    status: OfficeStatus,
    /// The areas that it serves; none means the whole municipality.
    #[schema(max_items = 50)]
    area_ids: &'a [AreaId],
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a Address>,
    /// Where it is on the map.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Location>,
    /// Its telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a Phone>,
    /// Its e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a Email>,
    /// When it is open, in OpenStreetMap's syntax; absent where nobody stated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, example = "Mo-Fr 08:00-16:30; PH off")]
    opening_hours: Option<&'a HoursText>,
    /// Whether it is open at the time that is asked about, now unless said, and when that changes.
    open_state: OpenState,
    /// In which languages one is met.
    #[schema(max_items = 50)]
    languages: &'a [LanguageCode],
    /// How it can be entered and used; empty where nothing is known.
    #[schema(max_items = 20)]
    accessibility: &'a [Accessibility],
    /// How to find the way in.
    ///
    /// @example {"sv": "Ingång mot parkeringen.", "en": "Entrance facing the car park."}
    #[serde(skip_serializing_if = "Option::is_none")]
    entrance_note: Option<&'a Localized>,
    /// The services that it gives.
    #[schema(max_items = 1000)]
    service_ids: &'a [ServiceId],
    /// When it opened or will open: a day, a month or a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_on: Option<&'a PartialDate>,
    /// When it closed or will close: a day, a month or a year.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_on: Option<&'a PartialDate>,
    /// When it was written last.
    updated_at: Timestamp,
    /// Its own address, and that of its opening hours.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl<'a> OfficeView<'a> {
    /// An office, whose links lead where `links` says, with its open state at that time.
    pub fn new(office: &'a Office, directory: &Directory, links: &impl Linking, at: Timestamp) -> Self {
        let path = path(&office.slug);
        let links = vec![
            links.link("self", "GET", &path),
            links.link("opening-hours", "GET", &format!("{path}/opening-hours")),
        ];
        Self {
            id: office.id,
            slug: &office.slug,
            name: &office.name,
            kind: office.kind,
            status: office.status,
            area_ids: &office.area_ids,
            address: office.address.as_ref(),
            location: office.location.as_ref(),
            phone: office.phone.as_ref(),
            email: office.email.as_ref(),
            opening_hours: office.opening_hours.as_ref(),
            open_state: directory.open_state(office, at.utc()),
            languages: &office.languages,
            accessibility: &office.accessibility,
            entrance_note: office.entrance_note.as_ref(),
            service_ids: &office.service_ids,
            opened_on: office.opened_on.as_ref(),
            closed_on: office.closed_on.as_ref(),
            updated_at: office.updated_at,
            links,
        }
    }
}

/// The opening hours of an office, day by day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfficeHours)]
pub struct HoursView {
    /// Which office.
    pub office_id: OfficeId,
    /// Whether anybody stated the hours. If not, each day is empty, which does not mean closed.
    pub known: bool,
    /// The hours of each day asked for.
    #[schema(max_items = 62)]
    pub days: Vec<DayHours>,
    /// Its own address, and that of the office.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    pub links: Vec<Link>,
}

/// Where an office lies below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/offices/{slug}")
}
