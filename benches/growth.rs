//! `cargo bench --bench growth`: what a caller feels must not grow with what is stored.
//!
//! The same questions and the same writes, among ten thousand people, referrals and contacts each, and among a million of each,
//! of the program as it is started in production; and the most memory that it had while it was asked among the million.

#![expect(clippy::expect_used, reason = "What cannot be measured stops the benchmark.")]

#[path = "support/client.rs"]
mod client;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "growth/contacts.rs"]
mod contacts;
#[path = "support/field.rs"]
mod field;
#[path = "support/folder.rs"]
mod folder;
#[path = "growth/holdings.rs"]
mod holdings;
#[path = "support/installation.rs"]
mod installation;
#[path = "growth/matters.rs"]
mod matters;
#[path = "growth/people.rs"]
mod people;
#[path = "support/program.rs"]
#[expect(dead_code, reason = "How soon it is ready is measured elsewhere.")]
mod program;
#[path = "support/report.rs"]
#[expect(dead_code, reason = "Nobody looks into the receipts here.")]
mod report;
#[path = "growth/rows.rs"]
mod rows;
#[path = "support/serving.rs"]
mod serving;

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use cluster::Cluster;
use folder::Folder;
use holdings::Holdings;
use installation::Installation;
use program::Program;
use rows::{Figures, Row};

/// Much longer than among few it may take at most.
const MOST: f64 = 1.5;
/// The program may have so many megabytes.
const MEMORY: f64 = 200.0;

/// Measures the server among few and among many.
#[derive(Parser)]
struct Arguments {
    /// How many people, referrals and contacts each are few
    #[arg(long, default_value_t = 10_000)]
    few: usize,
    /// How many are many
    #[arg(long, default_value_t = 1_000_000)]
    many: usize,
    /// How long each row is measured in a round
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// How many rounds there are; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many kept connections ask at once
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Leave PostgreSQL out
    #[arg(long)]
    no_postgres: bool,
    /// Leave SQLite out
    #[arg(long)]
    no_sqlite: bool,
    /// Where the databases lie: a folder on a disk, since what is durable waits for it
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    if !arguments.no_sqlite {
        let folder = Folder::new_in(&arguments.folder);
        print(&measure("SQLite", &folder.sqlite_url(), &folder, &arguments));
    }
    if !arguments.no_postgres {
        match Cluster::start(&arguments.folder) {
            Some(cluster) => {
                let folder = Folder::new_in(&arguments.folder);
                print(&measure("PostgreSQL", &cluster.new_database(), &folder, &arguments));
            }
            None => print("PostgreSQL is not measured: it is not installed.\n"),
        }
    }
}

/// Fills a database twice and measures each time.
fn measure(title: &str, url: &str, folder: &Folder, arguments: &Arguments) -> String {
    let installation = Installation::fill(url.parse().expect("a URL of a database"));
    let mut holdings = Holdings::new(&installation, installation.vault.clone());
    let mut at = |count: usize| {
        holdings.fill_to(count);
        let server = serving::serve(url, &installation, folder);
        let rows = rows::all(&server, &installation, &holdings);
        let figures: Vec<_> = rows.iter().map(|row| measure_row(row, &server, arguments)).collect();
        (rows, figures, megabytes(&server))
    };
    let (_, few, _) = at(arguments.few);
    let (rows, many, memory) = at(arguments.many);
    table(title, arguments, &rows, &few, &many) + &memory_line(title, memory)
}

/// The median of the rounds.
fn measure_row(row: &Row, server: &Program, arguments: &Arguments) -> Figures {
    let stretch = Duration::from_secs_f64(arguments.seconds);
    let mut client = row.connect(server.address, arguments.connections);
    client.drive(stretch / 5, |_| {});
    let rounds = (0..arguments.rounds).map(|_| row.measure(&mut client, stretch));
    Figures::median(rounds.collect())
}

fn table(title: &str, arguments: &Arguments, rows: &[Row], few: &[Figures], many: &[Figures]) -> String {
    let (less, more) = (arguments.few, arguments.many);
    let mut table = format!(
        "| {title} | p50 ms at {less} | at {more} | ratio | p99 ms at {less} | at {more} | ratio | p50 ≤ {MOST} × |\n\
         |---|---:|---:|---:|---:|---:|---:|---|\n"
    );
    for ((row, few), many) in rows.iter().zip(few).zip(many) {
        let (half, last, longer) = (many.half / few.half, many.last / few.last, many.length / few.length);
        let verdict = match (half <= MOST, longer > MOST) {
            (true, _) => "reached".to_owned(),
            // A page that was not full among few has more to open and to write.
            (false, true) => format!("**missed**; the answer is {longer:.1} × as long"),
            (false, false) => "**missed**".to_owned(),
        };
        let _infallible = writeln!(
            table,
            "| {} | {:.2} | {:.2} | {half:.2} × | {:.2} | {:.2} | {last:.2} × | {} |",
            row.name, few.half, many.half, few.last, many.last, verdict,
        );
    }
    table
}

fn memory_line(title: &str, memory: f64) -> String {
    let verdict = if memory < MEMORY { "reached" } else { "**missed**" };
    format!(
        "\nThe most that the program had resident on {title}, under all this load: {memory:.0} MB (< {MEMORY} MB: {verdict}).\n"
    )
}

/// The most that it ever had resident.
fn megabytes(program: &Program) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

#[expect(clippy::print_stdout, reason = "The tables are what this is for.")]
fn print(text: &str) {
    println!("{text}");
}
