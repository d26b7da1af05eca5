//! The operation that registers a person. Earlier referrals that named the person's identity number are about the registered
//! person from then on.

use actix_web::{HttpResponse, post};

use crate::audit::actions;
use crate::auth::PeopleWorker;
use crate::cases::register_person::{PersonRegistration, RegisterPerson};
use crate::context::{Context, Tx};
use crate::error::{Problem, Result};
use crate::families::membership::ActingStaff;
use crate::http::body::Body;
use crate::http::idempotency::GONE;
use crate::people::answers::PersonAnswers;
use crate::people::view::{KnownPerson, PersonView};
use crate::people::{NewPerson, Person, store};

/// Register a person
///
/// Registers somebody whom your office has met, with the facts that are known. If somebody with the same identity number is
/// already registered and you may be told so, nobody is added, and the answer is 200 with that person's identifier and name. The
/// other facts become visible once a referral or a contact of your own office is about that person. The audit records that the
/// number was named, and the call counts as a search, too. Earlier referrals that named the number are about the new person from now on.
#[utoipa::path(
    operation_id = "createPerson",
    tag = "people",
    request_body = NewPerson,
    responses(
        (status = 201, description = "The new person.", body = PersonView),
        (status = 200, description = "The identity number is already known. The answer names the person.", body = KnownPerson),
        (status = 404, description = GONE)
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::NoOffice, Problem::UnknownReference])))
)]
#[post("/people")]
pub async fn create_person(ctx: Context<PeopleWorker>, new: Body<NewPerson>) -> Result<HttpResponse> {
    let (new, answers) = (new.0, PersonAnswers::new(&ctx));
    let number = new.number().map(|number| store::number_hash(&ctx.vault, number));
    if number.is_some() {
        ctx.call.charge_search()?;
    }
    let attempt = actions::PERSON_CREATED.on_new().on_behalf_of(ctx.changeable().only_office());
    ctx.write(attempt, answers.repeat_registered(number), async || {
        let office = ctx.staff().creating_office(&ctx.directory, new.office_id.as_ref())?;
        let person = Person::register(new.clone(), &ctx.directory, &ctx.call.moment)?;
        let (directory, vault) = (ctx.directory.clone(), ctx.vault.clone());
        let registering = RegisterPerson::new(&person, new.family_id, office, ActingStaff::of(&ctx), directory, vault)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| match registering.write(tx)? {
            PersonRegistration::New(person) => answers.registered(tx, person),
            PersonRegistration::Known(person) => answers.named(person),
        })
    })
    .await
}
