//! The operations that read timelines.

use actix_web::{HttpResponse, get};

use crate::audit::{AuditAttempt, Entry, actions};
use crate::auth::TimelineReader;
use crate::context::Context;
use crate::error::Result;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::id::{FamilyId, PersonId};
use crate::timeline::TimelinePosition;
use crate::timeline::reading::{TimelineOf, TimelinePage, TimelineScope};
use crate::timeline::view::TimelineEvent;

/// Mounts the operations on timelines.
pub fn mount(api: &mut impl Mount) {
    api.service(get_person_timeline).service(get_family_timeline);
}

/// Get a person's timeline
///
/// Returns what happened to the person, newest first: the registration, changes of family that name a family which you may know of, and
/// the referrals and meetings in the field that you may know of, with offers, answers and follow-ups.
#[utoipa::path(
    operation_id = "getPersonTimeline",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person's identifier."), PagingParameters),
    responses((status = 200, description = "A page of the timeline.", body = Page<TimelineEvent>)),
    security(("staffToken" = []))
)]
#[get("/people/{id}/timeline")]
async fn get_person_timeline(
    ctx: Context<TimelineReader>,
    id: Named<PersonId>,
    paging: Paging,
) -> Result<HttpResponse> {
    answer(&ctx, actions::PERSON_TIMELINE_READ.on(id.0), TimelineOf::Person(id.0), &paging).await
}

/// Get a family's timeline
///
/// Returns what happened to the family and to the families that were merged into it, newest first: registrations, people who joined or
/// left, merges, referrals about the present members, and meetings in the field with offers, answers and follow-ups. The answer tells of
/// no person and no referral that you may not know of.
#[utoipa::path(
    operation_id = "getFamilyTimeline",
    tag = "families",
    params(("id" = FamilyId, Path, description = "The family's identifier."), PagingParameters),
    responses((status = 200, description = "A page of the timeline.", body = Page<TimelineEvent>)),
    security(("staffToken" = []))
)]
#[get("/families/{id}/timeline")]
async fn get_family_timeline(
    ctx: Context<TimelineReader>,
    id: Named<FamilyId>,
    paging: Paging,
) -> Result<HttpResponse> {
    answer(&ctx, actions::FAMILY_TIMELINE_READ.on(id.0), TimelineOf::Family(id.0), &paging).await
}

async fn answer(
    ctx: &Context<TimelineReader>,
    attempt: AuditAttempt,
    whose: TimelineOf,
    paging: &Paging,
) -> Result<HttpResponse> {
    let (from, limit, count) = (paging.from_among_cases::<TimelinePosition>(&ctx.call)?, paging.limit, paging.total);
    let (scope, shown) = (TimelineScope::new(ctx), paging.shown());
    let attempt = attempt.on_behalf_of(scope.people.only_office()).because(scope.people.reason);
    let read = move |conn: &mut _| TimelinePage::read(conn, whose, scope, &from, limit, count);
    let seen = move |page: &TimelinePage, entry: Entry| entry.also_about(page.cases(shown));
    let TimelinePage { happenings, known, total } = ctx.read_recorded(attempt, read, seen).await?;
    let found = PageRows::of_one_more(happenings, paging, total, |last| (last.at.micros(), last.id));
    let found = found.opened(|row| TimelineEvent::new(row, &known, &ctx.vault));
    Ok(ctx.call.give(found.answer(&ctx.call, paging, |event| event)?, Cache::NoStore))
}
