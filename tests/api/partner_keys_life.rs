//! The life of a key: rotation, revocation, its last use, and what other servers notice of it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::partners::{change, holds};
use crate::support::credentials::{key_id, partner};
use crate::support::document::new_api_key;
use crate::support::fixtures::with;
use crate::support::{Actor, Answer, TestApp};

const KEYS: &str = "/partners/school/api-keys";

async fn rotate(app: &TestApp, id: &str, body: Value) -> Answer {
    app.administrator().post(&format!("{KEYS}/{id}/rotate"), body).await
}

async fn revoke(app: &TestApp, id: &str) -> Answer {
    app.administrator().post(&format!("{KEYS}/{id}/revoke"), json!({})).await
}

async fn read(app: &TestApp, id: &str) -> Value {
    app.administrator().get(&format!("{KEYS}/{id}")).await.expect(200)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("there is no {name} in {value}")).to_owned()
}

fn rels(key: &Value) -> Vec<&str> {
    key["_links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap()).collect()
}

/// Waits until it is so, for two seconds at most.
async fn within_two_seconds(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(2), "{what}");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a server has looked twice at what another one changed: what it does each second is done by then.
async fn two_rounds(app: &TestApp, other: &TestApp) {
    for _ in 0..2 {
        let (id, key) = app.issued_key("association").await;
        let revoked =
            other.administrator().post(&format!("/partners/association/api-keys/{id}/revoke"), json!({})).await;
        revoked.expect(200);
        let here = app.with_key(&key);
        within_two_seconds("the key still holds", async || !holds(&here).await).await;
    }
}

async fn last_use(app: &TestApp, id: &str) -> Value {
    read(app, id).await.get("lastUsedAt").cloned().unwrap_or_default()
}

on_both_databases! {
    async fn a_rotated_key_goes_on_for_a_day_beside_the_new_one(app: TestApp) {
        let (id, old) = app.issued_key("school").await;
        let old = app.with_key(&old);
        let answer = rotate(&app, &id, json!({})).await;
        let next = answer.expect(201);
        assert_ne!(next["id"], id.as_str());
        assert!(answer.header("location").unwrap().ends_with(&format!("{KEYS}/{}", text(&next, "id"))));
        for same in ["label", "scopes"] {
            assert_eq!(next[same], new_api_key()[same], "{same}");
        }
        let new = app.with_key(&text(&next, "secret"));
        assert!(holds(&old).await && holds(&new).await);
        let told = read(&app, &id).await;
        assert_eq!((&told["rotatedTo"], &told["overlapUntil"]), (&next["id"], &json!("2026-11-24T09:00:00Z")));
        assert_eq!(rels(&told), ["self", "partner", "revoke"]);
        let own = old.get("/partner/me").await.expect(200);
        let of_old = own["keys"].as_array().unwrap().iter().find(|key| key["id"] == id.as_str()).unwrap();
        assert_eq!((&of_old["endsAt"], &of_old["rotatedTo"]), (&json!("2026-11-24T09:00:00Z"), &next["id"]));
        app.clock.set("2026-11-24T08:59:59.999999Z");
        assert!(holds(&old).await && holds(&new).await);
        app.clock.set("2026-11-24T09:00:00Z");
        assert!(!holds(&old).await && holds(&new).await);
    }

    async fn the_overlap_is_the_administrators_choice_up_to_thirty_days(app: TestApp) {
        let (id, old) = app.issued_key("school").await;
        for wrong in ["2026-11-23T09:00:00Z", "2026-11-22T09:00:00Z", "2026-12-23T09:00:00.000001Z", "soon"] {
            let answer = rotate(&app, &id, json!({"overlapUntil": wrong})).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), ["#/overlapUntil"], "{wrong}");
        }
        assert!(read(&app, &id).await.get("rotatedTo").is_none());
        rotate(&app, &id, json!({"overlapUntil": "2026-12-23T09:00:00Z"})).await.expect(201);
        let old = app.with_key(&old);
        app.clock.set("2026-12-23T08:59:59Z");
        assert!(holds(&old).await);
        app.clock.set("2026-12-23T09:00:00Z");
        assert!(!holds(&old).await);
    }

    async fn a_new_key_is_made_for_as_long_and_from_where_the_old_one_was(app: TestApp) {
        let body = with(with(new_api_key(), "/expiresAt", json!("2026-11-30T09:00:00Z")), "/allowedNetworks", json!(["127.0.0.0/8"]));
        let issued = app.administrator().post(KEYS, body).await.expect(201);
        app.clock.set("2026-11-29T12:00:00Z");
        let next = rotate(&app, &text(&issued, "id"), json!({"overlapUntil": "2026-12-05T00:00:00Z"})).await.expect(201);
        assert_eq!((&next["expiresAt"], &next["allowedNetworks"]), (&json!("2026-12-06T12:00:00Z"), &json!(["127.0.0.0/8"])));
        // The overlap never makes a key live longer than it was made for.
        app.clock.set("2026-11-30T09:00:00Z");
        assert!(!holds(&app.with_key(&text(&issued, "secret"))).await && holds(&app.with_key(&text(&next, "secret"))).await);
    }

    async fn a_key_that_has_ended_or_was_rotated_is_not_rotated(app: TestApp) {
        let (rotated, _) = app.issued_key("school").await;
        rotate(&app, &rotated, json!({})).await.expect(201);
        let (revoked, _) = app.issued_key("school").await;
        revoke(&app, &revoked).await.expect(200);
        let expired = key_id(&partner("school").expired_key);
        let before = app.audit().await.len();
        for id in [rotated, revoked, expired] {
            rotate(&app, &id, json!({})).await.problem(409, "key-ended");
        }
        assert_eq!(app.audit().await.len(), before);
    }

    async fn of_eight_who_rotate_a_key_one_succeeds(app: TestApp) {
        let other = app.another_server().await;
        let (id, _) = app.issued_key("school").await;
        let before = app.administrator().get(KEYS).await.expect(200)["_meta"]["totalRecords"].as_u64().unwrap();
        let answers = join_all((0..8).map(|caller| rotate(if caller % 2 == 0 { &app } else { &other }, &id, json!({})))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(won.len(), 1);
        for answer in lost {
            answer.problem(409, "key-ended");
        }
        assert_eq!(app.administrator().get(KEYS).await.expect(200)["_meta"]["totalRecords"], before + 1);
        assert_eq!(read(&app, &id).await["rotatedTo"], won[0].json()["id"]);
    }

    async fn a_revoked_key_is_refused_from_the_very_next_call(app: TestApp) {
        for _ in 0..10 {
            let (id, key) = app.issued_key("school").await;
            let school = app.with_key(&key);
            assert!(holds(&school).await);
            revoke(&app, &id).await.expect(200);
            // Also while what was read before is still on its way.
            assert!(!holds(&school).await && !holds(&school).await);
        }
        assert!(holds(&app.school()).await);
    }

    async fn another_server_knows_of_a_revocation_and_of_a_new_key_within_two_seconds(app: TestApp) {
        let other = app.another_server().await;
        let (id, key) = app.issued_key("school").await;
        let there = other.with_key(&key);
        within_two_seconds("the new key is unknown", async || holds(&there).await).await;
        revoke(&app, &id).await.expect(200);
        within_two_seconds("the key still holds", async || !holds(&there).await).await;
        let police = other.police();
        assert!(holds(&police).await);
        change(&app, "police", json!({"status": "suspended"})).await;
        within_two_seconds("the agency still calls", async || !holds(&police).await).await;
    }

    async fn who_revokes_twice_gets_the_same_answer_and_changes_nothing_more(app: TestApp) {
        let (id, _) = app.issued_key("school").await;
        let first = revoke(&app, &id).await.expect(200);
        assert_eq!(first["revokedAt"], "2026-11-23T09:00:00Z");
        assert_eq!(rels(&first), ["self", "partner"]);
        app.clock.advance(Duration::from_secs(60));
        let before = app.audit_actions().await;
        assert_eq!(revoke(&app, &id).await.expect(200), first);
        assert_eq!(app.audit_actions().await, before);
        let minimal = app.administrator().and("prefer", "return=minimal").post(&format!("{KEYS}/{id}/revoke"), json!({})).await;
        assert_eq!(minimal.status, 204);
    }

    async fn an_action_on_a_version_that_has_passed_is_refused_when_it_names_it(app: TestApp) {
        let (id, key) = app.issued_key("school").await;
        let path = format!("{KEYS}/{id}");
        let etag = app.administrator().get(&path).await.etag();
        let knowing = |etag: &str| app.administrator().and("if-match", etag);
        knowing("\"9-0000000000000000\"").post(&format!("{path}/rotate"), json!({})).await.problem(412, "stale-version");
        knowing(&etag).post(&format!("{path}/rotate"), json!({})).await.expect(201);
        knowing(&etag).post(&format!("{path}/revoke"), json!({})).await.problem(412, "stale-version");
        assert!(holds(&app.with_key(&key)).await);
        let newer = app.administrator().get(&path).await.etag();
        knowing(&newer).post(&format!("{path}/revoke"), json!({})).await.expect(200);
        assert!(!holds(&app.with_key(&key)).await);
    }

    async fn the_last_use_is_told_within_a_minute_and_written_once_a_minute(app: TestApp) {
        let (id, key) = app.issued_key("school").await;
        let (unused, school) = (app.issued_key("school").await.0, app.with_key(&key));
        // The first minute begins with the server; after it has passed, nothing is written for the next.
        app.clock.advance(Duration::from_secs(61));
        assert!(holds(&school).await);
        within_two_seconds("the use is not told", async || last_use(&app, &id).await == "2026-11-23T09:01:01Z").await;
        app.clock.advance(Duration::from_secs(59));
        assert!(holds(&school).await);
        two_rounds(&app, &app.another_server().await).await;
        assert_eq!(last_use(&app, &id).await, "2026-11-23T09:01:01Z", "a use is written twice in a minute");
        app.clock.advance(Duration::from_secs(1));
        within_two_seconds("the later use is not told", async || last_use(&app, &id).await == "2026-11-23T09:02:00Z").await;
        // A key that is refused is not used.
        revoke(&app, &id).await.expect(200);
        assert!(!holds(&school).await);
        app.clock.advance(Duration::from_secs(120));
        assert!(holds(&app.police()).await);
        let of_police = key_id(&partner("police").key);
        let told = async || app.administrator().get(&format!("/partners/police/api-keys/{of_police}")).await.expect(200)["lastUsedAt"] == "2026-11-23T09:04:01Z";
        within_two_seconds("the use of the police is not told", told).await;
        assert_eq!(last_use(&app, &id).await, "2026-11-23T09:02:00Z");
        assert_eq!(last_use(&app, &unused).await, Value::Null);
    }

    async fn a_last_use_outlives_a_graceful_stop(app: TestApp) {
        let (id, key) = app.issued_key("school").await;
        let other = app.another_server().await;
        // Past the first writing, which happens when the server starts.
        two_rounds(&app, &other).await;
        app.clock.advance(Duration::from_secs(30));
        assert!(holds(&app.with_key(&key)).await);
        assert_eq!(last_use(&other, &id).await, Value::Null);
        app.stop_gracefully().await;
        assert_eq!(last_use(&other, &id).await, "2026-11-23T09:00:30Z");
    }

    async fn of_two_servers_the_later_use_is_kept(app: TestApp) {
        let (id, key) = app.issued_key("school").await;
        let other = app.another_server().await;
        let there: Actor = other.with_key(&key);
        within_two_seconds("the new key is unknown", async || holds(&there).await).await;
        assert!(holds(&app.with_key(&key)).await);
        app.clock.advance(Duration::from_secs(10));
        assert!(holds(&there).await);
        other.stop_gracefully().await;
        app.clock.advance(Duration::from_secs(61));
        within_two_seconds("the later use is lost", async || last_use(&app, &id).await == "2026-11-23T09:00:10Z").await;
        two_rounds(&app, &app.another_server().await).await;
        assert_eq!(last_use(&app, &id).await, "2026-11-23T09:00:10Z");
    }

    async fn every_change_of_a_key_is_remembered_by_identifiers_alone(app: TestApp) {
        let next_second = || app.clock.advance(Duration::from_secs(1));
        next_second();
        let first = app.administrator().post(KEYS, new_api_key()).await.expect(201);
        next_second();
        let second = rotate(&app, &text(&first, "id"), json!({})).await.expect(201);
        next_second();
        revoke(&app, &text(&second, "id")).await.expect(200);
        let audit = app.audit().await.split_off(1);
        let told: Vec<(&str, &Value)> = audit.iter().map(|(_, action, ids)| (action.as_str(), ids)).collect();
        assert_eq!(told, [
            ("partner_key.created", &json!([first["auditId"]])),
            ("partner_key.rotated", &json!([first["auditId"], second["auditId"]])),
            ("partner_key.revoked", &json!([second["auditId"]])),
        ]);
    }
}
