//! The SQL statements on districts.

use diesel::prelude::*;
use serde_json::Value;

use crate::db::columns::Json;
use crate::db::schema::districts;
use crate::db::{DbConn, stale};
use crate::districts::{District, DistrictCode, DistrictStatus, Population};
use crate::error::{Error, Result};
use crate::id::{AreaId, DistrictId};
use crate::on_backend;
use crate::slug::Slug;
use crate::text::{Line, Localized};
use crate::time::Timestamp;

/// A row of the table `districts` without the boundary, which is large and is read and written separately.
#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = districts, treat_none_as_null = true)]
struct DistrictRow {
    id: DistrictId,
    slug: Slug,
    code: String,
    name: Json<Localized>,
    place_names: Json<Vec<Line>>,
    area_id: AreaId,
    population: Option<Json<Population>>,
    status: DistrictStatus,
    version: i32,
    updated_at: Timestamp,
}

impl From<&District> for DistrictRow {
    fn from(district: &District) -> Self {
        let District { id, slug, code, name, place_names, area_id, population, status, version, updated_at } =
            district.clone();
        Self {
            id,
            slug,
            code: code.to_string(),
            name: Json(name),
            place_names: Json(place_names),
            area_id,
            population: population.map(Json),
            status,
            version,
            updated_at,
        }
    }
}

impl TryFrom<DistrictRow> for District {
    type Error = Error;

    fn try_from(row: DistrictRow) -> Result<Self> {
        let DistrictRow { id, slug, code, name, place_names, area_id, population, status, version, updated_at } = row;
        let code: DistrictCode = code.parse().map_err(|_| Error::internal("a stored district code is not valid"))?;
        let population = population.map(|population| population.0);
        Ok(Self {
            id,
            slug,
            code,
            name: name.0,
            place_names: place_names.0,
            area_id,
            population,
            status,
            version,
            updated_at,
        })
    }
}

pub fn all(conn: &mut DbConn) -> Result<Vec<District>> {
    let rows: Vec<DistrictRow> =
        on_backend!(conn, conn => districts::table.select(DistrictRow::as_select()).load(conn))?;
    rows.into_iter().map(District::try_from).collect()
}

/// Reads the boundaries of the districts `ids`, as GeoJSON geometries.
pub fn boundaries(conn: &mut DbConn, ids: &[DistrictId]) -> Result<Vec<(DistrictId, Value)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let chosen = districts::table.filter(districts::id.eq_any(ids)).select((districts::id, districts::boundary));
    let rows: Vec<(DistrictId, Json<Value>)> = on_backend!(conn, conn => chosen.load(conn))?;
    Ok(rows.into_iter().map(|(id, boundary)| (id, boundary.0)).collect())
}

pub fn insert(conn: &mut DbConn, district: &District, boundary: &Value) -> Result<()> {
    let (row, boundary) = (DistrictRow::from(district), Json(boundary.clone()));
    let values = (&row, districts::boundary.eq(boundary));
    on_backend!(conn, conn => diesel::insert_into(districts::table).values(values).execute(conn))?;
    Ok(())
}

/// Writes the next version of a district, without its boundary. Fails as stale if the version before it is no longer
/// the stored one.
pub fn update(conn: &mut DbConn, district: &District) -> Result<()> {
    let row = DistrictRow::from(district);
    let before = districts::table.find(district.id).filter(districts::version.eq(district.version - 1));
    let written = on_backend!(conn, conn => diesel::update(before).set(&row).execute(conn))?;
    if written == 1 { Ok(()) } else { Err(stale()) }
}

/// Writes the boundary of a district, after [`update`] has written the district's next version.
pub fn update_boundary(conn: &mut DbConn, id: DistrictId, boundary: &Value) -> Result<()> {
    let boundary = districts::boundary.eq(Json(boundary.clone()));
    on_backend!(conn, conn => diesel::update(districts::table.find(id)).set(boundary).execute(conn))?;
    Ok(())
}

/// Deletes a district with its boundary. Fails as stale if `version` is no longer the stored version, and by a foreign
/// key if another record refers to the district.
pub fn delete(conn: &mut DbConn, id: DistrictId, version: i32) -> Result<()> {
    let same = districts::table.find(id).filter(districts::version.eq(version));
    let removed = on_backend!(conn, conn => diesel::delete(same).execute(conn))?;
    if removed == 1 { Ok(()) } else { Err(stale()) }
}
