//! The operations by which the office reads and writes messages about a referral, and by which the sender reads them.

use actix_web::{HttpResponse, get, post};

use crate::audit::actions;
use crate::auth::{CaseReader, CaseWorker, PartnerReader};
use crate::context::{Context, Tx};
use crate::error::{Error, Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::ReferralId;
use crate::referrals::disclosure::{self, SenderScope};
use crate::referrals::faces::answers;
use crate::referrals::messages::store::{MessagePosition, SealedMessage};
use crate::referrals::messages::view::{MessageView, PartnerMessage};
use crate::referrals::messages::{MessageKind, NewMessage, store as message_store};
use crate::referrals::own_words::FoundReferral;
use crate::referrals::sending::sender::check_writable;
use crate::referrals::store;

/// Mounts the operations on messages about referrals, except the operation by which a sender writes.
pub fn mount(api: &mut impl Mount) {
    api.service(list_messages).service(write_message).service(list_partner_messages);
}

/// List the messages about a referral
///
/// The messages that the office and the sender of the referral have written to each other, the oldest first. A supplement to a
/// concern report that has ended carries `asksForNewReport`: the office must say whether the supplement is a new report. The
/// reading is recorded before the answer is sent.
#[utoipa::path(
    operation_id = "listReferralMessages",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier."), PagingParameters),
    responses((status = 200, description = "A page of messages.", body = Page<MessageView>)),
    security(("staffToken" = []))
)]
#[get("/referrals/{id}/messages")]
async fn list_messages(ctx: Context<CaseReader>, id: Named<ReferralId>, paging: Paging) -> Result<HttpResponse> {
    let (from, limit, count) = (paging.from_among_cases::<MessagePosition>(&ctx.call)?, paging.limit, paging.total);
    // Whoever reads only their own words does not read the messages that came later.
    let page = move |conn: &mut _, found: &FoundReferral| {
        message_store::counted_page(conn, (found.id(), found.told_until()), &from, limit, count)
    };
    let (_, (rows, total)) = ctx.read_referral(actions::REFERRAL_MESSAGES_READ, id.0, page).await?;
    let found = PageRows::of_one_more(rows, &paging, total, SealedMessage::position);
    let found = found.opened(|message| MessageView::new(&message, &ctx.vault));
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, |message| message)?, Cache::NoStore))
}

/// List the messages about one of the agency's own referrals
///
/// The messages that the office and this agency have written to each other about the referral, the oldest first. They do not
/// tell which member of staff wrote for the office. The reading is recorded before the answer is sent.
#[utoipa::path(
    operation_id = "listPartnerMessages",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt."), PagingParameters),
    responses((status = 200, description = "A page of messages.", body = Page<PartnerMessage>)),
    security(("partnerKey" = []))
)]
#[get("/partner/referrals/{id}/messages")]
async fn list_partner_messages(
    ctx: Context<PartnerReader>,
    id: Named<ReferralId>,
    paging: Paging,
) -> Result<HttpResponse> {
    let (id, scope) = (id.0, SenderScope::of(&ctx.caller.0, &ctx.directory));
    let (from, limit, count) = (paging.from_among_cases::<MessagePosition>(&ctx.call)?, paging.limit, paging.total);
    let read = move |conn: &mut _| {
        store::find_sent_by(conn, scope, id)?;
        message_store::counted_page(conn, (id, None), &from, limit, count)
    };
    let attempt = actions::REFERRAL_MESSAGES_READ.on(id);
    let (rows, total) = ctx.read_recorded(attempt, read, |_, entry| entry).await?;
    let found = PageRows::of_one_more(rows, &paging, total, SealedMessage::position);
    let found = found.opened(|message| PartnerMessage::new(&message, &ctx.vault));
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, |message| message)?, Cache::NoStore))
}

/// Write to the sender of a referral
///
/// Possible in every state of the referral, also after it has ended, unless it was entered in error. The sender is told that
/// the office has written, but not which member of staff. If the sender must answer before the office can continue, use
/// `requestInformation` instead.
#[utoipa::path(
    operation_id = "writeReferralMessage",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = NewMessage,
    responses(
        (status = 201, description = "The new message.", body = MessageView),
        (status = 409, description = "The referral was entered in error, or its sender stays unknown or does not know of it."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::EnteredInError, Problem::NoSender])),
        ("x-answer-example" = json!({ "kind": "message", "text": "Vi träffar gärna er på skolan i veckan." }))
    )
)]
#[post("/referrals/{id}/messages")]
async fn write_message(ctx: Context<CaseWorker>, id: Named<ReferralId>, new: Body<NewMessage>) -> Result<HttpResponse> {
    let (id, scope) = (id.0, ctx.changeable());
    let attempt = actions::REFERRAL_MESSAGE_WRITTEN.on(id).on_behalf_of(scope.only_office());
    ctx.write(attempt, answers::repeat(scope), async || {
        let scope = ctx.changeable();
        let found = ctx.read(move |conn| store::find(conn, &scope, id)).await;
        let referral = found?.open(&ctx.vault)?;
        ctx.call.check_if_match_when_given(referral.version)?;
        check_writable(&referral)?;
        if referral.is_anonymous() || disclosure::is_hidden_from_sender(&referral, &ctx.directory) {
            return Err(Error::new(Problem::NoSender));
        }
        let what = (MessageKind::Message, &new.0.text);
        let message = SealedMessage::by_staff(id, what, ctx.staff().id, &ctx.vault, &ctx.call.moment)?;
        let (path, view) = (format!("/referrals/{id}/messages"), MessageView::new(&message, &ctx.vault)?);
        let answer = Written::created(&ctx.call, &path, &view, Validator::Content)?;
        let (office, version) = (referral.office_id, referral.version);
        Ok(move |tx: &mut Tx| {
            message_store::hold(tx, id, version)?;
            message_store::insert(tx, &message)?;
            tx.on_behalf_of(office);
            Ok(answer.clone())
        })
    })
    .await
}
