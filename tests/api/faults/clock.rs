//! A clock that is set back, by an hour.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, TestApp, fixtures};

const HOUR: Duration = Duration::from_secs(3600);
/// An hour before the clock of the tests begins.
const BACK: &str = "2026-11-23T08:00:00Z";

/// Waits until all is sealed but what tells of the looking itself; it must be sound all the while.
async fn sealed(app: &TestApp) {
    let begun = Instant::now();
    loop {
        let told = app.auditor().get("/audit-records/verification").await.expect(200);
        assert_eq!((&told["sound"], &told["findings"]), (&json!(true), &json!([])), "{told}");
        if told["unsealed"].as_u64().unwrap() <= 1 && told["verified"].as_u64().unwrap() > 0 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "the audit is not sealed: {told}");
        // While the clock is behind, the server looks again at what it has passed every ten seconds of it.
        app.clock.advance(Duration::from_secs(1));
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The same for what lies far behind the newest record and has no seal yet: until it has one it looks as if somebody had put it there.
async fn sealed_in_the_end(app: &TestApp) {
    let begun = Instant::now();
    loop {
        app.clock.advance(Duration::from_secs(5));
        let told = app.auditor().get("/audit-records/verification").await.expect(200);
        if told["sound"] == true && told["unsealed"].as_u64().unwrap() <= 1 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "a record gets no seal: {told}");
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The rest of a list, page by page.
async fn rest(app: &TestApp, mut page: Answer) -> Vec<Value> {
    let mut ids = Vec::new();
    while let Some(next) = page.link("next") {
        page = app.caseworker().get(&next).await;
        ids.extend(page.expect(200)["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
    }
    ids
}

async fn submit(app: &TestApp, key: &str) -> Answer {
    let request = app.school().request(crate::support::Method::POST, "/partner/referrals");
    request.header("idempotency-key", key).json(&fixtures::concern_report()).send().await
}

on_both_databases! {
    async fn what_was_done_before_and_what_is_done_after_it_stand_side_by_side(app: TestApp) {
        let kept = submit(&app, "before").await;
        let first = kept.expect(201)["id"].clone();
        let path = format!("/referrals/{}", first.as_str().unwrap());
        let mut ids = vec![first.clone()];
        for _ in 0..3 {
            app.clock.advance(Duration::from_secs(1));
            ids.push(json!(app.submitted(fixtures::concern_report()).await));
        }
        let act = async |action: &str, body: Value| {
            app.caseworker().post(&format!("{path}/{action}"), body).await.expect(200)["version"].as_i64().unwrap()
        };
        assert_eq!(act("assess-protection", json!({ "immediateNeed": false })).await, 2);
        sealed(&app).await;
        let page = app.caseworker().get("/referrals?limit=1").await;
        let shown = page.expect(200)["items"][0]["id"].clone();
        let etag = app.caseworker().get(&path).await.etag();

        app.clock.set(BACK);
        assert_eq!(act("request-information", json!({ "question": "Vilka dagar?" })).await, 3);
        assert_ne!(app.caseworker().get(&path).await.etag(), etag, "what changed has a tag of its own");
        let history = app.caseworker().get(&format!("{path}/history")).await.expect(200);
        let actions: Vec<&str> = history["items"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["receive", "assess-protection", "request-information"], "{history}");

        let again = submit(&app, "before").await;
        assert_eq!((again.header("idempotent-replayed"), again.expect(201)), (Some("true"), kept.json()));
        let late = submit(&app, "after").await.expect(201)["id"].clone();
        assert_eq!(submit(&app, "after").await.expect(201)["id"], late);
        assert!(!ids.contains(&late));

        // Who had begun to read the list goes on in it, and sees nothing twice; who begins now sees all.
        let mut read = vec![shown];
        read.extend(rest(&app, page).await);
        let seen: HashSet<String> = read.iter().map(Value::to_string).collect();
        assert!(seen.len() == read.len() && ids.iter().all(|id| read.contains(id)), "{read:?}");
        let page = app.caseworker().get("/referrals?limit=2").await;
        let mut read: Vec<Value> = page.expect(200)["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        read.extend(rest(&app, page).await);
        ids.push(late);
        assert!(read.len() == ids.len() && ids.iter().all(|id| read.contains(id)), "{read:?}");

        // The audit is whole while the clock is behind, and afterwards.
        sealed(&app).await;
        app.clock.advance(HOUR * 3);
        sealed_in_the_end(&app).await;
    }

    async fn a_clock_that_is_soon_right_again_leaves_no_record_without_its_seal(app: TestApp) {
        app.submitted(fixtures::concern_report()).await;
        sealed(&app).await;
        let now = app.clock.now().to_rfc3339();
        app.clock.set(BACK);
        app.submitted(fixtures::concern_report()).await;
        sealed(&app).await;
        app.submitted(fixtures::concern_report()).await;
        app.clock.set(&now);
        sealed_in_the_end(&app).await;
    }
}
