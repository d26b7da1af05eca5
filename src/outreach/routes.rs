//! The operations that write down contacts and read them.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{CaseScope, Desk, OutreachWorker, Staff, Tools};
use crate::db::{Db, DbConn, anew};
use crate::directory;
use crate::error::{Error, Problem, Result, Text};
use crate::families::reached;
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::idempotency::GONE;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::http::written::Written;
use crate::id::{FamilyId, OfficeId, OutreachContactId, StaffId};
use crate::idempotency::Slot;
use crate::outreach::answers::{again, answer, entry, look};
use crate::outreach::arrival::{self, ArrivingContact};
use crate::outreach::codes::{Channel, ContactOutcome};
use crate::outreach::follow_ups::FollowUp;
use crate::outreach::follow_ups::store::SealedFollowUp;
use crate::outreach::reports::Report;
use crate::outreach::store::{self, ContactFilter, SealedContact};
use crate::outreach::view::{ContactRow, ContactView};
use crate::outreach::{
    ContactSetting, NewContact, OutreachContact, batch_routes, change_routes, follow_ups, offers, reports, rules,
};
use crate::people::store as people_store;
use crate::referrals::Urgency;
use crate::referrals::matter::NewReferral;
use crate::referrals::matter::child::Child;
use crate::time::{Timestamp, day};
use crate::vault::Vault;

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
async fn create_contact(
    OutreachWorker(staff): OutreachWorker,
    tools: Tools,
    new: Body<NewContact>,
) -> Result<HttpResponse> {
    let field = Desk::new(staff, tools);
    let says_protected = new.0.child.as_ref().is_some_and(Child::is_said_to_be_protected);
    let replay = again("outreach_contact.created.replayed", &field.sight().of_own_words(says_protected));
    let receive = async |slot: Slot| field.receive(new.0, slot).await;
    field.call.send(field.noted(field.retries.once(&field.call, field.caller.actor(), replay, receive).await)?)
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
    OutreachWorker(staff): OutreachWorker,
    tools: Tools,
    id: Named<OutreachContactId>,
    new: Body<NewContact>,
) -> Result<HttpResponse> {
    let (id, mut new) = (id.0, new.0);
    if new.id.is_some_and(|other| other != id) {
        let other = Text::new("is not the identifier in the path", "är inte identifieraren i sökvägen");
        return Err(Error::invalid_at("/id", other));
    }
    new.id = Some(id);
    let field = Desk::new(staff, tools);
    field.call.send(field.noted(field.receive(new, Slot::none()).await)?)
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
async fn get_contact(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<OutreachContactId>,
) -> Result<HttpResponse> {
    let (id, directory) = (id.0, directory.current());
    let (sight, own) = (staff.sight(&directory), staff.own_sight(&directory));
    let reason = sight.reason;
    let attempt = || entry(&staff, &call, "outreach_contact.read", vec![id]).because(reason);
    let entry = attempt();
    let record = move |conn: &mut DbConn, (contact, _): &(SealedContact, Option<bool>)| {
        audit::record(conn, &entry.on_behalf_of(contact.office_id))
    };
    let found = db.read_recorded(move |conn| look(conn, &sight, id), record).await;
    let (contact, newly_reached) = denials.noted(found, attempt)?;
    let version = contact.version;
    let view = ContactView::new(contact.open(&vault)?, newly_reached, &call).seen_by(&own);
    call.found(&view, Validator::Version(version), Cache::NoStore)
}

/// The filters of a list of contacts.
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
    /// Lists only contacts through this channel.
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
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    query: Query<ContactQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let filter = query.0.filter();
    let sight = staff.sight(&directory.current());
    let entry = entry(&staff, &call, "outreach_contact.listed", Vec::new())
        .on_behalf_of(sight.office_of(filter.office))
        .because(sight.reason);
    let (from, limit, count) = (paging.from_among_cases(&call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let read = move |conn: &mut DbConn| {
        let total = if count { Some(store::count(conn, &sight, &filter)?) } else { None };
        let rows = store::page(conn, &sight, &filter, &from, limit)?;
        let families: Vec<FamilyId> = rows.iter().filter_map(|contact| contact.family_id).collect();
        let first = reached::first(conn, &families, sight.protected_identity)?;
        let newly_reached =
            |contact: &SealedContact| contact.family_id.map(|family| arrival::is_first(contact, first.get(&family)));
        let rows: Vec<_> = rows.into_iter().map(|contact| (newly_reached(&contact), contact)).collect();
        Ok((rows, total))
    };
    let record = move |conn: &mut DbConn, (rows, _): &(Vec<(Option<bool>, SealedContact)>, Option<u64>)| {
        let seen = rows.iter().take(shown).map(|(_, contact)| contact.id.uuid());
        audit::record(conn, &entry.about(seen.collect()))
    };
    let (rows, total) = db.read_recorded(read, record).await?;
    let found = PageRows::of_one_more(rows, &paging, total, |(_, last)| (last.occurred_at.micros(), last.id));
    let found = found.try_map(|(newly_reached, contact)| Ok(ContactRow::new(contact.open(&vault)?, newly_reached)))?;
    Ok(call.give(found.answer(&call, &paging, |row| row)?, Cache::NoStore))
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

/// The work for a member of staff who sends contacts from the field.
impl Desk<Staff> {
    /// The cases that the worker may know of.
    pub(super) fn sight(&self) -> CaseScope {
        self.caller.own_sight(&self.directory)
    }

    /// Records as denied what a contact names and the worker may not know of.
    pub(super) fn noted<T>(&self, outcome: Result<T>) -> Result<T> {
        self.denials.noted(outcome, || entry(&self.caller, &self.call, "outreach_contact.created", Vec::new()))
    }

    /// Checks a contact that arrives, as far as possible without the database, and seals it.
    pub(super) async fn arrival(&self, new: NewContact) -> Result<ArrivingContact> {
        let sent = self.fingerprint(&new)?;
        self.arrival_of(new, sent).await
    }

    /// Does the work of `arrival` for a contact to which something was added that its worker did not send. `sent` is the fingerprint of
    /// the content that was sent.
    pub(super) async fn arrival_of(&self, new: NewContact, sent: [u8; 32]) -> Result<ArrivingContact> {
        let office = self.caller.creating_office(&self.directory, new.office_id.as_ref())?;
        let may_be_there = new.id.is_some();
        let promise = new.follow_up.clone();
        let (moment, vault) = (&self.call.moment, &self.vault);
        let setting = ContactSetting { office, directory: &self.directory, now: moment.now, before: None };
        let concern = match new.urgency {
            Some(Urgency::Immediate) => reports::concern(&new, reports::reporter(&self.caller)?),
            _ => None,
        };
        let mut contact = OutreachContact::new(new, &setting, self.caller.id, sent, moment)?;
        let report = match concern {
            Some(concern) => Some(self.report(concern, contact.id, office).await?),
            None => None,
        };
        contact.record.referral_id = report.as_ref().map(|report| report.referral.id);
        let follow_up = match FollowUp::of_contact(promise, &contact) {
            Some(follow_up) => Some(SealedFollowUp::new(&follow_up, vault, &moment.random)?),
            None => None,
        };
        let arrival = ArrivingContact::new(&contact, follow_up, may_be_there, vault, &moment.random)?;
        Ok(ArrivingContact { report, ..arrival })
    }

    /// Makes the referral that a contact of this office becomes, routed by what is known of the child.
    pub(super) async fn report(
        &self,
        new: NewReferral,
        contact: OutreachContactId,
        office: OfficeId,
    ) -> Result<Report> {
        let (call, staff) = (&self.call, &self.caller);
        let known = match Report::number(&new, &self.vault) {
            Some(number) => self.db.read(move |conn| people_store::first_with_number(conn, &number)).await?,
            None => None,
        };
        let action = "referral.created";
        let entry = Entry::of_call(call, staff.actor(), action, "referral", Vec::new()).on_behalf_of(office);
        Report::new(new, (contact, staff.id), known, &self.directory, &self.vault, &call.moment, entry)
    }

    /// The hash by which the same content is recognised, whichever operation it is sent to. The hash is keyed, since the content tells
    /// where somebody is.
    pub(super) fn fingerprint(&self, new: &NewContact) -> Result<[u8; 32]> {
        let content = serde_json::to_vec(&NewContact { id: None, ..new.clone() }).map_err(Error::internal)?;
        Ok(self.retries.fingerprint(&content))
    }

    /// The audit records of contacts that arrive on behalf of an office: one for contacts that are created, one for contacts that existed
    /// before.
    pub(super) fn entries(&self, office: OfficeId) -> (Entry, Entry) {
        let of = |action| entry(&self.caller, &self.call, action, Vec::new()).on_behalf_of(office);
        (of("outreach_contact.created"), of("outreach_contact.created.replayed"))
    }

    async fn receive(&self, new: NewContact, slot: Slot) -> Result<Written> {
        // The same contact may arrive at this moment, or the child of its report may become known. Then the work is done again.
        anew(false, async || self.receive_once(self.arrival(new.clone()).await?, slot.clone()).await).await
    }

    async fn receive_once(&self, arrival: ArrivingContact, slot: Slot) -> Result<Written> {
        let (created, known) = self.entries(arrival.contact.office_id);
        let (sight, links, vault) = (self.sight(), self.call.links(), self.vault.get_ref().clone());
        let work = move |conn: &mut DbConn| {
            let mut outcomes = arrival::receive(conn, &sight, std::slice::from_ref(&arrival))?;
            let nothing = || Error::internal("a contact came to nothing");
            let arrived = outcomes.pop().ok_or_else(nothing)??;
            let id = arrived.contact.id.uuid();
            let entry = if arrived.is_new { &created } else { &known };
            audit::record(conn, &entry.clone().about(vec![id]))?;
            let answer = answer(arrived, &vault, &links)?;
            slot.keep(conn, id, &answer)?;
            Ok(answer)
        };
        self.db.write(work).await
    }
}
