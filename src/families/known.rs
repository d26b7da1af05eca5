//! The families that a member of staff may know of.

use diesel::prelude::*;
use diesel::sql_types::Nullable;

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::db::schema::families;
use crate::db::sql_types::SqlUuid;
use crate::error::Result;
use crate::id::FamilyId;
use crate::on_backend;

diesel::define_sql_function! {
    /// The SQL function `coalesce`: returns `one`, or `other` if `one` is null.
    fn coalesce(one: Nullable<SqlUuid>, other: SqlUuid) -> SqlUuid
}

/// Makes the query for the families that a member of staff with the scope `$sight` may know of.
///
/// The database checks every condition, so that finding nothing takes equally long for a family that the caller may not know of
/// and for one that does not exist.
macro_rules! known_to {
    ($sight:expr) => {{
        use diesel::dsl::{exists, not};
        use diesel::prelude::*;
        use diesel::sql_types::Bool;
        use $crate::db::schema::{families, family_guests, family_offices, people};
        use $crate::people::ProtectedIdentity;
        let sight: &$crate::auth::CaseScope = $sight;
        let met = family_offices::table
            .filter(family_offices::family_id.eq(families::id))
            .filter(family_offices::office_id.eq_any(sight.offices.clone()))
            .filter(family_offices::through_protected.eq_any($crate::people::store::links_for(sight)));
        // A merged family exists for a reader who is not cleared only if the family that it was merged into does.
        let goes_on = || $crate::families::known::coalesce(families::merged_into, families::id);
        let members = || people::table.filter(people::family_id.eq(goes_on().nullable()));
        let guests = || family_guests::table.inner_join(people::table).filter(family_guests::family_id.eq(goes_on()));
        let somebody_to_know = exists(members().filter(people::protection.eq(ProtectedIdentity::None)))
            .or(exists(guests().filter(people::protection.eq(ProtectedIdentity::None))));
        let nobody_at_all = not(exists(members())).and(not(exists(guests())));
        families::table
            .filter(exists(met))
            .filter(sight.protected_identity.into_sql::<Bool>().or(somebody_to_know).or(nobody_at_all))
    }};
}
pub(crate) use known_to;

/// Returns those of the families `ids` that a member of staff with the scope `sight` may know of.
pub fn known_among(conn: &mut DbConn, sight: &CaseScope, ids: &[FamilyId]) -> Result<Vec<FamilyId>> {
    let named = families::id.eq_any(ids.to_vec());
    Ok(on_backend!(conn, conn => known_to!(sight).filter(named).select(families::id).load(conn))?)
}

/// Returns the families that were merged into the family `id` and that a member of staff with the scope `sight` may know of.
pub fn merged_into(conn: &mut DbConn, sight: &CaseScope, id: FamilyId) -> Result<Vec<FamilyId>> {
    let there = families::merged_into.eq(id);
    Ok(on_backend!(conn, conn => known_to!(sight).filter(there).select(families::id).load(conn))?)
}
