//! What the server stands on goes away under load, and comes back.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use nara::db::Target;
use nara::db::connection::Purpose;
use nara::db::schema::referrals;
use nara::id::ReferralId;

use super::Outcome;
use super::audit::verify;
use super::callers::{Callers, Note, pause, statuses};
use super::cluster::Cluster;
use super::folder::Folder;
use super::installation::Installation;
use super::program::Program;
use super::serving::{serve, serve_with_anchor};

const CALLERS: usize = 16;
/// For so long something is away.
const AWAY: Duration = Duration::from_secs(4);
/// After so long all must be well.
const PATIENCE: Duration = Duration::from_secs(5);

/// Twenty calls in a row that were answered with 201.
fn is_well(notes: &[Note]) -> bool {
    notes.len() >= 20 && notes[notes.len() - 20..].iter().all(|note| note.status == 201)
}

/// The identifiers that were acknowledged.
fn acknowledged(notes: &[Note]) -> HashSet<String> {
    notes.iter().filter_map(|note| note.id.clone()).collect()
}

/// How many of these are not stored, and how many are stored that nobody was told of.
fn compare(target: &Target, acknowledged: &HashSet<String>) -> (usize, usize) {
    let mut conn = target.connect(Purpose::Reading).expect("the database is there");
    let stored: Vec<ReferralId> = referrals::table.select(referrals::id).load(&mut conn).expect("they can be read");
    let stored: HashSet<String> = stored.iter().map(ToString::to_string).collect();
    (acknowledged.difference(&stored).count(), stored.difference(acknowledged).count())
}

/// Whether all that was refused was refused as it should be: 503, and when to come again.
fn refused_well(notes: &[Note]) -> bool {
    notes.iter().all(|note| note.status == 201 || (note.status == 503 && note.says_when))
}

/// What is told of a fault that was tried under load, and whether it held.
struct Trial {
    during: Vec<Note>,
    all: Vec<Note>,
    recovered: Option<Duration>,
    lost: usize,
    sound: bool,
}

impl Trial {
    fn outcome(self, fault: &'static str, asked: &str) -> Outcome {
        let Self { during, all, recovered, lost, sound } = self;
        let refused = during.iter().any(|note| note.status == 503);
        let held = lost == 0 && sound && recovered.is_some() && refused_well(&all) && refused;
        let audit = if sound { "sound" } else { "NOT SOUND" };
        let slowest = during.iter().map(|note| note.answered_at - note.asked_at).max().unwrap_or_default();
        Outcome {
            fault,
            asked: format!("{CALLERS} callers {asked}"),
            came: format!(
                "meanwhile {} (all 503 say when to try again, the slowest after {:.1} s); in all {} acknowledged, {lost} missing, audit {audit}",
                statuses(&during),
                slowest.as_secs_f64(),
                acknowledged(&all).len(),
            ),
            recovery: recovered.map_or("never".to_owned(), |took| format!("{} ms", took.as_millis())),
            held,
        }
    }
}

/// A file system of 48 MB in memory, which is filled up and gets room again.
pub fn disk_full(folder: &Folder) -> Outcome {
    const FAULT: &str = "disk full (SQLite)";
    let disk = folder.path.join("disk");
    fs::create_dir(&disk).expect("a folder can be made");
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=48m", "nara-bench"]).arg(&disk).status();
    if !mount.is_ok_and(|status| status.success()) {
        let came = "no file system could be mounted here; the test `full_disk` tries it with files that cannot grow";
        let (asked, came, recovery) = ("nothing".to_owned(), came.to_owned(), String::new());
        return Outcome { fault: FAULT, asked, came, recovery, held: true };
    }
    let _mounted = Mounted(&disk);
    let url = format!("sqlite://{}", disk.join("nara.db").display());
    let installation = Installation::fill(url.parse().expect("a URL of a database"));
    let server = serve(&url, &installation, folder);
    let callers = Callers::submitting(server.address, &installation.partner_key, CALLERS);
    callers.until(PATIENCE * 4, is_well).expect("the server takes referrals");
    // All that is left but two megabytes.
    let filler = disk.join("filler");
    let fill = format!(
        "head -c $(( $(df --output=avail -B1 {0} | tail -1) - 2000000 )) /dev/zero >{0}/filler 2>/dev/null",
        disk.display()
    );
    // The callers fill it as well, so there may be less left by then.
    let _filled = Command::new("sh").args(["-c", &fill]).status();
    let full = callers.until(PATIENCE * 12, |notes| notes.iter().any(|note| note.status == 503));
    full.expect("the disk gets full");
    let begun = Instant::now();
    pause(AWAY);
    let during = callers.notes().into_iter().filter(|note| note.asked_at >= begun).collect();
    fs::remove_file(filler).expect("the filler can be removed");
    let recovered = callers.until(PATIENCE, is_well);
    let all = callers.end();
    // Dropping it kills it.
    drop(server);
    let server = serve(&url, &installation, folder);
    let (lost, _) = compare(&installation.target, &acknowledged(&all));
    let sound = verify(&url, folder, None).is_sound && is_intact(&installation.target);
    let again = server.ready_after;
    drop(server);
    let mut outcome =
        Trial { during, all, recovered, lost, sound }.outcome(FAULT, "submit until nothing has room, and go on");
    outcome.recovery.push_str(&format!("; killed afterwards, a new start took {} ms", again.as_millis()));
    outcome
}

/// A file system that goes with this.
struct Mounted<'a>(&'a std::path::Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

fn is_intact(target: &Target) -> bool {
    #[derive(QueryableByName)]
    struct Finding {
        #[diesel(sql_type = diesel::sql_types::Text)]
        integrity_check: String,
    }
    let mut conn = target.connect(Purpose::Reading).expect("the database is there");
    let findings: QueryResult<Vec<Finding>> = diesel::sql_query("PRAGMA integrity_check").load(&mut conn);
    findings.is_ok_and(|findings| findings.iter().all(|finding| finding.integrity_check == "ok"))
}

fn order(cluster: &Cluster, order: &str) {
    let (shell, output) = &mut *cluster.shell.borrow_mut();
    writeln!(shell.stdin.as_mut().expect("it is piped"), "{order}").expect("the shell listens");
    let mut answer = String::new();
    output.read_line(&mut answer).expect("the shell answers");
    assert_eq!(answer.trim(), "done", "PostgreSQL does not {order}");
}

/// PostgreSQL ends as in a crash and is started again.
pub fn database_gone(cluster: &Cluster, folder: &Folder) -> Outcome {
    let url = cluster.new_database();
    let installation = Installation::fill(url.parse().expect("a URL of a database"));
    let server = serve(&url, &installation, folder);
    let callers = Callers::submitting(server.address, &installation.partner_key, CALLERS);
    callers.until(PATIENCE * 4, is_well).expect("the server takes referrals");
    order(cluster, "stop");
    let begun = Instant::now();
    pause(AWAY);
    let during = callers.notes().into_iter().filter(|note| note.asked_at >= begun).collect();
    order(cluster, "start");
    let recovered = callers.until(PATIENCE, is_well);
    let all = callers.end();
    let (lost, _) = compare(&installation.target, &acknowledged(&all));
    let sound = verify(&url, folder, None).is_sound;
    drop(server);
    Trial { during, all, recovered, lost, sound }.outcome("database gone and back (PostgreSQL)", "submit all the while")
}

/// Starts a second server on the same database, with an anchor of its own.
fn serve_beside(url: &str, installation: &Installation, folder: &Folder) -> Program {
    let mut add = Command::new(env!("CARGO_BIN_EXE_nara"));
    add.args(["audit", "add-anchor"]).env("DATABASE_URL", url);
    add.arg("--vault-keys-file").arg(folder.path.join("vault-keys"));
    add.arg("--audit-anchor").arg(folder.path.join("another-anchor"));
    assert!(add.status().expect("the program is built").success(), "the anchor of a second server cannot be made");
    serve_with_anchor(url, installation, folder, "another-anchor")
}

/// One of two servers on one database is killed.
pub fn server_killed(cluster: &Cluster, folder: &Folder) -> Outcome {
    let url = cluster.new_database();
    let installation = Installation::fill(url.parse().expect("a URL of a database"));
    let mut killed = serve(&url, &installation, folder);
    let other = serve_beside(&url, &installation, folder);
    let [at_killed, at_other] =
        [&killed, &other].map(|server| Callers::submitting(server.address, &installation.partner_key, CALLERS / 2));
    at_other.until(PATIENCE * 4, is_well).expect("the servers take referrals");
    pause(Duration::from_secs(2));
    killed.child.kill().expect("it is ours");
    let begun = Instant::now();
    pause(AWAY);
    let (before, here) = (at_killed.end(), at_other.end());
    let during: Vec<Note> = here.iter().filter(|note| note.answered_at >= begun).cloned().collect();
    let mut ends: Vec<Instant> = here.iter().map(|note| note.answered_at).collect();
    ends.sort();
    let gap = ends.windows(2).filter(|pair| pair[1] >= begun).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    let done: HashSet<String> = acknowledged(&before).union(&acknowledged(&here)).cloned().collect();
    let (lost, beyond) = compare(&installation.target, &done);
    // The other goes on with sealing what the killed one left.
    let begun = Instant::now();
    let mut verified = verify(&url, folder, None);
    while verified.is_sound && verified.unsealed > 0 && begun.elapsed() < Duration::from_secs(60) {
        pause(Duration::from_millis(200));
        verified = verify(&url, folder, verified.head.as_deref());
    }
    let sealed = verified.is_sound && verified.unsealed == 0;
    let undisturbed = here.iter().all(|note| note.status == 201);
    Outcome {
        fault: "one of two servers killed (PostgreSQL)",
        asked: format!("{} callers submit at each", CALLERS / 2),
        came: format!(
            "the other answered {} after it; in all {} acknowledged, {lost} missing, {beyond} stored and not acknowledged; audit {}",
            statuses(&during),
            done.len(),
            if sealed { "sound, all sealed" } else { "NOT SOUND OR NOT SEALED" },
        ),
        recovery: format!("the longest pause at the other: {} ms", gap.as_millis()),
        held: lost == 0 && beyond <= CALLERS / 2 && sealed && undisturbed && !during.is_empty() && gap < PATIENCE,
    }
}
