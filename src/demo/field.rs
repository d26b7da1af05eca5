//! A year of synthetic outreach work for the demo, the same at every start except for its dates. No family in it is real.
//!
//! The year has seasons: early summer and autumn are busy, Christmas and July are not. Families are met again, and some who
//! decline an offer accept one later.

use chrono::{Datelike, Duration, NaiveTime};
use serde_json::{Value, json};

use crate::audit::authorship::RecordKey;
use crate::audit::{self, Actor, Entry, actions};
use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::demo::chance::Chance;
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::families::store::SealedFamily;
use crate::families::{self, Family};
use crate::id::{FamilyId, OfficeId, ServiceId, StaffId};
use crate::moment::Moment;
use crate::outreach::arrival::{self, ArrivedContact, ArrivingContact};
use crate::outreach::follow_ups::FollowUp;
use crate::outreach::follow_ups::store::SealedFollowUp;
use crate::outreach::offers::store::{AnswerRow, SealedOffer};
use crate::outreach::offers::{NewAnswer, NewOffer, Offer, store as offer_store};
use crate::outreach::{ContactSetting, NewContact, OutreachContact};
use crate::time::Timestamp;
use crate::vault::Vault;

const CONTACTS: usize = 1500;
const FAMILIES: usize = 220;
const WORKERS: usize = 5;
/// The number of contacts that are inserted together, with one audit record.
const AT_ONCE: usize = 100;
/// The probability, in tenths, that a randomly chosen day is kept as the day of a contact: for each month, from January.
const SEASONS: [u64; 12] = [5, 6, 7, 8, 10, 9, 3, 7, 10, 9, 8, 4];

/// The kinds of contacts that chance chooses from: the channel, the kind of place, the summary and the topics.
const SCENES: [(&str, &str, &str, &[&str]); 8] = [
    ("street", "square", "Pratade på torget om kvällarna och om vad som finns att göra.", &["leisure"]),
    ("street", "transport", "Träffade några vid busshållplatsen som inte ville gå hem än.", &["loneliness"]),
    ("school", "school", "Satt i uppehållsrummet på rasten. Flera undrade över frånvaron.", &["school_absence"]),
    (
        "youth_centre",
        "youth_centre",
        "Öppet hus på fritidsgården; många frågor om sommarjobb.",
        &["leisure", "integration"],
    ),
    ("home_visit", "home", "Drack kaffe hemma hos familjen och pratade om läxor och skärmtid.", &["parenting"]),
    ("phone", "online", "Föräldern ringde tillbaka och ville veta mer om samtalsstöd.", &["family_conflict"]),
    ("event", "square", "Stod vid grillen på områdesdagen och berättade om kontoret.", &["integration"]),
    ("association", "other", "Besökte föreningens träning och pratade med ledarna.", &["crime_risk", "leisure"]),
];
const AGES: [&str; 5] = ["10-12", "13-15", "13-15", "16-17", "18-20"];
const OFFERED: [&str; 4] = ["telefonradgivning", "bokat-samtal", "foraldrakurser", "faltverksamhet-och-omradesteam"];
const NOES: [&str; 5] = ["not_wanted_now", "distrust_of_authority", "practical", "language", "no_reason_given"];

/// Inserts the families and a year of contacts with them and others, with offers, answers and follow-ups.
pub fn insert(conn: &mut DbConn, vault: &Vault, directory: &Directory, moment: &Moment) -> Result<()> {
    let office = directory.offices.iter().find(|office| office.slug.as_ref() == "skaggetorp");
    let office = office.ok_or_else(|| Error::internal("the demo's directory has its office"))?.id;
    let mut year = Year { chance: Chance::new(20_220_815), directory, office, moment, vault };
    let workers: Vec<StaffId> = (0..WORKERS).map(|_| year.moment_at(moment.now).id()).collect();
    let families = year.families(conn)?;
    let mut days: Vec<Timestamp> = (0..CONTACTS).map(|_| year.evening()).collect();
    days.sort_unstable();
    let sight = CaseScope { offices: vec![office], made_by: None, protected_identity: false, reason: None };
    for days in days.chunks(AT_ONCE) {
        let contacts = days.iter().map(|at| year.contact(*at, &workers, &families)).collect::<Result<Vec<_>>>()?;
        let arrivals: Vec<ArrivingContact> = contacts.iter().map(|(_, arrival)| arrival.clone()).collect();
        let arrived =
            arrival::receive(conn, &sight, &arrivals)?.into_iter().collect::<Result<Vec<ArrivedContact>>>()?;
        let mut answers = Vec::new();
        for ((contact, _), arrived) in contacts.into_iter().zip(&arrived) {
            year.offer(conn, contact, arrived, &mut answers)?;
        }
        offer_store::insert_answers(conn, &answers)?;
        let ids = arrived.iter().map(|arrived| arrived.contact.id.uuid()).collect();
        let at = year.moment_at(days.last().copied().unwrap_or(moment.now));
        let key = RecordKey::of(vault.ring());
        let entry = Entry::new(&key, &at, Actor::System, actions::OUTREACH_CONTACT_CREATED, ids, String::new());
        audit::record(conn, &entry.on_behalf_of(office))?;
    }
    Ok(())
}

struct Year<'a> {
    chance: Chance,
    directory: &'a Directory,
    office: OfficeId,
    moment: &'a Moment,
    vault: &'a Vault,
}

impl Year<'_> {
    fn moment_at(&mut self, now: Timestamp) -> Moment {
        Moment { now, random: self.chance.random() }
    }

    fn families(&mut self, conn: &mut DbConn) -> Result<Vec<FamilyId>> {
        let mut ids = Vec::new();
        let begun = Timestamp::from(self.moment.now.utc() - Duration::days(365));
        for number in 1..=FAMILIES {
            let new = json!({ "label": format!("Familj {number} (påhittad)"), "memberIds": [] });
            let moment = self.moment_at(begun);
            let family = Family::new(&crate::http::body::read(new)?, self.directory, &moment)?;
            let sealed = SealedFamily::new(&family, self.vault, &moment.random)?;
            families::store::insert(conn, &sealed, self.office)?;
            ids.push(family.id);
        }
        Ok(ids)
    }

    /// Chooses a random time of an afternoon or evening in the last year, more often in busy months.
    fn evening(&mut self) -> Timestamp {
        loop {
            let day = self.moment.now.utc().date_naive() - Duration::days(1 + self.days(364));
            let busy = SEASONS.get(day.month0() as usize).copied().unwrap_or_default();
            if self.chance.below(10) < busy {
                let minutes = 13 * 60 + self.days(8 * 60);
                return Timestamp::from((day.and_time(NaiveTime::MIN) + Duration::minutes(minutes)).and_utc());
            }
        }
    }

    fn days(&mut self, below: u64) -> i64 {
        i64::try_from(self.chance.below(below)).unwrap_or_default()
    }

    fn contact(
        &mut self,
        at: Timestamp,
        workers: &[StaffId],
        families: &[FamilyId],
    ) -> Result<(OutreachContact, ArrivingContact)> {
        let (channel, place, told, topics) = self.chance.one_of(&SCENES);
        let active: Vec<_> = self.directory.districts.iter().filter(|district| district.is_active()).collect();
        let norr: Vec<_> = active.iter().filter(|district| self.serves(district.area_id)).copied().collect();
        // The office works in its area, and now and then in another district, for instance with families that have moved.
        let district = if self.chance.below(8) == 0 { self.chance.one_of(&active) } else { self.chance.one_of(&norr) };
        let outcome =
            self.chance.one_of(&["reached", "reached", "reached", "reached", "not_reached", "declined_to_talk"]);
        let mut body = json!({
            "occurredAt": at, "durationMinutes": 5 + self.chance.below(55), "channel": channel, "placeType": place,
            "initiatedBy": self.chance.one_of(&["worker", "worker", "young_person", "guardian", "partner"]),
            "districtId": district.id, "outcome": outcome, "participants": [], "topics": topics, "summary": told,
        });
        if outcome == "reached" {
            self.add_people(&mut body, families);
        }
        let worker = self.chance.one_of(workers);
        let moment = self.moment_at(at);
        let new: NewContact = crate::http::body::read(body)?;
        let promise = new.follow_up.clone();
        let setting = ContactSetting { office: self.office, directory: self.directory, now: at, before: None };
        let contact = OutreachContact::new(new, &setting, worker, moment.random.bytes(), &moment)?;
        let follow_up = match FollowUp::of_contact(promise, &contact) {
            Some(follow_up) => Some(SealedFollowUp::new(&follow_up, self.vault, &moment.random)?),
            None => None,
        };
        let arrival = ArrivingContact::new(&contact, follow_up, false, self.vault, &moment.random)?;
        Ok((contact, arrival))
    }

    fn serves(&self, area: crate::id::AreaId) -> bool {
        self.directory.office(self.office).is_some_and(|office| office.serves_area(area))
    }

    /// Adds to the body of a contact the people who were met: one to three individuals, sometimes a group, often one of the known
    /// families, and sometimes a follow-up.
    fn add_people(&mut self, body: &mut Value, families: &[FamilyId]) {
        let one_by_one = 1 + self.chance.below(3);
        let participant = |chance: &mut Chance| json!({ "ageBand": *chance.one_of(&AGES), "role": "child", "gender": *chance.one_of(&["female", "male", "unknown"]) });
        body["participants"] = (0..one_by_one).map(|_| participant(&mut self.chance)).collect();
        if self.chance.below(4) == 0 {
            body["group"] = json!([{ "ageBand": self.chance.one_of(&AGES), "count": 2 + self.chance.below(12) }]);
        }
        if self.chance.below(2) == 0 {
            // Some families are met often, most of them only a few times.
            let places = families.len() as u64;
            let place = self.chance.below(places).min(self.chance.below(places));
            body["familyId"] = json!(usize::try_from(place).ok().and_then(|place| families.get(place)));
        } else {
            let value = self.chance.one_of(&["known", "newly_known", "unknown"]);
            body["familyKnowledge"] =
                json!({ "value": value, "basis": self.chance.one_of(&["self_reported", "staff_memory"]) });
        }
        if self.chance.below(8) == 0 {
            let occurred =
                body["occurredAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok()).unwrap_or(self.moment.now);
            let due = occurred.utc().date_naive() + Duration::days(7 + self.days(21));
            body["followUp"] = json!({ "dueOn": due, "note": "Höra hur det har gått." });
        }
    }

    /// Stores an offer to the family of every third contact that has one, and adds to `answers` an answer at that time and
    /// perhaps later ones.
    fn offer(
        &mut self,
        conn: &mut DbConn,
        mut contact: OutreachContact,
        arrived: &ArrivedContact,
        answers: &mut Vec<AnswerRow>,
    ) -> Result<()> {
        let Some(family) = arrived.contact.family_id.filter(|_| self.chance.below(3) == 0) else { return Ok(()) };
        contact.family_id = Some(family);
        let slug = self.chance.one_of(&OFFERED);
        let service = self.directory.services.iter().find(|service| service.slug.as_ref() == slug);
        let Some(service) = service.map(|service| service.id) else { return Ok(()) };
        let at = contact.record.written.occurred_at;
        let moment = self.moment_at(at);
        let offer = Offer::new(new_offer(service, family)?, &contact, contact.worker_id, self.directory, &moment)?;
        offer_store::insert(conn, &SealedOffer::new(&offer, self.vault, &moment.random)?)?;
        let mut asked = at.utc();
        for before in 0.. {
            let said = self.chance.one_of(&["accepted", "declined", "declined", "thinking", "not_answered"]);
            let mut answer = json!({ "answer": said });
            if said == "declined" {
                answer["declineReason"] = json!(self.chance.one_of(&NOES));
            }
            let moment = self.moment_at(asked.into());
            let new: NewAnswer = crate::http::body::read(answer)?;
            answers.push(AnswerRow::from(&offer.answered(&new, before, contact.worker_id, self.directory, &moment)?));
            asked += Duration::days(14 + self.days(60));
            if said == "accepted" || asked > self.moment.now.utc() || self.chance.below(3) == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn new_offer(service: ServiceId, family: FamilyId) -> Result<NewOffer> {
    crate::http::body::read(json!({ "serviceId": service, "to": { "familyId": family } }))
}
