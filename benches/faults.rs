//! `cargo bench --bench faults`: what the real program does when something breaks under it, as a table.
//!
//! - **Disk full**: a small file system in memory is filled up under load, and gets room again.
//! - **Database gone**: PostgreSQL is stopped under load as a crash stops it, and started again.
//! - **A server killed**: one of two on one PostgreSQL, under load, by `kill -9`.
//! - **Idle and slow connections**: a thousand that say nothing, a thousand that stay after one call, two hundred that send a head
//!   or a body byte by byte; somebody else calls all the while.
//! - **Bodies without end**.
//!
//! It fails when a promise is broken: something acknowledged is missing or half done, an answer that is not 503 with `Retry-After`,
//! or more than five seconds until all is well again without a new start.

#![expect(clippy::expect_used, reason = "What cannot be tried stops the trial.")]

#[path = "support/audit.rs"]
mod audit;
#[path = "faults/callers.rs"]
mod callers;
#[path = "support/client.rs"]
#[expect(dead_code, reason = "The benchmarks of speed use the rest.")]
mod client;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "faults/crowds.rs"]
mod crowds;
#[path = "support/folder.rs"]
mod folder;
#[path = "support/installation.rs"]
#[expect(dead_code, reason = "Nobody of the staff is asked for here.")]
mod installation;
#[path = "faults/outages.rs"]
mod outages;
#[path = "support/program.rs"]
mod program;
#[path = "support/report.rs"]
#[expect(dead_code, reason = "The request is written by hand here.")]
mod report;
#[path = "support/serving.rs"]
mod serving;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use cluster::Cluster;
use folder::Folder;

/// Breaks what the server stands on, and looks what it does.
#[derive(Parser)]
struct Arguments {
    /// Try the faults whose name has this in it
    #[arg(long, default_value = "")]
    only: String,
    /// Where the databases lie
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// A fault, and what came of it.
pub struct Outcome {
    /// What broke.
    pub fault: &'static str,
    /// What was asked of the server meanwhile.
    pub asked: String,
    /// What was answered, and what is there afterwards.
    pub came: String,
    /// How long it took until all was well.
    pub recovery: String,
    /// Whether everything was as promised.
    pub held: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let folder = Folder::new_in(&arguments.folder);
    let wanted = |name: &str| name.contains(&arguments.only);
    let mut outcomes = Vec::new();
    if wanted("disk full") {
        outcomes.push(outages::disk_full(&folder));
    }
    if wanted("database gone") || wanted("server killed") {
        let cluster = Cluster::start(&arguments.folder).expect("PostgreSQL is installed");
        if wanted("database gone") {
            outcomes.push(outages::database_gone(&cluster, &folder));
        }
        if wanted("server killed") {
            outcomes.push(outages::server_killed(&cluster, &folder));
        }
    }
    if wanted("crowds") {
        outcomes.extend(crowds::all(&folder));
    }
    print("| fault | what was asked | what came | until all was well |\n|---|---|---|---|");
    for Outcome { fault, asked, came, recovery, held } in &outcomes {
        let verdict = if *held { "" } else { " **BROKEN**" };
        print(&format!("| {fault}{verdict} | {asked} | {came} | {recovery} |"));
    }
    if outcomes.iter().all(|outcome| outcome.held) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "The table is what this is for.")]
fn print(text: &str) {
    println!("{text}");
}
