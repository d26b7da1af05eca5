//! The operations that register, read, change and merge families.

use actix_web::{HttpResponse, get, patch, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::{Entry, actions};
use crate::auth::PeopleWorker;
use crate::context::{Context, Tx};
use crate::error::{Problem, Result};
use crate::families::answers::{FamilyAnswers, VisibleFamily};
use crate::families::changing::FamilyChange;
use crate::families::membership::{ActingStaff, if_known};
use crate::families::merging::{FamilyMerging, mergeable};
use crate::families::store::{self, SealedFamily};
use crate::families::view::FamilyView;
use crate::families::{Family, NewFamily};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::http::idempotency::GONE;
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::path::Named;
use crate::id::{FamilyId, PersonId};
use crate::idempotency;
use crate::people::{Changeable, Registration};
use crate::vault::ConfidentialProse;

type FamilyFacts = Changeable<NewFamily>;

/// Mounts the operations on families.
pub fn mount(api: &mut impl Mount) {
    api.service(create_family).service(get_family).service(change_family).service(merge_families);
}

/// A request to merge another family into the family in the path.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FamilyMerge {
    /// The other family, which is merged into the family in the path.
    ///
    /// @example "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d60"
    other_id: FamilyId,
    /// The reason for which the two families are considered one, in free text.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Syskonen registrerades var för sig."
    reason: ConfidentialProse,
}

/// Register a family
///
/// Registers a family that your office has met, with its members as far as they are known. A member must be in no other family that
/// you may know of. When and how the family was first reached is computed, and cannot be written.
#[utoipa::path(
    operation_id = "createFamily",
    tag = "families",
    request_body = NewFamily,
    responses(
        (status = 201, description = "The new family.", body = FamilyView),
        (status = 404, description = GONE)
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::NoOffice, Problem::UnknownReference])),
        ("x-answer-example" = json!({ "memberIds": [], "districtId": null, "firstReachedAt": null, "firstReachedThrough": null }))
    )
)]
#[post("/families")]
async fn create_family(ctx: Context<PeopleWorker>, new: Body<NewFamily>) -> Result<HttpResponse> {
    let answers = FamilyAnswers::new(&ctx);
    let attempt = actions::FAMILY_CREATED.on_new().on_behalf_of(ctx.changeable().only_office());
    ctx.write(attempt, answers.repeat(), async || {
        let office = ctx.staff().creating_office(&ctx.directory, new.0.office_id.as_ref())?;
        let family = Family::new(&new.0, &ctx.directory, &ctx.call.moment)?;
        let sealed = SealedFamily::new(&family, &ctx.vault, &ctx.call.moment.random)?;
        let joining: Vec<(usize, PersonId)> = new.0.member_ids.iter().copied().enumerate().collect();
        let (by, answers) = (ActingStaff::of(&ctx), answers.clone());
        Ok(move |tx: &mut Tx| {
            store::insert(tx, &sealed, office)?;
            by.change_members(tx, sealed.id, &joining, &[])?;
            tx.about([sealed.id]);
            tx.on_behalf_of(office);
            answers.created(tx, sealed.id)
        })
    })
    .await
}

/// Get a family
///
/// Returns the family with those of its members whom you may know of. A family that was merged into another one has no members,
/// and names that other family in `mergedInto`, so that bookmarks and old records still lead somewhere.
#[utoipa::path(
    operation_id = "getFamily",
    tag = "families",
    params(("id" = FamilyId, Path, description = "The family's identifier.")),
    responses((status = 200, description = "The family.", body = FamilyView)),
    security(("staffToken" = []))
)]
#[get("/families/{id}")]
async fn get_family(ctx: Context<PeopleWorker>, id: Named<FamilyId>) -> Result<HttpResponse> {
    let (id, scope, answers) = (id.0, ctx.readable(), FamilyAnswers::new(&ctx));
    let attempt = actions::FAMILY_READ.on(id).on_behalf_of(ctx.changeable().only_office()).because(scope.reason);
    let finder = answers.clone();
    let read = move |conn: &mut _| finder.find_readable(conn, &scope, id);
    let seen = |found: &VisibleFamily, entry: Entry| entry.also_about(found.others());
    let found = ctx.read_recorded(attempt, read, seen).await?;
    ctx.call.found(&answers.view(found)?, Validator::Content, Cache::NoStore)
}

/// Change a family
///
/// Changes the facts with which the family was registered, by a merge patch (RFC 7396). The list `memberIds` replaces the members
/// whom you see; members whom you may not know of stay, and so do guests. A person who belongs to another family that you may know
/// of cannot be added: move the person instead.
#[utoipa::path(
    operation_id = "changeFamily",
    tag = "families",
    params(("id" = FamilyId, Path, description = "The family's identifier.")),
    request_body(content = FamilyFacts, example = json!({ "label": "Familjen på tredje våningen" })),
    responses(
        (status = 200, description = "The family as it is now.", body = FamilyView),
        (status = 409, description = "The family was merged into another one.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::FamilyMerged, Problem::UnknownReference])))
)]
#[patch("/families/{id}")]
async fn change_family(ctx: Context<PeopleWorker>, id: Named<FamilyId>, patch: MergePatch) -> Result<HttpResponse> {
    let (id, answers) = (id.0, FamilyAnswers::new(&ctx));
    let attempt = actions::FAMILY_CHANGED.on(id).on_behalf_of(ctx.changeable().only_office());
    ctx.write(attempt, idempotency::public(), async || {
        let finder = answers.clone();
        let found = ctx.read(move |conn| finder.find(conn, id)).await?;
        ctx.call.check_if_match_of(&answers.view(found.clone())?)?;
        let (family, members) = (found.household.family.open(&ctx.vault)?, found.household.members);
        let new = patch.without(NewFamily::FIELDS)?.apply(&family.as_new(&members))?;
        let next = family.changed(&new, &members, &ctx.directory, &ctx.call.moment)?;
        let change = FamilyChange::new(&next, &new, &members, ActingStaff::of(&ctx), &ctx.vault)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            change.write(tx)?;
            answers.changed_perhaps_out_of_sight(tx, id)
        })
    })
    .await
}

/// Merge another family into this one
///
/// Merges two families that turn out to be one. The family in the path takes over the members of the other family and, where it
/// has none of its own, its district and label. The other family stays as a pointer to the family in the path. Both histories are
/// kept, and the time when the family was first reached is computed from the contacts and referrals of both.
#[utoipa::path(
    operation_id = "mergeFamilies",
    tag = "families",
    params(("id" = FamilyId, Path, description = "The identifier of the family that goes on.")),
    request_body = FamilyMerge,
    responses(
        (status = 200, description = "The family that goes on.", body = FamilyView),
        (status = 409, description = "The family was itself merged into another one."),
        (status = 412, description = "`If-Match` was given, and the family has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::FamilyMerged, Problem::UnknownReference])))
)]
#[post("/families/{id}/merge")]
async fn merge_families(
    ctx: Context<PeopleWorker>,
    id: Named<FamilyId>,
    merge: Body<FamilyMerge>,
) -> Result<HttpResponse> {
    let (id, other_id, answers) = (id.0, merge.0.other_id, FamilyAnswers::new(&ctx));
    let attempt = actions::FAMILY_MERGED.on(id).on_behalf_of(ctx.changeable().only_office());
    ctx.write(attempt, answers.repeat(), async || {
        let (finder, scope) = (answers.clone(), ctx.changeable());
        let read = move |conn: &mut _| Ok((finder.find(conn, id)?, if_known(store::find(conn, &scope, other_id))?));
        let (found, other) = ctx.read(read).await?;
        ctx.call.check_if_match_of_when_given(&answers.view(found.clone())?)?;
        let family = found.household.family.open(&ctx.vault)?;
        family.check_goes_on()?;
        let other = mergeable(id, other_id, other)?;
        let merging = FamilyMerging::new(&family, other, &merge.0.reason, ActingStaff::of(&ctx), &ctx.vault)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            merging.write(tx)?;
            tx.also_about(vec![other_id.uuid()]);
            answers.changed(tx, id)
        })
    })
    .await
}
