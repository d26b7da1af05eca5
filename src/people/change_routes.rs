//! The operation that changes the facts about a person. If the person's identity becomes protected, the person's open referrals
//! are hidden in the same transaction.

use actix_web::{HttpResponse, patch};

use crate::audit::actions;
use crate::auth::PeopleWorker;
use crate::cases::change_person::{ChangePerson, ChangedPerson};
use crate::context::{Context, Tx};
use crate::error::{Error, Problem, Result};
use crate::families::membership::ActingStaff;
use crate::http::merge_patch::MergePatch;
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::PersonId;
use crate::idempotency;
use crate::people::answers::PersonAnswers;
use crate::people::view::PersonView;
use crate::people::{Changeable, NewPerson, Registration, store};

type PersonFacts = Changeable<NewPerson>;

/// Change a person
///
/// Changes the facts with which the person was registered, by a merge patch (RFC 7396). If the patch sets an identity number,
/// referrals that name this number are about the person from now on; the call then counts as a search, too. If it sets a protection, open referrals about the person go
/// to the central reception at the same moment, and the person no longer exists for staff who are not cleared for protected
/// identities; if you are not cleared yourself, the answer is then 204 without a body.
#[utoipa::path(
    operation_id = "changePerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person's identifier.")),
    request_body(content = PersonFacts, example = json!({ "givenName": "Åsa", "languages": ["sv"] })),
    responses(
        (status = 200, description = "The person as it is now.", body = PersonView),
        (status = 409, description = "The identity number belongs to another person.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[patch("/people/{id}")]
pub async fn change_person(ctx: Context<PeopleWorker>, id: Named<PersonId>, patch: MergePatch) -> Result<HttpResponse> {
    let (id, answers) = (id.0, PersonAnswers::new(&ctx));
    let patch = patch.without(NewPerson::FIELDS)?;
    let attempt = actions::PERSON_CHANGED.on(id).on_behalf_of(ctx.changeable().only_office());
    let prepare = async || {
        let scope = ctx.changeable();
        let sealed = ctx.read(move |conn| store::find(conn, &scope, id)).await?;
        ctx.call.check_if_match(sealed.version)?;
        let before = sealed.clone().open(&ctx.vault)?;
        let patched: NewPerson = patch.apply(&before.written)?;
        if patched.number().is_some() && patched.number() != before.written.number() {
            ctx.call.charge_search()?;
        }
        let next = before.changed(patched, &ctx.directory, &ctx.call.moment)?;
        let (directory, vault) = (ctx.directory.clone(), ctx.vault.clone());
        let change = ChangePerson::new(&sealed, &next, ActingStaff::of(&ctx), directory, vault)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            let changed = change.write(tx)?;
            let written = match changed {
                ChangedPerson::Written => answers.changed_perhaps_out_of_sight(tx, id)?,
                ChangedPerson::NumberTaken => Written::out_of_sight(),
            };
            Ok((written, changed))
        })
    };
    match ctx.perform(attempt, idempotency::public(), prepare).await? {
        (_, Some(ChangedPerson::NumberTaken)) => Err(Error::new(Problem::AlreadyExists)),
        (written, _) => ctx.call.send(written),
    }
}
