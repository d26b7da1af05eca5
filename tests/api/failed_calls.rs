//! What is remembered of calls that failed: who tried what on what, and nothing of the body.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use nara::audit::AuditOutcome;
use nara::audit::operations::{ABOUT_ONESELF, AuditedOperation};
use nara::db::DbConn;
use nara::db::columns::Json;
use nara::db::schema::audit_records;
use serde_json::{Value, json};

use crate::support::document::{OPERATIONS, takes_body};
use crate::support::fixtures::{concern_report, contact, person, with};
use crate::support::{Answer, Method, TestApp};

const UNKNOWN: &str = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";

/// One record of an attempt that failed.
#[derive(Debug, Clone, PartialEq)]
struct Failed {
    outcome: String,
    action: String,
    about: Value,
    actor: String,
    trace: String,
}

impl Failed {
    fn is(&self, outcome: &str, action: &str, about: Value) -> bool {
        (self.outcome.as_str(), self.action.as_str(), &self.about) == (outcome, action, &about)
    }
}

/// The records of failed attempts in the order in which they were written, as soon as there are so many. Nobody waits for them.
async fn failed(app: &TestApp, count: usize) -> Vec<Failed> {
    for _ in 0..500 {
        let read = |conn: &mut DbConn| {
            let rows =
                audit_records::table.filter(audit_records::outcome.ne(AuditOutcome::Done)).order(audit_records::id);
            let columns = (
                audit_records::outcome,
                audit_records::action,
                audit_records::resource_ids,
                audit_records::actor,
                audit_records::trace_id,
            );
            let rows: Vec<(AuditOutcome, String, Json<Value>, String, String)> = rows.select(columns).load(conn)?;
            Ok(rows)
        };
        let rows = app.db().read(read).await.unwrap();
        if rows.len() >= count {
            assert_eq!(rows.len(), count, "{rows:?}");
            let record =
                |(outcome, action, about, actor, trace): (AuditOutcome, String, Json<Value>, String, String)| Failed {
                    outcome: outcome.as_ref().to_owned(),
                    action,
                    about: about.0,
                    actor,
                    trace,
                };
            return rows.into_iter().map(record).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the failed attempts were not recorded");
}

fn trace_of(answer: &Answer) -> String {
    answer.header("traceparent").unwrap().split('-').nth(1).unwrap().to_owned()
}

on_both_databases! {
    async fn who_lacks_the_role_is_recorded_from_the_first_call_on(app: TestApp) {
        let referral = app.submitted(concern_report()).await;
        let answer = app.analyst().get(&format!("/referrals/{referral}")).await;
        answer.problem(403, "forbidden");
        let record = failed(&app, 1).await.remove(0);
        assert!(record.is("denied", "referral.read", json!([referral])), "{record:?}");
        assert!(record.actor.starts_with("staff:"), "{record:?}");
        assert_eq!(record.trace, trace_of(&answer));
        // The directory may be named by its slugs.
        app.caseworker().delete("/areas/norr", "*").await.problem(403, "forbidden");
        let norr = app.anyone().get("/areas/norr").await.expect(200)["id"].clone();
        assert!(failed(&app, 2).await.iter().any(|record| record.is("denied", "area.deleted", json!([norr]))));
        app.caseworker().get("/audit-records").await.problem(403, "forbidden");
        app.caseworker().get("/partners").await.problem(403, "forbidden");
        let actions: BTreeSet<String> = failed(&app, 4).await.into_iter().map(|record| record.action).collect();
        assert!(actions.contains("audit.read") && actions.contains("partner.read"), "{actions:?}");
    }

    async fn what_the_state_does_not_allow_is_recorded(app: TestApp) {
        let report = app.submitted(concern_report()).await;
        let worker = app.caseworker();
        worker.post(&format!("/referrals/{report}/accept"), json!({})).await.problem(409, "action-not-allowed");
        worker.post(&format!("/referrals/{report}/reopen"), json!({ "reason": "x" })).await.problem(403, "action-forbidden");
        worker.patch(&format!("/referrals/{report}"), json!({ "urgency": "immediate" }), "\"9\"").await.problem(412, "stale-version");
        let own = app.person().await;
        worker.request(Method::PATCH, &format!("/people/{own}")).json(&json!({})).send().await.problem(428, "precondition-required");
        worker.post("/people", json!({ "gender": "unheard-of" })).await.problem(422, "validation-failed");
        app.administrator().delete("/areas/norr", "*").await.problem(409, "still-referenced");
        let records = failed(&app, 6).await;
        for (outcome, action, about) in [
            ("refused", "referral.accepted", json!([report])),
            ("denied", "referral.reopened", json!([report])),
            ("refused", "referral.corrected", json!([report])),
            ("refused", "person.changed", json!([own])),
            ("refused", "person.created", json!([])),
        ] {
            assert!(records.iter().any(|record| record.is(outcome, action, about.clone())), "{action}: {records:?}");
        }
        let norr = app.anyone().get("/areas/norr").await.expect(200)["id"].clone();
        assert!(records.iter().any(|record| record.is("refused", "area.deleted", json!([norr]))), "{records:?}");
        // A call that succeeds leaves none, and neither does a call by nobody who is known.
        worker.get(&format!("/referrals/{report}")).await.expect(200);
        app.anyone().get("/referrals").await.problem(401, "unauthenticated");
        app.anyone().get("/districts?limit=0").await.problem(400, "invalid-parameter");
        assert_eq!(failed(&app, 6).await.len(), 6);
    }

    async fn an_attempt_on_what_one_may_not_know_is_recorded_whatever_is_wrong_with_the_body(app: TestApp) {
        let foreign = app.reception_caseworker().post("/people", person()).await.expect(201)["id"].as_str().unwrap().to_owned();
        let actor = app.caseworker();
        let mut count = 0;
        for id in [foreign.as_str(), UNKNOWN] {
            let request = |method: Method, path: String| actor.request(method, &path).header("if-match", "*");
            let json = |method: Method, path: String, body: &str| request(method, path).header("content-type", "application/json").body(body);
            let path = format!("/people/{id}");
            json(Method::PATCH, path.clone(), "rubbish").send().await.problem(400, "malformed-json");
            json(Method::PATCH, path.clone(), "[]").send().await.problem(422, "validation-failed");
            request(Method::PATCH, path.clone()).body("{}").send().await.problem(415, "unsupported-media-type");
            json(Method::PATCH, path.clone(), &format!("\"{}\"", "x".repeat(1 << 20))).send().await.problem(413, "body-too-large");
            json(Method::POST, format!("{path}/move"), r#"{ "familyId": 7, "reason": "Elias" }"#).send().await.problem(422, "validation-failed");
            request(Method::GET, format!("{path}?rubbish=1")).send().await.problem(400, "invalid-parameter");
            request(Method::GET, path.clone()).header("accept", "text/csv").send().await.problem(406, "not-acceptable");
            count += 7;
            let records = failed(&app, count).await;
            let about: Vec<&Failed> = records.iter().filter(|record| record.about == json!([id])).collect();
            let actions: Vec<&str> = about.iter().map(|record| record.action.as_str()).collect();
            assert_eq!(actions.iter().filter(|action| **action == "person.changed").count(), 4, "{records:?}");
            assert_eq!(actions.iter().filter(|action| **action == "person.moved").count(), 1, "{records:?}");
            assert_eq!(actions.iter().filter(|action| **action == "person.read").count(), 2, "{records:?}");
            assert!(about.iter().all(|record| record.outcome == "refused"), "{records:?}");
        }
        let offer = app.new_offer().await;
        let wrong = with(offer, "/serviceId", json!(7));
        app.outreach_worker().post(&format!("/outreach-contacts/{UNKNOWN}/offers"), wrong).await.problem(422, "validation-failed");
        assert!(failed(&app, count + 1).await.iter().any(|record| record.is("refused", "offer.created", json!([UNKNOWN]))));
    }

    async fn a_batch_of_which_something_is_refused_is_recorded_once(app: TestApp) {
        let (worker, broken) = (app.outreach_worker(), with(contact(), "/durationMinutes", json!(-1)));
        let batch = json!({ "items": [broken, json!({}), contact()] });
        worker.post("/outreach-contacts/batch", batch).await.expect(200);
        let records = failed(&app, 1).await;
        assert!(records[0].is("refused", "outreach_contact.created", json!([])), "{records:?}");
        worker.post("/outreach-contacts/batch", json!({ "items": [contact()] })).await.expect(200);
        assert_eq!(failed(&app, 1).await.len(), 1);
    }

    async fn a_private_report_that_is_refused_leads_to_nobody(app: TestApp) {
        let answer = app.caseworker().request(Method::POST, "/referrals").header("content-type", "application/json").body("rubbish").send().await;
        answer.problem(400, "malformed-json");
        let record = failed(&app, 1).await.remove(0);
        assert!(record.is("refused", "referral.created", json!([])), "{record:?}");
        assert_ne!(record.trace, trace_of(&answer), "it may have been the report of somebody who stays unknown");
    }

    async fn a_flood_is_summed_up_and_nothing_of_it_is_lost(app: TestApp) {
        let referral = app.submitted(concern_report()).await;
        let (flooder, other) = (app.analyst(), app.administrator());
        for number in 0..100 {
            let path = if number % 2 == 0 { format!("/referrals/{referral}") } else { "/referrals".to_owned() };
            flooder.get(&path).await.problem(403, "forbidden");
        }
        other.get("/referrals").await.problem(403, "forbidden");
        let records = failed(&app, 61).await;
        let flooding = records.iter().max_by_key(|record| records.iter().filter(|other| other.actor == record.actor).count()).unwrap().actor.clone();
        assert_eq!(records.iter().filter(|record| record.actor == flooding).count(), 60, "one by one");
        app.clock.advance(Duration::from_secs(60));
        let records = failed(&app, 62).await;
        let summary = records.iter().find(|record| record.action == "audit.attempts_summarised").unwrap();
        assert_eq!((summary.outcome.as_str(), &summary.actor), ("denied", &flooding));
        let named = summary.about.as_array().unwrap();
        assert_eq!(named.len(), 40, "one for each attempt");
        assert_eq!(named.iter().filter(|id| **id == json!(referral)).count(), 20);
        assert_eq!(app.counted("nara_audit_denials_dropped_total").await, 0);
        let told = app.auditor().get(&format!("/audit-records?resourceId={referral}&action=audit.attempts_summarised")).await.expect(200);
        assert_eq!(told["items"].as_array().unwrap().len(), 1);
        // The next minute begins anew.
        flooder.get("/referrals").await.problem(403, "forbidden");
        assert_eq!(failed(&app, 63).await.iter().filter(|record| record.action == "referral.listed").count(), 32);
    }

    async fn every_operation_records_a_call_that_fails_under_its_action(app: TestApp) {
        let signed_in = || OPERATIONS.iter().filter(|operation| !operation.secured_by.is_empty());
        let named: BTreeSet<&str> = AuditedOperation::ids().chain(ABOUT_ONESELF).collect();
        assert_eq!(named, signed_in().map(|operation| operation.id.as_str()).collect());
        let mut count = 0;
        for operation in signed_in() {
            let Some(audited) = AuditedOperation::of(&operation.id) else { continue };
            let request = app.prepare(operation).await;
            let caller = app.right_caller(operation);
            let before = app.audit_actions().await.len();
            let bad = caller.request(request.method.clone(), &request.path).header("if-match", "*");
            let bad = match takes_body(operation) {
                true => bad.header("content-type", "application/json").body("rubbish").send().await,
                false => caller.request(request.method.clone(), &format!("{}?rubbish=1", request.path)).send().await,
            };
            bad.problem(400, if takes_body(operation) { "malformed-json" } else { "invalid-parameter" });
            count += 1;
            let records = failed(&app, count).await;
            // The record of what may be the report of somebody unknown has another trace.
            let is_this = |record: &&Failed| record.trace == trace_of(&bad) || operation.id == "createReferral";
            let record = records.iter().filter(is_this).find(|record| record.action == audited.action.code);
            assert_eq!(record.map(|record| record.outcome.as_str()), Some("refused"), "{}: {records:?}", operation.id);
            // A minute has room for sixty of one caller.
            app.clock.advance(Duration::from_secs(5));
            let answer = request.send(&caller).await;
            assert!(answer.status < 300, "{answer:?}");
            let done = app.audit_actions().await.split_off(before);
            let is_read = ["partner.read", "partner_key.read"].contains(&audited.action.code);
            assert!(is_read || done.iter().any(|done| done.starts_with(audited.action.code)), "{}: {done:?}", operation.id);
        }
    }
}
