//! The operation by which staff make a referral, which goes to the responsible office.

use actix_web::{HttpResponse, post};
use uuid::Uuid;

use crate::audit::{self, Entry};
use crate::auth::{CaseScope, Desk, ReferralMaker, Tools};
use crate::db::{DbConn, anew};
use crate::error::{Problem, Result};
use crate::families;
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::idempotency::GONE;
use crate::http::written::Written;
use crate::id::{OfficeId, OutreachContactId, PersonId, ReferralId};
use crate::idempotency::{Again, ReplayAnew, Slot};
use crate::outreach::{reports, store as contact_store};
use crate::people::ProtectedIdentity;
use crate::referrals::Referral;
use crate::referrals::faces::answers::links;
use crate::referrals::faces::views::ReferralView;
use crate::referrals::matter::staff_matter::NewStaffReferral;
use crate::referrals::matter::{TakenDown, consent};
use crate::referrals::person::of_person;
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::store::{self, SealedReferral};
use crate::rules::Rules;

/// Create a referral
///
/// Takes down a concern report or an internal referral from a contact in the field, somebody's own request, or the report of a
/// private person. The referral goes to the office that is responsible where the child lives, like every other referral. You
/// can read it later if that is your office, or if you made it as an outreach worker. A referral about a child with a protected
/// identity goes to the central reception: staff who are not cleared get an ordinary answer, made from their own words, and
/// cannot find the referral afterwards. For a reporter who stays unknown, nothing is kept that leads back to the call.
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
    responses(
        (status = 201, description = "The new referral.", body = ReferralView),
        (status = 404, description = GONE)
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([
            Problem::NoOffice, Problem::UnknownReference, consent::PROBLEMS, Problem::SiblingIsTheChild,
        ])),
        ("x-answer-example" = json!({
            "source": {
                "partnerId": null,
                "senderReference": null,
                "private": { "anonymous": false },
                "reporter": { "name": "Berit Påhittad", "title": null, "phone": null, "relation": "Granne" },
            },
            "child": { "school": null },
            "guardians": [],
            "needs": ["violence_exposed"],
            "description": "Det hörs skrik och gråt om nätterna.",
            "guardiansInformed": { "informed": "no" },
            "feedback": null,
            "feedbackRequested": false,
        }))
    )
)]
#[post("/referrals")]
pub async fn create_referral(maker: ReferralMaker, tools: Tools, new: Body<NewStaffReferral>) -> Result<HttpResponse> {
    let new = new.0;
    let desk = Desk::new(maker, tools);
    let leads_nowhere = new.is_anonymous();
    let seen = CaseScope { made_by: Some(desk.caller.staff.id), ..desk.readable() };
    let render = move |conn: &mut DbConn, id: Uuid, kept: Written| {
        store::find(conn, &seen, ReferralId::from_uuid(id))?;
        Ok(Again { answer: kept, others: Vec::new(), leads_nowhere })
    };
    let replay = ReplayAnew { action: "referral.created.replayed", resource_type: "referral", render };
    let actor = desk.caller.staff.actor();
    let create = async |slot: Slot| desk.take_in(&new, &slot).await;
    let answer = desk.retries.once_or_anew(&desk.call, actor, replay, create).await;
    desk.call.send(desk.denials.noted(answer, || desk.entry(leads_nowhere, Vec::new()))?)
}

impl Desk<ReferralMaker> {
    fn readable(&self) -> CaseScope {
        self.caller.cases.own_sight(&self.directory)
    }

    fn entry(&self, leads_nowhere: bool, about: Vec<Uuid>) -> Entry {
        let entry = Entry::of_call(&self.call, self.caller.staff.actor(), "referral.created", "referral", about);
        if leads_nowhere { entry.leading_nowhere(&self.call.moment.random) } else { entry }
    }

    async fn take_in(&self, new: &NewStaffReferral, slot: &Slot) -> Result<Written> {
        let office = self.caller.staff.creating_office(&self.directory, new.office_id.as_ref())?;
        // The person that the referral is about may change in the meantime, and the reference may be taken; then it is tried
        // again.
        anew(false, async || self.take_in_once(new.clone(), office, slot.clone()).await).await
    }

    async fn take_in_once(&self, mut new: NewStaffReferral, office: OfficeId, slot: Slot) -> Result<Written> {
        let (directory, vault, moment) = (&self.directory, &self.vault, &self.call.moment);
        let leads_nowhere = new.is_anonymous();
        let (named, contact) = (new.child.person_id, new.source.outreach_contact_id);
        let (field, people) = (self.caller.field.own_sight(directory), self.caller.people.own_sight(directory));
        let (child, whom) = ConcernedPerson::of_child(new.child, None, people, &self.db, vault).await?;
        new.child = child;
        let today = directory.calendar.local_date(moment.now.utc());
        let taken_down = new.taken_down(reports::reporter(&self.caller.staff)?, today, directory)?;
        let says_protected = taken_down.matter.child.is_said_to_be_protected();
        let by = self.caller.staff.id;
        let referral = Referral::made(taken_down.clone(), by, whom.known, directory, moment)?;
        let id = referral.id;
        let sealed = SealedReferral::new(&referral, vault, &moment.random)?;
        let requested = referral.matter.requested_service_ids.clone().unwrap_or_default();
        let told = self.told(referral, taken_down, named)?;
        let is_own = self.caller.staff.offices(directory).any(|own| own == told.office_id);
        let powers = self.caller.powers;
        let caller = (powers.works && is_own).then(|| powers.into());
        let links = links(&self.call, &told, directory, caller);
        let view = ReferralView::new(told, moment.now, links);
        let answer = Written::created(&self.call, &format!("/referrals/{id}"), &view, Validator::Version(1))?;
        let entry = self.entry(leads_nowhere, vec![id.uuid()]).on_behalf_of(office);
        let kept = answer.clone();
        let work = move |conn: &mut DbConn| {
            whom.hold(conn)?;
            check_contact(conn, &field, contact)?;
            if let Some((person, _)) = whom.known {
                families::store::meet_person(conn, person, sealed.office_id, sealed.protected)?;
            }
            store::insert(conn, &sealed, &requested)?;
            of_person::arrived(conn, &sealed)?;
            // The contact is about the same child, so it is protected too. It is left alone if the maker does not know of the
            // protection, since its disappearance would reveal the protection.
            if says_protected {
                contact_store::protect_source(conn, id)?;
            }
            audit::record(conn, &entry)?;
            slot.keep(conn, id.uuid(), &kept)
        };
        self.db.write(work).await?;
        Ok(answer)
    }

    /// The referral as its maker may know it. A maker who is not cleared and does not know of the protection must not learn of
    /// it, and gets an answer that follows from the maker's own words.
    fn told(&self, referral: Referral, taken_down: TakenDown, named: Option<PersonId>) -> Result<Referral> {
        let said = taken_down.matter.child.is_said_to_be_protected();
        if !referral.protected || said || self.caller.staff.protected_identity {
            return Ok(referral);
        }
        let (directory, moment) = (&self.directory, &self.call.moment);
        // A maker who is not cleared can name only a person whose identity is not protected.
        let named = named.map(|person| (person, ProtectedIdentity::None));
        let told = Referral::made(taken_down, self.caller.staff.id, named, directory, moment)?;
        Ok(Referral { id: referral.id, reference: referral.reference, ..told })
    }
}

/// Checks that the contact named in a body exists, as far as a caller with this sight of the field may know.
fn check_contact(conn: &mut DbConn, sight: &CaseScope, named: Option<OutreachContactId>) -> Result<()> {
    let mut rules = Rules::default();
    if let Some(id) = named {
        let found = if_known(contact_store::find(conn, sight, id))?.filter(|contact| !contact.in_error);
        rules.known("/source/outreachContactId", id.uuid(), found);
    }
    rules.finish(Some(()))
}
