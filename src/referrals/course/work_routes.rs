//! The operations by which staff work on a referral, from the protection assessment to a redirection.

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
use crate::referrals::course::steps::work::{
    Accept, AssessProtection, Assign, ExtendDeadline, Hold, LogAttempt, Redirect, RequestInformation, Resume, Start,
    SupplyInformation,
};
use crate::referrals::faces::views::ReferralView;

/// Mounts the operations by which staff work on a referral, from the protection assessment to a redirection.
pub fn mount(api: &mut impl Mount) {
    api.service(assess_protection);
    api.service(request_information);
    api.service(supply_information);
    api.service(assign);
    api.service(accept);
    api.service(start);
    api.service(log_attempt);
    api.service(hold);
    api.service(resume);
    api.service(extend_deadline);
    api.service(redirect);
}

/// Assess whether the child needs protection
///
/// For concern reports, at once and before any decision (SoL 2025:400, 20 kap. 1 §). The first assessment meets its deadline;
/// later assessments are added to it.
#[utoipa::path(
    operation_id = "assessProtection",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = AssessProtection,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed])),
        ("x-answer-example" = json!({ "version": 2, "protectionAssessment": examples::assessment() }))
    )
)]
#[post("/referrals/{id}/assess-protection")]
async fn assess_protection(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<AssessProtection>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Ask the sender for information
///
/// The question becomes a message to the sender, and the deadlines keep running. A private person who stays unknown cannot be
/// asked.
#[utoipa::path(
    operation_id = "requestInformation",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = RequestInformation,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state does not allow the action, or there is nobody to ask; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed, Problem::NoSender])),
        ("x-answer-example" = json!({ "status": "information_requested", "version": 2 }))
    )
)]
#[post("/referrals/{id}/request-information")]
async fn request_information(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<RequestInformation>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Take down the sender's answer
///
/// For an answer to the office's question that the sender gave outside this service, for example over the telephone. A message
/// or a supplement that the sender writes in this service has the same effect.
#[utoipa::path(
    operation_id = "supplyInformation",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = SupplyInformation,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed])),
        ("x-answer-example" = json!({ "version": 3 }))
    )
)]
#[post("/referrals/{id}/supply-information")]
async fn supply_information(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<SupplyInformation>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Assign a referral
///
/// Caseworkers can assign a referral to themselves; team leads can assign it to anybody who works with cases at the referral's
/// office.
#[utoipa::path(
    operation_id = "assignReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Assign,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionForbidden, Problem::ActionNotAllowed, Problem::UnknownReference])),
        ("x-answer-example" = json!({ "version": 2, "assigneeId": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e" }))
    )
)]
#[post("/referrals/{id}/assign")]
async fn assign(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Assign>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Accept a referral
///
/// For requests: the office takes on the referral, and must make the first contact with the family within the number of days
/// that the municipality has set.
#[utoipa::path(
    operation_id = "acceptReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Accept,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionForbidden, Problem::ActionNotAllowed, Problem::UnknownReference])),
        ("x-answer-example" = json!(examples::accepted(json!({}))))
    )
)]
#[post("/referrals/{id}/accept")]
async fn accept(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Accept>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Start the work on a referral
///
/// For requests that the office has accepted, when the office has met the family for the first time.
#[utoipa::path(
    operation_id = "startReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Start,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed])),
        ("x-answer-example" = json!(examples::request("in_progress", json!({ "firstContactAt": "2026-11-20T13:00:00Z" }))))
    )
)]
#[post("/referrals/{id}/start")]
async fn start(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Start>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Log an attempt to reach the family
///
/// For requests that the office has accepted. An attempt that reached somebody meets the deadline of the first contact. After
/// three attempts, the family may be recorded as not reached.
#[utoipa::path(
    operation_id = "logAttempt",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = LogAttempt,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed])),
        ("x-answer-example" = json!(examples::accepted(json!({ "attempts": examples::attempts(1) }))))
    )
)]
#[post("/referrals/{id}/log-attempt")]
async fn log_attempt(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<LogAttempt>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Put a referral on hold
///
/// For requests that the office has accepted. The referral waits until the day on which its review is due.
#[utoipa::path(
    operation_id = "holdReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Hold,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed])),
        ("x-answer-example" = json!(examples::request("on_hold", json!({
            "hold": { "reason": "family_asked_to_wait", "reviewOn": "2027-08-23" },
        }))))
    )
)]
#[post("/referrals/{id}/hold")]
async fn hold(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Hold>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Resume the work on a referral
///
/// For requests on hold. The referral returns to the state that it had before it was put on hold.
#[utoipa::path(
    operation_id = "resumeReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Resume,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state or kind does not allow the action; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::ActionNotAllowed])),
        ("x-answer-example" = json!(examples::request("in_progress", json!({ "firstContactAt": "2026-11-20T13:00:00Z" }))))
    )
)]
#[post("/referrals/{id}/resume")]
async fn resume(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Resume>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Extend a deadline
///
/// For team leads. The reason for the extension must lie with the child or the matter: workload and staffing are refused (SoL
/// 2025:400, 20 kap. 2 §). The deadlines of the protection assessment and of the feedback are never extended.
#[utoipa::path(
    operation_id = "extendDeadline",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = ExtendDeadline,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state does not allow the action, or no running deadline can be extended."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([
            Problem::ActionForbidden, Problem::ActionNotAllowed, Problem::NothingToExtend,
            Problem::DeadlineNotExtendable, Problem::ExtensionReasonRefused,
        ])),
        ("x-answer-example" = json!({
            "version": 2,
            "deadlines": [
                {
                    "kind": "inquiry_decision",
                    "dueAt": "2027-08-16T22:00:00Z",
                    "firstDueAt": "2026-12-05T23:00:00Z",
                    "overdue": false,
                    "legalBasisId": "sol-20-2",
                },
            ],
            "nextDueAt": "2027-08-16T22:00:00Z",
            "extensions": [
                {
                    "kind": "inquiry_decision",
                    "until": "2027-08-16",
                    "reasonCode": "illness_of_child",
                    "note": "Barnet vårdas på sjukhus.",
                    "by": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e",
                    "at": "2026-11-21T14:30:00Z",
                },
            ],
        }))
    )
)]
#[post("/referrals/{id}/extend-deadline")]
async fn extend_deadline(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    step: Body<ExtendDeadline>,
) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}

/// Redirect a referral to another office
///
/// The other office receives the referral without an assignee; the history and the deadlines go with it. For the office that
/// redirects it, the referral no longer exists. A referral about a person with a protected identity stays at the central
/// reception.
#[utoipa::path(
    operation_id = "redirectReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = Redirect,
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral's state does not allow the action, or the person's identity is protected; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([
            Problem::ActionNotAllowed, Problem::ProtectedStays, Problem::UnknownReference, Problem::SameOffice,
            Problem::OfficeNotOpen,
        ])),
        ("x-answer-example" = json!({ "version": 2 }))
    )
)]
#[post("/referrals/{id}/redirect")]
async fn redirect(ctx: Context<CaseWorker>, id: Named<ReferralId>, step: Body<Redirect>) -> Result<HttpResponse> {
    ctx.take_step(id.0, step.0).await
}
