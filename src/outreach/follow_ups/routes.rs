//! The operations that list, write down, read and complete follow-ups.

use actix_web::{HttpResponse, get, post};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::audit::{Entry, actions};
use crate::auth::{FollowUpWriter, OutreachWorker};
use crate::cases::complete_follow_up::FollowUpCompletion;
use crate::context::{Context, Tx};
use crate::error::{Error, Problem, Result, Text};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::http::idempotency::GONE;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::id::{FollowUpId, OfficeId, StaffId};
use crate::outreach::arrival::ArrivingContact;
use crate::outreach::follow_ups::answers::FollowUpAnswers;
use crate::outreach::follow_ups::making::FollowUpMaking;
use crate::outreach::follow_ups::store::{self, FollowUpFilter, SealedFollowUp};
use crate::outreach::follow_ups::view::FollowUpView;
use crate::outreach::follow_ups::{FollowUp, FollowUpText, NewFollowUp};
use crate::outreach::made_referrals::MadeReferralReader;
use crate::outreach::reports::{InternalReferral, Report};
use crate::outreach::{NewContact, check_tells_nobody, preparing, rules};
use crate::referrals::matter::consent;
use crate::rules::Rules;
use crate::time::day;
use crate::vault::ConfidentialProse;

/// Mounts the operations on follow-ups.
pub fn mount(api: &mut impl Mount) {
    api.service(list_follow_ups).service(create_follow_up).service(get_follow_up).service(complete_follow_up);
}

/// The conditions by which the worklist of open follow-ups is filtered.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorklistQuery {
    /// Lists only follow-ups that are due before this day.
    #[serde(default, deserialize_with = "day::optional")]
    #[param(example = "2026-12-05")]
    due_before: Option<NaiveDate>,
    /// With `true`, lists only follow-ups whose day is over; with `false`, only follow-ups whose day is not over.
    overdue: Option<bool>,
    /// Lists only follow-ups that this member of staff owns. For your own, give the `staffId` of `/me`.
    owner_id: Option<StaffId>,
}

/// List follow-ups
///
/// Returns the worklist of your own offices: the open follow-ups, in the order of the days on which they are due, so that overdue ones
/// come first. One audit record names every follow-up that the page shows.
#[utoipa::path(
    operation_id = "listFollowUps",
    tag = "outreach",
    params(WorklistQuery, PagingParameters),
    responses((status = 200, description = "A page of the worklist.", body = Page<FollowUpView>)),
    security(("staffToken" = []))
)]
#[get("/follow-ups")]
async fn list_follow_ups(
    ctx: Context<OutreachWorker>,
    query: Query<WorklistQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let today = ctx.directory.calendar.local_date(ctx.call.moment.now.utc());
    let WorklistQuery { due_before, overdue, owner_id } = query.0;
    let filter = FollowUpFilter { due_before, overdue: overdue.map(|overdue| (overdue, today)), owner: owner_id };
    let (scope, own) = (ctx.readable(), ctx.changeable());
    let attempt = actions::FOLLOW_UP_LISTED.on_new().on_behalf_of(scope.only_office()).because(scope.reason);
    let (from, limit, count) = (paging.from_among_cases(&ctx.call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let read = move |conn: &mut _| {
        let total = if count { Some(store::count(conn, &scope, &filter)?) } else { None };
        Ok((store::page(conn, &scope, &filter, &from, limit)?, total))
    };
    let seen = move |(rows, _): &(Vec<SealedFollowUp>, Option<u64>), entry: Entry| {
        entry.about(rows.iter().take(shown).map(|follow_up| follow_up.id.uuid()).collect())
    };
    let (rows, total) = ctx.read_recorded(attempt, read, seen).await?;
    let found = PageRows::of_one_more(rows, &paging, total, |last| (last.due_on, last.id));
    let found = found.opened(|row| row.open(&ctx.vault));
    let reader = MadeReferralReader::of(&ctx);
    let view = |follow_up| FollowUpView::new(follow_up, today, &ctx.call, reader).seen_by(&own);
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, view)?, Cache::NoStore))
}

/// Promise a follow-up
///
/// Writes down a promise to get back to the people of a contact, of a referral or of a family. The follow-up belongs to the office
/// of the contact or referral or, if it is only about a family, to your own office; its owner is one of that office's staff.
#[utoipa::path(
    operation_id = "createFollowUp",
    tag = "outreach",
    request_body = NewFollowUp,
    responses(
        (status = 201, description = "The new follow-up.", body = FollowUpView),
        (status = 404, description = GONE),
        (status = 409, description = "The contact or the referral was entered in error.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([
        Problem::NoOffice, Problem::EnteredInError, Problem::UnknownReference, Problem::IdentityNotRecorded,
        Problem::IdentityInText,
    ])))
)]
#[post("/follow-ups")]
async fn create_follow_up(ctx: Context<FollowUpWriter>, new: Body<NewFollowUp>) -> Result<HttpResponse> {
    let answers = FollowUpAnswers::new(&ctx);
    ctx.write(actions::FOLLOW_UP_CREATED.on_new(), answers.repeat(), async || {
        new.0.check(ctx.directory.calendar.local_date(ctx.call.moment.now.utc()))?;
        let office = office_at_first(&ctx, &new.0)?;
        let follow_up = FollowUp::new(new.0.clone(), office, ctx.staff().id, &ctx.call.moment);
        let making = FollowUpMaking::new(&follow_up, &ctx)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            let stored = making.write(tx)?;
            tx.about([stored.id]);
            tx.on_behalf_of(stored.office_id);
            answers.created(stored)
        })
    })
    .await
}

/// The office of a new follow-up before it is written. For a follow-up on a contact or a referral it is only the caller's first
/// office, which is replaced later by the office of the contact or referral.
fn office_at_first(ctx: &Context<FollowUpWriter>, new: &NewFollowUp) -> Result<OfficeId> {
    if new.contact_id.is_none() && new.referral_id.is_none() {
        return ctx.staff().creating_office(&ctx.directory, new.office_id.as_ref());
    }
    ctx.changeable().offices.first().copied().ok_or_else(|| Error::new(Problem::NoOffice))
}

/// Get a follow-up
///
/// Returns a follow-up of one of your own offices, open or done.
#[utoipa::path(
    operation_id = "getFollowUp",
    tag = "outreach",
    params(("id" = FollowUpId, Path, description = "The follow-up's identifier.")),
    responses((status = 200, description = "The follow-up.", body = FollowUpView)),
    security(("staffToken" = []))
)]
#[get("/follow-ups/{id}")]
async fn get_follow_up(ctx: Context<OutreachWorker>, id: Named<FollowUpId>) -> Result<HttpResponse> {
    let (id, scope) = (id.0, ctx.readable());
    let attempt = actions::FOLLOW_UP_READ.on(id).because(scope.reason);
    let read = move |conn: &mut _| store::find(conn, &scope, id);
    let seen = |follow_up: &SealedFollowUp, entry: Entry| entry.on_behalf_of(follow_up.office_id);
    let follow_up = ctx.read_recorded(attempt, read, seen).await?;
    let version = follow_up.version;
    let today = ctx.directory.calendar.local_date(ctx.call.moment.now.utc());
    let reader = MadeReferralReader::of(&ctx);
    let view = FollowUpView::new(follow_up.open(&ctx.vault)?, today, &ctx.call, reader).seen_by(&ctx.changeable());
    ctx.call.found(&view, Validator::Version(version), Cache::NoStore)
}

/// The completion of a follow-up: its result, with a contact and a referral that may have come of it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FollowUpResult {
    /// The result of the follow-up, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Träffade dem på torget; de vill prova."
    result: ConfidentialProse,
    /// The contact by which the follow-up was done, written down in the same transaction. It continues the contact that is followed up,
    /// unless it names another earlier contact.
    ///
    /// @x-example-omit true
    contact: Option<NewContact>,
    /// An internal referral, made in the same transaction: from the contact that is written down here, or else from the contact that is
    /// followed up.
    ///
    /// @x-example-omit true
    referral: Option<InternalReferral>,
}

/// Complete a follow-up
///
/// Completes a follow-up once, with its result. The contact by which it was done can be written down in the same call: either both are
/// recorded or neither.
#[utoipa::path(
    operation_id = "completeFollowUp",
    tag = "outreach",
    params(("id" = FollowUpId, Path, description = "The follow-up's identifier.")),
    request_body = FollowUpResult,
    responses(
        (status = 200, description = "The follow-up as it is now.", body = FollowUpView),
        (status = 409, description = "The follow-up was already completed, or the contact's identifier belongs to another contact."),
        (status = 412, description = "`If-Match` was given, and the follow-up has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([
            Problem::NoOffice, Problem::IdReused, Problem::EnteredInError, Problem::FollowUpDone, rules::PROBLEMS,
            consent::PROBLEMS,
        ])),
        ("x-answer-example" = json!({
            "version": 2,
            "doneAt": "2026-11-21T14:30:00Z",
            "doneBy": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e",
            "result": "Träffade dem på torget; de vill prova.",
        }))
    )
)]
#[post("/follow-ups/{id}/complete")]
async fn complete_follow_up(
    ctx: Context<OutreachWorker>,
    id: Named<FollowUpId>,
    body: Body<FollowUpResult>,
) -> Result<HttpResponse> {
    let (id, answers) = (id.0, FollowUpAnswers::new(&ctx));
    let says_protected = body.0.referral.as_ref().is_some_and(|referral| referral.child.is_said_to_be_protected());
    let attempt = actions::FOLLOW_UP_COMPLETED.on(id);
    ctx.write(attempt, answers.repeat_own_words(says_protected), async || {
        let FollowUpResult { result, contact, referral } = body.0.clone();
        let before = open_follow_up(&ctx, id, &result).await?;
        let arrival = match contact {
            Some(contact) => {
                let arrival = preparing::arrival_after(&ctx, contact, before.contact_id).await;
                Some(arrival.map_err(|error| error.within("/contact"))?)
            }
            None => None,
        };
        let report = match referral {
            Some(referral) => Some(next_report(&ctx, referral, &before, arrival.as_ref()).await?),
            None => None,
        };
        let words = FollowUpText {
            result: Some(result),
            next_contact_id: arrival.as_ref().map(|arrival| arrival.contact.id),
            next_referral_id: report.as_ref().map(|report| report.referral.id),
            ..FollowUpText::default()
        };
        let after = before.completed(words, ctx.staff().id, ctx.call.moment.now)?;
        let completion = FollowUpCompletion::new(&after, arrival, report, &ctx)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            completion.write(tx)?;
            tx.on_behalf_of(completion.office());
            let answer = answers.changed(tx, id)?;
            completion.hide_what_it_came_of(tx)?;
            Ok(answer)
        })
    })
    .await
}

/// Reads the follow-up that is to be completed, and checks `If-Match`. Under a service that records no identity it also checks that
/// the text `result` identifies nobody.
async fn open_follow_up(ctx: &Context<OutreachWorker>, id: FollowUpId, result: &ConfidentialProse) -> Result<FollowUp> {
    let scope = ctx.changeable();
    let read = move |conn: &mut _| {
        let before = store::find(conn, &scope, id)?;
        let service = store::service_of(conn, &before)?;
        Ok((before, service))
    };
    let (before, service) = ctx.read(read).await?;
    ctx.call.check_if_match_when_given(before.version)?;
    let before = before.open(&ctx.vault)?;
    if service.and_then(|id| ctx.directory.service(id)).is_some_and(|service| service.identity_exempt) {
        let mut rules = Rules::default();
        check_tells_nobody("/result", Some(result), &mut rules);
        rules.finish(Some(()))?;
    }
    Ok(before)
}

/// Prepares the internal referral that comes of the follow-up `before`: from the contact that arrives with the completion, or else
/// from the contact that is followed up. Fails if there is neither.
async fn next_report(
    ctx: &Context<OutreachWorker>,
    referral: InternalReferral,
    before: &FollowUp,
    arrival: Option<&ArrivingContact>,
) -> Result<Report> {
    let Some(contact) = arrival.map(|arrival| arrival.contact.id).or(before.contact_id) else {
        let nothing = Text::new("needs a contact that it is made from", "behöver en kontakt som den görs av");
        return Err(Error::invalid_at("/referral", nothing));
    };
    let office = arrival.map_or(before.office_id, |arrival| arrival.contact.office_id);
    let report = preparing::report(ctx, referral.into(), contact, office).await;
    report.map_err(|error| error.within("/referral"))
}
