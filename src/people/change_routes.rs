//! Changing a person, and what follows it: a protection takes the person's open referrals out of sight in the same moment.

use actix_web::web::Data;
use actix_web::{HttpResponse, patch};

use crate::audit::client::Client;
use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{PeopleWorker, Sight, Staff};
use crate::db::{Db, DbConn};
use crate::directory::{self, Directory};
use crate::error::{Error, Problem, Result};
use crate::families;
use crate::http::answer::Validator;
use crate::http::body::MergePatch;
use crate::http::call::Call;
use crate::http::path::Named;
use crate::id::PersonId;
use crate::outreach;
use crate::people::routes::{ATTEMPTS, Found, entry, look, view};
use crate::people::store::{self, SealedPerson, Taken};
use crate::people::{Changeable, NewPerson, Person, PersonView, Registration};
use crate::referrals::of_person;
use crate::referrals::store::SealedReferral;
use crate::vault::Vault;

type PersonFacts = Changeable<NewPerson>;

/// Change a person
///
/// A merge patch (RFC 7396) of what the person was registered with. When the identity becomes protected, open referrals about the
/// person go to the central reception in the same moment, and the person is gone for staff who are not cleared: if that is you,
/// the answer is 204 without a body.
#[utoipa::path(
    operation_id = "changePerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person's identifier.")),
    request_body = PersonFacts,
    responses(
        (status = 200, description = "The person as it is now.", body = PersonView),
        (status = 409, description = "The identity number is another person's.")
    ),
    security(("staffToken" = []))
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
    let sight = staff.own_sight(&directory);
    let mut attempt = 1;
    loop {
        let seen = sight.clone();
        let before = db.read(move |conn| store::find(conn, &seen, id)).await;
        let before = denials.noted(before, || entry(&staff, &directory, &call, "person.changed", vec![id]))?;
        call.check_if_match(before.version)?;
        let before = before.open(&vault)?;
        let after = before.changed(patch.apply(&before.written)?, &directory, &call.moment)?;
        let change = Change::prepare(&before, &after, &staff, &directory, &db, &vault, &call).await?;
        match db.write(move |conn| change.write(conn)).await {
            Ok(Outcome::Written(found)) => {
                let version = found.person.version;
                return call
                    .changed(&view(*found, &vault, &directory, &call, call.moment.now)?, Validator::Version(version));
            }
            Ok(Outcome::OutOfSight) => return Ok(call.changed_out_of_sight()),
            Ok(Outcome::NumberTaken) => return Err(Error::new(Problem::AlreadyExists)),
            // The person changed meanwhile, which the next reading finds; or a referral about the person did, or came in.
            // Or somebody wrote the same number in this moment: whether the writer may know of that one, the next try tells.
            Err(error)
                if matches!(error.problem(), Problem::StaleVersion | Problem::AlreadyExists) && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// What became of a change.
enum Outcome {
    Written(Box<Found>),
    /// It is written, and the writer may not know of the person any more.
    OutOfSight,
    NumberTaken,
}

/// The next version of a person, and of the referrals that follow it out of sight.
struct Change {
    sight: Sight,
    person: SealedPerson,
    words: Vec<Vec<u8>>,
    number_is_new: bool,
    is_protected: bool,
    referrals: Vec<SealedReferral>,
    entries: Vec<Entry>,
    linked: Entry,
}

impl Change {
    /// Seals all that will be written: a database thread does no cryptography.
    async fn prepare(
        before: &Person,
        after: &Person,
        staff: &Staff,
        directory: &Directory,
        db: &Db,
        vault: &Vault,
        call: &Call,
    ) -> Result<Self> {
        let id = before.id;
        let mut entries = vec![entry(staff, directory, call, "person.changed", vec![id])];
        let mut referrals = Vec::new();
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
                let next = referral.protected_as(after.protection(), directory, &call.moment)?;
                referrals.push(SealedReferral::new(&next, vault, &call.moment.random)?);
            }
            if !rerouted.is_empty() {
                let (actor, trace) = (staff.actor(), call.trace.id());
                entries.push(
                    Entry::new(&call.moment, actor, "referral.rerouted", "referral", rerouted, trace)
                        .from_client(Client::of(call)),
                );
            }
        }
        Ok(Self {
            sight: staff.own_sight(directory),
            person: SealedPerson::new(after, vault, &call.moment.random)?,
            words: store::name_hashes(vault, &after.written.full_name()),
            number_is_new: before.written.number() != after.written.number(),
            is_protected,
            referrals,
            entries,
            linked: entry(staff, directory, call, "person.linked", Vec::new()),
        })
    }

    /// Writes it, and gives the person as the writer may know it then.
    fn write(&self, conn: &mut DbConn) -> Result<Outcome> {
        let mut person = self.person.clone();
        if self.number_is_new {
            match store::taken(conn, &self.sight, person.number_hash.as_deref(), person.id)? {
                Taken::By(known) => {
                    // Nothing else is written; but that the number was named is.
                    audit::record(conn, &self.linked.clone().about(vec![known.id.uuid()]))?;
                    return Ok(Outcome::NumberTaken);
                }
                Taken::Free(slot) => person.number_slot = slot,
            }
        }
        store::update(conn, &person, &self.words)?;
        if self.is_protected {
            of_person::protect(conn, person.id, &self.referrals)?;
            outreach::store::protect(conn, person.id)?;
            for referral in &self.referrals {
                families::store::meet_person(conn, person.id, referral.office_id)?;
            }
            if let Some(family) = person.family_id {
                families::store::members_changed(conn, family)?;
            }
        }
        for entry in &self.entries {
            audit::record(conn, entry)?;
        }
        match look(conn, &self.sight, person.id) {
            Ok(found) => Ok(Outcome::Written(Box::new(found))),
            Err(error) if error.problem() == Problem::NotFound => Ok(Outcome::OutOfSight),
            Err(error) => Err(error),
        }
    }
}
