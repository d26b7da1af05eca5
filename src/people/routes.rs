//! The operations `GET /people/{id}` and `POST /people/{id}/move`, and the mounting of all operations on people.

use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::audit::{Entry, actions};
use crate::auth::PeopleWorker;
use crate::cases::move_person::MovePerson;
use crate::context::{Context, Tx};
use crate::error::{Problem, Result};
use crate::families::membership::ActingStaff;
use crate::http::answer::Validator;
use crate::http::body::BodyWithNulls;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::path::Named;
use crate::id::{FamilyId, PersonId};
use crate::people::answers::{PersonAnswers, VisiblePerson};
use crate::people::view::PersonView;
use crate::people::{change_routes, create_routes, search_routes};
use crate::vault::ConfidentialProse;

/// Mounts the operations on people.
pub fn mount(api: &mut impl Mount) {
    api.service(create_routes::create_person)
        .service(search_routes::search_people)
        .service(get_person)
        .service(change_routes::change_person)
        .service(move_person);
}

/// A request to move a person to another family, or out of any family.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonMove {
    /// The family that the person moves to, or null if the person is to belong to no family.
    ///
    /// @x-nullable true
    // The field is required, although it may be null: a field that was only forgotten must take nobody out of a family.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(required)]
    family_id: Option<FamilyId>,
    /// The reason why the person changes families, in free text.
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
/// Returns a person whom one of your own offices has met. With a reason in the header `Access-Reason`, people whom other offices
/// have met can be read as well, if your permissions allow it. All other people do not exist for you, nor does somebody with a
/// protected identity unless you are cleared for protected identities. The audit record of the reading is durable before the
/// answer is sent.
#[utoipa::path(
    operation_id = "getPerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person's identifier.")),
    responses((status = 200, description = "The person.", body = PersonView)),
    security(("staffToken" = []))
)]
#[get("/people/{id}")]
async fn get_person(ctx: Context<PeopleWorker>, id: Named<PersonId>) -> Result<HttpResponse> {
    let (id, scope, answers) = (id.0, ctx.readable(), PersonAnswers::new(&ctx));
    let attempt = actions::PERSON_READ.on(id).on_behalf_of(ctx.changeable().only_office()).because(scope.reason);
    let finder = answers.clone();
    let read = move |conn: &mut _| finder.find_readable(conn, &scope, id);
    let seen = |found: &VisiblePerson, entry: Entry| entry.also_about(found.others());
    let found = ctx.read_recorded(attempt, read, seen).await?;
    let version = found.person.version;
    ctx.call.found(&answers.view(found)?, Validator::Version(version), Cache::NoStore)
}

/// Move a person to another family
///
/// Moves a person to the family `familyId`, or out of any family if it is null. Only families that you may know of are left; in
/// others, nothing changes. If the person belongs to one family and is a guest of another, moving the person to one of the two
/// decides where the person belongs. The move and its reason stay in the histories of the person and of the families.
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
    ctx: Context<PeopleWorker>,
    id: Named<PersonId>,
    body: BodyWithNulls<PersonMove>,
) -> Result<HttpResponse> {
    let (id, answers) = (id.0, PersonAnswers::new(&ctx));
    let attempt = actions::PERSON_MOVED.on(id).on_behalf_of(ctx.changeable().only_office());
    ctx.write(attempt, answers.repeat(), async || {
        let finder = answers.clone();
        let before = ctx.read(move |conn| finder.find(conn, id)).await?;
        let (version, families) = (before.person.version, before.families.clone());
        // The families are no part of the version, so the whole tag is compared.
        ctx.call.check_whole_if_match_when_given(&answers.view(before)?, Validator::Version(version))?;
        let PersonMove { family_id, reason } = &body.0;
        let by = ActingStaff::of(&ctx);
        let moving = MovePerson::new((id, version), families, *family_id, reason, by, &ctx.vault)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            moving.write(tx)?;
            answers.changed(tx, id)
        })
    })
    .await
}
