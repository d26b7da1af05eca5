//! The operation that gives a sibling a separate report.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit::Entry;
use crate::auth::{CaseWorker, Desk, Tools};
use crate::db::{DbConn, anew};
use crate::error::{Error, Problem, Result};
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::ReferralId;
use crate::idempotency::{Replay, Slot};
use crate::referrals::course::act::Transition;
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::{Action, refusal};
use crate::referrals::faces::answers::links;
use crate::referrals::faces::views::ReferralView;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::{Kind, Status};

/// The sibling who gets a separate report.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CopyForSibling {
    /// The sibling's place in the report's list of siblings, counted from 0.
    #[schema(minimum = 0, maximum = 19, example = 0)]
    sibling_index: u16,
}

/// Give a sibling a separate report
///
/// Makes a new concern report, with the sibling as its child and the child as a sibling. Everything else is copied from the
/// first report, including the reporter and the time of receipt, from which the deadlines run. The sender sees the copy as one
/// more of its reports. The copy is routed by the place where the child lives. Each sibling gets at most one separate report.
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
    worker: CaseWorker,
    tools: Tools,
    id: Named<ReferralId>,
    body: Body<CopyForSibling>,
) -> Result<HttpResponse> {
    let (id, index) = (id.0, body.0.sibling_index);
    let desk = Desk::new(worker, tools);
    let sight = desk.caller.staff.own_sight(&desk.directory);
    // The copy may belong to another office; then it is enough that the caller may know of the original. Staff who are not cleared
    // for the copy do not learn of it.
    let may_see = move |conn: &mut DbConn, copy: Uuid| {
        let copy = ReferralId::from_uuid(copy);
        if if_known(store::find(conn, &sight, copy))?.is_some() {
            return Ok(());
        }
        store::check_cleared(conn, &sight, copy)?;
        store::find(conn, &sight, id).map(drop)
    };
    let replay = Replay { action: "referral.acted.replayed", resource_type: "referral", may_see };
    let work =
        async |slot: Slot| anew(desk.call.names_a_version(), async || desk.copy(id, index, slot.clone()).await).await;
    desk.call.send(desk.retries.once(&desk.call, desk.caller.staff.actor(), replay, work).await?)
}

impl Desk<CaseWorker> {
    async fn copy(&self, id: ReferralId, index: u16, slot: Slot) -> Result<Written> {
        let (call, staff, vault) = (&self.call, &self.caller.staff, &self.vault);
        let sight = staff.own_sight(&self.directory);
        let attempt = || {
            Entry::of_call(call, staff.actor(), "referral.copied_for_sibling", "referral", vec![id.uuid()])
                .on_behalf_of(sight.only_office())
        };
        let seen = sight.clone();
        let before = self.db.read(move |conn| store::find(conn, &seen, id)).await;
        let before = self.denials.noted(before, attempt)?.open(vault)?;
        call.check_if_match_when_given(before.version)?;
        if before.status() == Status::EnteredInError {
            return Err(Error::new(Problem::EnteredInError));
        }
        if before.kind != Kind::ConcernReport {
            return Err(refusal(Problem::ActionNotAllowed, &before, self.caller.standing(), &self.directory));
        }
        let (copy, after) = before.copied_for_sibling(index, &self.directory, &call.moment)?;
        let sealed = SealedReferral::new(&copy, vault, &call.moment.random)?;
        let entry = attempt().also_about(vec![copy.id.uuid()]).on_behalf_of(before.office_id);
        let (steps, said) = ((&before, &after), StepNote::default());
        let transition =
            Transition::new(Action::CopyForSibling, steps, staff.actor(), &said, vault, &call.moment, entry)?;
        let path = format!("/referrals/{}", copy.id);
        let copy_id = copy.id.uuid();
        let is_own = sight.offices.contains(&copy.office_id);
        let links = links(call, &copy, &self.directory, Some(self.caller.standing()).filter(|_| is_own));
        let view = ReferralView::new(copy, call.moment.now, links);
        let answer = Written::created(call, &path, &view, Validator::Version(1))?;
        let kept = answer.clone();
        let work = move |conn: &mut DbConn| {
            store::insert(conn, &sealed, &[])?;
            transition.write(conn)?;
            slot.keep(conn, copy_id, &kept)
        };
        self.db.write(work).await?;
        Ok(answer)
    }
}
