//! What an office and a sender write to each other about a referral.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{concern_report, support_request, with};
use crate::support::{Actor, TestApp};

fn office_s(id: &str) -> String {
    format!("/referrals/{id}/messages")
}

fn sender_s(id: &str) -> String {
    format!("/partner/referrals/{id}/messages")
}

async fn listed(actor: &Actor, path: &str) -> Vec<Value> {
    actor.get(path).await.expect(200)["items"].as_array().unwrap().clone()
}

fn texts(messages: &[Value]) -> Vec<(String, String, String)> {
    let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
    messages.iter().map(|message| (text(message, "by"), text(message, "kind"), text(message, "text"))).collect()
}

on_both_databases! {
    async fn both_write_and_both_read_and_the_office_has_no_name_to_the_sender(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        app.clock.advance(Duration::from_secs(60));
        let answer = app.caseworker().post(&office_s(&id), json!({ "text": "Vi ringer er i morgon." })).await;
        let written = answer.expect(201);
        assert!(answer.header("location").unwrap().ends_with(&office_s(&id)), "{answer:?}");
        let staff_id = app.staff_id(&app.caseworker()).await;
        assert_eq!(written, json!({
            "id": written["id"], "kind": "message", "text": "Vi ringer er i morgon.", "by": "office", "staffId": staff_id,
            "at": "2026-11-23T09:01:00Z",
        }));
        app.clock.advance(Duration::from_secs(60));
        let answer = app.school().post(&sender_s(&id), json!({ "text": "Bra, efter klockan nio." })).await;
        let theirs = answer.expect(201);
        assert!(answer.header("location").unwrap().ends_with(&sender_s(&id)), "{answer:?}");
        assert_eq!(theirs, json!({
            "id": theirs["id"], "kind": "message", "text": "Bra, efter klockan nio.", "by": "sender", "at": "2026-11-23T09:02:00Z",
        }));
        assert_eq!(listed(&app.caseworker(), &office_s(&id)).await, [written.clone(), theirs.clone()]);
        let seen = app.school().get(&sender_s(&id)).await;
        assert_eq!(seen.header("cache-control"), Some("no-store"));
        let mut nameless = written.clone();
        nameless.as_object_mut().unwrap().remove("staffId");
        assert_eq!(seen.expect(200)["items"], json!([nameless, theirs]));
        assert!(!seen.text().contains(&staff_id) && !seen.text().contains("caseworker"));
    }

    async fn a_message_changes_neither_the_referral_nor_its_receipt(app: TestApp) {
        let id = app.submitted(support_request()).await;
        let (path, partner_path) = (format!("/referrals/{id}"), format!("/partner/referrals/{id}"));
        let tags = async || (app.caseworker().get(&path).await.etag(), app.school().get(&partner_path).await.etag());
        let before = tags().await;
        app.clock.advance(Duration::from_secs(60));
        app.caseworker().post(&office_s(&id), json!({ "text": "Hej." })).await.expect(201);
        app.school().post(&sender_s(&id), json!({ "text": "Hej själva." })).await.expect(201);
        app.school().post(&format!("{partner_path}/supplements"), json!({ "text": "En sak till." })).await.expect(201);
        assert_eq!(tags().await, before);
        assert_eq!(app.caseworker().get(&format!("{path}/history")).await.expect(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn a_question_is_answered_by_a_message_or_a_supplement_and_the_matter_goes_on(app: TestApp) {
        for (below, kind) in [("messages", "answer"), ("supplements", "supplement")] {
            let id = app.submitted(concern_report()).await;
            app.step(&id, "request-information").await;
            let asked = app.school().get(&format!("/partner/referrals/{id}")).await;
            let partner_path = format!("/partner/referrals/{id}/{below}");
            app.clock.advance(Duration::from_secs(60));
            let answer = app.school().post(&partner_path, json!({ "text": "Måndag till onsdag." })).await.expect(201);
            assert_eq!(answer["kind"], kind);
            let referral = app.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
            assert_eq!((&referral["status"], &referral["version"]), (&json!("received"), &json!(3)));
            let receipt = app.school().get(&format!("/partner/referrals/{id}")).await;
            assert_eq!(receipt.expect(200)["status"], "received");
            assert!(receipt.etag() != asked.etag());
            assert_eq!(texts(&listed(&app.school(), &sender_s(&id)).await), [
                ("office".to_owned(), "question".to_owned(), "Vilka dagar gäller det?".to_owned()),
                ("sender".to_owned(), kind.to_owned(), "Måndag till onsdag.".to_owned()),
            ]);
            let history = app.caseworker().get(&format!("/referrals/{id}/history")).await.expect(200);
            let last = &history["items"][2];
            assert_eq!((&last["action"], &last["from"], &last["to"]), (&json!("supply-information"), &json!("information_requested"), &json!("received")));
            assert!(last["by"].as_str().unwrap().starts_with("partner:"), "{last}");
            let action = if below == "messages" { "referral.message_written" } else { "referral.supplemented" };
            let recorded = app.audit().await.into_iter().filter(|(actor, what, about)| actor.starts_with("partner:") && what == action && *about == json!([id]));
            assert_eq!(recorded.count(), 1);
        }
    }

    async fn a_supplement_to_a_decided_report_asks_whether_it_is_a_new_one(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        let supplements = format!("/partner/referrals/{id}/supplements");
        app.school().post(&supplements, json!({ "text": "Före beslutet." })).await.expect(201);
        for action in ["assess-protection", "decide-inquiry"] {
            app.step(&id, action).await;
        }
        app.clock.advance(Duration::from_secs(60));
        let late = app.school().post(&supplements, json!({ "text": "Efter beslutet." })).await.expect(201);
        assert!(late.get("asksForNewReport").is_none(), "it would tell that there is a decision");
        app.clock.advance(Duration::from_secs(60));
        app.school().post(&sender_s(&id), json!({ "text": "Ett meddelande." })).await.expect(201);
        let messages = listed(&app.caseworker(), &office_s(&id)).await;
        let asks: Vec<&Value> = messages.iter().map(|message| &message["asksForNewReport"]).collect();
        assert_eq!(asks, [&Value::Null, &json!(true), &Value::Null]);
        assert!(!app.school().get(&sender_s(&id)).await.text().contains("asksForNewReport"));
        let request = app.submitted(support_request()).await;
        app.step(&request, "decline").await;
        app.school().post(&format!("/partner/referrals/{request}/supplements"), json!({ "text": "Mer." })).await.expect(201);
        assert!(listed(&app.caseworker(), &office_s(&request)).await[0].get("asksForNewReport").is_none());
    }

    async fn words_are_taken_in_every_state_but_that_of_an_error(app: TestApp) {
        for actions in [&["accept"][..], &["accept", "start", "complete"], &["decline"], &["mark-duplicate"], &["withdraw-consent"]] {
            let id = app.submitted(support_request()).await;
            for action in actions {
                app.step(&id, action).await;
            }
            app.caseworker().post(&office_s(&id), json!({ "text": "Hej." })).await.expect(201);
            app.school().post(&sender_s(&id), json!({ "text": "Hej." })).await.expect(201);
            app.school().post(&format!("/partner/referrals/{id}/supplements"), json!({ "text": "Hej." })).await.expect(201);
            assert_eq!(listed(&app.school(), &sender_s(&id)).await.len(), 3, "{actions:?}");
        }
        let id = app.submitted(concern_report()).await;
        app.school().post(&sender_s(&id), json!({ "text": "Hej." })).await.expect(201);
        app.step(&id, "enter-in-error").await;
        app.caseworker().post(&office_s(&id), json!({ "text": "Hej." })).await.problem(409, "entered-in-error");
        for below in ["messages", "supplements"] {
            app.school().post(&format!("/partner/referrals/{id}/{below}"), json!({ "text": "Hej." })).await.problem(409, "entered-in-error");
        }
        assert_eq!(listed(&app.school(), &sender_s(&id)).await.len(), 1, "what was written before is still there");
        assert_eq!(listed(&app.caseworker(), &office_s(&id)).await.len(), 1);
    }

    async fn who_has_the_case_now_reads_all_and_who_had_it_reads_nothing(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        app.school().post(&sender_s(&id), json!({ "text": "Hej." })).await.expect(201);
        app.step(&id, "redirect").await;
        app.caseworker().get(&office_s(&id)).await.problem(404, "not-found");
        app.caseworker().post(&office_s(&id), json!({ "text": "Hej." })).await.problem(404, "not-found");
        assert_eq!(listed(&app.reception_caseworker(), &office_s(&id)).await.len(), 1);
        for other in [app.police(), app.healthcare(), app.association()] {
            other.get(&sender_s(&id)).await.problem(404, "not-found");
            for below in ["messages", "supplements", "withdraw", "request-feedback"] {
                let body = if below == "messages" || below == "supplements" { json!({ "text": "Hej." }) } else { json!({}) };
                other.post(&format!("/partner/referrals/{id}/{below}"), body).await.problem(404, "not-found");
            }
        }
        let denied = crate::audit::denied(&app, 17).await;
        for action in ["referral.messages_read", "referral.message_written", "referral.supplemented", "referral.withdrawn", "referral.feedback_requested"] {
            let of_action = denied.iter().filter(|record| record["action"] == action && record["resourceIds"] == json!([id]));
            assert!(of_action.count() >= 3, "{action}: {denied:?}");
        }
    }

    async fn every_reading_is_recorded(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        for actor in [app.caseworker(), app.school()] {
            actor.get(if actor.get("/me").await.status == 200 { office_s(&id) } else { sender_s(&id) }.as_str()).await.expect(200);
        }
        let read: Vec<_> = app.audit().await.into_iter().filter(|(_, action, _)| action == "referral.messages_read").collect();
        assert_eq!(read.len(), 2);
        assert!(read.iter().all(|(_, _, about)| *about == json!([id])));
        let lead = app.staff("team_lead", &[RECEPTION]).and("access-reason", "complaint");
        lead.get(&office_s(&id)).await.expect(200);
        assert_eq!(app.audit_reasons().await, ["complaint"]);
        lead.post(&office_s(&id), json!({ "text": "Hej." })).await.problem(404, "not-found");
    }

    async fn a_long_exchange_is_walked_page_by_page(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        for number in 0..7 {
            // Several come in the same instant: the time alone would not order them.
            if number % 3 == 0 {
                app.clock.advance(Duration::from_secs(60));
            }
            app.school().post(&sender_s(&id), json!({ "text": format!("Nummer {number}") })).await.expect(201);
        }
        for (actor, path) in [(app.school(), sender_s(&id)), (app.caseworker(), office_s(&id))] {
            let whole = listed(&actor, &path).await;
            assert_eq!(whole.len(), 7);
            let mut next = Some(format!("{path}?limit=3"));
            let mut seen = Vec::new();
            while let Some(path) = next {
                let page = actor.get(&path).await;
                seen.extend(page.expect(200)["items"].as_array().unwrap().clone());
                next = page.link("next");
            }
            assert_eq!(seen, whole);
            let counted = actor.get(&format!("{path}?limit=2&page=4&total=true")).await.expect(200);
            assert_eq!(counted["_meta"], json!({ "limit": 2, "count": 1, "page": 4, "totalRecords": 7 }));
            actor.get(&format!("{path}?cursor=AAAA")).await.problem(400, "invalid-cursor");
            actor.get(&format!("{path}?kind=answer")).await.problem(400, "invalid-parameter");
        }
    }

    async fn a_message_of_200_kb_is_too_long_and_nothing_is_kept(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        let long = json!({ "text": "å".repeat(100_000) });
        let before = app.things_done().await;
        for (actor, path) in [
            (app.caseworker(), office_s(&id)),
            (app.school(), sender_s(&id)),
            (app.school(), format!("/partner/referrals/{id}/supplements")),
        ] {
            let answer = actor.post(&path, long.clone()).await;
            answer.problem(422, "text-too-long");
            assert_eq!(answer.pointers(), ["#/text"]);
            for (body, pointer) in [(json!({ "text": " " }), "#/text"), (json!({}), "#/text"), (json!({ "text": "a", "kind": "answer" }), "#/kind"), (json!({ "text": null }), "#/text")] {
                let answer = actor.post(&path, body).await;
                answer.problem(422, "validation-failed");
                assert_eq!(answer.pointers(), [pointer]);
            }
        }
        let id = app.submitted(support_request()).await;
        let answer = app.school().post(&format!("/partner/referrals/{id}/withdraw"), json!({ "reason": "å".repeat(10_001) })).await;
        answer.problem(422, "text-too-long");
        assert_eq!(app.things_done().await, before + 1, "but for the submission between");
    }

    async fn a_message_is_written_once_however_often_it_is_sent(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        for (actor, path) in [(app.caseworker(), office_s(&id)), (app.school(), sender_s(&id))] {
            let send = |text: &str| actor.request(reqwest::Method::POST, &path).header("idempotency-key", "en-gang").json(&json!({ "text": text }));
            let first = send("Hej.").send().await;
            let again = send("Hej.").send().await;
            assert_eq!(again.expect(201), first.expect(201));
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            send("Något annat.").send().await.problem(422, "idempotency-key-reused");
            let minimal = actor.request(reqwest::Method::POST, &path).header("prefer", "return=minimal").json(&json!({ "text": "Kort." })).send().await;
            assert!(minimal.status == 201 && minimal.body.is_empty(), "{minimal:?}");
        }
        assert_eq!(listed(&app.school(), &sender_s(&id)).await.len(), 4);
    }

    async fn words_about_a_protected_child_are_for_those_who_are_cleared(app: TestApp) {
        let id = app.submitted(with(concern_report(), "/child/protectedIdentity", json!("marked"))).await;
        app.school().post(&sender_s(&id), json!({ "text": "Hej." })).await.expect(201);
        for actor in [app.reception_caseworker(), app.staff("team_lead", &[RECEPTION, SKAGGETORP])] {
            actor.get(&office_s(&id)).await.problem(404, "not-found");
            actor.get(&format!("/referrals/{id}/partner-view")).await.problem(404, "not-found");
        }
        assert_eq!(listed(&app.protected_identity_caseworker(), &office_s(&id)).await.len(), 1);
    }
}
