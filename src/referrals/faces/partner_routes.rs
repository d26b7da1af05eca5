//! The operations by which partner agencies send referrals and read them.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::audit::denials::Denials;
use crate::audit::{self, Actor, Entry};
use crate::auth::{Agency, Category, PartnerReader, Submitter};
use crate::db::{Db, DbConn};
use crate::directory::{self, Directory};
use crate::error::{Error, Problem, Result};
use crate::families;
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::idempotency::GONE;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::http::written::Written;
use crate::id::{PartnerId, ReferralId};
use crate::idempotency::{Replay, Retries, Slot};
use crate::people::store as people_store;
use crate::referrals::course::codes::DisclosedStatus;
use crate::referrals::disclosure::DisclosedReferral;
use crate::referrals::disclosure::receipt::{self, Receipt};
use crate::referrals::faces::partner_action_routes;
use crate::referrals::matter::{NewReferral, consent};
use crate::referrals::person::of_person::hold_known;
use crate::referrals::person::{RegisteredPerson, of_person};
use crate::referrals::sending::{sender_category, sent};
use crate::referrals::store::SealedReferral;
use crate::referrals::{Referral, store};
use crate::text::Line;
use crate::time::Timestamp;
use crate::vault::Vault;

/// Mounts the operations of partner agencies on referrals.
pub fn mount(api: &mut impl Mount) {
    api.service(submit_referral).service(list_partner_referrals).service(get_partner_referral);
    partner_action_routes::mount(api);
}

/// The largest number of attempts to store a referral. After the first attempt, the child may turn out to be registered or the
/// sender's category to have changed; after the second, a reference may be taken or the person may have changed. After more
/// attempts, something else must be wrong.
const ATTEMPTS: u8 = 4;

/// The facts that a new referral is judged by: the sender's category, and the registered person with the child's identity
/// number.
type JudgedBy = (Category, Option<RegisteredPerson>);

/// The result of an attempt to store a referral.
enum Stored {
    /// The referral is stored.
    Durably,
    /// The referral is not stored: the sender has another category, or the child is another person, than it was judged by.
    NotYet(JudgedBy),
}

/// Submit a referral
///
/// Sends a concern report (orosanmälan) or a support request (förfrågan om stöd) about one child. The referral goes to the
/// office that is responsible where the child lives; a child with a protected identity goes to the central reception. A
/// referral that is answered with 201 is stored durably. In an emergency call 112 as well.
#[utoipa::path(
    operation_id = "submitReferral",
    tag = "partner",
    request_body(content = NewReferral, example = json!({
        "kind": "concern_report",
        "urgency": "soon",
        "senderReference": "2026-117",
        "reporter": { "name": "Karin Påhittad", "title": "Kurator", "phone": "013-20 00 00" },
        "child": {
            "givenName": "Alva", "familyName": "Påhittad", "birthYear": 2013,
            "placeName": "Skäggetorp", "school": "Skäggetorps grundskola (påhittad)"
        },
        "guardians": [{ "givenName": "Anna", "familyName": "Påhittad", "knowsOfReport": true }],
        "siblings": [{ "name": "Saga", "birthYear": 2016, "alsoConcerned": false }],
        "needs": ["school_absence"],
        "description": "Borta från skolan i tre veckor.",
        "guardiansInformed": { "informed": "yes" },
        "feedbackRequested": true
    })),
    responses(
        (status = 201, description = "The receipt of the new referral.", body = Receipt),
        (status = 404, description = GONE)
    ),
    security(("partnerKey" = [])),
    extensions(("x-problems" = json!([consent::PROBLEMS, Problem::SiblingIsTheChild])))
)]
#[post("/partner/referrals")]
async fn submit_referral(
    Submitter(agency): Submitter,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    new: Body<NewReferral>,
) -> Result<HttpResponse> {
    let (directory, sender) = (directory.current(), agency.id);
    let may_see = move |conn: &mut _, id| store::find_sent_by(conn, sender, ReferralId::from_uuid(id)).map(drop);
    let again = Replay { action: "referral.received.replayed", resource_type: "referral", may_see };
    let number = new.0.child.number().map(|number| people_store::number_hash(&vault, number));
    let submit = async |slot: Slot| {
        // Most children are not registered, and an agency's category hardly ever differs from its key's, so that is tried
        // first. If it is wrong, the transaction that writes finds out.
        let mut judged_by: JudgedBy = (agency.category, None);
        for _ in 0..ATTEMPTS {
            let (category, known) = judged_by;
            let referral = Referral::receive(new.0.clone(), (sender, category), known, &directory, &call.moment)?;
            let id = referral.id.uuid();
            let entry = entry("referral.received", id, sender, &call);
            let sealed = SealedReferral::new(&referral, &vault, &call.moment.random)?;
            let requested = referral.matter.requested_service_ids.clone().unwrap_or_default();
            let receipt = receipt(&referral, &agency, &directory, &call);
            let answer = Written::created(&call, &receipt::path(referral.id), &receipt, Validator::Content)?;
            let (slot, kept, number) = (slot.clone(), answer.clone(), number.clone());
            let stored = db.write(move |conn| {
                let found = number.as_ref().map_or(Ok(None), |hash| hold_known(conn, hash))?;
                let found = (sender_category::hold(conn, sender)?, found);
                if found != judged_by {
                    return Ok(Stored::NotYet(found));
                }
                if let Some((person, _)) = known {
                    families::store::meet_person(conn, person, sealed.office_id, sealed.protected)?;
                }
                store::insert(conn, &sealed, &requested)?;
                of_person::arrived(conn, &sealed)?;
                audit::record(conn, &entry)?;
                slot.keep(conn, id, &kept)?;
                Ok(Stored::Durably)
            });
            match stored.await {
                Ok(Stored::Durably) => return Ok(answer),
                Ok(Stored::NotYet(found)) => judged_by = found,
                // Only the reference can be taken, since the identifier has 62 random bits in each microsecond.
                Err(error) if error.problem() == Problem::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        // The sender caused none of these conflicts.
        Err(Error::new(Problem::Unavailable))
    };
    call.send(retries.once(&call, Actor::Partner(sender), again, submit).await?)
}

/// A filter for the referrals that an agency has sent.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SentQuery {
    /// Only the referrals in this state, as far as the sender may know it.
    #[param(example = "received")]
    status: Option<DisclosedStatus>,
    /// Only the referrals with this reference, which is the sender's own.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200, example = "2026-117")]
    sender_reference: Option<Line>,
    /// Only the referrals received at this time or later.
    received_from: Option<Timestamp>,
    /// Only the referrals received before this time.
    received_to: Option<Timestamp>,
    /// Only the referrals whose receipt last changed at this time or later. Use it to find changes since the last look.
    changed_from: Option<Timestamp>,
    /// Only the referrals whose receipt last changed before this time.
    changed_to: Option<Timestamp>,
}

/// List the agency's own referrals
///
/// The referrals that this agency has sent, the newest first. Each is shown as its receipt, with the facts that the law lets
/// the sender know. Follow the `next` links to read long lists. One audit record names every referral that the page shows.
#[utoipa::path(
    operation_id = "listPartnerReferrals",
    tag = "partner",
    params(SentQuery, PagingParameters),
    responses((status = 200, description = "A page of receipts.", body = Page<Receipt>)),
    security(("partnerKey" = []))
)]
#[get("/partner/referrals")]
async fn list_partner_referrals(
    PartnerReader(agency): PartnerReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    query: Query<SentQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let SentQuery { status, sender_reference, received_from, received_to, changed_from, changed_to } = query.0;
    let sender = agency.id;
    let hash = |reference: Line| store::sender_reference_hash(&vault, sender, reference.as_ref());
    let sender_reference_hash = sender_reference.map(hash);
    let filter =
        sent::SentFilter { status, sender_reference_hash, received_from, received_to, changed_from, changed_to };
    let (from, limit, count) = (paging.from_among_cases(&call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let read = move |conn: &mut DbConn| {
        let total = if count { Some(sent::count(conn, sender, &filter)?) } else { None };
        Ok((sent::page(conn, sender, &filter, &from, limit)?, total))
    };
    let actor = Actor::Partner(sender);
    let entry = Entry::of_call(&call, actor, "referral.listed", "referral", Vec::new());
    let record = move |conn: &mut DbConn, (rows, _): &(Vec<SealedReferral>, Option<u64>)| {
        let seen = rows.iter().take(shown).map(|referral| referral.id.uuid());
        audit::record(conn, &entry.about(seen.collect()))
    };
    let (rows, total) = db.read_recorded(read, record).await?;
    let found = PageRows::of_one_more(rows, &paging, total, |last| (last.received_at.micros(), last.id));
    let found = found.try_map(|row| row.open(&vault))?;
    let directory = directory.current();
    let view = |referral: Referral| receipt(&referral, &agency, &directory, &call);
    Ok(call.give(found.answer(&call, &paging, view)?, Cache::NoStore))
}

/// Get one of the agency's own referrals
///
/// The receipt of a referral that this agency has sent, with the facts that the law lets the sender know. Another agency's
/// referral does not exist here.
#[utoipa::path(
    operation_id = "getPartnerReferral",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt.")),
    responses((status = 200, description = "The receipt of the referral.", body = Receipt)),
    security(("partnerKey" = []))
)]
#[get("/partner/referrals/{id}")]
async fn get_partner_referral(
    PartnerReader(agency): PartnerReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<ReferralId>,
) -> Result<HttpResponse> {
    let (id, sender) = (id.0, agency.id);
    let attempt = || entry("referral.read", id.uuid(), sender, &call);
    let entry = attempt();
    let found = db
        .read_recorded(move |conn| store::find_sent_by(conn, sender, id), move |conn, _| audit::record(conn, &entry))
        .await;
    let referral = denials.noted(found, attempt)?.open(&vault)?;
    call.found(&receipt(&referral, &agency, &directory.current(), &call), Validator::Content, Cache::NoStore)
}

fn entry(action: &'static str, id: Uuid, sender: PartnerId, call: &Call) -> Entry {
    Entry::of_call(call, Actor::Partner(sender), action, "referral", vec![id])
}

fn receipt(referral: &Referral, agency: &Agency, directory: &Directory, call: &Call) -> Receipt {
    Receipt::new(&DisclosedReferral::of(referral, directory), &agency.scopes, directory, call)
}
