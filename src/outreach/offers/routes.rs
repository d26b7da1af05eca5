//! The operations that make, read, answer and close offers.

use actix_web::{HttpResponse, get, post};

use crate::audit::{Entry, actions};
use crate::auth::OutreachWorker;
use crate::binding;
use crate::context::{Context, Tx};
use crate::error::{Error, Problem, Result};
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::id::{OfferId, OfficeId, OutreachContactId};
use crate::outreach::offers::answers::OfferAnswers;
use crate::outreach::offers::making::OfferMaking;
use crate::outreach::offers::store::{self, OfferStanding};
use crate::outreach::offers::view::OfferView;
use crate::outreach::offers::{NewAnswer, NewOffer, Offer, OfferClosing};
use crate::outreach::store as contact_store;

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
    ctx: Context<OutreachWorker>,
    id: Named<OutreachContactId>,
    new: Body<NewOffer>,
) -> Result<HttpResponse> {
    let (id, answers) = (id.0, OfferAnswers::new(&ctx));
    let attempt = actions::OFFER_CREATED.on_new().below("outreach_contact", id);
    ctx.write(attempt, answers.repeat(), async || {
        let scope = ctx.changeable();
        let contact = ctx.read(move |conn| contact_store::find(conn, &scope, id)).await?.open(&ctx.vault)?;
        let offer = Offer::new(new.0.clone(), &contact, ctx.staff().id, &ctx.directory, &ctx.call.moment)?;
        let making = OfferMaking::new(&offer, &contact, ctx.changeable(), &ctx.vault, &ctx.call.moment)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            making.write(tx)?;
            tx.about([making.id()]);
            tx.on_behalf_of(making.office);
            answers.created(tx, making.id())
        })
    })
    .await
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
    ctx: Context<OutreachWorker>,
    id: Named<OutreachContactId>,
    paging: Paging,
) -> Result<HttpResponse> {
    let (id, scope) = (id.0, ctx.readable());
    let attempt = actions::OFFER_LISTED.on_new().below("outreach_contact", id).because(scope.reason);
    let read = move |conn: &mut _| {
        let contact = contact_store::find(conn, &scope, id)?;
        Ok((contact.office_id, store::of_contact(conn, &scope, id, contact.in_error)?))
    };
    let seen = |(office, offers): &(OfficeId, Vec<OfferStanding>), entry: Entry| {
        entry.about(offers.iter().map(|standing| standing.offer.id.uuid()).collect()).on_behalf_of(*office)
    };
    let (office, offers) = ctx.read_recorded(attempt, read, seen).await?;
    let is_own = ctx.changeable().offices.contains(&office);
    let view = |standing| {
        OfferView::new(standing, &ctx.vault, &ctx.call).map(|view| if is_own { view } else { view.read_only() })
    };
    let views = binding::sound(offers, view);
    // A contact has few offers, so all of them are read at once.
    let all: Vec<&OfferView> = views.iter().collect();
    let position = |offer: &OfferView| (offer.offered_at.micros(), offer.id);
    let found = paging.of_sorted(&ctx.call, &all, position)?.counted_when_asked(&paging);
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, |offer| offer)?, Cache::NoStore))
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
async fn get_offer(ctx: Context<OutreachWorker>, id: Named<OfferId>) -> Result<HttpResponse> {
    let (id, scope, own) = (id.0, ctx.readable(), ctx.changeable());
    let reason = scope.reason;
    let attempt = actions::OFFER_READ.on(id).because(reason).on_behalf_of(scope.only_office());
    let read = move |conn: &mut _| {
        let standing = store::find(conn, &scope, id)?;
        let contact = standing.offer.contact_id;
        let is_own = reason.is_none() || if_known(contact_store::find(conn, &own, contact))?.is_some();
        Ok((standing, is_own))
    };
    let (standing, is_own) = ctx.read_recorded(attempt, read, |_, entry| entry).await?;
    let version = standing.offer.version;
    let view = OfferView::new(standing, &ctx.vault, &ctx.call)?;
    let view = if is_own { view } else { view.read_only() };
    ctx.call.found(&view, Validator::Version(version), Cache::NoStore)
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
async fn answer_offer(ctx: Context<OutreachWorker>, id: Named<OfferId>, new: Body<NewAnswer>) -> Result<HttpResponse> {
    let (id, answers) = (id.0, OfferAnswers::new(&ctx));
    let attempt = actions::OFFER_ANSWERED.on(id).on_behalf_of(ctx.changeable().only_office());
    ctx.write(attempt, answers.repeat(), async || {
        let (offer, before) = open_offer(&ctx, id).await?;
        let answer = offer.answered(&new.0, before, ctx.staff().id, &ctx.directory, &ctx.call.moment)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            store::answer(tx, &answer, offer.version)?;
            answers.created(tx, id)
        })
    })
    .await
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
    ctx: Context<OutreachWorker>,
    id: Named<OfferId>,
    closing: Body<OfferClosing>,
) -> Result<HttpResponse> {
    let (id, answers) = (id.0, OfferAnswers::new(&ctx));
    let attempt = actions::OFFER_CLOSED.on(id).on_behalf_of(ctx.changeable().only_office());
    ctx.write(attempt, answers.repeat(), async || {
        let (offer, _) = open_offer(&ctx, id).await?;
        let (answers, reason, now) = (answers.clone(), closing.0.reason, ctx.call.moment.now);
        Ok(move |tx: &mut Tx| {
            store::close(tx, &offer, reason, now)?;
            answers.changed(tx, id)
        })
    })
    .await
}

/// Reads an offer that can still be changed, and the number of its answers. Fails if the offer is closed or its contact was entered
/// in error.
async fn open_offer(ctx: &Context<OutreachWorker>, id: OfferId) -> Result<(Offer, usize)> {
    let scope = ctx.changeable();
    let standing = ctx.read(move |conn| store::find(conn, &scope, id)).await?;
    ctx.call.check_if_match_when_given(standing.offer.version)?;
    if standing.in_error {
        return Err(Error::new(Problem::EnteredInError));
    }
    let offer = standing.offer.open(&ctx.vault)?;
    offer.check_open()?;
    Ok((offer, standing.answers.len()))
}
