//! The operations on messages, for the office and for the sender.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};

use crate::audit::denials::Denials;
use crate::audit::{self, Actor, Entry};
use crate::auth::{CaseReader, CaseWorker, Desk, PartnerReader, Tools};
use crate::db::{Db, DbConn, anew};
use crate::directory;
use crate::error::{Error, Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::ReferralId;
use crate::idempotency::{Replay, Slot};
use crate::referrals::faces::answers::Reading;
use crate::referrals::messages::store::{MessagePosition, SealedMessage};
use crate::referrals::messages::view::{MessageView, PartnerMessage};
use crate::referrals::messages::{MessageKind, NewMessage, store as message_store};
use crate::referrals::sending::sender::check_writable;
use crate::referrals::store;
use crate::vault::Vault;

/// Mounts the operations on messages, except those by which the sender writes.
pub fn mount(api: &mut impl Mount) {
    api.service(list_messages).service(write_message).service(list_partner_messages);
}

/// The rows of a page and one more, and the total number of messages if the caller asked for it.
type ReadMessages = (Vec<SealedMessage>, Option<u64>);

/// Returns a function that reads a page of a referral's messages. The caller must have checked that the reader may know of the
/// referral.
fn reading(
    paging: &Paging,
    call: &Call,
) -> Result<impl Fn(&mut DbConn, ReferralId) -> Result<ReadMessages> + Send + 'static> {
    let (from, limit, count) = (paging.from_among_cases::<MessagePosition>(call)?, paging.limit, paging.total);
    Ok(move |conn: &mut DbConn, id| {
        let total = if count { Some(message_store::count(conn, id)?) } else { None };
        Ok((message_store::page(conn, id, &from, limit)?, total))
    })
}

/// List the messages about a referral
///
/// The messages that the office and the sender have written to each other, the oldest first. A supplement to a concern report
/// that has been decided carries `asksForNewReport`: the office must say whether it is a new report. The reading is recorded
/// before the answer is sent.
#[utoipa::path(
    operation_id = "listReferralMessages",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier."), PagingParameters),
    responses((status = 200, description = "A page of messages.", body = Page<MessageView>)),
    security(("staffToken" = []))
)]
#[get("/referrals/{id}/messages")]
async fn list_messages(
    CaseReader { staff, .. }: CaseReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    asked: (Named<ReferralId>, Paging),
) -> Result<HttpResponse> {
    let (Named(id), paging) = asked;
    let page = reading(&paging, &call)?;
    let reading = Reading { staff: &staff, call: &call, directory: &directory.current(), db: &db, denials: &denials };
    let (_, (rows, total)) = reading.of("referral.messages_read", id, page).await?;
    let found = PageRows::of_one_more(rows, &paging, total, SealedMessage::position);
    let found = found.try_map(|message| MessageView::new(&message, &vault))?;
    Ok(call.give(found.answer(&call, &paging, |message| message)?, Cache::NoStore))
}

/// List the messages about one of the agency's own referrals
///
/// The messages that the office and this agency have written to each other, the oldest first. They do not tell which member of
/// staff wrote for the office. The reading is recorded before the answer is sent.
#[utoipa::path(
    operation_id = "listPartnerMessages",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt."), PagingParameters),
    responses((status = 200, description = "A page of messages.", body = Page<PartnerMessage>)),
    security(("partnerKey" = []))
)]
#[get("/partner/referrals/{id}/messages")]
async fn list_partner_messages(
    PartnerReader(agency): PartnerReader,
    call: Call,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    asked: (Named<ReferralId>, Paging),
) -> Result<HttpResponse> {
    let (Named(id), paging) = asked;
    let sender = agency.id;
    let attempt =
        || Entry::of_call(&call, Actor::Partner(sender), "referral.messages_read", "referral", vec![id.uuid()]);
    let (entry, reading) = (attempt(), reading(&paging, &call)?);
    let read = move |conn: &mut DbConn| {
        store::find_sent_by(conn, sender, id)?;
        reading(conn, id)
    };
    let found = db.read_recorded(read, move |conn: &mut DbConn, _: &ReadMessages| audit::record(conn, &entry)).await;
    let (rows, total) = denials.noted(found, attempt)?;
    let found = PageRows::of_one_more(rows, &paging, total, SealedMessage::position);
    let found = found.try_map(|message| PartnerMessage::new(&message, &vault))?;
    Ok(call.give(found.answer(&call, &paging, |message| message)?, Cache::NoStore))
}

/// Write to the sender of a referral
///
/// Possible in every state, also after the referral has ended, unless the referral was entered in error. The sender is told
/// that the office has written, but not which member of staff. If the sender must answer before the office can continue,
/// request information instead.
#[utoipa::path(
    operation_id = "writeReferralMessage",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = NewMessage,
    responses(
        (status = 201, description = "The new message.", body = MessageView),
        (status = 409, description = "The referral was entered in error, or its sender stays unknown."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::EnteredInError, Problem::NoSender])),
        ("x-answer-example" = json!({ "kind": "message", "text": "Vi träffar gärna er på skolan i veckan." }))
    )
)]
#[post("/referrals/{id}/messages")]
async fn write_message(
    worker: CaseWorker,
    tools: Tools,
    id: Named<ReferralId>,
    new: Body<NewMessage>,
) -> Result<HttpResponse> {
    let (Desk { caller, call, directory, db, vault, retries, denials }, id) = (Desk::new(worker, tools), id.0);
    let staff = caller.staff;
    let sight = staff.own_sight(&directory);
    let seen = sight.clone();
    let may_see = move |conn: &mut DbConn, id| store::find(conn, &seen, ReferralId::from_uuid(id)).map(drop);
    let replay = Replay { action: "referral.acted.replayed", resource_type: "referral", may_see };
    let attempt = || {
        Entry::of_call(&call, staff.actor(), "referral.message_written", "referral", vec![id.uuid()])
            .on_behalf_of(sight.only_office())
    };
    let once = async |slot: Slot| {
        let seen = sight.clone();
        let found = db.read(move |conn| store::find(conn, &seen, id)).await;
        let referral = denials.noted(found, attempt)?.open(&vault)?;
        call.check_if_match_when_given(referral.version)?;
        check_writable(&referral)?;
        if referral.is_anonymous() {
            return Err(Error::new(Problem::NoSender));
        }
        let what = (MessageKind::Message, &new.0.text);
        let message = SealedMessage::by_staff(id, what, staff.id, &vault, &call.moment)?;
        let path = format!("/referrals/{id}/messages");
        let answer = Written::created(&call, &path, &MessageView::new(&message, &vault)?, Validator::Content)?;
        let entry = attempt().on_behalf_of(referral.office_id);
        let (kept, version) = (answer.clone(), referral.version);
        let work = move |conn: &mut DbConn| {
            message_store::hold(conn, id, version)?;
            message_store::insert(conn, &message)?;
            audit::record(conn, &entry)?;
            slot.keep(conn, id.uuid(), &kept)
        };
        db.write(work).await?;
        Ok(answer)
    };
    let write = async |slot: Slot| anew(call.names_a_version(), async || once(slot.clone()).await).await;
    call.send(retries.once(&call, staff.actor(), replay, write).await?)
}
