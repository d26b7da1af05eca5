//! Families over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::audit::client::Client;
use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{PeopleWorker, Sight, Staff};
use crate::db::{Db, DbConn};
use crate::directory;
use crate::error::{Error, Problem, Result, Text};
use crate::families::membership::By;
use crate::families::store::{self, Household, SealedFamily};
use crate::families::{Family, FamilyEventKind, FamilyView, FirstReached, NewFamily, reached};
use crate::http::answer::Validator;
use crate::http::body::{Body, MergePatch};
use crate::http::call::{Cache, Call};
use crate::http::path::Named;
use crate::http::written::{Linking, Written};
use crate::id::{FamilyId, PersonId};
use crate::idempotency::{Replay, Retries, Slot};
use crate::people::{Changeable, Registration};
use crate::vault::{self, ConfidentialProse, Vault};

type FamilyFacts = Changeable<NewFamily>;

/// The operations on families.
pub fn routes(api: &mut ServiceConfig) {
    api.service(create_family).service(get_family).service(change_family).service(merge_families);
}

/// Which family is merged into this one, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FamilyMerge {
    /// The family that is merged into this one.
    other_id: FamilyId,
    /// Why the two are one.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Syskonen registrerades var för sig."
    reason: ConfidentialProse,
}

/// Register a family
///
/// A family that your office has met, with its members as far as they are known; a member must be in no other family. When and how
/// it was first reached is computed, and cannot be written.
#[utoipa::path(
    operation_id = "createFamily",
    tag = "families",
    request_body = NewFamily,
    responses((status = 201, description = "The new family.", body = FamilyView)),
    security(("staffToken" = []))
)]
#[post("/families")]
async fn create_family(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    new: Body<NewFamily>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let office = staff.creating_office(&directory, new.0.office_id.as_ref())?;
    let family = Family::new(&new.0, &directory, &call.moment)?;
    let sealed = SealedFamily::new(&family, &vault, &call.moment.random)?;
    let (id, by) = (family.id, by(&staff, &directory, &call));
    let entry = entry(&staff, &directory, &call, "family.created", vec![id]).on_behalf_of(office);
    let (links, seal) = (call.links(), vault.get_ref().clone());
    let replay = again("family.created.replayed", &by.sight);
    let work = move |conn: &mut DbConn, slot: &Slot| {
        store::insert(conn, &sealed, office)?;
        let joining: Vec<(usize, PersonId)> = new.0.member_ids.iter().copied().enumerate().collect();
        by.change_members(conn, id, &joining, &[])?;
        audit::record(conn, &entry)?;
        let view = view(look(conn, &by.sight, id)?, &seal, &links)?;
        let answer = Written::created(&links, &path(id), &view, Validator::Content)?;
        slot.keep(conn, id.uuid(), &answer)?;
        Ok(answer)
    };
    let create = async |slot: Slot| db.write(move |conn| work(conn, &slot)).await;
    call.send(retries.once(&call, staff.actor(), replay, create).await?)
}

/// Get a family
///
/// The family with those of its members whom you may know of. A family that was merged into another one says which, in
/// `mergedInto`, and has no members; bookmarks and old records so stay good.
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
    let (id, sight) = (id.0, staff.sight(&directory));
    let reason = sight.reason;
    let attempt = || entry(&staff, &directory, &call, "family.read", vec![id]).because(reason);
    let entry = attempt();
    let found = db.read_recorded(move |conn| look(conn, &sight, id), move |conn, _| audit::record(conn, &entry)).await;
    let found = denials.noted(found, attempt)?;
    call.found(&view(found, &vault, &call)?, Validator::Content, Cache::NoStore)
}

/// Change a family
///
/// A merge patch (RFC 7396) of what the family was registered with. `memberIds` replaces the members whom you see; those whom you
/// may not know of stay. Who belongs to another family is moved instead.
#[utoipa::path(
    operation_id = "changeFamily",
    tag = "families",
    params(("id" = FamilyId, Path, description = "The family's identifier.")),
    request_body = FamilyFacts,
    responses(
        (status = 200, description = "The family as it is now.", body = FamilyView),
        (status = 409, description = "The family was merged into another one.")
    ),
    security(("staffToken" = []))
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
    let (id, by) = (id.0, by(&staff, &directory, &call));
    let sight = by.sight.clone();
    let found = db.read(move |conn| look(conn, &sight, id)).await;
    let (household, first) = denials.noted(found, || entry(&staff, &directory, &call, "family.changed", vec![id]))?;
    call.check_if_match_of(&view((household.clone(), first), &vault, &call)?)?;
    let family = household.family.open(&vault)?;
    let new = patch.without(NewFamily::FIELDS)?.apply(&family.as_new(&household.members))?;
    let changed = family.changed(&new, &directory, &call.moment)?;
    let sealed = SealedFamily::new(&changed, &vault, &call.moment.random)?;
    let entry = entry(&staff, &directory, &call, "family.changed", vec![id]);
    let work = move |conn: &mut DbConn| {
        store::update(conn, &sealed)?;
        let joining = new.member_ids.iter().copied().enumerate().filter(|(_, id)| !household.members.contains(id));
        let leaving = household.members.iter().copied().filter(|id| !new.member_ids.contains(id));
        by.change_members(conn, id, &joining.collect::<Vec<_>>(), &leaving.collect::<Vec<_>>())?;
        store::hide_district(conn, id)?;
        audit::record(conn, &entry)?;
        if_known(look(conn, &by.sight, id))
    };
    match db.write(work).await? {
        Some(found) => call.changed(&view(found, &vault, &call)?, Validator::Content),
        None => Ok(call.changed_out_of_sight()),
    }
}

/// Merge another family into this one
///
/// For two that turn out to be one. This family takes over the other one's members and whatever it does not know itself; the other
/// one stays as a pointer to this one. Both histories are kept, and when the family was first reached is computed from both.
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
    security(("staffToken" = []))
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
    let (id, other_id, by) = (id.0, merge.0.other_id, by(&staff, &directory, &call));
    let replay = again("family.merged.replayed", &by.sight);
    let change = async |slot: Slot| {
        let sight = by.sight.clone();
        let read =
            move |conn: &mut DbConn| Ok((look(conn, &sight, id)?, if_known(store::find(conn, &sight, other_id))?));
        let found = db.read(read).await;
        let (found, other) = denials.noted(found, || entry(&staff, &directory, &call, "family.merged", vec![id]))?;
        call.check_if_match_of_when_given(&view(found.clone(), &vault, &call)?)?;
        let family = found.0.family.open(&vault)?;
        family.check_goes_on()?;
        let other = mergeable(id, other)?;
        let (gone, other) = (other.family.clone(), other.family.open(&vault)?);
        let sealed = SealedFamily::new(&family.merged_with(&other, &call.moment)?, &vault, &call.moment.random)?;
        let mut event = by.event(FamilyEventKind::Merged, None, Some(other_id), Some(id));
        event.reason = Some(vault.seal_json(
            vault::FAMILY_EVENT_REASON,
            event.id.uuid(),
            merge.0.reason.reveal(),
            &call.moment.random,
        )?);
        let entry = entry(&staff, &directory, &call, "family.merged", vec![id, other_id]);
        let (links, seal) = (call.links(), vault.get_ref().clone());
        let work = move |conn: &mut DbConn| {
            store::update(conn, &sealed)?;
            let joined = crate::people::store::of_family(conn, other_id)?;
            store::merge(conn, &gone, id, by.moment.now)?;
            let of_members = joined
                .iter()
                .map(|(person, ..)| by.event(FamilyEventKind::Merged, Some(*person), Some(other_id), Some(id)));
            store::remember(conn, &of_members.chain([event.clone()]).collect::<Vec<_>>())?;
            audit::record(conn, &entry)?;
            let answer = Written::changed(&view(look(conn, &by.sight, id)?, &seal, &links)?, Validator::Content)?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    call.send(retries.once(&call, staff.actor(), replay, change).await?)
}

/// The other family, if it can be merged into the one with this identifier.
fn mergeable(id: FamilyId, other: Option<Household>) -> Result<Household> {
    let wrong = |en: &'static str, sv: &'static str| Err(Error::invalid_at("/otherId", Text::new(en, sv)));
    match other {
        None => wrong("names nothing that exists", "namnger inget som finns"),
        Some(other) if other.family.id == id => wrong("is this family itself", "är denna familj själv"),
        // Whoever sees this family would learn of that one, and where it lives.
        Some(other) if other.is_hidden() => wrong(
            "has only members with a protected identity: move the persons instead",
            "har bara medlemmar med skyddad identitet: flytta personerna i stället",
        ),
        Some(other) if other.family.merged_into.is_some() => {
            wrong("was merged into another family already", "har redan gått upp i en annan familj")
        }
        Some(other) => Ok(other),
    }
}

/// A family as far as somebody with this sight may know of it, with its first fact.
fn look(conn: &mut DbConn, sight: &Sight, id: FamilyId) -> Result<(Household, Option<FirstReached>)> {
    let household = store::find(conn, sight, id)?;
    let first = reached::first(conn, &[id], sight.protected_identity)?.remove(&id);
    Ok((household, first))
}

fn if_known<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.problem() == Problem::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn by(staff: &Staff, directory: &directory::Directory, call: &Call) -> By {
    By { sight: staff.own_sight(directory), staff_id: staff.id, moment: call.moment.clone() }
}

fn entry(
    staff: &Staff,
    directory: &directory::Directory,
    call: &Call,
    action: &'static str,
    ids: Vec<FamilyId>,
) -> Entry {
    let ids = ids.into_iter().map(FamilyId::uuid).collect();
    Entry::new(&call.moment, staff.actor(), action, "family", ids, call.trace.id())
        .on_behalf_of(staff.own_sight(directory).only_office())
        .from_client(Client::of(call))
}

fn view(
    (household, first): (Household, Option<FirstReached>),
    vault: &Vault,
    addresses: &impl Linking,
) -> Result<FamilyView> {
    Ok(FamilyView::new(household.family.open(vault)?, household.members, first, addresses))
}

/// Whether somebody may still know of the family that a kept answer is about.
fn again(
    action: &'static str,
    sight: &Sight,
) -> Replay<impl Fn(&mut DbConn, Uuid) -> Result<()> + Clone + Send + 'static> {
    let sight = sight.clone();
    let may_see = move |conn: &mut DbConn, id| store::find(conn, &sight, FamilyId::from_uuid(id)).map(drop);
    Replay { action, resource_type: "family", may_see }
}

fn path(id: FamilyId) -> String {
    format!("/families/{id}")
}
