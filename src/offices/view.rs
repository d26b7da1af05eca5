//! Offices as the API shows them.

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

/// An office of the social services, with whether it is open.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Office)]
pub struct OfficeView<'a> {
    /// The office's identifier, a UUID.
    id: OfficeId,
    /// The office's slug: its readable name in addresses such as `/offices/skaggetorp`.
    slug: &'a Slug,
    /// The name of the office, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}
    name: &'a Localized,
    /// The kind of office, such as a base or a reception.
    kind: OfficeKind,
    /// Whether the office is planned, in operation, or closed for a while or for good.
    ///
    /// @example "open"
    status: OfficeStatus,
    /// The areas that the office serves. If the list is empty, the office serves the whole municipality.
    #[schema(max_items = 50)]
    area_ids: &'a [AreaId],
    /// The street address of the office.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a Address>,
    /// The position of the office on the map, as a GeoJSON Point.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Location>,
    /// The office's telephone number, in international form.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a Phone>,
    /// The office's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a Email>,
    /// The office's opening hours in OpenStreetMap's `opening_hours` syntax. Absent if the opening hours are unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, example = "Mo-Fr 08:00-16:30; PH off")]
    opening_hours: Option<&'a HoursText>,
    /// Whether the office is open at the time of the answer, and when that changes. In an answer to the question "where
    /// do I turn?", the time is the `at` of the question.
    pub open_state: OpenState,
    /// The languages that visitors can speak with the staff (ISO 639 codes).
    #[schema(max_items = 50)]
    languages: &'a [LanguageCode],
    /// The features that make the office accessible to people with disabilities. The list is empty if none is known.
    #[schema(max_items = 20)]
    accessibility: &'a [Accessibility],
    /// Directions for finding the entrance of the office.
    ///
    /// @example {"sv": "Ingång mot parkeringen.", "en": "Entrance facing the car park."}
    #[serde(skip_serializing_if = "Option::is_none")]
    entrance_note: Option<&'a Localized>,
    /// The services that the office gives, retired ones included.
    #[schema(max_items = 1000)]
    service_ids: &'a [ServiceId],
    /// The day, month or year in which the office opened or will open.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_on: Option<&'a PartialDate>,
    /// The day, month or year in which the office closed or will close.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_on: Option<&'a PartialDate>,
    /// When the office was created or last changed.
    updated_at: Timestamp,
    /// Links to the office itself and to its opening hours.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl<'a> OfficeView<'a> {
    /// Shows an office with its open state at the time `at`. `links` makes the absolute addresses of the links.
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

/// The opening hours of an office, day by day, for the requested period.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfficeHours)]
pub struct HoursView {
    /// The identifier of the office whose opening hours these are.
    pub office_id: OfficeId,
    /// Whether the office's opening hours are known. If not, every day is empty, which does not mean that the office is
    /// closed.
    pub known: bool,
    /// The opening hours of each day of the requested period.
    #[schema(max_items = 62)]
    pub days: Vec<DayHours>,
    /// Links to these hours and to the office.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    pub links: Vec<Link>,
}

/// Returns the path of the office with this slug, below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/offices/{slug}")
}
