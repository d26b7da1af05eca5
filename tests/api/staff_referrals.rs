//! Staff take a matter down: who gets it, who reads it afterwards, and what nobody is told.

use serde_json::{Value, json};

use crate::people::{cleared, recorded};
use crate::referrals::{office, path};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, contact, person, private_report, with, without};
use crate::support::{Actor, Method, TestApp, credentials};

/// A report of a contact in the field.
pub fn of_contact(contact: &str) -> Value {
    with(private_report(), "/source", json!({ "outreachContactId": contact }))
}

/// What a young person asks for.
pub fn own_request() -> Value {
    let request = with(private_report(), "/kind", json!("self_request"));
    with(request, "/source", json!({ "selfRequest": true }))
}

fn anonymous() -> Value {
    with(private_report(), "/source", json!({ "private": { "anonymous": true } }))
}

async fn made(actor: &Actor, body: Value) -> Value {
    actor.post("/referrals", body).await.expect(201)
}

async fn records(app: &TestApp, about: &Value) -> Vec<Value> {
    let list = app.auditor().get(&format!("/audit-records?resourceId={}", about["id"].as_str().unwrap())).await;
    list.expect(200)["items"].as_array().unwrap().clone()
}

/// All that is told of a referral, but for what is each one's own.
fn told(referral: &Value) -> Value {
    let mut told = referral.clone();
    for own in ["id", "reference", "_links"] {
        told.as_object_mut().unwrap().remove(own);
    }
    told
}

on_both_databases! {
    async fn a_caseworker_takes_down_what_a_neighbour_reports(app: TestApp) {
        let answer = app.caseworker().post("/referrals", private_report()).await;
        let view = answer.expect(201);
        assert!(answer.header("location").unwrap().ends_with(&path(&view)));
        let read = app.caseworker().get(&path(&view)).await;
        assert_eq!((read.expect(200), read.etag()), (view.clone(), answer.etag()));
        for field in ["kind", "urgency", "child", "guardians", "siblings", "needs", "description", "guardiansInformed"] {
            assert_eq!(view[field], private_report()[field], "{field}");
        }
        let reporter = json!({ "name": "Berit Påhittad", "phone": "013-20 00 01", "relation": "Granne" });
        assert_eq!(view["source"], json!({ "private": { "anonymous": false }, "reporter": reporter }));
        assert_eq!((&view["status"], &view["version"]), (&json!("received"), &json!(1)));
        assert_eq!(view["officeId"], office(&app, SKAGGETORP).await["id"]);
        assert_eq!(view["deadlines"].as_array().unwrap().len(), 2);
        let rels: Vec<&Value> = view["_links"].as_array().unwrap().iter().map(|link| &link["rel"]).collect();
        assert!(rels.contains(&&json!("assess-protection")) && rels.contains(&&json!("related")), "{rels:?}");
        assert_eq!(recorded(&app, "referral.created").await, [("referral.created".to_owned(), json!([view["id"]]))]);
        let history = app.caseworker().get(&format!("{}/history", path(&view))).await.expect(200);
        assert!(history["items"][0]["by"].as_str().unwrap().starts_with("staff:"), "{history}");
        assert!(app.caseworker().get("/referrals").await.expect(200)["items"][0]["id"] == view["id"]);
    }

    async fn outreach_workers_read_what_they_made_wherever_it_is_and_nothing_else(app: TestApp) {
        let (worker, colleague) = (app.outreach_worker(), app.staff("outreach_worker", &[SKAGGETORP, "bas-syd"]));
        let away = with(private_report(), "/child/placeName", json!("Berga"));
        let (here, there) = (made(&worker, private_report()).await, made(&worker, away.clone()).await);
        assert_eq!(there["officeId"], office(&app, RECEPTION).await["id"]);
        let theirs = made(&colleague, with(private_report(), "/officeId", json!("bas-syd"))).await;
        let schools = app.submitted(crate::support::fixtures::concern_report()).await;
        for referral in [&here, &there] {
            let read = worker.get(&path(referral)).await.expect(200);
            let rels: Vec<&str> = read["_links"].as_array().unwrap().iter().filter_map(|link| link["rel"].as_str()).collect();
            assert_eq!(rels, ["self", "history", "related", "messages"], "who reads works with nothing");
            worker.get(&format!("{}/history", path(referral))).await.expect(200);
            worker.get(&format!("{}/related", path(referral))).await.expect(200);
        }
        for stranger in [path(&theirs), format!("/referrals/{schools}")] {
            worker.get(&stranger).await.problem(404, "not-found");
        }
        let list = worker.get("/referrals?total=true&sort=receivedAt").await.expect(200);
        assert_eq!(list["_meta"]["totalRecords"], 2);
        let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
        assert!(ids.contains(&&here["id"]) && ids.contains(&&there["id"]), "{ids:?}");
        let found = worker.post("/referrals/search", json!({ "reference": there["reference"] })).await.expect(200);
        assert_eq!(found["items"][0]["id"], there["id"]);
        // Who works the cases of an office reads that office's alone, whoever made them, and their own words for a day.
        let elsewhere = made(&app.caseworker(), away).await;
        assert_eq!(app.caseworker().get(&path(&elsewhere)).await.expect(200), elsewhere);
        let count = app.caseworker().get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"].clone();
        assert_eq!(count, 3, "three came to their office, and what they made is elsewhere");
        app.caseworker().get(&path(&there)).await.problem(404, "not-found");
        let mut roles = credentials::claims("both", "caseworker", &[RECEPTION]);
        roles["roles"] = json!(["outreach_worker", "caseworker"]);
        let both = app.with_claims(roles);
        let away_from_them = made(&both, private_report()).await;
        both.get(&path(&away_from_them)).await.expect(200);
        let count = both.get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"].clone();
        assert_eq!(count, 3, "their office's two, and the one that they made");
        app.clock.advance(std::time::Duration::from_secs(24 * 3600));
        app.caseworker().get(&path(&elsewhere)).await.problem(404, "not-found");
    }

    async fn of_a_reporter_who_stays_unknown_nothing_is_kept(app: TestApp) {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let send = async |body: Value, key: &str| {
            let request = app.caseworker().request(Method::POST, "/referrals").json(&body).header("idempotency-key", key);
            request.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01")).send().await
        };
        let unknown = send(anonymous(), "unknown").await.expect(201);
        assert_eq!(unknown["source"], json!({ "private": { "anonymous": true } }));
        let again = send(anonymous(), "unknown").await;
        assert_eq!((again.expect(201), again.header("idempotent-replayed")), (unknown.clone(), Some("true")));
        let named = send(private_report(), "named").await.expect(201);
        let records_of_unknown = records(&app, &unknown).await;
        assert_eq!(records_of_unknown.len(), 2);
        for record in &records_of_unknown {
            assert!(record.get("clientAddress").is_none() && record.get("clientAgent").is_none(), "{record}");
            assert_ne!(record["traceId"], TRACE);
            assert_eq!(record["traceId"].as_str().unwrap().len(), 32);
        }
        assert_ne!(records_of_unknown[0]["traceId"], records_of_unknown[1]["traceId"]);
        let record = &records(&app, &named).await[0];
        assert_eq!((&record["traceId"], record.get("clientAddress").is_some()), (&json!(TRACE), true));
        // There is nobody to ask.
        let asked = app.caseworker().post(&format!("{}/request-information", path(&unknown)), json!({ "question": "Vem?" })).await;
        asked.problem(409, "no-sender");
    }

    async fn whoever_is_not_cleared_gets_an_ordinary_answer_about_a_protected_child(app: TestApp) {
        let of_child = with(private_report(), "/child", json!({ "personalIdentityNumber": CHILD, "givenName": "Elias", "placeName": "Skäggetorp", "street": "Nygatan 1" }));
        for worker in [app.caseworker(), app.outreach_worker()] {
            let ordinary = made(&worker, of_child.clone()).await;
            worker.get(&path(&ordinary)).await.expect(200);
        }
        let ordinary = made(&app.caseworker(), of_child.clone()).await;
        let protected = json!({ "personalIdentityNumber": CHILD, "protection": "protected_registration" });
        cleared(&app, &[RECEPTION]).post("/people", protected).await.expect(201);
        let there = office(&app, RECEPTION).await["id"].clone();
        for worker in [app.caseworker(), app.outreach_worker()] {
            let send = async || {
                let request = worker.request(Method::POST, "/referrals").json(&of_child).header("idempotency-key", "once");
                request.send().await
            };
            let answer = send().await;
            let hidden = answer.expect(201);
            let but_deadlines = |view: &Value| without(told(view), "/nextDueAt");
            assert_eq!(but_deadlines(&hidden), but_deadlines(&ordinary), "nothing tells the two apart");
            assert_eq!(worker.get(&path(&hidden)).await.expect(200), hidden, "they read their own words");
            assert_eq!(send().await.expect(201), hidden);
            let read = app.protected_identity_caseworker().get(&path(&hidden)).await.expect(200);
            assert_eq!(read["officeId"], there);
            assert!(read["child"].get("street").is_none() && read["child"]["personId"].is_string(), "{read}");
        }
        // Who is cleared is told how it is.
        let whole = made(&cleared(&app, &[SKAGGETORP]), of_child).await;
        assert_eq!(whole["officeId"], there);
    }

    async fn a_person_whom_one_knows_is_enough_to_find_the_child(app: TestApp) {
        let known = app.caseworker().post("/people", person()).await.expect(201);
        let body = with(own_request(), "/child", json!({ "personId": known["id"] }));
        let view = made(&app.caseworker(), body.clone()).await;
        assert_eq!(view["child"], json!({
            "personId": known["id"], "givenName": "Åsa", "familyName": "Öberg", "birthYear": 2012, "gender": "female",
            "street": "Påhittade gatan 1", "postalCode": "58644", "locality": "Linköping",
        }));
        assert_eq!(app.caseworker().get(&path(&view)).await.expect(200)["child"], view["child"]);
        // What is said counts before what is registered.
        let said = made(&app.caseworker(), with(body.clone(), "/child/placeName", json!("Skäggetorp"))).await;
        assert!(said["child"].get("street").is_none(), "{said}");
        let timeline = app.caseworker().get(&format!("/people/{}/timeline", known["id"].as_str().unwrap())).await.expect(200);
        let received = timeline["items"].as_array().unwrap().iter().filter(|event| event["kind"] == "referral_received").count();
        assert_eq!(received, 2, "{timeline}");
        // Nobody whom one may not know of, and no number of somebody else.
        let stranger = app.reception_caseworker().post("/people", person()).await.expect(201);
        let refused = app.caseworker().post("/referrals", with(body.clone(), "/child/personId", stranger["id"].clone())).await;
        refused.problem(422, "unknown-reference");
        assert_eq!(refused.pointers(), ["#/child/personId"]);
        app.caseworker().patch(&crate::people::path(&known), json!({ "personalIdentityNumber": CHILD, "birthYear": null }), "*").await.expect(200);
        let wrong = app.caseworker().post("/referrals", with(body, "/child/personalIdentityNumber", json!("20030101-2381"))).await;
        assert_eq!(wrong.problem(422, "validation-failed")["errors"][0]["pointer"], "#/child/personalIdentityNumber");
        assert_eq!(app.stored_referrals().await, 2);
    }

    async fn what_comes_of_a_contact_names_one_that_one_knows(app: TestApp) {
        let worker = app.outreach_worker();
        let met = app.contact().await;
        let view = made(&worker, of_contact(&met)).await;
        assert_eq!(view["source"], json!({ "outreachContactId": met, "reporter": { "name": "outreach_worker@skaggetorp" } }));
        let elsewhere = app.staff("outreach_worker", &[RECEPTION]).post("/outreach-contacts", contact()).await.expect(201);
        let wrong = app.contact().await;
        worker.post(&format!("/outreach-contacts/{wrong}/enter-in-error"), json!({ "reason": "Fel dag." })).await.expect(200);
        for unknown in [elsewhere["id"].as_str().unwrap(), &wrong, "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"] {
            let refused = worker.post("/referrals", of_contact(unknown)).await;
            refused.problem(422, "unknown-reference");
            assert_eq!(refused.pointers(), ["#/source/outreachContactId"]);
        }
        let consent = json!({ "basis": "oral", "givenBy": ["guardian"], "givenOn": "2026-11-20", "scopes": ["referral"] });
        let internal = with(of_contact(&met), "/kind", json!("internal"));
        assert_eq!(worker.post("/referrals", internal.clone()).await.pointers(), ["#/consent"]);
        let agreed = made(&worker, with(internal, "/consent", consent.clone())).await;
        assert_eq!((&agreed["kind"], &agreed["consent"]), (&json!("internal"), &consent));
        assert!(agreed["source"].get("reporter").is_none());
    }

    async fn it_is_made_on_behalf_of_an_office_and_once(app: TestApp) {
        let two = app.staff("caseworker", &[SKAGGETORP, "bas-syd"]);
        assert_eq!(two.post("/referrals", private_report()).await.pointers(), ["#/officeId"]);
        let view = made(&two, with(private_report(), "/officeId", json!("bas-syd"))).await;
        assert_eq!(records(&app, &view).await[0]["officeId"], office(&app, "bas-syd").await["id"]);
        assert_eq!(two.post("/referrals", with(private_report(), "/officeId", json!(RECEPTION))).await.pointers(), ["#/officeId"]);
        app.staff("caseworker", &[]).post("/referrals", private_report()).await.problem(403, "no-office");
        let send = async |body: Value| app.caseworker().request(Method::POST, "/referrals").json(&body).header("idempotency-key", "a").send().await;
        let first = send(private_report()).await.expect(201);
        assert_eq!(send(private_report()).await.expect(201), first);
        send(anonymous()).await.problem(422, "idempotency-key-reused");
        assert_eq!(app.stored_referrals().await, 2);
        assert_eq!(recorded(&app, "referral.created.replayed").await.len(), 1);
    }
}
