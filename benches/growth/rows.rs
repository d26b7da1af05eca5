//! What is asked and written, among few and among many.

use std::net::SocketAddr;
use std::time::Duration;

use super::client::{Client, Request, Stretch};
use super::field;
use super::holdings::Holdings;
use super::installation::Installation;
use super::people::NUMBER;
use super::program::Program;
use super::report;

const ROOT: &str = "/nara/v1";
/// So many referrals are read by turns.
const READ: usize = 2_000;
/// So many contacts are sent in a batch.
const BATCH: usize = 100;

/// One row.
pub struct Row {
    pub name: &'static str,
    script: Vec<Request>,
    expected: u16,
}

/// How long answers took, in milliseconds.
#[derive(Clone, Copy)]
pub struct Figures {
    /// Half of them, at most.
    pub half: f64,
    /// All but one of a hundred, at most.
    pub last: f64,
    /// How many bytes an answer has, on the average.
    pub length: f64,
}

impl Row {
    /// Every connection begins elsewhere in the script.
    pub fn connect(&self, server: SocketAddr, connections: usize) -> Client {
        let rotated = |index: usize| {
            let mut script = self.script.clone();
            script.rotate_left(index * self.script.len() / connections % self.script.len());
            script
        };
        Client::connect(server, (0..connections).map(rotated).collect(), self.expected).expect("the server listens")
    }

    /// Asks for so long.
    pub fn measure(&self, client: &mut Client, stretch: Duration) -> Figures {
        let (mut answers, mut bytes) = (0.0, 0.0);
        let stretch = client.drive(stretch, |body| {
            answers += 1.0;
            bytes += body.len() as f64;
        });
        self.figures(stretch, bytes / answers)
    }

    fn figures(&self, mut stretch: Stretch, length: f64) -> Figures {
        assert!(stretch.failures == 0, "{}: {:?}", self.name, stretch.first_failure);
        stretch.latencies.sort_unstable();
        let at = |percent: usize| {
            let micros = stretch.latencies.get(stretch.latencies.len() * percent / 100);
            micros.map_or(f64::NAN, |micros| f64::from(*micros) / 1e3)
        };
        Figures { half: at(50), last: at(99), length }
    }
}

impl Figures {
    pub fn median(rounds: Vec<Self>) -> Self {
        let middle = |figure: fn(&Self) -> f64| {
            let mut all: Vec<f64> = rounds.iter().map(figure).collect();
            all.sort_unstable_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            half: middle(|figures| figures.half),
            last: middle(|figures| figures.last),
            length: middle(|figures| figures.length),
        }
    }
}

/// All rows, for what is there.
pub fn all(server: &Program, installation: &Installation, holdings: &Holdings) -> Vec<Row> {
    let token = format!("Bearer {}", installation.token());
    let credentials = Some(("authorization", token.as_str()));
    let get = |path: &str| Request::get(&format!("{ROOT}{path}"), credentials);
    let post = |path: &str, body: &str| Request::post(&format!("{ROOT}{path}"), credentials, body);
    let ids = &holdings.matters.at_home;
    let read = ids.iter().step_by((ids.len() / READ).max(1)).map(|id| get(&format!("/referrals/{id}")));
    let by_name =
        holdings.people.looked_for.iter().map(|name| post("/people/search", &format!(r#"{{"name":"{name}"}}"#)));
    let family = |name: &String| name.split_once(' ').map(|(_, family)| family.to_owned()).unwrap_or_default();
    let by_family_name = holdings
        .people
        .looked_for
        .iter()
        .map(|name| post("/people/search", &format!(r#"{{"name":"{}"}}"#, family(name))));
    let by_number = post("/people/search", &format!(r#"{{"personalIdentityNumber":"{NUMBER}"}}"#));
    let own = Request::get(&format!("{}?limit=20", report::PATH), Some(("x-api-key", &installation.partner_key)));
    let contacts = format!(r#"{{"items":[{}]}}"#, vec![field::body(); BATCH].join(","));
    let row = |name, script: Vec<Request>, expected| Row { name, script, expected };
    let rows = vec![
        row("get a referral", read.collect(), 200),
        row("an office's queue, by what is due next", vec![get("/referrals?limit=20&sort=nextDueAt")], 200),
        row("an office's queue, what is overdue", vec![get("/referrals?limit=20&overdue=true&sort=nextDueAt")], 200),
        row("an office's queue, by status", vec![get("/referrals?limit=20&status=received")], 200),
        row("a partner agency's own referrals", vec![own], 200),
        row("an office's contacts, the newest", vec![get("/outreach-contacts?limit=20")], 200),
        row("a person by number", vec![by_number], 200),
        row("people by given and family name", by_name.collect(), 200),
        row("people by family name", by_family_name.collect(), 200),
        row("submit a referral", vec![report::submission(report::PATH, &installation.partner_key)], 201),
        row("write down a contact", vec![post("/outreach-contacts", &field::body())], 201),
        row("write down a hundred contacts at once", vec![post("/outreach-contacts/batch", &contacts)], 200),
    ];
    // The first time is everybody's: connections find their plans, pages come into memory.
    for one in &rows {
        let answer = one.script[0].ask(server.address).expect("the server answers");
        assert_eq!(answer.status, one.expected, "{}: {}", one.name, String::from_utf8_lossy(&answer.body));
    }
    rows
}
