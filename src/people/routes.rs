//! The operations that read a person and move a person to another family.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit;
use crate::audit::denials::Denials;
use crate::auth::PeopleWorker;
use crate::db::{Db, DbConn, anew};
use crate::directory;
use crate::error::{Error, Problem, Result, Text};
use crate::families::membership::ActingStaff;
use crate::families::{self, FamilyEventKind};
use crate::http::answer::Validator;
use crate::http::body::BodyWithNulls;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::{FamilyId, PersonId};
use crate::idempotency::{ReplayAnew, Retries, Slot};
use crate::people::answers::{PersonViewer, VisiblePerson, look};
use crate::people::view::PersonView;
use crate::people::{change_routes, create_routes, search_routes, store};
use crate::vault::{self, ConfidentialProse, Vault};

/// Mounts the operations on people.
pub fn mount(api: &mut impl Mount) {
    api.service(create_routes::create_person)
        .service(search_routes::search_people)
        .service(get_person)
        .service(change_routes::change_person)
        .service(move_person);
}

/// The family that a person moves to, and the reason.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonMove {
    /// The family that the person moves to, or null for no family.
    ///
    /// @x-nullable true
    // The field is required, although it may be null: a field that was only forgotten must take nobody out of a family.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(required)]
    family_id: Option<FamilyId>,
    /// The reason why the person moves.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Bor numera hos sin pappa."
    reason: ConfidentialProse,
}

fn given_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<FamilyId>, D::Error> {
    Option::deserialize(deserializer)
}

/// Get a person
///
/// Returns a person whom one of your own offices has met. For everyone else the person does not exist, and a person whose identity is
/// protected exists only for staff who are cleared for protected identities. The reading is recorded before the answer is sent.
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
    let (id, sight, by) = (id.0, staff.sight(&directory), ActingStaff::new(&staff, &directory, &call));
    let attempt = by.entry("person.read", "person", vec![id.uuid()]).because(sight.reason);
    let entry = attempt.clone();
    let record = move |conn: &mut DbConn, found: &VisiblePerson| audit::record(conn, &entry.also_about(found.others()));
    let read = move |conn: &mut DbConn| {
        let found = look(conn, &sight, id)?;
        let may_change = by.may_change(conn, &sight, |conn, own| store::known_among(conn, own, &[id]))?;
        Ok(VisiblePerson { may_change, ..found })
    };
    let found = db.read_recorded(read, record).await;
    let found = denials.noted(found, || attempt)?;
    let version = found.person.version;
    let view = PersonViewer::new(&vault, &directory, &call).view(found)?;
    call.found(&view, Validator::Version(version), Cache::NoStore)
}

/// Move a person to another family
///
/// Moves a person to another family, or out of any family with null. The reason and the families stay in the histories of the person and
/// of both families.
#[utoipa::path(
    operation_id = "movePerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person's identifier.")),
    request_body = PersonMove,
    responses(
        (status = 200, description = "The person as it is now.", body = PersonView),
        (status = 412, description = "`If-Match` was given, and the person has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::UnknownReference])))
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
    let (by, to) = (ActingStaff::new(&staff, &directory, &call), body.0.family_id);
    let showing = PersonViewer::new(&vault, &directory, &call);
    let (sight, shown) = (by.sight.clone(), showing.clone());
    let render = move |conn: &mut DbConn, id: Uuid, kept: Written| {
        shown.made_anew(look(conn, &sight, PersonId::from_uuid(id))?, kept)
    };
    let replay = ReplayAnew { action: "person.moved.replayed", resource_type: "person", render };
    let attempt = || by.entry("person.moved", "person", vec![id.uuid()]);
    let once = async |slot: Slot| {
        let sight = by.sight.clone();
        let before = db.read(move |conn| store::find(conn, &sight, id)).await?;
        call.check_if_match_when_given(before.version)?;
        let mut event = by.event(FamilyEventKind::Moved, Some(id), before.family_id, to);
        let (row, random) = (event.id.uuid(), &call.moment.random);
        event.reason = Some(vault.seal_json(vault::FAMILY_EVENT_REASON, row, body.0.reason.reveal(), random)?);
        let (entry, by, showing) = (attempt(), by.clone(), showing.clone());
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
            if let Some(family) = to {
                ActingStaff::check_size(conn, family, "/familyId")?;
            }
            audit::record(conn, &entry)?;
            let found = look(conn, &by.sight, id)?;
            let version = found.person.version;
            let answer = Written::changed(&showing.view(found)?, Validator::Version(version))?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    let change = async |slot: Slot| anew(call.names_a_version(), async || once(slot.clone()).await).await;
    let answer = retries.once_or_anew(&call, staff.actor(), replay, change).await;
    call.send(denials.noted(answer, attempt)?)
}
