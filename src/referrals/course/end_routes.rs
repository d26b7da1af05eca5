//! The operations by which staff end a referral, tell or refuse feedback on it, and reopen it.

use actix_web::{HttpResponse, post};
use serde_json::json;

use crate::auth::CaseWorker;
use crate::context::Context;
use crate::error::{Problem, Result};
use crate::http::body::Body;
use crate::http::mount::Mount;
use crate::http::path::Named;
use crate::id::ReferralId;
use crate::referrals::course::examples;
use crate::referrals::course::steps::ends::{
    Complete, DecideInquiry, Decline, EnterInError, MarkDuplicate, RecordFamilyDeclined, RecordNotReached, Reopen,
    WithdrawConsent,
};
use crate::referrals::course::steps::feedback::{RefuseFeedback, SendFeedback};
use crate::referrals::faces::views::ReferralView;

/// Mounts the operations by which staff end a referral, tell or refuse feedback on it, and reopen it.
pub fn mount(api: &mut impl Mount) {
    api.service(decide_inquiry);
    api.service(decline);
    api.service(mark_duplicate);
    api.service(record_family_declined);
    api.service(record_not_reached);
    api.service(complete);
    api.service(withdraw_consent);
    api.service(send_feedback);
    api.service(refuse_feedback);
    api.service(reopen);
    api.service(enter_in_error);
}

/// Decide whether to open an inquiry
///
/// For concern reports, after the protection assessment, and only by qualified staff (SoL 2025:400, 20 kap. 2 § and 25 kap. 1
/// §). The decision is to open an inquiry, not to open one, or to open none because one is under way. The feedback to a
/// mandatory reporter is a separate step.
#[utoipa::path(
    operation_id = "decideInquiry",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = DecideInquiry,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state does not allow the action, or the protection assessment is missing; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionForbidden, Problem::ActionNotAllowed, Problem::AssessmentMissing])),
        ("x-answer-example" = json!(examples::decided(json!({}))))
    )
)]
#[post("/referrals/{id}/decide-inquiry")]
async fn decide_inquiry(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<DecideInquiry>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Decline a referral
///
/// For requests: the office cannot help, and tells the place to turn to instead. If it is the family that declines, record that
/// with `recordFamilyDeclined`.
#[utoipa::path(
    operation_id = "declineReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Decline,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed, Problem::UnknownReference])),
        ("x-answer-example" = json!(examples::request("declined", json!({
            "decline": { "reasonCode": "no_capacity", "turnTo": { "text": "Familjerådgivningen tar emot utan remiss." } },
        }))))
    )
)]
#[post("/referrals/{id}/decline")]
async fn decline(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Decline>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Mark a referral as a duplicate
///
/// For team leads: the referral is about the same matter as another referral, and ends. The senders of both keep their rights.
#[utoipa::path(
    operation_id = "markDuplicate",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = MarkDuplicate,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionForbidden, Problem::ActionNotAllowed, Problem::UnknownReference])),
        ("x-answer-example" = json!({
            "status": "duplicate",
            "version": 2,
            "duplicateOf": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d60",
            "nextDueAt": null,
        }))
    )
)]
#[post("/referrals/{id}/mark-duplicate")]
async fn mark_duplicate(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<MarkDuplicate>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Record that the family declined
///
/// For requests that the office has accepted, when the family says no to the support. If it is the office that declines, use
/// `declineReferral`.
#[utoipa::path(
    operation_id = "recordFamilyDeclined",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = RecordFamilyDeclined,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed])),
        ("x-answer-example" = json!(examples::request("declined_by_family", json!({ "familyDeclineReason": "not_wanted_now" }))))
    )
)]
#[post("/referrals/{id}/record-family-declined")]
async fn record_family_declined(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<RecordFamilyDeclined>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Record that nobody was reached
///
/// For requests that the office has accepted, after at least three logged attempts to reach the family.
#[utoipa::path(
    operation_id = "recordNotReached",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = RecordNotReached,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state does not allow the action, or there were fewer than three attempts; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed, Problem::TooFewAttempts])),
        ("x-answer-example" = json!(examples::request("not_reached", json!({ "attempts": examples::attempts(3) }))))
    )
)]
#[post("/referrals/{id}/record-not-reached")]
async fn record_not_reached(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<RecordNotReached>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Complete a referral
///
/// For requests whose state is `in_progress`, when the support has ended.
#[utoipa::path(
    operation_id = "completeReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Complete,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed, Problem::UnknownReference])),
        ("x-answer-example" = json!(examples::request("completed", json!({
            "outcome": { "outcome": "support_given", "at": "2026-11-21T14:30:00Z" },
        }))))
    )
)]
#[post("/referrals/{id}/complete")]
async fn complete(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Complete>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Withdraw the consent to a referral
///
/// For requests: the child or a guardian withdraws the consent, and the referral ends. The sender is told only that the request
/// was handled.
#[utoipa::path(
    operation_id = "withdrawConsent",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = WithdrawConsent,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state does not allow the action, or there is no consent; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed, Problem::NoConsent, Problem::ConsentOrder])),
        ("x-answer-example" = json!(examples::request("withdrawn", json!({
            "consent": { "withdrawnAt": "2026-11-20" },
            "withdrawnBy": "consenter",
        }))))
    )
)]
#[post("/referrals/{id}/withdraw-consent")]
async fn withdraw_consent(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<WithdrawConsent>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Tell the reporter the decision
///
/// For concern reports that were decided. It tells the mandatory reporter (SoL 2025:400, 19 kap. 6 §) that an inquiry was
/// opened, was not opened, or was already under way, and nothing else.
#[utoipa::path(
    operation_id = "sendFeedback",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = SendFeedback,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The report is not decided, or the sender may not be told or was told already; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed, Problem::FeedbackNotForSender, Problem::FeedbackGiven])),
        ("x-answer-example" = json!(examples::answered(json!({ "value": "opened", "sentAt": "2026-11-21T14:30:00Z" }))))
    )
)]
#[post("/referrals/{id}/send-feedback")]
async fn send_feedback(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<SendFeedback>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Refuse to tell the reporter the decision
///
/// For concern reports that were decided, if it would be unsuitable to tell the reporter the decision (SoL 2025:400, 19 kap. 6
/// §). The sender sees nothing of the refusal.
#[utoipa::path(
    operation_id = "refuseFeedback",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = RefuseFeedback,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The report is not decided, or the sender may not be told in any case or was told already; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed, Problem::FeedbackNotForSender, Problem::FeedbackGiven])),
        ("x-answer-example" = json!(examples::answered(json!({
            "refusedAt": "2026-11-21T14:30:00Z",
            "refusalReasonCode": "risk_to_child_or_family",
        }))))
    )
)]
#[post("/referrals/{id}/refuse-feedback")]
async fn refuse_feedback(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<RefuseFeedback>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Reopen a referral
///
/// For team leads: a referral that has ended is in the state `received` again. Its deadlines continue, and none of them starts
/// again. A referral about a person with a protected identity goes to the central reception.
#[utoipa::path(
    operation_id = "reopenReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Reopen,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionForbidden, Problem::ActionNotAllowed])),
        ("x-answer-example" = json!(examples::request("received", json!({ "version": 9 }))))
    )
)]
#[post("/referrals/{id}/reopen")]
async fn reopen(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Reopen>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Mark a referral as entered in error
///
/// For team leads: the referral was made by mistake. It is kept, but counts in no statistics, and the queue lists it only when
/// this state is asked for.
#[utoipa::path(
    operation_id = "enterReferralInError",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = EnterInError,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionForbidden, Problem::ActionNotAllowed])),
        ("x-answer-example" = json!({ "status": "entered_in_error", "version": 2, "nextDueAt": null }))
    )
)]
#[post("/referrals/{id}/enter-in-error")]
async fn enter_in_error(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<EnterInError>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}
