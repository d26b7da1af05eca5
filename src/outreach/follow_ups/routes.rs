//! The operations that list, write down, read and complete follow-ups.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{CaseScope, Desk, FollowUpWriter, OutreachWorker, Staff, Tools};
use crate::db::{Db, DbConn, anew};
use crate::directory;
use crate::error::{Error, Problem, Result, Text};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::idempotency::GONE;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::http::written::Written;
use crate::id::{FollowUpId, OutreachContactId, StaffId};
use crate::idempotency::{Replay, Retries, Slot};
use crate::outreach::arrival::{self, ArrivedContact, ArrivingContact};
use crate::outreach::follow_ups::store::{self, FollowUpFilter, SealedFollowUp};
use crate::outreach::follow_ups::view::FollowUpView;
use crate::outreach::follow_ups::{FollowUp, FollowUpText, NewFollowUp, placing};
use crate::outreach::reports::{InternalReferral, Report};
use crate::outreach::{NewContact, check_tells_nobody, rules, store as contact_store};
use crate::referrals::matter::consent;
use crate::rules::Rules;
use crate::time::day;
use crate::vault::{ConfidentialProse, Vault};

/// Mounts the operations on follow-ups.
pub fn mount(api: &mut impl Mount) {
    api.service(list_follow_ups).service(create_follow_up).service(get_follow_up).service(complete_follow_up);
}

/// The filters of a worklist.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorklistQuery {
    /// Lists only follow-ups that are due before this day.
    #[serde(default, deserialize_with = "day::optional")]
    #[param(example = "2026-12-05")]
    due_before: Option<NaiveDate>,
    /// Lists only follow-ups whose day is over, or with `false` only follow-ups whose day is not over.
    overdue: Option<bool>,
    /// Lists only follow-ups of this member of staff. For your own, give the `staffId` of `/me`.
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
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    query: Query<WorklistQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let today = directory.calendar.local_date(call.moment.now.utc());
    let WorklistQuery { due_before, overdue, owner_id } = query.0;
    let filter = FollowUpFilter { due_before, overdue: overdue.map(|overdue| (overdue, today)), owner: owner_id };
    let (sight, own) = (staff.sight(&directory), staff.own_sight(&directory));
    let entry =
        entry(&staff, &call, "follow_up.listed", Vec::new()).on_behalf_of(sight.only_office()).because(sight.reason);
    let (from, limit, count) = (paging.from_among_cases(&call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let read = move |conn: &mut DbConn| {
        let total = if count { Some(store::count(conn, &sight, &filter)?) } else { None };
        Ok((store::page(conn, &sight, &filter, &from, limit)?, total))
    };
    let record = move |conn: &mut DbConn, (rows, _): &(Vec<SealedFollowUp>, Option<u64>)| {
        let seen = rows.iter().take(shown).map(|follow_up| follow_up.id.uuid());
        audit::record(conn, &entry.about(seen.collect()))
    };
    let (rows, total) = db.read_recorded(read, record).await?;
    let found = PageRows::of_one_more(rows, &paging, total, |last| (last.due_on, last.id));
    let found = found.try_map(|row| row.open(&vault))?;
    let answer = found.answer(&call, &paging, |follow_up| FollowUpView::new(follow_up, today, &call).seen_by(&own))?;
    Ok(call.give(answer, Cache::NoStore))
}

/// Promise a follow-up
///
/// Writes down a promise to get back to those of a contact, of a referral or of a family. The follow-up belongs to the office of the
/// contact or referral; the owner is one of that office's staff.
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
async fn create_follow_up(
    FollowUpWriter { field: staff, cases: reader }: FollowUpWriter,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    new: Body<NewFollowUp>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let today = directory.calendar.local_date(call.moment.now.utc());
    let (sight, cases) = (staff.own_sight(&directory), reader.own_sight(&directory));
    let replay = again("follow_up.created.replayed", &sight);
    let create = async |slot: Slot| {
        new.0.check(today)?;
        let office = match new.0.contact_id.is_none() && new.0.referral_id.is_none() {
            true => Some(staff.creating_office(&directory, new.0.office_id.as_ref())?),
            false => None,
        };
        // The contact or referral that is followed up tells which office the follow-up belongs to.
        let nowhere_yet = office.or(sight.offices.first().copied()).ok_or_else(|| Error::new(Problem::NoOffice))?;
        let note = new.0.note.clone();
        let follow_up = FollowUp::new(new.0, nowhere_yet, staff.id, &call.moment);
        let sealed = SealedFollowUp::new(&follow_up, &vault, &call.moment.random)?;
        let entry = entry(&staff, &call, "follow_up.created", vec![follow_up.id]);
        let (links, seal, sight, by) = (call.links(), vault.get_ref().clone(), sight.clone(), staff.id);
        let work = move |conn: &mut DbConn| {
            let placed = placing::place(conn, &sight, &cases, sealed.clone(), by)?;
            if placed.service_id.and_then(|id| directory.service(id)).is_some_and(|service| service.identity_exempt) {
                let mut rules = Rules::default();
                let named = Text::new("names somebody", "anger vem någon är");
                let is_named = placed.follow_up.family_id.is_some();
                rules.require_or(Problem::IdentityNotRecorded, !is_named, "/familyId", named);
                check_tells_nobody("/note", note.as_ref(), &mut rules);
                rules.finish(Some(()))?;
            }
            let follow_up = placed.follow_up;
            store::insert(conn, std::slice::from_ref(&follow_up))?;
            audit::record(conn, &entry.clone().on_behalf_of(follow_up.office_id))?;
            let (id, version) = (follow_up.id, follow_up.version);
            let view = FollowUpView::new(follow_up.open(&seal)?, today, &links);
            let answer = Written::created(&links, &path(id), &view, Validator::Version(version))?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    let created = retries.once(&call, staff.actor(), replay, create).await;
    call.send(denials.noted(created, || entry(&staff, &call, "follow_up.created", Vec::new()))?)
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
async fn get_follow_up(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<FollowUpId>,
) -> Result<HttpResponse> {
    let (id, directory) = (id.0, directory.current());
    let (sight, own) = (staff.sight(&directory), staff.own_sight(&directory));
    let reason = sight.reason;
    let attempt = || entry(&staff, &call, "follow_up.read", vec![id]).because(reason);
    let entry = attempt();
    let record = move |conn: &mut DbConn, follow_up: &SealedFollowUp| {
        audit::record(conn, &entry.on_behalf_of(follow_up.office_id))
    };
    let found = db.read_recorded(move |conn| store::find(conn, &sight, id), record).await;
    let follow_up = denials.noted(found, attempt)?;
    let version = follow_up.version;
    let today = directory.calendar.local_date(call.moment.now.utc());
    let view = FollowUpView::new(follow_up.open(&vault)?, today, &call).seen_by(&own);
    call.found(&view, Validator::Version(version), Cache::NoStore)
}

/// The completion of a follow-up: its result, with a contact and a referral that came of it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FollowUpResult {
    /// The result of the follow-up.
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
    OutreachWorker(staff): OutreachWorker,
    tools: Tools,
    id: Named<FollowUpId>,
    body: Body<FollowUpResult>,
) -> Result<HttpResponse> {
    let id = id.0;
    let field = Desk::new(staff, tools);
    let sight = field.sight();
    let says_protected = body.0.referral.as_ref().is_some_and(|referral| referral.child.is_said_to_be_protected());
    let replay = again("follow_up.completed.replayed", &sight.of_own_words(says_protected));
    let attempt = || entry(&field.caller, &field.call, "follow_up.completed", vec![id]);
    let once = async |slot: Slot| {
        let (staff, call, vault) = (&field.caller, &field.call, &field.vault);
        let seen = sight.clone();
        let read = move |conn: &mut DbConn| {
            let before = store::find(conn, &seen, id)?;
            let service = store::service_of(conn, &before)?;
            Ok((before, service))
        };
        let (before, service) = field.db.read(read).await?;
        call.check_if_match_when_given(before.version)?;
        let before = before.open(vault)?;
        let FollowUpResult { result, contact, referral } = body.0.clone();
        if service.and_then(|id| field.directory.service(id)).is_some_and(|service| service.identity_exempt) {
            let mut rules = Rules::default();
            check_tells_nobody("/result", Some(&result), &mut rules);
            rules.finish(Some(()))?;
        }
        let arrival = match contact {
            Some(mut contact) => {
                // A device may send the same contact in several ways, so the fingerprint is made of the content that it sent.
                let sent = field.fingerprint(&contact)?;
                contact.previous_contact_id = contact.previous_contact_id.or(before.contact_id);
                Some(field.arrival_of(contact, sent).await.map_err(|error| error.within("/contact"))?)
            }
            None => None,
        };
        let next_contact_id = arrival.as_ref().map(|arrival| arrival.contact.id);
        let report = match (referral, next_contact_id.or(before.contact_id)) {
            (None, _) => None,
            (Some(referral), Some(contact)) => {
                let office = arrival.as_ref().map_or(before.office_id, |arrival| arrival.contact.office_id);
                let report = field.report(referral.into(), contact, office).await;
                Some(report.map_err(|error| error.within("/referral"))?)
            }
            (Some(_), None) => {
                let nothing = Text::new("needs a contact that it is made from", "behöver en kontakt som den görs av");
                return Err(Error::invalid_at("/referral", nothing));
            }
        };
        let next_referral_id = report.as_ref().map(|report| report.referral.id);
        let words = FollowUpText { result: Some(result), next_contact_id, next_referral_id, ..FollowUpText::default() };
        let after = before.completed(words, staff.id, call.moment.now)?;
        let sealed = SealedFollowUp::new(&after, vault, &call.moment.random)?;
        let entry = attempt().on_behalf_of(before.office_id);
        let contact = arrival.map(|arrival| (field.entries(arrival.contact.office_id), arrival));
        let next = Next { contact, followed: before.contact_id, report };
        let today = field.directory.calendar.local_date(call.moment.now.utc());
        let (links, seal, sight) = (call.links(), vault.get_ref().clone(), sight.clone());
        let work = move |conn: &mut DbConn| {
            next.write(conn, &sight)?;
            store::complete(conn, &sealed)?;
            audit::record(conn, &entry)?;
            let follow_up = store::find(conn, &sight, id)?;
            next.hide_what_it_came_of(conn)?;
            let version = follow_up.version;
            let view = FollowUpView::new(follow_up.open(&seal)?, today, &links);
            let answer = Written::changed(&view, Validator::Version(version))?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        field.db.write(work).await
    };
    let complete = async |slot: Slot| anew(field.call.names_a_version(), async || once(slot.clone()).await).await;
    let completed = field.retries.once(&field.call, field.caller.actor(), replay, complete).await;
    field.call.send(field.denials.noted(completed, attempt)?)
}

/// The contact and the referral that come of a follow-up, besides its result.
struct Next {
    /// The contact by which the follow-up was done, with two audit records: one for a new contact, one for a contact that existed before.
    contact: Option<((Entry, Entry), ArrivingContact)>,
    /// The contact that is followed up.
    followed: Option<OutreachContactId>,
    /// The referral that is made from the new contact, or else from the contact that is followed up.
    report: Option<Report>,
}

impl Next {
    fn write(&self, conn: &mut DbConn, sight: &CaseScope) -> Result<()> {
        let mut arrived_in_error = None;
        if let Some(((created, known), arrival)) = &self.contact {
            let mut outcomes = arrival::receive(conn, sight, std::slice::from_ref(arrival))?;
            let nothing = || Error::internal("a contact came to nothing");
            let arrived: ArrivedContact =
                outcomes.pop().ok_or_else(nothing)?.map_err(|error| error.within("/contact"))?;
            let entry = if arrived.is_new { created } else { known };
            audit::record(conn, &entry.clone().about(vec![arrived.contact.id.uuid()]))?;
            arrived_in_error = Some(arrived.contact.in_error);
        }
        let Some(report) = &self.report else { return Ok(()) };
        let is_in_error = match (arrived_in_error, self.followed) {
            (Some(in_error), _) => in_error,
            (None, Some(followed)) => contact_store::hold(conn, sight, followed)?.in_error,
            (None, None) => false,
        };
        if is_in_error { Err(Error::new(Problem::EnteredInError)) } else { report.write(conn) }
    }

    /// Hides the follow-up and the contact if the referral's child is said to be protected, since they tell as much as the referral. The
    /// follow-up must be written before: it leads to the referral.
    fn hide_what_it_came_of(&self, conn: &mut DbConn) -> Result<()> {
        match &self.report {
            Some(report) if report.says_protected => contact_store::protect_source(conn, report.referral.id),
            _ => Ok(()),
        }
    }
}

fn entry(staff: &Staff, call: &Call, action: &'static str, ids: Vec<FollowUpId>) -> Entry {
    let ids = ids.into_iter().map(FollowUpId::uuid).collect();
    Entry::of_call(call, staff.actor(), action, "follow_up", ids)
}

/// Checks that the caller may still know of the follow-up that a kept answer is about.
fn again(
    action: &'static str,
    sight: &CaseScope,
) -> Replay<impl Fn(&mut DbConn, Uuid) -> Result<()> + Clone + Send + 'static> {
    let sight = sight.clone();
    let may_see = move |conn: &mut DbConn, id| store::find(conn, &sight, FollowUpId::from_uuid(id)).map(drop);
    Replay { action, resource_type: "follow_up", may_see }
}

fn path(id: FollowUpId) -> String {
    format!("/follow-ups/{id}")
}
