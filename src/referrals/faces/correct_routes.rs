//! The operation by which staff correct facts in a referral.

use actix_web::{HttpResponse, patch};

use crate::audit::actions;
use crate::auth::CaseCorrector;
use crate::cases::correct_referral::ReferralCorrecting;
use crate::context::{Context, Tx};
use crate::error::{Error, Problem, Result};
use crate::http::merge_patch::MergePatch;
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::{PersonId, ReferralId};
use crate::idempotency;
use crate::people::Changeable;
use crate::referrals::faces::answers;
use crate::referrals::faces::views::ReferralView;
use crate::referrals::matter::child::Child;
use crate::referrals::matter::consent;
use crate::referrals::matter::corrections::CorrectableFacts;
use crate::referrals::person::PersonLink;
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::{Referral, Status, store};

type ReferralCorrection = Changeable<CorrectableFacts>;

/// Correct a referral
///
/// Changes the facts about the child, the guardians and the urgency by a merge patch (RFC 7396). A list of guardians replaces
/// the list before. If the child now lives elsewhere, `suggestedRouting` tells the office that the referral would go to; you
/// decide whether to redirect it. A new identity number makes the referral about the person with that number. You are told that
/// of somebody whom you may know of, and of nobody else, unless you give `personId` too; you read your own words for 24 hours.
/// If you say that the child's identity is protected, the referral goes to the central reception at once and disappears for
/// staff who are not cleared. If you are not cleared, the answer is 204 without a body. A call with a number counts as a search,
/// too.
#[utoipa::path(
    operation_id = "correctReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body(content = ReferralCorrection, example = json!({ "child": { "placeName": "Ryd" }, "urgency": "soon" })),
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral was entered in error.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([
            Problem::EnteredInError, Problem::UnknownReference, consent::PROBLEMS, Problem::SiblingIsTheChild,
        ])),
        ("x-answer-example" = json!({ "version": 2, "child": { "placeName": "Ryd" } }))
    )
)]
#[patch("/referrals/{id}")]
pub async fn correct_referral(
    ctx: Context<CaseCorrector>,
    id: Named<ReferralId>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let (id, scope) = (id.0, ctx.changeable());
    let attempt = actions::REFERRAL_CORRECTED.on(id).on_behalf_of(scope.only_office());
    ctx.write(attempt.clone(), idempotency::public(), async || {
        let scope = ctx.changeable();
        let found = ctx.read(move |conn| store::find(conn, &scope, id)).await;
        let before = ctx.noted(found, &attempt)?.open(&ctx.vault)?;
        ctx.call.check_if_match(before.version)?;
        if before.status() == Status::EnteredInError {
            return Err(Error::new(Problem::EnteredInError));
        }
        let facts: CorrectableFacts = patch.apply(&before.facts())?;
        let (facts, whom) = ctx.noted(concerned(&ctx, facts, &before).await, &attempt)?;
        let (told, shown) = (PersonLink::told(whom.told), whom.filled_from());
        let told = before.corrected(facts.clone(), told, &ctx.directory, &ctx.call.moment)?;
        let after = before.corrected(facts, whom.link, &ctx.directory, &ctx.call.moment)?;
        let correcting = ReferralCorrecting::new(&before, (&after, &told), whom, &ctx)?;
        let answer = answers::changed(&ctx, told, Some(ctx.caller.worker.standing()))?;
        Ok(move |tx: &mut Tx| {
            correcting.write(tx)?;
            tx.also_about(shown.into_iter().map(PersonId::uuid).collect());
            tx.on_behalf_of(correcting.office);
            Ok(if correcting.is_answered(tx)? { answer.clone() } else { Written::out_of_sight() })
        })
    })
    .await
}

/// Looks up the registered person that the corrected referral is about: the same person as before, unless the corrected facts
/// name another person or another identity number. Returns the facts, completed from the register, with the result. A lookup by
/// number counts as a search.
async fn concerned(
    ctx: &Context<CaseCorrector>,
    facts: CorrectableFacts,
    before: &Referral,
) -> Result<(CorrectableFacts, ConcernedPerson)> {
    let (child, was) = (facts.child.clone(), before.told_person_id());
    let people = ctx.caller.people.own_sight(&ctx.directory);
    let is_same_person = child.person_id == was;
    let is_same_number = child.number() == before.matter.child.number();
    if is_same_person && is_same_number {
        let is_told = !before.linked_silently;
        return Ok((facts, ConcernedPerson::still(before.person_id, is_told, people, &ctx.db).await?));
    }
    if child.number().is_some() {
        ctx.call.charge_search()?;
    }
    // If the facts name the same person as before, that person is not looked up by identifier: the number may tell who the
    // child is.
    let named = child.person_id.filter(|_| !is_same_person);
    let still = was.filter(|_| is_same_person);
    let child = Child { person_id: named, ..child };
    let (child, whom) = ConcernedPerson::of_child(child, still, people, &ctx.db, &ctx.vault).await?;
    Ok((CorrectableFacts { child, ..facts }, whom))
}
