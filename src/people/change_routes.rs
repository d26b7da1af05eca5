//! The operation that changes a person. If the identity becomes protected, the person's open referrals are hidden in the same
//! transaction.

use actix_web::web::Data;
use actix_web::{HttpResponse, patch};

use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::PeopleWorker;
use crate::cases::adoption;
use crate::db::{Db, DbConn, anew, dialect};
use crate::directory;
use crate::error::{Error, Problem, Result};
use crate::families;
use crate::families::membership::{ActingStaff, if_known};
use crate::http::answer::Validator;
use crate::http::call::Call;
use crate::http::merge_patch::MergePatch;
use crate::http::path::Named;
use crate::id::PersonId;
use crate::outreach;
use crate::people::answers::{PersonViewer, VisiblePerson, look};
use crate::people::store::{self, NumberClaim, SealedPerson};
use crate::people::view::PersonView;
use crate::people::{Changeable, NewPerson, Person, Registration};
use crate::referrals::Status;
use crate::referrals::course::events::{self, SealedEvent};
use crate::referrals::person::of_person;
use crate::referrals::siblings::hiding;
use crate::referrals::store::SealedReferral;
use crate::vault::Vault;

type PersonFacts = Changeable<NewPerson>;

/// Change a person
///
/// Changes what the person was registered with, by a merge patch (RFC 7396). Referrals that name a new identity number are about the
/// person from now on. If the identity becomes protected, open referrals about the person go to the central reception at the same moment,
/// and the person no longer exists for staff who are not cleared for protected identities. If you are not cleared, the answer is 204
/// without a body.
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
pub async fn change_person(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<PersonId>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let (directory, id) = (directory.current(), id.0);
    let patch = patch.without(NewPerson::FIELDS)?;
    let (by, showing) = (ActingStaff::new(&staff, &directory, &call), PersonViewer::new(&vault, &directory, &call));
    let once = async || {
        let seen = by.sight.clone();
        let before = db.read(move |conn| store::find(conn, &seen, id)).await;
        let before = denials.noted(before, || by.entry("person.changed", "person", vec![id.uuid()]))?;
        if let Err(stale) = call.check_if_match(before.version) {
            return Ok(Err(stale));
        }
        let old_number = before.number_hash.clone();
        let before = before.open(&vault)?;
        let after = before.changed(patch.apply(&before.written)?, &directory, &call.moment)?;
        let change = PersonChange::prepare(&before, &after, old_number, &by, &showing, &db).await?;
        Ok(match db.write(move |conn| change.write(conn)).await? {
            PersonChangeOutcome::Written(found) => {
                let version = found.person.version;
                call.changed(&showing.view(*found)?, Validator::Version(version))
            }
            PersonChangeOutcome::OutOfSight => Ok(call.changed_out_of_sight()),
            PersonChangeOutcome::NumberTaken => Err(Error::new(Problem::AlreadyExists)),
        })
    };
    // The write can lose a race: the person may change meanwhile, which the next reading finds; a referral about the person may change or
    // come in; or somebody may write the same number at this moment, and the next try tells whether the writer may know of that person.
    anew(false, once).await?
}

/// The result of changing a person.
enum PersonChangeOutcome {
    Written(Box<VisiblePerson>),
    /// The change is written, and the writer may not know of the person any more.
    OutOfSight,
    NumberTaken,
}

/// The next version of a person, with the referrals that are hidden with it.
struct PersonChange {
    by: ActingStaff,
    showing: PersonViewer,
    person: SealedPerson,
    words: Vec<Vec<u8>>,
    /// The hashes of the old identity number and the new one.
    numbers: Vec<Vec<u8>>,
    number_is_new: bool,
    is_protected: bool,
    referrals: Vec<SealedReferral>,
    /// The events that are added to the histories of these referrals.
    events: Vec<SealedEvent>,
    entries: Vec<Entry>,
}

impl PersonChange {
    /// Seals what will be written, so that a database thread does no cryptography. Exceptions are the few referrals that a new number
    /// brings, and the reports that were copied with a hidden referral.
    async fn prepare(
        before: &Person,
        after: &Person,
        old_number: Option<Vec<u8>>,
        by: &ActingStaff,
        showing: &PersonViewer,
        db: &Db,
    ) -> Result<Self> {
        let (id, moment, vault) = (before.id, &by.moment, &showing.vault);
        let mut entries = vec![by.entry("person.changed", "person", vec![id.uuid()])];
        let (mut referrals, mut events) = (Vec::new(), Vec::new());
        let is_protected = after.protection().is_protected();
        if is_protected {
            let is_raised = after.protection() > before.protection();
            let about = move |conn: &mut DbConn| match is_raised {
                true => of_person::all(conn, id),
                false => of_person::unprotected(conn, id),
            };
            let mut rerouted = Vec::new();
            for referral in db.read(about).await? {
                let referral = referral.open(vault)?;
                rerouted.extend((!referral.protected).then_some(referral.id.uuid()));
                let next = referral.clone().protected_as(after.protection(), &showing.directory, moment)?;
                events.extend(SealedEvent::of_rerouting((&referral, &next), by.staff_id, vault, moment)?);
                referrals.push(SealedReferral::new(&next, vault, &moment.random)?);
            }
            if !rerouted.is_empty() {
                entries.push(by.entry("referral.rerouted", "referral", rerouted));
            }
        }
        let person = SealedPerson::new(after, vault, &moment.random)?;
        let number_is_new = old_number != person.number_hash;
        let mut numbers: Vec<Vec<u8>> = old_number.into_iter().chain(person.number_hash.clone()).collect();
        // Every transaction that takes two numbers takes them in the same order, so that no two wait for each other.
        numbers.sort_unstable();
        let words = store::name_hashes(vault, &after.written.full_name());
        let (by, showing) = (by.clone(), showing.clone());
        Ok(Self { by, showing, person, words, numbers, number_is_new, is_protected, referrals, events, entries })
    }

    /// Writes the change, and returns the person as far as the writer may know of it afterwards.
    fn write(&self, conn: &mut DbConn) -> Result<PersonChangeOutcome> {
        let (by, mut person) = (&self.by, self.person.clone());
        for number in &self.numbers {
            dialect::take_number(conn, number)?;
        }
        if self.number_is_new {
            match store::taken(conn, &by.sight, person.number_hash.as_deref(), person.id)? {
                NumberClaim::By(known) => {
                    // Nothing else is written, but the audit records that the number was named.
                    audit::record(conn, &by.entry("person.linked", "person", vec![known.id.uuid()]))?;
                    return Ok(PersonChangeOutcome::NumberTaken);
                }
                NumberClaim::Free(slot) => person.number_slot = slot,
            }
        }
        store::update(conn, &person, &self.words)?;
        if self.number_is_new {
            adoption::adopt(conn, &person, &self.showing.directory, &self.showing.vault, by)?;
        }
        if self.is_protected {
            of_person::protect(conn, person.id, &self.referrals)?;
            self.events.iter().try_for_each(|event| events::insert(conn, event))?;
            outreach::store::protect(conn, person.id)?;
            for referral in &self.referrals {
                if referral.status != Status::EnteredInError {
                    families::store::meet_person(conn, person.id, referral.office_id, true)?;
                }
                hiding::hide_copied(conn, referral.id, &self.showing.directory, &self.showing.vault, by)?;
            }
            if let Some(family) = person.family_id {
                families::store::members_changed(conn, family)?;
            }
        }
        for entry in &self.entries {
            audit::record(conn, entry)?;
        }
        let found = if_known(look(conn, &by.sight, person.id))?;
        Ok(found.map_or(PersonChangeOutcome::OutOfSight, |found| PersonChangeOutcome::Written(Box::new(found))))
    }
}
