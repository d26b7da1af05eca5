//! How soon `nara demo` is ready, and how much memory it holds.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::client::{Client, Request};
use super::folder::Folder;
use super::program::{Program, free_port};
use super::report;
use super::table::{median, verdict};

/// How often each start is measured.
const STARTS: usize = 5;

/// A Markdown table of starts and memory.
pub fn measure(parent: &Path, connections: usize, stretch: Duration) -> String {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    let mut under_load = (f64::NAN, f64::NAN);
    for number in 0..STARTS {
        let folder = Folder::new_in(parent);
        let mut started = start(&folder.path);
        first.push(Start::of(&started));
        stop(&mut started);
        let mut started = start(&folder.path);
        again.push(Start::of(&started));
        if number + 1 == STARTS {
            under_load = load(&started, &folder.path, connections, stretch);
        }
        stop(&mut started);
    }
    let row = |what: &str, is: f64, unit: &str, target: f64, told: &str| {
        format!("| {what} | {is:.0} {unit} | {} |\n", verdict(is < target, &format!("< {told}")))
    };
    let (resident, most) = under_load;
    [
        "| `nara demo` | measured | target |\n|---|---:|---|\n".to_owned(),
        row("first start, to ready", middle(&first, |start| start.millis), "ms", 3_000.0, "3 s"),
        row("start on an existing folder, to ready", middle(&again, |start| start.millis), "ms", 300.0, "300 ms"),
        row("resident after the first start", middle(&first, |start| start.resident), "MB", 60.0, "60 MB"),
        row(
            "resident after a start on an existing folder",
            middle(&again, |start| start.resident),
            "MB",
            60.0,
            "60 MB",
        ),
        row(&format!("resident under load of {connections} connections"), resident, "MB", 120.0, "120 MB"),
        row("the most that was ever resident", most, "MB", 120.0, "120 MB"),
    ]
    .concat()
}

struct Start {
    millis: f64,
    resident: f64,
}

impl Start {
    fn of(program: &Program) -> Self {
        Self { millis: program.ready_after.as_secs_f64() * 1e3, resident: megabytes(program, "VmRSS") }
    }
}

fn middle(starts: &[Start], figure: impl Fn(&Start) -> f64) -> f64 {
    median(starts.iter().map(figure).collect())
}

fn start(folder: &Path) -> Program {
    let port = free_port();
    Program::start(port, |nara| {
        nara.args(["demo", "--limits", "off", "--port", &port.to_string(), "--data-dir"]).arg(folder);
    })
}

/// As somebody stops it: in order.
fn stop(program: &mut Program) {
    let told = Command::new("kill").arg(program.child.id().to_string()).status();
    assert!(told.is_ok_and(|told| told.success()), "a process can be told to end");
    program.child.wait().expect("it is ours");
}

/// Asks, submits and reads for a while each. Gives the resident memory at its end, and the most that there ever was.
fn load(program: &Program, folder: &Path, connections: usize, stretch: Duration) -> (f64, f64) {
    let told = std::fs::read_to_string(folder.join("demo.json")).expect("demo.json is written before it is ready");
    let told: Value = serde_json::from_str(&told).expect("demo.json is JSON");
    let text = |pointer: &str| told.pointer(pointer).and_then(Value::as_str).expect("demo.json tells it").to_owned();
    let (key, token) = (text("/partnerKeys/school"), format!("Bearer {}", text("/tokens/caseworker")));
    let drive = |request: Request, expected: u16| {
        let scripts = vec![vec![request]; connections];
        let mut client = Client::connect(program.address, scripts, expected).expect("the server listens");
        let mut last = Vec::new();
        let driven = client.drive(stretch, |answer| last = answer.to_vec());
        assert!(driven.failures == 0, "refused: {:?}", driven.first_failure);
        last
    };
    drive(Request::get("/nara/v1/where-to-turn?lat=58.4275&lon=15.5837", None), 200);
    let receipt = drive(report::submission(report::PATH, &key), 201);
    let referral = format!("/nara/v1/referrals/{}", report::id_in(&receipt));
    drive(Request::get(&referral, Some(("authorization", &token))), 200);
    drive(Request::get("/nara/v1/referrals?limit=50", Some(("authorization", &token))), 200);
    (megabytes(program, "VmRSS"), megabytes(program, "VmHWM"))
}

fn megabytes(program: &Program, what: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}
