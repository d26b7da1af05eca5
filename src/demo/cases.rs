//! Synthetic referrals of the last 18 days from partner agencies, for the demo. They are the same at every start except for the
//! times at which they were received. Names are common ones in random combinations. Identity numbers are Skatteverket's published
//! test numbers, which belong to nobody.

use chrono::{Datelike, Duration};
use serde_json::json;

use crate::audit::authorship::RecordKey;
use crate::audit::{self, Actor, Entry, actions};
use crate::auth::Category;
use crate::cases::intake::ReferralIntake;
use crate::db::DbConn;
use crate::demo::chance::{self, Chance, TestIdentity};
use crate::demo::homes::{Homes, KnownChild};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::http::body;
use crate::id::PartnerId;
use crate::moment::Moment;
use crate::partners::{self, NewPartner, Partner};
use crate::people;
use crate::referrals::Referral;
use crate::referrals::matter::NewReferral;
use crate::referrals::person::whom::ConcernedPerson;
use crate::vault::Vault;

/// The number of referrals that this module makes.
pub const CASES: usize = 48;

/// A partner agency of the demo: its identifier and its category.
pub type Sender = (PartnerId, Category);

/// The partner agencies of the demo: their slug, name and category.
const AGENCIES: [(&str, &str, Category); 4] = [
    ("school", "Skäggetorps grundskola (påhittad)", Category::School),
    ("police", "Lokalpolisområde (påhittat)", Category::Police),
    ("healthcare", "Vårdcentral (påhittad)", Category::HealthDentalAuthority),
    ("association", "Idrottsförening (påhittad)", Category::Association),
];

/// The descriptions that concern reports of the demo choose from, each with the codes of the child's needs.
pub const CONCERNS: [(&str, &[&str]); 6] = [
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
/// The descriptions that support requests of the demo choose from, each with the codes of the child's needs.
pub const REQUESTS: [(&str, &[&str]); 3] = [
    ("Familjen önskar stöd i föräldraskapet; kvällarna blir konflikter om skärmtid och läxor.", &["parenting"]),
    ("Föräldrarna har nyligen separerat och vill ha hjälp att prata om barnen.", &["family_conflict"]),
    ("Den unge vill hitta något att göra efter skolan och har frågat efter en fritidsledare.", &["leisure"]),
];

/// Inserts the partner agencies of the demo, and returns them.
pub fn insert_senders(conn: &mut DbConn, moment: &Moment) -> Result<Vec<Sender>> {
    let mut senders = Vec::new();
    for (slug, name, category) in AGENCIES {
        let unreadable = |_| Error::internal("the demo's agencies have slugs and names");
        let new = NewPartner::of(slug.parse().map_err(unreadable)?, name.parse().map_err(unreadable)?, category);
        let partner = Partner::new(new, moment);
        partners::store::insert(conn, &partner)?;
        senders.push((partner.id, category));
    }
    Ok(senders)
}

/// Inserts the referrals and returns them in the state in which they were received. A child whom one of the demo's offices has
/// already met is recognised by the identity number.
pub fn insert(
    conn: &mut DbConn,
    vault: &Vault,
    directory: &Directory,
    homes: &Homes,
    senders: &[Sender],
    moment: &Moment,
) -> Result<Vec<Referral>> {
    let (mut chance, mut received) = (Chance::new(20_230_621), Vec::new());
    for number in 0..CASES {
        let case = Case::new(number, senders, homes, moment, &mut chance)?;
        let hash = case.matter.child.number().map(|number| people::store::number_hash(vault, number));
        let known = match hash {
            Some(hash) => people::store::first_with_number(conn, &hash)?,
            None => None,
        };
        let referral = Referral::receive(case.matter, case.sender, known, directory, &case.received)?;
        let actor = Actor::Partner(case.sender.0);
        write(conn, &referral, actor, directory, vault, &case.received)?;
        received.push(referral);
    }
    Ok(received)
}

/// Stores a referral as received from `from` at the time of `received`, with the audit record of that.
pub fn write(
    conn: &mut DbConn,
    referral: &Referral,
    from: Actor,
    directory: &Directory,
    vault: &Vault,
    received: &Moment,
) -> Result<()> {
    let number = referral.person_id.and(referral.matter.child.number());
    let number = number.map(|number| people::store::number_hash(vault, number));
    let whom = ConcernedPerson::with_number(number);
    ReferralIntake::new(referral, whom, directory, vault, &received.random)?.write(conn)?;
    let about = vec![referral.id.uuid()];
    let key = RecordKey::of(vault.ring());
    audit::record(conn, &Entry::new(&key, received, from, actions::REFERRAL_RECEIVED, about, String::new()))
}

/// A referral as a partner agency sends it, with the time at which it is received.
struct Case {
    matter: NewReferral,
    sender: (PartnerId, Category),
    received: Moment,
}

impl Case {
    fn new(
        number: usize,
        senders: &[(PartnerId, Category)],
        homes: &Homes,
        moment: &Moment,
        chance: &mut Chance,
    ) -> Result<Self> {
        let (sender, category) = chance.one_of(senders);
        let this_year = moment.now.utc().year();
        let identity = chance::child(number, this_year);
        // An association has no duty to report, so it mostly asks for support.
        let asks = category == Category::Association || chance.below(4) == 0;
        let (description, needs) = if asks { chance.one_of(&REQUESTS) } else { chance.one_of(&CONCERNS) };
        let child = homes.get(&number).copied().unwrap_or_else(|| stranger(number, &identity, chance));
        let (reporter, guardian) = (chance.name(), chance.name());
        let mut body = json!({
            "kind": if asks { "support_request" } else { "concern_report" },
            "urgency": chance.one_of(&["routine", "routine", "soon", "immediate"]),
            "senderReference": format!("DEMO-{:03}", number + 1),
            "reporter": { "name": format!("{} {}", reporter.0, reporter.1), "title": "Handläggare (påhittad)" },
            "child": {
                "givenName": child.given, "familyName": child.family, "personalIdentityNumber": identity.number,
                // Some children are said to have a protected identity.
                "placeName": child.place, "protectedIdentity": if number % 12 == 11 { "marked" } else { "none" },
            },
            "guardians": [{ "givenName": guardian.0, "familyName": guardian.1 }],
            "siblings": [],
            "needs": needs,
            "description": description,
            "guardiansInformed": { "informed": if needs.contains(&"honour_related") { "not_appropriate" } else { "yes" } },
        });
        let minutes = i64::try_from(chance.below(18 * 24 * 60)).unwrap_or(0);
        let received = moment.now.utc() - Duration::minutes(minutes);
        if asks {
            let givers: &[&str] = if this_year - identity.year >= 15 { &["child", "guardian"] } else { &["guardian"] };
            body["consent"] = json!({ "basis": "oral", "givenBy": givers, "givenOn": received.date_naive(), "scopes": ["referral", "outcome"] });
        } else {
            body["feedbackRequested"] = json!(category.is_mandatory_reporter());
        }
        let received = Moment { now: received.into(), random: chance.random() };
        Ok(Self { matter: body::read(body)?, sender: (sender, category), received })
    }
}

/// Makes a child whom no office has met. Every third such child lives outside the area Norr, so that a referral about the child
/// goes to the reception.
fn stranger(number: usize, identity: &TestIdentity, chance: &mut Chance) -> KnownChild {
    let place =
        if number % 3 == 2 { chance.one_of(&["Berga", "Ryd", "Malmslätt", "Ekholmen"]) } else { "Skäggetorp" };
    KnownChild { given: chance.given_name(identity), family: chance.family_name(), place }
}
