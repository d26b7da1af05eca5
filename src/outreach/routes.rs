//! The operations that write down an outreach contact, read one, and list them.

use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::{AuditAction, Entry, actions};
use crate::auth::OutreachWorker;
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
use crate::id::{OfficeId, OutreachContactId, StaffId};
use crate::outreach::answers::ContactAnswers;
use crate::outreach::codes::{Channel, ContactOutcome};
use crate::outreach::finding::{self, FoundContact};
use crate::outreach::made_referrals::MadeReferralReader;
use crate::outreach::preparing::{self, ArrivalEntries};
use crate::outreach::store::{self, ContactFilter};
use crate::outreach::view::{ContactRow, ContactView};
use crate::outreach::{NewContact, arrival, batch_routes, change_routes, follow_ups, offers, rules};
use crate::referrals::matter::child::Child;
use crate::time::{Timestamp, day};

/// Mounts the operations on contacts, and on their offers and follow-ups.
pub fn mount(api: &mut impl Mount) {
    api.service(create_contact)
        .service(batch_routes::submit_batch)
        .service(list_contacts)
        .service(put_contact)
        .service(get_contact)
        .service(change_routes::correct_contact)
        .service(change_routes::list_versions)
        .service(change_routes::enter_in_error);
    offers::routes::mount(api);
    follow_ups::routes::mount(api);
}

/// Write down a contact
///
/// Writes down a meeting in the field, on behalf of your office. A client that makes the identifier itself may send the contact again:
/// the same content is answered with 200 and the contact as it is now. Coordinates are turned into a district and are kept nowhere.
#[utoipa::path(
    operation_id = "createOutreachContact",
    tag = "outreach",
    request_body = NewContact,
    responses(
        (status = 201, description = "The new contact.", body = ContactView),
        (status = 200, description = "The contact already exists. The answer shows it as it is now.", body = ContactView),
        (status = 404, description = GONE),
        (status = 409, description = "The identifier belongs to another contact.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::NoOffice, Problem::IdReused, rules::PROBLEMS])),
        ("x-answer-example" = json!({ "familyId": null, "newlyReached": null }))
    )
)]
#[post("/outreach-contacts")]
async fn create_contact(ctx: Context<OutreachWorker>, new: Body<NewContact>) -> Result<HttpResponse> {
    receive(&ctx, actions::OUTREACH_CONTACT_CREATED, new.0).await
}

/// Write down a contact under an identifier of your own
///
/// Writes down a contact whose identifier, a UUIDv7, is made by the client. A client in the field sends the contact as often as the
/// network requires. The first call creates the contact; the same content again is answered with 200 and the contact as it is now,
/// corrections included. Nothing is ever replaced: other content, or an identifier of somebody else's contact, is answered with 409. Use
/// PATCH to correct a contact.
#[utoipa::path(
    operation_id = "putOutreachContact",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The identifier that the client made.")),
    request_body = NewContact,
    responses(
        (status = 201, description = "The new contact.", body = ContactView),
        (status = 200, description = "The contact already exists. The answer shows it as it is now.", body = ContactView),
        (status = 409, description = "The identifier belongs to another contact.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::NoOffice, Problem::IdReused, rules::PROBLEMS])),
        ("x-no-if-match" = json!(true)),
        ("x-answer-example" = json!({ "familyId": null, "newlyReached": null }))
    )
)]
#[put("/outreach-contacts/{id}")]
async fn put_contact(
    ctx: Context<OutreachWorker>,
    id: Named<OutreachContactId>,
    new: Body<NewContact>,
) -> Result<HttpResponse> {
    let (id, mut new) = (id.0, new.0);
    if new.id.is_some_and(|other| other != id) {
        let other = Text::new("is not the identifier in the path", "är inte identifieraren i sökvägen");
        return Err(Error::invalid_at("/id", other));
    }
    new.id = Some(id);
    receive(&ctx, actions::OUTREACH_CONTACT_PUT, new).await
}

/// Writes down a contact, for both operations that do so. The contact is prepared again if the same contact arrives by another call
/// at this moment, or if the child of its concern report becomes known.
async fn receive(ctx: &Context<OutreachWorker>, action: AuditAction, new: NewContact) -> Result<HttpResponse> {
    let answers = ContactAnswers::new(ctx);
    let says_protected = new.child.as_ref().is_some_and(Child::is_said_to_be_protected);
    ctx.write(action.on_new(), answers.repeat_own_words(says_protected), async || {
        let arrival = preparing::arrival(ctx, new.clone()).await?;
        let entries = ArrivalEntries::new(ctx, arrival.contact.office_id);
        let (answers, scope) = (answers.clone(), ctx.changeable());
        Ok(move |tx: &mut Tx| {
            let arrived = arrival::receive_one(tx, &scope, &arrival)?;
            tx.record_instead(entries.of_one(&arrived));
            answers.received(arrived)
        })
    })
    .await
}

/// Get a contact
///
/// Returns a contact of one of your own offices. Contacts with people whose identity is protected exist only for staff who are cleared
/// for protected identities. The reading is recorded before the answer is sent.
#[utoipa::path(
    operation_id = "getOutreachContact",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier.")),
    responses((status = 200, description = "The contact.", body = ContactView)),
    security(("staffToken" = []))
)]
#[get("/outreach-contacts/{id}")]
async fn get_contact(ctx: Context<OutreachWorker>, id: Named<OutreachContactId>) -> Result<HttpResponse> {
    let (id, scope) = (id.0, ctx.readable());
    let attempt = actions::OUTREACH_CONTACT_READ.on(id).because(scope.reason);
    let read = move |conn: &mut _| finding::find(conn, &scope, id);
    let seen = |found: &FoundContact, entry: Entry| entry.on_behalf_of(found.contact.office_id);
    let FoundContact { contact, newly_reached } = ctx.read_recorded(attempt, read, seen).await?;
    let version = contact.version;
    let reader = MadeReferralReader::of(&ctx);
    let view = ContactView::new(contact.open(&ctx.vault)?, newly_reached, &ctx.call, reader).seen_by(&ctx.changeable());
    ctx.call.found(&view, Validator::Version(version), Cache::NoStore)
}

/// The conditions by which a list of contacts is filtered.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContactQuery {
    /// Lists only contacts of this office.
    office_id: Option<OfficeId>,
    /// Lists only contacts that began at this time or later.
    occurred_from: Option<Timestamp>,
    /// Lists only contacts that began before this time.
    occurred_to: Option<Timestamp>,
    /// Lists only contacts made through this channel.
    channel: Option<Channel>,
    /// Lists only contacts with this outcome.
    outcome: Option<ContactOutcome>,
    /// Lists only contacts of this worker.
    worker_id: Option<StaffId>,
    /// Lists only contacts with an open follow-up that is due before this day.
    #[serde(default, deserialize_with = "day::optional")]
    #[param(example = "2026-12-05")]
    follow_up_due_before: Option<NaiveDate>,
}

/// List contacts
///
/// Returns the contacts of your own offices, the newest first, without free text. Contacts that were entered in error are left out. Walk
/// long lists by the `next` links. One audit record names every contact that the page shows.
#[utoipa::path(
    operation_id = "listOutreachContacts",
    tag = "outreach",
    params(ContactQuery, PagingParameters),
    responses((status = 200, description = "A page of contacts.", body = Page<ContactRow>)),
    security(("staffToken" = []))
)]
#[get("/outreach-contacts")]
async fn list_contacts(
    ctx: Context<OutreachWorker>,
    query: Query<ContactQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let (filter, scope) = (query.0.filter(), ctx.readable());
    let attempt =
        actions::OUTREACH_CONTACT_LISTED.on_new().on_behalf_of(scope.office_of(filter.office)).because(scope.reason);
    let (from, limit, count) = (paging.from_among_cases(&ctx.call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let read = move |conn: &mut _| {
        let total = if count { Some(store::count(conn, &scope, &filter)?) } else { None };
        Ok((finding::page(conn, &scope, &filter, &from, limit)?, total))
    };
    let seen = move |(rows, _): &(Vec<FoundContact>, Option<u64>), entry: Entry| {
        entry.about(rows.iter().take(shown).map(|found| found.contact.id.uuid()).collect())
    };
    let (rows, total) = ctx.read_recorded(attempt, read, seen).await?;
    let position = |last: &FoundContact| (last.contact.occurred_at.micros(), last.contact.id);
    let found = PageRows::of_one_more(rows, &paging, total, position);
    let found = found.opened(|row| Ok(ContactRow::new(row.contact.open(&ctx.vault)?, row.newly_reached)));
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, |row| row)?, Cache::NoStore))
}

impl ContactQuery {
    fn filter(self) -> ContactFilter {
        ContactFilter {
            office: self.office_id,
            from: self.occurred_from,
            to: self.occurred_to,
            channel: self.channel,
            outcome: self.outcome,
            worker: self.worker_id,
            follow_up_due_before: self.follow_up_due_before,
        }
    }
}
