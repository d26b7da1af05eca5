//! `nara audit verify`, as somebody at a terminal runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::prelude::*;
use nara::db::Target;
use nara::db::connection::Purpose;

use crate::commands::installation;
use crate::program::{Folder, Server, command, refused, written};

/// What it printed, and how it ended.
fn verify(environment: &[(&str, &str)], arguments: &[&str]) -> (String, Option<i32>) {
    let arguments = [&["audit", "verify"], arguments].concat();
    let output = command(&arguments, environment).output().expect("the program is built");
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[actix_web::test]
async fn the_command_tells_the_head_or_what_is_wrong() {
    let folder = Folder::new();
    let all = installation(&folder);
    let environment: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let linkoping = concat!(env!("CARGO_MANIFEST_DIR"), "/data/linkoping");
    written(&["import", "directory", linkoping], &environment);
    let server = Server::start(&["serve"], &environment);
    let mut told = String::new();
    for _ in 0..100 {
        let code;
        (told, code) = verify(&environment, &[]);
        assert_eq!(code, Some(0), "{told}");
        if told.contains("verified: 2") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(told.contains("verified: 2, not sealed yet: 0"), "{told}");
    let (_, said) = server.end("TERM");
    let head = told.lines().find_map(|line| line.strip_prefix("head: ")).expect("it tells the head").to_owned();
    assert!(head.starts_with("2:") && said.contains(&head), "the head is not in the log: {said}");

    assert_eq!(verify(&environment, &["--expect-head", &head]).1, Some(0));
    let other = format!("1:{}", "ab".repeat(32));
    let (told, code) = verify(&environment, &["--expect-head", &other]);
    assert!(code == Some(1) && told.contains("cut: seal 1"), "{told}");
    let said = refused(&["audit", "verify", "--expect-head", "17"], &environment);
    assert!(said.contains("--expect-head") && said.contains("SEQ:HASH"), "{said}");

    let target: Target = folder.database("serve.db").parse().unwrap();
    let mut conn = target.connect(Purpose::Writing).unwrap();
    diesel::sql_query("DROP TRIGGER audit_records_are_not_changed").execute(&mut conn).unwrap();
    diesel::sql_query("UPDATE audit_records SET action = 'nothing'").execute(&mut conn).unwrap();
    drop(conn);
    let (told, code) = verify(&environment, &[]);
    assert!(code == Some(1) && told.contains("changed: record ") && !told.contains("head:"), "{told}");
    assert!(refused(&["audit", "verify"], &environment).contains("not what was sealed"));
}

#[test]
fn the_command_needs_the_keys() {
    let folder = Folder::new();
    let database = folder.database("empty.db");
    let environment = [("DATABASE_URL", database.as_str())];
    assert!(refused(&["audit", "verify"], &environment).contains("NARA_VAULT_KEYS_FILE"));
}

#[actix_web::test]
async fn the_audit_of_a_demo_is_verified_with_its_keys() {
    let folder = Folder::new();
    let server = Server::demo(&folder);
    let (database, keys) = (folder.database("nara.db"), folder.path("demo-vault-keys"));
    let anchor = folder.path("audit-anchor");
    let environment = [
        ("DATABASE_URL", database.as_str()),
        ("NARA_VAULT_KEYS_FILE", keys.as_str()),
        ("NARA_AUDIT_ANCHOR", anchor.as_str()),
    ];
    let (told, code) = verify(&environment, &[]);
    assert!(code == Some(0) && told.contains("verified: "), "{told}");
    drop(server);
}

/// An installation whose anchor has its default place: the database lies in a folder of the folder.
fn with_default_anchor(folder: &Folder) -> Vec<(&'static str, String)> {
    fs::create_dir_all(folder.path("database")).unwrap();
    let mut all = installation(folder);
    all.retain(|(name, _)| !["DATABASE_URL", "NARA_AUDIT_ANCHOR"].contains(name));
    all.push(("DATABASE_URL", folder.database("database/nara.db")));
    all
}

/// Starts the server and stops it at once, after it has sealed all that there is.
fn serve_once(environment: &[(&str, &str)], arguments: &[&str]) {
    let server = Server::start(&[&["serve"], arguments].concat(), environment);
    assert_eq!(server.end("TERM").0, Some(0));
}

fn anchors(folder: &Folder) -> Vec<PathBuf> {
    let files = fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("audit-anchor-")).collect()
}

fn copy_database(from: &str, to: &str) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(to).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        fs::copy(entry.path(), Path::new(to).join(entry.file_name())).unwrap();
    }
}

#[actix_web::test]
async fn an_older_copy_of_the_database_or_a_new_one_in_its_place_is_found_and_refused() {
    let folder = Folder::new();
    let all = with_default_anchor(&folder);
    let environment: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let linkoping = concat!(env!("CARGO_MANIFEST_DIR"), "/data/linkoping");
    written(&["migrate"], &environment);
    serve_once(&environment, &[]);
    let anchor = anchors(&folder);
    assert_eq!(anchor.len(), 1, "{anchor:?}");
    assert_eq!(verify(&environment, &[]).1, Some(0));
    let (database, older) = (folder.path("database"), folder.path("older"));
    copy_database(&database, &older);
    written(&["import", "directory", linkoping], &environment);
    serve_once(&environment, &[]);
    let (told, code) = verify(&environment, &[]);
    assert!(code == Some(0) && told.contains("verified: 2"), "{told}");
    let head = told.lines().find_map(|line| line.strip_prefix("head: ")).unwrap().to_owned();

    // An older copy of everything.
    copy_database(&database, &folder.path("newest"));
    copy_database(&older, &database);
    let (told, code) = verify(&environment, &[]);
    assert!(code == Some(1) && told.contains("cut: seal 2"), "{told}");
    let said = refused(&["serve"], &environment);
    assert!(said.contains("cut (seal 2)") && said.contains("--accept-audit-break"), "{said}");
    copy_database(&folder.path("newest"), &database);
    assert_eq!(verify(&environment, &["--expect-head", &head]).1, Some(0));

    // A new database, which knows of no audit.
    for entry in fs::read_dir(&database).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    written(&["migrate"], &environment);
    for _ in 0..2 {
        let (told, code) = verify(&environment, &[]);
        assert!(code == Some(1) && told.contains("replaced:"), "{told}");
        let said = refused(&["serve"], &environment);
        assert!(said.contains("replaced"), "{said}");
    }
    serve_once(&environment, &["--accept-audit-break", "investigated"]);
    assert_eq!(verify(&environment, &[]).1, Some(0));
    assert!(refused(&["serve", "--accept-audit-break", "investigated"], &environment).contains("no break to accept"));
    assert!(refused(&["serve", "--accept-audit-break", "whatever"], &environment).contains("backup_restored"));
}

#[test]
fn an_audit_without_seals_is_not_one_that_waits_for_them() {
    let folder = Folder::new();
    let all = with_default_anchor(&folder);
    let environment: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    written(&["migrate"], &environment);
    serve_once(&environment, &[]);
    let target: Target = folder.database("database/nara.db").parse().unwrap();
    let mut conn = target.connect(Purpose::Writing).unwrap();
    diesel::sql_query("DROP TRIGGER audit_seals_are_not_removed").execute(&mut conn).unwrap();
    diesel::sql_query("DELETE FROM audit_seals").execute(&mut conn).unwrap();
    drop(conn);
    let (told, code) = verify(&environment, &[]);
    assert!(code == Some(1) && told.contains("cut: seal 1"), "{told}");
    assert!(refused(&["serve"], &environment).contains("cut (seal 1)"));
}

#[test]
fn a_database_without_a_folder_of_its_own_needs_a_place_for_its_anchor() {
    let folder = Folder::new();
    let all = installation(&folder);
    let mut environment: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    environment.retain(|(name, _)| !["DATABASE_URL", "NARA_AUDIT_ANCHOR"].contains(name));
    environment.push(("DATABASE_URL", "postgres://nara@127.0.0.1:1/nara"));
    for command in [&["serve"][..], &["audit", "verify"], &["audit", "add-anchor"]] {
        let said = refused(command, &environment);
        assert!(said.contains("NARA_AUDIT_ANCHOR") && said.contains("required"), "{command:?}: {said}");
    }
}

#[test]
fn one_more_server_gets_its_anchor_by_a_command() {
    let folder = Folder::new();
    let all = installation(&folder);
    let environment: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    written(&["migrate"], &environment);
    serve_once(&environment, &[]);
    let (first, second) = (folder.path("audit-anchor"), folder.path("second"));
    let with_second: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| if *name == "NARA_AUDIT_ANCHOR" { (*name, second.as_str()) } else { (*name, *value) })
        .collect();
    assert!(refused(&["serve"], &with_second).contains("anchor_missing"));
    assert!(written(&["audit", "add-anchor"], &with_second).contains(&second));
    assert!(refused(&["audit", "add-anchor"], &with_second).contains("is there already"));
    serve_once(&with_second, &[]);
    serve_once(&environment, &[]);
    assert_eq!((verify(&environment, &[]).1, verify(&with_second, &[]).1), (Some(0), Some(0)));
    assert_ne!(fs::read(first).unwrap(), fs::read(second).unwrap());
}
