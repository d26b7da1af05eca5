//! What the benchmark ran on, and what its tables say.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use super::folder::Folder;
use super::table::median;

/// How to read what follows, and on what it was measured.
pub fn description(folder: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned());
    let kilobytes =
        field("/proc/meminfo", "MemTotal").and_then(|total| total.split_whitespace().next()?.parse::<u64>().ok());
    let gigabytes = kilobytes.unwrap_or_default() / 1024 / 1024;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let flush = flush_micros(folder);
    format!(
        "Measured on {processor}, {cores} cores, {gigabytes} GB, Linux {}; a flush of 4 KB to the disk takes {flush:.0} µs.
The load comes from one thread of another process on the same machine, over kept connections, each with one request under way.
That thread is near its own limit where the body is constant: a machine with more cores would answer those faster still.
Medians of interleaved rounds; a ratio is the median of the rounds' ratios. The server logs every write, to /dev/null.

Floors, measured in the same process between the rows:
- *constant body*: actix with as many workers and the same settings, no middleware, a body that is always the same.
- *constant body in Nära's envelope*: the same with what Nära puts around every answer: the trace, the headers of safety, the metrics.
- *insert the same rows*: the same request to a handler that reads nothing of it and inserts an equal referral and audit record,
  through the same `nara::db::Db`: in groups on SQLite, a transaction each on PostgreSQL.
- *each request its own transaction*, on SQLite: the same rows in a transaction and a commit for each request, by one connection that
  all take turns at; and *on pooled connections*, ten of r2d2's, as one would build it without a group writer.
- *select a referral*: by its identifier, and the durable audit record of the reading, through the same `Db`; no rules, no view.
",
        kernel.trim()
    )
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a durable commit waits for.
fn flush_micros(parent: &Path) -> f64 {
    let folder = Folder::new_in(parent);
    let mut file = File::create(folder.path.join("flush")).expect("a file can be made");
    let mut flush = || {
        let begun = Instant::now();
        file.write_all(&[1; 4096]).and_then(|()| file.sync_data()).expect("a file can be written");
        begun.elapsed().as_secs_f64() * 1e6
    };
    median((0..200).map(|_| flush()).collect())
}
