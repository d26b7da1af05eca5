//! `cargo bench --bench oracles`: does the time of an answer tell whose identity number was named?
//!
//! Two numbers are named in turn, in a random order, thousands of times: one that nobody has, and one that is registered at another
//! office or protected. On one half of the times the threshold is sought that tells the two apart best; on the other half it is tried.
//! A guess is right in half of the cases by chance, so the proof fails where a threshold is right in 55 % or more.

#![expect(clippy::expect_used, reason = "What cannot be tried stops the trial.")]

#[path = "support/client.rs"]
#[expect(dead_code, reason = "One caller waits for each answer, and there is no load.")]
mod client;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/folder.rs"]
mod folder;
#[path = "oracles/guess.rs"]
mod guess;
#[path = "support/installation.rs"]
#[expect(dead_code, reason = "The callers have tokens of their own, and nobody looks into the database.")]
mod installation;
#[path = "oracles/prober.rs"]
mod prober;
#[path = "support/program.rs"]
#[expect(dead_code, reason = "Nobody asks how long the start took.")]
mod program;
#[path = "support/serving.rs"]
mod serving;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use cluster::Cluster;
use folder::Folder;
use guess::Times;
use installation::Installation;
use prober::{Operation, Prober};
use serving::serve;

/// Names numbers in turn, and tries to tell from the times whose they are.
#[derive(Parser)]
struct Arguments {
    /// How many calls are made of each pair, half of them with each number
    #[arg(long, default_value_t = 2_000)]
    calls: usize,
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

/// The most right guesses of a hundred that are let through.
const MOST: f64 = 55.0;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = |kind| arguments.only.is_none_or(|only| only == kind);
    let mut held = true;
    print(
        "| database | operation | compared with nobody | p50 nobody, µs | p50 somebody, µs | right guesses |\n|---|---|---|---|---|---|",
    );
    if wanted(Kind::Sqlite) {
        let folder = Folder::new_in(&arguments.folder);
        held &= try_on("SQLite", &folder.sqlite_url(), &folder, arguments.calls);
    }
    if wanted(Kind::Postgres) {
        let folder = Folder::new_in(&arguments.folder);
        match Cluster::start(&arguments.folder) {
            Some(cluster) => held &= try_on("PostgreSQL", &cluster.new_database(), &folder, arguments.calls),
            None => {
                print("PostgreSQL is not tried: it is not installed.");
                held = false;
            }
        }
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All pairs on one database. True when no threshold guesses well.
fn try_on(title: &str, url: &str, folder: &Folder, calls: usize) -> bool {
    let installation = Installation::fill(url.parse().expect("a URL of a database"));
    let server = serve(url, &installation, folder);
    let mut prober = Prober::new(&installation, server.address);
    let mut held = true;
    for operation in Operation::ALL {
        for somebody in operation.somebody() {
            let times: Times = prober.compare(operation, *somebody, calls);
            let right = times.right_guesses();
            held &= right < MOST;
            let [nobody, other] = times.medians();
            let verdict = if right < MOST { "" } else { " TELLS" };
            print(&format!(
                "| {title} | {} | {} | {nobody} | {other} | {right:.1} %{verdict} |",
                operation.name(),
                somebody.name()
            ));
        }
    }
    held
}

#[expect(clippy::print_stdout, reason = "The lines are what this is for.")]
fn print(text: &str) {
    println!("{text}");
}
