//! The reports that siblings got of their own: what hides one hides the others, and the sender learns of none where the child lives.

use std::time::Duration;

use serde_json::{Value, json};

use crate::people::{cleared, recorded};
use crate::referrals::{office, partner_path, path, submit};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, with, without};
use crate::support::{Actor, Answer, Method, TestApp};

/// A report about Elias, at home in a street, with two siblings.
fn report() -> Value {
    let siblings = json!([{ "name": "Saga", "birthYear": 2016, "alsoConcerned": true }, { "name": "Love", "alsoConcerned": true }]);
    with(with(concern_report(), "/child/street", json!("Skogsvägen 77")), "/siblings", siblings)
}

async fn copy(actor: &Actor, referral: &Value, index: u16) -> Value {
    actor.post(&format!("{}/copy-for-sibling", path(referral)), json!({ "siblingIndex": index })).await.expect(201)
}

async fn correct(actor: &Actor, referral: &Value, patch: Value) -> Answer {
    actor.patch(&path(referral), patch, "*").await
}

async fn register(app: &TestApp) -> Value {
    app.caseworker().post("/people", json!({ "givenName": "Elias", "personalIdentityNumber": CHILD })).await.expect(201)
}

/// That none of these is there any more for those who are not cleared, and each is the reception's, at nobody's desk.
async fn are_hidden(app: &TestApp, referrals: &[&Value]) {
    let reception = office(app, RECEPTION).await["id"].clone();
    for referral in referrals {
        for uncleared in [app.caseworker(), app.team_lead(), app.reception_caseworker(), cleared(app, &[SKAGGETORP])] {
            uncleared.get(&path(referral)).await.problem(404, "not-found");
        }
        let read = app.protected_identity_caseworker().get(&path(referral)).await.expect(200);
        assert_eq!(
            (&read["officeId"], &read["routing"]["officeId"], read.get("assigneeId")),
            (&reception, &reception, None)
        );
        assert!(read["routing"].get("districtId").is_none(), "{read}");
    }
    assert_eq!(app.caseworker().get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
}

/// Forgets which reports are copies, and learns it again as the upgrade of an older database does.
async fn known_by_the_audit(app: &TestApp) {
    use diesel::prelude::*;
    let learn = |conn: &mut nara::db::DbConn| {
        let (forget, learn) = match conn {
            nara::db::DbConn::Sqlite(_) => {
                ("UPDATE referrals SET is_copy = 0", include_str!("../../migrations/sqlite/0009_sent_reports/up.sql"))
            }
            nara::db::DbConn::Postgres(_) => (
                "UPDATE referrals SET is_copy = FALSE",
                include_str!("../../migrations/postgres/0009_sent_reports/up.sql"),
            ),
        };
        let from = learn.find("UPDATE referrals").unwrap();
        let learn = learn[from..].split(';').next().unwrap();
        for change in [forget, learn] {
            nara::on_backend!(&mut *conn, conn => diesel::sql_query(change).execute(conn))?;
        }
        Ok(())
    };
    app.db().write(learn).await.unwrap();
}

async fn tell_no_home(app: &TestApp, referrals: &[&Value]) {
    for referral in referrals {
        let read = app.protected_identity_caseworker().get(&path(referral)).await.expect(200);
        for place in ["street", "placeName", "districtId", "postalCode", "locality"] {
            assert!(read["child"].get(place).is_none(), "{read}");
        }
    }
}

on_both_databases! {
    async fn who_is_protected_later_takes_the_siblings_reports_out_of_sight(app: TestApp) {
        let elias = register(&app).await;
        let first = submit(&app.school(), report()).await;
        let saga = copy(&app.caseworker(), &first, 0).await;
        // A copy of a copy belongs to them as well.
        let love = copy(&app.caseworker(), &saga, 1).await;
        let me = app.staff_id(&app.caseworker()).await;
        app.caseworker().post(&format!("{}/assign", path(&saga)), json!({ "assigneeId": me })).await.expect(200);
        let sent = app.school().get(&partner_path(&saga)).await;
        app.clock.advance(Duration::from_secs(60));
        let protected = json!({ "protection": "protected_registration" });
        assert_eq!(app.caseworker().patch(&crate::people::path(&elias), protected, "*").await.status, 204);
        are_hidden(&app, &[&first, &saga, &love]).await;
        tell_no_home(&app, &[&first, &saga, &love]).await;
        let history = app.protected_identity_caseworker().get(&format!("{}/history", path(&saga))).await.expect(200);
        assert_eq!(history["items"].as_array().unwrap().last().unwrap()["action"], "reroute");
        let rerouted = recorded(&app, "referral.rerouted").await;
        let named: usize = rerouted.iter().map(|(_, ids)| ids.as_array().unwrap().len()).sum();
        assert_eq!(named, 3, "{rerouted:?}");
        let read = app.school().get(&partner_path(&saga)).await;
        assert_eq!((read.expect(200), read.etag()), (sent.expect(200), sent.etag()), "the sender learns nothing");
    }

    async fn a_sibling_who_is_protected_hides_the_first_report_and_the_other_copies(app: TestApp) {
        let first = submit(&app.school(), report()).await;
        let (saga, love) = (copy(&app.caseworker(), &first, 0).await, copy(&app.caseworker(), &first, 1).await);
        assert_eq!(correct(&app.caseworker(), &saga, json!({ "child": { "protectedIdentity": "marked" } })).await.status, 204);
        are_hidden(&app, &[&first, &saga, &love]).await;
        let reception = app.protected_identity_caseworker();
        assert_eq!(reception.get(&path(&love)).await.expect(200)["child"]["street"], "Skogsvägen 77");
        // That Elias is protected as well tells nobody anything new of the others.
        let before = reception.get(&path(&love)).await.expect(200)["version"].clone();
        let elias = json!({ "personalIdentityNumber": CHILD, "protection": "marked" });
        reception.post("/people", elias).await.expect(201);
        assert_eq!(reception.get(&path(&love)).await.expect(200)["version"], before);
        // The stronger protection takes the home out of all.
        correct(&reception, &saga, json!({ "child": { "protectedIdentity": "protected_registration" } })).await.expect(200);
        tell_no_home(&app, &[&first, &saga, &love]).await;
        assert_eq!(reception.get(&path(&love)).await.expect(200)["child"]["protectedIdentity"], "marked");
        // What was hidden with another can be opened, and stays so when something else is corrected.
        correct(&reception, &love, json!({ "child": { "protectedIdentity": null } })).await.expect(200);
        correct(&reception, &saga, json!({ "urgency": "immediate" })).await.expect(200);
        app.reception_caseworker().get(&path(&love)).await.expect(200);
    }

    async fn a_sibling_who_is_known_here_is_known_to_the_reception_that_gets_the_report(app: TestApp) {
        let elias = register(&app).await;
        let first = submit(&app.school(), report()).await;
        let saga = copy(&app.caseworker(), &first, 0).await;
        let person = app.registered("/people", json!({ "givenName": "Saga" })).await;
        let family = app.registered("/families", json!({ "memberIds": [person] })).await;
        correct(&app.caseworker(), &saga, json!({ "child": { "personId": person } })).await.expect(200);
        let (there, theirs) = (format!("/people/{person}"), format!("/families/{family}"));
        assert_eq!(app.caseworker().get(&theirs).await.expect(200)["firstReachedThrough"], "referral");
        app.protected_identity_caseworker().get(&there).await.problem(404, "not-found");
        let protected = json!({ "protection": "marked" });
        assert_eq!(app.caseworker().patch(&crate::people::path(&elias), protected, "*").await.status, 204);
        are_hidden(&app, &[&first, &saga]).await;
        app.protected_identity_caseworker().get(&there).await.expect(200);
        app.reception_caseworker().get(&there).await.problem(404, "not-found");
        // Saga is not protected, and of the report nobody else may know.
        assert!(app.caseworker().get(&theirs).await.expect(200).get("firstReachedThrough").is_none());
    }

    async fn who_is_registered_as_protected_takes_the_siblings_reports_out_of_sight(app: TestApp) {
        let first = submit(&app.school(), report()).await;
        let saga = copy(&app.caseworker(), &first, 0).await;
        let hidden = json!({ "personalIdentityNumber": CHILD, "protection": "protected_registration" });
        cleared(&app, &["bas-syd"]).post("/people", hidden).await.expect(201);
        are_hidden(&app, &[&first, &saga]).await;
        tell_no_home(&app, &[&first, &saga]).await;
    }

    async fn the_sender_does_not_learn_by_a_siblings_report_where_the_child_lives(app: TestApp) {
        let first = submit(&app.school(), report()).await;
        let south = office(&app, "bas-syd").await;
        let districts = app.anyone().get("/districts?limit=100").await.expect(200)["items"].as_array().unwrap().clone();
        let there = districts.iter().find(|district| south["areaIds"].as_array().unwrap().contains(&district["areaId"]));
        let moved = json!({ "child": { "districtId": there.unwrap()["id"] } });
        correct(&app.caseworker(), &first, moved).await.expect(200);
        let saga = copy(&app.caseworker(), &first, 0).await;
        assert_ne!(saga["officeId"], office(&app, SKAGGETORP).await["id"], "it is where the child lives");
        assert_eq!(app.school().get(&partner_path(&saga)).await.expect(200)["office"], first["office"]);
    }

    async fn who_is_not_cleared_for_a_siblings_report_hears_no_more_of_it(app: TestApp) {
        let first = submit(&app.school(), without(report(), "/child/placeName")).await;
        let send = async || {
            let request = app.reception_caseworker().request(Method::POST, &format!("{}/copy-for-sibling", path(&first)));
            request.json(&json!({ "siblingIndex": 0 })).header("idempotency-key", "once").send().await
        };
        let saga = send().await.expect(201);
        assert_eq!(send().await.expect(201), saga);
        assert_eq!(correct(&app.reception_caseworker(), &saga, json!({ "child": { "protectedIdentity": "marked" } })).await.status, 204);
        // The first report may be opened again; the sibling's stays hidden.
        correct(&app.protected_identity_caseworker(), &first, json!({ "child": { "protectedIdentity": null } })).await.expect(200);
        app.reception_caseworker().get(&path(&first)).await.expect(200);
        send().await.problem(404, "not-found");
    }

    async fn the_police_and_an_association_learn_of_no_copy(app: TestApp) {
        for sender in [app.police(), app.association()] {
            let first = submit(&sender, report()).await;
            let asked = ["", "&senderReference=2026-117", "&status=received", "&changedFrom=2026-11-23T09:00:00Z"];
            let lists = async || {
                let mut lists = Vec::new();
                for question in asked {
                    let list = sender.get(&format!("/partner/referrals?total=true{question}")).await;
                    lists.push((list.etag(), list.expect(200)));
                }
                lists
            };
            let (before, receipt) = (lists().await, sender.get(&partner_path(&first)).await);
            app.clock.advance(Duration::from_secs(60));
            let saga = copy(&app.caseworker(), &first, 0).await;
            assert_eq!(lists().await, before);
            let now = sender.get(&partner_path(&first)).await;
            assert_eq!((now.etag(), now.expect(200)), (receipt.etag(), receipt.expect(200)));
            let there = partner_path(&saga);
            sender.get(&there).await.problem(404, "not-found");
            sender.get(&format!("{there}/messages")).await.problem(404, "not-found");
            for (below, body) in [("supplements", json!({ "text": "Mer." })), ("messages", json!({ "text": "Mer." })), ("request-feedback", json!({}))] {
                sender.post(&format!("{there}/{below}"), body).await.problem(404, "not-found");
            }
            // So the office writes to nobody about it, and is offered nothing of the kind.
            let read = app.team_lead().get(&path(&saga)).await;
            assert!(read.link("partner-view").is_none() && read.link("request-information").is_none(), "{read:?}");
            app.team_lead().get(&format!("{}/partner-view", path(&saga))).await.problem(409, "no-sender");
            app.steps(&app.team_lead(), saga["id"].as_str().unwrap(), "request-information").await.problem(409, "no-sender");
            app.team_lead().post(&format!("{}/messages", path(&saga)), json!({ "text": "Hej." })).await.problem(409, "no-sender");
            app.team_lead().get(&format!("{}/partner-view", path(&first))).await.expect(200);
            // What staff asked before anybody knew that it was a copy is no reason to show it either.
            known_by_the_audit(&app).await;
            assert_eq!(lists().await, before);
        }
        // To whom the decision may be told, so may the copy.
        let first = submit(&app.school(), report()).await;
        let saga = copy(&app.caseworker(), &first, 0).await;
        app.school().get(&partner_path(&saga)).await.expect(200);
        assert_eq!(app.school().get("/partner/referrals?total=true").await.expect(200)["_meta"]["totalRecords"], 2);
    }

    async fn who_asked_for_feedback_later_gets_it_for_the_sibling_too(app: TestApp) {
        let first = submit(&app.school(), with(report(), "/feedbackRequested", json!(false))).await;
        app.school().post(&format!("{}/request-feedback", partner_path(&first)), json!({})).await.expect(200);
        let saga = copy(&app.caseworker(), &first, 0).await;
        assert_eq!(saga["feedback"]["requested"], true, "{saga}");
        assert_eq!(app.school().get(&partner_path(&saga)).await.expect(200)["feedback"], json!({ "requested": true }));
    }
}
