//! The snapshot: all of the directory at one moment, with what is worked out from it.

use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::HashMap;
use std::sync::Arc;

use crate::areas::Area;
use crate::calendar::{Calendar, DayHours, DeadlineRule, LegalReference, OpenState, OpeningHours};
use crate::directory::documents::{Documents, Municipality, OtherMunicipality};
use crate::directory::geography::Geography;
use crate::directory::geometry::Boundary;
use crate::directory::known::Known;
use crate::directory::places::{Places, PostalCode};
use crate::districts::District;
use crate::error::{Error, Result, Text};
use crate::http::answer::KeptAnswers;
use crate::id::{AreaId, DistrictId, OfficeId, ServiceId};
use crate::offices::Office;
use crate::rules::Rules;
use crate::services::Service;
use crate::slug::{AreaName, DistrictName, OfficeName, ServiceName};
use crate::time::Timestamp;

/// How many days ahead the opening hours are worked out. A snapshot is renewed every day, so it never gets that old.
pub(super) const PREPARED_DAYS: u64 = 35;

/// A snapshot of the directory.
#[derive(Debug)]
pub struct Directory {
    /// How often the directory was written.
    pub version: i64,
    /// The municipality.
    pub municipality: Municipality,
    /// All areas, in the Swedish order of their names, as are the others.
    pub areas: Vec<Area>,
    /// All districts.
    pub districts: Vec<District>,
    /// All offices.
    pub offices: Vec<Office>,
    /// All services.
    pub services: Vec<Service>,
    /// The municipality's calendar.
    pub calendar: Calendar,
    /// How deadlines are counted.
    pub deadline_rules: Vec<DeadlineRule>,
    /// The law that they rest on.
    pub legal_references: Vec<LegalReference>,
    /// What was answered from it.
    pub answers: KeptAnswers,
    pub(super) documents: Documents,
    pub(super) geography: Arc<Geography>,
    places: Places,
    /// The day on which the hours were prepared.
    pub(super) day: NaiveDate,
    /// Prepared hours by their text: offices often share them.
    hours: HashMap<String, Arc<OpeningHours>>,
}

/// All that a snapshot is made from.
#[derive(Debug, Default)]
pub struct Parts {
    /// How often the directory was written.
    pub version: i64,
    /// What is kept whole.
    pub documents: Documents,
    /// All areas.
    pub areas: Vec<Area>,
    /// All districts.
    pub districts: Vec<District>,
    /// The boundary of each district, retired ones included.
    pub boundaries: HashMap<DistrictId, Arc<Boundary>>,
    /// The outline of the municipality, if it was imported.
    pub outline: Option<Arc<Boundary>>,
    /// All offices.
    pub offices: Vec<Office>,
    /// All services.
    pub services: Vec<Service>,
}

impl Directory {
    /// Makes a snapshot. What `before` has worked out already, and what is the same still, is taken from there.
    pub fn new(parts: Parts, now: Timestamp, before: Option<&Self>) -> Result<Self> {
        let Parts { version, documents, mut areas, mut districts, boundaries, outline, mut offices, mut services } =
            parts;
        areas.sort_by_cached_key(Area::position);
        districts.sort_by_cached_key(District::position);
        offices.sort_by_cached_key(Office::position);
        services.sort_by_cached_key(Service::position);
        let municipality = documents.municipality.clone().unwrap_or_else(Municipality::unnamed);
        let calendar = Calendar::new(municipality.time_zone, documents.holidays());
        let day = calendar.local_date(now.utc());
        let before = before.filter(|before| before.day == day);
        let geography = Geography::new(&districts, boundaries, outline, before.map(|before| &before.geography));
        let same_calendar = before
            .filter(|before| before.calendar.holidays() == calendar.holidays() && before.municipality == municipality);
        Ok(Self {
            version,
            places: Places::new(&documents, &districts, &municipality),
            deadline_rules: documents.deadlines.clone(),
            legal_references: documents.legal_references.clone(),
            hours: prepare(&offices, &calendar, day, same_calendar)?,
            municipality,
            areas,
            districts,
            offices,
            services,
            calendar,
            answers: KeptAnswers::default(),
            documents,
            geography,
            day,
        })
    }

    /// A directory before anything was imported.
    pub fn empty(now: Timestamp) -> Result<Self> {
        Self::new(Parts::default(), now, None)
    }

    /// Whether it should take the place of another snapshot: it was written later, or its hours were prepared later.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.version, self.day) > (other.version, other.day)
    }

    /// What a body can name.
    pub fn known(&self) -> Known<'_> {
        Known { areas: &self.areas, offices: &self.offices, services: &self.services, calendar: &self.calendar }
    }

    /// The area with this identifier.
    pub fn area(&self, id: AreaId) -> Option<&Area> {
        self.areas.iter().find(|area| area.id == id)
    }

    /// The district with this identifier.
    pub fn district(&self, id: DistrictId) -> Option<&District> {
        self.districts.iter().find(|district| district.id == id)
    }

    /// The office with this identifier.
    pub fn office(&self, id: OfficeId) -> Option<&Office> {
        self.offices.iter().find(|office| office.id == id)
    }

    /// The service with this identifier.
    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// The area of this name.
    pub fn find_area(&self, name: &AreaName) -> Option<&Area> {
        self.known().area(name)
    }

    /// Where somebody lives must be a district that is in use.
    pub fn check_home(&self, district: Option<DistrictId>, pointer: &str, rules: &mut Rules) {
        let is_active = district.is_none_or(|id| self.district(id).is_some_and(District::is_active));
        let unknown = Text::new("is not an active district here", "är inte en aktiv stadsdel här");
        rules.require(is_active, pointer, unknown);
    }

    /// The district of this name.
    pub fn find_district(&self, name: &DistrictName) -> Option<&District> {
        self.districts.iter().find(|district| name.names(district.id, &district.slug))
    }

    /// The office of this name.
    pub fn find_office(&self, name: &OfficeName) -> Option<&Office> {
        self.known().office(name)
    }

    /// The service of this name.
    pub fn find_service(&self, name: &ServiceName) -> Option<&Service> {
        self.known().service(name)
    }

    /// The active district that a point lies in; a point on a border always lies in the same one.
    pub fn locate(&self, lat: f64, lon: f64) -> Option<&District> {
        self.district(self.geography.locate(lat, lon)?)
    }

    /// Whether a point lies in the municipality, be it in a gap between its districts.
    pub fn contains(&self, lat: f64, lon: f64) -> bool {
        self.geography.contains(lat, lon)
    }

    /// The boundary of a district.
    pub fn boundary(&self, district: &District) -> Option<&Boundary> {
        self.geography.boundary(district.id)
    }

    /// The middle of a district, longitude first, where a map can write its name.
    pub fn label_point(&self, district: &District) -> [f64; 2] {
        self.geography.label_point(district.id)
    }

    /// The outline of the municipality, as it was imported.
    pub fn outline(&self) -> Option<&Boundary> {
        self.geography.outline()
    }

    /// The active district that is called so, or that has a part that is; none where two are.
    pub fn district_of_place(&self, name: &str) -> Option<&District> {
        self.district(self.places.district(name)?)
    }

    /// Another municipality of that name.
    pub fn other_municipality(&self, name: &str) -> Option<&OtherMunicipality> {
        self.places.other_municipality(name)
    }

    /// What is known of a postal code, with or without its space.
    pub fn postal_code(&self, code: &str) -> Option<&PostalCode> {
        self.places.postal_code(code)
    }

    /// The offices that have an area in their catchment by name.
    pub fn offices_of_area(&self, area: AreaId) -> impl Iterator<Item = &Office> {
        self.offices.iter().filter(move |office| office.serves_area(area))
    }

    /// The offices that give a service.
    pub fn offices_of_service(&self, service: ServiceId) -> impl Iterator<Item = &Office> {
        self.offices.iter().filter(move |office| office.service_ids.contains(&service))
    }

    /// The districts of an area.
    pub fn districts_of_area(&self, area: AreaId) -> impl Iterator<Item = &District> {
        self.districts.iter().filter(move |district| district.area_id == area)
    }

    /// When an office is open; `None` when nobody stated it.
    pub fn hours(&self, office: &Office) -> Option<&OpeningHours> {
        self.hours.get(office.opening_hours.as_ref()?.as_ref()).map(Arc::as_ref)
    }

    /// Whether the hours of an office are known, and the hours of each day from one to another.
    pub fn hours_between(&self, office: &Office, from: NaiveDate, to: NaiveDate) -> (bool, Vec<DayHours>) {
        if let Some(hours) = self.hours(office) {
            return (true, hours.days(from, to));
        }
        let day = |date: NaiveDate| DayHours {
            date,
            holiday: self.calendar.holiday(date).map(|holiday| holiday.name.clone()),
            intervals: Vec::new(),
        };
        (false, from.iter_days().take_while(|date| *date <= to).map(day).collect())
    }

    /// Whether an office is open at that instant. One that is not in operation is closed, whatever its hours.
    pub fn open_state(&self, office: &Office, at: DateTime<Utc>) -> OpenState {
        if !office.is_in_operation() {
            return OpenState { open_now: Some(false), closes_at: None, opens_at: None };
        }
        self.hours(office).map_or_else(OpenState::unknown, |hours| hours.state_at(at))
    }
}

/// The hours of all offices, worked out for the days to come.
pub(super) fn prepare(
    offices: &[Office],
    calendar: &Calendar,
    day: NaiveDate,
    before: Option<&Directory>,
) -> Result<HashMap<String, Arc<OpeningHours>>> {
    let (from, to) = (day.pred_opt().unwrap_or(day), day.checked_add_days(Days::new(PREPARED_DAYS)).unwrap_or(day));
    let mut all = HashMap::new();
    for text in offices.iter().filter_map(|office| office.opening_hours.as_ref()) {
        let text = text.as_ref();
        let ready = before.and_then(|before| before.hours.get(text)).cloned();
        let hours = match ready {
            Some(hours) => hours,
            None => Arc::new(OpeningHours::parse(text, calendar).map_err(Error::internal)?.prepared(from, to)),
        };
        all.insert(text.to_owned(), hours);
    }
    Ok(all)
}
