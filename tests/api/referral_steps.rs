//! What each step with a referral asks for, and what it makes of the referral. Which step is allowed when, and to whom, is
//! `referral_cells`.

use serde_json::{Value, json};

use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, person, support_request, with, without};
use crate::support::{Actor, Answer, TestApp};

/// A step as a qualified team lead, with this body.
async fn step(app: &TestApp, id: &str, action: &str, body: Value) -> Answer {
    app.team_lead().post(&format!("/referrals/{id}/{action}"), body).await
}

async fn read(app: &TestApp, id: &str) -> Value {
    app.team_lead().get(&format!("/referrals/{id}")).await.expect(200)
}

async fn version(app: &TestApp, id: &str) -> Value {
    read(app, id).await["version"].clone()
}

/// A body that is refused at these places, by this problem, and changes nothing.
async fn refused(app: &TestApp, id: &str, action: &str, body: Value, (slug, pointers): (&str, &[&str])) {
    let before = version(app, id).await;
    let answer = step(app, id, action, body.clone()).await;
    answer.problem(422, slug);
    assert_eq!(answer.pointers(), pointers, "{action} {body}");
    assert_eq!(version(app, id).await, before, "{action} {body}");
}

const INVALID: &str = "validation-failed";

on_both_databases! {
    async fn a_report_is_assessed_then_decided_and_its_reporter_told(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        let early = step(&app, &id, "decide-inquiry", json!({ "decision": "open_inquiry" })).await;
        let allowed = early.problem(409, "assessment-missing")["allowedActions"].clone();
        assert!(allowed.as_array().unwrap().contains(&json!("assess-protection")), "{allowed}");
        assert!(!allowed.as_array().unwrap().contains(&json!("decide-inquiry")), "{allowed}");
        let assessed = json!({ "immediateNeed": true, "measures": "Samtal i skolan i dag.", "assessedAt": "2026-11-23T09:00:00Z" });
        let after = step(&app, &id, "assess-protection", assessed).await.expect(200);
        assert_eq!(after["protectionAssessment"]["immediateNeed"], true);
        assert_eq!(after["protectionAssessment"]["assessedBy"], json!(app.staff_id(&app.team_lead()).await));
        let again = step(&app, &id, "assess-protection", json!({ "immediateNeed": false })).await.expect(200);
        assert_eq!(again["protectionAssessment"], after["protectionAssessment"], "the first one stands");
        assert_eq!(again["laterProtectionAssessments"][0]["immediateNeed"], false);
        let decision = json!({ "decision": "do_not_open", "caseReference": "SN 2026-1", "rationale": "Stödet räcker." });
        let decided = step(&app, &id, "decide-inquiry", decision).await.expect(200);
        assert_eq!((&decided["status"], &decided["inquiryDecision"]["decision"]), (&json!("closed_no_inquiry"), &json!("do_not_open")));
        assert_eq!(decided["feedback"], json!({ "requested": true }));
        let told = step(&app, &id, "send-feedback", json!({})).await.expect(200);
        assert_eq!(told["feedback"]["value"], "not_opened");
        assert_eq!(told["feedback"]["sentAt"], "2026-11-23T09:00:00Z");
        step(&app, &id, "send-feedback", json!({})).await.problem(409, "feedback-given");
        // A second decision is told anew.
        app.step(&id, "reopen").await;
        let anew = step(&app, &id, "decide-inquiry", json!({ "decision": "open_inquiry" })).await.expect(200);
        assert_eq!(anew["earlierInquiryDecisions"][0]["decision"], "do_not_open");
        let refused = app.step(&id, "refuse-feedback").await;
        assert_eq!((&refused["feedback"]["value"], &refused["feedback"]["refusalReasonCode"]), (&json!("not_opened"), &json!("harms_inquiry")));
    }

    async fn times_have_been_and_not_before_the_referral_came_in(app: TestApp) {
        let id = app.referral_for("assess-protection").await;
        for at in ["2026-11-23T09:00:01Z", "2026-11-23T08:59:59Z"] {
            let body = json!({ "immediateNeed": false, "assessedAt": at });
            refused(&app, &id, "assess-protection", body, (INVALID, &["#/assessedAt"])).await;
        }
        let id = app.referral_for("decide-inquiry").await;
        for at in ["2026-11-23T09:00:01Z", "2026-11-23T08:59:59Z"] {
            let body = json!({ "decision": "open_inquiry", "decidedAt": at });
            refused(&app, &id, "decide-inquiry", body, (INVALID, &["#/decidedAt"])).await;
        }
        let id = app.referral_for("start").await;
        let tomorrow = json!({ "firstContactAt": "2026-11-24T09:00:00Z" });
        refused(&app, &id, "start", tomorrow, (INVALID, &["#/firstContactAt"])).await;
        let attempt = json!({ "at": "2026-11-24T09:00:00Z", "channel": "phone", "reached": false });
        refused(&app, &id, "log-attempt", attempt, (INVALID, &["#/at"])).await;
        for day in ["2026-11-23", "2027-11-25"] {
            refused(&app, &id, "hold", json!({ "reason": "other", "reviewOn": day }), (INVALID, &["#/reviewOn"])).await;
        }
    }

    async fn a_deadline_is_extended_for_reasons_of_the_child_alone(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        let body = |kind: &str, until: &str, reason: &str| json!({ "kind": kind, "until": until, "reasonCode": reason, "note": "Därför." });
        for reason in ["workload", "staffing"] {
            let body = body("inquiry_decision", "2026-12-18", reason);
            refused(&app, &id, "extend-deadline", body, ("extension-reason-refused", &["#/reasonCode"])).await;
        }
        for kind in ["protection_assessment", "feedback", "first_contact", "review"] {
            let body = body(kind, "2026-12-18", "illness_of_child");
            refused(&app, &id, "extend-deadline", body, ("deadline-not-extendable", &["#/kind"])).await;
        }
        for until in ["2026-12-07", "2026-11-22", "2028-01-01"] {
            let body = body("inquiry_decision", until, "illness_of_child");
            refused(&app, &id, "extend-deadline", body, (INVALID, &["#/until"])).await;
        }
        let extended = step(&app, &id, "extend-deadline", body("inquiry_decision", "2026-12-19", "illness_of_child")).await.expect(200);
        let deadline = extended["deadlines"].as_array().unwrap().iter().find(|deadline| deadline["kind"] == "inquiry_decision").unwrap();
        assert_eq!(deadline["dueAt"], "2026-12-19T23:00:00Z");
        assert_eq!(deadline["rolledDueAt"], "2026-12-21T23:00:00Z", "a Saturday rolls to Monday");
        assert_eq!(deadline["firstDueAt"], "2026-12-07T23:00:00Z");
        assert_eq!(extended["extensions"][0]["reasonCode"], "illness_of_child");
        // However often it is moved, it is never moved beyond a year from now.
        step(&app, &id, "extend-deadline", body("inquiry_decision", "2027-11-20", "illness_of_child")).await.expect(200);
        for until in ["2027-11-20", "2028-11-01"] {
            refused(&app, &id, "extend-deadline", body("inquiry_decision", until, "illness_of_child"), (INVALID, &["#/until"])).await;
        }
        // The protection assessment is met and the decision made: nothing runs any more.
        app.step(&id, "assess-protection").await;
        app.step(&id, "decide-inquiry").await;
        step(&app, &id, "extend-deadline", body("feedback", "2026-12-30", "illness_of_child")).await.problem(409, "action-not-allowed");
        let request = app.submitted(support_request()).await;
        let none = step(&app, &request, "extend-deadline", body("first_contact", "2026-12-30", "other_special")).await;
        none.problem(409, "nothing-to-extend");
    }

    async fn another_office_takes_over_with_history_and_clocks(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        app.step(&id, "assign").await;
        let to = |office: &str| json!({ "officeId": office, "reason": "moved" });
        let own = app.office_id(SKAGGETORP).await;
        refused(&app, &id, "redirect", to(&own), ("same-office", &["#/officeId"])).await;
        let nowhere = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
        refused(&app, &id, "redirect", to(nowhere), ("unknown-reference", &["#/officeId"])).await;
        let planned = json!({ "slug": "planerat", "name": { "sv": "Planerat kontor" }, "kind": "base", "status": "planned", "areaIds": ["norr"], "languages": ["sv"], "accessibility": [], "serviceIds": [] });
        let planned = app.administrator().post("/offices", planned).await.expect(201)["id"].as_str().unwrap().to_owned();
        refused(&app, &id, "redirect", to(&planned), ("office-not-open", &["#/officeId"])).await;
        let before = read(&app, &id).await;
        let after = step(&app, &id, "redirect", to(&app.office_id(RECEPTION).await)).await.expect(200);
        assert_eq!((after.get("assigneeId"), &after["deadlines"]), (None, &before["deadlines"]));
        let rels: Vec<&str> = after["_links"].as_array().unwrap().iter().filter_map(|link| link["rel"].as_str()).collect();
        assert!(!rels.contains(&"assign"), "it is another office's now: {rels:?}");
        app.team_lead().get(&format!("/referrals/{id}")).await.problem(404, "not-found");
        app.team_lead().get(&format!("/referrals/{id}/history")).await.problem(404, "not-found");
        let history = app.reception_caseworker().get(&format!("/referrals/{id}/history")).await.expect(200);
        let told: Vec<(&str, &Value)> = history["items"].as_array().unwrap().iter().map(|event| (event["action"].as_str().unwrap(), &event["officeId"])).collect();
        assert_eq!(told, [("receive", &json!(own)), ("assign", &json!(own)), ("redirect", &json!(own))]);
        assert_eq!(history["items"][2]["toOfficeId"], json!(app.office_id(RECEPTION).await));
        assert_eq!(history["items"][2]["reasonCode"], "moved");
    }

    async fn work_is_given_to_those_who_work_there(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        let elsewhere = app.staff_id(&app.reception_caseworker()).await;
        let outreach = app.staff_id(&app.outreach_worker()).await;
        let assign = |who: &str| json!({ "assigneeId": who });
        for nobody in [elsewhere.as_str(), "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"] {
            refused(&app, &id, "assign", assign(nobody), ("unknown-reference", &["#/assigneeId"])).await;
        }
        let (worker, colleague) = (app.caseworker(), app.staff_id(&app.qualified_caseworker()).await);
        let other = worker.post(&format!("/referrals/{id}/assign"), assign(&colleague)).await;
        other.problem(403, "action-forbidden");
        let own = app.staff_id(&worker).await;
        let taken = worker.post(&format!("/referrals/{id}/assign"), assign(&own)).await.expect(200);
        assert_eq!(taken["assigneeId"], json!(own));
        assert_eq!(step(&app, &id, "assign", assign(&colleague)).await.expect(200)["assigneeId"], json!(colleague));
        assert_ne!(outreach, own);
    }

    async fn an_office_that_declines_says_where_to_turn_instead(app: TestApp) {
        let id = app.submitted(support_request()).await;
        let office = app.office_id(RECEPTION).await;
        let body = |turn_to: Value| json!({ "reasonCode": "not_our_mandate", "turnTo": turn_to });
        for wrong in [json!({}), json!({ "officeId": office, "text": "Dit." })] {
            refused(&app, &id, "decline", body(wrong), (INVALID, &["#/turnTo"])).await;
        }
        let nowhere = json!({ "officeId": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e" });
        refused(&app, &id, "decline", body(nowhere), ("unknown-reference", &["#/turnTo/officeId"])).await;
        let declined = step(&app, &id, "decline", body(json!({ "officeId": office }))).await.expect(200);
        assert_eq!((&declined["status"], &declined["decline"]["turnTo"]["officeId"]), (&json!("declined"), &json!(office)));
        assert!(declined.get("nextDueAt").is_none());
    }

    async fn a_duplicate_is_one_of_another_that_stands(app: TestApp) {
        let (id, other, third) = (app.submitted(concern_report()).await, app.submitted(concern_report()).await, app.submitted(concern_report()).await);
        let of = |id: &str| json!({ "ofReferralId": id });
        // No report ends unassessed as the same as somebody's request.
        let request = app.submitted(support_request()).await;
        refused(&app, &id, "mark-duplicate", of(&request), (INVALID, &["#/ofReferralId"])).await;
        refused(&app, &id, "mark-duplicate", of(&id), (INVALID, &["#/ofReferralId"])).await;
        let marked = step(&app, &id, "mark-duplicate", of(&other)).await.expect(200);
        assert_eq!((&marked["status"], &marked["duplicateOf"]), (&json!("duplicate"), &json!(other)));
        refused(&app, &third, "mark-duplicate", of(&id), ("unknown-reference", &["#/ofReferralId"])).await;
        let elsewhere = app.submitted(with(concern_report(), "/child/placeName", json!("Berga"))).await;
        refused(&app, &third, "mark-duplicate", of(&elsewhere), ("unknown-reference", &["#/ofReferralId"])).await;
    }

    async fn a_consent_is_taken_back_after_it_was_given(app: TestApp) {
        let id = app.submitted(support_request()).await;
        let body = |at: &str| json!({ "by": "guardian", "at": at });
        refused(&app, &id, "withdraw-consent", body("2026-11-19"), ("consent-order", &["#/at"])).await;
        refused(&app, &id, "withdraw-consent", body("2026-11-24"), (INVALID, &["#/at"])).await;
        let ended = step(&app, &id, "withdraw-consent", body("2026-11-23")).await.expect(200);
        assert_eq!((&ended["status"], &ended["withdrawnBy"]), (&json!("withdrawn"), &json!("consenter")));
        assert_eq!(ended["consent"]["withdrawnAt"], "2026-11-23");
    }

    async fn what_waits_goes_on_from_where_it_was(app: TestApp) {
        let id = app.referral_for("hold").await;
        let held = app.step(&id, "hold").await;
        assert_eq!((&held["hold"]["reviewOn"], &held["nextDueAt"]), (&json!("2026-12-11"), &json!("2026-11-30T23:00:00Z")));
        assert_eq!(app.step(&id, "resume").await["status"], "accepted");
        app.step(&id, "start").await;
        let held = app.step(&id, "hold").await;
        assert_eq!((&held["firstContactAt"], &held["nextDueAt"]), (&json!("2026-11-23T09:00:00Z"), &json!("2026-12-11T23:00:00Z")));
        let resumed = app.step(&id, "resume").await;
        assert_eq!((&resumed["status"], resumed.get("nextDueAt")), (&json!("in_progress"), None));
        let done = step(&app, &id, "complete", json!({ "outcome": "need_resolved", "offerId": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e" })).await;
        done.problem(422, "unknown-reference");
        let offer = app.offer().await;
        let done = step(&app, &id, "complete", json!({ "outcome": "need_resolved", "offerId": offer })).await.expect(200);
        assert_eq!(done["outcome"], json!({ "outcome": "need_resolved", "offerId": offer, "at": "2026-11-23T09:00:00Z" }));
    }

    async fn nobody_counts_as_not_reached_before_three_attempts(app: TestApp) {
        let id = app.referral_for("log-attempt").await;
        for tried in 0..3 {
            let early = step(&app, &id, "record-not-reached", json!({})).await;
            early.problem(409, "too-few-attempts");
            assert_eq!(app.step(&id, "log-attempt").await["attempts"].as_array().unwrap().len(), tried + 1);
        }
        assert_eq!(step(&app, &id, "record-not-reached", json!({})).await.expect(200)["status"], "not_reached");
    }

    async fn what_was_entered_in_error_reaches_no_family(app: TestApp) {
        let identified = with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD));
        let person = app.registered("/people", identified).await;
        let family = app.family().await;
        app.caseworker().post(&format!("/people/{person}/move"), json!({ "familyId": family, "reason": "Bor där." })).await.expect(200);
        let id = app.submitted(concern_report()).await;
        let first = |family: Value| family["firstReachedThrough"].clone();
        let path = format!("/families/{family}");
        assert_eq!(first(app.caseworker().get(&path).await.expect(200)), "referral");
        app.step(&id, "enter-in-error").await;
        assert_eq!(first(app.caseworker().get(&path).await.expect(200)), Value::Null);
        step(&app, &id, "reopen", json!({ "reason": "Nej." })).await.problem(409, "action-not-allowed");
    }

    async fn who_may_act_is_told_so_and_nobody_else(app: TestApp) {
        let id = app.submitted(concern_report()).await;
        let rels = |answer: Value| -> Vec<String> {
            let links = answer["_links"].as_array().unwrap().clone();
            links.iter().filter(|link| link["method"] == "POST").map(|link| link["rel"].as_str().unwrap().to_owned()).collect()
        };
        let of = |actor: Actor| { let path = format!("/referrals/{id}"); async move { actor.get(&path).await.expect(200) } };
        let plain = rels(of(app.caseworker()).await);
        assert!(plain.contains(&"redirect".to_owned()) && !plain.contains(&"mark-duplicate".to_owned()), "{plain:?}");
        let lead = rels(of(app.team_lead()).await);
        assert!(plain.iter().all(|rel| lead.contains(rel)) && lead.contains(&"extend-deadline".to_owned()), "{lead:?}");
        // Another office's team lead reads with a reason, and may do nothing.
        let other = app.staff("team_lead", &[RECEPTION]).and("access-reason", "supervision");
        assert_eq!(rels(of(other.clone()).await), [] as [String; 0]);
        other.post(&format!("/referrals/{id}/assign"), app.step_body("assign").await).await.problem(404, "not-found");
        app.police().get(&format!("/partner/referrals/{id}")).await.problem(404, "not-found");
    }
}
