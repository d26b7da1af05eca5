//! `cargo bench --bench load`: requests per second, how long they take, and the ratio to floors of the same run.
//!
//! It tells and never fails: machines differ, and so do their days. See `load/floors.rs` for what a floor is.

#![expect(clippy::expect_used, reason = "What cannot be measured stops the benchmark.")]

#[path = "support/client.rs"]
mod client;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "load/demo.rs"]
mod demo;
#[path = "support/field.rs"]
mod field;
#[path = "load/floors.rs"]
mod floors;
#[path = "support/folder.rs"]
mod folder;
#[path = "support/installation.rs"]
mod installation;
#[path = "load/machine.rs"]
mod machine;
#[path = "support/program.rs"]
mod program;
#[path = "support/report.rs"]
mod report;
#[path = "load/rows.rs"]
mod rows;
#[path = "load/server.rs"]
mod server;
#[path = "load/sign_in.rs"]
mod sign_in;
#[path = "load/table.rs"]
mod table;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use client::Client;
use cluster::Cluster;
use folder::Folder;
use rows::Row;
use server::Served;
use table::Measured;

/// Measures the server under load, beside floors of the same run.
#[derive(Parser)]
struct Arguments {
    /// How long each row is measured in a round, after a fifth of that to warm up
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How many rounds there are; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many kept connections ask at once
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Only this: where-to-turn, district, districts, office, referral, act, submit, contact, batch or demo; may be given several times
    #[arg(long)]
    only: Vec<String>,
    /// Leave PostgreSQL out
    #[arg(long)]
    no_postgres: bool,
    /// Leave SQLite out
    #[arg(long)]
    no_sqlite: bool,
    /// Where the databases lie: a folder on a disk, since what is durable waits for it
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Be the server that is measured
    #[arg(long, hide = true)]
    serve: bool,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    if arguments.serve {
        return server::serve();
    }
    print(&machine::description(&arguments.folder));
    if !arguments.no_sqlite && arguments.wants_rows() {
        let folder = Folder::new_in(&arguments.folder);
        measure("SQLite", &folder.sqlite_url(), &arguments);
    }
    if !arguments.no_postgres && arguments.wants_rows() {
        match Cluster::start(&arguments.folder) {
            Some(cluster) => measure("PostgreSQL", &cluster.new_database(), &arguments),
            None => print("PostgreSQL is not measured: it is not installed.\n"),
        }
    }
    if arguments.wants("demo") {
        print(&demo::measure(&arguments.folder, arguments.connections, arguments.stretch()));
    }
}

impl Arguments {
    fn wants(&self, key: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == key)
    }

    fn wants_rows(&self) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only != "demo")
    }

    fn stretch(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn measure(title: &str, database_url: &str, arguments: &Arguments) {
    let mut served = Served::start(database_url);
    let rows = wanted(rows::all(&mut served, arguments.connections, title == "SQLite"), arguments);
    let mut measured: Vec<Measured> = rows.into_iter().map(Measured::new).collect();
    for round in 0..arguments.rounds {
        // Every other round goes backwards, so that nothing is always measured behind the same neighbour.
        let mut order: Vec<&mut Measured> = measured.iter_mut().collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for one in order {
            measure_once(one, &served, arguments);
        }
    }
    print(&table::markdown(title, &measured));
    if let Some(told) = served.ready.sign_in.told(&measured) {
        print(&told);
    }
}

/// The rows that are asked for, and the floors that they are held against.
fn wanted(rows: Vec<Row>, arguments: &Arguments) -> Vec<Row> {
    let is_wanted = |row: &&Row| !row.key.is_empty() && arguments.wants(row.key);
    let names = |row: &Row| {
        std::iter::once(row.name.clone())
            .chain(row.beside.iter().map(|beside| beside.floor.clone()))
            .collect::<Vec<_>>()
    };
    let names: Vec<String> = rows.iter().filter(is_wanted).flat_map(names).collect();
    let mut rows: Vec<Row> = rows.into_iter().filter(|row| names.contains(&row.name)).collect();
    rows.sort_by_key(|row| names.iter().position(|name| *name == row.name));
    rows.dedup_by(|one, other| one.name == other.name);
    rows
}

fn measure_once(one: &mut Measured, served: &Served, arguments: &Arguments) {
    let scripts = one.row.scripts(arguments.connections);
    let mut client = Client::connect(one.row.address, scripts, one.row.expected).expect("the server listens");
    client.drive(arguments.stretch() / 5, |_| {});
    let before = served.processor_seconds();
    let stretch = client.drive(arguments.stretch(), |_| {});
    one.add(stretch, served.processor_seconds() - before);
}

#[expect(clippy::print_stdout, reason = "The table is what this is for.")]
fn print(text: &str) {
    println!("{text}");
}
