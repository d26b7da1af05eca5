//! The reasons for which offices know of people and families: a contact or a referral. When the reason was a mistake, whoever knew
//! of somebody for this reason alone no longer does. An office that registered a person or a family always knows of them; there,
//! the reason is the person or the family itself.

use diesel::prelude::*;

use crate::db::DbConn;
use crate::db::schema::{families, family_offices, person_offices};
use crate::error::Result;
use crate::id::{FamilyId, PersonId, ResourceId};
use crate::on_backend;

/// Removes everything that offices know for the reason `source` alone: a contact or a referral that was entered in error.
pub fn forget(conn: &mut DbConn, source: ResourceId) -> Result<()> {
    let people = person_offices::table.filter(person_offices::source_id.eq(source));
    on_backend!(&mut *conn, conn => diesel::delete(people).execute(conn))?;
    keep_families(conn, source, &[])
}

/// Removes what offices know of these people for the reason `source` alone, which names them no longer.
pub fn forget_people(conn: &mut DbConn, source: ResourceId, people: &[PersonId]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let links = person_offices::table
        .filter(person_offices::source_id.eq(source))
        .filter(person_offices::person_id.eq_any(people.to_vec()));
    on_backend!(conn, conn => diesel::delete(links).execute(conn))?;
    Ok(())
}

/// Removes what offices know of families for the reason `source` alone, apart from the families `kept` and those that were merged
/// into one of these.
pub fn keep_families(conn: &mut DbConn, source: ResourceId, kept: &[FamilyId]) -> Result<()> {
    let merged = families::table.filter(families::merged_into.eq_any(kept.to_vec())).select(families::id);
    let merged: Vec<FamilyId> = on_backend!(&mut *conn, conn => merged.load(conn))?;
    let kept = [kept, &merged].concat();
    let links = family_offices::table
        .filter(family_offices::source_id.eq(source))
        .filter(family_offices::family_id.ne_all(kept));
    on_backend!(conn, conn => diesel::delete(links).execute(conn))?;
    Ok(())
}
