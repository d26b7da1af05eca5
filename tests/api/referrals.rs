//! The first journey: a school writes about a child, the office that serves the child's district reads it, and nobody else does.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, support_request, with, without};
use crate::support::{Actor, Answer, TestApp};

/// Submits, and gives the receipt.
pub async fn submit(sender: &Actor, body: Value) -> Value {
    sender.post("/partner/referrals", body).await.expect(201)
}

/// Where staff read what a receipt is about.
pub fn path(receipt: &Value) -> String {
    format!("/referrals/{}", receipt["id"].as_str().unwrap())
}

/// Where its sender does.
pub fn partner_path(receipt: &Value) -> String {
    format!("/partner/referrals/{}", receipt["id"].as_str().unwrap())
}

pub async fn office(app: &TestApp, slug: &str) -> Value {
    app.anyone().get(&format!("/offices/{slug}")).await.expect(200)
}

fn ids(list: &Answer) -> Vec<Value> {
    list.expect(200)["items"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect()
}

on_both_databases! {
    async fn a_school_gets_a_receipt_with_all_that_it_may_know(app: TestApp) {
        let answer = app.school().post("/partner/referrals", concern_report()).await;
        let receipt = answer.expect(201);
        let id = receipt["id"].as_str().unwrap();
        assert!(answer.header("location").unwrap().ends_with(&format!("/nara/v1/partner/referrals/{id}")));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let reference = receipt["reference"].as_str().unwrap();
        assert!(reference.len() == 11 && reference.starts_with("R-") && reference.as_bytes()[6] == b'-', "{reference}");
        assert_eq!(receipt["senderReference"], "2026-117");
        assert_eq!(receipt["kind"], "concern_report");
        assert_eq!(receipt["status"], "received");
        assert_eq!(receipt["receivedAt"], "2026-11-23T09:00:00Z");
        assert_eq!(receipt["office"], json!({"name": {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}}));
        assert!(receipt["nextStep"]["sv"].as_str().unwrap().contains("bedömer genast"));
        assert_eq!(receipt["deadlines"], json!([{"kind": "inquiry_decision", "dueAt": "2026-12-07T23:00:00Z", "legalBasisId": "sol-20-2"}]));
        assert_eq!(receipt["feedback"], json!({"requested": true}));
        assert_eq!(receipt["updatedAt"], receipt["receivedAt"]);
        let links: Vec<&str> = receipt["_links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap()).collect();
        assert_eq!(links, ["self", "messages", "supplements", "messages"]);
        assert_eq!(answer.link("self"), Some(partner_path(&receipt)));
        let mut fields: Vec<&String> = receipt.as_object().unwrap().keys().collect();
        fields.sort_unstable();
        let expected = ["_links", "deadlines", "feedback", "id", "kind", "nextStep", "office", "receivedAt", "reference", "senderReference", "status", "updatedAt"];
        assert_eq!(fields, expected);
    }

    async fn the_sender_reads_again_what_the_receipt_said(app: TestApp) {
        for body in [concern_report(), support_request(), with(concern_report(), "/urgency", json!("immediate"))] {
            let receipt = app.school().post("/partner/referrals", body).await;
            let read = app.school().get(&partner_path(&receipt.json())).await;
            assert_eq!(read.expect(200), receipt.expect(201));
            assert_eq!(read.etag(), receipt.etag());
            assert_eq!(read.header("cache-control"), Some("no-store"));
        }
    }

    async fn another_agency_does_not_learn_that_it_exists(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let unknown = app.police().get("/partner/referrals/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e").await.problem(404, "not-found");
        for other in [app.police(), app.healthcare(), app.association()] {
            let problem = other.get(&partner_path(&receipt)).await.problem(404, "not-found");
            assert_eq!((&problem["title"], &problem["detail"]), (&unknown["title"], &unknown["detail"]));
        }
    }

    async fn the_police_and_an_association_learn_that_it_was_received_and_no_more(app: TestApp) {
        for sender in [app.police(), app.association()] {
            let receipt = submit(&sender, concern_report()).await;
            assert_eq!(receipt["status"], "received");
            assert!(receipt.get("feedback").is_none());
            assert_eq!(receipt["deadlines"], json!([]));
        }
        let receipt = submit(&app.healthcare(), without(concern_report(), "/feedbackRequested")).await;
        assert_eq!(receipt["feedback"], json!({"requested": false}));
        assert_eq!(receipt["deadlines"][0]["kind"], "inquiry_decision");
    }

    async fn a_receipt_of_a_support_request_promises_no_inquiry(app: TestApp) {
        let receipt = submit(&app.school(), support_request()).await;
        assert_eq!(receipt["kind"], "support_request");
        assert_eq!(receipt["deadlines"], json!([]));
        assert!(receipt.get("feedback").is_none());
        let urgent = submit(&app.school(), with(concern_report(), "/urgency", json!("immediate"))).await;
        assert!(urgent["nextStep"]["sv"].as_str().unwrap().contains("112"));
    }

    async fn a_caseworker_of_the_childs_district_reads_it_whole(app: TestApp) {
        let extra = json!({
            "acuteDanger": false, "suspectedViolence": true, "protectiveFactors": "En trygg mormor.", "existingSupport": "Kurator.",
            "considerBeforeContact": "Ring inte hem.", "willingToMeet": true,
        });
        let mut body = concern_report();
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body["child"]["street"] = json!("Nygatan 1");
        body["child"]["whereNow"] = json!("I skolan");
        body["child"]["interpreterLanguage"] = json!("so");
        body["child"]["knowsOfReport"] = json!(false);
        body["guardiansInformed"] = json!({"informed": "not_appropriate", "reason": "Misstänkt våld."});
        let receipt = submit(&app.school(), body.clone()).await;
        assert_eq!(ids(&app.caseworker().get("/referrals").await), [receipt["id"].clone()]);

        let answer = app.caseworker().get(&path(&receipt)).await;
        let read = answer.expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.link("self"), Some(path(&receipt)));
        for (field, value) in body.as_object().unwrap() {
            match field.as_str() {
                "reporter" | "senderReference" => assert_eq!(read["source"][field], *value),
                _ => assert_eq!(read[field], *value, "{field}"),
            }
        }
        assert!(read["source"]["partnerId"].is_string());
        assert_eq!(read["reference"], receipt["reference"]);
        assert_eq!(read["status"], "received");
        assert_eq!(read["version"], 1);
        for at in ["receivedAt", "createdAt", "updatedAt"] {
            assert_eq!(read[at], "2026-11-23T09:00:00Z");
        }
        assert!(read.get("assigneeId").is_none());
        assert_eq!(read["officeId"], office(&app, SKAGGETORP).await["id"]);
    }

    async fn a_support_request_is_read_whole_too(app: TestApp) {
        let service = app.anyone().get("/services/stodjande-insatser").await.expect(200)["id"].clone();
        let body = with(support_request(), "/requestedServiceIds", json!([service]));
        let receipt = submit(&app.school(), body.clone()).await;
        let read = app.caseworker().get(&path(&receipt)).await.expect(200);
        for field in ["kind", "consent", "requestedServiceIds", "guardians", "child"] {
            assert_eq!(read[field], body[field], "{field}");
        }
        assert_eq!(read["feedbackRequested"], false);
        assert_eq!(read["deadlines"], json!([]));
        assert!(read.get("nextDueAt").is_none());
    }

    async fn colleagues_of_the_office_read_it_and_nobody_else_does(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        for colleague in [app.caseworker(), app.qualified_caseworker(), app.team_lead(), app.staff("caseworker", &[RECEPTION, SKAGGETORP])] {
            colleague.get(&path(&receipt)).await.expect(200);
            assert_eq!(ids(&colleague.get("/referrals").await), [receipt["id"].clone()]);
        }
        // An outreach worker reads the referrals that they made, and this is none.
        let elsewhere = [
            app.reception_caseworker(),
            app.protected_identity_caseworker(),
            app.outreach_worker(),
            app.staff("team_lead", &["bas-syd"]),
            app.staff("caseworker", &[]),
            app.staff("caseworker", &["no-such-office"]),
        ];
        let unknown = app.caseworker().get("/referrals/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e").await.problem(404, "not-found");
        for stranger in elsewhere {
            let problem = stranger.get(&path(&receipt)).await.problem(404, "not-found");
            assert_eq!((&problem["title"], &problem["detail"]), (&unknown["title"], &unknown["detail"]));
            let list = stranger.get("/referrals?total=true").await;
            assert_eq!(ids(&list), [Value::Null; 0]);
            assert_eq!(list.json()["_meta"]["totalRecords"], 0);
        }
        for role in [app.administrator(), app.auditor(), app.analyst()] {
            role.get(&path(&receipt)).await.problem(403, "forbidden");
            role.get("/referrals").await.problem(403, "forbidden");
        }
        app.anyone().get(&path(&receipt)).await.problem(401, "unauthenticated");
        app.school().get(&path(&receipt)).await.problem(401, "unauthenticated");
        app.caseworker().get(&partner_path(&receipt)).await.problem(401, "unauthenticated");
        for malformed in ["R-7K3M-9QF2", "1", "01935b7e8c007a3e9d526f1c2b3a4d5e"] {
            app.caseworker().get(&format!("/referrals/{malformed}")).await.problem(404, "not-found");
        }
    }

    async fn the_clocks_run_from_the_receipt(app: TestApp) {
        // A Thursday; two weeks later is New Year's Eve, which rolls over the weekend to Monday.
        app.clock.set("2026-12-17T22:59:30Z");
        let receipt = submit(&app.school(), concern_report()).await;
        let read = app.caseworker().get(&path(&receipt)).await.expect(200);
        assert_eq!(read["deadlines"], json!([
            {"kind": "protection_assessment", "dueAt": "2026-12-18T22:59:30Z", "overdue": false, "legalBasisId": "linkoping-protection-24h"},
            {"kind": "inquiry_decision", "dueAt": "2026-12-31T23:00:00Z", "rolledDueAt": "2027-01-04T23:00:00Z", "overdue": false, "legalBasisId": "sol-20-2"},
        ]));
        assert_eq!(read["nextDueAt"], "2026-12-18T22:59:30Z");
        // Half a minute later it is Friday in Linköping.
        app.clock.set("2026-12-17T23:00:00Z");
        let later = submit(&app.school(), concern_report()).await;
        let read = app.caseworker().get(&path(&later)).await.expect(200);
        assert_eq!(read["deadlines"][1]["dueAt"], "2027-01-01T23:00:00Z");
        assert_eq!(later["deadlines"][0]["dueAt"], "2027-01-01T23:00:00Z");
    }

    async fn a_deadline_that_has_passed_is_overdue(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let overdue = async || {
            let single = app.caseworker().get(&path(&receipt)).await.expect(200);
            let row = app.caseworker().get("/referrals").await.expect(200)["items"][0]["overdue"].clone();
            [single["deadlines"][0]["overdue"].clone(), single["deadlines"][1]["overdue"].clone(), row]
        };
        for (time, expected) in [
            ("2026-11-24T08:59:59Z", [false, false, false]),
            // What is due at a moment is in time at that moment.
            ("2026-11-24T09:00:00Z", [false, false, false]),
            ("2026-11-24T09:00:00.000001Z", [true, false, true]),
            ("2026-12-07T23:00:01Z", [true, true, true]),
        ] {
            app.clock.set(time);
            assert_eq!(overdue().await, expected, "{time}");
        }
        // The sender's view does not move.
        assert_eq!(app.school().get(&partner_path(&receipt)).await.expect(200), receipt);
    }

    async fn every_reading_is_recorded_and_no_record_holds_anything_personal(app: TestApp) {
        let tick = || app.clock.advance(std::time::Duration::from_secs(1));
        let receipt = submit(&app.school(), concern_report()).await;
        tick();
        let other = submit(&app.school(), concern_report()).await;
        tick();
        app.caseworker().get("/referrals").await.expect(200);
        tick();
        app.caseworker().get(&path(&receipt)).await.expect(200);
        tick();
        app.caseworker().get("/referrals?kind=support_request").await.expect(200);
        tick();
        app.school().get(&partner_path(&other)).await.expect(200);
        let mut audit = app.audit().await;
        audit.retain(|(_, action, _)| action != "directory.imported");
        let who = |actor: &str| actor.split(':').next().unwrap().to_owned();
        let told: Vec<(String, &str, Value)> = audit.iter().map(|(actor, action, ids)| (who(actor), action.as_str(), ids.clone())).collect();
        let [one, two] = [&receipt["id"], &other["id"]];
        let expected = [
            ("partner", "referral.received", json!([one])),
            ("partner", "referral.received", json!([two])),
            ("staff", "referral.listed", json!([two, one])),
            ("staff", "referral.read", json!([one])),
            ("staff", "referral.listed", json!([])),
            ("partner", "referral.read", json!([two])),
        ];
        assert_eq!(told, expected.map(|(who, action, ids)| (who.to_owned(), action, ids)));
        let text = format!("{audit:?}");
        for personal in ["Elias", "Påhittad", CHILD, "20130315", "Rektor", "caseworker", "2026-117", receipt["reference"].as_str().unwrap()] {
            assert!(!text.contains(personal), "{personal}");
        }
    }

    async fn two_submissions_have_different_references(app: TestApp) {
        let one = submit(&app.school(), concern_report()).await;
        let two = submit(&app.school(), concern_report()).await;
        assert_ne!(one["reference"], two["reference"]);
        assert_ne!(one["id"], two["id"]);
        assert_eq!(app.stored_referrals().await, 2);
    }

    async fn of_many_who_submit_at_once_none_is_lost(app: TestApp) {
        let senders = [app.school(), app.police(), app.healthcare(), app.association()];
        let submits = (0..64).map(|number: usize| {
            let body = with(concern_report(), "/senderReference", json!(format!("{number}")));
            submit(&senders[number % 4], body)
        });
        let receipts = join_all(submits).await;
        let mut references: Vec<&str> = receipts.iter().map(|receipt| receipt["reference"].as_str().unwrap()).collect();
        references.sort_unstable();
        references.dedup();
        assert_eq!(references.len(), 64);
        assert_eq!(app.stored_referrals().await, 64);
        let list = app.caseworker().get("/referrals?limit=100&total=true").await;
        assert_eq!(list.json()["_meta"]["totalRecords"], 64);
        let listed = ids(&list);
        assert!(receipts.iter().all(|receipt| listed.contains(&receipt["id"])));
        for (number, receipt) in receipts.iter().enumerate() {
            assert_eq!(receipt["senderReference"], format!("{number}"), "everyone gets the receipt of their own");
        }
    }
}
