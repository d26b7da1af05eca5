//! People with names as they are spread in Sweden: some of them common, most of them rare. Nobody of these exists.

use diesel::prelude::*;
use nara::db::schema::{people, person_name_tokens};
use nara::db::{DbConn, in_transaction};
use nara::directory::Directory;
use nara::error::Result;
use nara::id::{OfficeId, ResourceId};
use nara::moment::Moment;
use nara::on_backend;
use nara::people::store::{SealedPerson, name_hashes, note_met};
use nara::people::{NewPerson, Person};
use nara::time::{Clock, Random};
use nara::vault::Vault;
use serde_json::json;

/// So many are written at once.
const AT_ONCE: usize = 100;
/// How many given names and family names there are. The most common has one holder in some thirty or fifty, as in Sweden.
const GIVEN_NAMES: f64 = 1_000.0;
const FAMILY_NAMES: f64 = 2_000.0;
/// So many of those at the office that is measured are looked for, by turns.
const LOOKED_FOR: usize = 500;

/// One of Skatteverket's published test numbers.
pub const NUMBER: &str = "20130315-2399";

/// Makes them.
pub struct People {
    vault: Vault,
    offices: Vec<OfficeId>,
    /// Whose callers are measured.
    home: OfficeId,
    moment: Moment,
    template: Person,
    made: u64,
    /// Names of those of the office that is measured.
    pub looked_for: Vec<String>,
}

impl People {
    pub fn new(directory: &Directory, vault: &Vault, home: OfficeId) -> Self {
        let moment = Moment { now: Clock::system().now(), random: Random::system() };
        let new = json!({ "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": NUMBER });
        let new: NewPerson = serde_json::from_value(new).expect("a person can be written down");
        let template = Person::register(new, directory, &moment).expect("the person keeps the rules");
        let offices = directory.offices.iter().map(|office| office.id).collect();
        Self { vault: vault.clone(), offices, home, moment, template, made: 0, looked_for: Vec::new() }
    }

    /// Writes so many more, without any record of who did.
    pub fn fill(&mut self, conn: &mut DbConn, count: usize) {
        let rows: Vec<_> = (0..count).map(|_| self.next()).collect();
        let write = |conn: &mut DbConn| rows.chunks(AT_ONCE).try_for_each(|some| insert(conn, some));
        in_transaction(conn, &write).expect("people can be inserted");
    }

    /// A person, the words of the name, and the office that has met them.
    fn next(&mut self) -> Row {
        self.made += 1;
        let name = format!("{}{} {}{}", "Namn", self.rank(GIVEN_NAMES), "Släkt", self.rank(FAMILY_NAMES));
        let at_home = self.made == 1 || self.below(self.offices.len()) == 0;
        let office = if at_home { self.home } else { self.offices[self.below(self.offices.len())] };
        let mut person = Person { id: self.moment.id(), ..self.template.clone() };
        let (given, family) = name.split_once(' ').unwrap_or_default();
        person.written.given_name = serde_json::from_value(json!(given)).ok();
        person.written.family_name = serde_json::from_value(json!(family)).ok();
        let mut sealed = SealedPerson::new(&person, &self.vault, &self.moment.random).expect("it can be sealed");
        if self.made > 1 {
            // Only the first has the number that is looked for.
            sealed.number_hash = Some(self.moment.random.bytes::<32>().to_vec());
        }
        let words = name_hashes(&self.vault, &name);
        if office == self.home {
            self.keep(name);
        }
        (sealed, words, office)
    }

    /// Keeps names of all ages alike.
    fn keep(&mut self, name: String) {
        if self.looked_for.len() < LOOKED_FOR {
            self.looked_for.push(name);
        } else if self.below(100) == 0 {
            let place = self.below(LOOKED_FOR);
            self.looked_for[place] = name;
        }
    }

    /// Which of so many names: the first is the most common.
    fn rank(&self, names: f64) -> u32 {
        let chance = f64::from(u32::from_be_bytes(self.moment.random.bytes())) / f64::from(u32::MAX);
        (names * chance * chance) as u32
    }

    fn below(&self, end: usize) -> usize {
        u32::from_be_bytes(self.moment.random.bytes()) as usize % end
    }
}

type Row = (SealedPerson, Vec<Vec<u8>>, OfficeId);

fn insert(conn: &mut DbConn, rows: &[Row]) -> Result<()> {
    let persons = rows.iter().map(|(person, ..)| nara::binding::coded(conn, person)).collect::<Result<Vec<_>>>()?;
    let token = |person: &SealedPerson, word: &Vec<u8>| {
        (person_name_tokens::token_hash.eq(word.clone()), person_name_tokens::person_id.eq(person.id))
    };
    let tokens: Vec<_> =
        rows.iter().flat_map(|(person, words, _)| words.iter().map(|word| token(person, word))).collect();
    let met = |(person, _, office): &Row| (person.id, *office, false, ResourceId::from_uuid(person.id.uuid()));
    let met: Vec<_> = rows.iter().map(met).collect();
    on_backend!(&mut *conn, conn => diesel::insert_into(people::table).values(&persons).execute(conn))?;
    on_backend!(&mut *conn, conn => diesel::insert_into(person_name_tokens::table).values(&tokens).execute(conn))?;
    note_met(conn, &met)
}
