//! People over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::audit::client::Client;
use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{PeopleWorker, Sight, Staff};
use crate::db::{Db, DbConn};
use crate::directory::{self, Directory};
use crate::error::{Error, Problem, Result, Text};
use crate::families::membership::By;
use crate::families::{self, FamilyEventKind};
use crate::http::answer::Validator;
use crate::http::body::{Body, BodyWithNulls};
use crate::http::call::{Cache, Call};
use crate::http::path::Named;
use crate::http::written::{Linking, Written};
use crate::id::{FamilyId, PersonId};
use crate::idempotency::{Replay, Retries, Slot};
use crate::people::store::{self, SealedPerson, Taken};
use crate::people::{KnownPerson, NewPerson, Person, PersonView, change_routes, search_routes};
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse, Vault};

/// The operations on people.
pub fn routes(api: &mut ServiceConfig) {
    api.service(create_person)
        .service(search_routes::search_people)
        .service(get_person)
        .service(change_routes::change_person)
        .service(move_person);
}

/// How often a change is tried that lost against another one at the same time.
pub(super) const ATTEMPTS: u8 = 3;

/// To which family a person moves, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonMove {
    /// The family; null for none.
    ///
    /// @x-nullable true
    // What is required is that it is said: a field that is only forgotten must take nobody out of a family.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(required)]
    family_id: Option<FamilyId>,
    /// Why.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Bor numera hos sin pappa."
    reason: ConfidentialProse,
}

fn given_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<FamilyId>, D::Error> {
    Option::deserialize(deserializer)
}

/// A person as far as somebody may know of them.
pub(super) struct Found {
    pub(super) person: SealedPerson,
    family_id: Option<FamilyId>,
    same_number: Vec<PersonId>,
}

/// Register a person
///
/// Somebody whom your office has met, by as much as is known. An identity number that is known already is answered with 200 and
/// with who it is, by identifier and name and no more: the rest becomes visible once a referral or a contact of your own office is
/// about the same person. That a number was named is recorded.
#[utoipa::path(
    operation_id = "createPerson",
    tag = "people",
    request_body = NewPerson,
    responses(
        (status = 201, description = "The new person.", body = PersonView),
        (status = 200, description = "The identity number is known already: this is who it is.", body = KnownPerson)
    ),
    security(("staffToken" = []))
)]
#[post("/people")]
async fn create_person(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    new: Body<NewPerson>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let office = staff.creating_office(&directory, new.0.office_id.as_ref())?;
    let family = new.0.family_id;
    let person = Person::register(new.0, &directory, &call.moment)?;
    let sealed = SealedPerson::new(&person, &vault, &call.moment.random)?;
    let words = store::name_hashes(&vault, &person.written.full_name());
    let by = by(&staff, &directory, &call);
    let (created, linked) = (
        entry(&staff, &directory, &call, "person.created", vec![person.id]).on_behalf_of(office),
        entry(&staff, &directory, &call, "person.linked", Vec::new()).on_behalf_of(office),
    );
    let (links, now, seal) = (call.links(), call.moment.now, vault.get_ref().clone());
    let replay = again("person.created.replayed", &by.sight);
    let register = move |conn: &mut DbConn, slot: &Slot| {
        let mut sealed = sealed.clone();
        if let Some(family) = family {
            by.check_can_be_joined(conn, family, "/familyId")?;
        }
        match store::taken(conn, &by.sight, sealed.number_hash.as_deref(), sealed.id)? {
            // Nothing was done, so nothing is kept: who asks again is told the same, or what became true meanwhile.
            Taken::By(known) => {
                slot.check_free(conn)?;
                audit::record(conn, &linked.clone().about(vec![known.id.uuid()]))?;
                return Ok(Written::changed(&KnownPerson::from(known.open(&seal)?), Validator::Content)?.told_whole());
            }
            Taken::Free(free) => sealed.number_slot = free,
        }
        sealed.family_id = family;
        store::insert(conn, &sealed, &words, office)?;
        if let Some(family) = family {
            let joined = by.event(FamilyEventKind::Moved, Some(sealed.id), None, Some(family));
            families::store::remember(conn, &[joined])?;
            families::store::members_changed(conn, family)?;
        }
        audit::record(conn, &created)?;
        let same_number = same_number(conn, &by.sight, &sealed)?;
        let (id, version) = (sealed.id, sealed.version);
        let view = view(Found { person: sealed, family_id: family, same_number }, &seal, &directory, &links, now)?;
        let answer = Written::created(&links, &path(id), &view, Validator::Version(version))?;
        slot.keep(conn, id.uuid(), &answer)?;
        Ok(answer)
    };
    let create = async |slot: Slot| {
        let mut attempt = 1;
        loop {
            let (register, slot) = (register.clone(), slot.clone());
            match db.write(move |conn| register(conn, &slot)).await {
                // Somebody else registered the same number in this moment.
                Err(error) if error.problem() == Problem::AlreadyExists && attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    };
    call.send(retries.once(&call, staff.actor(), replay, create).await?)
}

/// Get a person
///
/// A person whom one of your own offices has met: for everyone else, and for staff who are not cleared also if the person's
/// identity is protected, there is no such person. The reading is recorded before the answer leaves.
#[utoipa::path(
    operation_id = "getPerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person's identifier.")),
    responses((status = 200, description = "The person.", body = PersonView)),
    security(("staffToken" = []))
)]
#[get("/people/{id}")]
async fn get_person(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<PersonId>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let (id, sight) = (id.0, staff.sight(&directory));
    let reason = sight.reason;
    let attempt = || entry(&staff, &directory, &call, "person.read", vec![id]).because(reason);
    let entry = attempt();
    let found = db.read_recorded(move |conn| look(conn, &sight, id), move |conn, _| audit::record(conn, &entry)).await;
    let found = denials.noted(found, attempt)?;
    let version = found.person.version;
    call.found(&view(found, &vault, &directory, &call, call.moment.now)?, Validator::Version(version), Cache::NoStore)
}

/// Move a person to another family
///
/// Or out of any, with null. The reason and the families stay in the history of all three.
#[utoipa::path(
    operation_id = "movePerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person's identifier.")),
    request_body = PersonMove,
    responses(
        (status = 200, description = "The person as it is now.", body = PersonView),
        (status = 412, description = "`If-Match` was given, and the person has changed since.")
    ),
    security(("staffToken" = []))
)]
#[post("/people/{id}/move")]
async fn move_person(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    id: Named<PersonId>,
    body: BodyWithNulls<PersonMove>,
) -> Result<HttpResponse> {
    let (directory, id) = (directory.current(), id.0);
    let (by, to) = (by(&staff, &directory, &call), body.0.family_id);
    let replay = again("person.moved.replayed", &by.sight);
    let change = async |slot: Slot| {
        let sight = by.sight.clone();
        let before = db.read(move |conn| store::find(conn, &sight, id)).await;
        let before = denials.noted(before, || entry(&staff, &directory, &call, "person.moved", vec![id]))?;
        call.check_if_match_when_given(before.version)?;
        let mut event = by.event(FamilyEventKind::Moved, Some(id), before.family_id, to);
        let (row, random) = (event.id.uuid(), &call.moment.random);
        event.reason = Some(vault.seal_json(vault::FAMILY_EVENT_REASON, row, body.0.reason.reveal(), random)?);
        let entry = entry(&staff, &directory, &call, "person.moved", vec![id]);
        let (links, now, seal) = (call.links(), call.moment.now, vault.get_ref().clone());
        let work = move |conn: &mut DbConn| {
            if let Some(family) = to {
                by.check_can_be_joined(conn, family, "/familyId")?;
            }
            if before.family_id == to {
                let there = Text::new("is where the person is already", "är där personen redan är");
                return Err(Error::invalid_at("/familyId", there));
            }
            store::place(conn, id, before.version, to, by.moment.now)?;
            families::store::remember(conn, std::slice::from_ref(&event))?;
            for family in [before.family_id, to].into_iter().flatten() {
                families::store::members_changed(conn, family)?;
            }
            audit::record(conn, &entry)?;
            let found = look(conn, &by.sight, id)?;
            let version = found.person.version;
            let view = view(found, &seal, &directory, &links, now)?;
            let answer = Written::changed(&view, Validator::Version(version))?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    call.send(retries.once(&call, staff.actor(), replay, change).await?)
}

/// A person as far as somebody with this sight may know of them.
pub(super) fn look(conn: &mut DbConn, sight: &Sight, id: PersonId) -> Result<Found> {
    let person = store::find(conn, sight, id)?;
    let family: Vec<FamilyId> = person.family_id.into_iter().collect();
    let family_id = families::store::known_among(conn, sight, &family)?.first().copied();
    let same_number = same_number(conn, sight, &person)?;
    Ok(Found { person, family_id, same_number })
}

/// Other records with the same number are there only because one is protected, so only the cleared learn of them.
fn same_number(conn: &mut DbConn, sight: &Sight, person: &SealedPerson) -> Result<Vec<PersonId>> {
    if sight.protected_identity { store::others_with_number(conn, person) } else { Ok(Vec::new()) }
}

fn by(staff: &Staff, directory: &Directory, call: &Call) -> By {
    By { sight: staff.own_sight(directory), staff_id: staff.id, moment: call.moment.clone() }
}

pub(super) fn entry(
    staff: &Staff,
    directory: &Directory,
    call: &Call,
    action: &'static str,
    ids: Vec<PersonId>,
) -> Entry {
    let ids = ids.into_iter().map(PersonId::uuid).collect();
    Entry::new(&call.moment, staff.actor(), action, "person", ids, call.trace.id())
        .on_behalf_of(staff.own_sight(directory).only_office())
        .from_client(Client::of(call))
}

pub(super) fn view(
    found: Found,
    vault: &Vault,
    directory: &Directory,
    addresses: &impl Linking,
    at: Timestamp,
) -> Result<PersonView> {
    let (person, today) = (found.person.open(vault)?, directory.calendar.local_date(at.utc()));
    Ok(PersonView::new(person, found.family_id, found.same_number, directory, addresses, today))
}

/// Whether somebody may still know of the person that a kept answer is about.
fn again(
    action: &'static str,
    sight: &Sight,
) -> Replay<impl Fn(&mut DbConn, Uuid) -> Result<()> + Clone + Send + 'static> {
    let sight = sight.clone();
    let may_see = move |conn: &mut DbConn, id| store::find(conn, &sight, PersonId::from_uuid(id)).map(drop);
    Replay { action, resource_type: "person", may_see }
}

fn path(id: PersonId) -> String {
    format!("/people/{id}")
}
