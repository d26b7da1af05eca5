//! The synthetic families whom the demo's two offices have met. Some of the demo's referrals are about their children. The
//! families, their homes and their names are made up.

use std::collections::HashMap;

use chrono::{Datelike, Duration};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::authorship::RecordKey;
use crate::audit::{self, Actor, AuditAction, Entry, actions};
use crate::db::DbConn;
use crate::demo::chance::{self, Chance};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::families::store::{FamilyEvent, SealedFamily};
use crate::families::{self, Family, FamilyEventKind, NewFamily};
use crate::http::body;
use crate::id::{DistrictId, FamilyId, OfficeId, StaffId};
use crate::moment::Moment;
use crate::people::store::SealedPerson;
use crate::people::{self, NewPerson, Person, ProtectedIdentity};
use crate::time::Random;
use crate::vault::Vault;

/// A synthetic family, before it is registered.
struct Home {
    name: &'static str,
    /// The name of the place where the family lives. The office in Skäggetorp has met the families there, and the reception all
    /// others.
    place: &'static str,
    adults: usize,
    /// The children whom referrals are about, each by the number of the referral in `cases.rs`.
    referred: &'static [usize],
    /// The other children of the family, each with given name and age in years.
    others: &'static [(&'static str, i32)],
    /// The protected identity of the children in `referred` and, if the family has no other children, of the adults.
    protection: ProtectedIdentity,
    /// The code of the language that the family speaks best.
    language: &'static str,
}

const SKAGGETORP: &str = "Skäggetorp";
const OPEN: ProtectedIdentity = ProtectedIdentity::None;

#[rustfmt::skip]
const HOMES: [Home; 15] = [
    Home { name: "Ahmed", place: SKAGGETORP, adults: 2, referred: &[0, 18], others: &[("Amina", 5)], protection: OPEN, language: "so" },
    Home { name: "Andersson", place: SKAGGETORP, adults: 1, referred: &[1], others: &[("Saga", 7)], protection: OPEN, language: "sv" },
    Home { name: "Berg", place: SKAGGETORP, adults: 2, referred: &[3], others: &[], protection: OPEN, language: "sv" },
    Home { name: "Hassan", place: SKAGGETORP, adults: 1, referred: &[4, 24], others: &[("Ismail", 3)], protection: OPEN, language: "ar" },
    Home { name: "Johansson", place: SKAGGETORP, adults: 1, referred: &[6], others: &[], protection: OPEN, language: "sv" },
    Home { name: "Karlsson", place: SKAGGETORP, adults: 2, referred: &[7], others: &[("Nils", 10)], protection: OPEN, language: "sv" },
    Home { name: "Novak", place: SKAGGETORP, adults: 1, referred: &[9], others: &[("Lova", 6)], protection: ProtectedIdentity::Marked, language: "bs" },
    Home { name: "Rahimi", place: SKAGGETORP, adults: 2, referred: &[], others: &[("Omar", 12), ("Ines", 9)], protection: OPEN, language: "fa" },
    Home { name: "Öberg", place: SKAGGETORP, adults: 1, referred: &[13], others: &[], protection: OPEN, language: "sv" },
    Home { name: "Nilsson", place: SKAGGETORP, adults: 1, referred: &[15], others: &[("Vera", 2)], protection: OPEN, language: "sv" },
    Home { name: "Persson", place: "Ryd", adults: 1, referred: &[2], others: &[], protection: OPEN, language: "sv" },
    Home { name: "Lindqvist", place: "Berga", adults: 1, referred: &[11], others: &[], protection: ProtectedIdentity::ProtectedRegistration, language: "sv" },
    Home { name: "Hassan", place: "Ekholmen", adults: 1, referred: &[5, 20], others: &[], protection: OPEN, language: "ar" },
    Home { name: "Berg", place: "Malmslätt", adults: 2, referred: &[8], others: &[], protection: OPEN, language: "sv" },
    Home { name: "Andersson", place: "Ryd", adults: 1, referred: &[], others: &[("Elsa", 14)], protection: OPEN, language: "sv" },
];

/// A child of one of these families, or of another one, as a referral names the child.
#[derive(Debug, Clone, Copy)]
pub struct KnownChild {
    pub given: &'static str,
    pub family: &'static str,
    pub place: &'static str,
}

/// The children whom referrals are about, each by the number of the referral in `cases.rs`.
pub type Homes = HashMap<usize, KnownChild>;

/// Inserts the families and their members, and returns the children whom referrals are about.
pub fn insert(conn: &mut DbConn, vault: &Vault, directory: &Directory, moment: &Moment) -> Result<Homes> {
    let (mut chance, mut known) = (Chance::new(19_750_101), Homes::new());
    let (mut adults, this_year) = (0, moment.now.utc().year());
    for home in &HOMES {
        let registered = Registered::new(home, vault, directory, moment, &mut chance)?;
        let family = registered.family(conn)?;
        let of_adults = if home.others.is_empty() { home.protection } else { OPEN };
        for adult in adults..adults + home.adults {
            let identity = chance::adult(adult, this_year);
            // Every second adult has told the number; the others were not asked.
            let told = match adult.is_multiple_of(2) {
                true => json!({ "personalIdentityNumber": identity.number }),
                false => json!({}),
            };
            registered.person(conn, family, chance.adult_name(&identity), told, of_adults)?;
        }
        adults += home.adults;
        for case in home.referred {
            let identity = chance::child(*case, this_year);
            let given = chance.given_name(&identity);
            let number = json!({ "personalIdentityNumber": identity.number });
            registered.person(conn, family, given, number, home.protection)?;
            known.insert(*case, KnownChild { given, family: home.name, place: home.place });
        }
        for (given, age) in home.others {
            registered.person(conn, family, given, json!({ "birthYear": this_year - age }), OPEN)?;
        }
        families::store::hide_district(conn, family)?;
    }
    Ok(known)
}

/// The registration of one family by an office, 20 to 59 days ago.
struct Registered<'a> {
    home: &'a Home,
    office: OfficeId,
    district: DistrictId,
    /// The member of staff who registered the family.
    staff_id: StaffId,
    /// The time of the registration, and the source of random bytes for identifiers.
    then: Moment,
    /// The source of random bytes for sealing.
    random: &'a Random,
    vault: &'a Vault,
    directory: &'a Directory,
}

impl<'a> Registered<'a> {
    fn new(
        home: &'a Home,
        vault: &'a Vault,
        directory: &'a Directory,
        moment: &'a Moment,
        chance: &mut Chance,
    ) -> Result<Self> {
        let slug = if home.place == SKAGGETORP { "skaggetorp" } else { "mottagning-barn-unga" };
        let office = directory.offices.iter().find(|office| office.slug.as_ref() == slug);
        let (Some(office), Some(district)) = (office, directory.district_of_place(home.place)) else {
            return Err(Error::internal("the demo's homes lie in Linköping"));
        };
        let days = i64::try_from(20 + chance.below(40)).unwrap_or(20);
        let then = Moment { now: (moment.now.utc() - Duration::days(days)).into(), random: chance.random() };
        let (office, district, staff_id) = (office.id, district.id, then.id());
        Ok(Self { home, office, district, staff_id, then, random: &moment.random, vault, directory })
    }

    fn family(&self, conn: &mut DbConn) -> Result<FamilyId> {
        let body =
            json!({ "label": format!("Familjen {}", self.home.name), "districtId": self.district, "memberIds": [] });
        let new: NewFamily = body::read(body)?;
        let family = Family::new(&new, self.directory, &self.then)?;
        families::store::insert(conn, &SealedFamily::new(&family, self.vault, self.random)?, self.office)?;
        self.record(conn, actions::FAMILY_CREATED, family.id.uuid())?;
        Ok(family.id)
    }

    fn person(
        &self,
        conn: &mut DbConn,
        family: FamilyId,
        given: &str,
        mut body: Value,
        protection: ProtectedIdentity,
    ) -> Result<()> {
        body["givenName"] = json!(given);
        body["familyName"] = json!(self.home.name);
        body["languages"] = json!([self.home.language]);
        body["districtId"] = json!(self.district);
        body["protection"] = json!(protection);
        let new: NewPerson = body::read(body)?;
        let person = Person { family_id: Some(family), ..Person::register(new, self.directory, &self.then)? };
        let words = people::store::name_hashes(self.vault, &person.written.full_name());
        let sealed = SealedPerson::new(&person, self.vault, self.random)?;
        people::store::insert(conn, &sealed, &words, self.office)?;
        let joined = FamilyEvent {
            id: self.then.id(),
            kind: FamilyEventKind::Moved,
            person_id: Some(person.id),
            from_family_id: None,
            to_family_id: Some(family),
            reason: None,
            staff_id: self.staff_id,
            at: self.then.now,
        };
        families::store::remember(conn, &[joined])?;
        self.record(conn, actions::PERSON_CREATED, person.id.uuid())
    }

    fn record(&self, conn: &mut DbConn, action: AuditAction, id: Uuid) -> Result<()> {
        let actor = Actor::Staff(self.staff_id);
        let key = RecordKey::of(self.vault.ring());
        let entry = Entry::new(&key, &self.then, actor, action, vec![id], String::new());
        audit::record(conn, &entry.on_behalf_of(self.office))
    }
}
