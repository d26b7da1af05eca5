//! What a caller feels must not grow with what is stored: the same list at ten thousand contacts and at a million.

use std::time::Duration;

use super::client::{Client, Request};
use super::server::Served;
use super::table::{median, verdict};

const FEW: usize = 10_000;
const MANY: usize = 1_000_000;
/// How much longer it may take at most.
const MOST: f64 = 1.5;
const ROUNDS: usize = 3;

/// The list of an office's contacts, 20 rows of it.
pub fn measure(title: &str, database_url: &str, connections: usize, stretch: Duration) -> String {
    let mut served = Served::start(database_url);
    let _floors = served.start_floors(&[]);
    served.fill(FEW);
    let few = median_latency(&served, connections, stretch);
    served.fill(MANY - FEW);
    let many = median_latency(&served, connections, stretch);
    let ratio = many / few;
    let verdict = verdict(ratio <= MOST, "≤ 1.5 ×");
    format!(
        "{title}: a list of an office's contacts, 20 rows: {:.2} ms at 10,000 contacts, {:.2} ms at 1,000,000, {ratio:.2} × ({verdict}).\n",
        few / 1e3,
        many / 1e3
    )
}

/// In microseconds.
fn median_latency(served: &Served, connections: usize, stretch: Duration) -> f64 {
    let token = format!("Bearer {}", served.ready.token);
    let list = Request::get("/nara/v1/outreach-contacts?limit=20", Some(("authorization", &token)));
    let mut client = Client::connect(served.ready.api, vec![vec![list]; connections], 200).expect("the server listens");
    client.drive(stretch / 5, |_| {});
    let rounds = (0..ROUNDS).map(|_| {
        let stretch = client.drive(stretch, |_| {});
        assert!(stretch.failures == 0, "a list is refused: {:?}", stretch.first_failure);
        median(stretch.latencies.iter().copied().map(f64::from).collect())
    });
    median(rounds.collect())
}
