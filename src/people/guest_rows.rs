//! A guest of a family as one row of the database. It is bound, since it decides in which family somebody is shown: see
//! [`crate::binding`].

use diesel::prelude::*;

use crate::binding::{BoundRow, BoundTable, RowBytes, RowCode, StoredRow};
use crate::db::DbConn;
use crate::db::schema::family_guests;
use crate::error::Result;
use crate::id::{FamilyId, PersonId};
use crate::on_backend;

/// Somebody who is a guest of a family, and a member of another one.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = family_guests)]
pub struct FamilyGuest {
    person_id: PersonId,
    family_id: FamilyId,
    /// The place of the family among those of the person.
    place: i32,
    code: Option<RowCode>,
}

impl FamilyGuest {
    pub fn new(person_id: PersonId, family_id: FamilyId, place: i32) -> Self {
        Self { person_id, family_id, place, code: Some(RowCode::fresh()) }
    }

    /// The parts of a row's identifier. `None` if it is none.
    fn parts(name: &str) -> Option<(PersonId, FamilyId)> {
        let (person, family) = name.split_once('/')?;
        Some((person.parse().ok()?, family.parse().ok()?))
    }
}

impl BoundRow for FamilyGuest {
    const TABLE: &'static str = "family_guests";
    const IS_KEPT: bool = false;

    fn name(&self) -> String {
        format!("{}/{}", self.person_id, self.family_id)
    }

    fn cells(&self) -> RowBytes {
        RowBytes::default().with(&self.person_id).with(&self.family_id).with(&self.place)
    }

    fn code(&self) -> Option<&RowCode> {
        self.code.as_ref()
    }

    fn set_code(&mut self, code: RowCode) {
        self.code = Some(code);
    }

    fn version(&self) -> i32 {
        1
    }
}

/// The table of guests of families.
pub struct GuestRows;

impl BoundTable for GuestRows {
    fn name(&self) -> &'static str {
        FamilyGuest::TABLE
    }

    fn after(&self, conn: &mut DbConn, after: Option<&str>, limit: i64) -> Result<Vec<StoredRow>> {
        let rows: Vec<FamilyGuest> = on_backend!(conn, conn => {
            let order = (family_guests::person_id, family_guests::family_id);
            let mut rows = family_guests::table.order(order).limit(limit).into_boxed();
            if let Some((person, family)) = after.and_then(FamilyGuest::parts) {
                let same = family_guests::person_id.eq(person).and(family_guests::family_id.gt(family));
                rows = rows.filter(family_guests::person_id.gt(person).or(same));
            }
            rows.load(conn)
        })?;
        Ok(rows.iter().map(StoredRow::of).collect())
    }

    fn some(&self, conn: &mut DbConn, names: &[String]) -> Result<Vec<StoredRow>> {
        let mut found = Vec::new();
        for guest in names.iter().filter_map(|name| FamilyGuest::parts(name)) {
            let row: Option<FamilyGuest> =
                on_backend!(&mut *conn, conn => family_guests::table.find(guest).first(conn).optional())?;
            found.extend(row.as_ref().map(StoredRow::of));
        }
        Ok(found)
    }

    fn write_code(&self, conn: &mut DbConn, name: &str, code: &RowCode) -> Result<()> {
        let Some(guest) = FamilyGuest::parts(name) else { return Ok(()) };
        let row = family_guests::table.find(guest);
        on_backend!(conn, conn => diesel::update(row).set(family_guests::code.eq(code)).execute(conn))?;
        Ok(())
    }
}
