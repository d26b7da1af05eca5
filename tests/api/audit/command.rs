//! `nara audit verify`, as somebody at a terminal runs it.

use std::time::Duration;

use diesel::prelude::*;
use nara::db::Target;
use nara::db::connection::Purpose;

use crate::commands::installation;
use crate::program::{Folder, Server, command, refused};

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
    crate::program::written(&["import", "directory", linkoping], &environment[..1]);
    let server = Server::start(&["serve"], &environment);
    let mut told = String::new();
    for _ in 0..100 {
        let code;
        (told, code) = verify(&environment, &[]);
        assert_eq!(code, Some(0), "{told}");
        if told.contains("not sealed yet: 0") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(told.contains("verified: 1, not sealed yet: 0"), "{told}");
    let (_, said) = server.end("TERM");
    let head = told.lines().find_map(|line| line.strip_prefix("head: ")).expect("it tells the head").to_owned();
    assert!(head.starts_with("1:") && said.contains(&head), "the head is not in the log: {said}");

    assert_eq!(verify(&environment, &["--expect-head", &head]).1, Some(0));
    let other = format!("2:{}", "ab".repeat(32));
    let (told, code) = verify(&environment, &["--expect-head", &other]);
    assert!(code == Some(1) && told.contains("cut: seal 2"), "{told}");
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
    let environment = [("DATABASE_URL", database.as_str()), ("NARA_VAULT_KEYS_FILE", keys.as_str())];
    let (told, code) = verify(&environment, &[]);
    assert!(code == Some(0) && told.contains("verified: "), "{told}");
    drop(server);
}
