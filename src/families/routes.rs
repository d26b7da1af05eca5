//! The operations that register, read, change and merge families.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit;
use crate::audit::denials::Denials;
use crate::auth::{CaseScope, PeopleWorker};
use crate::db::{Db, DbConn, anew};
use crate::directory;
use crate::error::{Error, Problem, Result, Text};
use crate::families::membership::{ActingStaff, if_known};
use crate::families::store::{self, Household, SealedFamily};
use crate::families::view::FamilyView;
use crate::families::{Family, FamilyEventKind, FirstReached, NewFamily, reached};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::idempotency::GONE;
use crate::http::link::Links;
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::{FamilyId, PersonId};
use crate::idempotency::{Again, ReplayAnew, Retries, Slot};
use crate::people::{Changeable, Registration};
use crate::rules::Rules;
use crate::vault::{self, ConfidentialProse, Vault};

type FamilyFacts = Changeable<NewFamily>;

/// Mounts the operations on families.
pub fn mount(api: &mut impl Mount) {
    api.service(create_family).service(get_family).service(change_family).service(merge_families);
}

/// The family that is merged into this one, and the reason for it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FamilyMerge {
    /// The family that is merged into this one.
    ///
    /// @example "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d60"
    other_id: FamilyId,
    /// The reason why the two are one family.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Syskonen registrerades var för sig."
    reason: ConfidentialProse,
}

/// Register a family
///
/// Registers a family that your office has met, with its members as far as they are known. A member must be in no other family. When and
/// how the family was first reached is computed, and cannot be written.
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
async fn create_family(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    new: Body<NewFamily>,
) -> Result<HttpResponse> {
    let (directory, new) = (directory.current(), new.0);
    let by = ActingStaff::new(&staff, &directory, &call);
    let showing = FamilyViewer::new(&vault, &call);
    let replay = again("family.created.replayed", &by, &showing);
    let create = async |slot: Slot| {
        let office = staff.creating_office(&directory, new.office_id.as_ref())?;
        let family = Family::new(&new, &directory, &call.moment)?;
        let sealed = SealedFamily::new(&family, &vault, &call.moment.random)?;
        let joining: Vec<(usize, PersonId)> = new.member_ids.iter().copied().enumerate().collect();
        let (id, by, showing) = (family.id, by.clone(), showing.clone());
        let entry = by.entry("family.created", "family", vec![id.uuid()]).on_behalf_of(office);
        let work = move |conn: &mut DbConn| {
            store::insert(conn, &sealed, office)?;
            by.change_members(conn, id, &joining, &[])?;
            let found = look(conn, &by.sight, id)?;
            audit::record(conn, &entry.clone().also_about(found.others()))?;
            let answer = Written::created(&showing.links, &path(id), &showing.view(found)?, Validator::Content)?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    let answer = retries.once_or_anew(&call, staff.actor(), replay, create).await;
    call.send(denials.noted(answer, || by.entry("family.created", "family", Vec::new()))?)
}

/// Get a family
///
/// Returns the family with those of its members whom you may know of. A family that was merged into another one names that family in
/// `mergedInto` and has no members, so that bookmarks and old records still lead somewhere.
#[utoipa::path(
    operation_id = "getFamily",
    tag = "families",
    params(("id" = FamilyId, Path, description = "The family's identifier.")),
    responses((status = 200, description = "The family.", body = FamilyView)),
    security(("staffToken" = []))
)]
#[get("/families/{id}")]
async fn get_family(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<FamilyId>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let (id, sight, by) = (id.0, staff.sight(&directory), ActingStaff::new(&staff, &directory, &call));
    let attempt = by.entry("family.read", "family", vec![id.uuid()]).because(sight.reason);
    let entry = attempt.clone();
    let record = move |conn: &mut DbConn, found: &VisibleFamily| audit::record(conn, &entry.also_about(found.others()));
    let read = move |conn: &mut DbConn| {
        let found = look(conn, &sight, id)?;
        let may_change = by.may_change(conn, &sight, |conn, own| store::known_among(conn, own, &[id]))?;
        Ok(VisibleFamily { may_change, ..found })
    };
    let found = db.read_recorded(read, record).await;
    let found = denials.noted(found, || attempt)?;
    call.found(&FamilyViewer::new(&vault, &call).view(found)?, Validator::Content, Cache::NoStore)
}

/// Change a family
///
/// Changes what the family was registered with, by a merge patch (RFC 7396). `memberIds` replaces the members whom you see; members whom
/// you may not know of stay. A person who belongs to another family must be moved instead.
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
async fn change_family(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<FamilyId>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let (id, by, showing) = (id.0, ActingStaff::new(&staff, &directory, &call), FamilyViewer::new(&vault, &call));
    let attempt = || by.entry("family.changed", "family", vec![id.uuid()]);
    let sight = by.sight.clone();
    let found = denials.noted(db.read(move |conn| look(conn, &sight, id)).await, attempt)?;
    call.check_if_match_of(&showing.view(found.clone())?)?;
    let household = found.household;
    let family = household.family.open(&vault)?;
    let new = patch.without(NewFamily::FIELDS)?.apply(&family.as_new(&household.members))?;
    let changed = family.changed(&new, &household.members, &directory, &call.moment)?;
    let sealed = SealedFamily::new(&changed, &vault, &call.moment.random)?;
    let (entry, author) = (attempt(), by.clone());
    let work = move |conn: &mut DbConn| {
        store::update(conn, &sealed)?;
        let joining = new.member_ids.iter().copied().enumerate().filter(|(_, id)| !household.members.contains(id));
        let leaving = household.members.iter().copied().filter(|id| !new.member_ids.contains(id));
        author.change_members(conn, id, &joining.collect::<Vec<_>>(), &leaving.collect::<Vec<_>>())?;
        store::hide_district(conn, id)?;
        let found = if_known(look(conn, &author.sight, id))?;
        let others = found.as_ref().map(VisibleFamily::others).unwrap_or_default();
        audit::record(conn, &entry.clone().also_about(others))?;
        Ok(found)
    };
    match denials.noted(db.write(work).await, attempt)? {
        Some(found) => call.changed(&showing.view(found)?, Validator::Content),
        None => Ok(call.changed_out_of_sight()),
    }
}

/// Merge another family into this one
///
/// Merges two families that turn out to be one. This family takes over the members of the other family, and its facts where this family
/// has none. The other family stays as a pointer to this one. Both histories are kept, and when the family was first reached is computed
/// from both.
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
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    id: Named<FamilyId>,
    merge: Body<FamilyMerge>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let (id, other_id, by) = (id.0, merge.0.other_id, ActingStaff::new(&staff, &directory, &call));
    let showing = FamilyViewer::new(&vault, &call);
    let replay = again("family.merged.replayed", &by, &showing);
    let once = async |slot: Slot| {
        let sight = by.sight.clone();
        let read =
            move |conn: &mut DbConn| Ok((look(conn, &sight, id)?, if_known(store::find(conn, &sight, other_id))?));
        let (found, other) = db.read(read).await?;
        call.check_if_match_of_when_given(&showing.view(found.clone())?)?;
        let family = found.household.family.open(&vault)?;
        family.check_goes_on()?;
        let other = mergeable(id, other_id, other)?;
        let (gone, other) = (other.family.clone(), other.family.open(&vault)?);
        let sealed = SealedFamily::new(&family.merged_with(&other, &call.moment)?, &vault, &call.moment.random)?;
        let mut event = by.event(FamilyEventKind::Merged, None, Some(other_id), Some(id));
        let (row, random) = (event.id.uuid(), &call.moment.random);
        event.reason = Some(vault.seal_json(vault::FAMILY_EVENT_REASON, row, merge.0.reason.reveal(), random)?);
        let (by, showing) = (by.clone(), showing.clone());
        let entry = by.entry("family.merged", "family", vec![id.uuid(), other_id.uuid()]);
        let work = move |conn: &mut DbConn| {
            store::update(conn, &sealed)?;
            let joined = crate::people::store::of_family(conn, other_id)?;
            store::merge(conn, &gone, id, by.moment.now)?;
            ActingStaff::check_size(conn, id, "/otherId")?;
            let of_members = joined
                .iter()
                .map(|(person, ..)| by.event(FamilyEventKind::Merged, Some(*person), Some(other_id), Some(id)));
            store::remember(conn, &of_members.chain([event.clone()]).collect::<Vec<_>>())?;
            let found = look(conn, &by.sight, id)?;
            audit::record(conn, &entry.clone().also_about(found.others()))?;
            let answer = Written::changed(&showing.view(found)?, Validator::Content)?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    let change = async |slot: Slot| anew(call.names_a_version(), async || once(slot.clone()).await).await;
    let answer = retries.once_or_anew(&call, staff.actor(), replay, change).await;
    call.send(denials.noted(answer, || by.entry("family.merged", "family", vec![id.uuid()]))?)
}

/// Returns the other family, if it can be merged into the family `id`.
fn mergeable(id: FamilyId, other_id: FamilyId, other: Option<Household>) -> Result<Household> {
    let mut rules = Rules::default();
    let other = rules.known("/otherId", other_id.uuid(), other);
    let other = rules.finish(other)?;
    let wrong = |en: &'static str, sv: &'static str| Err(Error::invalid_at("/otherId", Text::new(en, sv)));
    match other {
        _ if other_id == id => wrong("is this family itself", "är denna familj själv"),
        // Otherwise a reader of this family would learn of the other one, and where it lives.
        other if other.is_hidden() => wrong(
            "has only members with a protected identity: move the persons instead",
            "har bara medlemmar med skyddad identitet: flytta personerna i stället",
        ),
        other if other.family.merged_into.is_some() => {
            wrong("was merged into another family already", "har redan gått upp i en annan familj")
        }
        other => Ok(other),
    }
}

/// A family as far as the caller may know of it, with its first fact.
#[derive(Clone)]
struct VisibleFamily {
    household: Household,
    first: Option<FirstReached>,
    /// Whether the caller may change the family, and not only read it for a stated reason.
    may_change: bool,
}

impl VisibleFamily {
    /// The members that are shown, whom the audit record names as well.
    fn others(&self) -> Vec<Uuid> {
        self.household.members.iter().copied().map(PersonId::uuid).collect()
    }
}

/// Reads a family as far as somebody with this sight may know of it.
fn look(conn: &mut DbConn, sight: &CaseScope, id: FamilyId) -> Result<VisibleFamily> {
    let household = store::find(conn, sight, id)?;
    let first = reached::first(conn, &[id], sight.protected_identity)?.remove(&id);
    Ok(VisibleFamily { household, first, may_change: true })
}

/// The vault and the links, which are needed to show a family on any thread.
#[derive(Clone)]
struct FamilyViewer {
    vault: Vault,
    links: Links,
}

impl FamilyViewer {
    fn new(vault: &Data<Vault>, call: &Call) -> Self {
        Self { vault: vault.get_ref().clone(), links: call.links() }
    }

    /// Makes the view of a family for the caller who found it.
    fn view(&self, found: VisibleFamily) -> Result<FamilyView> {
        let Household { family, members, .. } = found.household;
        Ok(FamilyView::new(family.open(&self.vault)?, members, found.first, found.may_change, &self.links))
    }
}

/// Gives a kept answer about a family again, with the family as it is now.
fn again(
    action: &'static str,
    by: &ActingStaff,
    showing: &FamilyViewer,
) -> ReplayAnew<impl Fn(&mut DbConn, Uuid, Written) -> Result<Again> + Clone + Send + 'static> {
    let (sight, showing) = (by.sight.clone(), showing.clone());
    let render = move |conn: &mut DbConn, id: Uuid, kept: Written| {
        let found = look(conn, &sight, FamilyId::from_uuid(id))?;
        let others = found.others();
        Ok(Again { answer: kept.made_anew(&showing.view(found)?, Validator::Content)?, others, leads_nowhere: false })
    };
    ReplayAnew { action, resource_type: "family", render }
}

fn path(id: FamilyId) -> String {
    format!("/families/{id}")
}
