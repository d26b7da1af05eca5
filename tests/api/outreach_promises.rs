//! Promises to get back: with what they follow they move, go out of the lists, and are kept.

use serde_json::{Value, json};

use crate::outreach::{path, put};
use crate::outreach_reports::internal;
use crate::support::app::RECEPTION;
use crate::support::fixtures::{concern_report, contact, follow_up, fresh_id, with};
use crate::support::{Actor, TestApp};

fn there(follow_up: &Value) -> String {
    format!("/follow-ups/{}", follow_up["id"].as_str().unwrap())
}

/// The identifiers on somebody's worklist.
async fn worklist(actor: &Actor) -> Vec<Value> {
    let list = actor.get("/follow-ups?total=true").await.expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(list["_meta"]["totalRecords"], json!(items.len()));
    items.iter().map(|item| item["id"].clone()).collect()
}

/// Which promises a family's timeline tells of.
async fn told(actor: &Actor, family: &str) -> Vec<Value> {
    let timeline = actor.get(&format!("/families/{family}/timeline?total=true")).await.expect(200);
    let items = timeline["items"].as_array().unwrap();
    assert_eq!(timeline["_meta"]["totalRecords"], json!(items.len()));
    items.iter().filter_map(|item| item.get("followUpId").cloned()).collect()
}

on_both_databases! {
    async fn a_promise_goes_with_its_referral_to_another_office(app: TestApp) {
        let (here, elsewhere) = (app.caseworker(), app.reception_caseworker());
        let referral = app.submitted(concern_report()).await;
        let body = json!({ "referralId": referral, "dueOn": "2026-12-04", "note": "Ringa skolan." });
        let promise = here.post("/follow-ups", body.clone()).await.expect(201);
        let done = here.post("/follow-ups", body).await.expect(201);
        here.post(&format!("{}/complete", there(&done)), json!({ "result": "Ringde." })).await.expect(200);
        let redirect = json!({ "officeId": app.office_id(RECEPTION).await, "reason": "lives_in_other_area" });
        here.post(&format!("/referrals/{referral}/redirect"), redirect).await.expect(200);
        assert_eq!(worklist(&here).await, Vec::<Value>::new());
        for gone in [&promise, &done] {
            here.get(&there(gone)).await.problem(404, "not-found");
            let moved = elsewhere.get(&there(gone)).await.expect(200);
            assert_eq!((&moved["officeId"], &moved["ownerId"]), (&json!(app.office_id(RECEPTION).await), &promise["ownerId"]));
        }
        here.post(&format!("{}/complete", there(&promise)), json!({ "result": "Klart." })).await.problem(404, "not-found");
        assert_eq!(worklist(&elsewhere).await, [promise["id"].clone()]);
        elsewhere.post(&format!("{}/complete", there(&promise)), json!({ "result": "Klart." })).await.expect(200);
    }

    async fn a_promise_that_was_left_behind_is_nowhere_to_be_found(app: TestApp) {
        let (here, referral) = (app.caseworker(), app.submitted(concern_report()).await);
        let promise = here.post("/follow-ups", json!({ "referralId": referral, "dueOn": "2026-12-04" })).await.expect(201);
        let office: nara::id::OfficeId = app.office_id(RECEPTION).await.parse().unwrap();
        let moved_before = move |conn: &mut nara::db::DbConn| {
            use diesel::prelude::*;
            use nara::db::schema::referrals;
            let all: Vec<nara::id::ReferralId> = referrals::table.select(referrals::id).load(conn)?;
            nara::binding::changing(conn, "referrals", &all, |conn| {
                diesel::update(referrals::table).set(referrals::office_id.eq(office)).execute(conn)?;
                Ok(())
            })
        };
        app.db().write(moved_before).await.unwrap();
        here.get(&there(&promise)).await.problem(404, "not-found");
        assert_eq!(worklist(&here).await, Vec::<Value>::new());
    }

    async fn what_follows_an_error_is_in_no_list(app: TestApp) {
        let (worker, family) = (app.outreach_worker(), app.family().await);
        let met = worker.post("/outreach-contacts", with(contact(), "/familyId", json!(family))).await.expect(201);
        let promise = worker.post("/follow-ups", follow_up(met["id"].as_str().unwrap())).await.expect(201);
        assert_eq!(told(&worker, &family).await, [promise["id"].clone()]);
        assert_eq!(worklist(&worker).await, [promise["id"].clone()]);
        worker.post(&format!("{}/enter-in-error", path(&met)), json!({ "reason": "Fel." })).await.expect(200);
        assert_eq!(told(&worker, &family).await, Vec::<Value>::new());
        assert_eq!(worklist(&worker).await, Vec::<Value>::new());
        worker.get(&there(&promise)).await.expect(200);
        let (caseworker, referral) = (app.caseworker(), app.submitted(concern_report()).await);
        let about = caseworker.post("/follow-ups", json!({ "referralId": referral, "dueOn": "2026-12-04" })).await.expect(201);
        assert_eq!(worklist(&caseworker).await, [about["id"].clone()]);
        app.step(&referral, "enter-in-error").await;
        assert_eq!(worklist(&caseworker).await, Vec::<Value>::new());
    }

    async fn a_contact_that_is_there_already_keeps_the_promise(app: TestApp) {
        let (worker, id) = (app.outreach_worker(), fresh_id());
        let promise = worker.post("/follow-ups", follow_up(&app.contact().await)).await.expect(201);
        put(&worker, &id, &contact()).await.expect(201);
        let with_it = |body: Value| json!({ "result": "Sågs.", "contact": with(body, "/id", json!(id)) });
        let complete = format!("{}/complete", there(&promise));
        let other = with(contact(), "/durationMinutes", json!(7));
        worker.post(&complete, with_it(other)).await.problem(409, "id-reused");
        let done = worker.post(&complete, with_it(contact())).await.expect(200);
        assert_eq!(done["nextContactId"], json!(id));
        put(&worker, &id, &contact()).await.expect(200);
        assert_eq!(worker.get("/outreach-contacts?total=true").await.expect(200)["_meta"]["totalRecords"], 2);
    }

    async fn no_referral_is_made_of_a_contact_that_was_entered_in_error(app: TestApp) {
        let (worker, met) = (app.outreach_worker(), app.contact().await);
        let promise = worker.post("/follow-ups", follow_up(&met)).await.expect(201);
        let complete = format!("{}/complete", there(&promise));
        let error = json!({ "reason": "Fel." });
        worker.post(&format!("/outreach-contacts/{met}/enter-in-error"), error.clone()).await.expect(200);
        let referring = json!({ "result": "De vill ha hjälp.", "referral": internal() });
        worker.post(&complete, referring.clone()).await.problem(409, "entered-in-error");
        let (gone, sent) = (fresh_id(), contact());
        put(&worker, &gone, &sent).await.expect(201);
        worker.post(&format!("/outreach-contacts/{gone}/enter-in-error"), error).await.expect(200);
        let of_gone = with(referring, "/contact", with(sent, "/id", json!(gone)));
        worker.post(&complete, of_gone).await.problem(409, "entered-in-error");
        assert_eq!(app.stored_referrals().await, 0);
        assert_eq!(worker.get(&there(&promise)).await.expect(200).get("doneAt"), None);
        worker.post(&complete, json!({ "result": "Det var fel." })).await.expect(200);
    }
}
