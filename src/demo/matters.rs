//! Half a year of synthetic referrals for the demo, of each kind and from each kind of sender, the same at every start except for
//! their times. No child in them is real.

use chrono::{Datelike, Duration};
use diesel::prelude::*;
use serde_json::json;

use crate::audit::Actor;
use crate::auth::Category;
use crate::db::DbConn;
use crate::db::schema::outreach_contacts;
use crate::demo::cases::{self, CASES, CONCERNS, REQUESTS, Sender};
use crate::demo::chance::{self, Chance, TestIdentity};
use crate::demo::homes::{Homes, KnownChild};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::http::body;
use crate::id::{OutreachContactId, StaffId};
use crate::moment::Moment;
use crate::people;
use crate::referrals::matter::{NewReferral, TakenDown};
use crate::referrals::{Kind, Origin, Referral};
use crate::time::Timestamp;
use crate::vault::Vault;

const MATTERS: usize = 552;
/// The largest age of a referral that does not come from an outreach contact, in days.
const DAYS: u64 = 190;
/// The number of the latest outreach contacts; some of the referrals come from one of them.
const CONTACTS: i64 = 400;
const PLACES: [&str; 6] = ["Skäggetorp", "Skäggetorp", "Skäggetorp", "Ryd", "Berga", "Ekholmen"];

/// Inserts the referrals and returns them in the state in which they were received.
pub fn insert(
    conn: &mut DbConn,
    vault: &Vault,
    directory: &Directory,
    homes: &Homes,
    senders: &[Sender],
    moment: &Moment,
) -> Result<Vec<Referral>> {
    let mut letters = Letters::new(conn, homes, senders, moment)?;
    let mut received = Vec::new();
    for number in 0..MATTERS {
        let letter = letters.next(number)?;
        let known = match (letter.is_known, letter.new.child.number()) {
            (true, Some(number)) => people::store::first_with_number(conn, &people::store::number_hash(vault, number))?,
            _ => None,
        };
        let (from, then) = (letter.from, letter.then);
        let mut new = letter.new;
        let referral = match from {
            LetterOrigin::Agency(sender) => Referral::receive(new, sender, known, directory, &then)?,
            LetterOrigin::Contact(contact, worker) => {
                Referral::of_contact(new, (contact, worker), known, directory, &then)?
            }
            LetterOrigin::Reporter { clerk, anonymous } => {
                // Nothing is stored that could identify a reporter who wants to stay anonymous (JO 2798-2008).
                new.reporter = new.reporter.filter(|_| !anonymous);
                taken_down(new, Origin::Private, clerk, directory, &then)?
            }
            LetterOrigin::Family(clerk) => {
                // People who ask for themselves consent by asking.
                new.consent = None;
                taken_down(new, Origin::SelfRequest, clerk, directory, &then)?
            }
        };
        cases::write(conn, &referral, from.actor(), directory, vault, &then)?;
        received.push(referral);
    }
    Ok(received)
}

/// Makes a referral that a member of staff writes down for somebody who calls or visits.
fn taken_down(
    matter: NewReferral,
    origin: Origin,
    clerk: StaffId,
    directory: &Directory,
    then: &Moment,
) -> Result<Referral> {
    let kind = if origin == Origin::SelfRequest { Kind::SelfRequest } else { Kind::ConcernReport };
    matter.check(kind, origin, directory.calendar.local_date(then.now.utc()), directory)?;
    Referral::made(TakenDown { matter, kind, origin }, clerk, None, directory, then)
}

/// The sender of a synthetic referral: a partner agency, staff after an outreach contact, a private person, or the family itself.
/// In the last two cases a clerk writes it down.
#[derive(Clone, Copy)]
enum LetterOrigin {
    Agency(Sender),
    Contact(OutreachContactId, StaffId),
    Reporter { clerk: StaffId, anonymous: bool },
    Family(StaffId),
}

impl LetterOrigin {
    fn actor(self) -> Actor {
        match self {
            Self::Agency((partner, _)) => Actor::Partner(partner),
            Self::Contact(_, staff) | Self::Reporter { clerk: staff, .. } | Self::Family(staff) => Actor::Staff(staff),
        }
    }
}

/// A synthetic referral that comes in: its content, its sender and its time.
struct Letter {
    new: NewReferral,
    from: LetterOrigin,
    then: Moment,
    /// Whether the child belongs to one of the families that the offices have met.
    is_known: bool,
}

/// The source of the synthetic referrals, with what it chooses from.
struct Letters<'a> {
    chance: Chance,
    children: Vec<TestIdentity>,
    at_home: Vec<(usize, KnownChild)>,
    senders: &'a [Sender],
    contacts: Vec<(OutreachContactId, StaffId, Timestamp)>,
    clerks: Vec<StaffId>,
    moment: &'a Moment,
}

impl<'a> Letters<'a> {
    fn new(conn: &mut DbConn, homes: &Homes, senders: &'a [Sender], moment: &'a Moment) -> Result<Self> {
        let mut at_home: Vec<(usize, KnownChild)> = homes.iter().map(|(number, known)| (*number, *known)).collect();
        at_home.sort_unstable_by_key(|(number, _)| *number);
        let mut chance = Chance::new(19_890_320);
        let clerks = (0..3).map(|_| Moment { now: moment.now, random: chance.random() }.id()).collect();
        let columns = (outreach_contacts::id, outreach_contacts::worker_id, outreach_contacts::occurred_at);
        let youngest = outreach_contacts::table.order(outreach_contacts::occurred_at.desc()).limit(CONTACTS);
        let contacts = youngest.select(columns).load(conn)?;
        let children = chance::more_children(CASES, moment.now.utc().year());
        Ok(Self { chance, children, at_home, senders, contacts, clerks, moment })
    }

    fn next(&mut self, number: usize) -> Result<Letter> {
        let (from, met) = self.sender();
        let at = met.unwrap_or_else(|| self.some_time_ago(number));
        let asks = match from {
            // An association has no duty to report, so it mostly asks for support.
            LetterOrigin::Agency((_, Category::Association)) | LetterOrigin::Family(_) => true,
            LetterOrigin::Reporter { .. } => false,
            LetterOrigin::Agency(_) | LetterOrigin::Contact(..) => self.chance.below(5) < 2,
        };
        let by_duty = matches!(from, LetterOrigin::Agency((_, category)) if category.is_mandatory_reporter());
        let (child, is_known) = self.child()?;
        let new = self.body(number, &child, at, asks, by_duty)?;
        Ok(Letter { new, from, then: Moment { now: at, random: self.chance.random() }, is_known })
    }

    /// Chooses a random sender. If it is staff after an outreach contact, the time of that contact is returned as well.
    fn sender(&mut self) -> (LetterOrigin, Option<Timestamp>) {
        let clerk = self.chance.one_of(&self.clerks);
        match self.chance.below(20) {
            0 | 1 => {
                let (contact, worker, met) = self.chance.one_of(&self.contacts);
                (LetterOrigin::Contact(contact, worker), Some(met))
            }
            2 => (LetterOrigin::Reporter { clerk, anonymous: true }, None),
            3 => (LetterOrigin::Reporter { clerk, anonymous: false }, None),
            4 | 5 => (LetterOrigin::Family(clerk), None),
            _ => (LetterOrigin::Agency(self.chance.one_of(self.senders)), None),
        }
    }

    /// Chooses a random time in the last 190 days; for every third referral in the last 23 days, so that it is still worked on.
    fn some_time_ago(&mut self, number: usize) -> Timestamp {
        let days = if number.is_multiple_of(3) { DAYS / 8 } else { DAYS };
        let minutes = i64::try_from(self.chance.below(days * 24 * 60)).unwrap_or_default();
        Timestamp::from(self.moment.now.utc() - Duration::minutes(minutes))
    }

    /// Chooses a random child, and returns whether the child belongs to one of the families that the offices have met.
    fn child(&mut self) -> Result<(ChildInLetter, bool)> {
        let years = self.moment.now.utc().year();
        if self.chance.below(12) == 0 {
            let (number, known) = self.chance.one_of(&self.at_home);
            let identity = chance::child(number, years);
            return Ok((ChildInLetter { known, year: identity.year, number: Some(identity.number) }, true));
        }
        let at = usize::try_from(self.chance.next()).unwrap_or_default() % self.children.len().max(1);
        let identity = self.children.get(at).ok_or_else(|| Error::internal("the demo has children"))?;
        // A child has the same name in every referral.
        let mut own = Chance::new(u64::try_from(at).unwrap_or_default());
        let known =
            KnownChild { given: own.given_name(identity), family: own.family_name(), place: own.one_of(&PLACES) };
        // Not every sender knows the number.
        let number = Some(identity.number.clone()).filter(|_| self.chance.below(3) > 0);
        Ok((ChildInLetter { known, year: identity.year, number }, false))
    }

    fn body(
        &mut self,
        number: usize,
        child: &ChildInLetter,
        at: Timestamp,
        asks: bool,
        by_duty: bool,
    ) -> Result<NewReferral> {
        let (description, needs) = if asks { self.chance.one_of(&REQUESTS) } else { self.chance.one_of(&CONCERNS) };
        let (reporter, guardian) = (self.chance.name(), self.chance.name());
        let mut body = json!({
            "kind": if asks { "support_request" } else { "concern_report" },
            "urgency": self.chance.one_of(&["routine", "routine", "soon", "immediate"]),
            "senderReference": format!("DEMO-{:03}", CASES + number + 1),
            "reporter": { "name": format!("{} {}", reporter.0, reporter.1), "relation": "Känner familjen (påhittad)" },
            "child": {
                "givenName": child.known.given, "familyName": child.known.family, "placeName": child.known.place,
                "protectedIdentity": if self.chance.below(60) == 0 { "marked" } else { "none" },
            },
            "guardians": [{ "givenName": guardian.0, "familyName": guardian.1 }],
            "siblings": [],
            "needs": needs,
            "description": description,
            "guardiansInformed": { "informed": if needs.contains(&"honour_related") { "not_appropriate" } else { "yes" } },
        });
        match &child.number {
            Some(number) => body["child"]["personalIdentityNumber"] = json!(number),
            None => body["child"]["birthYear"] = json!(child.year),
        }
        if asks {
            let givers: &[&str] =
                if at.utc().year() - child.year >= 15 { &["child", "guardian"] } else { &["guardian"] };
            // Some families do not want the sender to learn the outcome.
            let scopes: &[&str] = if self.chance.below(5) == 0 { &["referral"] } else { &["referral", "outcome"] };
            body["consent"] =
                json!({ "basis": "oral", "givenBy": givers, "givenOn": at.utc().date_naive(), "scopes": scopes });
        } else if by_duty {
            body["feedbackRequested"] = json!(self.chance.below(8) > 0);
        }
        body::read(body)
    }
}

/// The facts about a child that the sender of a synthetic referral knows.
struct ChildInLetter {
    known: KnownChild,
    year: i32,
    number: Option<String>,
}
