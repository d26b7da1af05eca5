//! The SQL statements on areas.

use diesel::prelude::*;

use crate::areas::{Area, AreaStatus};
use crate::db::columns::Json;
use crate::db::schema::areas;
use crate::db::{DbConn, stale};
use crate::error::Result;
use crate::id::AreaId;
use crate::on_backend;
use crate::slug::Slug;
use crate::text::Localized;
use crate::time::Timestamp;

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = areas, treat_none_as_null = true)]
struct AreaRow {
    id: AreaId,
    slug: Slug,
    name: Json<Localized>,
    description: Option<Json<Localized>>,
    status: AreaStatus,
    version: i32,
    updated_at: Timestamp,
}

impl From<&Area> for AreaRow {
    fn from(area: &Area) -> Self {
        let Area { id, slug, name, description, status, version, updated_at } = area.clone();
        Self { id, slug, name: Json(name), description: description.map(Json), status, version, updated_at }
    }
}

impl From<AreaRow> for Area {
    fn from(row: AreaRow) -> Self {
        let AreaRow { id, slug, name, description, status, version, updated_at } = row;
        Self { id, slug, name: name.0, description: description.map(|text| text.0), status, version, updated_at }
    }
}

pub fn all(conn: &mut DbConn) -> Result<Vec<Area>> {
    let rows: Vec<AreaRow> = on_backend!(conn, conn => areas::table.select(AreaRow::as_select()).load(conn))?;
    Ok(rows.into_iter().map(Area::from).collect())
}

pub fn insert(conn: &mut DbConn, area: &Area) -> Result<()> {
    let row = AreaRow::from(area);
    on_backend!(conn, conn => diesel::insert_into(areas::table).values(&row).execute(conn))?;
    Ok(())
}

/// Writes the next version of an area. Fails as stale if the version before it is no longer the stored one.
pub fn update(conn: &mut DbConn, area: &Area) -> Result<()> {
    let row = AreaRow::from(area);
    let before = areas::table.find(area.id).filter(areas::version.eq(area.version - 1));
    let written = on_backend!(conn, conn => diesel::update(before).set(&row).execute(conn))?;
    if written == 1 { Ok(()) } else { Err(stale()) }
}

/// Deletes an area. Fails as stale if `version` is no longer the stored version, and by a foreign key if another record
/// refers to the area.
pub fn delete(conn: &mut DbConn, id: AreaId, version: i32) -> Result<()> {
    let same = areas::table.find(id).filter(areas::version.eq(version));
    let removed = on_backend!(conn, conn => diesel::delete(same).execute(conn))?;
    if removed == 1 { Ok(()) } else { Err(stale()) }
}
