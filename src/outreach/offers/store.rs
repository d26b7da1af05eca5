//! Queries on offers of services and their answers. Queries with a `sight` find only offers made at contacts that this
//! [`CaseScope`] of a caller covers.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::auth::CaseScope;
use crate::binding::{self, RowCode};
use crate::db::schema::{offer_answers, offers, outreach_contacts};
use crate::db::{DbConn, stale};
use crate::error::{Error, Result};
use crate::id::{AnswerId, FamilyId, OfferId, OutreachContactId, ServiceId, StaffId};
use crate::on_backend;
use crate::outreach::codes::{OfferAnswer, OfferCloseReason};
use crate::outreach::offers::persistence::{AfterDecline, FamilyAnswer, after_decline};
use crate::outreach::offers::{GivenAnswer, Offer};
use crate::referrals::course::codes::DeclineReason;
use crate::time::{Random, Timestamp};
use crate::vault::{self, Sealed, Vault};

/// An offer of a service as one row of the database. Its note and its participant are sealed (encrypted) by the [`Vault`].
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = offers, treat_none_as_default_value = false)]
pub struct SealedOffer {
    pub id: OfferId,
    pub contact_id: OutreachContactId,
    pub service_id: ServiceId,
    pub family_id: Option<FamilyId>,
    pub offered_at: Timestamp,
    pub offered_by: StaffId,
    pub record: Sealed,
    pub closed_at: Option<Timestamp>,
    pub close_reason: Option<OfferCloseReason>,
    pub updated_at: Timestamp,
    pub version: i32,
    pub code: Option<RowCode>,
}

impl SealedOffer {
    /// Makes the row of an offer, and seals its text.
    pub fn new(offer: &Offer, vault: &Vault, random: &Random) -> Result<Self> {
        Ok(Self {
            id: offer.id,
            contact_id: offer.contact_id,
            service_id: offer.service_id,
            family_id: offer.family_id,
            offered_at: offer.offered_at,
            offered_by: offer.offered_by,
            record: vault.seal_json(vault::OFFER_RECORD, offer.id.uuid(), &offer.words, random)?,
            closed_at: offer.closed.map(|(at, _)| at),
            close_reason: offer.closed.map(|(_, reason)| reason),
            updated_at: offer.updated_at,
            version: offer.version,
            code: Some(RowCode::fresh()),
        })
    }

    /// Checks that the row is as it was written, decrypts its sealed text and makes the [`Offer`].
    pub fn open(self, vault: &Vault) -> Result<Offer> {
        binding::check(&self, vault)?;
        Ok(Offer {
            id: self.id,
            contact_id: self.contact_id,
            service_id: self.service_id,
            family_id: self.family_id,
            words: vault.open_json(vault::OFFER_RECORD, self.id.uuid(), &self.record)?,
            offered_at: self.offered_at,
            offered_by: self.offered_by,
            closed: self.closed_at.zip(self.close_reason),
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// An answer to an offer as one row of the database. Nothing is sealed, since nothing in it tells who somebody is.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = offer_answers, treat_none_as_default_value = false)]
pub struct AnswerRow {
    pub id: AnswerId,
    pub offer_id: OfferId,
    pub answer: OfferAnswer,
    pub decline_reason: Option<DeclineReason>,
    pub answered_at: Timestamp,
    pub ask_again_on: Option<NaiveDate>,
    pub recorded_at: Timestamp,
    pub recorded_by: StaffId,
}

impl From<&GivenAnswer> for AnswerRow {
    fn from(answer: &GivenAnswer) -> Self {
        Self {
            id: answer.id,
            offer_id: answer.offer_id,
            answer: answer.answer,
            decline_reason: answer.decline_reason,
            answered_at: answer.answered_at,
            ask_again_on: answer.ask_again_on,
            recorded_at: answer.recorded_at,
            recorded_by: answer.recorded_by,
        }
    }
}

impl From<AnswerRow> for GivenAnswer {
    fn from(row: AnswerRow) -> Self {
        Self {
            id: row.id,
            offer_id: row.offer_id,
            answer: row.answer,
            decline_reason: row.decline_reason,
            answered_at: row.answered_at,
            ask_again_on: row.ask_again_on,
            recorded_at: row.recorded_at,
            recorded_by: row.recorded_by,
        }
    }
}

/// An offer with its answers, and whether it was accepted after a no, which follows from all answers of its family.
#[derive(Clone)]
pub struct OfferStanding {
    pub offer: SealedOffer,
    /// Whether the offer's contact was entered in error.
    pub in_error: bool,
    /// The answers to the offer, in the order of their time.
    pub answers: Vec<AnswerRow>,
    /// Whether the offer was accepted after an earlier no, to the same service or to any.
    pub after_decline: AfterDecline,
}

pub fn insert(conn: &mut DbConn, offer: &SealedOffer) -> Result<()> {
    let row = binding::coded(conn, offer)?;
    on_backend!(conn, conn => diesel::insert_into(offers::table).values(row).execute(conn))?;
    Ok(())
}

/// Adds an answer to an offer that has this version, and raises the version. Fails as stale if the offer has another version by
/// now.
pub fn answer(conn: &mut DbConn, answer: &GivenAnswer, version: i32) -> Result<()> {
    let counted =
        (offers::version.eq(offers::version + 1.into_sql::<Integer>()), offers::updated_at.eq(answer.recorded_at));
    let read = offers::table.find(answer.offer_id).filter(offers::version.eq(version));
    binding::changing(conn, "offers", &[answer.offer_id], |conn| {
        match on_backend!(conn, conn => diesel::update(read).set(counted).execute(conn))? {
            1 => Ok(()),
            _ => Err(stale()),
        }
    })?;
    let row = AnswerRow::from(answer);
    on_backend!(conn, conn => diesel::insert_into(offer_answers::table).values(&row).execute(conn))?;
    Ok(())
}

/// Closes an offer that still has the version of `offer`, and raises the version. Fails as stale if the offer has another version
/// by now.
pub fn close(conn: &mut DbConn, offer: &Offer, reason: OfferCloseReason, now: Timestamp) -> Result<()> {
    let closed = (
        offers::version.eq(offers::version + 1.into_sql::<Integer>()),
        offers::updated_at.eq(now),
        offers::closed_at.eq(now),
        offers::close_reason.eq(reason),
    );
    let read = offers::table.find(offer.id).filter(offers::version.eq(offer.version));
    binding::changing(conn, "offers", &[offer.id], |conn| {
        match on_backend!(conn, conn => diesel::update(read).set(closed).execute(conn))? {
            1 => Ok(()),
            _ => Err(stale()),
        }
    })
}

/// Inserts answers to newly created offers, without raising the versions of the offers.
pub fn insert_answers(conn: &mut DbConn, answers: &[AnswerRow]) -> Result<()> {
    on_backend!(conn, conn => diesel::insert_into(offer_answers::table).values(answers).execute(conn))?;
    Ok(())
}

/// The condition under which somebody may know of an offer, in addition to being allowed to know of its contact. For a reader who
/// is not cleared for protected identities, a family whose members are all protected does not exist, and neither does an offer to
/// it.
macro_rules! made_to_known {
    ($cleared:expr) => {{
        use diesel::dsl::{exists, not};
        use diesel::prelude::*;
        use diesel::sql_types::Bool;
        use $crate::db::schema::{family_guests, offers, people};
        use $crate::people::ProtectedIdentity;
        let members = || people::table.filter(people::family_id.eq(offers::family_id));
        let guests = || {
            family_guests::table
                .inner_join(people::table)
                .filter(family_guests::family_id.nullable().eq(offers::family_id))
        };
        let somebody_to_know = exists(members().filter(people::protection.eq(ProtectedIdentity::None)))
            .or(exists(guests().filter(people::protection.eq(ProtectedIdentity::None))));
        let nobody_at_all = not(exists(members())).and(not(exists(guests())));
        $cleared.into_sql::<Bool>().or(somebody_to_know).or(nobody_at_all)
    }};
}
pub(crate) use made_to_known;

/// Returns the offer with this identifier, if a caller with this `sight` may know of its contact and its family; otherwise fails as
/// not found.
pub fn find(conn: &mut DbConn, sight: &CaseScope, id: OfferId) -> Result<OfferStanding> {
    let cleared = outreach_contacts::protected.eq(false).or(outreach_contacts::protected.eq(sight.protected_identity));
    let named = offers::table
        .inner_join(outreach_contacts::table)
        .filter(offers::id.eq(id))
        .filter(cleared)
        .filter(made_to_known!(sight.protected_identity))
        .filter(outreach_contacts::office_id.eq_any(sight.offices.clone()))
        .select((offers::all_columns, outreach_contacts::in_error));
    let found: Option<(SealedOffer, bool)> = on_backend!(&mut *conn, conn => named.first(conn).optional())?;
    let mut standings = standing(conn, sight, found.into_iter().collect())?;
    standings.pop().ok_or_else(Error::not_found)
}

/// All offers made at a contact, also those that the caller may not know of.
pub fn made_at(conn: &mut DbConn, contact: OutreachContactId) -> Result<Vec<SealedOffer>> {
    Ok(on_backend!(conn, conn => offers::table.filter(offers::contact_id.eq(contact)).load(conn))?)
}

/// The number of offers made at a contact.
pub fn count_at(conn: &mut DbConn, contact: OutreachContactId) -> Result<usize> {
    let made = offers::table.filter(offers::contact_id.eq(contact)).count();
    let count: i64 = on_backend!(conn, conn => made.get_result(conn))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Sets the family of these offers. `None` means that their family is not known.
pub fn give_to(conn: &mut DbConn, ids: &[OfferId], family: Option<FamilyId>) -> Result<()> {
    let made = offers::table.filter(offers::id.eq_any(ids.to_vec()));
    binding::changing(conn, "offers", ids, |conn| {
        on_backend!(conn, conn => diesel::update(made).set(offers::family_id.eq(family)).execute(conn))?;
        Ok(())
    })
}

/// The offers made at a contact that a caller with this `sight` may know of, in the order in which they were made. The contact must
/// be in sight; `in_error` tells whether it was entered in error.
pub fn of_contact(
    conn: &mut DbConn,
    sight: &CaseScope,
    contact: OutreachContactId,
    in_error: bool,
) -> Result<Vec<OfferStanding>> {
    let offers: Vec<SealedOffer> = on_backend!(&mut *conn, conn => offers::table
        .filter(offers::contact_id.eq(contact))
        .filter(made_to_known!(sight.protected_identity))
        .order((offers::offered_at, offers::id))
        .load(conn))?;
    standing(conn, sight, offers.into_iter().map(|offer| (offer, in_error)).collect())
}

fn standing(conn: &mut DbConn, sight: &CaseScope, offers: Vec<(SealedOffer, bool)>) -> Result<Vec<OfferStanding>> {
    let ids: Vec<OfferId> = offers.iter().map(|(offer, _)| offer.id).collect();
    let mut answers: HashMap<OfferId, Vec<AnswerRow>> = HashMap::new();
    for row in answers_of(conn, &ids)? {
        answers.entry(row.offer_id).or_default().push(row);
    }
    let mut families: Vec<FamilyId> = offers.iter().filter_map(|(offer, _)| offer.family_id).collect();
    families.sort_unstable();
    families.dedup();
    let asked = asked(conn, sight, &families)?;
    let standing = |(offer, in_error): (SealedOffer, bool)| {
        let answers = answers.remove(&offer.id).unwrap_or_default();
        let own = || answers.iter().map(|row| as_asked(&offer, row)).collect::<Vec<_>>();
        let after_decline = match offer.family_id.and_then(|family| asked.get(&family)) {
            Some(all) => after_decline(offer.id, all),
            None => after_decline(offer.id, &own()),
        };
        OfferStanding { offer, in_error, answers, after_decline }
    };
    Ok(offers.into_iter().map(standing).collect())
}

fn as_asked(offer: &SealedOffer, row: &AnswerRow) -> FamilyAnswer {
    FamilyAnswer { offer: offer.id, service: offer.service_id, at: row.answered_at, id: row.id, answer: row.answer }
}

fn answers_of(conn: &mut DbConn, ids: &[OfferId]) -> Result<Vec<AnswerRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on_backend!(conn, conn => offer_answers::table
        .filter(offer_answers::offer_id.eq_any(ids.to_vec()))
        .order((offer_answers::answered_at, offer_answers::id))
        .load(conn))?)
}

/// All answers of these families, by family, to offers of any office. Answers at contacts that were entered in error are left out,
/// and so are answers at protected contacts unless `sight` includes protected identities.
fn asked(conn: &mut DbConn, sight: &CaseScope, families: &[FamilyId]) -> Result<HashMap<FamilyId, Vec<FamilyAnswer>>> {
    if families.is_empty() {
        return Ok(HashMap::new());
    }
    let cleared = outreach_contacts::protected.eq(false).or(outreach_contacts::protected.eq(sight.protected_identity));
    let answers = offer_answers::table
        .inner_join(offers::table.inner_join(outreach_contacts::table))
        .filter(offers::family_id.eq_any(families.to_vec()))
        .filter(outreach_contacts::in_error.eq(false).and(cleared))
        .select((
            offers::family_id.assume_not_null(),
            offers::id,
            offers::service_id,
            offer_answers::answered_at,
            offer_answers::id,
            offer_answers::answer,
        ));
    type Row = (FamilyId, OfferId, ServiceId, Timestamp, AnswerId, OfferAnswer);
    let rows: Vec<Row> = on_backend!(conn, conn => answers.load(conn))?;
    let mut asked: HashMap<FamilyId, Vec<FamilyAnswer>> = HashMap::new();
    for (family, offer, service, at, id, answer) in rows {
        asked.entry(family).or_default().push(FamilyAnswer { offer, service, at, id, answer });
    }
    Ok(asked)
}
