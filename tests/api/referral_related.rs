//! Searching for referrals, and listing the referrals that are related to one.

use serde_json::{Value, json};

use crate::people::{cleared, recorded};
use crate::referrals::{office, path, submit};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, person, private_report, support_request, with};
use crate::support::{Actor, TestApp};

async fn search(actor: &Actor, wanted: Value) -> Vec<Value> {
    let found = actor.post("/referrals/search", wanted).await.expect(200);
    assert_eq!(found["hasMore"], false);
    found["items"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect()
}

async fn related(actor: &Actor, referral: &Value) -> Vec<Value> {
    actor.get(&format!("{}/related", path(referral))).await.expect(200)["items"].as_array().unwrap().clone()
}

/// A report about a child with this number, somewhere.
fn about(number: &str, place: &str) -> Value {
    with(with(concern_report(), "/child/personalIdentityNumber", json!(number)), "/child/placeName", json!(place))
}

async fn enter_in_error(app: &TestApp, referral: &Value) {
    let there = format!("{}/enter-in-error", path(referral));
    app.team_lead().post(&there, json!({ "reason": "Fel barn." })).await.expect(200);
}

on_both_databases! {
    async fn a_reference_finds_the_referral_that_one_may_know_of(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let reference = json!({ "reference": receipt["reference"] });
        assert_eq!(search(&app.caseworker(), reference.clone()).await, [receipt["id"].clone()]);
        for stranger in [app.reception_caseworker(), app.outreach_worker(), app.protected_identity_caseworker()] {
            assert!(search(&stranger, reference.clone()).await.is_empty());
        }
        let reasoned = app.staff("team_lead", &[RECEPTION]).and("access-reason", "joint_case");
        assert_eq!(search(&reasoned, reference.clone()).await, [receipt["id"].clone()]);
        let found = app.caseworker().post("/referrals/search", reference.clone()).await.expect(200);
        assert_eq!(found["items"], app.caseworker().get("/referrals").await.expect(200)["items"], "a row is a row of the queue");
        assert!(search(&app.caseworker(), json!({ "reference": "R-0000-0000" })).await.is_empty());
        let all = recorded(&app, "referral.searched").await;
        assert_eq!(all.len(), 7);
        assert_eq!(all.iter().filter(|(_, ids)| *ids == json!([receipt["id"]])).count(), 3);
        // What was entered in error is out of the lists, and found by who knows what to look for.
        enter_in_error(&app, &receipt).await;
        let list = async |question: &str| app.caseworker().get(&format!("/referrals?total=true{question}")).await.expect(200)["_meta"]["totalRecords"].clone();
        assert_eq!((list("").await, list("&status=received").await, list("&status=entered_in_error").await), (json!(0), json!(0), json!(1)));
        assert_eq!(search(&app.caseworker(), reference).await, [receipt["id"].clone()]);
    }

    async fn a_person_finds_the_referrals_about_them(app: TestApp) {
        let child = app.caseworker().post("/people", json!({ "givenName": "Elias", "personalIdentityNumber": CHILD })).await.expect(201);
        let first = submit(&app.school(), concern_report()).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let second = submit(&app.school(), support_request()).await;
        submit(&app.school(), about(CHILD, "Berga")).await;
        let wrong = submit(&app.school(), concern_report()).await;
        enter_in_error(&app, &wrong).await;
        let wanted = json!({ "personId": child["id"] });
        assert_eq!(search(&app.caseworker(), wanted.clone()).await, [second["id"].clone(), first["id"].clone()]);
        assert!(search(&app.staff("caseworker", &["bas-syd"]), wanted.clone()).await.is_empty());
        assert!(search(&app.outreach_worker(), wanted.clone()).await.is_empty());
        let (_, ids) = recorded(&app, "referral.searched").await.into_iter().find(|(_, ids)| ids.as_array().unwrap().len() == 3).unwrap();
        assert_eq!(ids[0], child["id"]);
        cleared(&app, &[SKAGGETORP]).patch(&crate::people::path(&child), json!({ "protection": "marked" }), "*").await.expect(200);
        assert!(search(&app.caseworker(), wanted.clone()).await.is_empty());
        assert_eq!(search(&app.protected_identity_caseworker(), wanted).await.len(), 3, "they went to the reception");
        for (body, pointer) in [
            (json!({}), "#"),
            (json!({ "reference": first["reference"], "personId": child["id"] }), "#"),
            (json!({ "reference": "R-7K3M-9QF3" }), "#/reference"),
            (json!({ "personId": "1" }), "#/personId"),
            (json!({ "need": "parenting" }), "#/need"),
        ] {
            let refused = app.caseworker().post("/referrals/search", body).await;
            refused.problem(422, "validation-failed");
            assert_eq!(refused.pointers(), [pointer]);
        }
    }

    async fn who_has_more_than_twenty_is_told_so(app: TestApp) {
        let known = app.caseworker().post("/people", person()).await.expect(201);
        let body = with(private_report(), "/child", json!({ "personId": known["id"], "placeName": "Skäggetorp" }));
        let mut all = Vec::new();
        for _ in 0..21 {
            all.push(app.caseworker().post("/referrals", body.clone()).await.expect(201));
        }
        let found = app.caseworker().post("/referrals/search", json!({ "personId": known["id"] })).await.expect(200);
        assert_eq!((found["items"].as_array().unwrap().len(), &found["hasMore"]), (20, &json!(true)));
        // The others are walked in pages.
        let (mut walked, mut next) = (Vec::new(), Some(format!("{}/related?limit=8&total=true", path(&all[3]))));
        while let Some(there) = next {
            let page = app.caseworker().get(&there).await;
            assert_eq!(page.expect(200)["_meta"]["totalRecords"], 20);
            walked.extend(page.json()["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            next = page.link("next");
        }
        assert_eq!(walked.len(), 20);
        let mut sorted = walked.clone();
        sorted.sort_unstable_by(|one, other| other.cmp(one));
        sorted.dedup();
        assert_eq!(walked, sorted, "of one moment, the last made comes first, and none twice");
    }

    async fn related_are_those_of_the_child_and_of_the_family(app: TestApp) {
        let elias = app.caseworker().post("/people", json!({ "givenName": "Elias", "personalIdentityNumber": CHILD })).await.expect(201);
        let saga = app.caseworker().post("/people", json!({ "givenName": "Saga", "personalIdentityNumber": "20030101-2381" })).await.expect(201);
        app.caseworker().post("/families", json!({ "memberIds": [elias["id"], saga["id"]] })).await.expect(201);
        let first = submit(&app.school(), concern_report()).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let away = submit(&app.school(), about(CHILD, "Berga")).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let sister = submit(&app.school(), about("20030101-2381", "Skäggetorp")).await;
        submit(&app.school(), about("20030315-2383", "Skäggetorp")).await;
        let wrong = submit(&app.school(), concern_report()).await;
        enter_in_error(&app, &wrong).await;
        let found = related(&app.caseworker(), &first).await;
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((&found[0]["id"], &found[0]["sameChild"], &found[0]["status"]), (&sister["id"], &json!(false), &json!("received")));
        assert_eq!(found[0]["_links"][0]["rel"], "self");
        let reception = office(&app, RECEPTION).await["id"].clone();
        let told = json!({ "reference": away["reference"], "kind": "concern_report", "receivedAt": "2026-11-23T09:01:00Z", "officeId": reception });
        assert_eq!(found[1], told, "of another office's, that it is there");
        let lead = app.staff("team_lead", &[SKAGGETORP]).and("access-reason", "joint_case");
        let whole = related(&lead, &first).await;
        assert_eq!((&whole[1]["id"], &whole[1]["sameChild"]), (&away["id"], &json!(true)));
        let from_there = related(&app.reception_caseworker(), &away).await;
        assert!(from_there.iter().all(|item| item.get("id").is_none()) && from_there.len() == 2, "{from_there:?}");
        let shown = json!([first["id"], sister["id"], away["id"]]);
        assert_eq!(recorded(&app, "referral.related_read").await.iter().filter(|(_, ids)| *ids == shown).count(), 2);
        app.reception_caseworker().get(&format!("{}/related", path(&first))).await.problem(404, "not-found");
        // A sister who is protected is nobody's sister to those who are not cleared.
        cleared(&app, &[SKAGGETORP]).patch(&crate::people::path(&saga), json!({ "protection": "marked" }), "*").await.expect(200);
        assert_eq!(related(&app.caseworker(), &first).await.len(), 1);
        assert_eq!(related(&cleared(&app, &[SKAGGETORP]), &first).await.len(), 2);
    }

    async fn a_number_that_nobody_has_registered_brings_reports_together(app: TestApp) {
        let first = submit(&app.school(), concern_report()).await;
        let second = submit(&app.police(), concern_report()).await;
        let found = related(&app.caseworker(), &first).await;
        assert_eq!((found.len(), &found[0]["id"], &found[0]["sameChild"]), (1, &second["id"], &json!(true)));
        let copied = app.caseworker().post(&format!("{}/copy-for-sibling", path(&first)), json!({ "siblingIndex": 0 })).await.expect(201);
        assert_eq!(related(&app.caseworker(), &copied).await[0]["id"], first["id"]);
        let ids: Vec<Value> = related(&app.caseworker(), &first).await.iter().map(|item| item["id"].clone()).collect();
        assert!(ids.contains(&copied["id"]) && ids.contains(&second["id"]) && ids.len() == 2, "{ids:?}");
    }

    async fn who_reads_only_what_they_made_learns_of_nothing_else(app: TestApp) {
        submit(&app.school(), concern_report()).await;
        let worker = app.outreach_worker();
        let body = with(private_report(), "/child", json!({ "personalIdentityNumber": CHILD, "placeName": "Skäggetorp" }));
        let one = worker.post("/referrals", body.clone()).await.expect(201);
        assert!(related(&worker, &one).await.is_empty());
        let two = worker.post("/referrals", body).await.expect(201);
        assert_eq!(related(&worker, &one).await[0]["id"], two["id"]);
        assert_eq!(related(&app.caseworker(), &one).await.len(), 2);
    }
}
