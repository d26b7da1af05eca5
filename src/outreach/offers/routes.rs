//! The operations that make, read, answer and close offers.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use uuid::Uuid;

use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{CaseScope, OutreachWorker, Staff};
use crate::db::{Db, DbConn, anew, stale};
use crate::directory;
use crate::error::{Error, Problem, Result};
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::{OfferId, OutreachContactId};
use crate::idempotency::{Replay, Retries, Slot};
use crate::outreach::known::KnownParties;
use crate::outreach::names::NamedParties;
use crate::outreach::offers::store::{self, OfferStanding, SealedOffer};
use crate::outreach::offers::view::OfferView;
use crate::outreach::offers::{NewAnswer, NewOffer, Offer, OfferClosing};
use crate::outreach::store as contact_store;
use crate::rules::Rules;
use crate::vault::Vault;

/// Mounts the operations on offers.
pub fn mount(api: &mut impl Mount) {
    api.service(create_offer).service(list_offers).service(get_offer).service(answer_offer).service(close_offer);
}

/// Offer a service
///
/// Makes an offer at a contact, to its family or to one of its participants. Answers are added to the offer, each time somebody asks.
#[utoipa::path(
    operation_id = "createOffer",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier.")),
    request_body = NewOffer,
    responses(
        (status = 201, description = "The new offer.", body = OfferView),
        (status = 409, description = "The contact was entered in error.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([
            Problem::EnteredInError, Problem::UnknownReference, Problem::IdentityNotRecorded,
            Problem::IdentityInText,
        ])),
        ("x-answer-example" = json!({ "answers": [], "currentAnswer": null }))
    )
)]
#[post("/outreach-contacts/{id}/offers")]
async fn create_offer(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    id: Named<OutreachContactId>,
    new: Body<NewOffer>,
) -> Result<HttpResponse> {
    let (directory, id) = (directory.current(), id.0);
    let sight = staff.own_sight(&directory);
    let replay = again("offer.created.replayed", &sight);
    let once = async |slot: Slot| {
        let seen = sight.clone();
        let contact = db.read(move |conn| contact_store::find(conn, &seen, id)).await?.open(&vault)?;
        let offer = Offer::new(new.0.clone(), &contact, staff.id, &directory, &call.moment)?;
        let sealed = SealedOffer::new(&offer, &vault, &call.moment.random)?;
        let stood_there = NamedParties::of(&contact.record.written, None);
        let names = NamedParties {
            family: offer.family_id,
            known_before: Some(Box::new(NamedParties { family: contact.family_id, ..stood_there.clone() })),
            ..stood_there
        };
        let participant =
            offer.words.participant_index.and_then(|index| contact.record.written.participants.get(index));
        let person = participant.and_then(|participant| participant.person_id);
        let entry = entry(&staff, &call, "offer.created", vec![offer.id]).on_behalf_of(contact.office_id);
        let (links, seal, sight, version) = (call.links(), vault.get_ref().clone(), sight.clone(), contact.version);
        let work = move |conn: &mut DbConn| {
            let known = KnownParties::load(conn, &sight, &[&names])?;
            let found = known.judge(&sight, &names).map_err(|error| error.within("/to"))?;
            let family_id = match person {
                Some(person) => known.family_of(person),
                None => sealed.family_id.and(found.family),
            };
            // The contact may have been corrected meanwhile, or entered in error.
            if contact_store::hold(conn, &sight, id)?.version != version {
                return Err(stale());
            }
            let mut rules = Rules::default();
            rules.has_room(store::count_at(conn, id)?);
            rules.finish(Some(()))?;
            store::insert(conn, &SealedOffer { family_id, ..sealed.clone() })?;
            audit::record(conn, &entry)?;
            let standing = store::find(conn, &sight, sealed.id)?;
            let (path, version) = (path(sealed.id), standing.offer.version);
            let view = OfferView::new(standing, &seal, &links)?;
            let answer = Written::created(&links, &path, &view, Validator::Version(version))?;
            slot.keep(conn, sealed.id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    let create = async |slot: Slot| anew(false, async || once(slot.clone()).await).await;
    let created = retries.once(&call, staff.actor(), replay, create).await;
    call.send(denials.noted(created, || of_contact(&staff, &call, "offer.created", id))?)
}

/// List the offers of a contact
///
/// Returns the offers made at a contact of one of your own offices, in the order in which they were made, each with its answers.
#[utoipa::path(
    operation_id = "listOffers",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier."), PagingParameters),
    responses((status = 200, description = "A page of offers.", body = Page<OfferView>)),
    security(("staffToken" = []))
)]
#[get("/outreach-contacts/{id}/offers")]
async fn list_offers(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    asked: (Named<OutreachContactId>, Paging),
) -> Result<HttpResponse> {
    let (Named(id), paging) = asked;
    let directory = directory.current();
    let (sight, own) = (staff.sight(&directory), staff.own_sight(&directory));
    let reason = sight.reason;
    let entry = entry(&staff, &call, "offer.listed", Vec::new()).because(reason);
    let read = move |conn: &mut DbConn| {
        let contact = contact_store::find(conn, &sight, id)?;
        Ok((contact.office_id, store::of_contact(conn, &sight, id, contact.in_error)?))
    };
    let record = move |conn: &mut DbConn, (office, offers): &(crate::id::OfficeId, Vec<OfferStanding>)| {
        let seen = offers.iter().map(|standing| standing.offer.id.uuid()).collect();
        audit::record(conn, &entry.about(seen).on_behalf_of(*office))
    };
    let found = db.read_recorded(read, record).await;
    let (office, offers) = denials.noted(found, || of_contact(&staff, &call, "offer.listed", id).because(reason))?;
    let is_own = own.offices.contains(&office);
    let view =
        |standing| OfferView::new(standing, &vault, &call).map(|view| if is_own { view } else { view.read_only() });
    let views = offers.into_iter().map(view).collect::<Result<Vec<_>>>()?;
    // A contact has few offers, so all of them are read at once.
    let all: Vec<&OfferView> = views.iter().collect();
    let found =
        paging.of_sorted(&call, &all, |offer| (offer.offered_at.micros(), offer.id))?.counted_when_asked(&paging);
    Ok(call.give(found.answer(&call, &paging, |offer| offer)?, Cache::NoStore))
}

/// Get an offer
///
/// Returns an offer made at a contact of one of your own offices, with all answers to it.
#[utoipa::path(
    operation_id = "getOffer",
    tag = "outreach",
    params(("id" = OfferId, Path, description = "The offer's identifier.")),
    responses((status = 200, description = "The offer.", body = OfferView)),
    security(("staffToken" = []))
)]
#[get("/offers/{id}")]
async fn get_offer(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<OfferId>,
) -> Result<HttpResponse> {
    let (id, directory) = (id.0, directory.current());
    let (sight, own) = (staff.sight(&directory), staff.own_sight(&directory));
    let reason = sight.reason;
    let on_behalf_of = sight.only_office();
    let attempt = || entry(&staff, &call, "offer.read", vec![id]).because(reason).on_behalf_of(on_behalf_of);
    let entry = attempt();
    let read = move |conn: &mut DbConn| {
        let standing = store::find(conn, &sight, id)?;
        let contact = standing.offer.contact_id;
        let is_own = reason.is_none() || if_known(contact_store::find(conn, &own, contact))?.is_some();
        Ok((standing, is_own))
    };
    let found = db.read_recorded(read, move |conn, _| audit::record(conn, &entry)).await;
    let (standing, is_own) = denials.noted(found, attempt)?;
    let version = standing.offer.version;
    let view = OfferView::new(standing, &vault, &call)?;
    let view = if is_own { view } else { view.read_only() };
    call.found(&view, Validator::Version(version), Cache::NoStore)
}

/// Answer an offer
///
/// Writes down what somebody said when they were asked. Answers are only ever added; the answer with the latest time counts.
#[utoipa::path(
    operation_id = "answerOffer",
    tag = "outreach",
    params(("id" = OfferId, Path, description = "The offer's identifier.")),
    request_body = NewAnswer,
    responses(
        (status = 201, description = "The offer as it is now.", body = OfferView),
        (status = 409, description = "The offer was closed, or its contact was entered in error."),
        (status = 412, description = "`If-Match` was given, and the offer has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::EnteredInError, Problem::OfferClosed])))
)]
#[post("/offers/{id}/answers")]
async fn answer_offer(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    id: Named<OfferId>,
    new: Body<NewAnswer>,
) -> Result<HttpResponse> {
    let (directory, id) = (directory.current(), id.0);
    let sight = staff.own_sight(&directory);
    let replay = again("offer.answered.replayed", &sight);
    let attempt = || entry(&staff, &call, "offer.answered", vec![id]).on_behalf_of(sight.only_office());
    let once = async |slot: Slot| {
        let (offer, before) = open_offer(&db, &sight, &call, &vault, id).await?;
        let answer = offer.answered(&new.0, before, staff.id, &directory, &call.moment)?;
        let (entry, links, seal, sight) = (attempt(), call.links(), vault.get_ref().clone(), sight.clone());
        let work = move |conn: &mut DbConn| {
            store::answer(conn, &answer, offer.version)?;
            audit::record(conn, &entry)?;
            let standing = store::find(conn, &sight, id)?;
            let version = standing.offer.version;
            let view = OfferView::new(standing, &seal, &links)?;
            let answer = Written::created(&links, &path(id), &view, Validator::Version(version))?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    let answer = async |slot: Slot| anew(call.names_a_version(), async || once(slot.clone()).await).await;
    let answered = retries.once(&call, staff.actor(), replay, answer).await;
    call.send(denials.noted(answered, attempt)?)
}

/// Close an offer
///
/// Closes an offer because the provider cannot give what was offered. If the family declined, write down an answer instead.
#[utoipa::path(
    operation_id = "closeOffer",
    tag = "outreach",
    params(("id" = OfferId, Path, description = "The offer's identifier.")),
    request_body = OfferClosing,
    responses(
        (status = 200, description = "The offer as it is now.", body = OfferView),
        (status = 409, description = "The offer was already closed, or its contact was entered in error."),
        (status = 412, description = "`If-Match` was given, and the offer has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::EnteredInError, Problem::OfferClosed])),
        ("x-answer-example" = json!({
            "version": 2,
            "answers": [],
            "currentAnswer": null,
            "closedAt": "2026-11-21T14:30:00Z",
            "closeReason": "no_capacity",
        }))
    )
)]
#[post("/offers/{id}/close")]
async fn close_offer(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    id: Named<OfferId>,
    closing: Body<OfferClosing>,
) -> Result<HttpResponse> {
    let id = id.0;
    let sight = staff.own_sight(&directory.current());
    let replay = again("offer.closed.replayed", &sight);
    let attempt = || entry(&staff, &call, "offer.closed", vec![id]).on_behalf_of(sight.only_office());
    let once = async |slot: Slot| {
        let (offer, _) = open_offer(&db, &sight, &call, &vault, id).await?;
        let (entry, links, seal, sight) = (attempt(), call.links(), vault.get_ref().clone(), sight.clone());
        let (reason, now) = (closing.0.reason, call.moment.now);
        let work = move |conn: &mut DbConn| {
            store::close(conn, &offer, reason, now)?;
            audit::record(conn, &entry)?;
            let standing = store::find(conn, &sight, id)?;
            let version = standing.offer.version;
            let answer = Written::changed(&OfferView::new(standing, &seal, &links)?, Validator::Version(version))?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    let close = async |slot: Slot| anew(call.names_a_version(), async || once(slot.clone()).await).await;
    let closed = retries.once(&call, staff.actor(), replay, close).await;
    call.send(denials.noted(closed, attempt)?)
}

/// Reads an offer that can still be answered or closed, and the number of its answers.
async fn open_offer(db: &Db, sight: &CaseScope, call: &Call, vault: &Vault, id: OfferId) -> Result<(Offer, usize)> {
    let seen = sight.clone();
    let standing = db.read(move |conn| store::find(conn, &seen, id)).await?;
    call.check_if_match_when_given(standing.offer.version)?;
    if standing.in_error {
        return Err(Error::new(Problem::EnteredInError));
    }
    let offer = standing.offer.open(vault)?;
    offer.check_open()?;
    Ok((offer, standing.answers.len()))
}

fn entry(staff: &Staff, call: &Call, action: &'static str, ids: Vec<OfferId>) -> Entry {
    let ids = ids.into_iter().map(OfferId::uuid).collect();
    Entry::of_call(call, staff.actor(), action, "offer", ids)
}

/// The audit record of a caller's attempt to reach the offers of a contact that the caller may not know of.
fn of_contact(staff: &Staff, call: &Call, action: &'static str, id: OutreachContactId) -> Entry {
    crate::outreach::answers::entry(staff, call, action, vec![id])
}

/// Checks that the caller may still know of the offer that a kept answer is about.
fn again(
    action: &'static str,
    sight: &CaseScope,
) -> Replay<impl Fn(&mut DbConn, Uuid) -> Result<()> + Clone + Send + 'static> {
    let sight = sight.clone();
    let may_see = move |conn: &mut DbConn, id| store::find(conn, &sight, OfferId::from_uuid(id)).map(drop);
    Replay { action, resource_type: "offer", may_see }
}

fn path(id: OfferId) -> String {
    format!("/offers/{id}")
}
