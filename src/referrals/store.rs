//! Queries on the table of referrals. Queries that answer a caller find, for staff, only the referrals that their [`CaseScope`]
//! covers, and for a partner agency only the referrals that it has sent. [`unlinked`] answers no caller and
//! searches all referrals.

use diesel::prelude::*;
use serde_json::value::{RawValue, to_raw_value};

use crate::auth::{CaseScope, Category};
use crate::binding::{self, ReadableRow, RowCode};
use crate::db::columns::Json;
use crate::db::schema::{referral_services, referrals};
use crate::db::{DbConn, stale};
use crate::error::{Error, Result};
use crate::http::page::PageStart;
use crate::id::{DistrictId, OfficeId, OutreachContactId, PartnerId, PersonId, ReferralId, ServiceId, StaffId};
use crate::on_backend;
use crate::people::store::number_hash;
use crate::referrals::course::codes::DisclosedStatus;
use crate::referrals::course::{Course, clocks};
use crate::referrals::disclosure::SenderScope;
use crate::referrals::order::{Order, ReferralPosition};
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Origin, Referral, Status, Urgency, disclosure, moving};
use crate::time::{Random, Timestamp};
use crate::vault::{self, Sealed, Vault};

/// A referral as one row of the database. Its matter, routing and course are sealed (encrypted) by the [`Vault`]; the columns that
/// queries need are readable.
#[derive(Clone, Queryable, Insertable, AsChangeset)]
// Each column is always written, so that the statement is the same for every referral and its text is made only once.
#[diesel(table_name = referrals, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct SealedReferral {
    pub id: ReferralId,
    pub reference: Reference,
    pub kind: Kind,
    pub status: Status,
    pub urgency: Urgency,
    pub protected: bool,
    pub partner_id: Option<PartnerId>,
    pub contact_id: Option<OutreachContactId>,
    pub sender_reference_hash: Option<Vec<u8>>,
    pub office_id: OfficeId,
    pub disclosed_office_id: OfficeId,
    pub district_id: Option<DistrictId>,
    pub assignee_id: Option<StaffId>,
    pub person_id: Option<PersonId>,
    pub child_number_hash: Option<Vec<u8>>,
    pub matter: Sealed,
    pub routing: Sealed,
    /// The referral's deadlines as JSON that is already serialized, so that the database thread does not spend time on it.
    pub deadlines: Json<Box<RawValue>>,
    pub next_due_at: Timestamp,
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i32,
    pub made_by: Option<StaffId>,
    pub sender_category: Option<Category>,
    /// The sealed course of the referral at its office. `None` in a first version, whose course is the default one; a copy for a
    /// sibling has a course from the start.
    pub course: Option<Sealed>,
    pub disclosed_status: DisclosedStatus,
    pub disclosed_at: Timestamp,
    pub unmarked_due_at: Timestamp,
    /// Whether answers do not tell `person_id`: see [`Referral::linked_silently`].
    pub linked_silently: bool,
    /// Whether staff copied the report for a sibling. The course tells from which report.
    pub is_copy: bool,
    pub code: Option<RowCode>,
}

impl SealedReferral {
    /// Makes the row of a referral: seals its matter, routing and course, and computes the lookup hashes and the other columns that
    /// follow from the referral.
    pub fn new(referral: &Referral, vault: &Vault, random: &Random) -> Result<Self> {
        let row = referral.id.uuid();
        let (sender_reference_hash, child_number_hash) = lookup_hashes(referral, vault);
        Ok(Self {
            id: referral.id,
            reference: referral.reference.clone(),
            kind: referral.kind,
            status: referral.status(),
            urgency: referral.urgency,
            protected: referral.protected,
            partner_id: referral.origin.partner(),
            contact_id: referral.origin.contact(),
            sender_reference_hash,
            office_id: referral.office_id,
            disclosed_office_id: referral.disclosed_office_id,
            district_id: referral.district_id,
            assignee_id: referral.assignee_id,
            person_id: referral.person_id,
            child_number_hash,
            matter: vault.seal_json(vault::REFERRAL_MATTER, row, &referral.matter, random)?,
            routing: vault.seal_json(vault::REFERRAL_ROUTING, row, &referral.routing, random)?,
            deadlines: Json(to_raw_value(&referral.deadlines).map_err(Error::internal)?),
            next_due_at: referral.next_due_at,
            received_at: referral.received_at,
            updated_at: referral.updated_at,
            version: referral.version,
            made_by: referral.made_by,
            sender_category: referral.sender_category,
            course: match referral.version {
                1 if referral.course.copy_of.is_none() => None,
                _ => Some(vault.seal_json(vault::REFERRAL_COURSE, row, &referral.course, random)?),
            },
            disclosed_status: disclosure::status(referral),
            disclosed_at: referral.disclosed_at,
            unmarked_due_at: clocks::next_unmarked(referral),
            linked_silently: referral.linked_silently,
            is_copy: referral.course.copy_of.is_some(),
            code: Some(RowCode::fresh()),
        })
    }

    /// The origin of the referral: a partner agency, an outreach contact, the child or family itself, or a private person.
    pub fn origin(&self) -> Origin {
        match (self.partner_id, self.contact_id) {
            (Some(partner), _) => Origin::Partner(partner),
            (None, Some(contact)) => Origin::Contact(contact),
            (None, None) if self.kind == Kind::SelfRequest => Origin::SelfRequest,
            (None, None) => Origin::Private,
        }
    }

    /// Checks that the row is as it was written, decrypts its sealed columns and makes the [`Referral`].
    pub fn open(self, vault: &Vault) -> Result<Referral> {
        binding::check(&self, vault)?;
        self.open_unchecked(vault)
    }

    /// Does the same as [`Self::open`] without checking the code, for a row whose columns are just being changed.
    pub(super) fn open_unchecked(self, vault: &Vault) -> Result<Referral> {
        let (row, origin) = (self.id.uuid(), self.origin());
        let course = match &self.course {
            Some(course) => vault.open_json(vault::REFERRAL_COURSE, row, course)?,
            None => Course::default(),
        };
        Ok(Referral {
            id: self.id,
            reference: self.reference,
            kind: self.kind,
            urgency: self.urgency,
            protected: self.protected,
            origin,
            sender_category: self.sender_category,
            made_by: self.made_by,
            office_id: self.office_id,
            disclosed_office_id: self.disclosed_office_id,
            district_id: self.district_id,
            assignee_id: self.assignee_id,
            person_id: self.person_id,
            linked_silently: self.linked_silently,
            matter: vault.open_json(vault::REFERRAL_MATTER, row, &self.matter)?,
            routing: vault.open_json(vault::REFERRAL_ROUTING, row, &self.routing)?,
            course,
            disclosed_at: self.disclosed_at,
            deadlines: serde_json::from_str(self.deadlines.0.get()).map_err(Error::internal)?,
            next_due_at: self.next_due_at,
            received_at: self.received_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// The keyed hashes by which a referral can be found: of its sender's own reference, if a partner agency gave one, and of the
/// child's personal identity number, if it is known.
pub(super) fn lookup_hashes(referral: &Referral, vault: &Vault) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let reference = referral.matter.sender_reference.as_ref().zip(referral.origin.partner());
    let of_sender = reference.map(|(text, sender)| sender_reference_hash(vault, sender, text.reveal().as_ref()));
    let of_child = referral.matter.child.number().map(|number| number_hash(vault, number));
    (of_sender, of_child)
}

/// The keyed hash under which a partner agency's own reference for a referral is stored and searched. The same reference gives
/// different hashes for two agencies.
pub fn sender_reference_hash(vault: &Vault, sender: PartnerId, reference: &str) -> Vec<u8> {
    let what = format!("sender reference of {sender}");
    vault.keyed_hash(&what, reference.as_bytes()).bytes().to_vec()
}

/// Inserts a referral, and records the services that it asks for. A service that a referral has asked for can no longer be removed
/// from the directory.
pub fn insert(conn: &mut DbConn, referral: &SealedReferral, requested: &[ServiceId]) -> Result<()> {
    let row = binding::coded(conn, referral)?;
    on_backend!(conn, conn => diesel::insert_into(referrals::table).values(row).execute(conn))?;
    for service in requested {
        let row = (referral_services::referral_id.eq(referral.id), referral_services::service_id.eq(*service));
        diesel::insert_into(referral_services::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Writes the next version of a referral. Fails as stale if the stored version is not the one before it. If the referral goes to
/// another office, its follow-ups move to that office too.
pub fn update(conn: &mut DbConn, referral: &SealedReferral) -> Result<()> {
    let before = referrals::table.find(referral.id).filter(referrals::version.eq(referral.version - 1));
    let row = binding::coded(conn, referral)?;
    if on_backend!(&mut *conn, conn => diesel::update(before).set(&row).execute(conn))? != 1 {
        return Err(stale());
    }
    moving::take_along(conn, referral.id, referral.office_id)
}

/// The identifiers of the referrals whose child has the identity number with this hash, and which are linked to no registered
/// person.
pub fn unlinked(conn: &mut DbConn, number_hash: &[u8]) -> Result<Vec<ReferralId>> {
    Ok(on_backend!(conn, conn => referrals::table
        .filter(referrals::child_number_hash.eq(number_hash.to_vec()))
        .filter(referrals::person_id.is_null())
        .select(referrals::id)
        .load(conn))?)
}

/// The query for the referrals that the [`CaseScope`] `$sight` covers: those of its offices and those made by its member of staff;
/// protected ones only with clearance for protected identities. It is a macro since the type of a boxed query depends on the
/// database.
macro_rules! known_to {
    ($sight:expr) => {{
        let sight: &CaseScope = $sight;
        let mut rows = referrals::table.into_boxed();
        rows = match (sight.offices.as_slice(), sight.made_by) {
            // With an equality, the index gives the order; with a list of offices, the rows would have to be sorted.
            ([only], None) => rows.filter(referrals::office_id.eq(*only)),
            ([], Some(me)) => rows.filter(referrals::made_by.eq(me)),
            (several, None) => rows.filter(referrals::office_id.eq_any(several.to_vec())),
            (several, Some(me)) => rows
                .filter(referrals::office_id.eq_any(several.to_vec()).or(referrals::made_by.eq(me).assume_not_null())),
        };
        if !sight.protected_identity {
            rows = rows.filter(referrals::protected.eq(false));
        }
        rows
    }};
}
pub(crate) use known_to;

/// Returns the referral with this identifier, if `sight` covers it; otherwise fails as not found.
pub fn find(conn: &mut DbConn, sight: &CaseScope, id: ReferralId) -> Result<SealedReferral> {
    // The database decides, so that a hidden referral takes no longer to answer than a missing one.
    let found: Option<SealedReferral> = match (sight.offices.as_slice(), sight.made_by) {
        // The most frequent query is prepared once. A query with a list of offices is, on SQLite, prepared for each length of
        // the list.
        ([only], None) => {
            let cleared = referrals::protected.eq(false).or(referrals::protected.eq(sight.protected_identity));
            let named = referrals::table.find(id).filter(cleared).filter(referrals::office_id.eq(*only));
            on_backend!(conn, conn => named.first(conn).optional())
        }
        _ => on_backend!(conn, conn => known_to!(sight).filter(referrals::id.eq(id)).first(conn).optional()),
    }?;
    found.ok_or_else(Error::not_found)
}

/// Checks that a caller with this `sight` is cleared for the referral: either the referral is not protected, or `sight` includes
/// protected identities. The office that has the referral does not matter. Fails as not found otherwise.
pub fn check_cleared(conn: &mut DbConn, sight: &CaseScope, id: ReferralId) -> Result<()> {
    let cleared = referrals::protected.eq(false).or(referrals::protected.eq(sight.protected_identity));
    let named = referrals::table.find(id).filter(cleared).select(referrals::id);
    let found: Option<ReferralId> = on_backend!(conn, conn => named.first(conn).optional())?;
    found.map(drop).ok_or_else(Error::not_found)
}

/// Returns the referral with this identifier, if `scope` covers it; otherwise fails as not found.
pub fn find_sent_by(conn: &mut DbConn, scope: SenderScope, id: ReferralId) -> Result<SealedReferral> {
    let shown = referrals::is_copy.eq(false).or(referrals::is_copy.eq(scope.sees_copies));
    let own = referrals::table.find(id).filter(referrals::partner_id.eq(scope.sender)).filter(shown);
    let found: Option<SealedReferral> = on_backend!(conn, conn => own.first(conn).optional())?;
    found.ok_or_else(Error::not_found)
}

/// The conditions by which a list of referrals is filtered. A condition that is `None` does not limit the list, except for
/// `status`.
#[derive(Debug, Clone, Default)]
pub struct ReferralFilter {
    pub office: Option<OfficeId>,
    /// Lists only referrals in this state. `None` lists every state except `EnteredInError`.
    pub status: Option<Status>,
    pub kind: Option<Kind>,
    pub assignee: Option<StaffId>,
    /// Lists only referrals received at or after this time.
    pub received_from: Option<Timestamp>,
    /// Lists only referrals received before this time.
    pub received_to: Option<Timestamp>,
    pub due_before: Option<Timestamp>,
    /// With `true`, lists only referrals with a running deadline before the given time; with `false`, lists only the others,
    /// including those without a running deadline.
    pub overdue: Option<(bool, Timestamp)>,
}

/// The query, shared by [`page`] and [`count`], for the referrals that `$sight` covers and `$filter` lets through, without order or
/// limit. It is a macro since the type of a boxed query depends on the database.
macro_rules! filtered {
    ($sight:expr, $filter:expr) => {{
        let filter: &ReferralFilter = $filter;
        let mut rows = known_to!($sight);
        if let Some(office) = filter.office {
            rows = rows.filter(referrals::office_id.eq(office));
        }
        rows = match filter.status {
            Some(status) => rows.filter(referrals::status.eq(status)),
            // Referrals entered in error are shown only to a caller who asks for that state.
            None => rows.filter(referrals::status.ne(Status::EnteredInError)),
        };
        if let Some(kind) = filter.kind {
            rows = rows.filter(referrals::kind.eq(kind));
        }
        if let Some(assignee) = filter.assignee {
            rows = rows.filter(referrals::assignee_id.eq(assignee));
        }
        if let Some(from) = filter.received_from {
            rows = rows.filter(referrals::received_at.ge(from));
        }
        if let Some(to) = filter.received_to {
            rows = rows.filter(referrals::received_at.lt(to));
        }
        if let Some(due) = filter.due_before {
            rows = rows.filter(referrals::next_due_at.lt(due));
        }
        match filter.overdue {
            Some((true, now)) => rows = rows.filter(referrals::next_due_at.lt(now)),
            Some((false, now)) => rows = rows.filter(referrals::next_due_at.ge(now)),
            None => {}
        }
        rows
    }};
}

fn sees_nothing(sight: &CaseScope) -> bool {
    sight.offices.is_empty() && sight.made_by.is_none()
}

/// Returns one page of the referrals that `sight` covers and `filter` lets through, in the given order, starting at `from`. Returns
/// up to one row more than `limit`; the extra row tells that there is a next page.
pub fn page(
    conn: &mut DbConn,
    sight: &CaseScope,
    filter: &ReferralFilter,
    order: Order,
    from: &PageStart<ReferralPosition>,
    limit: u32,
) -> Result<Vec<SealedReferral>> {
    if sees_nothing(sight) || matches!(from, PageStart::Empty) {
        return Ok(Vec::new());
    }
    binding::filled(conn, i64::from(limit) + 1, |conn, most| rows_from(conn, sight, filter, order, from, most))
}

fn rows_from(
    conn: &mut DbConn,
    sight: &CaseScope,
    filter: &ReferralFilter,
    order: Order,
    from: &PageStart<ReferralPosition>,
    most: i64,
) -> Result<Vec<ReadableRow<SealedReferral>>> {
    Ok(on_backend!(conn, conn => {
        let mut rows = filtered!(sight, filter).limit(most);
        rows = match order {
            Order::Received => rows.order((referrals::received_at.asc(), referrals::id.asc())),
            Order::ReceivedDescending => rows.order((referrals::received_at.desc(), referrals::id.desc())),
            Order::NextDue => rows.order((referrals::next_due_at.asc(), referrals::id.asc())),
        };
        rows = match from {
            PageStart::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            PageStart::After((micros, id)) => {
                let at = Timestamp::from_micros(*micros).ok_or_else(Error::not_found)?;
                match order {
                    Order::Received => rows.filter(referrals::received_at.gt(at).or(referrals::received_at.eq(at).and(referrals::id.gt(*id)))),
                    Order::ReceivedDescending => rows.filter(referrals::received_at.lt(at).or(referrals::received_at.eq(at).and(referrals::id.lt(*id)))),
                    Order::NextDue => rows.filter(referrals::next_due_at.gt(at).or(referrals::next_due_at.eq(at).and(referrals::id.gt(*id)))),
                }
            }
            PageStart::Empty => rows,
        };
        rows.load(conn)
    })?)
}

/// Counts the referrals that `sight` covers and `filter` lets through, on all pages together.
pub fn count(conn: &mut DbConn, sight: &CaseScope, filter: &ReferralFilter) -> Result<u64> {
    if sees_nothing(sight) {
        return Ok(0);
    }
    let count: i64 = on_backend!(conn, conn => filtered!(sight, filter).count().get_result(conn))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
