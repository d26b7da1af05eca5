//! What is remembered, and how the auditor reads it. Its seals are in `audit/seals.rs`.

mod anchors;
mod breaks;
mod command;
mod forgeries;
mod seals;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::app::SKAGGETORP;
use crate::support::clock::START;
use crate::support::credentials;
use crate::support::document::OPERATIONS;
use crate::support::fixtures::concern_report;
use crate::support::{Actor as Caller, TestApp};
use nara::audit::authorship::RecordKey;
use nara::audit::{self, AccessReason, Actor, Entry, actions};
use nara::moment::Moment;
use nara::time::Random;
use serde_json::{Value, json};

const UNKNOWN: &str = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";

/// The records that a question of the auditor's finds, but for those that the auditor made.
pub async fn records(app: &TestApp, question: &str) -> Vec<Value> {
    let list = app.auditor().get(&format!("/audit-records?limit=100&{question}")).await.expect(200);
    let records = list["items"].as_array().unwrap().iter();
    records.filter(|record| !record["action"].as_str().unwrap().starts_with("audit.")).cloned().collect()
}

fn actions(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["action"].as_str().unwrap()).collect()
}

pub fn tick(app: &TestApp) {
    app.clock.advance(Duration::from_secs(1));
}

/// Two referrals; the first is read, then both are listed, and the second is read by the school. A second lies between any two.
async fn a_busy_morning(app: &TestApp) -> [String; 2] {
    tick(app);
    let one = app.submitted(concern_report()).await;
    tick(app);
    let two = app.submitted(concern_report()).await;
    tick(app);
    app.caseworker().get(&format!("/referrals/{one}")).await.expect(200);
    tick(app);
    app.caseworker().get("/referrals").await.expect(200);
    tick(app);
    app.school().get(&format!("/partner/referrals/{two}")).await.expect(200);
    tick(app);
    [one, two]
}

/// The denied attempts: they are written down without anybody waiting for it.
pub async fn denied(app: &TestApp, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let denied: Vec<Value> =
            records(app, "").await.into_iter().filter(|record| record["outcome"] == "denied").collect();
        if denied.len() >= count {
            return denied;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the denied attempts were not recorded");
}

/// What these tell is about the caller, or about agencies and not about persons.
const NOTHING_OF_OTHERS: [&str; 6] =
    ["getMe", "getPartnerMe", "listPartners", "getPartner", "listApiKeys", "getApiKey"];

on_both_databases! {
    async fn a_record_says_who_what_when_for_whom_and_from_where(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        tick(&app);
        let phone = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36";
        let read = app.caseworker().and("user-agent", phone).get(&format!("/referrals/{id}")).await;
        let record = records(&app, "action=referral.read").await.remove(0);
        let office = app.anyone().get(&format!("/offices/{SKAGGETORP}")).await.expect(200)["id"].clone();
        let trace = read.header("traceparent").unwrap().split('-').nth(1).unwrap().to_owned();
        assert!(record["actor"].as_str().unwrap().starts_with("staff:"), "{record}");
        assert_eq!(record, json!({
            "id": record["id"], "at": "2026-11-23T09:00:01Z", "actor": record["actor"], "action": "referral.read",
            "resourceType": "referral", "resourceIds": [id], "officeId": office, "clientAddress": "127.0.0.1",
            "clientAgent": "mobile_browser", "traceId": trace, "outcome": "done",
        }));
        let received = records(&app, "action=referral.received").await.remove(0);
        assert!(received["actor"].as_str().unwrap().starts_with("partner:"), "{received}");
        assert_eq!((&received["officeId"], &received["clientAgent"]), (&Value::Null, &json!("unknown")));
        let listed = records(&app, "").await;
        assert!(!format!("{listed:?}").contains("Pixel"), "of the program only its class is kept");
    }

    async fn a_reason_is_told_and_what_names_no_client_tells_none(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        tick(&app);
        let moment = Moment { now: app.clock.now().into(), random: Random::system() };
        let ids = vec![id.parse().unwrap()];
        let key = RecordKey::of(credentials::vault().ring());
        let reviewed = Entry::new(&key, &moment, Actor::System, actions::REFERRAL_READ, ids, String::new())
            .because(AccessReason::StatutoryReview);
        app.db().write(move |conn| audit::record(conn, &reviewed)).await.unwrap();
        let record = records(&app, "actor=system&action=referral.read").await.remove(0);
        assert_eq!(record, json!({
            "id": record["id"], "at": "2026-11-23T09:00:01Z", "actor": "system", "action": "referral.read",
            "resourceType": "referral", "resourceIds": [id], "reason": "statutory_review", "traceId": "", "outcome": "done",
        }));
    }

    async fn what_may_not_be_known_of_and_what_is_not_there_leave_the_same_record(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        let askers: [(Caller, &str); 2] = [(app.reception_caseworker(), "/referrals"), (app.police(), "/partner/referrals")];
        for (asker, path) in &askers {
            for asked in [id.as_str(), UNKNOWN] {
                asker.get(&format!("{path}/{asked}")).await.problem(404, "not-found");
            }
        }
        let denied = denied(&app, 4).await;
        assert_eq!(denied.len(), 4);
        let told = |record: &Value| {
            let mut record = record.clone();
            for own in ["id", "traceId", "resourceIds"] {
                record.as_object_mut().unwrap().remove(own);
            }
            record.to_string()
        };
        for asked in [&id, UNKNOWN] {
            let about: Vec<&Value> = denied.iter().filter(|record| record["resourceIds"] == json!([asked])).collect();
            assert_eq!(about.len(), 2, "{denied:?}");
            assert!(about.iter().all(|record| record["action"] == "referral.read" && record.get("officeId").is_none()));
        }
        assert_eq!(denied.iter().map(told).collect::<BTreeSet<_>>().len(), 2, "one kind for each asker: {denied:?}");
    }

    async fn the_auditor_finds_records_by_whatever_they_name(app: TestApp) {
        let [one, two] = a_busy_morning(&app).await;
        let all = records(&app, "").await;
        assert_eq!(
            actions(&all),
            ["referral.read", "referral.listed", "referral.read", "referral.received", "referral.received", "directory.imported"]
        );
        // Alone or among others.
        assert_eq!(actions(&records(&app, &format!("resourceId={one}")).await), ["referral.listed", "referral.read", "referral.received"]);
        assert_eq!(actions(&records(&app, &format!("resourceId={two}")).await), ["referral.read", "referral.listed", "referral.received"]);
        assert_eq!(records(&app, &format!("resourceId={UNKNOWN}")).await, [] as [Value; 0]);
        let ryd = app.anyone().get("/districts/ryd").await.expect(200)["id"].as_str().unwrap().to_owned();
        assert_eq!(actions(&records(&app, &format!("resourceId={ryd}")).await), ["directory.imported"]);
        let school = all[0]["actor"].as_str().unwrap();
        assert_eq!(records(&app, &format!("actor={school}")).await, [all[0].clone(), all[3].clone(), all[4].clone()]);
        assert_eq!(actions(&records(&app, "actor=system").await), ["directory.imported"]);
        assert_eq!(actions(&records(&app, "action=referral.listed").await), ["referral.listed"]);
        assert_eq!(actions(&records(&app, "resourceType=directory").await), ["directory.imported"]);
        assert_eq!(records(&app, "from=2026-11-23T09:00:02Z&to=2026-11-23T09:00:04Z").await, [all[2].clone(), all[3].clone()]);
        let together = format!("resourceType=referral&resourceId={two}&actor={school}&action=referral.read&from={START}");
        assert_eq!(records(&app, &together).await, [all[0].clone()]);
    }

    async fn a_list_names_each_referral_once_even_when_there_is_but_one(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        tick(&app);
        app.caseworker().get("/referrals").await.expect(200);
        tick(&app);
        app.reception_caseworker().get("/referrals").await.expect(200);
        let found = records(&app, &format!("resourceId={id}&action=referral.listed")).await;
        assert_eq!((found.len(), &found[0]["resourceIds"]), (1, &json!([id])));
        let both = records(&app, "action=referral.listed").await;
        assert_eq!(both[0]["resourceIds"], json!([]));
    }

    async fn a_long_audit_is_walked_without_repeating_or_skipping(app: TestApp) {
        a_busy_morning(&app).await;
        let auditor = app.auditor();
        let mut seen: Vec<Value> = Vec::new();
        let mut next = Some("/audit-records?limit=2&total=true".to_owned());
        while let Some(path) = next {
            let page = auditor.get(&path).await;
            // Each reading adds a record, in front of all that was read.
            let told = page.expect(200);
            assert_eq!(told["_meta"]["totalRecords"], 7 + seen.len().div_ceil(2));
            seen.extend(told["items"].as_array().unwrap().iter().cloned());
            next = page.link("next");
            tick(&app);
        }
        assert_eq!(seen.len(), 7);
        assert_eq!(seen.iter().map(|record| record["id"].as_str().unwrap()).collect::<BTreeSet<_>>().len(), 7);
        assert!(seen.is_sorted_by(|newer, older| newer["at"].as_str() >= older["at"].as_str()));
        auditor.get("/audit-records?page=1000&limit=100").await.problem(400, "page-too-deep");
        assert_eq!(auditor.get("/audit-records?page=2&limit=100").await.expect(200)["items"], json!([]));
    }

    async fn reading_the_audit_is_recorded_with_what_it_showed(app: TestApp) {
        a_busy_morning(&app).await;
        let page = app.auditor().get("/audit-records?limit=3").await.expect(200);
        let shown: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|record| &record["id"]).collect();
        tick(&app);
        let read = app.auditor().get("/audit-records?action=audit.read").await.expect(200)["items"][0].clone();
        assert_eq!((&read["resourceIds"], &read["resourceType"]), (&json!(shown), &json!("audit_record")));
        tick(&app);
        app.auditor().get("/audit-records/verification").await.expect(200);
        let verified = app.auditor().get("/audit-records?action=audit.verified").await.expect(200);
        assert_eq!(verified["items"].as_array().unwrap().len(), 1);
    }

    async fn every_operation_behind_a_sign_in_leaves_a_record_of_an_action_that_the_code_list_explains(app: TestApp) {
        let list = app.anyone().get("/code-lists/audit-actions").await.expect(200);
        let known: Vec<&str> = list["codes"].as_array().unwrap().iter().map(|code| code["code"].as_str().unwrap()).collect();
        for operation in OPERATIONS.iter().filter(|operation| !operation.secured_by.is_empty()) {
            let request = app.prepare(operation).await;
            let before = app.audit().await.len();
            let answer = request.send(&app.right_caller(operation)).await;
            assert!((200..300).contains(&answer.status), "{answer:?}");
            let actions = app.audit_actions().await;
            let leaves_one = actions.len() > before;
            assert_eq!(leaves_one, !NOTHING_OF_OTHERS.contains(&operation.id.as_str()), "the record of {}", operation.id);
            let unknown: Vec<&String> = actions.iter().filter(|action| !known.contains(&action.as_str())).collect();
            assert!(unknown.is_empty(), "{unknown:?} are missing in data/code_lists.json");
        }
    }

    async fn a_question_that_cannot_be_asked_is_told_so(app: TestApp) {
        for (question, parameter) in [
            ("actor=nobody", "actor"), ("actor=staff:1", "actor"), ("resourceId=1", "resourceId"), ("from=yesterday", "from"),
            ("to=2026-13-01T00:00:00Z", "to"), ("action=", "action"), ("resourceType=%20", "resourceType"), ("name=Elias", "name"),
        ] {
            let answer = app.auditor().get(&format!("/audit-records?{question}")).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), [parameter], "{question}");
        }
        for head in ["1", "0:00", "1:zz", ""] {
            let answer = app.auditor().get(&format!("/audit-records/verification?expectedHead={head}")).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), ["expectedHead"]);
        }
    }
}
