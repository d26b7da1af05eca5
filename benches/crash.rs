//! `cargo bench --bench crash`: does every acknowledged submission survive `kill -9`?
//!
//! A round loads the real program with submissions, kills it at a random moment, starts it again on the same data, and looks:
//!
//! - Each referral that was acknowledged with 201 is answered to its sender.
//! - Each stored referral has exactly one audit record of its receipt, and each such record its referral: nothing is half there.
//! - Nothing is stored beyond what was under way.
//!
//! It ends the process and not the machine, so it shows that nothing is acknowledged before it is handed to the operating system;
//! that the disk has it too is `synchronous=FULL`'s and `fsync`'s to keep.

#![expect(clippy::expect_used, reason = "What cannot be tried stops the trial.")]

#[path = "crash/check.rs"]
mod check;
#[path = "support/client.rs"]
mod client;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/folder.rs"]
mod folder;
#[path = "support/installation.rs"]
mod installation;
#[path = "support/program.rs"]
mod program;
#[path = "support/report.rs"]
mod report;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use nara::time::Random;
use nara::vault::Ring;

use check::Stored;
use client::Client;
use cluster::Cluster;
use folder::Folder;
use installation::{ENVIRONMENT, ISSUER, Installation};
use program::{Program, free_port};

/// Kills the server under load, again and again, and looks for what it had acknowledged.
#[derive(Parser)]
struct Arguments {
    /// How often the server is killed
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// How many kept connections submit at once
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Try PostgreSQL, too
    #[arg(long)]
    postgres: bool,
    /// Where the databases lie
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let folder = Folder::new_in(&arguments.folder);
    let mut held = try_on("SQLite", &folder.sqlite_url(), &folder, &arguments);
    if arguments.postgres {
        match Cluster::start(&arguments.folder) {
            Some(cluster) => held &= try_on("PostgreSQL", &cluster.new_database(), &folder, &arguments),
            None => print("PostgreSQL is not tried: it is not installed."),
        }
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All rounds on one database. True when nothing was lost or half there.
fn try_on(title: &str, url: &str, folder: &Folder, arguments: &Arguments) -> bool {
    let installation = Installation::fill(url.parse().expect("a URL of a database"));
    let mut acknowledged = HashSet::new();
    let mut before = 0;
    let mut wrong = 0;
    let mut server = serve(url, &installation, folder);
    for round in 1..=arguments.rounds {
        let lived = 200 + u64::from(u16::from_le_bytes(Random::system().bytes())) % 1_800;
        let new = load_and_kill(&mut server, &installation, lived, arguments.connections);
        acknowledged.extend(new.iter().cloned());
        server = serve(url, &installation, folder);
        let missing = check::missing(server.address, &installation.partner_key, &new);
        let stored = Stored::read(&installation.target);
        let unacknowledged = (stored.referrals.len() + missing).saturating_sub(before + new.len());
        before = stored.referrals.len();
        let faults = missing
            + stored.half_done()
            + stored.lacking(&acknowledged)
            + unacknowledged.saturating_sub(arguments.connections);
        wrong += faults;
        print(&format!(
            "{title}, round {round}: killed after {lived} ms, ready again after {} ms; {} acknowledged, {missing} of them missing; \
             {unacknowledged} whole and not acknowledged, {} half done: {}",
            server.ready_after.as_millis(),
            new.len(),
            stored.half_done(),
            if faults == 0 { "held" } else { "BROKEN" },
        ));
    }
    drop(server);
    let sound = check::is_sound(&installation.target);
    let verdict =
        if wrong == 0 && sound { "every acknowledged submission is there, and nothing is half done" } else { "BROKEN" };
    print(&format!(
        "{title}: {} rounds, {} submissions acknowledged: {verdict}.\n",
        arguments.rounds,
        acknowledged.len()
    ));
    wrong == 0 && sound
}

/// Starts the program on the database, as one does in production.
fn serve(url: &str, installation: &Installation, folder: &Folder) -> Program {
    let (secret, key_set) = (folder.path.join("secret"), folder.path.join("jwks.json"));
    let ring = folder.path.join("vault-keys");
    // Each start but the first finds the ring of the one before: what it sealed must open.
    if !ring.exists() {
        std::fs::write(&ring, Ring::new(&Random::system()).reveal()).expect("a file can be written");
    }
    std::fs::write(&secret, installation.secret.reveal()).expect("a file can be written");
    std::fs::write(&key_set, installation.key_set()).expect("a file can be written");
    let port = free_port();
    Program::start(port, |nara| {
        nara.arg("serve").env("DATABASE_URL", url).args(["--address", &format!("127.0.0.1:{port}")]);
        nara.args(["--issuer", ISSUER, "--environment", ENVIRONMENT, "--limits", "off"]);
        nara.arg("--secret-file").arg(secret).arg("--jwks-file").arg(key_set).arg("--vault-keys-file").arg(ring);
    })
}

/// The identifiers that were acknowledged before the server was gone.
fn load_and_kill(server: &mut Program, installation: &Installation, lived: u64, connections: usize) -> Vec<String> {
    let submission = report::submission(report::PATH, &installation.partner_key);
    let scripts = vec![vec![submission]; connections];
    let mut client = Client::connect(server.address, scripts, 201).expect("the server listens");
    let mut acknowledged = Vec::new();
    let loaded = client.drive(Duration::from_millis(lived), |receipt| acknowledged.push(report::id_in(receipt)));
    assert!(loaded.failures == 0, "a referral is refused: {:?}", loaded.first_failure);
    server.child.kill().expect("it is ours");
    // What it still sent before it died was acknowledged, too.
    client.drive(Duration::from_secs(5), |receipt| acknowledged.push(report::id_in(receipt)));
    server.child.wait().expect("it is ours");
    acknowledged
}

#[expect(clippy::print_stdout, reason = "The lines are what this is for.")]
fn print(text: &str) {
    println!("{text}");
}
