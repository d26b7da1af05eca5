//! All SQL on families. Queries for a member of staff find only the families in that person's [`CaseScope`].

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Integer, Nullable};

use crate::auth::CaseScope;
use crate::binding::{self, RowCode};
use crate::db::schema::{families, family_events, family_offices, people};
use crate::db::sql_types::SqlUuid;
use crate::db::{DbConn, dialect, stale};
use crate::error::{Error, Result};
use crate::families::known::{known_among, known_to};
use crate::families::offices::FamilyOffice;
use crate::families::{Family, FamilyDetails, FamilyEventKind, guests, reached};
use crate::id::{DistrictId, FamilyEventId, FamilyId, OfficeId, PersonId, ResourceId, StaffId};
use crate::on_backend;
use crate::people::belonging::{self, FamilyPerson};
use crate::people::{ProtectedIdentity, store as people_store};
use crate::time::{Random, Timestamp};
use crate::vault::{self, Sealed, Vault};

/// A row of the table `families`. The personal facts are sealed in `facts`; the other columns are readable.
#[derive(Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = families, treat_none_as_null = true)]
pub struct SealedFamily {
    pub id: FamilyId,
    pub district_id: Option<DistrictId>,
    pub merged_into: Option<FamilyId>,
    pub facts: Sealed,
    pub registered_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i32,
    pub code: Option<RowCode>,
}

impl SealedFamily {
    /// Seals the personal facts of a family. The readable column for the district is filled in as well: call [`hide_district`]
    /// once the members are stored.
    pub fn new(family: &Family, vault: &Vault, random: &Random) -> Result<Self> {
        Ok(Self {
            id: family.id,
            district_id: family.facts.district_id,
            merged_into: family.merged_into,
            facts: vault.seal_json(vault::FAMILY_FACTS, family.id.uuid(), &family.facts, random)?,
            registered_at: family.registered_at,
            updated_at: family.updated_at,
            version: family.version,
            code: Some(RowCode::fresh()),
        })
    }

    /// Checks that the row is as it was written, and opens its sealed facts.
    pub fn open(self, vault: &Vault) -> Result<Family> {
        binding::check(&self, vault)?;
        let facts: FamilyDetails = vault.open_json(vault::FAMILY_FACTS, self.id.uuid(), &self.facts)?;
        Ok(Family {
            id: self.id,
            facts,
            merged_into: self.merged_into,
            registered_at: self.registered_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// A family that was read for a member of staff, with its members.
#[derive(Clone)]
pub struct Household {
    pub family: SealedFamily,
    /// The members that the member of staff may know of.
    pub members: Vec<PersonId>,
    /// The people in the family that the member of staff may know of, and knows as members of another family.
    pub guests: Vec<PersonId>,
    /// All people in the family, whether the member of staff may know of them or not. They are used for computing only, and are
    /// not shown.
    pub everyone: Vec<FamilyPerson>,
}

impl Household {
    /// Whether there are people in the family and all of them have a protected identity, so that it exists only for staff who are
    /// cleared for protected identities.
    pub fn is_hidden(&self) -> bool {
        belonging::are_all_protected(&self.everyone)
    }
}

/// A row of the history of families: a person joined, left or moved, or a family was merged into another one.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = family_events, treat_none_as_default_value = false)]
pub struct FamilyEvent {
    pub id: FamilyEventId,
    pub kind: FamilyEventKind,
    pub person_id: Option<PersonId>,
    pub from_family_id: Option<FamilyId>,
    pub to_family_id: Option<FamilyId>,
    pub reason: Option<Sealed>,
    pub staff_id: StaffId,
    pub at: Timestamp,
}

/// Finds a family and the people in it. Fails as not found if a member of staff with the scope `sight` may not know of the family. A
/// family that was merged into another one has nobody in it.
pub fn find(conn: &mut DbConn, sight: &CaseScope, id: FamilyId) -> Result<Household> {
    let found: Option<SealedFamily> =
        on_backend!(conn, conn => known_to!(sight).filter(families::id.eq(id)).first(conn).optional())?;
    let family = found.ok_or_else(Error::not_found)?;
    if family.merged_into.is_some() {
        return Ok(Household { family, members: Vec::new(), guests: Vec::new(), everyone: Vec::new() });
    }
    let everyone = belonging::of_family(conn, id)?;
    let ids: Vec<PersonId> = everyone.iter().map(|person| person.id).collect();
    let mut known = people_store::known_among(conn, sight, &ids)?;
    known.sort_unstable();
    let came: Vec<PersonId> = everyone.iter().filter(|person| person.is_guest).map(|person| person.id).collect();
    // Somebody who is a member of a family that the reader may not know of is a member of this one for the reader.
    let families = if came.is_empty() { HashMap::new() } else { guests::seen(conn, sight, &came)? };
    let is_guest = |person: &PersonId| families.get(person).is_some_and(|seen| seen.first() != Some(&id));
    let (guests, members) = known.into_iter().partition(is_guest);
    Ok(Household { family, members, guests, everyone })
}

/// Inserts a family, and the link to the office that has met it.
pub fn insert(conn: &mut DbConn, family: &SealedFamily, office: OfficeId) -> Result<()> {
    let row = binding::coded(conn, family)?;
    on_backend!(conn, conn => diesel::insert_into(families::table).values(row).execute(conn))?;
    meet(conn, family.id, office, false, ResourceId::from_uuid(family.id.uuid()))
}

/// Stores the next version of a family. Fails as stale if the stored version is not the one before it.
pub fn update(conn: &mut DbConn, family: &SealedFamily) -> Result<()> {
    let before = families::table.find(family.id).filter(families::version.eq(family.version - 1));
    let row = binding::coded(conn, family)?;
    let written = on_backend!(conn, conn => diesel::update(before).set(&row).execute(conn))?;
    if written == 1 { Ok(()) } else { Err(stale()) }
}

/// Notes that an office has met a family, so that its staff may know of the family. `through_protected` says that only somebody
/// with a protected identity gives the reason: then only staff who are cleared for protected identities may know of the family.
/// `source` is the reason: the contact or the referral, or the family itself if the office has registered the family.
pub fn meet(
    conn: &mut DbConn,
    family: FamilyId,
    office: OfficeId,
    through_protected: bool,
    source: ResourceId,
) -> Result<()> {
    note_met(conn, &[(family, office, through_protected, source)])
}

/// Notes that offices have met families, as [`meet`] does for one.
pub fn note_met(conn: &mut DbConn, met: &[(FamilyId, OfficeId, bool, ResourceId)]) -> Result<()> {
    let vault = binding::carried_by(conn)?.vault;
    let link = |(family, office, through, source): &(FamilyId, OfficeId, bool, ResourceId)| {
        (*family, *office, *through, *source, FamilyOffice::code_of(*family, *office, *through, *source, &vault))
    };
    dialect::note_met_families(conn, &met.iter().map(link).collect::<Vec<_>>())
}

/// Does the same as [`meet`] if there is a family with this identifier. Otherwise the same statement stores nothing.
pub fn meet_if_registered(
    conn: &mut DbConn,
    family: FamilyId,
    office: OfficeId,
    through_protected: bool,
    source: ResourceId,
) -> Result<()> {
    let code = FamilyOffice::code_of(family, office, through_protected, source, &binding::carried_by(conn)?.vault);
    let row = families::table.find(family).select((
        families::id,
        office.into_sql::<SqlUuid>(),
        through_protected.into_sql::<Bool>(),
        source.into_sql::<SqlUuid>(),
        code.into_sql::<Nullable<Binary>>(),
    ));
    let columns = (
        family_offices::family_id,
        family_offices::office_id,
        family_offices::through_protected,
        family_offices::source_id,
        family_offices::code,
    );
    let link = row.insert_into(family_offices::table).into_columns(columns).on_conflict_do_nothing();
    on_backend!(conn, conn => link.execute(conn))?;
    Ok(())
}

/// Notes that an office has met a person because of the referral `source`, and the person's family. `is_protected` says that the
/// referral is protected: then only staff who are cleared for protected identities learn of the person and of the family. If only
/// the person is protected, the family is hidden in the same way.
pub fn meet_person(
    conn: &mut DbConn,
    person: PersonId,
    office: OfficeId,
    is_protected: bool,
    source: ResourceId,
) -> Result<()> {
    people_store::meet(conn, person, office, is_protected, source)?;
    // The person may be moving to another family at this moment.
    dialect::hold_people(conn, &[person])?;
    let protection: ProtectedIdentity =
        on_backend!(&mut *conn, conn => people::table.find(person).select(people::protection).first(conn))?;
    let through_protected = is_protected || protection.is_protected();
    let families = belonging::families_of_one(conn, person)?;
    let met = met_among(conn, &families, office, through_protected)?;
    met.map_or(Ok(()), |family| meet(conn, family, office, through_protected, source))
}

/// Returns the family that an office meets with a person who belongs to `families`: the first of them that the office knows of. If
/// it knows of none, it is the one of which the person is a member.
pub fn met_among(
    conn: &mut DbConn,
    families: &[FamilyId],
    office: OfficeId,
    through_protected: bool,
) -> Result<Option<FamilyId>> {
    let office_scope =
        CaseScope { offices: vec![office], made_by: None, protected_identity: through_protected, reason: None };
    let known = known_among(conn, &office_scope, families)?;
    Ok(families.iter().find(|family| known.contains(family)).or(families.first()).copied())
}

/// Inserts events into the history of families.
pub fn remember(conn: &mut DbConn, events: &[FamilyEvent]) -> Result<()> {
    on_backend!(conn, conn => diesel::insert_into(family_events::table).values(events).execute(conn))?;
    Ok(())
}

/// Updates what follows from a family's members after somebody joined it, left it, or became protected: counts up the version, so
/// that a caller who read the family earlier cannot write it; removes the readable district if a member is protected; and
/// determines again when the family was first reached. Fails as stale if the family was merged into another one meanwhile.
pub fn members_changed(conn: &mut DbConn, id: FamilyId) -> Result<()> {
    let counted = families::version.eq(families::version + 1.into_sql::<Integer>());
    // A family that was merged meanwhile takes no new members.
    let open = families::table.find(id).filter(families::merged_into.is_null());
    binding::changing(conn, "families", &[id], |conn| {
        if on_backend!(&mut *conn, conn => diesel::update(open).set(counted).execute(conn))? != 1 {
            return Err(stale());
        }
        empty_district(conn, id)
    })?;
    reached::members_changed(conn, id)
}

/// Empties the readable column for the district of a family if one of its members is protected. The district stays in the sealed
/// facts.
pub fn hide_district(conn: &mut DbConn, id: FamilyId) -> Result<()> {
    binding::changing(conn, "families", &[id], |conn| empty_district(conn, id))
}

fn empty_district(conn: &mut DbConn, id: FamilyId) -> Result<()> {
    let everyone = belonging::of_family(conn, id)?;
    if everyone.iter().any(|person| person.protection.is_protected()) {
        let nowhere = families::district_id.eq(None::<DistrictId>);
        on_backend!(conn, conn => diesel::update(families::table.find(id)).set(nowhere).execute(conn))?;
    }
    Ok(())
}

/// Marks the family `gone` as merged into the family `into`, and moves its people, contacts, offers and follow-ups there. The
/// caller must have locked the people with [`take_people`](dialect::take_people).
/// Families that were merged into `gone` now point to `into`. Each office that had met one of the two may from now on know of
/// both. Fails as stale if `gone` was changed meanwhile.
pub fn merge(conn: &mut DbConn, gone: &SealedFamily, into: FamilyId, now: Timestamp) -> Result<()> {
    let before = families::table.find(gone.id).filter(families::version.eq(gone.version));
    let pointer = (
        families::merged_into.eq(into),
        families::district_id.eq(None::<DistrictId>),
        families::version.eq(gone.version + 1),
        families::updated_at.eq(now),
    );
    let earlier = families::table.filter(families::merged_into.eq(gone.id)).select(families::id);
    let mut changed: Vec<FamilyId> = on_backend!(&mut *conn, conn => earlier.load(conn))?;
    changed.push(gone.id);
    let pointers = families::table.filter(families::merged_into.eq(gone.id));
    binding::changing(conn, "families", &changed, |conn| {
        if on_backend!(&mut *conn, conn => diesel::update(before).set(pointer).execute(conn))? != 1 {
            return Err(stale());
        }
        on_backend!(conn, conn => diesel::update(pointers).set(families::merged_into.eq(into)).execute(conn))?;
        Ok(())
    })?;
    let people: Vec<PersonId> = belonging::of_family(conn, gone.id)?.iter().map(|person| person.id).collect();
    for (person, families) in belonging::families_of(conn, &people)? {
        belonging::put(conn, person, &families, &belonging::moved(&families, &[gone.id], Some(into)))?;
    }
    let (offices, theirs) = (met_by(conn, gone.id, into)?, met_by(conn, into, gone.id)?);
    note_met(conn, &[offices, theirs].concat())?;
    hide_district(conn, into)?;
    reached::merged(conn, gone.id, into)
}

/// The links of the family `family` to the offices that have met it, as links of the family `to`. An office that has registered a
/// family knows of the family that it is one with as if it had registered that one too.
fn met_by(conn: &mut DbConn, family: FamilyId, to: FamilyId) -> Result<Vec<(FamilyId, OfficeId, bool, ResourceId)>> {
    let links = family_offices::table.filter(family_offices::family_id.eq(family));
    let columns = (family_offices::office_id, family_offices::through_protected, family_offices::source_id);
    let links: Vec<(OfficeId, bool, ResourceId)> = on_backend!(conn, conn => links.select(columns).load(conn))?;
    Ok(links.into_iter().map(|(office, through_protected, source)| (to, office, through_protected, source)).collect())
}
