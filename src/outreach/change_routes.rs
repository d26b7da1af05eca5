//! The operations that correct contacts, enter them in error and list their earlier versions.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit;
use crate::audit::denials::Denials;
use crate::auth::{CaseScope, OutreachWorker, VersionReader};
use crate::db::{Db, DbConn, anew, dialect};
use crate::directory;
use crate::error::{Problem, Result, Text};
use crate::families::reached;
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::merge_patch::MergePatch;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::{FamilyId, OfferId, OutreachContactId, PersonId};
use crate::idempotency::{Retries, Slot};
use crate::moment::Moment;
use crate::outreach::answers::{again, entry, look};
use crate::outreach::follow_ups::store as follow_up_store;
use crate::outreach::known::{self, KnownParties};
use crate::outreach::names::NamedParties;
use crate::outreach::offers::{Offer, store as offer_store};
use crate::outreach::store::{self, SealedContact, SealedVersion};
use crate::outreach::view::{ContactView, VersionView};
use crate::outreach::{ContactSetting, NewContact, OutreachContact, Participant, check_tells_nobody, rules};
use crate::people::{Changeable, Registration};
use crate::rules::Rules;
use crate::vault::{ConfidentialProse, Vault};

type ContactFacts = Changeable<NewContact>;

/// Correct a contact
///
/// Changes what was written down by a merge patch (RFC 7396), and makes a new version. The version before stays readable to team leads
/// and auditors. If the contact moves to another family, the offers and follow-ups of its old family move to the new one. Participants to
/// whom something was offered must stay in their places. A concern report that was made from the contact is changed as a referral.
#[utoipa::path(
    operation_id = "correctOutreachContact",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier.")),
    request_body(content = ContactFacts, example = json!({
        "durationMinutes": 20,
        "summary": "Pratade om skolan och om vad som finns att göra efter den.",
    })),
    responses(
        (status = 200, description = "The contact as it is now.", body = ContactView),
        (status = 409, description = "The contact was entered in error.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::EnteredInError, rules::PROBLEMS])))
)]
#[patch("/outreach-contacts/{id}")]
pub async fn correct_contact(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<OutreachContactId>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let (directory, id) = (directory.current(), id.0);
    let patch = patch.without(NewContact::FIELDS)?;
    let sight = staff.own_sight(&directory);
    let seen = sight.clone();
    let before = db.read(move |conn| store::find(conn, &seen, id)).await;
    let attempt = || entry(&staff, &call, "outreach_contact.corrected", vec![id]);
    let before = denials.noted(before, attempt)?;
    call.check_if_match(before.version)?;
    let before = before.open(&vault)?;
    let written = &before.record.written;
    let setting =
        ContactSetting { office: before.office_id, directory: &directory, now: call.moment.now, before: Some(written) };
    let after = before.corrected(patch.apply(written)?, &setting, staff.id)?;
    let change = ContactChange::new(&before, &after, sight, &vault, &call.moment)?;
    let entry = attempt().on_behalf_of(before.office_id);
    let work = move |conn: &mut DbConn| {
        change.write(conn)?;
        audit::record(conn, &entry)?;
        look(conn, &change.sight, id)
    };
    let (contact, newly_reached) = denials.noted(db.write(work).await, attempt)?;
    let version = contact.version;
    call.changed(&ContactView::new(contact.open(&vault)?, newly_reached, &call), Validator::Version(version))
}

fn names(contact: &OutreachContact) -> NamedParties {
    NamedParties::of(&contact.record.written, None)
}

/// The next version of a contact, with the version before it.
struct ContactChange {
    sight: CaseScope,
    next: SealedContact,
    before: SealedVersion,
    names: NamedParties,
    /// The participants before and after the change.
    participants: [Vec<Participant>; 2],
    vault: Vault,
}

impl ContactChange {
    fn new(
        before: &OutreachContact,
        after: &OutreachContact,
        sight: CaseScope,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        Ok(Self {
            sight,
            next: SealedContact::new(after, vault, &moment.random)?,
            before: SealedVersion::new(before, vault, moment)?,
            names: NamedParties { known_before: Some(Box::new(names(before))), ..names(after) },
            participants: [before, after].map(|contact| contact.record.written.participants.clone()),
            vault: vault.clone(),
        })
    }

    /// Writes the next version, and works out again how the families were first reached that the contact names or has named.
    fn write(&self, conn: &mut DbConn) -> Result<()> {
        let stood_there = self.names.known_before.as_deref().cloned().unwrap_or_default();
        let stood_there = NamedParties { known_before: Some(Box::new(stood_there.clone())), ..stood_there };
        let known = KnownParties::load(conn, &self.sight, &[&self.names, &stood_there])?;
        let (found, found_before) = (known.judge(&self.sight, &self.names)?, known.judge(&self.sight, &stood_there)?);
        let people = |names: &NamedParties| names.people.iter().map(|(_, person)| *person).collect::<Vec<PersonId>>();
        let (named, named_before) = (people(&self.names), people(&stood_there));
        let is_about_the_same = named == named_before && self.names.family == stood_there.family;
        // If somebody was protected or a family was merged meanwhile, that holds for the next version as well.
        let current = store::hold(conn, &self.sight, self.next.id)?;
        // A link to a family stays, even if the people have moved to another family since.
        let family = if is_about_the_same { current.family_id } else { found.family };
        let protected = current.protected || found.protected || found_before.protected;
        let next = SealedContact { family_id: family, protected, ..self.next.clone() }.hidden_as_needed();
        store::supersede(conn, &next, &self.before)?;
        if named != named_before {
            store::replace_people(conn, next.id, &named)?;
        }
        // If somebody of another family is added, the contact belongs to no single family, but an offer to the first family is still that
        // family's.
        let theirs = family.or(current.family_id.filter(|before| found.families.contains(before)));
        self.take_along(conn, current.family_id, theirs)?;
        let office = next.office_id;
        let met = named.iter().map(|person| (*person, office, next.protected));
        dialect::note_met_people(conn, &met.collect::<Vec<_>>())?;
        let met = found.families.iter().map(|family| (*family, office, next.protected));
        dialect::note_met_families(conn, &met.collect::<Vec<_>>())?;
        let mut affected: Vec<FamilyId> = [found.families, found_before.families].concat();
        affected.extend(current.family_id.into_iter().chain(family));
        reached::recompute(conn, &affected)
    }

    /// Gives the offers and follow-ups of the contact's family to the family that the contact belongs to now. An offer to a participant
    /// stays with the participant.
    fn take_along(&self, conn: &mut DbConn, from: Option<FamilyId>, to: Option<FamilyId>) -> Result<()> {
        let ([were, are], id) = (&self.participants, self.next.id);
        if were == are && from == to {
            return Ok(());
        }
        let offers = offer_store::made_at(conn, id)?.into_iter().map(|offer| offer.open(&self.vault));
        let offers = offers.collect::<Result<Vec<_>>>()?;
        let mut rules = Rules::default();
        let gone = Text::new(
            "must keep those to whom something was offered in their places",
            "måste ha kvar dem som har erbjudits något på deras platser",
        );
        rules.require(offers.iter().all(|offer| offer.keeps_its_recipient(were, are)), "/participants", gone);
        rules.finish(Some(()))?;
        if from != to {
            let is_of_family = |offer: &&Offer| offer.words.participant_index.is_none() && offer.family_id == from;
            let theirs: Vec<OfferId> = offers.iter().filter(is_of_family).map(|offer| offer.id).collect();
            offer_store::give_to(conn, &theirs, to)?;
            follow_up_store::give_to(conn, id, from, to)?;
        }
        Ok(())
    }
}

/// List the versions of a contact
///
/// Returns the contact as it is now and as it was before each of its corrections, the newest first. It is open to team leads, and to
/// auditors who state a reason. A version that names somebody whose identity is protected now exists only for staff who are cleared for
/// protected identities.
#[utoipa::path(
    operation_id = "listOutreachContactVersions",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier."), PagingParameters),
    responses((status = 200, description = "A page of versions.", body = Page<VersionView>)),
    security(("staffToken" = []))
)]
#[get("/outreach-contacts/{id}/versions")]
pub async fn list_versions(
    VersionReader(staff): VersionReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    asked: (Named<OutreachContactId>, Paging),
) -> Result<HttpResponse> {
    let (Named(id), paging) = asked;
    let sight = staff.sight(&directory.current());
    let reason = sight.reason;
    let attempt = || entry(&staff, &call, "outreach_contact.versions_read", vec![id]).because(reason);
    let entry = attempt();
    let seal = vault.get_ref().clone();
    let read = move |conn: &mut DbConn| {
        let contact = store::find(conn, &sight, id)?.open(&seal)?;
        let before = store::versions(conn, id)?.into_iter().map(|version| version.open(&contact, &seal));
        let before = known::versions_known_to(conn, &sight, before.collect::<Result<Vec<_>>>()?)?;
        Ok((contact, before))
    };
    let record = move |conn: &mut DbConn, (contact, _): &(OutreachContact, Vec<OutreachContact>)| {
        audit::record(conn, &entry.on_behalf_of(contact.office_id))
    };
    let (contact, before) = denials.noted(db.read_recorded(read, record).await, attempt)?;
    // A contact is corrected only a few times, so all its versions are read at once.
    let all: Vec<&OutreachContact> = std::iter::once(&contact).chain(&before).collect();
    let found =
        paging.of_sorted(&call, &all, |version| std::cmp::Reverse(version.version))?.counted_when_asked(&paging);
    Ok(call.give(found.answer(&call, &paging, |version| VersionView::from(version.clone()))?, Cache::NoStore))
}

/// The reason to enter a contact in error.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactError {
    /// The reason why the contact is in error.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Fel familj: kontakten gällde grannen."
    reason: ConfidentialProse,
}

/// Enter a contact in error
///
/// Takes a contact out of all lists and statistics. The contact stays readable, can no longer be changed, and does not count as having
/// reached anybody.
#[utoipa::path(
    operation_id = "enterOutreachContactInError",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier.")),
    request_body = ContactError,
    responses(
        (status = 200, description = "The contact as it is now.", body = ContactView),
        (status = 409, description = "The contact was already entered in error."),
        (status = 412, description = "`If-Match` was given, and the contact has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::EnteredInError, Problem::IdentityInText])),
        ("x-answer-example" = json!({
            "status": "entered_in_error",
            "version": 2,
            "errorReason": "Fel familj: kontakten gällde grannen.",
        }))
    )
)]
#[post("/outreach-contacts/{id}/enter-in-error")]
pub async fn enter_in_error(
    OutreachWorker(staff): OutreachWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    id: Named<OutreachContactId>,
    body: Body<ContactError>,
) -> Result<HttpResponse> {
    let (directory, id) = (directory.current(), id.0);
    let sight = staff.own_sight(&directory);
    let replay = again("outreach_contact.entered_in_error.replayed", &sight);
    let attempt = || entry(&staff, &call, "outreach_contact.entered_in_error", vec![id]);
    let once = async |slot: Slot| {
        let seen = sight.clone();
        let before = db.read(move |conn| store::find(conn, &seen, id)).await?;
        call.check_if_match_when_given(before.version)?;
        let before = before.open(&vault)?;
        if before.record.written.is_identity_exempt(&directory) {
            let mut rules = Rules::default();
            check_tells_nobody("/reason", Some(&body.0.reason), &mut rules);
            rules.finish(Some(()))?;
        }
        let after = before.entered_in_error(body.0.reason.clone(), staff.id, call.moment.now)?;
        let change = ContactChange::new(&before, &after, sight.clone(), &vault, &call.moment)?;
        let entry = attempt().on_behalf_of(before.office_id);
        let (links, seal) = (call.links(), vault.get_ref().clone());
        let work = move |conn: &mut DbConn| {
            change.write(conn)?;
            audit::record(conn, &entry)?;
            let (contact, newly_reached) = look(conn, &change.sight, id)?;
            let version = contact.version;
            let view = ContactView::new(contact.open(&seal)?, newly_reached, &links);
            let answer = Written::changed(&view, Validator::Version(version))?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        db.write(work).await
    };
    let change = async |slot: Slot| anew(call.names_a_version(), async || once(slot.clone()).await).await;
    let changed = retries.once(&call, staff.actor(), replay, change).await;
    call.send(denials.noted(changed, attempt)?)
}
