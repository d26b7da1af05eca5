//! The SQL statements on offices, on the areas that they serve and on the services that they give.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::db::columns::Json;
use crate::db::schema::{office_areas, office_services, offices};
use crate::db::{DbConn, stale};
use crate::error::{Error, Result};
use crate::id::{AreaId, OfficeId, ServiceId};
use crate::offices::{Accessibility, Address, Email, Location, Office, OfficeKind, OfficeStatus, PartialDate, Phone};
use crate::on_backend;
use crate::slug::Slug;
use crate::text::{LanguageCode, Localized};
use crate::time::Timestamp;

/// A row of the table `offices`. The office's areas and services are not in it, because they have tables of their own.
#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = offices, treat_none_as_null = true)]
struct OfficeRow {
    id: OfficeId,
    slug: Slug,
    name: Json<Localized>,
    kind: OfficeKind,
    status: OfficeStatus,
    address: Option<Json<Address>>,
    location: Option<Json<Location>>,
    phone: Option<Phone>,
    email: Option<Email>,
    opening_hours: Option<String>,
    languages: Json<Vec<LanguageCode>>,
    accessibility: Json<Vec<Accessibility>>,
    entrance_note: Option<Json<Localized>>,
    opened_on: Option<PartialDate>,
    closed_on: Option<PartialDate>,
    version: i32,
    updated_at: Timestamp,
}

impl From<&Office> for OfficeRow {
    fn from(office: &Office) -> Self {
        let office = office.clone();
        Self {
            id: office.id,
            slug: office.slug,
            name: Json(office.name),
            kind: office.kind,
            status: office.status,
            address: office.address.map(Json),
            location: office.location.map(Json),
            phone: office.phone,
            email: office.email,
            opening_hours: office.opening_hours.map(|hours| hours.to_string()),
            languages: Json(office.languages),
            accessibility: Json(office.accessibility),
            entrance_note: office.entrance_note.map(Json),
            opened_on: office.opened_on,
            closed_on: office.closed_on,
            version: office.version,
            updated_at: office.updated_at,
        }
    }
}

impl OfficeRow {
    fn with(self, area_ids: Vec<AreaId>, service_ids: Vec<ServiceId>) -> Result<Office> {
        let hours = self.opening_hours.map(|hours| hours.parse()).transpose();
        Ok(Office {
            id: self.id,
            slug: self.slug,
            name: self.name.0,
            kind: self.kind,
            status: self.status,
            area_ids,
            address: self.address.map(|address| address.0),
            location: self.location.map(|location| location.0),
            phone: self.phone,
            email: self.email,
            opening_hours: hours.map_err(|_| Error::internal("stored opening hours are too long"))?,
            languages: self.languages.0,
            accessibility: self.accessibility.0,
            entrance_note: self.entrance_note.map(|note| note.0),
            service_ids,
            opened_on: self.opened_on,
            closed_on: self.closed_on,
            version: self.version,
            updated_at: self.updated_at,
        })
    }
}

pub fn all(conn: &mut DbConn) -> Result<Vec<Office>> {
    let rows: Vec<OfficeRow> = on_backend!(conn, conn => offices::table.select(OfficeRow::as_select()).load(conn))?;
    let areas = office_areas::table.order((office_areas::office_id, office_areas::area_id));
    let areas: Vec<(OfficeId, AreaId)> = on_backend!(conn, conn => areas.load(conn))?;
    let services = office_services::table.order((office_services::office_id, office_services::service_id));
    let services: Vec<(OfficeId, ServiceId)> = on_backend!(conn, conn => services.load(conn))?;
    let (mut areas, mut services) = (by_office(areas), by_office(services));
    rows.into_iter()
        .map(|row| {
            let (areas, services) = (areas.remove(&row.id), services.remove(&row.id));
            row.with(areas.unwrap_or_default(), services.unwrap_or_default())
        })
        .collect()
}

fn by_office<T>(pairs: Vec<(OfficeId, T)>) -> HashMap<OfficeId, Vec<T>> {
    let mut all: HashMap<OfficeId, Vec<T>> = HashMap::new();
    for (office, item) in pairs {
        all.entry(office).or_default().push(item);
    }
    all
}

pub fn insert(conn: &mut DbConn, office: &Office) -> Result<()> {
    let row = OfficeRow::from(office);
    on_backend!(conn, conn => diesel::insert_into(offices::table).values(&row).execute(conn))?;
    add(conn, office.id, &office.area_ids, &office.service_ids)
}

/// Writes the next version of an office. Fails as stale if the version before it is no longer the stored one. Only the
/// links to areas and services that differ from those of `before` are written, because a change of a service may write
/// links at the same time.
pub fn update(conn: &mut DbConn, before: &Office, office: &Office) -> Result<()> {
    let row = OfficeRow::from(office);
    let held = offices::table.find(office.id).filter(offices::version.eq(office.version - 1));
    if on_backend!(conn, conn => diesel::update(held).set(&row).execute(conn))? != 1 {
        return Err(stale());
    }
    let gone = without(&before.area_ids, &office.area_ids);
    let areas =
        office_areas::table.filter(office_areas::office_id.eq(office.id)).filter(office_areas::area_id.eq_any(gone));
    on_backend!(conn, conn => diesel::delete(areas).execute(conn))?;
    let gone = without(&before.service_ids, &office.service_ids);
    let services = office_services::table.filter(office_services::office_id.eq(office.id));
    let services = services.filter(office_services::service_id.eq_any(gone));
    on_backend!(conn, conn => diesel::delete(services).execute(conn))?;
    add(
        conn,
        office.id,
        &without(&office.area_ids, &before.area_ids),
        &without(&office.service_ids, &before.service_ids),
    )
}

fn without<T: Copy + PartialEq>(items: &[T], others: &[T]) -> Vec<T> {
    items.iter().filter(|item| !others.contains(item)).copied().collect()
}

fn add(conn: &mut DbConn, id: OfficeId, areas: &[AreaId], services: &[ServiceId]) -> Result<()> {
    for area in areas {
        let row = (office_areas::office_id.eq(id), office_areas::area_id.eq(area));
        let link = diesel::insert_into(office_areas::table).values(row).on_conflict_do_nothing();
        on_backend!(conn, conn => link.execute(conn))?;
    }
    for service in services {
        let row = (office_services::office_id.eq(id), office_services::service_id.eq(service));
        let link = diesel::insert_into(office_services::table).values(row).on_conflict_do_nothing();
        on_backend!(conn, conn => link.execute(conn))?;
    }
    Ok(())
}

/// Deletes an office with its links to areas and services. Fails as stale if `version` is no longer the stored version,
/// and by a foreign key if another record refers to the office.
pub fn delete(conn: &mut DbConn, id: OfficeId, version: i32) -> Result<()> {
    let same = offices::table.find(id).filter(offices::version.eq(version));
    let removed = on_backend!(conn, conn => diesel::delete(same).execute(conn))?;
    if removed == 1 { Ok(()) } else { Err(stale()) }
}
