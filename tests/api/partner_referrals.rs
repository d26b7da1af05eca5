//! What a partner agency has sent, as a list of its own.

use std::time::Duration;

use nara::time::Random;
use serde_json::{Value, json};

use crate::referrals::{partner_path, submit};
use crate::support::fixtures::{concern_report, support_request, with, without};
use crate::support::{Actor, TestApp};

async fn ids(actor: &Actor, question: &str) -> Vec<Value> {
    let list = actor.get(&format!("/partner/referrals?{question}")).await.expect(200);
    list["items"].as_array().unwrap().iter().map(|receipt| receipt["id"].clone()).collect()
}

fn sent_as(reference: &str) -> Value {
    with(concern_report(), "/senderReference", json!(reference))
}

/// Chance, but for what references are made of: they are all the same.
fn without_references() -> Random {
    let system = Random::system();
    Random::new(move |wanted: &mut [u8]| {
        if wanted.len() == 7 {
            return wanted.fill(7);
        }
        wanted.iter_mut().for_each(|byte| [*byte] = system.bytes());
    })
}

on_both_databases! {
    async fn a_report_that_gets_no_reference_may_be_sent_again_and_nothing_is_kept(app: TestApp) {
        let stuck = app.another_server_with(|setup| setup.random = without_references()).await;
        submit(&stuck.school(), concern_report()).await;
        let answer = stuck.school().post("/partner/referrals", concern_report()).await;
        answer.problem(503, "unavailable");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        assert_eq!(app.stored_referrals().await, 1);
        submit(&app.school(), concern_report()).await;
    }

    async fn an_agency_lists_its_receipts_the_newest_first(app: TestApp) {
        let mut receipts = Vec::new();
        for body in [concern_report(), support_request(), with(concern_report(), "/child/protectedIdentity", json!("marked"))] {
            receipts.push(submit(&app.school(), body).await);
            app.clock.advance(Duration::from_secs(60));
        }
        submit(&app.police(), concern_report()).await;
        let answer = app.school().get("/partner/referrals").await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let list = answer.expect(200);
        receipts.reverse();
        assert_eq!(list["items"], json!(receipts));
        assert_eq!(list["_meta"], json!({"limit": 20, "count": 3, "page": 1}));
        for receipt in &receipts {
            assert_eq!(app.school().get(&partner_path(receipt)).await.expect(200), *receipt);
        }
        assert_eq!(ids(&app.police(), "").await.len(), 1);
        assert_eq!(ids(&app.healthcare(), "total=true").await, Vec::<Value>::new());
        assert!(!answer.text().contains("Elias") && !answer.text().contains("frånvaro") && !answer.text().contains("20130315"));
    }

    async fn filters_narrow_the_list(app: TestApp) {
        let first = submit(&app.school(), sent_as("A-1")).await["id"].clone();
        app.clock.advance(Duration::from_secs(60));
        let second = submit(&app.school(), sent_as("A-2")).await["id"].clone();
        app.clock.advance(Duration::from_secs(60));
        let third = submit(&app.school(), without(concern_report(), "/senderReference")).await["id"].clone();
        submit(&app.police(), sent_as("A-1")).await;
        let school = app.school();
        for (question, expected) in [
            ("senderReference=A-1", vec![&first]),
            ("senderReference=A-2", vec![&second]),
            ("senderReference=A-3", vec![]),
            ("senderReference=A", vec![]),
            ("receivedFrom=2026-11-23T09:01:00Z", vec![&third, &second]),
            ("receivedFrom=2026-11-23T09:01:00.000001Z", vec![&third]),
            ("receivedTo=2026-11-23T09:01:00Z", vec![&first]),
            ("receivedFrom=2026-11-23T09:01:00Z&receivedTo=2026-11-23T09:02:00Z", vec![&second]),
            ("status=received", vec![&third, &second, &first]),
            ("changedFrom=2026-11-23T09:01:00Z", vec![&third, &second]),
            ("changedTo=2026-11-23T09:02:00Z", vec![&second, &first]),
            ("changedFrom=2026-11-23T09:01:00Z&changedTo=2026-11-23T09:02:00Z&status=received", vec![&second]),
            ("status=received&senderReference=A-2", vec![&second]),
        ] {
            let expected: Vec<Value> = expected.into_iter().cloned().collect();
            assert_eq!(ids(&school, question).await, expected, "{question}");
            let counted = school.get(&format!("/partner/referrals?{question}&total=true")).await.expect(200);
            assert_eq!(counted["_meta"]["totalRecords"], expected.len(), "{question}");
        }
        for (question, wrong) in [("status=closed_no_inquiry", "status"), ("receivedFrom=today", "receivedFrom"), ("changedFrom=today", "changedFrom"), ("changedTo=1", "changedTo"), ("senderReference=", "senderReference"), ("officeId=1", "officeId")] {
            let answer = school.get(&format!("/partner/referrals?{question}")).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), [wrong]);
        }
    }

    async fn a_list_is_filtered_by_what_has_been_disclosed_and_by_nothing_else(app: TestApp) {
        let report = submit(&app.school(), concern_report()).await["id"].clone();
        let told = submit(&app.school(), support_request()).await["id"].clone();
        let silent = with(support_request(), "/consent/scopes", json!(["referral"]));
        let untold = submit(&app.school(), silent).await["id"].clone();
        app.clock.advance(Duration::from_secs(3600));
        for id in [&told, &untold] {
            app.step(id.as_str().unwrap(), "accept").await;
        }
        for action in ["assess-protection", "decide-inquiry"] {
            app.step(report.as_str().unwrap(), action).await;
        }
        let school = app.school();
        assert_eq!(ids(&school, "status=accepted").await, std::slice::from_ref(&told));
        assert_eq!(ids(&school, "changedFrom=2026-11-23T09:00:01Z").await, std::slice::from_ref(&told));
        let mut unmoved = ids(&school, "status=received").await;
        unmoved.sort_by_key(Value::to_string);
        let mut expected = vec![report, untold.clone()];
        expected.sort_by_key(Value::to_string);
        assert_eq!(unmoved, expected);
        app.clock.advance(Duration::from_secs(3600));
        app.step(untold.as_str().unwrap(), "record-family-declined").await;
        assert_eq!(ids(&school, "status=handled").await, std::slice::from_ref(&untold));
        assert_eq!(ids(&school, "status=declined_by_family").await, Vec::<Value>::new());
        assert_eq!(ids(&school, "changedFrom=2026-11-23T11:00:00Z").await, [untold]);
        let counted = school.get("/partner/referrals?status=accepted&total=true").await.expect(200);
        assert_eq!(counted["_meta"]["totalRecords"], 1);
        assert_eq!(ids(&app.police(), "status=accepted").await, Vec::<Value>::new());
    }

    async fn a_walk_meets_every_referral_once_while_others_are_sent(app: TestApp) {
        let mut sent = Vec::new();
        for number in 0..7 {
            // Several come in the same instant: the time alone would not order them.
            if number % 3 == 0 {
                app.clock.advance(Duration::from_secs(60));
            }
            sent.push(submit(&app.school(), concern_report()).await["id"].clone());
        }
        let whole = ids(&app.school(), "limit=100").await;
        let mut next = Some("/partner/referrals?limit=2".to_owned());
        let mut seen = Vec::new();
        while let Some(path) = next {
            let page = app.school().get(&path).await;
            seen.extend(page.expect(200)["items"].as_array().unwrap().iter().map(|receipt| receipt["id"].clone()));
            next = page.link("next");
            app.clock.advance(Duration::from_secs(1));
            submit(&app.school(), concern_report()).await;
        }
        assert_eq!(seen, whole);
        assert!(sent.iter().all(|id| seen.contains(id)));
        let cursor = app.school().get("/partner/referrals?limit=1").await.link("next").unwrap();
        app.police().get(&cursor).await.expect(200);
        app.school().get(&format!("{cursor}&status=received")).await.problem(400, "invalid-cursor");
        app.school().get("/partner/referrals?page=102&limit=100").await.problem(400, "page-too-deep");
    }

    async fn one_record_names_what_a_page_has_shown(app: TestApp) {
        for _ in 0..3 {
            app.clock.advance(Duration::from_secs(1));
            submit(&app.school(), concern_report()).await;
        }
        app.clock.advance(Duration::from_secs(1));
        let before = app.audit().await.len();
        let shown = ids(&app.school(), "limit=2").await;
        let audit = app.audit().await;
        let (actor, action, about) = audit.last().unwrap();
        assert_eq!((audit.len(), action.as_str(), about), (before + 1, "referral.listed", &json!(shown)));
        assert!(actor.starts_with("partner:"), "{actor}");
    }
}
