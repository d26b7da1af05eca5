//! Offices as callers see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::calendar::{DayHours, OpenState};
use crate::directory::Directory;
use crate::http::call::Link;
use crate::http::written::Linking;
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
pub struct OfficeView {
    /// Its identifier.
    id: OfficeId,
    /// Its readable name in paths.
    slug: Slug,
    /// Its name.
    name: Localized,
    /// What kind of office it is.
    kind: OfficeKind,
    /// Whether it is in operation.
    status: OfficeStatus,
    /// The areas that it serves; none means the whole municipality.
    #[schema(max_items = 50)]
    area_ids: Vec<AreaId>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
    /// Where it is on the map.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    /// Its telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Phone>,
    /// Its e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Email>,
    /// When it is open, in OpenStreetMap's syntax; absent where nobody stated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, example = "Mo-Fr 08:00-16:30; PH off")]
    opening_hours: Option<HoursText>,
    /// Whether it is open at the time that is asked about, now unless said, and when that changes.
    open_state: OpenState,
    /// In which languages one is met.
    #[schema(max_items = 50)]
    languages: Vec<LanguageCode>,
    /// How it can be entered and used; empty where nothing is known.
    #[schema(max_items = 20)]
    accessibility: Vec<Accessibility>,
    /// How to find the way in.
    #[serde(skip_serializing_if = "Option::is_none")]
    entrance_note: Option<Localized>,
    /// The services that it gives.
    #[schema(max_items = 200)]
    service_ids: Vec<ServiceId>,
    /// When it opened or will open: a day, a month or a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_on: Option<PartialDate>,
    /// When it closed or will close: a day, a month or a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_on: Option<PartialDate>,
    /// When it was written last.
    updated_at: Timestamp,
    /// Its own address, and that of its opening hours.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl OfficeView {
    /// An office as `call` gets it, with its open state at that time.
    pub fn new(office: &Office, directory: &Directory, links: &impl Linking, at: Timestamp) -> Self {
        let path = path(&office.slug);
        let links = vec![
            links.link("self", "GET", &path),
            links.link("opening-hours", "GET", &format!("{path}/opening-hours")),
        ];
        let open_state = directory.open_state(office, at.utc());
        let office = office.clone();
        Self {
            id: office.id,
            slug: office.slug,
            name: office.name,
            kind: office.kind,
            status: office.status,
            area_ids: office.area_ids,
            address: office.address,
            location: office.location,
            phone: office.phone,
            email: office.email,
            opening_hours: office.opening_hours,
            open_state,
            languages: office.languages,
            accessibility: office.accessibility,
            entrance_note: office.entrance_note,
            service_ids: office.service_ids,
            opened_on: office.opened_on,
            closed_on: office.closed_on,
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
