//! Queries on the tables of outreach contacts. Queries with a `sight` find only the contacts that this [`CaseScope`] of a caller
//! covers; the others check nothing.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::auth::CaseScope;
use crate::binding::{self, ReadableRow, RowCode};
use crate::db::among::among;
use crate::db::schema::{follow_ups, outreach_contact_versions, outreach_contacts, outreach_participants, referrals};
use crate::db::{DbConn, dialect, stale};
use crate::error::{Error, Result};
use crate::families::reached;
use crate::http::page::PageStart;
use crate::id::{
    ContactVersionId, DistrictId, FamilyId, FollowUpId, OfficeId, OutreachContactId, PersonId, ReferralId, ServiceId,
    StaffId,
};
use crate::moment::Moment;
use crate::on_backend;
use crate::outreach::codes::{Channel, ContactOutcome};
use crate::outreach::{ContactRecord, OutreachContact};
use crate::time::{Random, Timestamp};
use crate::vault::{self, Sealed, Vault};

/// An outreach contact as one row of the database. Its record is sealed (encrypted) by the [`Vault`]; the columns that queries need
/// are readable.
#[derive(Clone, Queryable, Insertable, AsChangeset)]
// Every column is always written, so that all inserts and updates have the same statement, whose text is made once.
#[diesel(table_name = outreach_contacts, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct SealedContact {
    pub id: OutreachContactId,
    pub office_id: OfficeId,
    pub worker_id: StaffId,
    pub occurred_at: Timestamp,
    pub channel: Channel,
    pub outcome: ContactOutcome,
    pub district_id: Option<DistrictId>,
    pub service_id: Option<ServiceId>,
    pub family_id: Option<FamilyId>,
    pub protected: bool,
    pub in_error: bool,
    pub record: Sealed,
    pub fingerprint: Vec<u8>,
    pub recorded_at: Timestamp,
    pub updated_at: Timestamp,
    pub updated_by: StaffId,
    pub version: i32,
    pub code: Option<RowCode>,
}

impl SealedContact {
    /// Makes the row of a contact: seals its record, and leaves out the district if the contact is protected.
    pub fn new(contact: &OutreachContact, vault: &Vault, random: &Random) -> Result<Self> {
        let written = &contact.record.written;
        let record = vault.seal_json(vault::OUTREACH_CONTACT_RECORD, contact.id.uuid(), &contact.record, random)?;
        let sealed = Self {
            id: contact.id,
            office_id: contact.office_id,
            worker_id: contact.worker_id,
            occurred_at: written.occurred_at,
            channel: written.channel,
            outcome: written.outcome,
            district_id: written.district_id,
            service_id: written.service_id,
            family_id: contact.family_id,
            protected: contact.protected,
            in_error: contact.in_error,
            record,
            fingerprint: contact.fingerprint.to_vec(),
            recorded_at: contact.recorded_at,
            updated_at: contact.updated_at,
            updated_by: contact.updated_by,
            version: contact.version,
            code: Some(RowCode::fresh()),
        };
        Ok(sealed.hidden_as_needed())
    }

    /// Removes the district from the row of a protected contact, so that no readable column tells where somebody with a protected
    /// identity was met.
    pub fn hidden_as_needed(self) -> Self {
        let district_id = self.district_id.filter(|_| !self.protected);
        Self { district_id, ..self }
    }

    /// Checks that the row is as it was written, decrypts its record and makes the [`OutreachContact`].
    pub fn open(self, vault: &Vault) -> Result<OutreachContact> {
        binding::check(&self, vault)?;
        let record: ContactRecord = vault.open_json(vault::OUTREACH_CONTACT_RECORD, self.id.uuid(), &self.record)?;
        Ok(OutreachContact {
            id: self.id,
            office_id: self.office_id,
            worker_id: self.worker_id,
            record,
            family_id: self.family_id,
            protected: self.protected,
            in_error: self.in_error,
            fingerprint: self.fingerprint.try_into().unwrap_or_default(),
            recorded_at: self.recorded_at,
            updated_at: self.updated_at,
            updated_by: self.updated_by,
            version: self.version,
        })
    }

    /// Whether `sight` covers the contact: it has the contact's office and, if the contact is protected, includes protected
    /// identities.
    pub fn may_be_known_to(&self, sight: &CaseScope) -> bool {
        sight.offices.contains(&self.office_id) && (sight.protected_identity || !self.protected)
    }
}

/// The content of a contact before one of its corrections, sealed, as one row of the database.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = outreach_contact_versions)]
pub struct SealedVersion {
    pub id: ContactVersionId,
    pub contact_id: OutreachContactId,
    pub version: i32,
    pub record: Sealed,
    pub written_at: Timestamp,
    pub written_by: StaffId,
}

impl SealedVersion {
    /// Seals the content of the contact `before`, which a correction is about to replace.
    pub fn new(before: &OutreachContact, vault: &Vault, moment: &Moment) -> Result<Self> {
        let id: ContactVersionId = moment.id();
        Ok(Self {
            id,
            contact_id: before.id,
            version: before.version,
            record: vault.seal_json(vault::CONTACT_VERSION_RECORD, id.uuid(), &before.record, &moment.random)?,
            written_at: before.updated_at,
            written_by: before.updated_by,
        })
    }

    /// Returns the contact as it was in this version. `contact` is the contact as it is now, for the facts that do not change with
    /// a version.
    pub fn open(self, contact: &OutreachContact, vault: &Vault) -> Result<OutreachContact> {
        let record: ContactRecord = vault.open_json(vault::CONTACT_VERSION_RECORD, self.id.uuid(), &self.record)?;
        Ok(OutreachContact {
            family_id: record.written.family_id,
            record,
            in_error: false,
            updated_at: self.written_at,
            updated_by: self.written_by,
            version: self.version,
            ..contact.clone()
        })
    }
}

/// Inserts contacts, and links each to the registered people that it names. `people` has these links.
pub fn insert(conn: &mut DbConn, contacts: &[SealedContact], people: &[(PersonId, OutreachContactId)]) -> Result<()> {
    let rows = contacts.iter().map(|contact| binding::coded(conn, contact)).collect::<Result<Vec<_>>>()?;
    match rows.as_slice() {
        // The text of the statement for one contact is made and prepared only once.
        [only] => {
            on_backend!(&mut *conn, conn => diesel::insert_into(outreach_contacts::table).values(only).execute(conn))?
        }
        all => {
            on_backend!(&mut *conn, conn => diesel::insert_into(outreach_contacts::table).values(all).execute(conn))?
        }
    };
    name_people(conn, people)
}

fn name_people(conn: &mut DbConn, people: &[(PersonId, OutreachContactId)]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let row = |(person, contact): &(PersonId, OutreachContactId)| {
        (outreach_participants::person_id.eq(*person), outreach_participants::contact_id.eq(*contact))
    };
    let rows: Vec<_> = people.iter().map(row).collect();
    on_backend!(conn, conn => diesel::insert_into(outreach_participants::table).values(&rows).execute(conn))?;
    Ok(())
}

/// Writes the next version of a contact, and stores `before`, the content that the next version replaces. Fails as stale if
/// somebody else wrote the next version first.
pub fn supersede(conn: &mut DbConn, next: &SealedContact, before: &SealedVersion) -> Result<()> {
    let current = outreach_contacts::table.find(next.id).filter(outreach_contacts::version.eq(next.version - 1));
    let row = binding::coded(conn, next)?;
    if on_backend!(&mut *conn, conn => diesel::update(current).set(&row).execute(conn))? != 1 {
        return Err(stale());
    }
    on_backend!(conn, conn => diesel::insert_into(outreach_contact_versions::table).values(before).execute(conn))?;
    Ok(())
}

/// Replaces the registered people that a contact is linked to.
pub fn replace_people(conn: &mut DbConn, id: OutreachContactId, people: &[PersonId]) -> Result<()> {
    let before = outreach_participants::table.filter(outreach_participants::contact_id.eq(id));
    on_backend!(&mut *conn, conn => diesel::delete(before).execute(conn))?;
    name_people(conn, &people.iter().map(|person| (*person, id)).collect::<Vec<_>>())
}

/// Returns the contacts among these identifiers that exist, also those that the caller may not know of.
pub fn there(conn: &mut DbConn, ids: &[OutreachContactId]) -> Result<Vec<SealedContact>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = outreach_contacts::table.filter(outreach_contacts::id.eq_any(ids.to_vec()));
    Ok(on_backend!(conn, conn => rows.load(conn))?)
}

/// Returns the contact with this identifier, if `sight` covers it; otherwise fails as not found.
pub fn find(conn: &mut DbConn, sight: &CaseScope, id: OutreachContactId) -> Result<SealedContact> {
    // The database judges, so that a contact that the caller may not know of takes no longer than one that does not exist.
    let cleared = outreach_contacts::protected.eq(false).or(outreach_contacts::protected.eq(sight.protected_identity));
    let named = outreach_contacts::table.find(id).filter(cleared);
    let found: Option<SealedContact> = match sight.offices.as_slice() {
        // The query for one office is prepared once; on SQLite, a query for a list of offices is prepared for each length of the list.
        [only] => {
            on_backend!(conn, conn => named.filter(outreach_contacts::office_id.eq(*only)).first(conn).optional())
        }
        several => {
            let several = several.to_vec();
            on_backend!(conn, conn => named.filter(outreach_contacts::office_id.eq_any(several)).first(conn).optional())
        }
    }?;
    found.ok_or_else(Error::not_found)
}

/// Locks a contact until the transaction ends, and then finds it as [`find`] does. Since an earlier reading, the contact may have
/// been protected or its family merged, which makes no new version of the contact.
pub fn hold(conn: &mut DbConn, sight: &CaseScope, id: OutreachContactId) -> Result<SealedContact> {
    dialect::hold_contact(conn, id)?;
    find(conn, sight, id)
}

/// The earlier versions of a contact, one from before each of its corrections, the newest first.
pub fn versions(conn: &mut DbConn, id: OutreachContactId) -> Result<Vec<SealedVersion>> {
    Ok(on_backend!(conn, conn => outreach_contact_versions::table
        .filter(outreach_contact_versions::contact_id.eq(id))
        .order(outreach_contact_versions::version.desc())
        .load(conn))?)
}

/// The conditions by which a list of contacts is filtered. A condition that is `None` does not limit the list.
#[derive(Debug, Clone, Default)]
pub struct ContactFilter {
    pub office: Option<OfficeId>,
    /// Lists only contacts that began at or after this time.
    pub from: Option<Timestamp>,
    /// Lists only contacts that began before this time.
    pub to: Option<Timestamp>,
    pub channel: Option<Channel>,
    pub outcome: Option<ContactOutcome>,
    pub worker: Option<StaffId>,
    /// Lists only contacts with an open follow-up that is due before this day.
    pub follow_up_due_before: Option<NaiveDate>,
}

/// A position in a list of contacts, from which the next page starts: the time at which the last contact shown began, in
/// microseconds, and its identifier.
pub type ContactPosition = (i64, OutreachContactId);

/// The query, shared by [`page`] and [`count`], for the contacts that `$sight` covers and `$filter` lets through, without order or
/// limit. Contacts entered in error are left out. It is a macro since the type of a boxed query depends on the database.
macro_rules! filtered {
    ($sight:expr, $filter:expr) => {{
        let (sight, filter): (&CaseScope, &ContactFilter) = ($sight, $filter);
        let mut rows = outreach_contacts::table.filter(outreach_contacts::in_error.eq(false)).into_boxed();
        rows = match sight.offices.as_slice() {
            // With one office the index gives the order; the rows of several offices would have to be sorted.
            [only] => rows.filter(outreach_contacts::office_id.eq(*only)),
            several => rows.filter(outreach_contacts::office_id.eq_any(several.to_vec())),
        };
        if !sight.protected_identity {
            rows = rows.filter(outreach_contacts::protected.eq(false));
        }
        if let Some(office) = filter.office {
            rows = rows.filter(outreach_contacts::office_id.eq(office));
        }
        if let Some(from) = filter.from {
            rows = rows.filter(outreach_contacts::occurred_at.ge(from));
        }
        if let Some(to) = filter.to {
            rows = rows.filter(outreach_contacts::occurred_at.lt(to));
        }
        if let Some(channel) = filter.channel {
            rows = rows.filter(outreach_contacts::channel.eq(channel));
        }
        if let Some(outcome) = filter.outcome {
            rows = rows.filter(outreach_contacts::outcome.eq(outcome));
        }
        if let Some(worker) = filter.worker {
            rows = rows.filter(outreach_contacts::worker_id.eq(worker));
        }
        if let Some(day) = filter.follow_up_due_before {
            // A follow-up on a contact that the caller may know of can itself be about a family that the caller may not know of.
            let promised = follow_ups::table
                .filter(follow_ups::protected.eq(false).or(follow_ups::protected.eq(sight.protected_identity)))
                .filter(follow_ups::office_id.eq_any(sight.offices.clone()))
                .filter(follow_ups::done_at.is_null().and(follow_ups::due_on.lt(day)))
                .select(follow_ups::contact_id);
            rows = rows.filter(outreach_contacts::id.nullable().eq_any(promised));
        }
        rows
    }};
}

/// Returns one page of the contacts that `sight` covers and `filter` lets through, the newest first, starting at `from`. Returns up
/// to one row more than `limit`; the extra row tells that there is a next page.
pub fn page(
    conn: &mut DbConn,
    sight: &CaseScope,
    filter: &ContactFilter,
    from: &PageStart<ContactPosition>,
    limit: u32,
) -> Result<Vec<SealedContact>> {
    if sight.offices.is_empty() {
        return Ok(Vec::new());
    }
    binding::filled(conn, i64::from(limit) + 1, |conn, most| rows_from(conn, sight, filter, from, most))
}

fn rows_from(
    conn: &mut DbConn,
    sight: &CaseScope,
    filter: &ContactFilter,
    from: &PageStart<ContactPosition>,
    most: i64,
) -> Result<Vec<ReadableRow<SealedContact>>> {
    Ok(on_backend!(conn, conn => {
        let mut rows = filtered!(sight, filter)
            .order((outreach_contacts::occurred_at.desc(), outreach_contacts::id.desc()))
            .limit(most);
        rows = match from {
            PageStart::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            PageStart::After((micros, id)) => {
                let at = Timestamp::from_micros(*micros).ok_or_else(Error::not_found)?;
                rows.filter(outreach_contacts::occurred_at.lt(at).or(outreach_contacts::occurred_at.eq(at).and(outreach_contacts::id.lt(*id))))
            }
            PageStart::Empty => return Ok(Vec::new()),
        };
        rows.load(conn)
    })?)
}

/// Counts the contacts that `sight` covers and `filter` lets through, on all pages together.
pub fn count(conn: &mut DbConn, sight: &CaseScope, filter: &ContactFilter) -> Result<u64> {
    if sight.offices.is_empty() {
        return Ok(0);
    }
    let count: i64 = on_backend!(conn, conn => filtered!(sight, filter).count().get_result(conn))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Hides what was written about a person from everybody who is not cleared for protected identities: the contacts that name the
/// person, the contacts from which referrals about the person were made, and the follow-ups on such referrals or that led to them.
/// The caller must have locked the person's row.
pub fn protect(conn: &mut DbConn, person: PersonId) -> Result<()> {
    let named: Vec<OutreachContactId> = on_backend!(&mut *conn, conn => outreach_participants::table
        .filter(outreach_participants::person_id.eq(person))
        .select(outreach_participants::contact_id)
        .load(conn))?;
    let about: Vec<ReferralId> = on_backend!(&mut *conn, conn => referrals::table
        .filter(referrals::person_id.eq(person))
        .select(referrals::id)
        .load(conn))?;
    hide(conn, named, &about)
}

/// Hides the contact that one referral was made from, and the follow-ups on the referral or that led to it. The referral itself is
/// protected from now on.
pub fn protect_source(conn: &mut DbConn, referral: ReferralId) -> Result<()> {
    hide(conn, Vec::new(), &[referral])
}

/// Hides these contacts, the contacts that the referrals `about` were made from, and the follow-ups on these referrals or that led
/// to them: all of these tell of the same people.
fn hide(conn: &mut DbConn, mut contacts: Vec<OutreachContactId>, about: &[ReferralId]) -> Result<()> {
    let sources: Vec<Option<OutreachContactId>> = on_backend!(&mut *conn, conn => referrals::table
        .filter(among(referrals::id, about.to_vec()))
        .select(referrals::contact_id)
        .load(conn))?;
    contacts.extend(sources.into_iter().flatten());
    let affected = reached::hide_contacts(conn, &contacts)?;
    let followed = among(follow_ups::referral_id, about.to_vec());
    let came = among(follow_ups::next_referral_id, about.to_vec());
    let promises = follow_ups::table.filter(followed.or(came)).select(follow_ups::id);
    let promises: Vec<FollowUpId> = on_backend!(&mut *conn, conn => promises.load(conn))?;
    reached::hide_follow_ups(conn, &promises)?;
    reached::recompute(conn, &affected)
}
