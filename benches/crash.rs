//! `cargo bench --bench crash`: does every acknowledged write survive `kill -9`?
//!
//! A round loads the real program with submissions, steps of referrals and contacts, kills it at a random moment, starts it again on
//! the same data, and looks:
//!
//! - Each referral that was acknowledged with 201 is answered to its sender; each step, and each contact, is there.
//! - Each stored referral and contact has exactly one audit record of its making, each step its event and its record, and the
//!   reverse: nothing is half there.
//! - Nothing is stored beyond what was under way.
//! - The audit is sound, and goes on where it ended (`nara audit verify --expect-head`).
//!
//! It ends the process and not the machine, so it shows that nothing is acknowledged before it is handed to the operating system;
//! that the disk has it too is `synchronous=FULL`'s and `fsync`'s to keep.

#![expect(clippy::expect_used, reason = "What cannot be tried stops the trial.")]

#[path = "support/audit.rs"]
mod audit;
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
#[path = "support/serving.rs"]
mod serving;
#[path = "crash/writes.rs"]
mod writes;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use nara::time::Random;

use audit::verify;
use check::Stored;
use cluster::Cluster;
use folder::Folder;
use installation::Installation;
use serving::serve;
use writes::Writers;

/// Kills the server under load, again and again, and looks for what it had acknowledged.
#[derive(Parser)]
struct Arguments {
    /// How often the server is killed on each database
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// How many kept connections submit at once; half as many act on referrals, and as many write down contacts
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Try this database alone
    #[arg(long)]
    only: Option<Kind>,
    /// Where the databases lie
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = |kind| arguments.only.is_none_or(|only| only == kind);
    let mut held = true;
    if wanted(Kind::Sqlite) {
        let folder = Folder::new_in(&arguments.folder);
        held &= try_on("SQLite", &folder.sqlite_url(), &folder, &arguments);
    }
    if wanted(Kind::Postgres) {
        let folder = Folder::new_in(&arguments.folder);
        match Cluster::start(&arguments.folder) {
            Some(cluster) => held &= try_on("PostgreSQL", &cluster.new_database(), &folder, &arguments),
            None => {
                print("PostgreSQL is not tried: it is not installed.");
                held = false;
            }
        }
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All rounds on one database. True when nothing was lost or half there.
fn try_on(title: &str, url: &str, folder: &Folder, arguments: &Arguments) -> bool {
    let installation = Installation::fill(url.parse().expect("a URL of a database"));
    let (mut wrong, mut slowest, mut head) = (0, 0, None);
    let mut server = serve(url, &installation, folder);
    let mut writers = Writers::new(&installation, arguments.connections);
    let mut all = writers.begin(&server);
    let mut before = Stored::read(&installation.target);
    for round in 1..=arguments.rounds {
        let lived = 200 + u64::from(u16::from_le_bytes(Random::system().bytes())) % 1_800;
        let new = writers.load_and_kill(&mut server, lived);
        server = serve(url, &installation, folder);
        slowest = slowest.max(server.ready_after.as_millis());
        let missing = check::missing(server.address, &installation.partner_key, &new.referrals);
        let stored = Stored::read(&installation.target);
        all.add(&new);
        let lost = missing + stored.lacking(&all);
        let beyond = stored.beyond(&before, &new);
        let verified = verify(url, folder, head.as_deref());
        let faults =
            lost + stored.half_done() + beyond.saturating_sub(writers.connections()) + usize::from(!verified.is_sound);
        wrong += faults;
        head = verified.head.or(head);
        print(&format!(
            "{title}, round {round}: killed after {lived} ms, ready again after {} ms; acknowledged {} referrals, {} steps, {} contacts, \
             {lost} of them missing; {beyond} whole and not acknowledged, {} half done; audit {}, {} records of it not sealed yet: {}",
            server.ready_after.as_millis(),
            new.referrals.len(),
            new.steps.len(),
            new.contacts.len(),
            stored.half_done(),
            if verified.is_sound { "sound" } else { "NOT SOUND" },
            verified.unsealed,
            if faults == 0 { "held" } else { "BROKEN" },
        ));
        before = stored;
    }
    drop(server);
    let sound = check::is_sound(&installation.target);
    let verdict = if wrong == 0 && sound { "every one is there, and nothing is half done" } else { "BROKEN" };
    print(&format!(
        "{title}: {} rounds, {} referrals, {} steps and {} contacts acknowledged: {verdict}; ready again within {slowest} ms.\n",
        arguments.rounds,
        all.referrals.len(),
        all.steps.len(),
        all.contacts.len(),
    ));
    wrong == 0 && sound
}

#[expect(clippy::print_stdout, reason = "The lines are what this is for.")]
fn print(text: &str) {
    println!("{text}");
}
