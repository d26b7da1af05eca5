//! What was written in the field of somebody whose identity turns out to be protected: it goes out of sight with what hangs on it,
//! whichever way the protection came.

use serde_json::{Value, json};

use crate::outreach::{path, put};
use crate::outreach_reports::{internal, urgent};
use crate::people::{cleared, recorded};
use crate::referrals::{path as referral_path, submit};
use crate::staff_referrals::of_contact;
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, contact, follow_up, fresh_id, with};
use crate::support::{Actor, Method, TestApp, credentials};

fn there(follow_up: &Value) -> String {
    format!("/follow-ups/{}", follow_up["id"].as_str().unwrap())
}

async fn promised(actor: &Actor, body: Value) -> Value {
    let made = actor.post("/follow-ups", body).await.expect(201);
    actor.get(&there(&made)).await.expect(200);
    made
}

/// It is there for whoever is cleared at the office that has it, and for nobody else in any way.
async fn is_hidden(app: &TestApp, follow_up: &Value, office: &str) {
    for actor in [app.outreach_worker(), app.caseworker(), app.team_lead()] {
        actor.get(&there(follow_up)).await.problem(404, "not-found");
        let done = actor.post(&format!("{}/complete", there(follow_up)), json!({ "result": "Klart." })).await;
        done.problem(404, "not-found");
        assert_eq!(actor.get("/follow-ups?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
    }
    let cleared = cleared(app, &[office]);
    assert_eq!(cleared.get(&there(follow_up)).await.expect(200)["id"], follow_up["id"]);
    assert_eq!(cleared.get("/follow-ups").await.expect(200)["items"][0]["id"], follow_up["id"]);
}

/// An urgent contact, which became a report that everybody at the office reads.
async fn reported(app: &TestApp) -> Value {
    let made = app.outreach_worker().post("/outreach-contacts", urgent()).await.expect(201);
    app.caseworker().get(&report_of(&made)).await.expect(200);
    made
}

fn report_of(contact: &Value) -> String {
    format!("/referrals/{}", contact["referralId"].as_str().unwrap())
}

/// The contact is there for whoever is cleared at the office, and for nobody else; nor is the report.
async fn is_gone_with_its_report(app: &TestApp, contact: &Value) {
    for actor in [app.outreach_worker(), app.caseworker(), app.team_lead()] {
        actor.get(&path(contact)).await.problem(404, "not-found");
        assert_eq!(actor.get("/outreach-contacts?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
    }
    app.caseworker().get(&report_of(contact)).await.problem(404, "not-found");
    assert_eq!(cleared(app, &[SKAGGETORP]).get(&path(contact)).await.expect(200)["summary"], contact["summary"]);
}

on_both_databases! {
    async fn a_promise_goes_out_of_sight_with_the_referral_whose_child_is_corrected(app: TestApp) {
        let referral = submit(&app.school(), concern_report()).await;
        let promise = promised(&app.caseworker(), json!({ "referralId": referral["id"], "dueOn": "2026-12-04" })).await;
        let marked = json!({ "child": { "protectedIdentity": "marked" } });
        assert_eq!(app.caseworker().patch(&referral_path(&referral), marked, "*").await.status, 204);
        is_hidden(&app, &promise, RECEPTION).await;
    }

    async fn a_promise_goes_out_of_sight_with_the_referral_whose_child_is_registered(app: TestApp) {
        let referral = submit(&app.school(), concern_report()).await;
        let promise = promised(&app.caseworker(), json!({ "referralId": referral["id"], "dueOn": "2026-12-04" })).await;
        let child = json!({ "personalIdentityNumber": CHILD, "protection": "marked" });
        cleared(&app, &[RECEPTION]).post("/people", child).await.expect(201);
        is_hidden(&app, &promise, RECEPTION).await;
    }

    async fn a_promise_goes_out_of_sight_with_the_contact_that_is_corrected(app: TestApp) {
        let (worker, family) = (app.outreach_worker(), app.family().await);
        let met = worker.post("/outreach-contacts", with(contact(), "/familyId", json!(family))).await.expect(201);
        let promise = promised(&worker, follow_up(met["id"].as_str().unwrap())).await;
        let kinds = async |actor: &Actor| {
            let timeline = actor.get(&format!("/families/{family}/timeline?total=true")).await.expect(200);
            let items = timeline["items"].as_array().unwrap().clone();
            assert_eq!(timeline["_meta"]["totalRecords"], json!(items.len()));
            items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert!(kinds(&worker).await.contains(&"follow_up_planned".to_owned()));
        let cleared = cleared(&app, &[SKAGGETORP]);
        let hidden = cleared.post("/people", json!({ "givenName": "Alva", "protection": "marked" })).await.expect(201);
        let named = json!({ "participants": [{ "personId": hidden["id"] }] });
        cleared.patch(&path(&met), named, "*").await.expect(200);
        worker.get(&path(&met)).await.problem(404, "not-found");
        is_hidden(&app, &promise, SKAGGETORP).await;
        assert!(!kinds(&worker).await.contains(&"follow_up_planned".to_owned()));
        assert!(kinds(&cleared).await.contains(&"follow_up_planned".to_owned()));
    }

    async fn a_promise_that_is_out_of_sight_finds_no_contact(app: TestApp) {
        let (worker, met, person) = (app.outreach_worker(), app.contact().await, app.person().await);
        let family = app.registered("/families", json!({ "memberIds": [person] })).await;
        let promise = promised(&worker, with(follow_up(&met), "/familyId", json!(family))).await;
        let due = async |actor: &Actor| {
            let list = actor.get("/outreach-contacts?total=true&followUpDueBefore=2027-01-01").await.expect(200);
            list["_meta"]["totalRecords"].clone()
        };
        assert_eq!(due(&worker).await, 1);
        let cleared = cleared(&app, &[SKAGGETORP]);
        cleared.patch(&format!("/people/{person}"), json!({ "protection": "marked" }), "*").await.expect(200);
        is_hidden(&app, &promise, SKAGGETORP).await;
        assert_eq!(due(&worker).await, 0);
        assert_eq!(due(&cleared).await, 1);
        worker.get(&format!("/outreach-contacts/{met}")).await.expect(200);
    }

    async fn who_says_that_a_child_is_protected_is_heard_and_finds_the_contact_no_more(app: TestApp) {
        let (worker, id) = (app.outreach_worker(), fresh_id());
        let child = json!({ "givenName": "Elias", "personalIdentityNumber": CHILD, "placeName": "Skäggetorp", "protectedIdentity": "marked" });
        let urgent = with(with(contact(), "/urgency", json!("immediate")), "/child", child);
        let urgent = with(urgent, "/followUp", json!({ "dueOn": "2026-12-04" }));
        let made = put(&worker, &id, &urgent).await.expect(201);
        let reception = cleared(&app, &[RECEPTION]);
        let report = reception.get(&format!("/referrals/{}", made["referralId"].as_str().unwrap())).await.expect(200);
        assert_eq!(report["description"], made["summary"]);
        // The contact says the same words.
        for actor in [worker.clone(), app.caseworker(), app.team_lead()] {
            actor.get(&path(&made)).await.problem(404, "not-found");
            assert_eq!(actor.get("/outreach-contacts?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
        }
        is_hidden(&app, &json!({ "id": made["followUpId"] }), SKAGGETORP).await;
        cleared(&app, &[SKAGGETORP]).get(&path(&made)).await.expect(200);
        // A client that did not hear the answer asks again, and learns that it was received.
        let again = put(&worker, &id, &urgent).await.expect(200);
        assert_eq!(again, made);
        let batch = worker.post("/outreach-contacts/batch", json!({ "items": [with(urgent.clone(), "/id", json!(id))] })).await.expect(200);
        assert_eq!(batch["items"][0]["status"], 200);
        put(&worker, &id, &with(urgent.clone(), "/summary", json!("Annat."))).await.problem(409, "id-reused");
        put(&app.caseworker(), &id, &urgent).await.problem(409, "id-reused");
        assert_eq!(app.stored_referrals().await, 1);
        // What somebody who is cleared has made of it since is theirs alone.
        cleared(&app, &[SKAGGETORP]).patch(&path(&made), json!({ "durationMinutes": 30 }), "*").await.expect(200);
        put(&worker, &id, &urgent).await.problem(409, "id-reused");
    }

    async fn a_contact_goes_out_of_sight_with_the_child_whom_it_reported(app: TestApp) {
        let child = app.registered("/people", json!({ "personalIdentityNumber": CHILD })).await;
        let contact = reported(&app).await;
        let marked = json!({ "protection": "marked" });
        cleared(&app, &[SKAGGETORP]).patch(&format!("/people/{child}"), marked, "*").await.expect(200);
        is_gone_with_its_report(&app, &contact).await;
    }

    async fn a_contact_goes_out_of_sight_with_what_is_made_of_it_for_a_child_who_is_said_to_be_protected(app: TestApp) {
        let (worker, met) = (app.outreach_worker(), app.contact().await);
        let report = with(of_contact(&met), "/child/protectedIdentity", json!("marked"));
        worker.post("/referrals", report).await.expect(201);
        for actor in [worker.clone(), app.caseworker(), app.team_lead()] {
            actor.get(&format!("/outreach-contacts/{met}")).await.problem(404, "not-found");
        }
        cleared(&app, &[SKAGGETORP]).get(&format!("/outreach-contacts/{met}")).await.expect(200);
    }

    async fn a_contact_goes_out_of_sight_with_the_report_that_is_corrected(app: TestApp) {
        let contact = reported(&app).await;
        let marked = json!({ "child": { "protectedIdentity": "marked" } });
        assert_eq!(app.caseworker().patch(&report_of(&contact), marked, "*").await.status, 204);
        is_gone_with_its_report(&app, &contact).await;
    }

    async fn a_contact_goes_out_of_sight_with_the_child_who_is_registered_later(app: TestApp) {
        let contact = reported(&app).await;
        let child = json!({ "personalIdentityNumber": CHILD, "protection": "marked" });
        cleared(&app, &[RECEPTION]).post("/people", child).await.expect(201);
        is_gone_with_its_report(&app, &contact).await;
    }

    async fn a_contact_goes_out_of_sight_with_the_child_whose_number_is_learned_later(app: TestApp) {
        let contact = reported(&app).await;
        let reception = cleared(&app, &[RECEPTION]);
        let child = reception.post("/people", json!({ "protection": "marked" })).await.expect(201);
        let number = json!({ "personalIdentityNumber": CHILD });
        reception.patch(&crate::people::path(&child), number, "*").await.expect(200);
        is_gone_with_its_report(&app, &contact).await;
    }

    async fn a_kept_promise_goes_out_of_sight_with_the_referral_that_came_of_it(app: TestApp) {
        let (worker, followed) = (app.outreach_worker(), app.contact().await);
        let promise = promised(&worker, follow_up(&followed)).await;
        let kept = json!({ "result": "Elias vill ha hjälp.", "contact": contact(), "referral": internal() });
        let done = worker.post(&format!("{}/complete", there(&promise)), kept).await.expect(200);
        let referral = json!({ "id": done["nextReferralId"] });
        let marked = json!({ "child": { "protectedIdentity": "marked" } });
        assert_eq!(app.caseworker().patch(&referral_path(&referral), marked, "*").await.status, 204);
        for actor in [worker.clone(), app.caseworker(), app.team_lead()] {
            actor.get(&there(&promise)).await.problem(404, "not-found");
            actor.get(&path(&json!({ "id": done["nextContactId"] }))).await.problem(404, "not-found");
        }
        cleared(&app, &[SKAGGETORP]).get(&there(&promise)).await.expect(200);
        worker.get(&format!("/outreach-contacts/{followed}")).await.expect(200);
    }

    async fn who_keeps_a_promise_to_a_child_and_says_that_it_is_protected_is_heard_and_finds_the_promise_no_more(app: TestApp) {
        let (worker, followed) = (app.outreach_worker(), app.contact().await);
        let promise = promised(&worker, follow_up(&followed)).await;
        let kept = json!({ "result": "Elias vill ha hjälp.", "contact": contact(), "referral": internal() });
        let kept = with(kept, "/referral/child/protectedIdentity", json!("marked"));
        let there = there(&promise);
        let complete = format!("{there}/complete");
        let keep = || worker.request(Method::POST, &complete).header("idempotency-key", "the-evening").json(&kept);
        let done = keep().send().await.expect(200);
        let again = keep().send().await;
        assert_eq!((again.expect(200), again.header("idempotent-replayed")), (done.clone(), Some("true")));
        let contact = path(&json!({ "id": done["nextContactId"] }));
        for actor in [worker.clone(), app.caseworker(), app.team_lead()] {
            actor.get(&there).await.problem(404, "not-found");
            actor.get(&contact).await.problem(404, "not-found");
        }
        let cleared = cleared(&app, &[SKAGGETORP]);
        assert_eq!(cleared.get(&there).await.expect(200)["result"], "Elias vill ha hjälp.");
        cleared.get(&contact).await.expect(200);
        worker.get(&format!("/outreach-contacts/{followed}")).await.expect(200);
    }

    async fn who_was_taken_out_of_a_contact_and_is_protected_since_stands_in_no_version_of_it(app: TestApp) {
        let (worker, wrong, right) = (app.outreach_worker(), app.person().await, app.person().await);
        let (old, new) = (app.registered("/families", json!({ "memberIds": [app.person().await] })).await, app.family().await);
        let lead = app.team_lead();
        let claims = credentials::claims("cleared lead", "team_lead", &[SKAGGETORP]);
        let cleared_lead = app.with_claims(with(claims, "/protectedIdentity", json!(true)));
        let told = async |actor: &Actor, contact: &Value| {
            let versions = actor.get(&format!("{}/versions?total=true", path(contact))).await.expect(200);
            let items = versions["items"].as_array().unwrap();
            assert_eq!(versions["_meta"]["totalRecords"], json!(items.len()));
            items.iter().map(|version| version["version"].clone()).collect::<Vec<_>>()
        };
        let of_person = with(contact(), "/participants", json!([{ "personId": wrong }]));
        let of_person = worker.post("/outreach-contacts", of_person).await.expect(201);
        let of_family = worker.post("/outreach-contacts", with(contact(), "/familyId", json!(old))).await.expect(201);
        let others = json!({ "participants": [{ "personId": right }] });
        worker.patch(&path(&of_person), others, "*").await.expect(200);
        worker.patch(&path(&of_family), json!({ "familyId": new }), "*").await.expect(200);
        for contact in [&of_person, &of_family] {
            worker.patch(&path(contact), json!({ "durationMinutes": 45 }), "*").await.expect(200);
            assert_eq!(told(&lead, contact).await, [3, 2, 1]);
        }
        let members = app.team_lead().get(&format!("/families/{old}")).await.expect(200);
        let elsewhere = app.registered("/families", json!({ "memberIds": [app.person().await] })).await;
        let merge = json!({ "otherId": old, "reason": "Syskon." });
        lead.post(&format!("/families/{elsewhere}/merge"), merge).await.expect(200);
        for hidden in [json!(wrong), members["memberIds"][0].clone()] {
            let hidden = format!("/people/{}", hidden.as_str().unwrap());
            cleared(&app, &[SKAGGETORP]).patch(&hidden, json!({ "protection": "marked" }), "*").await.expect(200);
        }
        assert_eq!(told(&lead, &of_person).await, [3, 2]);
        assert_eq!(told(&lead, &of_family).await, [3, 2, 1], "of the merged family somebody is left who may be known");
        let members = lead.get(&format!("/families/{elsewhere}")).await.expect(200);
        let last = format!("/people/{}", members["memberIds"][0].as_str().unwrap());
        cleared(&app, &[SKAGGETORP]).patch(&last, json!({ "protection": "marked" }), "*").await.expect(200);
        assert_eq!(told(&lead, &of_family).await, [3, 2]);
        assert_eq!(told(&cleared_lead, &of_family).await, [3, 2, 1]);
        assert_eq!(told(&cleared_lead, &of_person).await, [3, 2, 1]);
    }

    async fn an_offer_goes_out_of_sight_with_the_family_to_which_it_was_made(app: TestApp) {
        let (worker, cleared) = (app.outreach_worker(), cleared(&app, &[SKAGGETORP]));
        let (hidden, seen) = (app.person().await, app.person().await);
        let family = app.registered("/families", json!({ "memberIds": [hidden] })).await;
        let met = with(contact(), "/participants", json!([{ "personId": seen }]));
        let met = worker.post("/outreach-contacts", met).await.expect(201);
        let offers = format!("{}/offers", path(&met));
        let service = app.anyone().get("/services/telefonradgivning").await.expect(200)["id"].clone();
        let offer = |to: Value| json!({ "serviceId": service, "to": to, "note": "Vill prova." });
        let to_family = worker.post(&offers, offer(json!({ "familyId": family }))).await.expect(201);
        let to_seen = worker.post(&offers, offer(json!({ "participantIndex": 0 }))).await.expect(201);
        let made = format!("/offers/{}", to_family["id"].as_str().unwrap());
        worker.post(&format!("{made}/answers"), json!({ "answer": "thinking" })).await.expect(201);
        let told = async |actor: &Actor| {
            let timeline = actor.get(&format!("/people/{seen}/timeline?total=true")).await.expect(200);
            let items = timeline["items"].as_array().unwrap();
            assert_eq!(timeline["_meta"]["totalRecords"], json!(items.len()));
            items.iter().filter(|item| item["kind"].as_str().unwrap().starts_with("offer_")).count()
        };
        assert_eq!(told(&worker).await, 3);
        cleared.patch(&format!("/people/{hidden}"), json!({ "protection": "marked" }), "*").await.expect(200);
        worker.get(&format!("/families/{family}")).await.problem(404, "not-found");
        worker.get(&made).await.problem(404, "not-found");
        worker.post(&format!("{made}/answers"), json!({ "answer": "accepted" })).await.problem(404, "not-found");
        worker.post(&format!("{made}/close"), json!({ "reason": "no_capacity" })).await.problem(404, "not-found");
        let listed = worker.get(&format!("{offers}?total=true")).await.expect(200);
        assert_eq!((&listed["_meta"]["totalRecords"], &listed["items"][0]["id"]), (&json!(1), &to_seen["id"]));
        assert_eq!(told(&worker).await, 1);
        assert_eq!(cleared.get(&made).await.expect(200)["familyId"], json!(family));
        assert_eq!(told(&cleared).await, 3);
    }

    async fn a_batch_that_is_sent_again_is_answered_again_whomever_it_is_about(app: TestApp) {
        let (worker, child) = (app.outreach_worker(), json!({ "givenName": "Elias", "personalIdentityNumber": CHILD, "placeName": "Skäggetorp", "protectedIdentity": "marked" }));
        let urgent = with(with(contact(), "/urgency", json!("immediate")), "/child", child);
        let body = json!({ "items": [urgent, contact(), with(contact(), "/durationMinutes", json!(0))] });
        let send = || worker.request(Method::POST, "/outreach-contacts/batch").header("idempotency-key", "the-evening").json(&body);
        let first = send().send().await.expect(200);
        let again = send().send().await;
        assert_eq!((again.expect(200), again.header("idempotent-replayed")), (first.clone(), Some("true")));
        let about = json!([first["items"][0]["id"], first["items"][1]["id"]]);
        assert_eq!(recorded(&app, "outreach_contact.batch.replayed").await, [("outreach_contact.batch.replayed".to_owned(), about)]);
        worker.get(&path(&first["items"][0])).await.problem(404, "not-found");
    }
}
