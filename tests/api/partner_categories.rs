//! An agency that is found to be of another category: what it may know follows, of what it has sent and of what it sends meanwhile.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::partners::{change, holds};
use crate::referral_clocks::{act, deadline, has_deadline};
use crate::referrals::{partner_path, path, submit};
use crate::support::fixtures::{concern_report, support_request, unnumbered, without};
use crate::support::{Actor, TestApp};

const LATER: &str = "2026-11-24T09:00:00Z";

async fn is_now(app: &TestApp, slug: &str, category: &str) {
    change(app, slug, json!({ "category": category })).await;
}

async fn decided(app: &TestApp, sender: &Actor, report: Value) -> Value {
    let receipt = submit(sender, report).await;
    for action in ["assess-protection", "decide-inquiry"] {
        app.step(receipt["id"].as_str().unwrap(), action).await;
    }
    receipt
}

async fn read(reader: &Actor, path: &str) -> Value {
    reader.get(path).await.expect(200)
}

fn ids<'a>(list: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    list.into_iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// What a program that looks for news finds.
async fn changed_from(sender: &Actor, time: &str) -> BTreeSet<String> {
    let list = read(sender, &format!("/partner/referrals?limit=100&changedFrom={time}")).await;
    ids(list["items"].as_array().unwrap().iter().map(|receipt| &receipt["id"]))
}

/// Which referrals the audit names as those whose receipts have changed: each of them once.
async fn audited(app: &TestApp) -> BTreeSet<String> {
    let audit = app.audit().await;
    let named = audit.iter().filter(|(_, action, _)| action == "referral.receipt_changed");
    let named: Vec<&Value> = named.flat_map(|(.., ids)| ids.as_array().unwrap()).collect();
    let all = ids(named.iter().copied());
    assert_eq!(named.len(), all.len());
    all
}

/// Whether a receipt is that of who may learn what is decided.
fn tells(receipt: &Value) -> bool {
    let has_deadline = !receipt["deadlines"].as_array().unwrap().is_empty();
    assert_eq!(receipt.get("feedback").is_some(), has_deadline, "{receipt}");
    has_deadline
}

on_both_databases! {
    async fn who_may_be_told_no_more_leaves_no_clock_that_nobody_can_meet(app: TestApp) {
        let school = app.school();
        let due = decided(&app, &school, concern_report()).await;
        let told = decided(&app, &school, concern_report()).await;
        act(&app.caseworker(), &told, "send-feedback", json!({})).await;
        let open = submit(&school, concern_report()).await;
        let request = submit(&school, support_request()).await;
        let reports = ids([&due["id"], &told["id"], &open["id"]]);
        let before = app.caseworker().get(&path(&open)).await;
        let of_request = school.get(&partner_path(&request)).await.etag();

        app.clock.set(LATER);
        is_now(&app, "school", "association").await;
        for receipt in [&due, &told, &open] {
            let receipt = read(&school, &partner_path(receipt)).await;
            assert!(!tells(&receipt));
            assert_eq!(receipt["updatedAt"], LATER);
        }
        assert_eq!(school.get(&partner_path(&request)).await.etag(), of_request);
        assert_eq!(changed_from(&school, LATER).await, reports);
        assert_eq!(audited(&app).await, reports);

        let view = read(&app.caseworker(), &path(&due)).await;
        assert!(!has_deadline(&view, "feedback") && view.get("nextDueAt").is_none(), "{view}");
        app.caseworker().post(&format!("{}/send-feedback", path(&due)), json!({})).await.problem(409, "feedback-not-for-sender");
        let view = read(&app.caseworker(), &path(&told)).await;
        assert_eq!(deadline(&view, "feedback")["metAt"], "2026-11-23T09:00:00Z", "what was done stays");
        let view = read(&app.caseworker(), &path(&open)).await;
        assert_eq!((view["deadlines"].clone(), &view["updatedAt"]), (before.json()["deadlines"].clone(), &json!(LATER)));
        let stale = app.caseworker().request(crate::support::Method::POST, &format!("{}/assess-protection", path(&open)));
        let stale = stale.header("if-match", before.etag()).json(&json!({ "immediateNeed": false })).send().await;
        stale.problem(412, "stale-version");
        app.clock.set("2026-12-24T09:00:00Z");
        let overdue = read(&app.caseworker(), "/referrals?overdue=true").await;
        assert_eq!(ids(overdue["items"].as_array().unwrap().iter().map(|row| &row["id"])), ids([&open["id"]]));
    }

    async fn who_may_be_told_from_now_on_and_asked_is_told_within_a_week_of_the_decision(app: TestApp) {
        let association = app.association();
        let asked = decided(&app, &association, concern_report()).await;
        let unasked = decided(&app, &association, without(concern_report(), "/feedbackRequested")).await;
        app.clock.set(LATER);
        is_now(&app, "association", "school").await;
        for (receipt, requested) in [(&asked, true), (&unasked, false)] {
            let receipt = read(&association, &partner_path(receipt)).await;
            assert!(tells(&receipt));
            assert_eq!((&receipt["feedback"]["requested"], &receipt["updatedAt"]), (&json!(requested), &json!(LATER)));
        }
        assert_eq!(changed_from(&association, LATER).await, ids([&asked["id"], &unasked["id"]]));
        assert_eq!(audited(&app).await, ids([&asked["id"], &unasked["id"]]));

        let view = read(&app.caseworker(), &path(&asked)).await;
        assert_eq!((&deadline(&view, "feedback")["dueAt"], &view["nextDueAt"]), (&json!("2026-11-30T23:00:00Z"), &json!("2026-11-30T23:00:00Z")));
        assert!(!has_deadline(&read(&app.caseworker(), &path(&unasked)).await, "feedback"));
        // Who did not ask then may ask now, and who did is told.
        association.post(&format!("{}/request-feedback", partner_path(&unasked)), json!({})).await.expect(200);
        let view = act(&app.caseworker(), &asked, "send-feedback", json!({})).await;
        assert_eq!((&deadline(&view, "feedback")["metAt"], view.get("nextDueAt")), (&json!(LATER), None));
        // What was told is not owed again.
        is_now(&app, "association", "association").await;
        is_now(&app, "association", "school").await;
        assert_eq!(read(&app.caseworker(), &path(&asked)).await["deadlines"], view["deadlines"]);
        assert!(has_deadline(&read(&app.caseworker(), &path(&unasked)).await, "feedback"));
    }

    async fn a_category_that_may_know_as_much_changes_no_receipt(app: TestApp) {
        let due = decided(&app, &app.school(), concern_report()).await;
        let before = app.school().get(&partner_path(&due)).await;
        app.clock.set(LATER);
        is_now(&app, "school", "private_professional").await;
        let after = app.school().get(&partner_path(&due)).await;
        assert_eq!((after.json(), after.etag()), (before.json(), before.etag()));
        assert!(has_deadline(&read(&app.caseworker(), &path(&due)).await, "feedback"));
        assert!(audited(&app).await.is_empty());
    }

    async fn all_that_an_agency_has_sent_follows_however_much_it_is(app: TestApp) {
        let school = app.school();
        let receipts = join_all((0..130).map(|_| submit(&school, unnumbered()))).await;
        let reports = ids(receipts.iter().map(|receipt| &receipt["id"]));
        app.clock.set(LATER);
        is_now(&app, "school", "police").await;
        assert_eq!(audited(&app).await, reports);
        assert_eq!(changed_from(&school, LATER).await.len(), 100, "a page of them");
        assert!(read(&school, &format!("/partner/referrals?changedTo={LATER}")).await["items"].as_array().unwrap().is_empty());
    }

    async fn what_is_sent_through_a_server_that_has_not_heard_of_it_goes_by_the_new_category(app: TestApp) {
        let other = app.another_server().await;
        assert!(holds(&other.school()).await);
        is_now(&app, "school", "police").await;
        let receipt = submit(&other.school(), concern_report()).await;
        assert!(!tells(&receipt));
        assert!(!tells(&read(&app.school(), &partner_path(&receipt)).await));
    }

    async fn what_is_sent_in_the_same_moment_goes_by_the_new_category_too(app: TestApp) {
        let other = app.another_server().await;
        let (here, there) = (app.school(), other.school());
        for category in ["police", "school", "association", "school"] {
            let sending = join_all((0..24).map(|number| submit(if number % 2 == 0 { &here } else { &there }, unnumbered())));
            let (receipts, ()) = join(sending, is_now(&app, "school", category)).await;
            for receipt in receipts {
                assert_eq!(tells(&read(&here, &partner_path(&receipt)).await), category == "school", "{category}");
            }
        }
    }
}
