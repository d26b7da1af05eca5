//! The operations by which a partner agency acts on a referral that it has sent.
//!
//! A referral's version number would tell the agency how much the office does with it. Therefore an agency's `If-Match` names
//! the content of the receipt. If the office acts at the same moment, the agency's action is judged again by the referral's new
//! version.

use actix_web::{HttpResponse, post};

use crate::auth::Submitter;
use crate::context::{Context, Tx};
use crate::error::{Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::mount::Mount;
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::ReferralId;
use crate::referrals::disclosure::SenderScope;
use crate::referrals::disclosure::receipt::{self, Receipt};
use crate::referrals::faces::answers;
use crate::referrals::messages::NewMessage;
use crate::referrals::messages::view::PartnerMessage;
use crate::referrals::sending::sender::{FeedbackRequest, SenderDeed, Supplement, Withdrawal};
use crate::referrals::sending::writing::DeedWriting;
use crate::referrals::store;

/// Mounts the operations by which partner agencies act on the referrals that they have sent.
pub fn mount(api: &mut impl Mount) {
    api.service(supplement).service(write_partner_message).service(withdraw).service(request_feedback);
}

/// Add information to one of the agency's own referrals
///
/// Works for concern reports and for requests, also after the referral has ended: then the information reaches the office as a
/// message on the closed referral. If the office has asked for information, the added text counts as the answer, and the
/// office's work continues.
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
async fn supplement(ctx: Context<Submitter>, id: Named<ReferralId>, new: Body<Supplement>) -> Result<HttpResponse> {
    ctx.act(id.0, SenderDeed::Supplement(new.0.text)).await
}

/// Write to the office about one of the agency's own referrals
///
/// Possible in every state of the referral, unless it was entered in error. If the office has asked for information, the
/// message counts as the answer, and the office's work continues.
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
    ctx: Context<Submitter>,
    id: Named<ReferralId>,
    new: Body<NewMessage>,
) -> Result<HttpResponse> {
    ctx.act(id.0, SenderDeed::Write(new.0.text)).await
}

/// Withdraw one of the agency's own requests
///
/// Only for a request for support, as long as it has not ended. A concern report cannot be withdrawn; information can be added
/// to it.
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
async fn withdraw(ctx: Context<Submitter>, id: Named<ReferralId>, new: Body<Withdrawal>) -> Result<HttpResponse> {
    ctx.act(id.0, SenderDeed::Withdraw(new.0.reason)).await
}

/// Ask to be told whether an inquiry is opened
///
/// For mandatory reporters (SoL 2025:400, 19 kap. 6 §), if the concern report did not ask for feedback already. A reporter who
/// asks before the decision is told within a week after it; one who asks later is told at once. The office does not tell if
/// that is unsuitable.
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
    ctx: Context<Submitter>,
    id: Named<ReferralId>,
    _: Body<FeedbackRequest>,
) -> Result<HttpResponse> {
    ctx.act(id.0, SenderDeed::RequestFeedback).await
}

impl Context<Submitter> {
    /// Takes the sender's action on the current version of the referral `id`. Answers with the new message, or else with the
    /// receipt as it is afterwards.
    async fn act(&self, id: ReferralId, deed: SenderDeed) -> Result<HttpResponse> {
        let (agency, sender) = (&self.caller.0, self.caller.0.id);
        let scope = SenderScope::of(agency, &self.directory);
        self.write(deed.audited().on(id), answers::repeat_to_sender(scope), async || {
            let moment = &self.call.moment;
            let before = self.read(move |conn| store::find_sent_by(conn, scope, id)).await?.open(&self.vault)?;
            self.call.check_if_match_of_when_given(&answers::receipt(self, agency, &before))?;
            let effect = deed.judge(&before, &self.directory, moment.now)?;
            let writing = DeedWriting::new(&before, &effect, sender, &self.vault, moment)?;
            let answer = match writing.message() {
                Some(message) => {
                    let path = format!("{}/messages", receipt::path(id));
                    let view = PartnerMessage::new(message, &self.vault)?;
                    Written::created(&self.call, &path, &view, Validator::Content)?
                }
                None => {
                    let after = effect.after(&before);
                    Written::changed(&answers::receipt(self, agency, after), Validator::Content)?
                }
            };
            Ok(move |tx: &mut Tx| {
                writing.write(tx)?;
                Ok(answer.clone())
            })
        })
        .await
    }
}
