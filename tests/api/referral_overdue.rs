//! Deadlines that pass: each is recorded once, whoever runs and however often.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::referral_clocks::{act, deadline};
use crate::referrals::{office, path, submit};
use crate::support::TestApp;
use crate::support::app::RECEPTION;
use crate::support::fixtures::{concern_report, support_request, unnumbered};

/// Waits until something is so. The server looks every other second.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: in vain");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The kinds that a referral's history tells of as overdue, in their order.
async fn marked(app: &TestApp, receipt: &Value) -> Vec<String> {
    let history = app.caseworker().get(&format!("{}/history?limit=100", path(receipt))).await.expect(200);
    let events = history["items"].as_array().unwrap().iter().filter(|event| event["action"] == "mark-overdue");
    events.map(|event| event["reasonCode"].as_str().unwrap().to_owned()).collect()
}

async fn until_marked(app: &TestApp, receipt: &Value, kinds: &[&str]) {
    until(&format!("{kinds:?}"), async || marked(app, receipt).await == kinds).await;
}

/// What the audit says was marked.
async fn recorded(app: &TestApp) -> Vec<Value> {
    let audit = app.audit().await.into_iter().filter(|(_, action, _)| action == "referral.marked_overdue");
    audit.inspect(|(actor, ..)| assert_eq!(actor, "system")).map(|(_, _, about)| about).collect()
}

async fn counted(app: &TestApp, kind: &str) -> u64 {
    app.counted(&format!("nara_deadlines_overdue_total{{kind=\"{kind}\"}}")).await
}

async fn until_overdue_are(app: &TestApp, count: u64) {
    until(&format!("{count} are overdue"), async || app.counted("nara_referrals_overdue").await == count).await;
}

on_both_databases! {
    async fn a_deadline_that_passes_is_recorded_once(app: TestApp) {
        let first = submit(&app.school(), concern_report()).await;
        app.clock.advance(Duration::from_secs(1));
        let second = submit(&app.school(), concern_report()).await;
        // The first has passed, and the second is due now, which is in time.
        app.clock.set("2026-11-24T09:00:01Z");
        until_marked(&app, &first, &["protection_assessment"]).await;
        assert_eq!(marked(&app, &second).await, [""; 0]);
        let history = app.caseworker().get(&format!("{}/history", path(&first))).await.expect(200);
        let event = &history["items"][1];
        let expected = json!({
            "id": event["id"], "version": 2, "action": "mark-overdue", "from": "received", "to": "received", "by": "system",
            "at": "2026-11-24T09:00:01Z", "officeId": event["officeId"], "reasonCode": "protection_assessment",
        });
        assert_eq!(event, &expected);
        let read = app.caseworker().get(&path(&first)).await.expect(200);
        assert!(deadline(&read, "protection_assessment")["overdue"] == true && deadline(&read, "inquiry_decision")["overdue"] == false);
        app.clock.advance(Duration::from_secs(1));
        until_marked(&app, &second, &["protection_assessment"]).await;
        until_overdue_are(&app, 2).await;
        assert_eq!(recorded(&app).await, [json!([first["id"]]), json!([second["id"]])]);
        assert_eq!(counted(&app, "protection_assessment").await, 2);
        assert_eq!(counted(&app, "inquiry_decision").await, 0);
        // What is met is overdue no longer, and stays recorded.
        act(&app.caseworker(), &first, "assess-protection", json!({ "immediateNeed": false })).await;
        until_overdue_are(&app, 1).await;
        assert_eq!(marked(&app, &first).await, ["protection_assessment"]);
        // The sender learns nothing of it.
        assert_eq!(app.school().get(&crate::referrals::partner_path(&first)).await.expect(200), first);
    }

    async fn two_deadlines_that_have_passed_are_recorded_one_after_the_other(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        app.clock.set("2027-01-15T09:00:00Z");
        until_marked(&app, &receipt, &["protection_assessment", "inquiry_decision"]).await;
        assert_eq!(recorded(&app).await, [json!([receipt["id"]]), json!([receipt["id"]])]);
        assert_eq!((counted(&app, "protection_assessment").await, counted(&app, "inquiry_decision").await), (1, 1));
    }

    async fn a_server_that_starts_again_records_what_has_passed_meanwhile_and_nothing_twice(app: TestApp) {
        let first = submit(&app.school(), concern_report()).await;
        app.clock.set("2026-11-24T09:00:01Z");
        until_marked(&app, &first, &["protection_assessment"]).await;
        let second = submit(&app.school(), concern_report()).await;
        // Both servers share a database and a clock; the first one ends before anything else passes.
        let restarted = app.another_server().await;
        app.stop_gracefully().await;
        restarted.clock.set("2026-11-25T09:00:02Z");
        until_marked(&restarted, &second, &["protection_assessment"]).await;
        until_overdue_are(&restarted, 2).await;
        assert_eq!(marked(&restarted, &first).await, ["protection_assessment"]);
        assert_eq!(recorded(&restarted).await, [json!([first["id"]]), json!([second["id"]])]);
        assert_eq!(counted(&restarted, "protection_assessment").await, 1, "the other one was recorded before");
    }

    async fn many_that_cannot_be_read_keep_no_other_from_being_recorded(app: TestApp) {
        let school = app.school();
        // As many as are recorded at once.
        futures_util::future::join_all((0..50).map(|_| submit(&school, unnumbered()))).await;
        let spoil = |conn: &mut nara::db::DbConn| {
            use diesel::prelude::*;
            // What is sealed for one column opens in no other.
            Ok(diesel::sql_query("UPDATE referrals SET matter = routing").execute(conn)?)
        };
        assert_eq!(app.db().write(spoil).await.unwrap(), 50);
        app.clock.advance(Duration::from_secs(1));
        let sound = submit(&school, concern_report()).await;
        app.clock.set("2026-11-24T09:00:02Z");
        until_marked(&app, &sound, &["protection_assessment"]).await;
        assert_eq!(recorded(&app).await, [json!([sound["id"]])]);
    }

    async fn of_two_servers_one_records_each(app: TestApp) {
        // More than are recorded at once.
        const MANY: usize = 120;
        let other = app.another_server().await;
        let school = app.school();
        futures_util::future::join_all((0..MANY).map(|_| submit(&school, unnumbered()))).await;
        app.clock.set("2026-11-24T10:00:00Z");
        let all = async || recorded(&app).await.len() >= MANY;
        until("all are recorded", all).await;
        // Both look once more, at the last one.
        let last = submit(&school, concern_report()).await;
        app.clock.set("2026-11-25T10:00:01Z");
        until_overdue_are(&app, MANY as u64 + 1).await;
        until_overdue_are(&other, MANY as u64 + 1).await;
        until_marked(&app, &last, &["protection_assessment"]).await;
        let recorded = recorded(&app).await;
        let distinct: HashSet<String> = recorded.iter().map(Value::to_string).collect();
        assert_eq!((recorded.len(), distinct.len()), (MANY + 1, MANY + 1));
        let both = counted(&app, "protection_assessment").await + counted(&other, "protection_assessment").await;
        assert_eq!(both, MANY as u64 + 1);
    }

    async fn an_extended_deadline_can_pass_again(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        act(&app.caseworker(), &receipt, "assess-protection", json!({ "immediateNeed": false })).await;
        app.clock.set("2026-12-08T09:00:00Z");
        until_marked(&app, &receipt, &["inquiry_decision"]).await;
        let extension = json!({ "kind": "inquiry_decision", "until": "2026-12-18", "reasonCode": "child_not_reachable", "note": "Barnet är bortrest." });
        let view = act(&app.team_lead(), &receipt, "extend-deadline", extension).await;
        let decide = deadline(&view, "inquiry_decision");
        assert_eq!((&decide["overdue"], &decide["firstDueAt"]), (&json!(false), &json!("2026-12-07T23:00:00Z")));
        until_overdue_are(&app, 0).await;
        app.clock.set("2026-12-18T23:00:00.000001Z");
        until_marked(&app, &receipt, &["inquiry_decision", "inquiry_decision"]).await;
    }

    async fn what_is_recorded_stays_so_at_another_office_and_after_reopening(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        app.clock.set("2026-11-24T10:00:00Z");
        until_marked(&app, &receipt, &["protection_assessment"]).await;
        let there = office(&app, RECEPTION).await["id"].clone();
        act(&app.caseworker(), &receipt, "redirect", json!({ "officeId": there, "reason": "capacity" })).await;
        // Another one that passes shows that the server has looked again.
        let other = submit(&app.school(), concern_report()).await;
        app.clock.set("2026-11-25T10:00:01Z");
        until_marked(&app, &other, &["protection_assessment"]).await;
        assert_eq!(recorded(&app).await, [json!([receipt["id"]]), json!([other["id"]])]);
    }

    async fn what_is_at_its_end_has_nothing_to_record_but_its_feedback(app: TestApp) {
        let request = submit(&app.school(), support_request()).await;
        act(&app.caseworker(), &request, "accept", json!({})).await;
        act(&app.caseworker(), &request, "hold", json!({ "reason": "other", "reviewOn": "2026-11-27" })).await;
        act(&app.caseworker(), &request, "record-family-declined", json!({ "reasonCode": "practical" })).await;
        let report = submit(&app.school(), concern_report()).await;
        act(&app.caseworker(), &report, "assess-protection", json!({ "immediateNeed": true })).await;
        act(&app.qualified_caseworker(), &report, "decide-inquiry", json!({ "decision": "open_inquiry" })).await;
        let held = submit(&app.school(), support_request()).await;
        act(&app.caseworker(), &held, "accept", json!({})).await;
        act(&app.caseworker(), &held, "hold", json!({ "reason": "other", "reviewOn": "2026-11-27" })).await;
        app.clock.set("2027-02-01T09:00:00Z");
        until_marked(&app, &report, &["feedback"]).await;
        until_marked(&app, &held, &["review", "first_contact"]).await;
        assert_eq!(marked(&app, &request).await, [""; 0]);
        assert_eq!(recorded(&app).await.len(), 3);
    }

    async fn the_overdue_queue_has_what_passed_first_at_its_top(app: TestApp) {
        let (school, caseworker) = (app.school(), app.caseworker());
        let mut all = Vec::new();
        for body in [support_request(), concern_report(), concern_report(), support_request(), support_request()] {
            all.push(submit(&school, body).await);
            app.clock.advance(Duration::from_secs(60));
        }
        // Due on the 30th by its first contact, and on the 25th by a review; the first request has nothing due.
        act(&caseworker, &all[3], "accept", json!({})).await;
        act(&caseworker, &all[4], "accept", json!({})).await;
        act(&caseworker, &all[4], "hold", json!({ "reason": "other", "reviewOn": "2026-11-25" })).await;
        act(&caseworker, &all[1], "assess-protection", json!({ "immediateNeed": false })).await;
        let queue = async |question: &str| {
            let page = caseworker.get(&format!("/referrals?sort=nextDueAt&{question}")).await.expect(200);
            page["items"].as_array().unwrap().iter().map(|row| (row["id"].clone(), row["overdue"] == true)).collect::<Vec<_>>()
        };
        let told = |places: &[(usize, bool)]| places.iter().map(|(at, overdue)| (all[*at]["id"].clone(), *overdue)).collect::<Vec<_>>();
        for (now, overdue) in [
            ("2026-11-23T10:00:00Z", &[][..]),
            ("2026-11-25T09:00:00Z", &[2][..]),
            ("2026-11-25T23:00:01Z", &[2, 4][..]),
            ("2026-11-30T23:00:01Z", &[2, 4, 3][..]),
            ("2026-12-07T23:00:01Z", &[2, 4, 3, 1][..]),
        ] {
            app.clock.set(now);
            let is_overdue = |at: &usize| (*at, overdue.contains(at));
            // Readers are told by the time that it is, whether it was recorded already or not.
            assert_eq!(queue("").await, told(&[2, 4, 3, 1, 0].each_ref().map(is_overdue)), "{now}");
            assert_eq!(queue("overdue=true").await, told(&overdue.iter().map(is_overdue).collect::<Vec<_>>()), "{now}");
            assert_eq!(queue("overdue=false").await.len(), 5 - overdue.len(), "{now}");
            assert_eq!(queue(&format!("dueBefore={now}")).await.len(), overdue.len(), "{now}");
        }
        until_overdue_are(&app, 4).await;
    }
}
