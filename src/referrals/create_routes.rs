//! Taking a matter down: staff make a referral, and the office that is responsible gets it.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use uuid::Uuid;

use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{ReferralMaker, Sight};
use crate::db::{Db, DbConn, dialect};
use crate::directory::{self, Directory};
use crate::error::{Error, Problem, Result, Text};
use crate::families;
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::written::Written;
use crate::id::{OfficeId, OutreachContactId, PersonId, ReferralId};
use crate::idempotency::{Again, ReplayAnew, Retries, Slot};
use crate::outreach::reports;
use crate::outreach::store as contact_store;
use crate::people::store::{self as people_store, SealedPerson};
use crate::referrals::course::table::Caller;
use crate::referrals::matter::TakenDown;
use crate::referrals::of_person::{Known, hold_known};
use crate::referrals::routes::links;
use crate::referrals::staff_matter::NewStaffReferral;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::views::ReferralView;
use crate::referrals::{Referral, of_person};
use crate::rules::Rules;
use crate::vault::Vault;

/// How often a referral is stored: whom it is about may change meanwhile, and a new reference may be taken. After more something else
/// must be wrong.
const ATTEMPTS: u8 = 4;

/// Create a referral
///
/// A concern report or an internal referral of a contact in the field, somebody's own request, or the report of a private person. It
/// goes to the office that is responsible where the child lives, like every other. You read it again if that is your office, or as an
/// outreach worker because you made it. A child whose identity is protected is the reception's: who is not cleared gets an ordinary
/// answer, made of their own words, and does not find the referral afterwards. For a reporter who stays unknown nothing is kept that
/// leads back to the call.
#[utoipa::path(
    operation_id = "createReferral",
    tag = "referrals",
    request_body(content = NewStaffReferral, example = json!({
        "kind": "concern_report",
        "urgency": "soon",
        "source": { "private": { "anonymous": false, "name": "Berit Påhittad", "relation": "Granne" } },
        "child": { "givenName": "Alva", "familyName": "Påhittad", "birthYear": 2013, "placeName": "Skäggetorp" },
        "guardians": [],
        "siblings": [{ "name": "Saga", "birthYear": 2016, "alsoConcerned": false }],
        "needs": ["violence_exposed"],
        "description": "Det hörs skrik och gråt om nätterna.",
        "guardiansInformed": { "informed": "no" }
    })),
    responses((status = 201, description = "The new referral.", body = ReferralView)),
    security(("staffToken" = []))
)]
#[post("/referrals")]
pub async fn create_referral(
    maker: ReferralMaker,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    retries: Data<Retries>,
    denials: Data<Denials>,
    new: Body<NewStaffReferral>,
) -> Result<HttpResponse> {
    let new = new.0;
    let intake = Intake { maker, call, directory: directory.current(), db, vault };
    let leads_nowhere = new.is_anonymous();
    let seen = Sight { made_by: Some(intake.maker.staff.id), ..intake.readable() };
    let render = move |conn: &mut DbConn, id: Uuid, kept: Written| {
        store::find(conn, &seen, ReferralId::from_uuid(id))?;
        Ok(Again { answer: kept, others: Vec::new(), leads_nowhere })
    };
    let replay = ReplayAnew { action: "referral.created.replayed", resource_type: "referral", render };
    let actor = intake.maker.staff.actor();
    let create = async |slot: Slot| intake.take_in(&new, &slot).await;
    let answer = retries.once_or_anew(&intake.call, actor, replay, create).await;
    intake.call.send(denials.noted(answer, || intake.entry(leads_nowhere, Vec::new()))?)
}

/// Somebody who makes referrals, with what it takes.
struct Intake {
    maker: ReferralMaker,
    call: Call,
    directory: Arc<Directory>,
    db: Data<Db>,
    vault: Data<Vault>,
}

/// What the maker names, as it was when it was looked up.
#[derive(Clone)]
struct Names {
    contact: Option<OutreachContactId>,
    person: Option<SealedPerson>,
    number: Option<Vec<u8>>,
    /// Whom it is about.
    known: Option<Known>,
}

impl Intake {
    fn readable(&self) -> Sight {
        self.maker.cases.own_sight(&self.directory)
    }

    fn entry(&self, leads_nowhere: bool, about: Vec<Uuid>) -> Entry {
        let entry = Entry::of_call(&self.call, self.maker.staff.actor(), "referral.created", "referral", about);
        if leads_nowhere { entry.leading_nowhere(&self.call.moment.random) } else { entry }
    }

    async fn take_in(&self, new: &NewStaffReferral, slot: &Slot) -> Result<Written> {
        let office = self.maker.staff.creating_office(&self.directory, new.office_id.as_ref())?;
        for _ in 0..ATTEMPTS {
            match self.take_in_once(new.clone(), office, slot.clone()).await {
                // It changed meanwhile whom it is about, or the reference is taken.
                Err(error) if matches!(error.problem(), Problem::StaleVersion | Problem::AlreadyExists) => {}
                outcome => return outcome,
            }
        }
        Err(Error::new(Problem::Unavailable))
    }

    async fn take_in_once(&self, mut new: NewStaffReferral, office: OfficeId, slot: Slot) -> Result<Written> {
        let (directory, vault, moment) = (&self.directory, &self.vault, &self.call.moment);
        let leads_nowhere = new.is_anonymous();
        let names = self.look_up(&mut new).await?;
        let today = directory.calendar.local_date(moment.now.utc());
        let taken_down = new.taken_down(reports::reporter(&self.maker.staff)?, today, directory)?;
        let by = self.maker.staff.id;
        let referral = Referral::made(taken_down.clone(), by, names.known, directory, moment)?;
        let id = referral.id;
        let sealed = SealedReferral::new(&referral, vault, &moment.random)?;
        let requested = referral.matter.requested_service_ids.clone().unwrap_or_default();
        let told = self.told(referral, taken_down, &names)?;
        let is_own = self.maker.staff.offices(directory).any(|own| own == told.office_id);
        let powers = self.maker.powers;
        let caller = Caller::Staff { leads: powers.leads, qualified: powers.decides };
        let links = links(&self.call, &told, Some(caller).filter(|_| powers.works && is_own));
        let view = ReferralView::new(told, moment.now, links);
        let answer = Written::created(&self.call, &format!("/referrals/{id}"), &view, Validator::Version(1))?;
        let entry = self.entry(leads_nowhere, vec![id.uuid()]).on_behalf_of(office);
        let sights = (self.maker.field.own_sight(directory), self.maker.people.own_sight(directory));
        let kept = answer.clone();
        let work = move |conn: &mut DbConn| {
            names.hold(conn, &sights)?;
            if let Some((person, _)) = names.known {
                families::store::meet_person(conn, person, sealed.office_id, sealed.protected)?;
            }
            store::insert(conn, &sealed, &requested)?;
            of_person::arrived(conn, &sealed)?;
            audit::record(conn, &entry)?;
            slot.keep(conn, id.uuid(), &kept)
        };
        self.db.write(work).await?;
        Ok(answer)
    }

    /// Finds what is named, as far as the maker may know, and takes what the person is registered with for what was left out.
    async fn look_up(&self, new: &mut NewStaffReferral) -> Result<Names> {
        let (contact, person) = (new.source.outreach_contact_id, new.child.person_id);
        let sights = (self.maker.field.own_sight(&self.directory), self.maker.people.own_sight(&self.directory));
        let person = match contact.is_some() || person.is_some() {
            true => self.db.read(move |conn| find_named(conn, &sights, contact, person)).await?,
            false => None,
        };
        let of_child = |child: &crate::referrals::child::Child| {
            child.number().map(|number| people_store::number_hash(&self.vault, number))
        };
        let given = of_child(&new.child);
        if let Some(person) = &person {
            let registered = person.clone().open(&self.vault)?;
            new.child = new.child.clone().filled_from(person.id, &registered.written);
        }
        let number = of_child(&new.child);
        let hash = number.clone();
        let first = match hash {
            Some(hash) => self.db.read(move |conn| people_store::first_with_number(conn, &hash)).await?,
            None => None,
        };
        if let Some(person) = &person {
            let is_cleared = self.maker.staff.protected_identity;
            let is_named = |known: Known| known.0 != person.id && (is_cleared || !known.1.is_protected());
            let is_somebody_elses = match &person.number_hash {
                Some(registered) => given.is_some_and(|given| given != *registered),
                None => first.is_some_and(is_named),
            };
            if is_somebody_elses {
                let differs = Text::new("is not the number of this person", "är inte den här personens nummer");
                return Err(Error::invalid_at("/child/personalIdentityNumber", differs));
            }
        }
        let known = first.or(person.as_ref().map(|person| (person.id, person.protection)));
        Ok(Names { contact, person, number, known })
    }

    /// The referral as its maker may know it. Who is not cleared and does not know of the protection must not learn of it: they get what
    /// follows from their own words.
    fn told(&self, referral: Referral, taken_down: TakenDown, names: &Names) -> Result<Referral> {
        let said = taken_down.matter.child.protected_identity.unwrap_or_default();
        if !referral.protected || said.is_protected() || self.maker.staff.protected_identity {
            return Ok(referral);
        }
        let (directory, moment) = (&self.directory, &self.call.moment);
        let named = names.person.as_ref().map(|person| (person.id, person.protection));
        let told = Referral::made(taken_down, self.maker.staff.id, named, directory, moment)?;
        Ok(Referral { id: referral.id, reference: referral.reference, ..told })
    }
}

impl Names {
    /// Holds what is named until the transaction ends, if it still is what it was.
    fn hold(&self, conn: &mut DbConn, sights: &(Sight, Sight)) -> Result<()> {
        let first = match &self.number {
            Some(number) => hold_known(conn, number)?,
            None => None,
        };
        let id = self.person.as_ref().map(|person| person.id);
        dialect::hold_people(conn, id.as_slice())?;
        let person = find_named(conn, sights, self.contact, id)?;
        let is_same = |now: &SealedPerson| self.person.as_ref().is_some_and(|then| then.version == now.version);
        let known = first.or(person.as_ref().map(|person| (person.id, person.protection)));
        if known != self.known || !person.as_ref().is_none_or(is_same) {
            return Err(crate::db::stale());
        }
        Ok(())
    }
}

/// What a body names must be there, as far as these may know: the contact by the first sight, the person by the second.
fn find_named(
    conn: &mut DbConn,
    (field, people): &(Sight, Sight),
    contact: Option<OutreachContactId>,
    person: Option<PersonId>,
) -> Result<Option<SealedPerson>> {
    let mut rules = Rules::default();
    if let Some(id) = contact {
        let found = if_known(contact_store::find(conn, field, id))?.filter(|contact| !contact.in_error);
        rules.known("/source/outreachContactId", id.uuid(), found);
    }
    let mut found = None;
    if let Some(id) = person {
        found = rules.known("/child/personId", id.uuid(), if_known(people_store::find(conn, people, id))?);
    }
    rules.finish(Some(found))
}
