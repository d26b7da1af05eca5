//! The rows of the table: what is asked, and beside which floors.

use std::net::SocketAddr;
use std::time::Duration;

use super::client::{Client, Request};
use super::field;
use super::report;
use super::server::Served;

/// The schools of Linköping with official coordinates: places that residents ask about.
const SCHOOLS: &str = include_str!("../../tests/api/data/schools.csv");
const ROOT: &str = "/nara/v1";
/// Referrals that lie there before anything is measured.
const PRELOADED: usize = 2_000;
/// The smallest answer that is still one.
const SMALLEST: usize = 2;

/// One row.
pub struct Row {
    /// What `--only` calls it.
    pub key: &'static str,
    pub name: String,
    pub address: SocketAddr,
    /// What is asked in turn. Every connection begins elsewhere in it.
    pub script: Vec<Request>,
    pub expected: u16,
    pub beside: Vec<Beside>,
    /// How many things one request is about: the table counts those.
    pub carries: u32,
}

/// A floor that a row is held against.
pub struct Beside {
    pub floor: String,
    /// What the ratio should be at least.
    pub target: Option<f64>,
}

impl Row {
    fn new(key: &'static str, name: impl Into<String>, address: SocketAddr, script: Vec<Request>) -> Self {
        Self { key, name: name.into(), address, script, expected: 200, beside: Vec::new(), carries: 1 }
    }

    fn expecting(self, expected: u16) -> Self {
        Self { expected, ..self }
    }

    fn carrying(self, carries: u32) -> Self {
        Self { carries, ..self }
    }

    fn beside(mut self, floor: impl Into<String>, target: Option<f64>) -> Self {
        self.beside.push(Beside { floor: floor.into(), target });
        self
    }

    /// One script for each connection.
    pub fn scripts(&self, connections: usize) -> Vec<Vec<Request>> {
        let rotated = |index: usize| {
            let mut script = self.script.clone();
            script.rotate_left(index * self.script.len() / connections % self.script.len());
            script
        };
        (0..connections).map(rotated).collect()
    }
}

/// All rows for a server that was just started: the API's, and the floors that they name.
pub fn all(served: &mut Served, connections: usize, grouped: bool) -> Vec<Row> {
    let mut rows = directory(served.ready.api);
    let lengths: Vec<usize> = rows.iter().map(length_of_answer).collect();
    let referrals = preload(served, connections);
    let [floors, pooled] = served.start_floors(&[&[SMALLEST][..], &lengths].concat());
    for (row, length) in rows.iter_mut().zip(&lengths) {
        // A long answer costs any server; a list is held against an answer as long as itself.
        let (target, held_against) = match row.key {
            "where-to-turn" => (0.5, SMALLEST),
            "districts" => (0.6, *length),
            _ => (0.6, SMALLEST),
        };
        row.beside.push(Beside { floor: constant_name(held_against), target: Some(target) });
        row.beside.push(Beside { floor: enveloped_name(held_against), target: Some(target) });
        if held_against != *length {
            row.beside.push(Beside { floor: constant_name(*length), target: None });
        }
    }
    for length in [SMALLEST].iter().chain(&lengths) {
        let ask = |path: &str| vec![Request::get(&format!("{path}/constant/{length}"), None)];
        rows.push(Row::new("", constant_name(*length), floors, ask("")));
        rows.push(Row::new("", enveloped_name(*length), floors, ask("/enveloped")));
    }
    rows.extend(reading_a_referral(served, floors, &referrals));
    rows.extend(acting(served, floors, &referrals));
    rows.extend(submitting(served, floors, grouped.then_some(pooled)));
    rows.extend(in_the_field(served, floors, grouped));
    rows
}

fn constant_name(length: usize) -> String {
    format!("floor: constant body of {length} bytes")
}

fn enveloped_name(length: usize) -> String {
    format!("floor: constant body of {length} bytes in Nära's envelope")
}

/// What is answered from the directory in memory.
fn directory(api: SocketAddr) -> Vec<Row> {
    let get = |path: &str| vec![Request::get(&format!("{ROOT}{path}"), None)];
    let mut schools = csv::Reader::from_reader(SCHOOLS.as_bytes());
    let places = schools.records().flatten().filter_map(|school| {
        let (lat, lon) = (school.get(7)?, school.get(8)?);
        if lat.is_empty() {
            return None;
        }
        Some(Request::get(&format!("{ROOT}/where-to-turn?lat={lat}&lon={lon}"), None))
    });
    vec![
        Row::new("where-to-turn", "where to turn, by coordinates", api, places.collect()),
        Row::new("district", "get a district", api, get("/districts/skaggetorp-tornby")),
        Row::new("districts", "list districts (a page of 20)", api, get("/districts?limit=20")),
        Row::new("office", "get an office", api, get("/offices/skaggetorp")),
    ]
}

fn length_of_answer(row: &Row) -> usize {
    let answer = row.script[0].ask(row.address).expect("the server answers");
    let body = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, row.expected, "{}: {body}", row.name);
    answer.body.len()
}

/// Submits some referrals and gives their identifiers.
fn preload(served: &Served, connections: usize) -> Vec<String> {
    let submission = report::submission(report::PATH, &served.ready.partner_key);
    let scripts = vec![vec![submission]; connections];
    let mut client = Client::connect(served.ready.api, scripts, 201).expect("the server listens");
    let mut ids = Vec::new();
    while ids.len() < PRELOADED {
        let stretch = client.drive(Duration::from_millis(100), |receipt| ids.push(report::id_in(receipt)));
        assert!(stretch.failures == 0, "a referral is refused: {:?}", stretch.first_failure);
    }
    ids
}

fn reading_a_referral(served: &Served, floors: SocketAddr, ids: &[String]) -> [Row; 2] {
    const BARE: &str = "floor: select a referral, insert its audit record";
    let token = format!("Bearer {}", served.ready.token);
    let read = |id: &String| Request::get(&format!("{ROOT}/referrals/{id}"), Some(("authorization", &token)));
    let select = |id: &String| Request::get(&format!("/select/{id}"), None);
    [
        Row::new("referral", "get a referral", served.ready.api, ids.iter().map(read).collect())
            .beside(BARE, Some(0.6)),
        Row::new("", BARE, floors, ids.iter().map(select).collect()),
    ]
}

/// The same step on one after the other of many referrals, which may be taken any number of times: to give it to somebody.
fn acting(served: &Served, floors: SocketAddr, ids: &[String]) -> [Row; 2] {
    const BARE: &str = "floor: select a referral, update it, insert its event and audit record";
    let token = format!("Bearer {}", served.ready.token);
    let credentials = Some(("authorization", token.as_str()));
    let me = Request::get(&format!("{ROOT}/me"), credentials).ask(served.ready.api).expect("the server answers");
    let me: serde_json::Value = serde_json::from_slice(&me.body).expect("it is JSON");
    let body = serde_json::json!({ "assigneeId": me["staffId"] }).to_string();
    let assign = |id: &String| Request::post(&format!("{ROOT}/referrals/{id}/assign"), credentials, &body);
    let bare = |id: &String| Request::post(&format!("/act/{id}"), None, &body);
    [
        Row::new("act", "assign a referral", served.ready.api, ids.iter().map(assign).collect())
            .beside(BARE, Some(0.5)),
        Row::new("", BARE, floors, ids.iter().map(bare).collect()),
    ]
}

/// On SQLite, where `pooled` is the address of the pool, groups are the floor and what they are better than stands beside it.
fn submitting(served: &Served, floors: SocketAddr, pooled: Option<SocketAddr>) -> Vec<Row> {
    const GROUPED: &str = "floor: insert the same rows, committed in groups";
    const ALONE: &str = "floor: insert the same rows, each request its own transaction";
    const POOLED: &str = "floor: insert the same rows, each request its own transaction, on pooled connections";
    let submission = |path: &str| vec![report::submission(path, &served.ready.partner_key)];
    let floor =
        |name: &str, address: SocketAddr, path: &str| Row::new("", name, address, submission(path)).expecting(201);
    let submit = Row::new("submit", "submit a referral", served.ready.api, submission(report::PATH)).expecting(201);
    let Some(pooled) = pooled else {
        return vec![submit.beside(ALONE, Some(0.6)), floor(ALONE, floors, "/insert")];
    };
    vec![
        // Programs without a group writer take a connection of a pool; one that all share is a harder floor, and is told beside it.
        submit.beside(GROUPED, Some(0.5)).beside(POOLED, Some(5.0)).beside(ALONE, None),
        floor(GROUPED, floors, "/insert"),
        floor(ALONE, floors, "/insert-alone"),
        floor(POOLED, pooled, "/insert-pooled"),
    ]
}

/// Contacts, one by one and in batches.
fn in_the_field(served: &Served, floors: SocketAddr, grouped: bool) -> [Row; 3] {
    const BARE: &str = "floor: insert the same contact";
    const ONE: &str = "write down a contact";
    const AT_ONCE: u32 = 100;
    let token = format!("Bearer {}", served.ready.token);
    let post = |path: &str, body: &str| vec![Request::post(path, Some(("authorization", &token)), body)];
    let (one, path) = (field::body(), format!("{ROOT}/outreach-contacts"));
    let many = format!(r#"{{"items":[{}]}}"#, vec![one.as_str(); AT_ONCE as usize].join(","));
    let batch = Row::new(
        "batch",
        "write down contacts in batches of 100",
        served.ready.api,
        post(&format!("{path}/batch"), &many),
    );
    [
        Row::new("contact", ONE, served.ready.api, post(&path, &one)).expecting(201).beside(BARE, Some(0.5)),
        Row::new("", BARE, floors, post("/insert-contact", &one)).expecting(201),
        batch.carrying(AT_ONCE).beside(ONE, Some(if grouped { 1.0 } else { 5.0 })),
    ]
}
