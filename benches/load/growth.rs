//! What a caller feels must not grow with what is stored: the same list at ten thousand and at a million.

use std::time::Duration;

use super::client::{Client, Request};
use super::server::{Fill, Served};
use super::table::{median, verdict};

const FEW: usize = 10_000;
const MANY: usize = 1_000_000;
/// How much longer it may take at most.
const MOST: f64 = 1.5;
const ROUNDS: usize = 3;

/// A list that is measured.
pub struct List {
    /// What it is of.
    name: &'static str,
    path: &'static str,
    /// Of how many answers, of a hundred, the slowest counts.
    percent: usize,
    fill: fn(usize) -> Fill,
}

/// The list of an office's contacts, 20 rows of it.
pub const CONTACTS: List = List {
    name: "a list of an office's contacts, 20 rows",
    path: "/nara/v1/outreach-contacts?limit=20",
    percent: 50,
    fill: Fill::Contacts,
};

/// The queue of an office, with what is due first.
pub const QUEUE: List = List {
    name: "an office's queue of referrals by what is due next, 20 rows, p99",
    path: "/nara/v1/referrals?limit=20&sort=nextDueAt",
    percent: 99,
    fill: Fill::Referrals,
};

impl List {
    /// How long it takes among few and among many.
    pub fn measure(&self, title: &str, database_url: &str, connections: usize, stretch: Duration) -> String {
        let mut served = Served::start(database_url);
        let _floors = served.start_floors(&[]);
        served.fill(&(self.fill)(FEW));
        let few = self.latency(&served, connections, stretch);
        served.fill(&(self.fill)(MANY - FEW));
        let many = self.latency(&served, connections, stretch);
        let ratio = many / few;
        let verdict = verdict(ratio <= MOST, "≤ 1.5 ×");
        let (name, few, many) = (self.name, few / 1e3, many / 1e3);
        format!("{title}: {name}: {few:.2} ms at 10,000, {many:.2} ms at 1,000,000, {ratio:.2} × ({verdict}).\n")
    }

    /// In microseconds.
    fn latency(&self, served: &Served, connections: usize, stretch: Duration) -> f64 {
        let token = format!("Bearer {}", served.ready.token);
        let list = Request::get(self.path, Some(("authorization", &token)));
        let answer = list.ask(served.ready.api).expect("the server answers");
        let page: serde_json::Value = serde_json::from_slice(&answer.body).expect("a page is JSON");
        assert_eq!(page["items"].as_array().map(Vec::len), Some(20), "a page is full: {page}");
        let mut client =
            Client::connect(served.ready.api, vec![vec![list]; connections], 200).expect("the server listens");
        client.drive(stretch / 5, |_| {});
        let rounds = (0..ROUNDS).map(|_| {
            let mut stretch = client.drive(stretch, |_| {});
            assert!(stretch.failures == 0, "a list is refused: {:?}", stretch.first_failure);
            stretch.latencies.sort_unstable();
            let at = stretch.latencies.len() * self.percent / 100;
            stretch.latencies.get(at).copied().map_or(f64::NAN, f64::from)
        });
        median(rounds.collect())
    }
}
