//! A disk that is full, and has room again: what cannot be made durable is not acknowledged.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::faults::assert_refused_for_now;
use crate::program::{Folder, Server, somebody, written};
use crate::support::fixtures::unnumbered;

/// A demo for which a file that cannot grow is an error of writing, as a full disk is, and not its end.
fn demo(folder: &Folder) -> Server {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_nara")]);
    shell.args(["demo", "--port", "0", "--limits", "off", "--data-dir", &folder.path("")]);
    shell.env_clear().stdin(Stdio::null());
    Server::start_by(shell)
}

/// How large the server's files may become.
fn limit(server: &Server, bytes: &str) {
    let soft = format!("--fsize={bytes}:unlimited");
    let set = Command::new("prlimit").args(["--pid", &server.id(), &soft]).status().expect("there is prlimit");
    assert!(set.success());
}

#[actix_web::test]
async fn nothing_is_acknowledged_that_has_no_room_and_all_goes_on_when_there_is_some() {
    let folder = Folder::new();
    let server = demo(&folder);
    let told = folder.told();
    let (school, caseworker) = (somebody(&told, "partnerKeys", "school"), somebody(&told, "tokens", "caseworker"));
    let anyone = crate::program::anyone_at(&server.base);
    let submit = async || school.post("/partner/referrals", unnumbered()).await;
    let mut acknowledged = vec![submit().await.expect(201)["id"].as_str().unwrap().to_owned()];
    let read = format!("/referrals/{}", acknowledged[0]);
    caseworker.get(&read).await.expect(200);

    for _ in 0..2 {
        let largest = ["nara.db", "nara.db-wal"].map(|name| fs::metadata(folder.path(name)).unwrap().len());
        limit(&server, &(largest.into_iter().max().unwrap() + 64 * 1024).to_string());
        let refused = loop {
            let answer = submit().await;
            if answer.status != 201 {
                break answer;
            }
            acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
            assert!(acknowledged.len() < 5_000, "the disk is never full");
        };
        assert_refused_for_now(&refused);
        for _ in 0..5 {
            assert_refused_for_now(&submit().await);
        }
        // What is read must be recorded. A record is small, so there may be room for some.
        let mut readings = 0;
        let refused = loop {
            let answer = caseworker.get(&read).await;
            if answer.status != 200 {
                break answer;
            }
            readings += 1;
            assert!(readings < 5_000, "the disk is never full");
        };
        assert_refused_for_now(&refused);
        // Who needs no record is answered.
        anyone.get("/where-to-turn?place=Ryd").await.expect(200);
        anyone.get("//health/ready").await.expect(200);

        limit(&server, "unlimited");
        let begun = Instant::now();
        let receipt = loop {
            let answer = submit().await;
            if answer.status == 201 {
                break answer.json();
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "it does not recover: {answer:?}");
            actix_web::rt::time::sleep(Duration::from_millis(10)).await;
        };
        acknowledged.push(receipt["id"].as_str().unwrap().to_owned());
        caseworker.get(&read).await.expect(200);
    }
    let all_are_there = async || {
        let school = somebody(&folder.told(), "partnerKeys", "school");
        for id in &acknowledged {
            school.get(&format!("/partner/referrals/{id}")).await.expect(200);
        }
    };
    all_are_there().await;
    assert_eq!(server.end("KILL").0, None);
    let server = demo(&folder);
    all_are_there().await;
    let (database, keys) = (folder.database("nara.db"), folder.path("demo-vault-keys"));
    let anchor = folder.path("audit-anchor");
    let environment = [("DATABASE_URL", &*database), ("NARA_VAULT_KEYS_FILE", &keys), ("NARA_AUDIT_ANCHOR", &anchor)];
    let verified = written(&["audit", "verify"], &environment);
    assert!(verified.contains("head: "), "{verified}");
    drop(server);
}
