//! Queries on the table of follow-ups. Queries with a `sight` find only the follow-ups that this [`CaseScope`] of a caller covers.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::auth::CaseScope;
use crate::binding::{self, ReadableRow, RowCode};
use crate::db::schema::{follow_ups, outreach_contacts};
use crate::db::{DbConn, stale};
use crate::error::{Error, Result};
use crate::http::page::PageStart;
use crate::id::{FamilyId, FollowUpId, OfficeId, OutreachContactId, ReferralId, ServiceId, StaffId};
use crate::on_backend;
use crate::outreach::follow_ups::{FollowUp, FollowUpText};
use crate::time::{Random, Timestamp};
use crate::vault::{self, Sealed, Vault};

/// A follow-up as one row of the database. Its texts are sealed (encrypted) by the [`Vault`]; the columns that queries need are
/// readable.
#[derive(Clone, Queryable, Insertable)]
// Every column is always written, so that all inserts have the same statement, whose text is made once.
#[diesel(table_name = follow_ups, treat_none_as_default_value = false)]
pub struct SealedFollowUp {
    pub id: FollowUpId,
    pub office_id: OfficeId,
    pub owner_id: StaffId,
    pub due_on: NaiveDate,
    pub contact_id: Option<OutreachContactId>,
    pub referral_id: Option<ReferralId>,
    pub family_id: Option<FamilyId>,
    pub protected: bool,
    pub record: Sealed,
    pub done_at: Option<Timestamp>,
    pub done_by: Option<StaffId>,
    pub created_at: Timestamp,
    pub created_by: StaffId,
    pub updated_at: Timestamp,
    pub version: i32,
    pub next_referral_id: Option<ReferralId>,
    pub code: Option<RowCode>,
}

impl SealedFollowUp {
    /// Makes the row of a follow-up, and seals its texts.
    pub fn new(follow_up: &FollowUp, vault: &Vault, random: &Random) -> Result<Self> {
        Ok(Self {
            id: follow_up.id,
            office_id: follow_up.office_id,
            owner_id: follow_up.owner_id,
            due_on: follow_up.due_on,
            contact_id: follow_up.contact_id,
            referral_id: follow_up.referral_id,
            family_id: follow_up.family_id,
            protected: follow_up.protected,
            record: vault.seal_json(vault::FOLLOW_UP_RECORD, follow_up.id.uuid(), &follow_up.words, random)?,
            done_at: follow_up.done_at,
            done_by: follow_up.done_by,
            created_at: follow_up.created_at,
            created_by: follow_up.created_by,
            updated_at: follow_up.updated_at,
            version: follow_up.version,
            next_referral_id: follow_up.words.next_referral_id,
            code: Some(RowCode::fresh()),
        })
    }

    /// Checks that the row is as it was written, decrypts its sealed texts and makes the [`FollowUp`].
    pub fn open(self, vault: &Vault) -> Result<FollowUp> {
        binding::check(&self, vault)?;
        let words: FollowUpText = vault.open_json(vault::FOLLOW_UP_RECORD, self.id.uuid(), &self.record)?;
        Ok(FollowUp {
            id: self.id,
            office_id: self.office_id,
            owner_id: self.owner_id,
            due_on: self.due_on,
            contact_id: self.contact_id,
            referral_id: self.referral_id,
            family_id: self.family_id,
            protected: self.protected,
            words,
            done_at: self.done_at,
            done_by: self.done_by,
            created_at: self.created_at,
            created_by: self.created_by,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

pub fn insert(conn: &mut DbConn, new: &[SealedFollowUp]) -> Result<()> {
    if !new.is_empty() {
        let rows = new.iter().map(|row| binding::coded(conn, row)).collect::<Result<Vec<_>>>()?;
        on_backend!(conn, conn => diesel::insert_into(follow_ups::table).values(rows).execute(conn))?;
    }
    Ok(())
}

/// Writes down that a follow-up is done. Fails as stale if somebody else wrote its next version first. The office, family and protection
/// of the follow-up may have changed since it was read, without making a version: they are left as they are.
pub fn complete(conn: &mut DbConn, next: &SealedFollowUp) -> Result<()> {
    let before = follow_ups::table.find(next.id).filter(follow_ups::version.eq(next.version - 1));
    let done = (
        follow_ups::record.eq(&next.record),
        follow_ups::done_at.eq(next.done_at),
        follow_ups::done_by.eq(next.done_by),
        follow_ups::updated_at.eq(next.updated_at),
        follow_ups::version.eq(next.version),
        follow_ups::next_referral_id.eq(next.next_referral_id),
    );
    binding::changing(conn, "follow_ups", &[next.id], |conn| {
        match on_backend!(conn, conn => diesel::update(before).set(done).execute(conn))? {
            1 => Ok(()),
            _ => Err(stale()),
        }
    })
}

/// Moves follow-ups of a contact to another family, after it turned out which family the contact was with: those about the family
/// `from`, or with `None` those about no known family.
pub fn give_to(
    conn: &mut DbConn,
    contact: OutreachContactId,
    from: Option<FamilyId>,
    to: Option<FamilyId>,
) -> Result<()> {
    let of_contact =
        follow_ups::table.filter(follow_ups::contact_id.eq(contact)).select((follow_ups::id, follow_ups::family_id));
    let all: Vec<(FollowUpId, Option<FamilyId>)> = on_backend!(&mut *conn, conn => of_contact.load(conn))?;
    let theirs: Vec<FollowUpId> = all.into_iter().filter(|(_, family)| *family == from).map(|(id, _)| id).collect();
    let moved = follow_ups::table.filter(follow_ups::id.eq_any(theirs.clone()));
    binding::changing(conn, "follow_ups", &theirs, |conn| {
        on_backend!(conn, conn => diesel::update(moved).set(follow_ups::family_id.eq(to)).execute(conn))?;
        Ok(())
    })
}

/// The query for the follow-ups that somebody may know of; `$cleared` tells whether they are cleared for protected identities. The
/// contact or referral that is followed up may have become protected since, in many ways, so this is judged at every reading. A
/// follow-up does not exist for those for whom its contact or referral does not exist, and it exists only at the office that has
/// the referral.
macro_rules! open_to {
    ($cleared:expr) => {{
        use diesel::dsl::{exists, not};
        use diesel::prelude::*;
        use diesel::sql_types::Bool;
        use $crate::db::schema::{follow_ups, outreach_contacts, referrals};
        let hidden_contact = outreach_contacts::table
            .filter(outreach_contacts::id.nullable().eq(follow_ups::contact_id))
            .filter(outreach_contacts::protected.eq(true));
        let hidden_referral = referrals::table
            .filter(referrals::id.nullable().eq(follow_ups::referral_id))
            .filter(referrals::protected.eq(true));
        let elsewhere = referrals::table
            .filter(referrals::id.nullable().eq(follow_ups::referral_id))
            .filter(referrals::office_id.ne(follow_ups::office_id));
        let is_open =
            follow_ups::protected.eq(false).and(not(exists(hidden_contact))).and(not(exists(hidden_referral)));
        follow_ups::table.filter(not(exists(elsewhere))).filter($cleared.into_sql::<Bool>().or(is_open))
    }};
}

/// The query for the follow-ups of `open_to` that belong in lists. Follow-ups on a contact or referral that was entered in error do
/// not.
macro_rules! listed_to {
    ($cleared:expr) => {{
        use diesel::dsl::{exists, not};
        use diesel::prelude::*;
        use $crate::db::schema::{follow_ups, outreach_contacts, referrals};
        let wrong_contact = outreach_contacts::table
            .filter(outreach_contacts::id.nullable().eq(follow_ups::contact_id))
            .filter(outreach_contacts::in_error.eq(true));
        let wrong_referral = referrals::table
            .filter(referrals::id.nullable().eq(follow_ups::referral_id))
            .filter(referrals::status.eq($crate::referrals::kind::Status::EnteredInError));
        $crate::outreach::follow_ups::store::open_to!($cleared)
            .filter(not(exists(wrong_contact)))
            .filter(not(exists(wrong_referral)))
    }};
}
pub(crate) use {listed_to, open_to};

/// Returns the follow-up with this identifier, if a caller with this `sight` may know of it; otherwise fails as not found.
pub fn find(conn: &mut DbConn, sight: &CaseScope, id: FollowUpId) -> Result<SealedFollowUp> {
    // The database judges, so that a follow-up that the caller may not know of takes no longer than one that does not exist.
    let named = open_to!(sight.protected_identity)
        .filter(follow_ups::id.eq(id))
        .filter(follow_ups::office_id.eq_any(sight.offices.clone()));
    let found: Option<SealedFollowUp> = on_backend!(conn, conn => named.first(conn).optional())?;
    found.ok_or_else(Error::not_found)
}

/// The service of the contact that a follow-up follows; `None` if it follows no contact, or the contact belongs to no service.
pub fn service_of(conn: &mut DbConn, follow_up: &SealedFollowUp) -> Result<Option<ServiceId>> {
    let Some(contact) = follow_up.contact_id else { return Ok(None) };
    let service = outreach_contacts::table.find(contact).select(outreach_contacts::service_id);
    Ok(on_backend!(conn, conn => service.first(conn))?)
}

/// The conditions by which the worklist of open follow-ups is filtered. A condition that is `None` does not limit the list.
#[derive(Debug, Clone, Default)]
pub struct FollowUpFilter {
    /// Lists only follow-ups that are due before this day.
    pub due_before: Option<NaiveDate>,
    /// With `true`, lists only follow-ups that are due before the given day (today); with `false`, only the others.
    pub overdue: Option<(bool, NaiveDate)>,
    pub owner: Option<StaffId>,
}

/// A position in the worklist, from which the next page starts: the day on which the last follow-up shown is due, and its
/// identifier.
pub type FollowUpPosition = (NaiveDate, FollowUpId);

/// The query, shared by [`page`] and [`count`], for the open follow-ups that `$sight` covers and `$filter` lets through, without
/// order or limit. It is a macro since the type of a boxed query depends on the database.
macro_rules! filtered {
    ($sight:expr, $filter:expr) => {{
        let (sight, filter): (&CaseScope, &FollowUpFilter) = ($sight, $filter);
        let mut rows = listed_to!(sight.protected_identity).filter(follow_ups::done_at.is_null()).into_boxed();
        rows = match sight.offices.as_slice() {
            // With one office the index gives the order; the rows of several offices would have to be sorted.
            [only] => rows.filter(follow_ups::office_id.eq(*only)),
            several => rows.filter(follow_ups::office_id.eq_any(several.to_vec())),
        };
        if let Some(day) = filter.due_before {
            rows = rows.filter(follow_ups::due_on.lt(day));
        }
        match filter.overdue {
            Some((true, today)) => rows = rows.filter(follow_ups::due_on.lt(today)),
            Some((false, today)) => rows = rows.filter(follow_ups::due_on.ge(today)),
            None => {}
        }
        if let Some(owner) = filter.owner {
            rows = rows.filter(follow_ups::owner_id.eq(owner));
        }
        rows
    }};
}

/// Returns one page of the open follow-ups that `sight` covers and `filter` lets through, the first due at the top, starting at
/// `from`. Returns up to one row more than `limit`; the extra row tells that there is a next page.
pub fn page(
    conn: &mut DbConn,
    sight: &CaseScope,
    filter: &FollowUpFilter,
    from: &PageStart<FollowUpPosition>,
    limit: u32,
) -> Result<Vec<SealedFollowUp>> {
    if sight.offices.is_empty() {
        return Ok(Vec::new());
    }
    binding::filled(conn, i64::from(limit) + 1, |conn, most| rows_from(conn, sight, filter, from, most))
}

fn rows_from(
    conn: &mut DbConn,
    sight: &CaseScope,
    filter: &FollowUpFilter,
    from: &PageStart<FollowUpPosition>,
    most: i64,
) -> Result<Vec<ReadableRow<SealedFollowUp>>> {
    Ok(on_backend!(conn, conn => {
        let mut rows = filtered!(sight, filter)
            .order((follow_ups::due_on.asc(), follow_ups::id.asc()))
            .limit(most);
        rows = match from {
            PageStart::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            PageStart::After((day, id)) => {
                rows.filter(follow_ups::due_on.gt(*day).or(follow_ups::due_on.eq(*day).and(follow_ups::id.gt(*id))))
            }
            PageStart::Empty => return Ok(Vec::new()),
        };
        rows.load(conn)
    })?)
}

/// Counts the open follow-ups that `sight` covers and `filter` lets through, on all pages together.
pub fn count(conn: &mut DbConn, sight: &CaseScope, filter: &FollowUpFilter) -> Result<u64> {
    if sight.offices.is_empty() {
        return Ok(0);
    }
    let count: i64 = on_backend!(conn, conn => filtered!(sight, filter).count().get_result(conn))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
