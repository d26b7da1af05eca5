//! The SQL statements on services.

use diesel::prelude::*;

use crate::db::columns::Json;
use crate::db::schema::{office_services, services};
use crate::db::{DbConn, stale};
use crate::error::Result;
use crate::id::{OfficeId, ServiceId};
use crate::on_backend;
use crate::services::{Ages, AssessmentKind, Need, Orientation, Provision, Service, ServiceStatus};
use crate::slug::Slug;
use crate::text::{LanguageCode, Localized};
use crate::time::Timestamp;

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = services, treat_none_as_null = true)]
struct ServiceRow {
    id: ServiceId,
    slug: Slug,
    name: Json<Localized>,
    description: Json<Localized>,
    orientation: Orientation,
    provision: Provision,
    needs_assessment: bool,
    assessment_kind: Option<AssessmentKind>,
    identity_exempt: bool,
    ages: Json<Ages>,
    needs: Json<Vec<Need>>,
    languages: Json<Vec<LanguageCode>>,
    status: ServiceStatus,
    version: i32,
    updated_at: Timestamp,
}

impl From<&Service> for ServiceRow {
    fn from(service: &Service) -> Self {
        let service = service.clone();
        Self {
            id: service.id,
            slug: service.slug,
            name: Json(service.name),
            description: Json(service.description),
            orientation: service.orientation,
            provision: service.provision,
            needs_assessment: service.needs_assessment,
            assessment_kind: service.assessment_kind,
            identity_exempt: service.identity_exempt,
            ages: Json(service.ages),
            needs: Json(service.needs),
            languages: Json(service.languages),
            status: service.status,
            version: service.version,
            updated_at: service.updated_at,
        }
    }
}

impl From<ServiceRow> for Service {
    fn from(row: ServiceRow) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name.0,
            description: row.description.0,
            orientation: row.orientation,
            provision: row.provision,
            needs_assessment: row.needs_assessment,
            assessment_kind: row.assessment_kind,
            identity_exempt: row.identity_exempt,
            ages: row.ages.0,
            needs: row.needs.0,
            languages: row.languages.0,
            status: row.status,
            version: row.version,
            updated_at: row.updated_at,
        }
    }
}

pub fn all(conn: &mut DbConn) -> Result<Vec<Service>> {
    let rows: Vec<ServiceRow> = on_backend!(conn, conn => services::table.select(ServiceRow::as_select()).load(conn))?;
    Ok(rows.into_iter().map(Service::from).collect())
}

pub fn insert(conn: &mut DbConn, service: &Service) -> Result<()> {
    let row = ServiceRow::from(service);
    on_backend!(conn, conn => diesel::insert_into(services::table).values(&row).execute(conn))?;
    Ok(())
}

/// Writes the next version of a service. Fails as stale if the version before it is no longer the stored one.
pub fn update(conn: &mut DbConn, service: &Service) -> Result<()> {
    let row = ServiceRow::from(service);
    let before = services::table.find(service.id).filter(services::version.eq(service.version - 1));
    let written = on_backend!(conn, conn => diesel::update(before).set(&row).execute(conn))?;
    if written == 1 { Ok(()) } else { Err(stale()) }
}

/// Changes the offices that give a service from `before` to `after`. Only the differences are written, because a change
/// of an office may write links at the same time.
pub fn update_offices(conn: &mut DbConn, id: ServiceId, before: &[OfficeId], after: &[OfficeId]) -> Result<()> {
    let gone: Vec<OfficeId> = before.iter().filter(|office| !after.contains(office)).copied().collect();
    let those = office_services::table
        .filter(office_services::service_id.eq(id))
        .filter(office_services::office_id.eq_any(gone));
    on_backend!(conn, conn => diesel::delete(those).execute(conn))?;
    for office in after.iter().filter(|office| !before.contains(office)) {
        let row = (office_services::office_id.eq(office), office_services::service_id.eq(id));
        let link = diesel::insert_into(office_services::table).values(row).on_conflict_do_nothing();
        on_backend!(conn, conn => link.execute(conn))?;
    }
    Ok(())
}

/// Deletes a service. Fails as stale if `version` is no longer the stored version, and by a foreign key if another
/// record refers to the service.
pub fn delete(conn: &mut DbConn, id: ServiceId, version: i32) -> Result<()> {
    let same = services::table.find(id).filter(services::version.eq(version));
    let removed = on_backend!(conn, conn => diesel::delete(same).execute(conn))?;
    if removed == 1 { Ok(()) } else { Err(stale()) }
}
