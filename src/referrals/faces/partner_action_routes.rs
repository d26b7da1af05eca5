//! The operations by which a partner agency acts on a referral that it has sent.
//!
//! A referral's version number would tell the agency how much the office does with it. Therefore an agency's `If-Match` names
//! the content of the receipt. If the office acts at the same moment, the agency's action is judged again.

use actix_web::{HttpResponse, post};

use crate::audit::{self, Actor, Entry};
use crate::auth::{Agency, Desk, Submitter, Tools};
use crate::db::{DbConn, anew};
use crate::error::{Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::mount::Mount;
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::{PartnerId, ReferralId};
use crate::idempotency::{Replay, Slot};
use crate::referrals::course::act::Transition;
use crate::referrals::disclosure::DisclosedReferral;
use crate::referrals::disclosure::receipt::{self, Receipt};
use crate::referrals::messages::store::SealedMessage;
use crate::referrals::messages::view::PartnerMessage;
use crate::referrals::messages::{NewMessage, store as message_store};
use crate::referrals::sending::sender::{FeedbackRequest, SenderDeed, SenderDeedResult, Supplement, Withdrawal};
use crate::referrals::{Referral, store};

/// Mounts the operations of senders on their own referrals.
pub fn mount(api: &mut impl Mount) {
    api.service(supplement).service(write_partner_message).service(withdraw).service(request_feedback);
}

/// Add information to one of the agency's own referrals
///
/// Works for concern reports and for requests, also after the referral has ended: then the information reaches the office as a
/// message on the closed referral. If the office has asked for information, this is the answer, and the office's work
/// continues.
#[utoipa::path(
    operation_id = "supplementPartnerReferral",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt.")),
    request_body = Supplement,
    responses(
        (status = 201, description = "The added information, as a message.", body = PartnerMessage),
        (status = 409, description = "The referral was entered in error."),
        (status = 412, description = "`If-Match` was given, and the receipt has changed since.")
    ),
    security(("partnerKey" = [])),
    extensions(
        ("x-problems" = json!([Problem::EnteredInError])),
        ("x-answer-example" = json!({
            "by": "sender",
            "kind": "supplement",
            "text": "Eleven kom till skolan i går med blåmärken.",
        }))
    )
)]
#[post("/partner/referrals/{id}/supplements")]
async fn supplement(
    Submitter(agency): Submitter,
    tools: Tools,
    id: Named<ReferralId>,
    new: Body<Supplement>,
) -> Result<HttpResponse> {
    Desk::new(agency, tools).act(id.0, SenderDeed::Supplement(new.0.text)).await
}

/// Write to the office about one of the agency's own referrals
///
/// Possible in every state, unless the referral was entered in error. If the office has asked for information, this is the
/// answer, and the office's work continues.
#[utoipa::path(
    operation_id = "writePartnerMessage",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt.")),
    request_body(content = NewMessage, example = json!({ "text": "Måndag till onsdag, varje vecka." })),
    responses(
        (status = 201, description = "The new message.", body = PartnerMessage),
        (status = 409, description = "The referral was entered in error."),
        (status = 412, description = "`If-Match` was given, and the receipt has changed since.")
    ),
    security(("partnerKey" = [])),
    extensions(
        ("x-problems" = json!([Problem::EnteredInError])),
        ("x-answer-example" = json!({ "by": "sender", "kind": "answer", "text": "Måndag till onsdag, varje vecka." }))
    )
)]
#[post("/partner/referrals/{id}/messages")]
async fn write_partner_message(
    Submitter(agency): Submitter,
    tools: Tools,
    id: Named<ReferralId>,
    new: Body<NewMessage>,
) -> Result<HttpResponse> {
    Desk::new(agency, tools).act(id.0, SenderDeed::Write(new.0.text)).await
}

/// Withdraw one of the agency's own requests
///
/// Only for a request for support, as long as it is open. A concern report cannot be withdrawn; information can be added to it.
#[utoipa::path(
    operation_id = "withdrawPartnerReferral",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt.")),
    request_body = Withdrawal,
    responses(
        (status = 200, description = "The receipt as it is now.", body = Receipt),
        (status = 409, description = "The referral is a concern report, or has ended; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the receipt has changed since.")
    ),
    security(("partnerKey" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed])),
        ("x-answer-example" = json!({
            "kind": "support_request",
            "status": "withdrawn",
            "deadlines": [],
            "feedback": null,
            "nextStep": { "en": "The request has been taken back.", "sv": "Förfrågan är återtagen." },
        }))
    )
)]
#[post("/partner/referrals/{id}/withdraw")]
async fn withdraw(
    Submitter(agency): Submitter,
    tools: Tools,
    id: Named<ReferralId>,
    new: Body<Withdrawal>,
) -> Result<HttpResponse> {
    Desk::new(agency, tools).act(id.0, SenderDeed::Withdraw(new.0.reason)).await
}

/// Ask to be told whether an inquiry is opened
///
/// For mandatory reporters (SoL 2025:400, 19 kap. 6 §), if the report did not ask for feedback already. A reporter who asks
/// before the decision is told within a week after it; one who asks later is told at once. The office does not tell if telling
/// is unsuitable.
#[utoipa::path(
    operation_id = "requestFeedback",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt.")),
    request_body = FeedbackRequest,
    responses(
        (status = 200, description = "The receipt as it is now.", body = Receipt),
        (status = 409, description = "Feedback was asked for before, or the law gives this sender no right to it; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the receipt has changed since.")
    ),
    security(("partnerKey" = [])),
    extensions(("x-problems" = json!([
        Problem::EnteredInError, Problem::ActionNotAllowed, Problem::FeedbackNotForSender,
    ])))
)]
#[post("/partner/referrals/{id}/request-feedback")]
async fn request_feedback(
    Submitter(agency): Submitter,
    tools: Tools,
    id: Named<ReferralId>,
    _: Body<FeedbackRequest>,
) -> Result<HttpResponse> {
    Desk::new(agency, tools).act(id.0, SenderDeed::RequestFeedback).await
}

/// The change that an action writes.
#[derive(Clone)]
enum Writing {
    Transition(Box<Transition>),
    Message(Box<WrittenMessage>),
}

/// A message, and the version of its referral by which the message was allowed.
#[derive(Clone)]
struct WrittenMessage {
    message: SealedMessage,
    version: i32,
    entry: Entry,
}

impl Desk<Agency> {
    /// Takes the action, and answers with the facts that the sender may know.
    async fn act(&self, id: ReferralId, deed: SenderDeed) -> Result<HttpResponse> {
        let sender = self.caller.id;
        let may_see =
            move |conn: &mut DbConn, id| store::find_sent_by(conn, sender, ReferralId::from_uuid(id)).map(drop);
        let replay = Replay { action: "referral.acted.replayed", resource_type: "referral", may_see };
        let work = async |slot: Slot| anew(false, async || self.attempt(id, &deed, &slot).await).await?;
        self.call.send(self.retries.once(&self.call, Actor::Partner(sender), replay, work).await?)
    }

    /// Takes the action on the current version of the referral. The inner error tells that trying again would not help, since
    /// the sender has read another receipt.
    async fn attempt(&self, id: ReferralId, deed: &SenderDeed, slot: &Slot) -> Result<Result<Written>> {
        let Self { caller: agency, call, directory, db, vault, denials, .. } = self;
        let sender: PartnerId = agency.id;
        let attempted = || Entry::of_call(call, Actor::Partner(sender), deed.audited(), "referral", vec![id.uuid()]);
        let found = db.read(move |conn| store::find_sent_by(conn, sender, id)).await;
        let before: Referral = denials.noted(found, attempted)?.open(vault)?;
        let receipt =
            |referral| Receipt::new(&DisclosedReferral::of(referral, directory), &agency.scopes, directory, call);
        if let Err(stale) = call.check_if_match_of_when_given(&receipt(&before)) {
            return Ok(Err(stale));
        }
        let told = |message: &SealedMessage| {
            let path = format!("{}/messages", receipt::path(id));
            Written::created(call, &path, &PartnerMessage::new(message, vault)?, Validator::Content)
        };
        let (writing, answer) = match deed.judge(&before, directory, call.moment.now)? {
            SenderDeedResult::Transition(action, after, said) => {
                let by = Actor::Partner(sender);
                let transition =
                    Transition::new(action, (&before, &after), by, &said, vault, &call.moment, attempted())?;
                let answer = match transition.message() {
                    Some(message) => told(message)?,
                    None => Written::changed(&receipt(&after), Validator::Content)?,
                };
                (Writing::Transition(Box::new(transition)), answer)
            }
            SenderDeedResult::Message(kind, text, asks_for_new_report) => {
                let message = SealedMessage::by_sender(id, (kind, &text), sender, vault, &call.moment)?;
                let message = SealedMessage { asks_for_new_report, ..message };
                let answer = told(&message)?;
                (
                    Writing::Message(Box::new(WrittenMessage { message, version: before.version, entry: attempted() })),
                    answer,
                )
            }
        };
        let (kept, slot) = (answer.clone(), slot.clone());
        let work = move |conn: &mut DbConn| {
            match &writing {
                Writing::Transition(transition) => transition.write(conn)?,
                Writing::Message(words) => {
                    message_store::hold(conn, id, words.version)?;
                    message_store::insert(conn, &words.message)?;
                    audit::record(conn, &words.entry)?;
                }
            }
            slot.keep(conn, id.uuid(), &kept)
        };
        db.write(work).await?;
        Ok(Ok(answer))
    }
}
