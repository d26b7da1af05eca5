//! The families of a person as a reader sees them: those that the reader may know of, in their order. The first is the person's
//! family for that reader. See [`belonging`] for the reason.

use std::collections::{HashMap, HashSet};

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::error::Result;
use crate::families::known::known_among;
use crate::id::{FamilyId, PersonId};
use crate::people::belonging;

/// The families of each of these people that a member of staff with the scope `sight` may know of, in their order.
pub fn seen(conn: &mut DbConn, sight: &CaseScope, ids: &[PersonId]) -> Result<HashMap<PersonId, Vec<FamilyId>>> {
    let families = belonging::families_of(conn, ids)?;
    among(conn, sight, families)
}

/// The families of one person that a member of staff with the scope `sight` may know of, in their order.
pub fn seen_of_one(conn: &mut DbConn, sight: &CaseScope, id: PersonId) -> Result<Vec<FamilyId>> {
    Ok(seen(conn, sight, &[id])?.remove(&id).unwrap_or_default())
}

/// Keeps, of the families of people, those that a member of staff with the scope `sight` may know of.
pub fn among(
    conn: &mut DbConn,
    sight: &CaseScope,
    mut families: HashMap<PersonId, Vec<FamilyId>>,
) -> Result<HashMap<PersonId, Vec<FamilyId>>> {
    let mut all: Vec<FamilyId> = families.values().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    // The database is asked also about nobody's families, so that the number of statements tells nothing.
    let known: HashSet<FamilyId> = known_among(conn, sight, &all)?.into_iter().collect();
    families.values_mut().for_each(|families| families.retain(|family| known.contains(family)));
    Ok(families)
}
