//! The operation that registers a person. Referrals that named the person's identity number before are about the person from now on.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use uuid::Uuid;

use crate::audit;
use crate::audit::denials::Denials;
use crate::auth::PeopleWorker;
use crate::cases::adoption;
use crate::db::{Db, DbConn, anew, dialect};
use crate::directory;
use crate::error::{Problem, Result};
use crate::families::membership::ActingStaff;
use crate::families::{self, FamilyEventKind};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::idempotency::GONE;
use crate::http::written::Written;
use crate::id::{FamilyId, OfficeId, PersonId};
use crate::idempotency::{Again, ReplayAnew, Retries, Slot};
use crate::outreach;
use crate::people::answers::{PersonViewer, VisiblePerson, look, path};
use crate::people::store::{self, NumberClaim, SealedPerson};
use crate::people::view::{KnownPerson, PersonView};
use crate::people::{NewPerson, Person};
use crate::vault::Vault;

/// Register a person
///
/// Registers somebody whom your office has met, with as much as is known. If the identity number is already known, the answer is 200 with
/// that person's identifier and name, and no more: the rest becomes visible once a referral or a contact of your own office is about the
/// person. That a number was named is recorded. Referrals that named the number before are about the person from now on.
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
pub async fn create_person(
    PeopleWorker(staff): PeopleWorker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    new: Body<NewPerson>,
) -> Result<HttpResponse> {
    let (directory, new) = (directory.current(), new.0);
    let by = ActingStaff::new(&staff, &directory, &call);
    let showing = PersonViewer::new(&vault, &directory, &call);
    let (sight, seal, shown) = (by.sight.clone(), vault.get_ref().clone(), showing.clone());
    let number = new.number().map(|number| store::number_hash(&vault, number));
    let render = move |conn: &mut DbConn, id: Uuid, kept: Written| {
        let id = PersonId::from_uuid(id);
        if kept.is_created() {
            return shown.made_anew(look(conn, &sight, id)?, kept);
        }
        let known = store::find_named(conn, &sight, number.as_deref().unwrap_or_default(), id)?;
        let named = KnownPerson::from(known.open(&seal)?);
        Ok(Again {
            answer: kept.made_anew(&named, Validator::Content)?.told_whole(),
            others: Vec::new(),
            leads_nowhere: false,
        })
    };
    let replay = ReplayAnew { action: "person.created.replayed", resource_type: "person", render };
    let create = async |slot: Slot| {
        let office = staff.creating_office(&directory, new.office_id.as_ref())?;
        let person = Person::register(new.clone(), &directory, &call.moment)?;
        let sealed = SealedPerson::new(&person, &vault, &call.moment.random)?;
        let words = store::name_hashes(&vault, &person.written.full_name());
        // Somebody else may register the same number at this moment, or change a referral that names it.
        let arrive = async || {
            let (person, words, by) = (sealed.clone(), words.clone(), by.clone());
            let arrival = PersonRegistration { person, words, family: new.family_id, office, by };
            let (slot, showing) = (slot.clone(), showing.clone());
            db.write(move |conn| arrival.write(conn, &slot, &showing)).await
        };
        anew(false, arrive).await
    };
    let answer = retries.once_or_anew(&call, staff.actor(), replay, create).await;
    call.send(denials.noted(answer, || by.entry("person.created", "person", Vec::new()))?)
}

/// A person who is being registered.
struct PersonRegistration {
    person: SealedPerson,
    words: Vec<Vec<u8>>,
    family: Option<FamilyId>,
    office: OfficeId,
    by: ActingStaff,
}

impl PersonRegistration {
    fn write(&self, conn: &mut DbConn, slot: &Slot, showing: &PersonViewer) -> Result<Written> {
        let by = &self.by;
        let mut person = self.person.clone();
        if let Some(family) = self.family {
            by.check_can_be_joined(conn, family, "/familyId")?;
        }
        if let Some(hash) = &person.number_hash {
            dialect::take_number(conn, hash)?;
        }
        match store::taken(conn, &by.sight, person.number_hash.as_deref(), person.id)? {
            NumberClaim::By(known) => return self.tell(conn, *known, slot, &showing.vault),
            NumberClaim::Free(free) => person.number_slot = free,
        }
        person.family_id = self.family;
        store::insert(conn, &person, &self.words, self.office)?;
        if let Some(family) = self.family {
            let joined = by.event(FamilyEventKind::Moved, Some(person.id), None, Some(family));
            families::store::remember(conn, &[joined])?;
            families::store::members_changed(conn, family)?;
            ActingStaff::check_size(conn, family, "/familyId")?;
        }
        adoption::adopt(conn, &person, &showing.directory, &showing.vault, by)?;
        if person.protection.is_protected() {
            outreach::store::protect(conn, person.id)?;
        }
        let entry = by.entry("person.created", "person", vec![person.id.uuid()]);
        audit::record(conn, &entry.on_behalf_of(self.office))?;
        let (id, version) = (person.id, person.version);
        let view = showing.view(VisiblePerson::new(conn, &by.sight, person, self.family)?)?;
        let answer = Written::created(&showing.links, &path(id), &view, Validator::Version(version))?;
        slot.keep(conn, id.uuid(), &answer)?;
        Ok(answer)
    }

    /// Answers with the person who already has the number. Nothing is written except that the number was named.
    fn tell(&self, conn: &mut DbConn, known: SealedPerson, slot: &Slot, vault: &Vault) -> Result<Written> {
        let id = known.id.uuid();
        let entry = self.by.entry("person.linked", "person", vec![id]);
        audit::record(conn, &entry.on_behalf_of(self.office))?;
        let answer = Written::changed(&KnownPerson::from(known.open(vault)?), Validator::Content)?.told_whole();
        slot.keep(conn, id, &answer)?;
        Ok(answer)
    }
}
