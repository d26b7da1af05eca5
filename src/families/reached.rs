//! When and how each family was first reached. This is computed from contacts and referrals and stored in a table, because
//! statistics count it and the answer about every contact needs it.
//!
//! - A family is reached by a contact whose outcome is `reached`, or by a referral; each of these is a *fact* here. Contacts and
//!   referrals that were entered in error are no facts. A family's facts are the contacts that name the family, and the contacts
//!   and referrals about the people who are in it now, whichever office they belong to.
//! - A guest counts like a member, so what reached a guest reached every family of the guest. Otherwise the time at which a family
//!   was first reached would tell that somebody in it is a member of another family. Once it is decided where the person belongs,
//!   only that family keeps the fact. Whoever counts people or facts, and not families, counts each once: by the family of which
//!   the person is a member.
//! - The first fact is the one with the earliest time; of two with the same time, the one with the smaller identifier. If a fact
//!   is added late, is entered in error, or belongs to another family because a person moved or families were merged, the first
//!   fact is determined again in the same transaction.
//! - A fact is *open* unless it exists only for staff who are cleared for protected identities. For staff who are not cleared,
//!   the first of the open facts counts as the first fact.
//! - A transaction that changes a family's facts locks the family's row. So if two workers meet a new family at the same moment,
//!   exactly one of them is the first.

use std::collections::HashMap;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel::upsert::excluded;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::binding;
use crate::db::among::among;
use crate::db::schema::{
    families, family_first_facts, family_guests, follow_ups, offers, outreach_contacts, outreach_participants, people,
    referrals,
};
use crate::db::sql_types::{SqlTime, SqlUuid};
use crate::db::{DbConn, dialect};
use crate::error::Result;
use crate::id::{DistrictId, FamilyId, FollowUpId, OfferId, OutreachContactId, PersonId, ResourceId};
use crate::on_backend;
use crate::people::belonging;
use crate::time::Timestamp;

/// The way in which a family was first reached by social services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FirstReachedThrough {
    /// Staff met the family in the field, or made a referral from such a meeting.
    Outreach,
    /// Somebody else, such as an agency or a private person, sent a referral about a member of the family.
    Referral,
    /// The young person or a guardian asked for help for themselves.
    OwnRequest,
}
crate::text_column!(FirstReachedThrough);

/// The contact or referral by which a family was first reached, whichever office it belongs to, or one that is compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstReached {
    pub at: Timestamp,
    /// The identifier of the contact or of the referral.
    pub source: ResourceId,
    pub through: FirstReachedThrough,
}

/// A contact or referral by which a family was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    pub family: FamilyId,
    pub reached: FirstReached,
    /// Whether only staff who are cleared for protected identities may know of the contact or referral.
    pub protected: bool,
}

/// The code of the outcome that a contact must have to count as reaching a family. The enum with this code is defined in
/// `outreach`, which this module must not import.
pub const REACHED: &str = "reached";
/// The code of the status of a referral that does not count as reaching a family. The enum with this code is defined in
/// `referrals`, which this module must not import.
pub const ENTERED_IN_ERROR: &str = "entered_in_error";

#[derive(Clone, Copy, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = family_first_facts, treat_none_as_default_value = false)]
struct FirstReachedRow {
    family_id: FamilyId,
    at: Timestamp,
    source_id: ResourceId,
    through: FirstReachedThrough,
    open_at: Option<Timestamp>,
    open_source_id: Option<ResourceId>,
    open_through: Option<FirstReachedThrough>,
}

impl FirstReached {
    /// Whether this is earlier than `other`: by time, then by identifier. True if there is no other.
    fn is_before(&self, other: Option<Self>) -> bool {
        other.is_none_or(|other| (self.at, self.source.uuid()) < (other.at, other.source.uuid()))
    }
}

impl FirstReachedRow {
    fn new(family: FamilyId, first: FirstReached, open: Option<FirstReached>) -> Self {
        Self {
            family_id: family,
            at: first.at,
            source_id: first.source,
            through: first.through,
            open_at: open.map(|open| open.at),
            open_source_id: open.map(|open| open.source),
            open_through: open.map(|open| open.through),
        }
    }

    fn first(&self) -> FirstReached {
        FirstReached { at: self.at, source: self.source_id, through: self.through }
    }

    fn open(&self) -> Option<FirstReached> {
        Some(FirstReached { at: self.open_at?, source: self.open_source_id?, through: self.open_through? })
    }

    /// Returns the row of the family after the new fact `fact` was taken into account. `row` is the present row, if there is one.
    fn with(row: Option<Self>, fact: &Fact) -> Self {
        let (first, open) = (row.map(|row| row.first()), row.and_then(|row| row.open()));
        let earliest = if fact.reached.is_before(first) { Some(fact.reached) } else { first };
        let open = if !fact.protected && fact.reached.is_before(open) { Some(fact.reached) } else { open };
        Self::new(fact.family, earliest.unwrap_or(fact.reached), open)
    }
}

/// When and how these families were first reached, as far as a reader may know of it. `cleared` says whether the reader is
/// cleared for protected identities. A family without a fact that the reader may know of is missing in the map.
pub fn first(conn: &mut DbConn, ids: &[FamilyId], cleared: bool) -> Result<HashMap<FamilyId, FirstReached>> {
    let known = |row: FirstReachedRow| Some((row.family_id, if cleared { Some(row.first()) } else { row.open() }?));
    Ok(rows(conn, ids)?.into_iter().filter_map(known).collect())
}

fn rows(conn: &mut DbConn, ids: &[FamilyId]) -> Result<Vec<FirstReachedRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = family_first_facts::table.filter(family_first_facts::family_id.eq_any(ids.to_vec()));
    Ok(on_backend!(conn, conn => rows.load(conn))?)
}

/// Takes new facts into account. The caller must have locked the rows of their families.
pub fn arrived(conn: &mut DbConn, facts: &[Fact]) -> Result<()> {
    let mut families: Vec<FamilyId> = facts.iter().map(|fact| fact.family).collect();
    families.sort_unstable();
    families.dedup();
    let before: HashMap<FamilyId, FirstReachedRow> =
        rows(conn, &families)?.into_iter().map(|row| (row.family_id, row)).collect();
    let mut after = before.clone();
    for fact in facts {
        let row = FirstReachedRow::with(after.get(&fact.family).copied(), fact);
        after.insert(fact.family, row);
    }
    let changed = after.into_values().filter(|row| before.get(&row.family_id) != Some(row)).collect();
    replace(conn, changed)
}

/// Takes into account that a person was reached, for the families that the person is in. Does nothing if the person is in none.
/// `protected` says whether only staff who are cleared for protected identities may know of it.
pub fn person_was_reached(conn: &mut DbConn, person: PersonId, reached: FirstReached, protected: bool) -> Result<()> {
    // If the person is moved meanwhile, either the move comes first and the new family gets the fact, or the move comes later and finds
    // the fact.
    dialect::hold_people(conn, &[person])?;
    let families = belonging::families_of_one(conn, person)?;
    dialect::hold_families(conn, &families)?;
    arrived(conn, &families.into_iter().map(|family| Fact { family, reached, protected }).collect::<Vec<_>>())
}

/// Takes into account that somebody's families were reached. There may be none: then the same statements are run for nobody's.
/// `protected` says whether only staff who are cleared for protected identities may know of it.
pub fn families_were_reached(
    conn: &mut DbConn,
    families: &[FamilyId],
    reached: FirstReached,
    protected: bool,
) -> Result<()> {
    let nobodys = [FamilyId::nobody()];
    let families = if families.is_empty() { &nobodys } else { families };
    dialect::hold_families(conn, families)?;
    let before = rows(conn, families)?;
    for family in families {
        let row = before.iter().find(|row| row.family_id == *family).copied();
        put_if_registered(conn, FirstReachedRow::with(row, &Fact { family: *family, reached, protected }))?;
    }
    Ok(())
}

/// Stores the row of a family in the place of an earlier one, if there is a family with this identifier. Otherwise the same
/// statement stores nothing.
fn put_if_registered(conn: &mut DbConn, row: FirstReachedRow) -> Result<()> {
    use family_first_facts as facts;
    let values = families::table.find(row.family_id).select((
        families::id,
        row.at.into_sql::<SqlTime>(),
        row.source_id.into_sql::<SqlUuid>(),
        row.through.into_sql::<Text>(),
        row.open_at.into_sql::<Nullable<SqlTime>>(),
        row.open_source_id.into_sql::<Nullable<SqlUuid>>(),
        row.open_through.into_sql::<Nullable<Text>>(),
    ));
    let columns = (
        facts::family_id,
        facts::at,
        facts::source_id,
        facts::through,
        facts::open_at,
        facts::open_source_id,
        facts::open_through,
    );
    let replaced = (
        facts::at.eq(excluded(facts::at)),
        facts::source_id.eq(excluded(facts::source_id)),
        facts::through.eq(excluded(facts::through)),
        facts::open_at.eq(excluded(facts::open_at)),
        facts::open_source_id.eq(excluded(facts::open_source_id)),
        facts::open_through.eq(excluded(facts::open_through)),
    );
    let put = values.insert_into(facts::table).into_columns(columns);
    let put = put.on_conflict(facts::family_id).do_update().set(replaced);
    on_backend!(conn, conn => put.execute(conn))?;
    Ok(())
}

fn replace(conn: &mut DbConn, mut rows: Vec<FirstReachedRow>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_unstable_by_key(|row| row.family_id);
    forget(conn, &rows.iter().map(|row| row.family_id).collect::<Vec<_>>())?;
    // A statement has a bounded number of variables, and a batch of contacts may have met thousands of families.
    for some in rows.chunks(1_000) {
        on_backend!(&mut *conn, conn => diesel::insert_into(family_first_facts::table).values(some).execute(conn))?;
    }
    Ok(())
}

fn forget(conn: &mut DbConn, families: &[FamilyId]) -> Result<()> {
    let rows = family_first_facts::table.filter(family_first_facts::family_id.eq_any(families.to_vec()));
    on_backend!(conn, conn => diesel::delete(rows).execute(conn))?;
    Ok(())
}

/// Locks these families and determines from all their contacts and referrals, from scratch, when and how they were first reached.
pub fn recompute(conn: &mut DbConn, families: &[FamilyId]) -> Result<()> {
    let mut families = families.to_vec();
    families.sort_unstable();
    families.dedup();
    dialect::hold_families(conn, &families)?;
    for family in families {
        let members: Vec<PersonId> = belonging::of_family(conn, family)?.into_iter().map(|person| person.id).collect();
        let first = earliest(conn, family, &members, false)?;
        let open = earliest(conn, family, &members, true)?;
        forget(conn, &[family])?;
        if let Some(first) = first {
            replace(conn, vec![FirstReachedRow::new(family, first, open)])?;
        }
    }
    Ok(())
}

/// The earliest contact or referral by which a family with these members was reached. With `open`, only those count that exist
/// for staff who are not cleared for protected identities.
fn earliest(conn: &mut DbConn, family: FamilyId, members: &[PersonId], open: bool) -> Result<Option<FirstReached>> {
    type Found = Option<(Timestamp, ResourceId)>;
    let columns = (outreach_contacts::occurred_at, outreach_contacts::id);
    let counting = outreach_contacts::outcome.eq(REACHED).and(outreach_contacts::in_error.eq(false));
    let hidden = if open { vec![false] } else { vec![false, true] };
    let contacts = outreach_contacts::table
        .filter(counting.and(outreach_contacts::protected.eq_any(hidden.clone())))
        .order(columns)
        .select(columns)
        .limit(1);
    let naming: Found = on_backend!(&mut *conn, conn =>
        contacts.clone().filter(outreach_contacts::family_id.eq(family)).first(conn).optional())?;
    let with = outreach_participants::table
        .filter(outreach_participants::person_id.eq_any(members.to_vec()))
        .select(outreach_participants::contact_id);
    let with_members: Found = on_backend!(&mut *conn, conn =>
        contacts.filter(outreach_contacts::id.eq_any(with)).first(conn).optional())?;
    let about_members: Option<(Timestamp, ResourceId, String)> = on_backend!(conn, conn => referrals::table
        .filter(referrals::person_id.eq_any(members.to_vec()))
        .filter(referrals::status.ne(ENTERED_IN_ERROR).and(referrals::protected.eq_any(hidden)))
        .order((referrals::received_at, referrals::id))
        .select((referrals::received_at, referrals::id, referrals::kind))
        .first(conn)
        .optional())?;
    let contact =
        |(at, source): (Timestamp, ResourceId)| FirstReached { at, source, through: FirstReachedThrough::Outreach };
    let referral =
        |(at, source, kind): (Timestamp, ResourceId, String)| FirstReached { at, source, through: through(&kind) };
    let facts = [naming.map(contact), with_members.map(contact), about_members.map(referral)];
    Ok(facts.into_iter().flatten().min_by_key(|fact| (fact.at, fact.source.uuid())))
}

/// The way in which a family is reached by a referral of the kind with the code `kind`.
pub fn through(kind: &str) -> FirstReachedThrough {
    match kind {
        "self_request" => FirstReachedThrough::OwnRequest,
        "internal" => FirstReachedThrough::Outreach,
        _ => FirstReachedThrough::Referral,
    }
}

/// Determines again when a family was first reached, after the people in it or their protection have changed. If all of them are
/// protected now, hides the family's contacts and follow-ups from staff who are not cleared for protected identities.
pub fn members_changed(conn: &mut DbConn, family: FamilyId) -> Result<()> {
    let everyone = belonging::of_family(conn, family)?;
    let mut affected = vec![family];
    if belonging::are_all_protected(&everyone) {
        let contacts: Vec<OutreachContactId> = on_backend!(&mut *conn, conn => outreach_contacts::table
            .filter(outreach_contacts::family_id.eq(family))
            .select(outreach_contacts::id)
            .load(conn))?;
        affected.extend(hide_contacts(conn, &contacts)?);
        let promises = follow_ups::table.filter(follow_ups::family_id.eq(family)).select(follow_ups::id);
        let promises: Vec<FollowUpId> = on_backend!(&mut *conn, conn => promises.load(conn))?;
        hide_follow_ups(conn, &promises)?;
    }
    recompute(conn, &affected)
}

/// Hides these contacts and their follow-ups from staff who are not cleared for protected identities, and removes the contacts'
/// districts from the readable column. Returns the families that were met at these contacts; the caller must call [`recompute`]
/// for them.
pub fn hide_contacts(conn: &mut DbConn, contacts: &[OutreachContactId]) -> Result<Vec<FamilyId>> {
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    let named = outreach_contacts::table.filter(among(outreach_contacts::id, contacts.to_vec()));
    let hidden = (outreach_contacts::protected.eq(true), outreach_contacts::district_id.eq(None::<DistrictId>));
    binding::changing(conn, "outreach_contacts", contacts, |conn| {
        on_backend!(conn, conn => diesel::update(named.clone()).set(hidden).execute(conn))?;
        Ok(())
    })?;
    let promises = follow_ups::table.filter(among(follow_ups::contact_id, contacts.to_vec())).select(follow_ups::id);
    let promises: Vec<FollowUpId> = on_backend!(&mut *conn, conn => promises.load(conn))?;
    hide_follow_ups(conn, &promises)?;
    let stated: Vec<Option<FamilyId>> =
        on_backend!(&mut *conn, conn => named.select(outreach_contacts::family_id).load(conn))?;
    let with = outreach_participants::table
        .filter(among(outreach_participants::contact_id, contacts.to_vec()))
        .select(outreach_participants::person_id);
    let of_people: Vec<Option<FamilyId>> = on_backend!(&mut *conn, conn => people::table
        .filter(people::id.eq_any(with.clone()))
        .select(people::family_id)
        .load(conn))?;
    let of_guests: Vec<FamilyId> = on_backend!(conn, conn => family_guests::table
        .filter(family_guests::person_id.eq_any(with))
        .select(family_guests::family_id)
        .load(conn))?;
    Ok(stated.into_iter().chain(of_people).flatten().chain(of_guests).collect())
}

/// Hides these follow-ups from staff who are not cleared for protected identities.
pub fn hide_follow_ups(conn: &mut DbConn, ids: &[FollowUpId]) -> Result<()> {
    let promises = follow_ups::table.filter(among(follow_ups::id, ids.to_vec()));
    binding::changing(conn, "follow_ups", ids, |conn| {
        on_backend!(conn, conn => diesel::update(promises).set(follow_ups::protected.eq(true)).execute(conn))?;
        Ok(())
    })
}

/// Moves the contacts, offers and follow-ups of the merged family `gone` to the family `into`, and determines again when `into`
/// was first reached.
pub fn merged(conn: &mut DbConn, gone: FamilyId, into: FamilyId) -> Result<()> {
    macro_rules! take_over {
        ($table:ident: $id:ty) => {{
            let theirs = $table::table.filter($table::family_id.eq(gone));
            let ids: Vec<$id> = on_backend!(&mut *conn, conn => theirs.clone().select($table::id).load(conn))?;
            binding::changing(conn, stringify!($table), &ids, |conn| {
                on_backend!(conn, conn => diesel::update(theirs).set($table::family_id.eq(into)).execute(conn))?;
                Ok(())
            })?;
        }};
    }
    take_over!(outreach_contacts: OutreachContactId);
    take_over!(offers: OfferId);
    take_over!(follow_ups: FollowUpId);
    forget(conn, &[gone])?;
    members_changed(conn, into)
}
