//! On PostgreSQL the command says how PostgreSQL's own programs do it, and what it says works.

use std::process::{Command, Stdio};

use nara::audit::breaks::BreakAcceptance;
use nara::server::Setup;

use crate::program::{Folder, command, refused};
use crate::support::databases::installed::programs;
use crate::support::{Backend, EmptyDatabase, TestApp};

/// The commands that `nara backup` tells, in their order.
fn told() -> Vec<String> {
    let mut backup = command(&["backup", "new.db"], &[("DATABASE_URL", "postgres://nara:hemligt@db.test/nara")]);
    let output = backup.stdout(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && output.stdout.is_empty(), "{said}");
    assert!(!said.contains("hemligt") && said.contains("pg_basebackup"), "{said}");
    said.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

/// Runs a command as it stands, with another FILE, on this database.
fn run(command: &str, file: &str, url: &str) {
    let programs = programs().expect("PostgreSQL is there");
    let mut shell = Command::new("sh");
    let here = format!("PATH=\"$PROGRAMS:$PATH\"; {}", command.replace("FILE", file));
    shell.args(["-c", &here]).env("DATABASE_URL", url).env("PROGRAMS", programs);
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

#[actix_web::test]
async fn the_commands_that_are_told_back_up_a_running_server_and_restore_it() {
    let Some(app) = TestApp::fresh_with(Backend::Postgres, |_| {}).await else { return };
    let empty = EmptyDatabase::new(Backend::Postgres).unwrap();
    let (folder, commands) = (Folder::new(), told());
    let [dump, restore] = commands.as_slice() else { panic!("two commands are told: {commands:?}") };
    let load = super::Load::of(&app.school());
    let before = load.until(100).await;
    let (dump, file, url) = (dump.clone(), folder.path("nara.dump"), app.database().url.clone());
    actix_web::rt::task::spawn_blocking(move || run(&dump, &file, &url)).await.unwrap();
    load.until(before.len() + 50).await;
    load.end().await;
    run(restore, &folder.path("nara.dump"), &empty.database.url);

    let url = empty.database.url.clone();
    // The anchor stayed where it was.
    let accept = |setup: &mut Setup| {
        setup.target = url.parse().unwrap();
        setup.anchor.acceptance = Some(BreakAcceptance::BackupRestored);
    };
    let restored = TestApp::fresh_with(Backend::Postgres, accept).await.unwrap();
    for id in &before {
        restored.school().get(&format!("/partner/referrals/{id}")).await.expect(200);
    }
    restored.submitted(crate::support::fixtures::concern_report()).await;
    let verified = restored.auditor().get("/audit-records/verification").await.expect(200);
    assert_eq!((&verified["sound"], &verified["findings"]), (&true.into(), &serde_json::json!([])), "{verified}");
    // What protects the audit came with it.
    let change = "UPDATE audit_records SET actor = 'nobody'";
    let db = restored.db();
    let outcome = db.write(move |conn| Ok(diesel::RunQueryDsl::execute(diesel::sql_query(change), conn)?)).await;
    assert!(outcome.is_err(), "a record of the audit was changed");
}

#[test]
fn a_password_may_stand_in_a_file() {
    let Some(database) = EmptyDatabase::new(Backend::Postgres) else { return };
    let folder = Folder::new();
    let url = &database.database.url;
    let (before, rest) = url.split_once("nara:").expect("the URL has a user and a password");
    let (password, place) = rest.split_once('@').unwrap();
    let without = format!("{before}nara@{place}");
    let migrate = |url: &str, file: &str| {
        let mut migrate = command(&["migrate"], &[("DATABASE_URL", url), ("NARA_DATABASE_PASSWORD_FILE", file)]);
        let output = migrate.output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    for content in [password.to_owned(), format!("{password}\n"), format!("{password}\r\n")] {
        let (done, told) = migrate(&without, &folder.file("password", &content));
        assert!(done, "{told}");
    }
    let file = folder.file("password", password);
    let wrong = folder.file("wrong", "hemligt");
    assert!(!migrate(&without, &wrong).0);
    for (url, file, told) in [
        (url.as_str(), &file, "has a password already"),
        (without.as_str(), &folder.path("nowhere"), "nowhere"),
        (without.as_str(), &folder.file("empty", "\n"), "one line"),
        (without.as_str(), &folder.file("two", "hemligt\nannat\n"), "one line"),
        ("sqlite://nara.db", &file, "SQLite has no password"),
    ] {
        let said = refused(&["migrate"], &[("DATABASE_URL", url), ("NARA_DATABASE_PASSWORD_FILE", file)]);
        assert!(said.contains("NARA_DATABASE_PASSWORD_FILE") && said.contains(told), "{told}: {said}");
        assert!(!said.contains(password) && !said.contains("hemligt"), "{said}");
    }
}
