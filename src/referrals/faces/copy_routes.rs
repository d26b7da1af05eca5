//! The operation by which staff copy a concern report, so that a sibling gets a separate report.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::actions;
use crate::auth::CaseWorker;
use crate::cases::intake::ReferralIntake;
use crate::context::{Context, Tx};
use crate::error::{Error, Problem, Result};
use crate::http::body::Body;
use crate::http::path::Named;
use crate::id::ReferralId;
use crate::referrals::course::act::Transition;
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::{Action, refusal};
use crate::referrals::faces::answers;
use crate::referrals::faces::views::ReferralView;
use crate::referrals::{Kind, Status, store};

/// The choice of the sibling for whom a concern report is copied.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CopyForSibling {
    /// The sibling's place in the report's list of siblings, counted from 0.
    #[schema(minimum = 0, maximum = 19, example = 0)]
    sibling_index: u16,
}

/// Give a sibling a separate report
///
/// Makes a new concern report, with the sibling as its child and the child of the first report as a sibling. Everything else is
/// copied from the first report, including the reporter and the time of receipt, from which the deadlines run. A
/// sender who may learn the decision sees the copy as one more of its reports; for the other senders, such as associations and by
/// default the police, it does not exist, and nobody can write to them about it. The copy is routed by the place where the child of the first report lives. Each sibling
/// gets at most one separate report.
#[utoipa::path(
    operation_id = "copyReferralForSibling",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body = CopyForSibling,
    responses(
        (status = 201, description = "The sibling's report.", body = ReferralView),
        (status = 409, description = "The referral is not a concern report, or was entered in error; `allowedActions` lists the allowed actions."),
        (status = 412, description = "`If-Match` was given, and the referral has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::EnteredInError, Problem::ActionNotAllowed])),
        ("x-answer-example" = json!({
            "copyOf": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d60",
            "child": { "givenName": "Saga", "birthYear": 2016, "school": null },
            "siblings": [{ "name": "Alva Påhittad", "birthYear": 2013, "alsoConcerned": true }],
        }))
    )
)]
#[post("/referrals/{id}/copy-for-sibling")]
pub async fn copy_for_sibling(
    ctx: Context<CaseWorker>,
    id: Named<ReferralId>,
    body: Body<CopyForSibling>,
) -> Result<HttpResponse> {
    let (id, index, scope) = (id.0, body.0.sibling_index, ctx.changeable());
    let attempt = actions::REFERRAL_COPIED_FOR_SIBLING.on(id).on_behalf_of(scope.only_office());
    ctx.write(attempt, answers::repeat_copy(id, scope), async || {
        let (staff, standing, moment, scope) =
            (&ctx.caller.staff, ctx.caller.standing(), &ctx.call.moment, ctx.changeable());
        let found = ctx.read(move |conn| store::find(conn, &scope, id)).await;
        let before = found?.open(&ctx.vault)?;
        ctx.call.check_if_match_when_given(before.version)?;
        if before.status() == Status::EnteredInError {
            return Err(Error::new(Problem::EnteredInError));
        }
        if before.kind != Kind::ConcernReport {
            return Err(refusal(Problem::ActionNotAllowed, &before, standing, &ctx.directory));
        }
        let (copy, after) = before.copied_for_sibling(index, &ctx.directory, moment)?;
        let intake = ReferralIntake::of_copy(&copy, &ctx.directory, &ctx.vault, &moment.random)?;
        let (versions, said) = ((&before, &after), StepNote::default());
        let transition = Transition::new(Action::CopyForSibling, versions, staff.actor(), &said, &ctx.vault, moment)?;
        let is_own = ctx.changeable().offices.contains(&copy.office_id);
        let answer = answers::created(&ctx, copy, Some(standing).filter(|_| is_own))?;
        Ok(move |tx: &mut Tx| {
            intake.write(tx)?;
            transition.write(tx)?;
            tx.also_about(vec![intake.id.uuid()]);
            tx.on_behalf_of(before.office_id);
            tx.keep_for(intake.id);
            Ok(answer.clone())
        })
    })
    .await
}
