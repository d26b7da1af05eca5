//! What becomes of a contact at once: a concern report where it is urgent, an internal referral where the family says yes.

use serde_json::{Value, json};

use crate::outreach::{path, put};
use crate::people::recorded;
use crate::support::app::SKAGGETORP;
use crate::support::fixtures::{CHILD, contact, follow_up, fresh_id, with, without};
use crate::support::{Actor, TestApp};

fn urgent() -> Value {
    let child = json!({ "personalIdentityNumber": CHILD, "givenName": "Elias", "placeName": "Skäggetorp" });
    with(with(contact(), "/urgency", json!("immediate")), "/child", child)
}

pub fn internal() -> Value {
    json!({
        "urgency": "routine", "child": { "personalIdentityNumber": CHILD, "givenName": "Elias", "placeName": "Skäggetorp" }, "guardians": [],
        "needs": ["parenting"], "description": "Vill ha någon att prata med.", "guardiansInformed": { "informed": "yes" },
        "consent": { "basis": "oral", "givenBy": ["guardian"], "givenOn": "2026-11-20", "scopes": ["referral"] },
    })
}

async fn referral(actor: &Actor, id: &Value) -> Value {
    actor.get(&format!("/referrals/{}", id.as_str().unwrap())).await.expect(200)
}

on_both_databases! {
    async fn an_urgent_contact_makes_a_concern_report_at_once_and_once(app: TestApp) {
        let (worker, id) = (app.outreach_worker(), fresh_id());
        let made = put(&worker, &id, &urgent()).await;
        let view = made.expect(201);
        assert!(view.get("child").is_none() && view["urgency"] == "immediate", "{view}");
        let report = referral(&app.caseworker(), &view["referralId"]).await;
        assert_eq!((&report["kind"], &report["urgency"], &report["status"]), (&json!("concern_report"), &json!("immediate"), &json!("received")));
        assert_eq!(report["source"]["outreachContactId"], json!(id));
        assert_eq!(report["source"]["reporter"]["name"], "outreach_worker@skaggetorp");
        assert!(report["source"].get("partnerId").is_none(), "{report}");
        assert_eq!((&report["description"], &report["needs"]), (&contact()["summary"], &json!(["leisure"])));
        assert_eq!(report["child"]["personalIdentityNumber"], CHILD);
        assert!(report["deadlines"].as_array().unwrap().iter().any(|deadline| deadline["kind"] == "protection_assessment"));
        assert_eq!(put(&worker, &id, &urgent()).await.expect(200)["referralId"], view["referralId"]);
        assert_eq!(app.stored_referrals().await, 1);
        assert_eq!(recorded(&app, "referral.created").await, [("referral.created".to_owned(), json!([view["referralId"]]))]);
        assert_eq!(app.offices_recorded("referral.created").await, [Some(app.office_id(SKAGGETORP).await)]);
        assert_eq!(app.caseworker().get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"], 1);
    }

    async fn what_an_urgent_contact_lacks_is_told_and_nothing_is_recorded(app: TestApp) {
        let worker = app.outreach_worker();
        for (body, pointers) in [
            (without(urgent(), "/child"), vec!["#/child"]),
            (without(urgent(), "/summary"), vec!["#/summary"]),
            (with(urgent(), "/child", json!({ "givenName": "Elias" })), vec!["#/child"]),
            (with(urgent(), "/urgency", json!("soon")), vec!["#/child"]),
        ] {
            let answer = worker.post("/outreach-contacts", body).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), pointers);
        }
        assert_eq!(app.stored_referrals().await, 0);
        let batch = worker.post("/outreach-contacts/batch", json!({ "items": [urgent(), without(urgent(), "/child"), urgent()] })).await.expect(200);
        let statuses: Vec<&Value> = batch["items"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
        assert_eq!(statuses, [&json!(201), &json!(422), &json!(201)]);
        assert_eq!(app.stored_referrals().await, 2);
    }

    async fn a_report_about_a_protected_child_goes_to_the_reception_and_is_nobody_elses(app: TestApp) {
        let protected = json!({ "personalIdentityNumber": CHILD, "protection": "marked" });
        app.protected_identity_caseworker().post("/people", protected).await.expect(201);
        let made = app.outreach_worker().post("/outreach-contacts", urgent()).await.expect(201);
        let there = format!("/referrals/{}", made["referralId"].as_str().unwrap());
        app.caseworker().get(&there).await.problem(404, "not-found");
        app.reception_caseworker().get(&there).await.problem(404, "not-found");
        assert_eq!(app.protected_identity_caseworker().get(&there).await.expect(200)["source"]["outreachContactId"], made["id"]);
    }

    async fn keeping_a_promise_can_make_an_internal_referral(app: TestApp) {
        let worker = app.outreach_worker();
        let followed = app.contact().await;
        let promise = worker.post("/follow-ups", follow_up(&followed)).await.expect(201);
        let there = format!("/follow-ups/{}/complete", promise["id"].as_str().unwrap());
        let without_consent = json!({ "result": "Ja tack.", "referral": with(internal(), "/consent/givenBy", json!(["child"])) });
        let refused = worker.post(&there, without_consent).await;
        refused.problem(422, "consent-giver");
        assert!(refused.pointers().iter().any(|pointer| pointer.starts_with("#/referral/consent")), "{refused:?}");
        assert_eq!(app.stored_referrals().await, 0);
        let done = worker.post(&there, json!({ "result": "Ja tack.", "referral": internal() })).await.expect(200);
        let made = referral(&app.caseworker(), &done["nextReferralId"]).await;
        assert_eq!((&made["kind"], &made["source"]["outreachContactId"]), (&json!("internal"), &json!(followed)));
        // With the next contact, it is of that one; and without any contact it is of nothing.
        let promise = worker.post("/follow-ups", follow_up(&followed)).await.expect(201);
        let there = format!("/follow-ups/{}/complete", promise["id"].as_str().unwrap());
        let both = worker.post(&there, json!({ "result": "Ja tack.", "contact": contact(), "referral": internal() })).await.expect(200);
        let made = referral(&app.caseworker(), &both["nextReferralId"]).await;
        assert_eq!(made["source"]["outreachContactId"], both["nextContactId"]);
        assert_eq!(worker.get(&path(&json!({ "id": both["nextContactId"] }))).await.expect(200)["previousContactId"], json!(followed));
        let family = app.family().await;
        let promise = worker.post("/follow-ups", json!({ "familyId": family, "dueOn": "2026-12-01" })).await.expect(201);
        let there = format!("/follow-ups/{}/complete", promise["id"].as_str().unwrap());
        assert_eq!(worker.post(&there, json!({ "result": "Ja.", "referral": internal() })).await.pointers(), ["#/referral"]);
    }
}
