//! Somebody who names identity numbers and measures how long each answer takes. They sign in like any member of staff, and are not
//! cleared for protected identities.

use std::net::SocketAddr;
use std::time::Instant;

use nara::time::Random;
use serde_json::{Value, json};

use super::client::{Caller, Request};
use super::guess::Times;
use super::installation::Installation;

/// Whoever bears a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    Nobody,
    Elsewhere,
    Protected,
}

/// An operation that takes an identity number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Report,
    Referral,
    ReadReferral,
    Correction,
    Contact,
    Person,
}

impl Bearer {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Elsewhere => "registered elsewhere",
            Self::Protected => "protected",
        }
    }
}

impl Operation {
    pub const ALL: [Self; 6] =
        [Self::Report, Self::Referral, Self::ReadReferral, Self::Correction, Self::Contact, Self::Person];

    pub fn name(self) -> &'static str {
        match self {
            Self::Report => "an agency reports",
            Self::Referral => "staff make a referral",
            Self::ReadReferral => "staff read the referral that they made",
            Self::Correction => "staff correct a referral",
            Self::Contact => "staff write down an urgent contact",
            Self::Person => "staff register a person",
        }
    }

    /// Those who are compared with nobody. Registering a person tells on purpose who is registered elsewhere.
    pub fn somebody(self) -> &'static [Bearer] {
        match self {
            Self::Person => &[Bearer::Protected],
            _ => &[Bearer::Elsewhere, Bearer::Protected],
        }
    }
}

/// The prober, with the credentials of each who calls.
pub struct Prober {
    caller: Caller,
    school: String,
    caseworker: String,
    worker: String,
    reception: String,
    next: u32,
}

impl Prober {
    pub fn new(installation: &Installation, address: SocketAddr) -> Self {
        let token = |subject: &str, role: &str, office: &str, cleared: bool| {
            let claims = json!({ "sub": subject, "roles": [role], "offices": [office], "protectedIdentity": cleared });
            format!("Bearer {}", installation.token_with(claims))
        };
        Self {
            caller: Caller::connect(address).expect("the server listens"),
            school: installation.partner_key.clone(),
            caseworker: token("caseworker", "caseworker", "skaggetorp", false),
            worker: token("worker", "outreach_worker", "skaggetorp", false),
            reception: token("reception", "caseworker", "mottagning-barn-unga", true),
            next: 0,
        }
    }

    /// Makes so many calls of an operation, half with a number that nobody has and half with one that `somebody` has.
    pub fn compare(&mut self, operation: Operation, somebody: Bearer, calls: usize) -> Times {
        let mut times = Times::default();
        // Statements are prepared and pages are read before it counts.
        for _ in 0..50 {
            self.time_of(operation, Bearer::Nobody);
            self.time_of(operation, somebody);
        }
        while times.nobody.len() < calls / 2 || times.somebody.len() < calls / 2 {
            // Which of the two comes first is left to chance, so that neither always follows the other.
            let first_is_nobody = Random::system().bytes::<1>()[0] & 1 == 0;
            for is_nobody in [first_is_nobody, !first_is_nobody] {
                match is_nobody {
                    true => times.nobody.push(self.time_of(operation, Bearer::Nobody)),
                    false => times.somebody.push(self.time_of(operation, somebody)),
                }
            }
        }
        times
    }

    /// How long one call takes, with a number that this one has. What it needs is made before.
    fn time_of(&mut self, operation: Operation, bearer: Bearer) -> u32 {
        let number = self.number();
        self.bear(&number, bearer);
        let referral = json!({
            "kind": "concern_report", "urgency": "soon", "source": { "private": { "anonymous": false, "name": "Berit Påhittad" } },
            "child": child(&number), "guardians": [], "siblings": [], "needs": ["violence_exposed"],
            "description": "Det hörs skrik och gråt om nätterna.", "guardiansInformed": { "informed": "no" },
        });
        let (caseworker, worker) = (self.caseworker.clone(), self.worker.clone());
        match operation {
            Operation::Report => {
                let report = report(child(&number));
                self.timed(&self.post("/partner/referrals", ("x-api-key", &self.school), &report), 201).0
            }
            Operation::Referral => self.timed(&self.post("/referrals", auth(&caseworker), &referral), 201).0,
            Operation::ReadReferral => {
                let made = self.timed(&self.post("/referrals", auth(&caseworker), &referral), 201).1;
                let path = format!("/nara/v1/referrals/{}", id(&made));
                self.timed(&Request::get(&path, Some(auth(&caseworker))), 200).0
            }
            Operation::Correction => {
                let unknown = json!({ "givenName": "Elias", "placeName": "Skäggetorp" });
                let sent = self.post("/partner/referrals", ("x-api-key", &self.school), &report(unknown));
                let sent = self.timed(&sent, 201).1;
                let path = format!("/nara/v1/referrals/{}", id(&sent));
                let number = json!({ "child": { "personalIdentityNumber": number } });
                let correct = Request::with_body("PATCH", &path, Some(auth(&caseworker)), &number.to_string());
                self.timed(&correct, 200).0
            }
            Operation::Contact => {
                let contact = json!({
                    "occurredAt": "2026-03-20T15:30:00Z", "channel": "street", "initiatedBy": "worker",
                    "location": { "lat": 58.4289, "lon": 15.5972 }, "placeType": "square", "outcome": "reached",
                    "participants": [{ "ageBand": "13-15", "role": "child" }], "topics": ["leisure"],
                    "summary": "Pratade på torget.", "urgency": "immediate", "child": child(&number),
                });
                self.timed(&self.post("/outreach-contacts", auth(&worker), &contact), 201).0
            }
            Operation::Person => {
                let person = json!({ "givenName": "Elias", "personalIdentityNumber": number });
                self.timed(&self.post("/people", auth(&caseworker), &person), 201).0
            }
        }
    }

    /// Registers the person who bears a number, at the reception. For a number of nobody somebody else is registered, so that the same
    /// is done before each call.
    fn bear(&mut self, number: &str, bearer: Bearer) {
        let person = match bearer {
            Bearer::Nobody => json!({ "givenName": "Alva", "personalIdentityNumber": self.number() }),
            Bearer::Elsewhere => json!({ "givenName": "Alva", "personalIdentityNumber": number }),
            Bearer::Protected => {
                json!({ "givenName": "Alva", "personalIdentityNumber": number, "protection": "marked" })
            }
        };
        let reception = self.reception.clone();
        self.timed(&self.post("/people", auth(&reception), &person), 201);
    }

    fn post(&self, path: &str, credentials: (&str, &str), body: &Value) -> Request {
        Request::post(&format!("/nara/v1{path}"), Some(credentials), &body.to_string())
    }

    /// How long an answer takes in microseconds, and the answer.
    fn timed(&mut self, request: &Request, expected: u16) -> (u32, Value) {
        let begun = Instant::now();
        let answer = self.caller.ask(request).expect("the server answers");
        let micros = begun.elapsed().as_micros();
        assert_eq!(answer.status, expected, "{}", String::from_utf8_lossy(&answer.body));
        (u32::try_from(micros).unwrap_or(u32::MAX), serde_json::from_slice(&answer.body).expect("an answer is JSON"))
    }

    /// A number that was named never before. It has a day of the years from 1800 on, when nobody had such a number yet.
    fn number(&mut self) -> String {
        let next = self.next;
        self.next += 1;
        let (serial, day) = (next % 900 + 100, next / 900);
        let (year, month, day) = (1800 + day / 336, day % 336 / 28 + 1, day % 28 + 1);
        let digits = format!("{year:04}{month:02}{day:02}{serial:03}");
        let doubled = digits.bytes().skip(2).enumerate().map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        });
        let check = (10 - doubled.sum::<u32>() % 10) % 10;
        let (date, serial) = digits.split_at(8);
        format!("{date}-{serial}{check}")
    }
}

fn auth(token: &str) -> (&str, &str) {
    ("authorization", token)
}

fn id(made: &Value) -> &str {
    made["id"].as_str().expect("what is made has an id")
}

fn child(number: &str) -> Value {
    json!({ "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": number, "placeName": "Skäggetorp" })
}

fn report(child: Value) -> Value {
    json!({
        "kind": "concern_report", "urgency": "soon", "reporter": { "name": "Rektor Påhittad" }, "child": child,
        "guardians": [], "siblings": [], "needs": ["school_absence"],
        "description": "Eleven har varit borta från skolan i flera veckor.", "guardiansInformed": { "informed": "yes" },
    })
}
