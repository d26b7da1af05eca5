//! What the sender of a referral sees of what becomes of it, over HTTP: the table, and that nothing else moves anything.

use std::time::Duration;

use serde_json::{Value, json};

use crate::referrals::partner_path;
use crate::support::app::RECEPTION;
use crate::support::fixtures::{concern_report, support_request, with};
use crate::support::{Actor, Answer, TestApp};

/// A request whose family lets the sender know nothing of how it goes.
fn silent_request() -> Value {
    with(support_request(), "/consent/scopes", json!(["referral"]))
}

async fn sent(app: &TestApp, sender: &Actor, body: Value) -> (String, String) {
    let receipt = sender.post("/partner/referrals", body).await.expect(201);
    app.clock.advance(Duration::from_secs(60));
    (receipt["id"].as_str().unwrap().to_owned(), partner_path(&receipt))
}

/// Does it a minute later.
async fn step(app: &TestApp, id: &str, action: &str) {
    app.clock.advance(Duration::from_secs(60));
    app.step(id, action).await;
}

/// All that a sender can tell one answer from another by.
fn seen(answer: &Answer) -> (String, Value) {
    (answer.etag(), answer.expect(200))
}

on_both_databases! {
    async fn who_may_know_how_a_request_goes_is_told_each_step(app: TestApp) {
        for (steps, told) in [
            (&["accept", "start", "hold", "resume", "complete"][..], &["accepted", "started", "on_hold", "started", "completed"][..]),
            (&["request-information", "supply-information", "decline"], &["information_requested", "received", "declined"]),
            (&["accept", "record-family-declined", "reopen"], &["accepted", "declined_by_family", "received"]),
            (&["accept", "log-attempt", "log-attempt", "log-attempt", "record-not-reached"], &["accepted", "accepted", "accepted", "accepted", "not_reached"]),
            (&["withdraw-consent"], &["handled"]),
            (&["mark-duplicate"], &["handled"]),
            (&["enter-in-error"], &["handled"]),
        ] {
            let (id, path) = sent(&app, &app.school(), support_request()).await;
            for (action, expected) in steps.iter().zip(told) {
                let before = seen(&app.school().get(&path).await);
                step(&app, &id, action).await;
                let after = seen(&app.school().get(&path).await);
                assert_eq!(after.1["status"], *expected, "{action}");
                let has_moved = before.1["status"] != after.1["status"];
                assert_eq!(before.0 != after.0, has_moved, "{action}");
                assert_eq!(after.1["updatedAt"] == json!(app.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)), has_moved, "{action}: {after:?}");
            }
        }
    }

    async fn who_may_not_is_told_that_it_was_handled_at_its_end_and_nothing_before(app: TestApp) {
        for (steps, end) in [
            (&["assign", "accept", "log-attempt", "start", "hold", "resume"][..], "complete"),
            (&["accept"], "record-family-declined"),
            (&["accept", "log-attempt", "log-attempt", "log-attempt"], "record-not-reached"),
            (&[], "decline"),
            (&[], "mark-duplicate"),
            (&[], "enter-in-error"),
            (&["accept"], "withdraw-consent"),
        ] {
            let (id, path) = sent(&app, &app.school(), silent_request()).await;
            let first = seen(&app.school().get(&path).await);
            for action in steps {
                step(&app, &id, action).await;
                assert_eq!(seen(&app.school().get(&path).await), first, "{action}");
            }
            step(&app, &id, end).await;
            let handled = app.school().get(&path).await.expect(200);
            assert_eq!(handled["status"], "handled", "{end}");
            assert_eq!(handled.get("turnTo"), None, "{end}");
        }
    }

    async fn who_may_not_know_the_end_cannot_tell_a_decline_from_another_end(app: TestApp) {
        let mut seen = Vec::new();
        for (steps, end) in [(&[][..], "decline"), (&["accept", "start"], "complete"), (&[], "mark-duplicate")] {
            let (id, path) = sent(&app, &app.school(), silent_request()).await;
            for action in steps {
                step(&app, &id, action).await;
            }
            step(&app, &id, end).await;
            let receipt = app.school().get(&path).await.expect(200);
            let view = app.team_lead().get(&format!("/referrals/{id}/partner-view")).await.expect(200);
            assert_eq!(view["receipt"], receipt);
            assert!(view["withheld"].to_string().contains("vart man kan vända sig i stället"), "{view}");
            let list = app.school().get("/partner/referrals?status=handled").await.expect(200);
            assert!(list["items"].as_array().unwrap().contains(&receipt));
            assert_eq!(app.school().get("/partner/referrals?status=declined").await.expect(200)["items"], json!([]));
            assert_eq!(app.school().get(&format!("{path}/messages")).await.expect(200)["items"], json!([]));
            // What differs by its nature.
            let mut same = receipt;
            for field in ["id", "reference", "receivedAt", "updatedAt", "_links"] {
                same.as_object_mut().unwrap().remove(field);
            }
            seen.push(same);
        }
        assert!(seen.iter().all(|same| *same == seen[0]), "{seen:?}");
    }

    async fn a_request_that_is_passed_on_shows_its_new_office_to_who_may_know(app: TestApp) {
        let (id, path) = sent(&app, &app.school(), support_request()).await;
        step(&app, &id, "redirect").await;
        let receipt = app.school().get(&path).await.expect(200);
        let office = app.anyone().get(&format!("/offices/{RECEPTION}")).await.expect(200);
        assert_eq!((&receipt["status"], &receipt["office"]["name"]), (&json!("redirected"), &office["name"]));
        let lead = app.staff("team_lead", &[RECEPTION]);
        let office_id = app.office_id("skaggetorp").await;
        let declined = json!({ "reasonCode": "outside_area", "turnTo": { "officeId": office_id } });
        lead.post(&format!("/referrals/{id}/decline"), declined).await.expect(200);
        let receipt = app.school().get(&path).await.expect(200);
        let turn_to = app.anyone().get("/offices/skaggetorp").await.expect(200);
        assert_eq!(receipt["turnTo"], json!({ "office": { "name": turn_to["name"] } }), "{receipt}");

        let (id, path) = sent(&app, &app.school(), silent_request()).await;
        let first = seen(&app.school().get(&path).await);
        step(&app, &id, "redirect").await;
        assert_eq!(seen(&app.school().get(&path).await), first);
    }

    async fn a_reporter_by_duty_sees_nothing_move_until_the_office_tells(app: TestApp) {
        let (id, path) = sent(&app, &app.school(), concern_report()).await;
        let first = seen(&app.school().get(&path).await);
        assert_eq!(first.1["deadlines"][0]["dueAt"], "2026-12-07T23:00:00Z");
        for action in ["assess-protection", "assign", "extend-deadline", "redirect"] {
            step(&app, &id, action).await;
            assert_eq!(seen(&app.school().get(&path).await), first, "{action}");
        }
        let there = app.with_claims(with(crate::support::credentials::claims("lead@there", "team_lead", &[RECEPTION]), "/qualified", json!(true)));
        for decision in ["do_not_open", "already_ongoing", "open_inquiry"] {
            there.post(&format!("/referrals/{id}/decide-inquiry"), json!({ "decision": decision, "rationale": "Hemligt skäl.", "caseReference": "SN 2026-1" })).await.expect(200);
            let before = seen(&app.school().get(&path).await);
            assert!(before.1["feedback"].get("value") != Some(&json!(decision)));
            app.clock.advance(Duration::from_secs(60));
            there.post(&format!("/referrals/{id}/send-feedback"), json!({})).await.expect(200);
            let told = seen(&app.school().get(&path).await);
            let value = match decision { "do_not_open" => "not_opened", "open_inquiry" => "opened", other => other };
            assert_eq!((&told.1["feedback"]["value"], &told.1["status"]), (&json!(value), &json!("received")));
            assert_eq!(told.1["feedback"]["sentAt"], told.1["updatedAt"]);
            assert_ne!(told.0, before.0);
            assert!(!told.1.to_string().contains("SN 2026-1") && !told.1.to_string().contains("Hemligt"));
            there.post(&format!("/referrals/{id}/reopen"), json!({ "reason": "Nya uppgifter." })).await.expect(200);
            assert_eq!(seen(&app.school().get(&path).await), told, "what was told was told");
        }
    }

    async fn a_refusal_to_tell_is_not_told(app: TestApp) {
        let (id, path) = sent(&app, &app.school(), concern_report()).await;
        let first = seen(&app.school().get(&path).await);
        for action in ["assess-protection", "decide-inquiry", "refuse-feedback", "reopen", "enter-in-error"] {
            step(&app, &id, action).await;
            assert_eq!(seen(&app.school().get(&path).await), first, "{action}");
        }
    }

    async fn the_police_and_an_association_see_nothing_of_a_decision(app: TestApp) {
        for sender in [app.police(), app.association()] {
            let (id, path) = sent(&app, &sender, concern_report()).await;
            let first = seen(&sender.get(&path).await);
            for action in ["assess-protection", "decide-inquiry"] {
                step(&app, &id, action).await;
            }
            app.steps(&app.team_lead(), &id, "send-feedback").await.problem(409, "feedback-not-for-sender");
            let office = app.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
            assert_eq!(office["nextDueAt"], Value::Null, "no clock runs for what nobody is told");
            assert_eq!(seen(&sender.get(&path).await), first);
            assert!(first.1.get("feedback").is_none() && first.1["deadlines"] == json!([]), "{first:?}");
            sender.post(&format!("{path}/supplements"), json!({ "text": "Mer." })).await.expect(201);
            assert_eq!(seen(&sender.get(&path).await), first);
        }
    }

    async fn a_question_is_told_to_every_sender(app: TestApp) {
        for (sender, body) in [(app.police(), concern_report()), (app.school(), concern_report()), (app.association(), silent_request())] {
            let (id, path) = sent(&app, &sender, body).await;
            let first = sender.get(&path).await.expect(200);
            step(&app, &id, "request-information").await;
            let asked = sender.get(&path).await.expect(200);
            assert_eq!(asked["status"], "information_requested");
            assert!(asked["nextStep"] != first["nextStep"] && asked["updatedAt"] != first["updatedAt"]);
        }
    }

    async fn the_office_sees_exactly_what_the_sender_sees_and_what_is_withheld(app: TestApp) {
        for (body, actions, withheld) in [
            (concern_report(), &["assess-protection", "decide-inquiry"][..], &["har inte informerat ännu"][..]),
            (concern_report(), &["assess-protection", "decide-inquiry", "refuse-feedback"], &["beslutat att inte informera"]),
            (concern_report(), &["assess-protection", "decide-inquiry", "send-feedback"], &[]),
            (concern_report(), &["assess-protection", "decide-inquiry", "send-feedback", "reopen", "decide-inquiry"], &["har inte informerat ännu"]),
            (concern_report(), &["assess-protection", "decide-inquiry", "send-feedback", "reopen", "decide-inquiry", "refuse-feedback"], &["beslutat att inte informera"]),
            (support_request(), &["accept", "start"], &[]),
            (silent_request(), &["accept", "start"], &["samtycke"]),
        ] {
            let (id, path) = sent(&app, &app.school(), body).await;
            for action in actions {
                step(&app, &id, action).await;
            }
            let answer = app.caseworker().get(&format!("/referrals/{id}/partner-view")).await;
            let view = answer.expect(200);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(view["receipt"], app.school().get(&path).await.expect(200));
            let grounds: Vec<&str> = view["withheld"].as_array().unwrap().iter().map(|held| held["ground"]["sv"].as_str().unwrap()).collect();
            assert_eq!(grounds.len(), withheld.len() + 1, "{grounds:?}");
            assert!(grounds[0].contains("26 kap. 1 §"));
            for (ground, expected) in grounds[1..].iter().zip(withheld) {
                assert!(ground.contains(expected), "{grounds:?}");
            }
            let audit = app.audit().await;
            assert!(audit.iter().any(|(_, action, about)| action == "referral.partner_view_read" && *about == json!([id])));
        }
        let (id, _) = sent(&app, &app.police(), concern_report()).await;
        step(&app, &id, "redirect").await;
        let view = app.reception_caseworker().get(&format!("/referrals/{id}/partner-view")).await.expect(200);
        let text = view["withheld"].to_string();
        assert!(text.contains("detta slag av verksamhet") && text.contains("Vilket kontor som har det nu") && text.contains("sol-19-6"), "{text}");
        let (id, _) = sent(&app, &app.association(), concern_report()).await;
        let view = app.caseworker().get(&format!("/referrals/{id}/partner-view")).await.expect(200);
        assert!(view["withheld"].to_string().contains("Endast den som anmält enligt anmälningsskyldigheten"), "{view}");
    }

    async fn a_referral_that_no_agency_has_sent_has_no_sender_to_look_over_the_shoulder_of(app: TestApp) {
        let contact = with(
            with(crate::support::fixtures::contact(), "/urgency", json!("immediate")),
            "/child",
            json!({ "givenName": "Elias", "birthYear": 2013, "placeName": "Skäggetorp" }),
        );
        let contact = app.caseworker().post("/outreach-contacts", contact).await.expect(201);
        let path = format!("/referrals/{}", contact["referralId"].as_str().unwrap());
        let referral = app.caseworker().get(&path).await;
        assert!(referral.link("partner-view").is_none() && referral.link("messages").is_some());
        app.caseworker().get(&format!("{path}/partner-view")).await.problem(409, "no-sender");
    }

    async fn a_receipt_offers_what_its_key_may_do_now(app: TestApp) {
        let rels = |receipt: &Value| -> Vec<String> {
            let links = receipt["_links"].as_array().unwrap().iter();
            links.map(|link| format!("{} {}", link["method"].as_str().unwrap(), link["rel"].as_str().unwrap())).collect()
        };
        let all = ["GET self", "GET messages", "POST supplements", "POST messages", "POST withdraw"];
        let (id, path) = sent(&app, &app.school(), support_request()).await;
        assert_eq!(rels(&app.school().get(&path).await.expect(200)), all);
        let key = json!({ "label": "Läser bara", "scopes": ["referrals:read"] });
        let key = app.administrator().post("/partners/school/api-keys", key).await.expect(201);
        let reader = app.with_key(key["secret"].as_str().unwrap());
        assert_eq!(rels(&reader.get(&path).await.expect(200)), ["GET self", "GET messages"]);
        for below in ["withdraw", "supplements", "messages", "request-feedback"] {
            reader.post(&format!("{path}/{below}"), json!({})).await.problem(403, "forbidden");
        }
        step(&app, &id, "decline").await;
        assert_eq!(rels(&app.school().get(&path).await.expect(200)), all[..4]);
        let (_, path) = sent(&app, &app.school(), with(concern_report(), "/feedbackRequested", json!(false))).await;
        let report = app.school().get(&path).await;
        assert_eq!(rels(&report.expect(200)), ["GET self", "GET messages", "POST supplements", "POST messages", "POST request-feedback"]);
        let ask = report.link("request-feedback").unwrap();
        app.school().post(&ask, json!({})).await.expect(200);
        assert_eq!(app.school().get(&path).await.link("request-feedback"), None);
    }
}
