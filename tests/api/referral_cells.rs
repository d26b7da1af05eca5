//! Every cell of (state, action, kind, caller): what `referral_cells/table.md` says is what the server does, and what it offers.

pub mod scene;
pub mod table;

use std::io::Write;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};
use scene::{Person, Scene, act, history, offered, read};
use table::{Row, STATES, SUPPORT, Situation, TABLE, Verdict, action};

/// How many cells were tried.
#[derive(Default, Clone, Copy)]
struct Tried {
    refused: usize,
    done: usize,
}

/// Tries every action in one situation, as everybody: those that are refused all with one referral, which must not move.
async fn every_cell(scene: &Scene<'_>, at: &Situation) -> Tried {
    let still = scene.make(at).await;
    let before = read(&scene.lead, &still).await.expect(200);
    assert_eq!((&before["status"], &before["kind"]), (&json!(at.state), &json!(at.kind)), "{at:?}");
    assert_eq!(before["version"], 1 + at.path.len(), "{at:?}");
    for person in scene.heard() {
        let told = read(&person.actor, &still).await.expect(200);
        assert_eq!(offered(&told), TABLE.allowed(at, person.caller), "{} in {at:?}", person.caller.name);
    }
    let mut tried = Tried::default();
    for person in &scene.people {
        // A variant of a state is tried by who may do least and who may do most.
        if !at.principal && !["a caseworker", "a qualified team lead"].contains(&person.caller.name) {
            continue;
        }
        for row in TABLE.staff_rows() {
            let what = format!("{} by {} in {at:?}", row.act, person.caller.name);
            match TABLE.judge(row, at, person.caller) {
                Verdict::Refused(status, problem) => {
                    let body = scene.body(row.act, at, &person.staff_id);
                    let answer = act(&person.actor, &still, row.act, body).await;
                    refused(&answer, at, person, (status, problem), &what);
                    tried.refused += 1;
                }
                Verdict::Done(to) => {
                    done(scene, at, person, row, to, &what).await;
                    tried.done += 1;
                }
            }
        }
    }
    assert_eq!(read(&scene.lead, &still).await.expect(200), before, "{at:?}: what is refused changes nothing");
    assert_eq!(history(&scene.lead, &still).await.len(), 1 + at.path.len(), "{at:?}");
    tried
}

fn refused(answer: &Answer, at: &Situation, person: &Person, (status, problem): (u16, &str), what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    let told = answer.problem(status, problem);
    match person.caller.turned_away {
        Some(_) => assert!(told.get("allowedActions").is_none(), "{what}: {told}"),
        None => assert_eq!(told["allowedActions"], json!(TABLE.allowed(at, person.caller)), "{what}"),
    }
}

async fn done(scene: &Scene<'_>, at: &Situation, person: &Person, row: &Row, to: &str, what: &str) {
    let id = scene.make(at).await;
    let answer = act(&person.actor, &id, row.act, scene.body(row.act, at, &person.staff_id)).await;
    assert_eq!(answer.status, 200, "{what}: {answer:?}");
    let told = answer.expect(200);
    assert_eq!(told["status"], to, "{what}");
    assert_eq!(told["version"], 2 + at.path.len(), "{what}");
    let leaves = row.act == "redirect";
    let reader = if leaves {
        assert_eq!(offered(&told), [""; 0], "{what}: who has it no longer can do nothing with it");
        let gone = read(&person.actor, &id).await;
        match gone.status {
            // Whoever made it reads their own words for a day.
            200 => assert_eq!((&gone.expect(200)["version"], at.kind != "concern_report"), (&json!(1), true), "{what}"),
            _ => drop(gone.problem(404, "not-found")),
        }
        &scene.lead_elsewhere
    } else {
        let again = read(&person.actor, &id).await;
        assert_eq!((&again.expect(200), again.etag()), (&told, answer.etag()), "{what}");
        &person.actor
    };
    let entries = history(reader, &id).await;
    let [before @ .., entry] = &entries[..] else { panic!("{what}: nothing is written down") };
    let steps: Vec<&str> = before.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let made: Vec<&str> = ["receive"].into_iter().chain(at.path.iter().copied().map(action)).collect();
    assert_eq!(steps, made, "{what}");
    let expected = json!([action(row.act), at.state, to, format!("staff:{}", person.staff_id.as_str().unwrap())]);
    assert_eq!(json!([entry["action"], entry["from"], entry["to"], entry["by"]]), expected, "{what}");
    assert_eq!(entry["at"], "2026-11-23T09:00:00Z", "{what}");
    let went = if leaves { scene.elsewhere.clone() } else { Value::Null };
    assert_eq!(entry["toOfficeId"], went, "{what}");
}

/// What the sender does: taking a request back, which nobody else can.
async fn senders_cells(scene: &Scene<'_>, at: &Situation) -> usize {
    let row = TABLE.row("withdraw");
    let id = scene.make(at).await;
    let there = format!("/partner/referrals/{}/withdraw", id.as_str().unwrap());
    scene.app.healthcare().post(&there, json!({})).await.problem(404, "not-found");
    scene.lead.post(&there, json!({})).await.problem(401, "unauthenticated");
    scene
        .lead
        .post(&format!("/referrals/{}/withdraw", id.as_str().unwrap()), json!({}))
        .await
        .problem(404, "not-found");
    let before = history(&scene.lead, &id).await;
    let answer = scene.sender(at.sender).post(&there, json!({})).await;
    let after = history(&scene.lead, &id).await;
    match TABLE.judge_state(row, at) {
        Verdict::Refused(status, problem) => {
            answer.problem(status, problem);
            assert_eq!(after, before, "{at:?}");
        }
        Verdict::Done(to) => {
            assert_eq!(answer.expect(200)["status"], to, "{at:?}: {answer:?}");
            assert_eq!(read(&scene.lead, &id).await.expect(200)["status"], to, "{at:?}");
            let entry = &after[before.len()..][0];
            let told = json!([
                entry["action"],
                entry["from"],
                entry["to"],
                entry["by"].as_str().map(|by| by.starts_with("partner:"))
            ]);
            assert_eq!(told, json!(["withdraw", at.state, to, true]), "{at:?}");
        }
    }
    3
}

/// All the cells that there are, and those of them that a referral can come to.
fn all_cells() -> (usize, usize) {
    let (actions, callers) = (TABLE.staff_rows().count(), TABLE.callers.len());
    let kinds = 1 + SUPPORT.len();
    let reachable = TABLE.situations.iter().filter(|at| at.principal).count();
    (STATES.len() * kinds * actions * callers, reachable * actions * callers)
}

crate::on_both_databases! {
    async fn every_cell_of_the_table_is_as_it_says(app: TestApp) {
        let scene = Scene::new(&app).await;
        let tried = join_all(TABLE.situations.iter().map(|at| every_cell(&scene, at))).await;
        let (refused, done) = tried.iter().fold((0, 0), |sum, tried| (sum.0 + tried.refused, sum.1 + tried.done));
        let (all, reachable) = all_cells();
        // libtest hides what `println!` says when a test passes.
        let _ = writeln!(
            std::io::stderr(),
            "cells of a referral's course on {:?}: {all} in all, {reachable} can be reached; tried in {} situations: {refused} refused, {done} done",
            app.backend(),
            TABLE.situations.len(),
        );
        assert!(refused + done >= reachable);
    }

    async fn a_sender_takes_a_request_back_while_it_is_open_and_nobody_else_does(app: TestApp) {
        let scene = Scene::new(&app).await;
        let sent = TABLE.situations.iter().filter(|at| ["concern_report", "support_request"].contains(&at.kind));
        let tried: usize = join_all(sent.map(|at| senders_cells(&scene, at))).await.into_iter().sum();
        assert!(tried > 100);
    }
}
