//! Backups: taken beside a running server, whole, and worth something when they are needed.

mod postgres;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use crate::program::{Folder, Server, command, refused, somebody, written, written_at_last};
use crate::support::{Actor, fixtures};

/// What the demo needs beside its database.
const CREDENTIALS: [&str; 4] = ["demo-secret", "demo-vault-keys", "demo-signing-key.pem", "demo.json"];

fn demo(folder: &Folder) -> Server {
    Server::start(&["demo", "--data-dir", &folder.path(""), "--port", "0", "--limits", "off"], &[])
}

/// Callers who submit one referral after the other until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<String>>>,
    callers: Vec<actix_web::rt::task::JoinHandle<()>>,
}

impl Load {
    fn of(school: &Actor) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let callers = (0..8).map(|_| {
            let (school, stop, acknowledged) = (school.clone(), stop.clone(), acknowledged.clone());
            actix_web::rt::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let receipt = school.post("/partner/referrals", fixtures::unnumbered()).await.expect(201);
                    acknowledged.lock().unwrap().push(receipt["id"].as_str().unwrap().to_owned());
                }
            })
        });
        Self { callers: callers.collect(), stop, acknowledged }
    }

    fn so_far(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    async fn until(&self, count: usize) -> Vec<String> {
        let begun = Instant::now();
        while self.so_far().len() < count {
            assert!(begun.elapsed() < Duration::from_secs(60), "the load does not get there");
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
        self.so_far()
    }

    async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for caller in self.callers {
            caller.await.expect("every submission was acknowledged");
        }
    }
}

#[actix_web::test]
async fn a_backup_taken_under_load_has_all_that_was_acknowledged_before_it_began() {
    let (folder, kept, restored) = (Folder::new(), Folder::new(), Folder::new());
    let server = demo(&folder);
    let load = Load::of(&somebody(&folder.told(), "partnerKeys", "school"));
    let before = load.until(100).await;
    let (database, file) = (folder.database("nara.db"), kept.path("nara-monday.db"));
    let (url, to) = (database.clone(), file.clone());
    let backup = move || written(&["backup", &to], &[("DATABASE_URL", &url)]);
    let told = actix_web::rt::task::spawn_blocking(backup).await.unwrap();
    // Nobody was kept waiting, and what is acknowledged meanwhile may be in it or not.
    load.until(before.len() + 50).await;
    load.end().await;
    assert_eq!(server.end("KILL").0, None);

    let size = fs::metadata(&file).unwrap();
    assert_eq!(size.permissions().mode() & 0o777, 0o600, "others can read it");
    for word in [&file, &size.len().to_string(), "layout: 0011", "audit records: ", "checked: sound"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(names(&kept), ["nara-monday.db"], "something half-made is left");
    let head = told.lines().find_map(|line| line.strip_prefix("head of the audit: ")).expect("it tells the head");

    // The restore of `docs/operating.md`: the file alone in the place of the database, and the keys from where they are kept.
    fs::copy(&file, restored.path("nara.db")).unwrap();
    for name in CREDENTIALS {
        fs::copy(folder.path(name), restored.path(name)).unwrap();
    }
    // A server that stops notes the head of the audit, so the anchor knows of later records than the backup has.
    assert_eq!(demo(&folder).end("TERM").0, Some(0));
    fs::copy(folder.path("audit-anchor"), restored.path("audit-anchor")).unwrap();
    let start = ["demo", "--data-dir", &restored.path(""), "--port", "0", "--limits", "off"];
    let said = refused(&start, &[]);
    assert!(said.contains("cut (seal ") && said.contains("--accept-audit-break"), "{said}");
    let accepted = [&start[..], &["--accept-audit-break", "backup_restored"]].concat();
    let server = Server::start(&accepted, &[]);
    let school = somebody(&restored.told(), "partnerKeys", "school");
    for id in &before {
        assert_eq!(school.get(&format!("/partner/referrals/{id}")).await.expect(200)["id"], id.as_str());
    }
    school.post("/partner/referrals", fixtures::unnumbered()).await.expect(201);
    let (database, keys) = (restored.database("nara.db"), restored.path("demo-vault-keys"));
    let anchor = restored.path("audit-anchor");
    let environment = [
        ("DATABASE_URL", database.as_str()),
        ("NARA_VAULT_KEYS_FILE", keys.as_str()),
        ("NARA_AUDIT_ANCHOR", anchor.as_str()),
    ];
    let verified = written_at_last(&["audit", "verify", "--expect-head", head], &environment).await;
    assert!(verified.contains("verified: "), "{verified}");
    assert_eq!(server.end("TERM").0, Some(0));
}

fn names(folder: &Folder) -> Vec<String> {
    let names = fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A migrated database that nobody has open.
fn migrated(folder: &Folder) -> String {
    let database = folder.database("nara.db");
    written(&["migrate"], &[("DATABASE_URL", &database)]);
    database
}

#[test]
fn a_backup_replaces_nothing_and_leaves_nothing_half_made() {
    let (folder, kept) = (Folder::new(), Folder::new());
    let database = migrated(&folder);
    let (empty, text) = (folder.database("empty.db"), folder.database("text.db"));
    folder.file("empty.db", "");
    folder.file("text.db", &"no database ".repeat(1000));
    kept.file("old.db", "an older backup");
    let (missing, no_folder) = (folder.database("missing.db"), "sqlite:///no/such/folder/nara.db".to_owned());
    for (database, file, told) in [
        (&database, kept.path("old.db"), "replaces nothing"),
        (&database, folder.path("nara.db"), "replaces nothing"),
        (
            &database,
            folder.path("../") + folder.0.file_name().unwrap().to_str().unwrap() + "/nara.db-wal",
            "SQLite's own",
        ),
        (&database, folder.path("nara.db-journal"), "SQLite's own"),
        (&database, kept.path("nowhere/new.db"), "nowhere"),
        (&database, "..".to_owned(), "names no file"),
        (&missing, kept.path("new.db"), "missing.db"),
        (&no_folder, kept.path("new.db"), "/no/such/folder"),
        (&empty, kept.path("new.db"), "no database of Nära"),
        (&text, kept.path("new.db"), "not a database"),
    ] {
        let said = refused(&["backup", &file], &[("DATABASE_URL", database)]);
        assert!(said.contains(told), "{file}: {said}");
    }
    assert_eq!(fs::read_to_string(kept.path("old.db")).unwrap(), "an older backup");
    assert_eq!(names(&kept), ["old.db"]);
    assert!(!Path::new(&folder.path("missing.db")).exists(), "a database was made");
    std::os::unix::fs::symlink(folder.path("nowhere"), kept.path("link.db")).unwrap();
    assert!(refused(&["backup", &kept.path("link.db")], &[("DATABASE_URL", &database)]).contains("replaces nothing"));
}

#[test]
fn a_damaged_database_makes_no_backup() {
    let (folder, kept) = (Folder::new(), Folder::new());
    let database = migrated(&folder);
    let damage = |statements: &str| {
        let mut conn = SqliteConnection::establish(&folder.path("nara.db")).unwrap();
        conn.batch_execute(statements).unwrap();
    };
    let backup = |name: &str| refused(&["backup", &kept.path(name)], &[("DATABASE_URL", &database)]);
    damage(
        "PRAGMA foreign_keys=OFF; INSERT INTO person_offices (person_id, office_id, through_protected, source_id) VALUES (randomblob(16), randomblob(16), 0, randomblob(16))",
    );
    let said = backup("new.db");
    assert!(said.contains("2 references lead nowhere, one in person_offices"), "{said}");
    // A row that breaks a rule of its table.
    damage(
        "DELETE FROM person_offices; CREATE TABLE counted (n INTEGER CHECK (n > 0)) STRICT; PRAGMA ignore_check_constraints=ON; INSERT INTO counted VALUES (-1)",
    );
    let said = backup("new.db");
    assert!(said.contains("damaged: CHECK constraint failed in counted"), "{said}");
    assert_eq!(names(&kept), [""; 0]);
    damage("DROP TABLE counted");
    assert!(written(&["backup", &kept.path("new.db")], &[("DATABASE_URL", &database)]).contains("checked: sound"));
}

#[test]
fn a_disk_without_room_leaves_nothing_half_made() {
    let (folder, kept) = (Folder::new(), Folder::new());
    let database = migrated(&folder);
    // The disk ends after 64 kB.
    let script = "trap '' XFSZ; ulimit -f 128; exec \"$0\" backup \"$1\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_nara"), &kept.path("new.db")]).env("DATABASE_URL", &database);
    let output = shell.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("nara: the backup: "), "{said}");
    assert_eq!(names(&kept), [""; 0]);
}

#[test]
fn who_is_told_to_stop_leaves_nothing_half_made() {
    for signal in ["TERM", "INT"] {
        let (folder, kept) = (Folder::new(), Folder::new());
        let database = migrated(&folder);
        // Whoever has the database for itself alone keeps the backup waiting.
        let mut alone = SqliteConnection::establish(&folder.path("nara.db")).unwrap();
        alone
            .batch_execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; CREATE TABLE kept (n INTEGER); COMMIT")
            .unwrap();
        let mut backup = command(&["backup", &kept.path("new.db")], &[("DATABASE_URL", &database)]);
        let mut backup = backup.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while names(&kept).is_empty() {
            assert!(
                begun.elapsed() < Duration::from_secs(20) && backup.try_wait().unwrap().is_none(),
                "it has not begun"
            );
            pause();
        }
        let told = Command::new("kill").args([&format!("-{signal}"), &backup.id().to_string()]).status().unwrap();
        assert!(told.success());
        let output = backup.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(&format!("stopped by SIG{signal}")), "{said}");
        assert_eq!(names(&kept), [""; 0]);
    }
}

#[expect(clippy::disallowed_methods, reason = "A process that begins tells nobody.")]
fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}
