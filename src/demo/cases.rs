//! Synthetic cases: the same every time, but for when they were received. Names are common ones put together at random, and
//! identity numbers are Skatteverket's published test numbers, which belong to nobody.

use chrono::{Datelike, Duration};
use serde_json::{Value, json};

use crate::audit::{self, Actor, Entry};
use crate::auth::Category;
use crate::db::DbConn;
use crate::directory::{self, Directory};
use crate::error::{Error, Result};
use crate::id::PartnerId;
use crate::partners::{self, NewPartner, Partner};
use crate::referrals::store::SealedReferral;
use crate::referrals::{self, Referral};
use crate::time::{Moment, Random, Timestamp};
use crate::vault::Vault;

const IDENTITIES: &str = include_str!("../../data/demo/test_identities.csv");
const CASES: usize = 48;

/// The agencies of the demo: their slug, name and category.
const AGENCIES: [(&str, &str, Category); 4] = [
    ("school", "Skäggetorps grundskola (påhittad)", Category::School),
    ("police", "Lokalpolisområde (påhittat)", Category::Police),
    ("healthcare", "Vårdcentral (påhittad)", Category::HealthDentalAuthority),
    ("association", "Idrottsförening (påhittad)", Category::Association),
];

const GIVEN: [&str; 16] = [
    "Alva", "Amina", "Elias", "Elsa", "Hugo", "Ines", "Ismail", "Leila", "Liam", "Lova", "Maja", "Nils", "Omar",
    "Saga", "Vera", "Yusuf",
];
const FAMILY: [&str; 12] = [
    "Ahmed",
    "Andersson",
    "Berg",
    "Hassan",
    "Johansson",
    "Karlsson",
    "Lindqvist",
    "Nilsson",
    "Novak",
    "Persson",
    "Rahimi",
    "Öberg",
];

/// What is told, with the needs that it is about.
const CONCERNS: [(&str, &[&str]); 6] = [
    (
        "Eleven har varit borta från skolan i flera veckor och svarar inte när skolan hör av sig. Hemma säger man att allt är bra.",
        &["school_absence"],
    ),
    (
        "Barnet berättar att det är mycket bråk hemma på kvällarna och att det inte vågar somna.",
        &["family_conflict", "violence_exposed"],
    ),
    ("Den unge rör sig sena kvällar med betydligt äldre personer och har plötsligt dyra kläder.", &["crime_risk"]),
    (
        "Den unge luktar cannabis vid flera tillfällen och har tappat kontakten med sina gamla vänner.",
        &["substance_use"],
    ),
    ("Barnet är nedstämt, äter lite och säger att ingen bryr sig.", &["mental_health", "loneliness"]),
    (
        "En flicka i högstadiet får inte följa med på skolans resor och hämtas alltid av en äldre bror.",
        &["honour_related"],
    ),
];
const REQUESTS: [(&str, &[&str]); 3] = [
    ("Familjen önskar stöd i föräldraskapet; kvällarna blir konflikter om skärmtid och läxor.", &["parenting"]),
    ("Föräldrarna har nyligen separerat och vill ha hjälp att prata om barnen.", &["family_conflict"]),
    ("Den unge vill hitta något att göra efter skolan och har frågat efter en fritidsledare.", &["leisure"]),
];

/// Adds the agencies and their cases.
pub fn insert(conn: &mut DbConn, vault: &Vault, moment: &Moment) -> Result<()> {
    let directory = directory::store::load(conn, moment.now)?;
    let mut chance = Chance(20_230_621);
    let mut senders = Vec::new();
    for (slug, name, category) in AGENCIES {
        let unreadable = |_| Error::internal("the demo's agencies have slugs and names");
        let new = NewPartner::of(slug.parse().map_err(unreadable)?, name.parse().map_err(unreadable)?, category);
        let partner = Partner::new(new, moment);
        partners::store::insert(conn, &partner)?;
        senders.push((partner.id, category));
    }
    for number in 0..CASES {
        let referral = case(number, &senders, &directory, moment, &mut chance)?;
        let requested = referral.matter.requested_service_ids.clone().unwrap_or_default();
        let sealed = SealedReferral::new(&referral, vault, &moment.random)?;
        referrals::store::insert(conn, &sealed, &requested)?;
        let received = Moment { now: referral.received_at, random: moment.random.clone() };
        let actor = referral.origin.partner().map_or(Actor::System, Actor::Partner);
        audit::record(
            conn,
            &Entry::new(&received, actor, "referral.received", "referral", vec![referral.id.uuid()], String::new()),
        )?;
    }
    Ok(())
}

fn case(
    number: usize,
    senders: &[(PartnerId, Category)],
    directory: &Directory,
    moment: &Moment,
    chance: &mut Chance,
) -> Result<Referral> {
    let (sender, category) = *chance.one_of(senders);
    let (id, year) = identity(number, moment.now.utc().year());
    // An association reports nothing by duty, so it mostly asks for support.
    let asks = category == Category::Association || chance.below(4) == 0;
    let (description, needs) = if asks { *chance.one_of(&REQUESTS) } else { *chance.one_of(&CONCERNS) };
    // Every third case lies outside norr, and so comes to the reception; some are about protected identities.
    let place =
        if number % 3 == 2 { *chance.one_of(&["Berga", "Ryd", "Malmslätt", "Ekholmen"]) } else { "Skäggetorp" };
    let protected = number % 12 == 11;
    let mut body = json!({
        "kind": if asks { "support_request" } else { "concern_report" },
        "urgency": *chance.one_of(&["routine", "routine", "soon", "immediate"]),
        "senderReference": format!("DEMO-{:03}", number + 1),
        "reporter": { "name": chance.name(), "title": "Handläggare (påhittad)" },
        "child": {
            "givenName": *chance.one_of(&GIVEN), "familyName": *chance.one_of(&FAMILY), "personalIdentityNumber": id,
            "placeName": place, "protectedIdentity": if protected { "marked" } else { "none" },
        },
        "guardians": [{ "givenName": *chance.one_of(&GIVEN), "familyName": *chance.one_of(&FAMILY) }],
        "siblings": [],
        "needs": needs,
        "description": description,
        "guardiansInformed": { "informed": if needs.contains(&"honour_related") { "not_appropriate" } else { "yes" } },
    });
    let received = moment.now.utc() - Duration::minutes(i64::try_from(chance.below(18 * 24 * 60)).unwrap_or(0));
    if asks {
        let givers: &[&str] = if moment.now.utc().year() - year >= 15 { &["child", "guardian"] } else { &["guardian"] };
        body["consent"] = json!({ "basis": "oral", "givenBy": givers, "givenOn": received.date_naive(), "scopes": ["referral", "outcome"] });
    } else {
        body["feedbackRequested"] = json!(category.is_mandatory_reporter());
    }
    submit(body, sender, directory, Timestamp::from(received), chance)
}

fn submit(
    body: Value,
    sender: PartnerId,
    directory: &Directory,
    received: Timestamp,
    chance: &mut Chance,
) -> Result<Referral> {
    let seed = chance.next();
    let random = Random::new(move |bytes| fill(bytes, seed));
    let new = crate::http::body::read(body)?;
    Referral::receive(new, sender, None, directory, &Moment { now: received, random })
}

/// A published test number of somebody who is 1 to 20 years old, and its birth year.
fn identity(number: usize, this_year: i32) -> (String, i32) {
    let mut rows = csv::Reader::from_reader(IDENTITIES.as_bytes());
    let young = rows.records().flatten().filter_map(|row| {
        let year: i32 = row.get(3)?.get(..4)?.parse().ok()?;
        ((this_year - 20)..this_year).contains(&year).then(|| (row.get(1).unwrap_or_default().to_owned(), year))
    });
    let young: Vec<_> = young.collect();
    young.get(number * 5 % young.len().max(1)).cloned().unwrap_or_default()
}

/// Chance with a fixed seed (SplitMix64), so that the cases are the same every time.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let at = usize::try_from(self.next() % choices.len() as u64).unwrap_or(0);
        &choices[at]
    }

    fn name(&mut self) -> String {
        format!("{} {}", self.one_of(&GIVEN), self.one_of(&FAMILY))
    }
}

/// Each fill with the same seed and length gives other bytes only by its place in the bytes, which is all that one case needs.
pub(super) fn fill(bytes: &mut [u8], seed: u64) {
    let mut chance = Chance(seed ^ bytes.len() as u64);
    for chunk in bytes.chunks_mut(8) {
        for (byte, random) in chunk.iter_mut().zip(chance.next().to_le_bytes()) {
            *byte = random;
        }
    }
}
