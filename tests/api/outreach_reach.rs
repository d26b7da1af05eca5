//! Whether a family was newly reached: exactly one contact is the first, however they arrive and whatever becomes of them.

use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::outreach::{path, put};
use crate::outreach_reports::internal;
use crate::people::cleared;
use crate::staff_referrals::own_request;
use crate::support::app::SKAGGETORP;
use crate::support::fixtures::{CHILD, concern_report, contact, follow_up, fresh_id, with};
use crate::support::{Actor, TestApp};

fn of_family(family: &str) -> Value {
    with(contact(), "/familyId", json!(family))
}

fn at(body: Value, time: &str) -> Value {
    with(body, "/occurredAt", json!(time))
}

async fn newly(actor: &Actor, contact: &Value) -> Value {
    actor.get(&path(contact)).await.expect(200)["newlyReached"].clone()
}

async fn first(actor: &Actor, family: &str) -> (Value, Value) {
    let family = actor.get(&format!("/families/{family}")).await.expect(200);
    (family["firstReachedAt"].clone(), family["firstReachedThrough"].clone())
}

async fn write(actor: &Actor, body: Value) -> Value {
    actor.post("/outreach-contacts", body).await.expect(201)
}

async fn mistaken(actor: &Actor, contact: &Value) {
    actor.post(&format!("{}/enter-in-error", path(contact)), json!({ "reason": "Fel." })).await.expect(200);
}

on_both_databases! {
    async fn a_family_for_which_staff_ask_for_help_is_reached_in_the_field(app: TestApp) {
        let child = app.registered("/people", json!({ "personalIdentityNumber": CHILD })).await;
        let family = app.registered("/families", json!({ "memberIds": [child] })).await;
        let worker = app.outreach_worker();
        let promise = worker.post("/follow-ups", follow_up(&app.contact().await)).await.expect(201);
        assert_eq!(first(&worker, &family).await, (Value::Null, Value::Null));
        let kept = format!("/follow-ups/{}/complete", promise["id"].as_str().unwrap());
        worker.post(&kept, json!({ "result": "Ja tack.", "referral": internal() })).await.expect(200);
        assert_eq!(first(&worker, &family).await, (json!("2026-11-23T09:00:00Z"), json!("outreach")));
    }

    async fn a_family_that_asks_for_help_itself_is_reached_by_its_own_request(app: TestApp) {
        let child = app.registered("/people", json!({ "personalIdentityNumber": CHILD })).await;
        let family = app.registered("/families", json!({ "memberIds": [child] })).await;
        let who = json!({ "personalIdentityNumber": CHILD, "placeName": "Skäggetorp" });
        app.caseworker().post("/referrals", with(own_request(), "/child", who)).await.expect(201);
        assert_eq!(first(&app.caseworker(), &family).await, (json!("2026-11-23T09:00:00Z"), json!("own_request")));
    }

    async fn the_earliest_contact_is_the_first_whenever_it_arrives(app: TestApp) {
        let (worker, family) = (app.outreach_worker(), app.family().await);
        let declined = write(&worker, with(at(of_family(&family), "2026-11-01T10:00:00Z"), "/outcome", json!("declined_to_talk"))).await;
        assert_eq!(declined["newlyReached"], false);
        assert_eq!(first(&worker, &family).await, (Value::Null, Value::Null));
        let later = write(&worker, at(of_family(&family), "2026-11-10T10:00:00Z")).await;
        assert_eq!((&later["newlyReached"], &later["familyId"]), (&json!(true), &json!(family)));
        let last = write(&worker, at(of_family(&family), "2026-11-12T10:00:00Z")).await;
        assert_eq!(last["newlyReached"], false);
        assert_eq!(first(&worker, &family).await, (json!("2026-11-10T10:00:00Z"), json!("outreach")));
        // Somebody was without a network until now.
        let earlier = write(&worker, at(of_family(&family), "2026-11-05T10:00:00Z")).await;
        assert_eq!(earlier["newlyReached"], true);
        assert_eq!((newly(&worker, &later).await, newly(&worker, &last).await), (json!(false), json!(false)));
        mistaken(&worker, &earlier).await;
        assert_eq!(newly(&worker, &earlier).await, json!(false));
        assert_eq!(newly(&worker, &later).await, json!(true));
        let rows = worker.get("/outreach-contacts").await.expect(200)["items"].clone();
        let told: Vec<&Value> = rows.as_array().unwrap().iter().map(|row| &row["newlyReached"]).collect();
        assert_eq!(told, [&json!(false), &json!(true), &json!(false)]);
        // A correction moves it, and a family that was named by mistake was never reached.
        worker.patch(&path(&later), json!({ "occurredAt": "2026-11-13T10:00:00Z" }), "*").await.expect(200);
        assert_eq!((newly(&worker, &later).await, newly(&worker, &last).await), (json!(false), json!(true)));
        worker.patch(&path(&last), json!({ "familyId": null }), "*").await.expect(200);
        assert_eq!((newly(&worker, &last).await, newly(&worker, &later).await), (Value::Null, json!(true)));
        worker.patch(&path(&later), json!({ "outcome": "not_reached" }), "*").await.expect(200);
        assert_eq!(first(&worker, &family).await, (Value::Null, Value::Null));
    }

    async fn a_family_is_found_by_the_people_who_were_met(app: TestApp) {
        let (worker, person) = (app.outreach_worker(), app.person().await);
        let alone = with(contact(), "/participants", json!([{ "personId": person }]));
        assert!(write(&worker, alone.clone()).await.get("newlyReached").is_none(), "nobody's family was met");
        let family = app.registered("/families", json!({ "memberIds": [person] })).await;
        // The family was reached when its member was.
        assert_eq!(first(&worker, &family).await, (json!("2026-11-20T15:30:00Z"), json!("outreach")));
        let again = write(&worker, at(alone, "2026-11-21T10:00:00Z")).await;
        assert_eq!((&again["familyId"], &again["newlyReached"]), (&json!(family), &json!(false)));
    }

    async fn a_referral_counts_as_well(app: TestApp) {
        let child = app.registered("/people", json!({ "personalIdentityNumber": CHILD })).await;
        let family = app.registered("/families", json!({ "memberIds": [child] })).await;
        app.submitted(concern_report()).await;
        assert_eq!(first(&app.caseworker(), &family).await, (json!("2026-11-23T09:00:00Z"), json!("referral")));
        app.clock.advance(Duration::from_secs(3600));
        let worker = app.outreach_worker();
        let after = write(&worker, at(of_family(&family), "2026-11-23T09:30:00Z")).await;
        assert_eq!(after["newlyReached"], false);
        let before = write(&worker, at(of_family(&family), "2026-11-22T09:00:00Z")).await;
        assert_eq!(before["newlyReached"], true);
        assert_eq!(first(&app.caseworker(), &family).await.1, json!("outreach"));
        mistaken(&worker, &before).await;
        assert_eq!(first(&app.caseworker(), &family).await.1, json!("referral"));
        // It goes with the child.
        let other = app.family().await;
        app.caseworker().post(&format!("/people/{child}/move"), json!({ "familyId": other, "reason": "Flyttade." })).await.expect(200);
        assert_eq!(first(&app.caseworker(), &other).await, (json!("2026-11-23T09:00:00Z"), json!("referral")));
        assert_eq!(first(&app.caseworker(), &family).await, (json!("2026-11-23T09:30:00Z"), json!("outreach")));
        assert_eq!(newly(&worker, &after).await, json!(true));
    }

    async fn two_families_that_are_one_have_one_first_contact(app: TestApp) {
        let worker = app.outreach_worker();
        let (goes_on, gone) = (app.family().await, app.family().await);
        let of_gone = write(&worker, at(of_family(&gone), "2026-11-01T10:00:00Z")).await;
        let of_other = write(&worker, at(of_family(&goes_on), "2026-11-02T10:00:00Z")).await;
        assert_eq!((newly(&worker, &of_gone).await, newly(&worker, &of_other).await), (json!(true), json!(true)));
        worker.post(&format!("/families/{goes_on}/merge"), json!({ "otherId": gone, "reason": "Syskon." })).await.expect(200);
        assert_eq!((newly(&worker, &of_gone).await, newly(&worker, &of_other).await), (json!(true), json!(false)));
        assert_eq!(worker.get(&path(&of_gone)).await.expect(200)["familyId"], json!(goes_on));
        assert_eq!(first(&worker, &goes_on).await.0, json!("2026-11-01T10:00:00Z"));
        assert_eq!(first(&worker, &gone).await, (Value::Null, Value::Null));
        // Who is in the field cannot know that it was merged.
        let late = write(&worker, at(of_family(&gone), "2026-10-30T10:00:00Z")).await;
        assert_eq!((&late["familyId"], &late["newlyReached"]), (&json!(goes_on), &json!(true)));
    }

    async fn of_two_contacts_with_a_new_family_at_the_same_moment_one_is_the_first(app: TestApp) {
        let elsewhere = app.another_server().await;
        let (here, there) = (app.outreach_worker(), elsewhere.caseworker());
        for _ in 0..6 {
            let family = app.family().await;
            let (one, other) = (fresh_id(), fresh_id());
            let body = of_family(&family);
            let (a, b) = join(put(&here, &one, &body), put(&there, &other, &body)).await;
            let told = [newly(&here, &a.expect(201)).await, newly(&here, &b.expect(201)).await];
            assert_eq!(told.iter().filter(|newly| **newly == json!(true)).count(), 1, "{told:?}");
            assert_eq!(told[0] == json!(true), one < other, "of the same moment the lower identifier is the first");
            assert!([a.json(), b.json()].iter().any(|answer| answer["newlyReached"] == true));
        }
    }

    async fn who_is_not_cleared_learns_nothing_that_follows_from_a_protected_identity(app: TestApp) {
        let cleared = cleared(&app, &[SKAGGETORP]);
        let worker = app.outreach_worker();
        let (hidden, seen) = (app.person().await, app.person().await);
        let family = app.registered("/families", json!({ "memberIds": [hidden, seen] })).await;
        let with_hidden = write(&worker, at(with(contact(), "/participants", json!([{ "personId": hidden }])), "2026-11-01T10:00:00Z")).await;
        let with_seen = write(&worker, at(with(contact(), "/participants", json!([{ "personId": seen }])), "2026-11-02T10:00:00Z")).await;
        assert_eq!((&with_hidden["newlyReached"], &with_seen["newlyReached"]), (&json!(true), &json!(false)));
        cleared.patch(&format!("/people/{hidden}"), json!({ "protection": "marked" }), "*").await.expect(200);
        worker.get(&path(&with_hidden)).await.problem(404, "not-found");
        assert_eq!(worker.get("/outreach-contacts?total=true").await.expect(200)["_meta"]["totalRecords"], 1);
        assert_eq!(newly(&worker, &with_seen).await, json!(true));
        assert_eq!(first(&worker, &family).await.0, json!("2026-11-02T10:00:00Z"));
        assert_eq!(cleared.get(&path(&with_hidden)).await.expect(200)["districtId"], with_hidden["districtId"], "it is sealed, and not lost");
        assert_eq!((newly(&cleared, &with_hidden).await, newly(&cleared, &with_seen).await), (json!(true), json!(false)));
        assert_eq!(districts_in_the_clear(&app).await, 1);
        // Naming somebody who is protected is like naming nobody.
        let unknown = worker.post("/outreach-contacts", with(contact(), "/participants", json!([{ "personId": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e" }]))).await;
        let refused = worker.post("/outreach-contacts", with(contact(), "/participants", json!([{ "personId": hidden }]))).await;
        refused.problem(422, "unknown-reference");
        assert_eq!(refused.json()["errors"], unknown.json()["errors"]);
        let by_cleared = write(&cleared, with(contact(), "/participants", json!([{ "personId": hidden }]))).await;
        worker.get(&path(&by_cleared)).await.problem(404, "not-found");
        // When nobody of a family is left who may be known, neither are its contacts.
        let of_family = write(&worker, of_family(&family)).await;
        let promised = worker.post("/follow-ups", json!({ "familyId": family, "dueOn": "2026-12-01" })).await.expect(201);
        cleared.patch(&format!("/people/{seen}"), json!({ "protection": "protected_registration" }), "*").await.expect(200);
        worker.get(&path(&of_family)).await.problem(404, "not-found");
        worker.get(&format!("/follow-ups/{}", promised["id"].as_str().unwrap())).await.problem(404, "not-found");
        assert_eq!(worker.get("/follow-ups?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
        assert_eq!(districts_in_the_clear(&app).await, 0);
        let about_family = worker.post("/outreach-contacts", with(contact(), "/familyId", json!(family))).await;
        about_family.problem(422, "unknown-reference");
        assert_eq!(about_family.pointers(), ["#/familyId"]);
    }

    async fn a_family_of_another_office_is_like_none_until_somebody_of_it_is_met(app: TestApp) {
        let elsewhere = app.reception_caseworker();
        let person = elsewhere.post("/people", json!({})).await.expect(201)["id"].clone();
        let family = elsewhere.post("/families", json!({ "memberIds": [person] })).await.expect(201)["id"].as_str().unwrap().to_owned();
        let worker = app.outreach_worker();
        worker.post("/outreach-contacts", of_family(&family)).await.problem(422, "unknown-reference");
        let met = with(of_family(&family), "/participants", json!([{ "personId": person }]));
        assert_eq!(write(&worker, met).await["newlyReached"], true);
        worker.get(&format!("/families/{family}")).await.expect(200);
        // It was reached, whoever asks.
        assert_eq!(first(&elsewhere, &family).await.1, json!("outreach"));
        let of_reception = elsewhere.post("/outreach-contacts", with(of_family(&family), "/occurredAt", json!("2026-11-21T10:00:00Z"))).await;
        assert_eq!(of_reception.expect(201)["newlyReached"], false);
    }

    async fn another_family_that_was_met_with_somebody_protected_tells_nothing_of_it(app: TestApp) {
        let (worker, cleared) = (app.outreach_worker(), cleared(&app, &[SKAGGETORP]));
        let (hidden, seen) = (app.person().await, app.person().await);
        let family = app.registered("/families", json!({ "memberIds": [seen] })).await;
        let together = with(contact(), "/participants", json!([{ "personId": hidden }, { "personId": seen }]));
        let together = write(&worker, at(together, "2026-11-01T10:00:00Z")).await;
        let hidden_family = app.family().await;
        let named = with(of_family(&hidden_family), "/participants", json!([{ "personId": seen }]));
        let named = write(&worker, at(named, "2026-11-02T10:00:00Z")).await;
        let alone = with(contact(), "/participants", json!([{ "personId": seen }]));
        let alone = write(&worker, at(alone, "2026-11-03T10:00:00Z")).await;
        cleared.patch(&format!("/people/{hidden}"), json!({ "protection": "marked" }), "*").await.expect(200);
        worker.get(&path(&together)).await.problem(404, "not-found");
        assert_eq!(first(&worker, &family).await.0, json!("2026-11-02T10:00:00Z"));
        assert_eq!((newly(&worker, &named).await, newly(&worker, &alone).await), (json!(true), json!(false)));
        // What names a family goes out of sight with its only member.
        let joining = json!({ "familyId": hidden_family, "reason": "Bor där." });
        cleared.post(&format!("/people/{hidden}/move"), joining).await.expect(200);
        worker.get(&path(&named)).await.problem(404, "not-found");
        assert_eq!(first(&worker, &family).await.0, json!("2026-11-03T10:00:00Z"));
        assert_eq!(newly(&worker, &alone).await, json!(true));
        assert_eq!(first(&cleared, &family).await.0, json!("2026-11-01T10:00:00Z"));
    }

    async fn what_is_reported_of_a_child_who_is_on_the_move_goes_along(app: TestApp) {
        let elsewhere = app.another_server().await;
        // Skatteverket's numbers come in a row; each round is about another child.
        for number in ["20030101-2381", "20030315-2383", CHILD, "20030101-2399"] {
            let child = app.registered("/people", json!({ "personalIdentityNumber": number })).await;
            let (left, joined) = (app.registered("/families", json!({ "memberIds": [child] })).await, app.family().await);
            let report = with(concern_report(), "/child/personalIdentityNumber", json!(number));
            let send = |at: usize| {
                let school = if at.is_multiple_of(2) { app.school() } else { elsewhere.school() };
                let report = report.clone();
                async move { school.post("/partner/referrals", report).await.expect(201) }
            };
            let change = async {
                let to = json!({ "familyId": joined, "reason": "Flyttade." });
                app.caseworker().post(&format!("/people/{child}/move"), to).await.expect(200)
            };
            join(join_all((0..12).map(send)), change).await;
            assert_eq!(first(&app.caseworker(), &joined).await.1, json!("referral"));
            assert_eq!(first(&app.caseworker(), &left).await.1, Value::Null);
        }
    }
}

/// How many contacts tell in a readable column where they were.
async fn districts_in_the_clear(app: &TestApp) -> i64 {
    use diesel::prelude::*;
    use nara::db::DbConn;
    use nara::db::schema::outreach_contacts;
    let read = |conn: &mut DbConn| {
        Ok(outreach_contacts::table.filter(outreach_contacts::district_id.is_not_null()).count().get_result(conn)?)
    };
    app.db().read(read).await.unwrap()
}
