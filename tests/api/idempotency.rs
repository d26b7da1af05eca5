//! Asking again under an `Idempotency-Key`: done once, answered alike.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use futures_util::future::join_all;
use nara::db::DbConn;
use nara::db::schema::kept_answers;
use serde_json::{Value, json};

use crate::support::document::{DOCUMENT, OPERATIONS, described, takes_body};
use crate::support::{Actor, Answer, Method, TestApp, fixtures};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

async fn post(actor: &Actor, path: &str, key: &str, body: &Value) -> Answer {
    actor.request(Method::POST, path).header("idempotency-key", key).json(body).send().await
}

async fn submit(actor: &Actor, key: &str, body: &Value) -> Answer {
    post(actor, "/partner/referrals", key, body).await
}

#[track_caller]
fn assert_same(again: &Answer, first: &Answer) {
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{again:?}");
    assert_eq!(first.header("idempotent-replayed"), None, "{first:?}");
    assert_eq!(again.status, first.status, "{again:?}");
    assert_eq!(again.text(), first.text());
    for header in ["location", "etag", "cache-control", "vary", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}: {again:?}");
    }
}

/// What the audit remembers of one noun, in the order of its words: the clock stands still.
async fn actions(app: &TestApp, noun: &str) -> Vec<String> {
    let mut actions: Vec<String> =
        app.audit_actions().await.into_iter().filter(|action| action.starts_with(noun)).collect();
    actions.sort();
    actions
}

/// How many answers are kept, as they lie in the database.
async fn kept(app: &TestApp) -> Vec<Vec<u8>> {
    let answers = |conn: &mut DbConn| Ok(kept_answers::table.select(kept_answers::answer).load(conn)?);
    app.db().read(answers).await.unwrap()
}

on_both_databases! {
    async fn who_asks_again_gets_the_same_answer_and_nothing_is_done_twice(app: TestApp) {
        let first = submit(&app.school(), KEY, &fixtures::concern_report()).await;
        first.expect(201);
        app.clock.advance(Duration::from_secs(3600));
        for key in [KEY, &format!("\"{KEY}\"")] {
            assert_same(&submit(&app.school(), key, &fixtures::concern_report()).await, &first);
        }
        assert_eq!(app.stored_referrals().await, 1);
        let expected = ["referral.received", "referral.received.replayed", "referral.received.replayed"];
        assert_eq!(actions(&app, "referral.").await, expected);
        let records = app.audit().await.into_iter().filter(|(_, action, _)| action.starts_with("referral."));
        let about: BTreeSet<String> = records.map(|(actor, _, ids)| format!("{actor} {ids}")).collect();
        assert_eq!(about.len(), 1, "another caller or another referral: {about:?}");
        // After a restart too, and on another server.
        let other = app.another_server().await;
        assert_same(&submit(&other.school(), KEY, &fixtures::concern_report()).await, &first);
        assert_eq!(app.stored_referrals().await, 1);
    }

    async fn thirty_two_who_ask_at_once_are_one_effect(app: TestApp) {
        let other = app.another_server().await;
        let (here, there) = (app.school(), other.school());
        let body = fixtures::concern_report();
        let calls = (0..32).map(|number| submit(if number % 2 == 0 { &here } else { &there }, KEY, &body));
        let answers = join_all(calls).await;
        assert_eq!(app.stored_referrals().await, 1);
        let (granted, waiting): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(|answer| answer.status == 201);
        let bodies: BTreeSet<String> = granted.iter().map(Answer::text).collect();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        assert_eq!(granted.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count(), 1);
        for answer in waiting {
            answer.problem(409, "idempotency-key-in-use");
            assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
        }
        let again = submit(&here, KEY, &body).await;
        assert_eq!(bodies.first(), Some(&again.text()));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }

    async fn a_key_names_one_request_of_one_caller(app: TestApp) {
        let first = submit(&app.school(), KEY, &fixtures::concern_report()).await;
        first.expect(201);
        let other_body = fixtures::with(fixtures::concern_report(), "/urgency", json!("immediate"));
        submit(&app.school(), KEY, &other_body).await.problem(422, "idempotency-key-reused");
        // Others may have made the same key.
        let police = submit(&app.police(), KEY, &fixtures::concern_report()).await;
        police.expect(201);
        assert!(police.header("idempotent-replayed").is_none(), "{police:?}");
        assert_ne!(police.json()["id"], first.json()["id"]);
        // So does another path.
        let admin = app.administrator();
        let area = json!({ "slug": "mitt", "name": { "sv": "Mitt" } });
        post(&admin, "/areas", KEY, &area).await.expect(201);
        post(&admin, "/services", KEY, &area).await.problem(422, "validation-failed");
        assert_same(&submit(&app.school(), KEY, &fixtures::concern_report()).await, &first);
        assert_eq!(app.stored_referrals().await, 2);
    }

    async fn after_a_day_a_key_is_free_again(app: TestApp) {
        let first = submit(&app.school(), KEY, &fixtures::concern_report()).await;
        first.expect(201);
        app.clock.advance(Duration::from_secs(24 * 3600 - 1));
        assert_same(&submit(&app.school(), KEY, &fixtures::concern_report()).await, &first);
        app.clock.advance(Duration::from_secs(1));
        let second = submit(&app.school(), KEY, &fixtures::concern_report()).await;
        second.expect(201);
        assert!(second.header("idempotent-replayed").is_none(), "{second:?}");
        assert_ne!(second.json()["id"], first.json()["id"]);
        assert_same(&submit(&app.school(), KEY, &fixtures::concern_report()).await, &second);
        assert_eq!(app.stored_referrals().await, 2);
    }

    async fn answers_that_nobody_gets_again_are_removed(app: TestApp) {
        submit(&app.school(), KEY, &fixtures::concern_report()).await.expect(201);
        assert_eq!(kept(&app).await.len(), 1);
        app.clock.advance(Duration::from_secs(24 * 3600));
        let begun = std::time::Instant::now();
        while !kept(&app).await.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "they stay");
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn what_failed_is_not_kept(app: TestApp) {
        let broken = fixtures::without(fixtures::concern_report(), "/description");
        submit(&app.school(), KEY, &broken).await.problem(422, "validation-failed");
        let admin = app.administrator();
        let area = json!({ "slug": "norr", "name": { "sv": "Norr igen" } });
        post(&admin, "/areas", KEY, &area).await.problem(409, "already-exists");
        assert_eq!(kept(&app).await.len(), 0);
        let first = submit(&app.school(), KEY, &fixtures::concern_report()).await;
        first.expect(201);
        let area = json!({ "slug": "mitt", "name": { "sv": "Mitt" } });
        post(&admin, "/areas", KEY, &area).await.expect(201);
        assert_eq!(kept(&app).await.len(), 2);
    }

    async fn nothing_of_a_kept_answer_can_be_read_in_the_database(app: TestApp) {
        let receipt = submit(&app.school(), KEY, &fixtures::concern_report()).await.expect(201);
        let reference = receipt["reference"].as_str().unwrap().as_bytes();
        for answer in kept(&app).await {
            assert!(answer.len() > 500 && !answer.windows(reference.len()).any(|part| part == reference));
        }
    }

    async fn a_refused_batch_takes_little_room_and_is_answered_alike(app: TestApp) {
        let worker = app.outreach_worker();
        let wrong = fixtures::with(fixtures::contact(), "/durationMinutes", json!(-1));
        for (key, item) in [("wrong", wrong), ("empty", json!({}))] {
            let batch = json!({ "items": vec![item; 100] });
            let first = post(&worker, "/outreach-contacts/batch", key, &batch).await;
            first.expect(200);
            assert!(first.body.len() > 20_000, "{} bytes", first.body.len());
            assert_same(&post(&worker, "/outreach-contacts/batch", key, &batch).await, &first);
        }
        let kept = kept(&app).await;
        assert_eq!(kept.len(), 2);
        assert!(kept.iter().all(|answer| answer.len() < 4096), "{:?}", kept.iter().map(Vec::len).collect::<Vec<_>>());
    }

    async fn who_asks_again_must_still_be_allowed_to_know(app: TestApp) {
        submit(&app.school(), KEY, &fixtures::concern_report()).await.expect(201);
        let remove = |conn: &mut DbConn| {
            diesel::sql_query("DELETE FROM referrals").execute(conn)?;
            Ok(())
        };
        app.db().write(remove).await.unwrap();
        submit(&app.school(), KEY, &fixtures::concern_report()).await.problem(404, "not-found");
        submit(&app.analyst(), KEY, &fixtures::concern_report()).await.problem(401, "unauthenticated");
        assert_eq!(actions(&app, "referral.").await, ["referral.received"]);
    }

    async fn a_directory_that_has_moved_on_changes_no_answer(app: TestApp) {
        let admin = app.administrator();
        let body = json!({ "slug": "mitt", "name": { "sv": "Mitt" } });
        let first = post(&admin, "/areas", KEY, &body).await;
        let etag = first.etag();
        assert_eq!(first.expect(201)["slug"], "mitt");
        admin.patch("/areas/mitt", json!({ "name": { "sv": "Mitten" } }), &etag).await.expect(200);
        assert_same(&post(&admin, "/areas", KEY, &body).await, &first);
        assert_eq!(app.anyone().get("/areas/mitt").await.expect(200)["name"]["sv"], "Mitten");
        assert_eq!(actions(&app, "area.").await, ["area.changed", "area.created", "area.created.replayed"]);
        // At once they would trip over the slug; they get the first one's answer instead.
        let body = json!({ "slug": "utkant", "name": { "sv": "Utkant" } });
        let other = app.another_server().await;
        let there = other.administrator();
        let calls = (0..16).map(|number| post(if number % 2 == 0 { &admin } else { &there }, "/areas", "at-once", &body));
        let answers = join_all(calls).await;
        let made: BTreeSet<String> = answers.iter().filter(|answer| answer.status == 201).map(Answer::text).collect();
        assert_eq!(made.len(), 1, "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.problem(409, "idempotency-key-in-use");
        }
    }
}

#[actix_web::test]
async fn a_key_that_is_none_is_refused() {
    let app = TestApp::start_with(|_| {}).await;
    let long = "k".repeat(256);
    for key in ["", "\"\"", "two words", "\"open", "\"a\";p=1", &long, &format!("\"{long}\"")] {
        let answer = submit(&app.school(), key, &fixtures::concern_report()).await;
        answer.problem(400, "invalid-idempotency-key");
        assert_eq!(answer.json()["errors"][0]["header"], "Idempotency-Key", "{answer:?}");
    }
    let twice = app.school().request(Method::POST, "/partner/referrals").json(&fixtures::concern_report());
    let twice = twice.header("idempotency-key", "a").header("idempotency-key", "b").send().await;
    twice.problem(400, "invalid-idempotency-key");
    assert_eq!(app.stored_referrals().await, 0);
    submit(&app.school(), &"k".repeat(255), &fixtures::concern_report()).await.expect(201);
    // Who only asks may name it as they like.
    post(&app.anyone(), "/where-to-turn", "two words", &json!({ "district": "ryd" })).await.expect(200);
}

#[actix_web::test]
async fn who_prefers_no_body_gets_none_whenever_they_ask() {
    let app = TestApp::start_with(|_| {}).await;
    let first = submit(&app.school(), KEY, &fixtures::concern_report()).await;
    let minimal = app.school().and("prefer", "return=minimal");
    let again = submit(&minimal, KEY, &fixtures::concern_report()).await;
    assert_eq!((again.status, again.body.len()), (201, 0), "{again:?}");
    assert_eq!(again.header("preference-applied"), Some("return=minimal"));
    assert_eq!((again.header("location"), again.header("etag")), (first.header("location"), first.header("etag")));
    let first = submit(&minimal, "another", &fixtures::concern_report()).await;
    assert_eq!((first.status, first.body.len()), (201, 0), "{first:?}");
    let whole = submit(&app.school(), "another", &fixtures::concern_report()).await;
    assert_eq!(whole.expect(201)["kind"], "concern_report");
}

/// So no operation can name the header and forget the rest.
#[actix_web::test]
async fn every_operation_that_takes_a_key_keeps_its_promise() {
    let app = TestApp::start_with(|_| {}).await;
    let mut tried = 0;
    for operation in OPERATIONS.iter() {
        let parameters = described(operation)["parameters"].as_array().unwrap();
        let takes_key =
            parameters.iter().any(|parameter| parameter["$ref"] == "#/components/parameters/IdempotencyKey");
        let acts =
            operation.method == "POST" && !operation.secured_by.is_empty() && !operation.path.ends_with("/search");
        assert_eq!(takes_key, acts, "{}", operation.id);
        if !takes_key {
            continue;
        }
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let ask = || request.request(&caller).header("idempotency-key", &operation.id).send();
        let (first, again) = (ask().await, ask().await);
        assert!([200, 201].contains(&first.status), "{first:?}");
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{}: {again:?}", operation.id);
        let secret = first.json().get("secret").is_some();
        assert!(again.text() == first.text() || secret, "{}: {again:?}", operation.id);
        assert!(again.json().get("secret").is_none(), "{}: a secret is told twice", operation.id);
        // An action without a body is the same call whatever is sent with it.
        if takes_body(operation) {
            let other = request.with_body(json!({ "unheardOf": 1 }));
            let reused = other.request(&caller).header("idempotency-key", &operation.id).send().await;
            assert_eq!(reused.status, 422, "{}: {reused:?}", operation.id);
        }
        for (status, header) in [("200", "Idempotent-Replayed"), ("201", "Idempotent-Replayed")] {
            let answer = &described(operation)["responses"][status];
            assert!(answer.is_null() || answer["headers"].get(header).is_some(), "{}", operation.id);
        }
        tried += 1;
    }
    assert!(tried >= 5, "only {tried} operations were tried");
    assert_eq!(DOCUMENT["components"]["parameters"]["IdempotencyKey"]["name"], "Idempotency-Key");
}
