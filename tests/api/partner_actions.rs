//! What the sender of a referral does with it: takes a request back, asks for feedback; and what comes of it when the office acts in the
//! same moment.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::RECEPTION;
use crate::support::fixtures::{concern_report, support_request, with, without};
use crate::support::{Actor, Answer, Method, TestApp};

fn below(id: &str, what: &str) -> String {
    format!("/partner/referrals/{id}/{what}")
}

async fn matching(actor: &Actor, path: &str, body: Value, etag: &str) -> Answer {
    actor.request(Method::POST, path).header("if-match", etag).json(&body).send().await
}

fn allowed(answer: &Answer) -> Value {
    answer.json()["allowedActions"].clone()
}

async fn feedback_deadline(app: &TestApp, id: &str) -> Option<Value> {
    let referral = app.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
    let deadlines = referral["deadlines"].as_array().unwrap().iter();
    deadlines.filter(|deadline| deadline["kind"] == "feedback").map(|deadline| deadline["dueAt"].clone()).next()
}

fn unasked() -> Value {
    without(concern_report(), "/feedbackRequested")
}

on_both_databases! {
    async fn a_request_is_taken_back_in_any_open_state(app: TestApp) {
        for actions in [&[][..], &["request-information"], &["accept"], &["accept", "start"], &["accept", "hold"]] {
            for body in [support_request(), with(support_request(), "/consent/scopes", json!(["referral"]))] {
                let id = app.submitted(body).await;
                for action in actions {
                    app.step(&id, action).await;
                }
                app.clock.advance(Duration::from_secs(60));
                let answer = app.school().post(&below(&id, "withdraw"), json!({ "reason": "Familjen har fått stöd av oss." })).await;
                let receipt = answer.expect(200);
                assert_eq!(receipt["status"], "withdrawn", "{actions:?}");
                let read = app.school().get(&format!("/partner/referrals/{id}")).await;
                assert_eq!((read.expect(200), read.etag()), (receipt, answer.etag()));
                let referral = app.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
                assert_eq!((&referral["status"], &referral["nextDueAt"]), (&json!("withdrawn"), &Value::Null));
                let history = app.caseworker().get(&format!("/referrals/{id}/history")).await.expect(200);
                let last = history["items"].as_array().unwrap().last().unwrap().clone();
                assert_eq!((&last["action"], &last["to"], &last["reason"]), (&json!("withdraw"), &json!("withdrawn"), &json!("Familjen har fått stöd av oss.")));
                assert!(last["by"].as_str().unwrap().starts_with("partner:"));
                let again = app.school().post(&below(&id, "withdraw"), json!({})).await;
                again.problem(409, "action-not-allowed");
                assert_eq!(allowed(&again), json!(["supplements", "messages"]));
            }
        }
        let recorded = app.audit_actions().await;
        assert_eq!(recorded.iter().filter(|action| *action == "referral.withdrawn").count(), 10);
    }

    async fn what_is_at_its_end_and_a_concern_report_is_not_taken_back(app: TestApp) {
        let report = app.submitted(unasked()).await;
        let refused = app.school().post(&below(&report, "withdraw"), json!({})).await;
        refused.problem(409, "action-not-allowed");
        assert_eq!(allowed(&refused), json!(["supplements", "messages", "request-feedback"]));
        assert_eq!(app.caseworker().get(&format!("/referrals/{report}")).await.expect(200)["version"], 1);
        for action in ["decline", "mark-duplicate", "withdraw-consent", "enter-in-error"] {
            let id = app.submitted(support_request()).await;
            app.step(&id, action).await;
            app.school().post(&below(&id, "withdraw"), json!({})).await.problem(409, "action-not-allowed");
        }
    }

    async fn feedback_that_is_asked_for_before_the_decision_is_due_within_a_week_of_it(app: TestApp) {
        let id = app.submitted(unasked()).await;
        app.clock.advance(Duration::from_secs(60));
        let asked = app.school().post(&below(&id, "request-feedback"), json!({})).await.expect(200);
        assert_eq!((&asked["feedback"], &asked["updatedAt"]), (&json!({ "requested": true }), &json!("2026-11-23T09:01:00Z")));
        assert_eq!(app.caseworker().get(&format!("/referrals/{id}")).await.expect(200)["feedback"]["requested"], true);
        assert_eq!(feedback_deadline(&app, &id).await, None);
        app.clock.advance(Duration::from_secs(60));
        for action in ["assess-protection", "decide-inquiry"] {
            app.step(&id, action).await;
        }
        assert_eq!(feedback_deadline(&app, &id).await, Some(json!("2026-11-30T23:00:00Z")));
        let twice = app.school().post(&below(&id, "request-feedback"), json!({})).await;
        twice.problem(409, "action-not-allowed");
        assert_eq!(allowed(&twice), json!(["supplements", "messages"]));
        app.step(&id, "send-feedback").await;
        assert_eq!(app.school().get(&format!("/partner/referrals/{id}")).await.expect(200)["feedback"]["value"], "opened");
    }

    async fn feedback_that_is_asked_for_after_the_decision_is_due_at_once(app: TestApp) {
        let id = app.submitted(unasked()).await;
        for action in ["assess-protection", "decide-inquiry"] {
            app.step(&id, action).await;
        }
        assert_eq!(feedback_deadline(&app, &id).await, None);
        app.clock.advance(Duration::from_secs(86_400));
        app.school().post(&below(&id, "request-feedback"), json!({})).await.expect(200);
        assert_eq!(feedback_deadline(&app, &id).await, Some(json!("2026-11-24T09:00:00Z")));
        let history = app.caseworker().get(&format!("/referrals/{id}/history")).await.expect(200);
        assert_eq!(history["items"].as_array().unwrap().last().unwrap()["action"], "request-feedback");
    }

    async fn who_asks_when_the_office_has_refused_unasked_is_answered_anew(app: TestApp) {
        let id = app.submitted(unasked()).await;
        for action in ["assess-protection", "decide-inquiry", "refuse-feedback"] {
            app.step(&id, action).await;
        }
        app.steps(&app.team_lead(), &id, "send-feedback").await.problem(409, "feedback-given");
        app.clock.advance(Duration::from_secs(60));
        app.school().post(&below(&id, "request-feedback"), json!({})).await.expect(200);
        assert_eq!(feedback_deadline(&app, &id).await, Some(json!("2026-11-23T09:01:00Z")));
        app.step(&id, "send-feedback").await;
        let told = app.submitted(unasked()).await;
        for action in ["assess-protection", "decide-inquiry", "send-feedback"] {
            app.step(&told, action).await;
        }
        app.school().post(&below(&told, "request-feedback"), json!({})).await.expect(200);
        assert_eq!(feedback_deadline(&app, &told).await, None, "it was told before");
    }

    async fn who_is_told_nothing_by_law_asks_in_vain(app: TestApp) {
        for (sender, body) in [(app.police(), unasked()), (app.association(), unasked()), (app.school(), support_request())] {
            let receipt = sender.post("/partner/referrals", body).await.expect(201);
            let refused = sender.post(&below(receipt["id"].as_str().unwrap(), "request-feedback"), json!({})).await;
            refused.problem(409, "feedback-not-for-sender");
            assert!(!allowed(&refused).to_string().contains("request-feedback"));
        }
        let id = app.submitted(unasked()).await;
        app.step(&id, "enter-in-error").await;
        app.school().post(&below(&id, "request-feedback"), json!({})).await.problem(409, "entered-in-error");
    }

    async fn an_agency_names_what_it_has_read_and_undisclosed_work_does_not_stand_in_its_way(app: TestApp) {
        let id = app.submitted(unasked()).await;
        let path = format!("/partner/referrals/{id}");
        let etag = app.school().get(&path).await.etag();
        for action in ["assess-protection", "assign", "decide-inquiry"] {
            app.step(&id, action).await;
        }
        matching(&app.school(), &below(&id, "supplements"), json!({ "text": "Mer." }), &etag).await.expect(201);
        matching(&app.school(), &below(&id, "request-feedback"), json!({}), &etag).await.expect(200);
        for (what, body) in [("supplements", json!({ "text": "Mer." })), ("messages", json!({ "text": "Mer." })), ("request-feedback", json!({}))] {
            matching(&app.school(), &below(&id, what), body, &etag).await.problem(412, "stale-version");
        }
        let request = app.submitted(support_request()).await;
        let etag = app.school().get(&format!("/partner/referrals/{request}")).await.etag();
        app.step(&request, "accept").await;
        matching(&app.school(), &below(&request, "withdraw"), json!({}), &etag).await.problem(412, "stale-version");
        matching(&app.school(), &below(&request, "withdraw"), json!({}), "\"1-0\"").await.problem(412, "stale-version");
        let etag = app.school().get(&format!("/partner/referrals/{request}")).await.etag();
        matching(&app.school(), &below(&request, "withdraw"), json!({}), &etag).await.expect(200);
    }

    async fn a_withdrawal_is_done_once_however_often_it_is_sent(app: TestApp) {
        let id = app.submitted(support_request()).await;
        let send = || app.school().request(Method::POST, &below(&id, "withdraw")).header("idempotency-key", "ater").json(&json!({}));
        let first = send().send().await;
        let again = send().send().await;
        assert_eq!(again.expect(200), first.expect(200));
        assert_eq!((again.etag(), again.header("idempotent-replayed")), (first.etag(), Some("true")));
        assert!(app.audit_actions().await.contains(&"referral.acted.replayed".to_owned()));
        let id = app.submitted(support_request()).await;
        let minimal = app.school().request(Method::POST, &below(&id, "withdraw")).header("prefer", "return=minimal").json(&json!({})).send().await;
        assert!(minimal.status == 204 && minimal.body.is_empty(), "{minimal:?}");
    }

    async fn what_an_agency_does_beside_the_office_is_never_lost(app: TestApp) {
        let id = app.submitted(support_request()).await;
        let office = (0..8).map(|_| {
            let app = &app;
            let id = id.clone();
            async move { app.steps(&app.team_lead(), &id, "assign").await.expect(200) }
        });
        let sender = (0..8).map(|number| {
            let (school, path) = (app.school(), below(&id, if number % 2 == 0 { "messages" } else { "supplements" }));
            async move { school.post(&path, json!({ "text": format!("Nummer {number}") })).await.expect(201) }
        });
        futures_util::future::join(join_all(office), join_all(sender)).await;
        let messages = app.school().get(&format!("{}?limit=100", below(&id, "messages"))).await.expect(200);
        assert_eq!(messages["items"].as_array().unwrap().len(), 8);
        let history = app.caseworker().get(&format!("/referrals/{id}/history")).await.expect(200);
        assert_eq!(history["items"].as_array().unwrap().len(), 9);
    }

    async fn of_many_withdrawals_at_once_one_wins(app: TestApp) {
        let id = app.submitted(support_request()).await;
        let all = join_all((0..8).map(|_| {
            let (school, path) = (app.school(), below(&id, "withdraw"));
            async move { school.post(&path, json!({})).await }
        }))
        .await;
        assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
        for refused in all.iter().filter(|answer| answer.status != 200) {
            refused.problem(409, "action-not-allowed");
        }
    }

    async fn a_withdrawn_request_is_out_of_the_hands_of_whichever_office_has_it(app: TestApp) {
        let id = app.submitted(support_request()).await;
        app.step(&id, "redirect").await;
        app.school().post(&below(&id, "withdraw"), json!({})).await.expect(200);
        let lead = app.staff("team_lead", &[RECEPTION]);
        lead.post(&format!("/referrals/{id}/accept"), json!({})).await.problem(409, "action-not-allowed");
        lead.post(&format!("/referrals/{id}/reopen"), json!({ "reason": "Ändå." })).await.problem(409, "action-not-allowed");
    }
}
