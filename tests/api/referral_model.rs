//! Referrals against a small model: random actions of random people at random times, through two servers, some in vain.

mod memory;

use std::time::Duration;

use chrono::{DateTime, Days, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::referral_cells::scene::{Named, body, history, internal, offered, read, self_request, staff_id};
use crate::referral_cells::table::{Caller, Row, TABLE, Verdict, action};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::chance::Chance;
use crate::support::credentials::claims;
use crate::support::fixtures::{concern_report, support_request, with};
use crate::support::{Actor, Answer, Method, TestApp};
use memory::{Done, Memory, OFFICES, local_day};

const SLUGS: [&str; OFFICES] = [SKAGGETORP, RECEPTION];

/// Somebody who works with referrals.
struct Worker {
    caller: &'static Caller,
    office: usize,
    actors: [Actor; 2],
    id: Value,
}

struct World<'a> {
    app: &'a TestApp,
    other: &'a TestApp,
    chance: Chance,
    workers: Vec<Worker>,
    offices: Vec<Value>,
    /// Somebody was met there, of whom internal referrals are made.
    contact: String,
    matters: Vec<Memory>,
    /// How often something was done, and how often refused.
    counts: [usize; 2],
}

/// An answer's times, so that they compare however they are written.
fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl<'a> World<'a> {
    async fn new(app: &'a TestApp, other: &'a TestApp, seed: u64) -> Self {
        let mut workers = Vec::new();
        let mut offices = Vec::new();
        for (office, slug) in SLUGS.into_iter().enumerate() {
            offices.push(app.anyone().get(&format!("/offices/{slug}")).await.expect(200)["id"].clone());
            for caller in TABLE.callers.iter().filter(|caller| caller.turned_away.is_none()) {
                let role = if caller.name.ends_with("lead") { "team_lead" } else { "caseworker" };
                let mut claims = claims(&format!("{} of {slug}", caller.name), role, &[slug]);
                claims["qualified"] = json!(caller.name.contains("qualified"));
                let actors = [app.with_claims(claims.clone()), other.with_claims(claims)];
                let id = staff_id(&actors[0]).await;
                workers.push(Worker { caller, office, actors, id });
            }
        }
        let mut world = Self {
            app,
            other,
            chance: Chance(seed),
            workers,
            offices,
            contact: app.contact().await,
            matters: Vec::new(),
            counts: [0; 2],
        };
        for _ in 0..3 {
            world.receive().await;
        }
        world
    }

    fn now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    fn sender(&self, slug: &str, server: usize) -> Actor {
        let app = [self.app, self.other][server];
        app.with_key(&crate::support::credentials::partner(slug).key)
    }

    async fn receive(&mut self) {
        let kind =
            self.chance.one_of(&["concern_report", "concern_report", "support_request", "self_request", "internal"]);
        let by_staff = ["self_request", "internal"].contains(&kind);
        let senders = ["school", "police", "healthcare", "association"];
        let sender = if by_staff { "nobody" } else { self.chance.one_of(&senders) };
        let (asks, outcome) = (self.chance.once_in(2), self.chance.once_in(2));
        let scopes = if outcome { json!(["referral", "outcome"]) } else { json!(["referral"]) };
        let body = match kind {
            "concern_report" => with(concern_report(), "/feedbackRequested", json!(asks)),
            "support_request" => with(support_request(), "/consent/scopes", scopes),
            "self_request" => self_request(),
            _ => internal(&self.contact),
        };
        let worker = &self.workers[0];
        let made = if by_staff {
            worker.actors[1].post("/referrals", body).await
        } else {
            self.sender(sender, 0).post("/partner/referrals", body).await
        };
        let mut memory = Memory::received(made.expect(201)["id"].clone(), kind, sender, self.now());
        memory.asked = kind == "concern_report" && asks;
        memory.outcome = kind == "support_request" && outcome;
        let received = read(&worker.actors[0], &memory.id).await;
        memory.etags.push(received.etag());
        let by = match received.json()["source"]["partnerId"].as_str() {
            Some(partner) => format!("partner:{partner}"),
            None => format!("staff:{}", worker.id.as_str().unwrap()),
        };
        memory.history.push(json!(["receive", null, "received", by, self.now(), 0, null]));
        self.matters.push(memory);
    }

    /// Time goes on: a little, a lot, or just to where something is due, or just behind it.
    fn wait(&mut self) {
        let due: Vec<DateTime<Utc>> = self.matters.iter().flat_map(Memory::running).map(|clock| clock.due).collect();
        let next = due.into_iter().filter(|due| *due > self.now()).min();
        let by = match self.chance.below(8) {
            0 => next.map_or(Duration::from_secs(60), |due| (due - self.now()).to_std().unwrap()),
            1 => Duration::from_micros(1),
            2 => Duration::from_secs(26 * 3600 + 61),
            3 => Duration::from_secs(60 * self.chance.below(1200) as u64),
            _ => Duration::from_secs(60 * self.chance.below(90) as u64),
        };
        self.app.clock.advance(by);
    }

    /// Another referral that one can be a duplicate of.
    fn twin(&self, at: &Memory) -> Option<&Memory> {
        let is_twin = |other: &&Memory| other.kind == at.kind && other.office == at.office && other.id != at.id;
        self.matters.iter().filter(is_twin).find(|other| other.is_open())
    }

    /// What somebody writes who does this now.
    fn body(&mut self, act: &str, at: &Memory, worker: usize) -> Value {
        let twin = self.twin(at).unwrap_or(at);
        let (me, elsewhere) = (&self.workers[worker].id, &self.offices[(at.office + 1) % OFFICES]);
        let mut body = body(act, &Named { me, elsewhere, twin: &twin.id, state: at.state });
        let today = local_day(self.now());
        match act {
            "start" => body["firstContactAt"] = json!(text(self.now())),
            "log-attempt" => {
                body["at"] = json!(text(self.now()));
                body["reached"] = json!(self.chance.once_in(4));
            }
            "hold" => body["reviewOn"] = json!(today + Days::new(1 + self.chance.below(20) as u64)),
            "extend-deadline" => {
                if let Some(clock) = at.movable() {
                    let last = local_day(clock.due.max(self.now())) + Days::new(self.chance.below(9) as u64 + 1);
                    body["kind"] = json!(clock.kind);
                    body["until"] = json!(last);
                }
            }
            "withdraw-consent" => body["at"] = json!(today),
            "accept" if self.chance.once_in(2) => body["assigneeId"] = json!(self.workers[worker].id),
            _ => {}
        }
        body
    }

    /// Somebody tries something with some referral, and the model knows what comes of it.
    async fn step(&mut self, what: &str) {
        let ended = ["duplicate", "withdrawn", "entered_in_error"];
        let goes_on = |it: &usize| !ended.contains(&self.matters[*it].state);
        let those: Vec<usize> = (0..self.matters.len()).filter(goes_on).collect();
        // Mostly one with which something can be done.
        let any = those.is_empty() || self.chance.once_in(8);
        let matter = if any { self.chance.below(self.matters.len()) } else { self.chance.one_of(&those) };
        let at = self.matters[matter].clone();
        let worker = self.somebody(&at);
        let (caller, office) = (self.workers[worker].caller, self.workers[worker].office);
        let Some(row) = self.something(&at, caller) else { return };
        let body = self.body(row.act, &at, worker);
        let server = self.chance.below(2);
        let path = format!("/referrals/{}/{}", at.id.as_str().unwrap(), action(row.act));
        let mut request = self.workers[worker].actors[server].request(Method::POST, &path).json(&body);
        let version = self.chance.below(6);
        let is_stale = version == 0 && at.etags.len() > 1;
        match at.etags.as_slice() {
            [first, .., _] if is_stale => request = request.header("if-match", first),
            [.., last] if version == 1 => request = request.header("if-match", last),
            _ => {}
        }
        let answer = request.send().await;
        let what = format!("{what}: {} by {} in {at:?}", row.act, caller.name);
        let verdict = match TABLE.judge(row, &at.situation(), caller) {
            _ if office != at.office => Verdict::Refused(404, "not-found"),
            _ if is_stale => Verdict::Refused(412, "stale-version"),
            verdict => verdict,
        };
        // The version that was read last is the present one, unless a server has recorded meanwhile that something is overdue.
        if version == 1 && office == at.office && answer.status == 412 {
            self.agrees(matter, None, &what).await;
            assert!(self.matters[matter].version > at.version, "{what}: {answer:?}");
            return;
        }
        let done = match verdict {
            Verdict::Refused(status, problem) => {
                assert_eq!(answer.status, status, "{what}: {body} {answer:?}");
                answer.problem(status, problem);
                None
            }
            Verdict::Done(to) => {
                assert_eq!(answer.status, 200, "{what}: {body} {answer:?}");
                let by = format!("staff:{}", self.workers[worker].id.as_str().unwrap());
                Some(Done { act: row.act, body, by, at: self.now(), to })
            }
        };
        self.counts[usize::from(done.is_none())] += 1;
        self.agrees(matter, done, &what).await;
    }

    /// Mostly somebody of the office that has it.
    fn somebody(&mut self, at: &Memory) -> usize {
        let those: Vec<usize> = (0..self.workers.len()).filter(|it| self.workers[*it].office == at.office).collect();
        if self.chance.once_in(8) { self.chance.below(self.workers.len()) } else { self.chance.one_of(&those) }
    }

    /// Mostly something that can be done now.
    fn something(&mut self, at: &Memory, caller: &Caller) -> Option<&'static Row> {
        let situation = at.situation();
        let can = |row: &&Row| matches!(TABLE.judge(row, &situation, caller), Verdict::Done(_));
        // What ends too much too soon is done seldom.
        let ends = ["enter-in-error", "mark-duplicate", "withdraw-consent"];
        let seldom = self.chance.once_in(6);
        let rows: Vec<&'static Row> = TABLE.staff_rows().filter(|row| seldom || !ends.contains(&row.act)).collect();
        let now: Vec<&'static Row> = rows.iter().copied().filter(can).collect();
        let row = if now.is_empty() || self.chance.once_in(4) { &rows } else { &now };
        let row = self.chance.one_of(row);
        (row.act != "mark-duplicate" || self.twin(at).is_some()).then_some(row)
    }

    /// The sender takes a request back, asks to be told of the decision, or writes: that answers what it was asked.
    async fn senders_step(&mut self, what: &str) {
        let sent: Vec<usize> = (0..self.matters.len()).filter(|it| self.matters[*it].sender != "nobody").collect();
        if sent.is_empty() {
            return;
        }
        let matter = self.chance.one_of(&sent);
        let at = self.matters[matter].clone();
        let path = self.chance.one_of(&["withdraw", "request-feedback", "supplements", "messages"]);
        let writes = ["supplements", "messages"].contains(&path);
        let body = if writes { json!({ "text": "Det har hänt igen." }) } else { json!({}) };
        let there = format!("/partner/referrals/{}/{path}", at.id.as_str().unwrap());
        let server = self.chance.below(2);
        let answer = self.sender(at.sender, server).post(&there, body.clone()).await;
        let what = format!("{what}: {path} by its sender of {at:?}");
        let in_error = at.state == "entered_in_error";
        let may_ask = at.learns_the_decision() && !in_error && !at.asked;
        let (act, to, status) = match path {
            "withdraw" => match TABLE.judge_state(TABLE.row("withdraw"), &at.situation()) {
                Verdict::Done(to) => ("withdraw", Some(to), 200),
                Verdict::Refused(status, _) => ("withdraw", None, status),
            },
            "request-feedback" => (path, may_ask.then_some(at.state), if may_ask { 200 } else { 409 }),
            _ => {
                let answers = at.state == "information_requested";
                ("supply-information", answers.then_some("received"), if in_error { 409 } else { 201 })
            }
        };
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        let by = at.history[0][3].as_str().unwrap().to_owned();
        let done = to.map(|to| Done { act, body, by, at: self.now(), to });
        self.agrees(matter, done, &what).await;
    }

    /// What the office, its people and the sender see is what is remembered, and what was done since: by us, and by the servers, which
    /// record what is overdue.
    async fn agrees(&mut self, matter: usize, mut done: Option<Done>, what: &str) {
        let (server, now) = (self.chance.below(2), self.now());
        let office = self.matters[matter].office_after(done.as_ref());
        let those: Vec<usize> = (0..self.workers.len()).filter(|it| self.workers[*it].office == office).collect();
        let reader = &self.workers[self.chance.one_of(&those)];
        for worker in &self.workers {
            if worker.office != office && self.chance.once_in(8) {
                read(&worker.actors[server], &self.matters[matter].id).await.problem(404, "not-found");
            }
        }
        let (told, etag, history) = whole(&reader.actors[server], &self.matters[matter].id).await;
        let seen: Vec<Value> = history.iter().map(|entry| self.entry(entry)).collect();
        let at = &mut self.matters[matter];
        for entry in &seen[at.history.len()..] {
            match done.take_if(|_| entry[0] != "mark-overdue") {
                Some(done) => at.apply(&done),
                None => at.mark(entry, what),
            }
        }
        assert!(done.is_none(), "{what}: what was done is not written down: {seen:?}");
        assert_eq!(seen, at.history, "{what}");
        // A tag also tells how the referral looks at the moment, such as what is overdue: of one version the last is kept.
        at.etags.resize(at.version - 1, String::new());
        assert!(!at.etags.contains(&etag), "{what}: each change has a version of its own");
        at.etags.push(etag);
        let (at, office) = (&self.matters[matter], &self.offices[office]);
        let expected = json!([at.state, at.version, office, at.assignee, at.kind]);
        let seen = json!([told["status"], told["version"], told["officeId"], told["assigneeId"], told["kind"]]);
        assert_eq!(seen, expected, "{what}");
        assert_eq!(clocks(&told), at.told_clocks(now), "{what}");
        assert_eq!(time(&told["nextDueAt"]), at.running().map(|clock| clock.due).min(), "{what}");
        assert_eq!(offered(&told), TABLE.allowed(&at.situation(), reader.caller), "{what}: {}", reader.caller.name);
        if at.sender != "nobody" {
            self.sender_sees(at, self.sender(at.sender, server), what).await;
        }
    }

    fn entry(&self, entry: &Value) -> Value {
        let office = |field: &str| self.offices.iter().position(|office| *office == entry[field]);
        let at = time(&entry["at"]);
        json!([entry["action"], entry["from"], entry["to"], entry["by"], at, office("officeId"), office("toOfficeId")])
    }

    async fn sender_sees(&self, at: &Memory, sender: Actor, what: &str) {
        let there = format!("/partner/referrals/{}", at.id.as_str().unwrap());
        let seen: Answer = sender.get(&there).await;
        let seen = seen.expect(200);
        assert_eq!(seen["status"], at.disclosed(), "{what}: {seen}");
        let requested = at.learns_the_decision().then_some(at.asked);
        assert_eq!(seen["feedback"]["requested"].as_bool(), requested, "{what}: {seen}");
    }
}

/// A referral, its tag and its history, all of one version.
async fn whole(reader: &Actor, id: &Value) -> (Value, String, Vec<Value>) {
    loop {
        let (history, answer) = (history(reader, id).await, read(reader, id).await);
        if answer.expect(200)["version"] == history.len() {
            return (answer.json(), answer.etag(), history);
        }
    }
}

fn clocks(told: &Value) -> Vec<Value> {
    let tell = |clock: &Value| {
        let at = |field: &str| time(&clock[field]);
        json!([clock["kind"], at("dueAt"), at("rolledDueAt"), at("metAt"), clock["overdue"]])
    };
    let mut told: Vec<Value> = told["deadlines"].as_array().unwrap().iter().map(tell).collect();
    told.sort_by_key(Value::to_string);
    told
}

async fn course(app: &TestApp, other: &TestApp, seed: u64, from: &str) {
    app.clock.set(from);
    let mut world = World::new(app, other, seed).await;
    for round in 0..110 {
        world.wait();
        let what = format!("seed {seed}, round {round}, at {}", text(world.now()));
        match world.chance.below(20) {
            0 | 1 if world.matters.len() < 16 => world.receive().await,
            2 => world.senders_step(&what).await,
            _ => world.step(&what).await,
        }
    }
    for matter in 0..world.matters.len() {
        world.agrees(matter, None, &format!("seed {seed}, at its end")).await;
    }
    let [done, refused] = world.counts;
    assert!(done > 20 && refused > 20, "seed {seed}: {done} done, {refused} refused");
}

crate::on_both_databases! {
    async fn whatever_is_done_by_whomever_whenever_is_as_the_model_remembers(app: TestApp) {
        let other = app.another_server().await;
        // Over Christmas, over Easter with the change to summer time, and an ordinary week.
        for (seed, from) in [(3, "2026-12-18T22:40:00Z"), (20_230_621, "2027-03-17T08:00:00Z"), (7, "2027-01-18T09:00:00Z")] {
            course(&app, &other, seed, from).await;
        }
    }
}
