//! The clocks of a referral: what is due when, by the law's days and the almanac's, and what moves them.

use serde_json::{Value, json};

use crate::referrals::{office, path, submit};
use crate::support::app::RECEPTION;
use crate::support::fixtures::{concern_report, support_request, with, without};
use crate::support::{Actor, TestApp};

/// Takes a step that is allowed, and gives what the referral is then.
pub async fn act(who: &Actor, receipt: &Value, action: &str, body: Value) -> Value {
    who.post(&format!("{}/{action}", path(receipt)), body).await.expect(200)
}

/// The deadline of a kind, which must be there.
pub fn deadline<'a>(referral: &'a Value, kind: &str) -> &'a Value {
    let deadlines = referral["deadlines"].as_array().unwrap();
    let found = deadlines.iter().find(|deadline| deadline["kind"] == kind);
    found.unwrap_or_else(|| panic!("there is no deadline of {kind}: {deadlines:?}"))
}

pub fn has_deadline(referral: &Value, kind: &str) -> bool {
    referral["deadlines"].as_array().unwrap().iter().any(|deadline| deadline["kind"] == kind)
}

/// A request that the office has accepted now.
async fn accepted(app: &TestApp) -> (Value, Value) {
    let receipt = submit(&app.school(), support_request()).await;
    let view = act(&app.caseworker(), &receipt, "accept", json!({})).await;
    (receipt, view)
}

/// A report whose protection assessment is made now.
async fn assessed(app: &TestApp, sender: &Actor, report: Value) -> Value {
    let receipt = submit(sender, report).await;
    act(&app.caseworker(), &receipt, "assess-protection", json!({ "immediateNeed": false })).await;
    receipt
}

/// A report that is decided now, and what it is then.
async fn decided(app: &TestApp, sender: &Actor, report: Value, decision: &str) -> (Value, Value) {
    let receipt = assessed(app, sender, report).await;
    let view = act(&app.qualified_caseworker(), &receipt, "decide-inquiry", json!({ "decision": decision })).await;
    (receipt, view)
}

on_both_databases! {
    async fn the_days_of_a_decision_pass_easter_midsummer_new_year_and_both_changes_of_the_clock(app: TestApp) {
        for (received, protection, decision, rolled) in [
            // Two weeks later is New Year's Eve.
            ("2026-12-17T10:00:00Z", "2026-12-18T10:00:00Z", "2026-12-31T23:00:00Z", "2027-01-04T23:00:00Z"),
            // Good Friday; the Tuesday after Easter is in summer time.
            ("2027-03-12T10:00:00Z", "2027-03-13T10:00:00Z", "2027-03-26T23:00:00Z", "2027-03-30T22:00:00Z"),
            // The night in which the clock goes forward: 24 hours stay 24 hours.
            ("2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z", "2027-04-10T22:00:00Z", "2027-04-12T22:00:00Z"),
            // Midsummer Eve.
            ("2027-06-11T10:00:00Z", "2027-06-12T10:00:00Z", "2027-06-25T22:00:00Z", "2027-06-28T22:00:00Z"),
            // The last day is the Sunday on which the clock goes back.
            ("2027-10-17T10:00:00Z", "2027-10-18T10:00:00Z", "2027-10-31T23:00:00Z", "2027-11-01T23:00:00Z"),
            ("2027-10-30T12:00:00Z", "2027-10-31T12:00:00Z", "2027-11-13T23:00:00Z", "2027-11-15T23:00:00Z"),
        ] {
            app.clock.set(received);
            let receipt = submit(&app.school(), concern_report()).await;
            let read = app.caseworker().get(&path(&receipt)).await.expect(200);
            assert_eq!(deadline(&read, "protection_assessment")["dueAt"], protection);
            assert_eq!(deadline(&read, "protection_assessment").get("rolledDueAt"), None, "hours are never moved");
            let decide = deadline(&read, "inquiry_decision");
            assert_eq!((&decide["dueAt"], &decide["rolledDueAt"]), (&json!(decision), &json!(rolled)));
        }
    }

    async fn a_first_contact_has_five_working_days_from_when_the_office_accepted(app: TestApp) {
        for (at, due) in [
            ("2026-11-23T09:30:00Z", "2026-11-30T23:00:00Z"),
            // New Year's Eve, New Year's Day, a weekend and Epiphany are not worked.
            ("2026-12-29T09:00:00Z", "2027-01-08T23:00:00Z"),
            // Easter, with the clock going forward in it.
            ("2027-03-23T09:00:00Z", "2027-04-01T22:00:00Z"),
            // Midsummer Eve and the weekend behind it.
            ("2027-06-21T09:00:00Z", "2027-06-29T22:00:00Z"),
        ] {
            app.clock.set(at);
            let (_, view) = accepted(&app).await;
            let contact = deadline(&view, "first_contact");
            assert_eq!((&contact["dueAt"], contact.get("rolledDueAt")), (&json!(due), None));
            assert_eq!(view["nextDueAt"], due);
        }
    }

    async fn a_first_contact_is_met_by_an_attempt_that_reached_somebody_or_by_the_start(app: TestApp) {
        let (receipt, _) = accepted(&app).await;
        app.clock.set("2026-11-24T12:00:00Z");
        let attempt = |reached: bool| json!({ "at": "2026-11-24T08:00:00Z", "channel": "phone", "reached": reached });
        let view = act(&app.caseworker(), &receipt, "log-attempt", attempt(false)).await;
        assert_eq!(deadline(&view, "first_contact").get("metAt"), None);
        assert_eq!(view["nextDueAt"], "2026-11-30T23:00:00Z");
        let view = act(&app.caseworker(), &receipt, "log-attempt", attempt(true)).await;
        assert_eq!(deadline(&view, "first_contact")["metAt"], "2026-11-24T08:00:00Z");
        assert_eq!(view.get("nextDueAt"), None, "nothing runs any more");
        let view = act(&app.caseworker(), &receipt, "start", json!({ "firstContactAt": "2026-11-24T11:00:00Z" })).await;
        assert_eq!(deadline(&view, "first_contact")["metAt"], "2026-11-24T08:00:00Z", "it is met once");
        let (other, _) = accepted(&app).await;
        let view = act(&app.caseworker(), &other, "start", json!({ "firstContactAt": "2026-11-24T12:00:00Z" })).await;
        assert_eq!(deadline(&view, "first_contact")["metAt"], "2026-11-24T12:00:00Z");
    }

    async fn nothing_is_due_next_where_nothing_runs(app: TestApp) {
        let waits = submit(&app.school(), support_request()).await;
        let read = app.caseworker().get(&path(&waits)).await.expect(200);
        assert_eq!((read.get("nextDueAt"), &read["deadlines"]), (None, &json!([])));
        let turned = json!({ "reasonCode": "not_our_mandate", "turnTo": { "text": "Familjerådgivningen" } });
        let view = act(&app.caseworker(), &waits, "decline", turned).await;
        assert_eq!(view.get("nextDueAt"), None);
        let (_, view) = decided(&app, &app.school(), with(concern_report(), "/feedbackRequested", json!(false)), "do_not_open").await;
        assert_eq!(view.get("nextDueAt"), None, "a matter at its end has nothing due");
        let lapsed = submit(&app.school(), concern_report()).await;
        let view = act(&app.team_lead(), &lapsed, "enter-in-error", json!({ "reason": "Fel barn." })).await;
        assert_eq!(view.get("nextDueAt"), None);
        app.clock.set("2027-03-01T09:00:00Z");
        assert_eq!(app.caseworker().get("/referrals?overdue=true").await.expect(200)["items"], json!([]));
        let read = app.caseworker().get(&path(&lapsed)).await.expect(200);
        assert_eq!(deadline(&read, "inquiry_decision")["overdue"], false);
    }

    async fn clocks_go_on_through_questions_and_redirects(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let before = app.caseworker().get(&path(&receipt)).await.expect(200)["deadlines"].clone();
        app.clock.set("2026-11-23T15:00:00Z");
        let view = act(&app.caseworker(), &receipt, "request-information", json!({ "question": "Vilka dagar?" })).await;
        assert_eq!((&view["status"], &view["deadlines"]), (&json!("information_requested"), &before));
        let view = act(&app.caseworker(), &receipt, "supply-information", json!({ "text": "Måndagar." })).await;
        assert_eq!(view["deadlines"], before);
        let there = office(&app, RECEPTION).await["id"].clone();
        let view = act(&app.caseworker(), &receipt, "redirect", json!({ "officeId": there, "reason": "capacity" })).await;
        assert_eq!(view["deadlines"], before);
        let read = app.reception_caseworker().get(&path(&receipt)).await.expect(200);
        assert_eq!((&read["deadlines"], &read["nextDueAt"]), (&before, &json!("2026-11-24T09:00:00Z")));
        // What was accepted has its first contact to make there, too.
        let (request, view) = accepted(&app).await;
        act(&app.caseworker(), &request, "redirect", json!({ "officeId": there, "reason": "moved" })).await;
        app.clock.set("2026-11-26T15:00:00Z");
        let again = act(&app.reception_caseworker(), &request, "accept", json!({})).await;
        assert_eq!(again["deadlines"], view["deadlines"], "accepting it once more gives no more time");
    }

    async fn reopening_starts_no_clock_anew(app: TestApp) {
        let (receipt, view) = decided(&app, &app.school(), concern_report(), "do_not_open").await;
        let before = view["deadlines"].clone();
        app.clock.set("2026-11-25T09:00:00Z");
        let view = act(&app.team_lead(), &receipt, "reopen", json!({ "reason": "Nya uppgifter." })).await;
        assert_eq!(view["deadlines"], before);
        let (request, _) = accepted(&app).await;
        let start = json!({ "firstContactAt": "2026-11-25T09:00:00Z" });
        act(&app.caseworker(), &request, "start", start).await;
        let view = act(&app.caseworker(), &request, "complete", json!({ "outcome": "support_given" })).await;
        let reopened = act(&app.team_lead(), &request, "reopen", json!({ "reason": "Familjen hörde av sig." })).await;
        assert_eq!(reopened["deadlines"], view["deadlines"]);
        let again = act(&app.caseworker(), &request, "accept", json!({})).await;
        assert_eq!(again["deadlines"], view["deadlines"], "the first contact was made");
    }

    async fn an_extension_keeps_the_first_day_and_rolls_with_the_new_one(app: TestApp) {
        let receipt = assessed(&app, &app.school(), concern_report()).await;
        let extend = |until: &str| json!({ "kind": "inquiry_decision", "until": until, "reasonCode": "illness_of_child", "note": "Barnet ligger på sjukhus." });
        let view = act(&app.team_lead(), &receipt, "extend-deadline", extend("2026-12-12")).await;
        // A Saturday, and the Monday behind it.
        let expected = json!({
            "kind": "inquiry_decision", "dueAt": "2026-12-12T23:00:00Z", "rolledDueAt": "2026-12-14T23:00:00Z",
            "firstDueAt": "2026-12-07T23:00:00Z", "overdue": false, "legalBasisId": "sol-20-2",
        });
        assert_eq!(deadline(&view, "inquiry_decision"), &expected);
        assert_eq!(view["nextDueAt"], "2026-12-12T23:00:00Z");
        let view = act(&app.team_lead(), &receipt, "extend-deadline", extend("2026-12-18")).await;
        let decide = deadline(&view, "inquiry_decision");
        assert_eq!((&decide["dueAt"], &decide["firstDueAt"]), (&json!("2026-12-18T23:00:00Z"), &json!("2026-12-07T23:00:00Z")));
        let protection = with(extend("2026-12-24"), "/kind", json!("protection_assessment"));
        let refused = app.team_lead().post(&format!("{}/extend-deadline", path(&receipt)), protection).await;
        refused.problem(422, "deadline-not-extendable");
    }

    async fn a_hold_is_looked_at_again_on_the_day_that_was_given(app: TestApp) {
        let (receipt, _) = accepted(&app).await;
        let caseworker = app.caseworker();
        let hold = |day: &str| json!({ "reason": "family_unavailable", "reviewOn": day });
        let view = act(&caseworker, &receipt, "hold", hold("2026-11-28")).await;
        // A Saturday; shown beside it is the Monday.
        let review = deadline(&view, "review");
        assert_eq!((&review["dueAt"], &review["rolledDueAt"]), (&json!("2026-11-28T23:00:00Z"), &json!("2026-11-30T23:00:00Z")));
        assert_eq!(view["nextDueAt"], "2026-11-28T23:00:00Z", "sooner than the first contact, which goes on");
        let later = json!({ "kind": "review", "until": "2026-12-20", "reasonCode": "child_not_reachable", "note": "Familjen är bortrest." });
        let view = act(&app.team_lead(), &receipt, "extend-deadline", later).await;
        assert_eq!((&view["hold"]["reviewOn"], &deadline(&view, "review")["dueAt"]), (&json!("2026-12-20"), &json!("2026-12-20T23:00:00Z")));
        app.clock.set("2026-11-24T10:00:00Z");
        let view = act(&caseworker, &receipt, "resume", json!({})).await;
        assert_eq!(deadline(&view, "review")["metAt"], "2026-11-24T10:00:00Z");
        assert_eq!(view["nextDueAt"], "2026-11-30T23:00:00Z", "the first contact");
        // Another hold has a day of its own, which its end meets.
        let view = act(&caseworker, &receipt, "hold", hold("2026-12-01")).await;
        assert_eq!(view["deadlines"].as_array().unwrap().len(), 2);
        assert_eq!(deadline(&view, "review").get("metAt"), None);
        let view = act(&caseworker, &receipt, "record-family-declined", json!({ "reasonCode": "not_wanted_now" })).await;
        assert_eq!(deadline(&view, "review")["metAt"], "2026-11-24T10:00:00Z");
    }

    async fn feedback_is_due_a_week_after_the_decision_and_the_same_day_where_an_inquiry_was_open(app: TestApp) {
        for (decision, due, rolled) in [
            ("open_inquiry", "2026-11-30T23:00:00Z", Some("2026-11-30T23:00:00Z")),
            ("do_not_open", "2026-11-30T23:00:00Z", Some("2026-11-30T23:00:00Z")),
            ("already_ongoing", "2026-11-23T23:00:00Z", None),
        ] {
            let (receipt, view) = decided(&app, &app.school(), concern_report(), decision).await;
            let feedback = deadline(&view, "feedback");
            assert_eq!((&feedback["dueAt"], feedback["rolledDueAt"].as_str()), (&json!(due), rolled), "{decision}");
            assert_eq!((&feedback["legalBasisId"], &view["nextDueAt"]), (&json!("sol-19-6"), &json!(due)));
            let told = act(&app.caseworker(), &receipt, "send-feedback", json!({})).await;
            assert_eq!(deadline(&told, "feedback")["metAt"], "2026-11-23T09:00:00Z");
            assert_eq!(told.get("nextDueAt"), None);
        }
        let (receipt, _) = decided(&app, &app.school(), concern_report(), "open_inquiry").await;
        let refusal = json!({ "reasonCode": "harms_inquiry", "note": "Skulle skada utredningen." });
        let view = act(&app.caseworker(), &receipt, "refuse-feedback", refusal).await;
        assert_eq!(deadline(&view, "feedback")["metAt"], "2026-11-23T09:00:00Z", "a refusal answers it, too");
    }

    async fn only_who_asked_and_has_a_right_to_feedback_starts_its_clock(app: TestApp) {
        let unasked = without(concern_report(), "/feedbackRequested");
        for (sender, report, starts) in [
            (app.school(), concern_report(), true),
            (app.healthcare(), concern_report(), true),
            (app.school(), unasked, false),
            // Nobody may tell them, so nobody could meet it.
            (app.police(), concern_report(), false),
            (app.association(), concern_report(), false),
        ] {
            let (_, view) = decided(&app, &sender, report, "open_inquiry").await;
            assert_eq!(has_deadline(&view, "feedback"), starts);
        }
    }

    async fn the_right_to_feedback_begins_with_the_day_of_its_law(app: TestApp) {
        for (day, starts) in [("2026-01-14T22:30:00Z", false), ("2026-01-14T23:30:00Z", true)] {
            // Half an hour before midnight in Linköping, and half an hour after it.
            app.clock.set(day);
            let (_, view) = decided(&app, &app.school(), concern_report(), "open_inquiry").await;
            assert_eq!(has_deadline(&view, "feedback"), starts, "{day}");
        }
    }
}
