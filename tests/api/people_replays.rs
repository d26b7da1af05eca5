//! Asking again about people and families: the answer tells what the one who asks may know now.

use std::time::Duration;

use nara::db::DbConn;
use serde_json::{Value, json};

use crate::people::{cleared, path, recorded};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, person, with};
use crate::support::{Actor, Answer, Method, TestApp};

const OTHER: &str = "20030101-2381";

async fn post(actor: &Actor, path: &str, body: &Value) -> Answer {
    actor.request(Method::POST, path).header("idempotency-key", "the-visit").json(body).send().await
}

#[track_caller]
fn replayed(again: &Answer, status: u16) -> Value {
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{again:?}");
    again.expect(status)
}

async fn protect(app: &TestApp, person: &Value) {
    cleared(app, &[SKAGGETORP]).patch(&path(person), json!({ "protection": "marked" }), "*").await.expect(200);
}

on_both_databases! {
    async fn a_member_who_became_protected_is_in_no_replay(app: TestApp) {
        let (seen, hidden) = (app.caseworker().post("/people", person()).await.expect(201), app.caseworker().post("/people", json!({ "personalIdentityNumber": CHILD })).await.expect(201));
        app.submitted(concern_report()).await;
        let body = json!({ "memberIds": [seen["id"], hidden["id"]] });
        let made = post(&app.caseworker(), "/families", &body).await;
        assert_eq!(made.expect(201)["memberIds"].as_array().unwrap().len(), 2);
        assert!(made.json()["firstReachedAt"].is_string());
        assert_eq!(replayed(&post(&app.caseworker(), "/families", &body).await, 201), made.json());
        protect(&app, &hidden).await;
        let again = post(&app.caseworker(), "/families", &body).await;
        let view = replayed(&again, 201);
        assert_eq!((&view["memberIds"], view.get("firstReachedAt")), (&json!([seen["id"]]), None));
        assert_eq!((again.header("location"), again.etag() == made.etag()), (made.header("location"), false));
        assert_eq!(app.caseworker().get(&format!("/families/{}", view["id"].as_str().unwrap())).await.etag(), again.etag());
        // What is shown again is recorded, with whom it shows.
        let replays = recorded(&app, "family.created.replayed").await;
        let mut shown: Vec<usize> = replays.iter().map(|(_, ids)| ids.as_array().unwrap().len()).collect();
        shown.sort_unstable();
        assert_eq!(shown, [2, 3], "{replays:?}");
    }

    async fn a_merge_that_is_asked_for_again_shows_nobody_who_became_protected(app: TestApp) {
        let (seen, hidden) = (app.caseworker().post("/people", person()).await.expect(201), app.caseworker().post("/people", person()).await.expect(201));
        let family = app.registered("/families", json!({ "memberIds": [seen["id"]] })).await;
        let other = app.registered("/families", json!({ "memberIds": [hidden["id"]] })).await;
        let (there, body) = (format!("/families/{family}/merge"), json!({ "otherId": other, "reason": "En familj." }));
        let merged = post(&app.caseworker(), &there, &body).await;
        assert_eq!(merged.expect(200)["memberIds"].as_array().unwrap().len(), 2);
        protect(&app, &hidden).await;
        assert_eq!(replayed(&post(&app.caseworker(), &there, &body).await, 200)["memberIds"], json!([seen["id"]]));
    }

    async fn a_family_that_went_out_of_sight_is_not_in_the_replay_of_a_move(app: TestApp) {
        let both = app.staff("caseworker", &[SKAGGETORP, RECEPTION]);
        let child = app.caseworker().post("/people", person()).await.expect(201);
        let foreign = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201);
        let (there, body) = (format!("{}/move", path(&child)), json!({ "familyId": foreign["id"], "reason": "Flyttade." }));
        assert_eq!(post(&both, &there, &body).await.expect(200)["familyId"], foreign["id"]);
        // The same person, who works at one office only by now.
        let mut claims = crate::support::credentials::claims(&format!("caseworker@{SKAGGETORP}+{RECEPTION}"), "caseworker", &[SKAGGETORP]);
        claims["name"] = json!("Somebody");
        let moved_on = app.with_claims(claims);
        let again = replayed(&post(&moved_on, &there, &body).await, 200);
        assert!(again["id"] == child["id"] && again.get("familyId").is_none(), "{again}");
    }

    async fn what_became_protected_itself_is_not_given_again(app: TestApp) {
        let made = post(&app.caseworker(), "/people", &person()).await.expect(201);
        protect(&app, &made).await;
        post(&app.caseworker(), "/people", &person()).await.problem(404, "not-found");
    }

    async fn a_known_number_is_answered_again_without_being_named_again(app: TestApp) {
        let known = app.reception_caseworker().post("/people", json!({ "personalIdentityNumber": CHILD, "givenName": "Alva" })).await.expect(201);
        let body = json!({ "personalIdentityNumber": CHILD });
        let first = post(&app.caseworker(), "/people", &body).await;
        assert_eq!((first.expect(200), first.header("idempotent-replayed")), (json!({ "id": known["id"], "givenName": "Alva" }), None));
        app.clock.advance(Duration::from_secs(60));
        let again = post(&app.caseworker(), "/people", &body).await;
        assert_eq!((replayed(&again, 200), again.etag()), (first.json(), first.etag()));
        assert_eq!(recorded(&app, "person.linked").await.len(), 1);
        assert_eq!(recorded(&app, "person.created.replayed").await, [("person.created.replayed".to_owned(), json!([known["id"]]))]);
        let short = app.caseworker().and("prefer", "return=minimal");
        assert_eq!(replayed(&post(&short, "/people", &body).await, 200), first.json(), "there is nowhere else to read it");
        // It stays with the name and no more, also when the office has met the person meanwhile.
        app.submitted(concern_report()).await;
        assert_eq!(replayed(&post(&app.caseworker(), "/people", &body).await, 200), first.json());
        // And it is not told any more when it may not be.
        cleared(&app, &[RECEPTION]).patch(&path(&known), json!({ "protection": "marked" }), "*").await.expect(200);
        post(&app.caseworker(), "/people", &body).await.problem(404, "not-found");
    }

    async fn a_number_that_is_another_persons_by_now_is_not_told_again(app: TestApp) {
        let known = app.reception_caseworker().post("/people", json!({ "personalIdentityNumber": CHILD })).await.expect(201);
        let body = json!({ "personalIdentityNumber": CHILD });
        post(&app.caseworker(), "/people", &body).await.expect(200);
        app.reception_caseworker().patch(&path(&known), json!({ "personalIdentityNumber": OTHER }), "*").await.expect(200);
        post(&app.caseworker(), "/people", &body).await.problem(404, "not-found");
    }

    async fn a_replay_does_not_fail_because_of_what_only_registering_needs(app: TestApp) {
        let district = app.anyone().get("/districts/ryd").await.expect(200);
        let body = with(person(), "/districtId", district["id"].clone());
        let made = post(&app.caseworker(), "/people", &body).await.expect(201);
        let family = post(&app.outreach_worker(), "/families", &json!({ "memberIds": [], "districtId": district["id"] })).await.expect(201);
        let retired = app.administrator().patch("/districts/ryd", json!({ "status": "retired" }), "*").await;
        assert_eq!(retired.status, 200, "{retired:?}");
        // Who has another office besides by now would have to say which one.
        let claims = crate::support::credentials::claims(&format!("caseworker@{SKAGGETORP}"), "caseworker", &[SKAGGETORP, RECEPTION]);
        assert_eq!(replayed(&post(&app.with_claims(claims), "/people", &body).await, 201), made);
        let again = post(&app.outreach_worker(), "/families", &json!({ "memberIds": [], "districtId": district["id"] })).await;
        assert_eq!(replayed(&again, 201), family);
        post(&app.caseworker(), "/people", &with(body, "/givenName", json!("Annan"))).await.problem(422, "idempotency-key-reused");
    }

    async fn of_many_who_name_a_known_number_at_once_under_one_key_one_is_recorded(app: TestApp) {
        let known = app.reception_caseworker().post("/people", json!({ "personalIdentityNumber": CHILD })).await.expect(201);
        let (there, body) = (app.another_server().await, json!({ "personalIdentityNumber": CHILD }));
        let ask = |at: usize| {
            let (actor, body) = (if at.is_multiple_of(2) { app.caseworker() } else { there.caseworker() }, body.clone());
            async move { post(&actor, "/people", &body).await }
        };
        let answers = futures_util::future::join_all((0..16).map(ask)).await;
        assert!(answers.iter().all(|answer| answer.status == 409 || answer.json()["id"] == known["id"]), "{answers:?}");
        assert_eq!(recorded(&app, "person.linked").await.len(), 1);
    }

    async fn no_kept_answer_is_left_where_the_act_was_taken_back(app: TestApp) {
        use diesel::prelude::*;
        let refused = post(&app.caseworker(), "/people", &with(person(), "/familyId", json!("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"))).await;
        refused.problem(422, "unknown-reference");
        let kept = |conn: &mut DbConn| Ok(nara::db::schema::kept_answers::table.count().get_result::<i64>(conn)?);
        assert_eq!(app.db().read(kept).await.unwrap(), 0);
        assert_eq!(post(&app.caseworker(), "/people", &person()).await.expect(201)["givenName"], "Åsa");
    }
}
