//! The snapshot of the directory: its contents at one version, with the results that are worked out from them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::HashMap;
use std::sync::Arc;

use crate::areas::Area;
use crate::calendar::{Calendar, DayHours, DeadlineRule, LegalReference, OpenState, OpeningHours};
use crate::directory::documents::{Documents, Municipality, OtherMunicipality};
use crate::directory::geography::Geography;
use crate::directory::geometry::Boundary;
use crate::directory::known::DirectoryContext;
use crate::directory::places::{Places, PostalCodePlace};
use crate::districts::District;
use crate::error::{Error, Result, Text};
use crate::http::answer::KeptAnswers;
use crate::id::{AreaId, DistrictId, OfficeId, ServiceId};
use crate::offices::Office;
use crate::rules::Rules;
use crate::services::Service;
use crate::slug::{AreaName, DistrictName, OfficeName, ServiceName};
use crate::time::Timestamp;

/// The number of days ahead for which a snapshot prepares opening hours. A snapshot is renewed every day, so it never
/// gets that old.
pub(super) const PREPARED_DAYS: u64 = 35;

/// An immutable snapshot of the directory: all areas, districts, offices and services, the calendar and the law, with
/// prepared results.
#[derive(Debug)]
pub struct Directory {
    /// The number of times that the directory had been written.
    pub version: i64,
    pub municipality: Municipality,
    /// The areas, in the Swedish order of their names. Districts, offices and services are in the order of their names
    /// as well.
    pub areas: Vec<Area>,
    pub districts: Vec<District>,
    pub offices: Vec<Office>,
    pub services: Vec<Service>,
    pub calendar: Calendar,
    pub deadline_rules: Vec<DeadlineRule>,
    pub legal_references: Vec<LegalReference>,
    /// Answers that were made from this snapshot, each kept for the minute in which it was made, so that the same
    /// request gets it again.
    pub answers: KeptAnswers,
    pub(super) documents: Documents,
    pub(super) geography: Arc<Geography>,
    places: Places,
    /// The local day on which this snapshot was made and its opening hours were prepared.
    pub(super) day: NaiveDate,
    /// The prepared opening hours by their texts, because several offices often have the same hours.
    hours: HashMap<String, Arc<OpeningHours>>,
}

/// The contents of the directory in the database, from which a snapshot is made.
#[derive(Debug, Default)]
pub struct DirectoryParts {
    /// The number of times that the directory had been written.
    pub version: i64,
    pub documents: Documents,
    pub areas: Vec<Area>,
    pub districts: Vec<District>,
    /// The boundary of each district, those of retired districts included.
    pub boundaries: HashMap<DistrictId, Arc<Boundary>>,
    /// The outline of the municipality, if it was imported.
    pub outline: Option<Arc<Boundary>>,
    pub offices: Vec<Office>,
    pub services: Vec<Service>,
}

impl Directory {
    /// Makes a snapshot of these contents at the time `now`. Results of the snapshot `before` are reused if the contents
    /// that they depend on are unchanged, opening hours only if it was made on the same day. Fails if an office's opening
    /// hours cannot be read.
    pub fn new(parts: DirectoryParts, now: Timestamp, before: Option<&Self>) -> Result<Self> {
        let DirectoryParts {
            version,
            documents,
            mut areas,
            mut districts,
            boundaries,
            outline,
            mut offices,
            mut services,
        } = parts;
        areas.sort_by_cached_key(Area::position);
        districts.sort_by_cached_key(District::position);
        offices.sort_by_cached_key(Office::position);
        services.sort_by_cached_key(Service::position);
        let municipality = documents.municipality.clone().unwrap_or_else(Municipality::unnamed);
        let calendar = Calendar::new(municipality.time_zone, documents.holidays());
        let day = calendar.local_date(now.utc());
        let geography = Geography::new(&districts, boundaries, outline, before.map(|before| &before.geography));
        let same_calendar = before.filter(|before| {
            before.day == day
                && before.calendar.holidays() == calendar.holidays()
                && before.municipality == municipality
        });
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

    /// Makes a snapshot of an empty directory, as it is before the first import.
    pub fn empty(now: Timestamp) -> Result<Self> {
        Self::new(DirectoryParts::default(), now, None)
    }

    /// Makes a snapshot with other districts and boundaries, and with everything else as it is here. Results are reused of
    /// the snapshot `before`.
    pub fn with_districts(
        &self,
        districts: Vec<District>,
        boundaries: HashMap<DistrictId, Arc<Boundary>>,
        now: Timestamp,
        before: &Self,
    ) -> Result<Self> {
        let parts = DirectoryParts {
            version: self.version,
            documents: self.documents.clone(),
            areas: self.areas.clone(),
            districts,
            boundaries,
            outline: self.shared_outline(),
            offices: self.offices.clone(),
            services: self.services.clone(),
        };
        Self::new(parts, now, Some(before))
    }

    /// Whether the boundaries, the active districts and the outline are the very ones of the snapshot `other`.
    pub fn has_ground_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.geography, &other.geography)
    }

    /// Whether this snapshot should replace the snapshot `other`: it has a later version, or the same version and a
    /// later day.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.version, self.day) > (other.version, other.day)
    }

    /// Returns the areas, offices and services that a request body can name, and the calendar with which the body is
    /// checked.
    pub fn known(&self) -> DirectoryContext<'_> {
        DirectoryContext {
            areas: &self.areas,
            offices: &self.offices,
            services: &self.services,
            calendar: &self.calendar,
        }
    }

    pub fn area(&self, id: AreaId) -> Option<&Area> {
        self.areas.iter().find(|area| area.id == id)
    }

    pub fn district(&self, id: DistrictId) -> Option<&District> {
        self.districts.iter().find(|district| district.id == id)
    }

    pub fn office(&self, id: OfficeId) -> Option<&Office> {
        self.offices.iter().find(|office| office.id == id)
    }

    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// Finds the area with this identifier or slug.
    pub fn find_area(&self, name: &AreaName) -> Option<&Area> {
        self.known().area(name)
    }

    /// Adds a violation at `pointer` to `rules` if `district`, in which a person lives, is given and is not an active
    /// district.
    pub fn check_home(&self, district: Option<DistrictId>, pointer: &str, rules: &mut Rules) {
        let is_active = district.is_none_or(|id| self.district(id).is_some_and(District::is_active));
        let unknown = Text::new("is not an active district here", "är inte en aktiv stadsdel här");
        rules.require(is_active, pointer, unknown);
    }

    /// Finds the district with this identifier or slug.
    pub fn find_district(&self, name: &DistrictName) -> Option<&District> {
        self.districts.iter().find(|district| name.names(district.id, &district.slug))
    }

    /// Finds the office with this identifier or slug.
    pub fn find_office(&self, name: &OfficeName) -> Option<&Office> {
        self.known().office(name)
    }

    /// Finds the service with this identifier or slug.
    pub fn find_service(&self, name: &ServiceName) -> Option<&Service> {
        self.known().service(name)
    }

    /// Returns the active district in which a point lies, or the nearest one within a metre. Returns `None` if there is
    /// none. A point on a border always gets the same district.
    pub fn locate(&self, lat: f64, lon: f64) -> Option<&District> {
        self.district(self.geography.locate(lat, lon)?)
    }

    /// Whether a point lies in the municipality, even if it lies in a gap between its districts.
    pub fn contains(&self, lat: f64, lon: f64) -> bool {
        self.geography.contains(lat, lon)
    }

    pub fn boundary(&self, district: &District) -> Option<&Boundary> {
        self.geography.boundary(district.id)
    }

    /// Returns a point in the middle of a district, as longitude and latitude, where a map can write its name.
    pub fn label_point(&self, district: &District) -> [f64; 2] {
        self.geography.label_point(district.id)
    }

    /// Returns the outline of the municipality, or `None` before the first import.
    pub fn outline(&self) -> Option<&Boundary> {
        self.geography.outline()
    }

    pub fn shared_outline(&self) -> Option<Arc<Boundary>> {
        self.geography.shared_outline()
    }

    /// Returns the boundaries of all districts, those of retired districts included.
    pub fn boundaries(&self) -> &HashMap<DistrictId, Arc<Boundary>> {
        self.geography.boundaries()
    }

    /// Returns the active district with this name, or with a part that has this name. Returns `None` if there is none,
    /// or if the name can mean two districts.
    pub fn district_of_place(&self, name: &str) -> Option<&District> {
        self.district(self.places.district(name)?)
    }

    /// Returns the other Swedish municipality with this name, such as `Norrköping`, or `None` if there is none.
    pub fn other_municipality(&self, name: &str) -> Option<&OtherMunicipality> {
        self.places.other_municipality(name)
    }

    /// Returns the facts about a postal code, which may be written with or without its space. Returns `None` if the
    /// directory does not have it.
    pub fn postal_code(&self, code: &str) -> Option<&PostalCodePlace> {
        self.places.postal_code(code)
    }

    /// Returns the offices whose catchment names an area, whatever their status.
    pub fn offices_of_area(&self, area: AreaId) -> impl Iterator<Item = &Office> {
        self.offices.iter().filter(move |office| office.serves_area(area))
    }

    /// Returns the offices that give a service, whatever their status.
    pub fn offices_of_service(&self, service: ServiceId) -> impl Iterator<Item = &Office> {
        self.offices.iter().filter(move |office| office.service_ids.contains(&service))
    }

    pub fn districts_of_area(&self, area: AreaId) -> impl Iterator<Item = &District> {
        self.districts.iter().filter(move |district| district.area_id == area)
    }

    /// Returns the opening hours of an office, or `None` if they are unknown.
    pub fn hours(&self, office: &Office) -> Option<&OpeningHours> {
        self.hours.get(office.opening_hours.as_ref()?.as_ref()).map(Arc::as_ref)
    }

    /// Returns whether the opening hours of an office are known, and its hours on each day from `from` to `to`, both
    /// included. If they are not known, no day has intervals.
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

    /// Returns whether an office is open at the instant `at`, and when that changes. An office that is not in operation
    /// is closed, even in its opening hours.
    pub fn open_state(&self, office: &Office, at: DateTime<Utc>) -> OpenState {
        if !office.is_in_operation() {
            return OpenState { open_now: Some(false), closes_at: None, opens_at: None };
        }
        self.hours(office).map_or_else(OpenState::unknown, |hours| hours.state_at(at))
    }
}

/// Returns the opening hours of all offices by their texts, prepared from the day before `day` until `PREPARED_DAYS`
/// after it. Hours that the snapshot `before` has prepared are taken from there.
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
