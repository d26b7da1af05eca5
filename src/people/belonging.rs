//! The families that people belong to.
//!
//! A person is a *member* of at most one family. Staff who may not know of that family can still take the person into one of their
//! own, since a refusal would tell them of the other one. There the person is a *guest*, until somebody who may know of both
//! families decides and moves the person.
//!
//! The families of a person have an order: first the one of which the person is a member, then those of which the person is a
//! guest, in the order in which the person came. A reader may know of some of them. The first of these is the person's family for
//! that reader, and in the others the person is a guest. So a reader sees the same whether or not there are families that the
//! reader may not know of.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::binding;
use crate::db::DbConn;
use crate::db::among::among;
use crate::db::schema::{family_guests, people};
use crate::error::Result;
use crate::id::{FamilyId, PersonId};
use crate::on_backend;
use crate::people::ProtectedIdentity;
use crate::people::guest_rows::FamilyGuest;

/// Somebody who belongs to a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyPerson {
    pub id: PersonId,
    pub protection: ProtectedIdentity,
    /// Whether the person is a guest of the family, and a member of another one.
    pub is_guest: bool,
}

/// The people who belong to a family, members and guests, whether the caller may know of them or not, in the order of their
/// identifiers.
pub fn of_family(conn: &mut DbConn, family: FamilyId) -> Result<Vec<FamilyPerson>> {
    let columns = (people::id, people::protection);
    type Row = (PersonId, ProtectedIdentity);
    let members: Vec<Row> = on_backend!(&mut *conn, conn => people::table
        .filter(people::family_id.eq(family))
        .select(columns)
        .load(conn))?;
    let guests: Vec<Row> = on_backend!(conn, conn => family_guests::table
        .inner_join(people::table)
        .filter(family_guests::family_id.eq(family))
        .select(columns)
        .load(conn))?;
    let person = |is_guest: bool| move |(id, protection): Row| FamilyPerson { id, protection, is_guest };
    let mut all: Vec<FamilyPerson> =
        members.into_iter().map(person(false)).chain(guests.into_iter().map(person(true))).collect();
    all.sort_unstable_by_key(|person| person.id);
    Ok(all)
}

/// Whether there is somebody among these people of a family, and all of them have a protected identity.
pub fn are_all_protected(everyone: &[FamilyPerson]) -> bool {
    !everyone.is_empty() && everyone.iter().all(|person| person.protection.is_protected())
}

/// The protections of the people who belong to these families, each with the family. Nobody's identity is told.
pub fn protections_in(conn: &mut DbConn, families: &[FamilyId]) -> Result<Vec<(FamilyId, ProtectedIdentity)>> {
    let mut all: Vec<(FamilyId, ProtectedIdentity)> = on_backend!(&mut *conn, conn => people::table
        .filter(among(people::family_id, families.to_vec()))
        .select((people::family_id.assume_not_null(), people::protection))
        .load(conn))?;
    let guests: Vec<(FamilyId, ProtectedIdentity)> = on_backend!(conn, conn => family_guests::table
        .inner_join(people::table)
        .filter(among(family_guests::family_id, families.to_vec()))
        .select((family_guests::family_id, people::protection))
        .load(conn))?;
    all.extend(guests);
    Ok(all)
}

/// The families of these people, each list in its order, whether the caller may know of them or not.
pub fn families_of(conn: &mut DbConn, ids: &[PersonId]) -> Result<HashMap<PersonId, Vec<FamilyId>>> {
    let members: Vec<(PersonId, Option<FamilyId>)> = on_backend!(&mut *conn, conn => people::table
        .filter(among(people::id, ids.to_vec()))
        .select((people::id, people::family_id))
        .load(conn))?;
    let guests: Vec<(PersonId, FamilyId)> = on_backend!(conn, conn => family_guests::table
        .filter(among(family_guests::person_id, ids.to_vec()))
        .order((family_guests::person_id, family_guests::place))
        .select((family_guests::person_id, family_guests::family_id))
        .load(conn))?;
    let mut families: HashMap<PersonId, Vec<FamilyId>> =
        members.into_iter().map(|(id, family)| (id, family.into_iter().collect())).collect();
    for (person, family) in guests {
        families.entry(person).or_default().push(family);
    }
    Ok(families)
}

/// The families of one person in their order, whether the caller may know of them or not.
pub fn families_of_one(conn: &mut DbConn, id: PersonId) -> Result<Vec<FamilyId>> {
    Ok(families_of(conn, &[id])?.remove(&id).unwrap_or_default())
}

/// Returns the families of a person whose families were `before`, after the person left those in `left` and, if `to` is given,
/// came to that one. A family that takes the place of others stands where the first of them stood; another one comes last.
pub fn moved(before: &[FamilyId], left: &[FamilyId], to: Option<FamilyId>) -> Vec<FamilyId> {
    let goes = |family: &FamilyId| left.contains(family) || to == Some(*family);
    let place = before.iter().position(goes).unwrap_or(before.len());
    let mut after: Vec<FamilyId> = before.iter().copied().filter(|family| !goes(family)).collect();
    if let Some(to) = to {
        after.insert(place, to);
    }
    after
}

/// Stores that a person belongs to the families `after`, and no longer to those in `before`: the person is a member of the first
/// and a guest of the others. The caller must have locked the person with [`take_people`](crate::db::dialect::take_people). The
/// person's version and time of change stay, because not everybody who may know of the person may know of the families.
pub fn put(conn: &mut DbConn, id: PersonId, before: &[FamilyId], after: &[FamilyId]) -> Result<()> {
    let (was, is) = (before.first().copied(), after.first().copied());
    if was != is {
        let row = people::table.find(id);
        binding::changing(conn, "people", &[id], |conn| {
            Ok(on_backend!(conn, conn => diesel::update(row).set(people::family_id.eq(is)).execute(conn))?)
        })?;
    }
    let guest_of = |families: &[FamilyId]| families.iter().skip(1).copied().collect::<Vec<FamilyId>>();
    if guest_of(before) == guest_of(after) {
        return Ok(());
    }
    let rows = family_guests::table.filter(family_guests::person_id.eq(id));
    on_backend!(&mut *conn, conn => diesel::delete(rows).execute(conn))?;
    for (place, family) in (1_i32..).zip(guest_of(after)) {
        let row = binding::coded(conn, &FamilyGuest::new(id, family, place))?;
        on_backend!(&mut *conn, conn => diesel::insert_into(family_guests::table).values(row).execute(conn))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_moves_takes_the_place_that_becomes_free() {
        let [a, b, c, d] = [1, 2, 3, 4].map(|number| FamilyId::from_uuid(uuid::Uuid::from_u128(number)));
        assert_eq!(moved(&[], &[], Some(a)), [a]);
        assert_eq!(moved(&[a], &[], Some(b)), [a, b], "a guest comes last");
        assert_eq!(moved(&[a, b], &[a], None), [b], "a guest of one becomes its member");
        assert_eq!(moved(&[a, b, c], &[b], None), [a, c]);
        assert_eq!(moved(&[a, b, c], &[b], Some(d)), [a, d, c]);
        assert_eq!(moved(&[a, b, c], &[a], Some(b)), [b, c], "whoever sees both decides");
        assert_eq!(moved(&[a, b, c], &[b], Some(a)), [a, c]);
        assert_eq!(moved(&[a, b], &[a, b], Some(c)), [c]);
        assert_eq!(moved(&[a], &[a], None), []);
    }
}
