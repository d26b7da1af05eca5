//! The load: submissions, steps of referrals that were submitted before, and contacts.

use std::time::Duration;

use super::client::{Caller, Client, Request};
use super::installation::Installation;
use super::program::Program;
use super::report;

/// On so many referrals each connection acts in turn.
const EACH: usize = 40;

/// What was answered as done.
#[derive(Default)]
pub struct Acknowledged {
    pub referrals: Vec<String>,
    pub contacts: Vec<String>,
    /// Referrals, and the version that a step made of them.
    pub steps: Vec<(String, i32)>,
}

impl Acknowledged {
    pub fn add(&mut self, more: &Self) {
        self.referrals.extend_from_slice(&more.referrals);
        self.contacts.extend_from_slice(&more.contacts);
        self.steps.extend_from_slice(&more.steps);
    }
}

/// Those who write.
pub struct Writers {
    partner_key: String,
    authorization: String,
    lines: usize,
    /// Referrals to act on: the youngest of the round before, of which each connection has its own.
    known: Vec<String>,
}

impl Writers {
    pub fn new(installation: &Installation, lines: usize) -> Self {
        let (partner_key, authorization) =
            (installation.partner_key.clone(), format!("Bearer {}", installation.token()));
        Self { partner_key, authorization, lines, known: Vec::new() }
    }

    /// How many requests are under way at any time.
    pub fn connections(&self) -> usize {
        self.lines + 2 * (self.lines / 2)
    }

    /// The referrals of the first round's steps, submitted one after the other.
    pub fn begin(&mut self, server: &Program) -> Acknowledged {
        let mut caller = Caller::connect(server.address).expect("the server listens");
        let mut submission = report::submission(report::PATH, &self.partner_key);
        let submit = |number: usize| {
            submission.numbered(number as u64);
            let answer = caller.ask(&submission).expect("the server answers");
            assert_eq!(answer.status, 201, "a referral is refused: {}", String::from_utf8_lossy(&answer.body));
            report::id_in(&answer.body)
        };
        self.known = (0..self.lines / 2 * EACH).map(submit).collect();
        Acknowledged { referrals: self.known.clone(), ..Acknowledged::default() }
    }

    /// What was acknowledged before the server was gone.
    pub fn load_and_kill(&mut self, server: &mut Program, lived: u64) -> Acknowledged {
        let connect =
            |scripts, expected| Client::connect(server.address, scripts, expected).expect("the server listens");
        let mut clients = [connect(self.submissions(), 201), connect(self.steps(), 200), connect(self.contacts(), 201)];
        let mut answers: [Vec<Vec<u8>>; 3] = Default::default();
        drive(&mut clients, &mut answers, Duration::from_millis(lived), true);
        server.child.kill().expect("it is ours");
        // What it still sent before it died was acknowledged, too.
        drive(&mut clients, &mut answers, Duration::from_secs(5), false);
        server.child.wait().expect("it is ours");
        let [submitted, acted, met] = answers;
        let new = Acknowledged {
            referrals: submitted.iter().map(|receipt| report::id_in(receipt)).collect(),
            contacts: met.iter().map(|contact| report::id_in(contact)).collect(),
            steps: acted.iter().map(|referral| step_in(referral)).collect(),
        };
        let first = new.referrals.len().saturating_sub(self.lines / 2 * EACH);
        self.known = new.referrals[first..].to_vec();
        new
    }

    fn submissions(&self) -> Vec<Vec<Request>> {
        vec![vec![report::submission(report::PATH, &self.partner_key)]; self.lines]
    }

    fn steps(&self) -> Vec<Vec<Request>> {
        let act = |id: &String| {
            let path = format!("/nara/v1/referrals/{id}/assess-protection");
            Request::post(
                &path,
                Some(("authorization", &self.authorization)),
                r#"{"immediateNeed":false,"measures":"Samtal i skolan i dag."}"#,
            )
        };
        let each = (self.known.len() / (self.lines / 2).max(1)).max(1);
        self.known.chunks(each).take(self.lines / 2).map(|ids| ids.iter().map(act).collect()).collect()
    }

    fn contacts(&self) -> Vec<Vec<Request>> {
        let contact = serde_json::json!({
            "occurredAt": "2026-03-20T15:30:00Z", "channel": "street", "initiatedBy": "worker", "placeType": "square",
            "location": { "lat": 58.4289, "lon": 15.5972 },
            "outcome": "reached", "participants": [{ "ageBand": "13-15", "role": "child" }], "topics": ["leisure"],
            "summary": "Pratade på torget om vad som finns att göra på kvällarna.",
        });
        let request = Request::post(
            "/nara/v1/outreach-contacts",
            Some(("authorization", &self.authorization)),
            &contact.to_string(),
        );
        vec![vec![request]; self.lines / 2]
    }
}

/// All of them at once, each on a thread.
fn drive(clients: &mut [Client; 3], answers: &mut [Vec<Vec<u8>>; 3], lasting: Duration, is_up: bool) {
    std::thread::scope(|scope| {
        for (client, answers) in clients.iter_mut().zip(answers) {
            scope.spawn(move || {
                let loaded = client.drive(lasting, |answer| answers.push(answer.to_vec()));
                assert!(!is_up || loaded.failures == 0, "a write is refused: {:?}", loaded.first_failure);
            });
        }
    });
}

/// The referral, and the version that a step made of it.
fn step_in(answer: &[u8]) -> (String, i32) {
    let referral: serde_json::Value = serde_json::from_slice(answer).expect("a referral is JSON");
    let version = referral["version"].as_i64().and_then(|version| i32::try_from(version).ok());
    (report::id_in(answer), version.expect("a referral has a version"))
}
