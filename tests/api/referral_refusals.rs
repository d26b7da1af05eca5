//! What is refused beyond the table of `referral_cells`: in which order it is judged, what the bodies of actions must not say, and who must
//! not be asked or sent on. Nothing of it changes anything.

use serde_json::{Value, json};

use crate::referral_cells::scene::{act, history, offered, read, self_request, staff_id};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{concern_report, support_request, with, without};
use crate::support::{Actor, Answer, Method, TestApp};

const NOBODY: &str = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";

async fn received(app: &TestApp, body: Value) -> Value {
    json!(app.submitted(body).await)
}

async fn office(app: &TestApp, slug: &str) -> Value {
    app.anyone().get(&format!("/offices/{slug}")).await.expect(200)["id"].clone()
}

async fn taken(actor: &Actor, id: &Value, acts: &[(&str, Value)]) {
    for (what, body) in acts {
        act(actor, id, what, body.clone()).await.expect(200);
    }
}

/// Acts on the version with this entity tag.
async fn act_on(actor: &Actor, id: &Value, what: &str, body: Value, version: &str) -> Answer {
    let path = format!("/referrals/{}/{what}", id.as_str().unwrap());
    actor.request(Method::POST, &path).header("if-match", version).json(&body).send().await
}

/// Refused by a rule of its own, at this place of the body; the referral stays as it was.
async fn refused(actor: &Actor, id: &Value, what: &str, body: Value, problem: &str, pointer: &str) {
    let before = read(actor, id).await.expect(200);
    let answer = act(actor, id, what, body.clone()).await;
    assert_eq!(answer.status, 422, "{what} {body}: {answer:?}");
    answer.problem(422, problem);
    assert_eq!(answer.pointers(), [pointer], "{what} {body}: {answer:?}");
    assert_eq!(read(actor, id).await.expect(200), before, "{what} {body}");
}

fn attempt() -> Value {
    json!({ "at": "2026-11-23T09:00:00Z", "channel": "phone", "reached": false })
}

fn extension(kind: &str, until: &str, reason: &str) -> Value {
    json!({ "kind": kind, "until": until, "reasonCode": reason, "note": "Barnet vårdas på sjukhus." })
}

on_both_databases! {
    async fn what_one_may_not_know_of_comes_before_its_version_and_its_version_before_the_rest(app: TestApp) {
        let id = received(&app, concern_report()).await;
        let (lead, caseworker) = (app.team_lead(), app.caseworker());
        let first = read(&lead, &id).await.etag();
        act_on(&lead, &id, "assess-protection", json!({ "immediateNeed": false }), &first).await.expect(200);
        let reason = json!({ "reason": "Nya uppgifter." });
        // Unseen, whatever the version.
        for stranger in [app.reception_caseworker(), app.staff("team_lead", &["bas-syd"]), app.staff("caseworker", &[])] {
            act_on(&stranger, &id, "reopen", reason.clone(), &first).await.problem(404, "not-found");
        }
        act_on(&lead, &json!(NOBODY), "reopen", reason.clone(), &first).await.problem(404, "not-found");
        lead.post("/referrals/R-7K3M-9QF2/reopen", reason.clone()).await.problem(404, "not-found");
        // Another version, whatever the role, the kind and the state.
        for actor in [&lead, &caseworker] {
            for what in ["reopen", "enter-in-error"] {
                act_on(actor, &id, what, reason.clone(), &first).await.problem(412, "stale-version");
            }
            act_on(actor, &id, "accept", json!({}), &first).await.problem(412, "stale-version");
        }
        // The role, whatever the state.
        act(&caseworker, &id, "reopen", reason.clone()).await.problem(403, "action-forbidden");
        // The state, whatever the body says.
        act(&lead, &id, "reopen", reason.clone()).await.problem(409, "action-not-allowed");
        taken(&lead, &id, &[("decide-inquiry", json!({ "decision": "do_not_open" }))]).await;
        let here = json!({ "officeId": office(&app, SKAGGETORP).await, "reason": "moved" });
        act(&lead, &id, "redirect", here).await.problem(409, "action-not-allowed");
        let workload = extension("inquiry_decision", "2020-01-01", "workload");
        act(&lead, &id, "extend-deadline", workload).await.problem(409, "action-not-allowed");
    }

    async fn a_body_of_another_shape_is_refused_whatever_the_state_and_the_role(app: TestApp) {
        let id = received(&app, concern_report()).await;
        for actor in [app.team_lead(), app.caseworker()] {
            for (what, body, pointer) in [
                ("reopen", json!({}), "#/reason"),
                ("reopen", json!({ "reason": " " }), "#/reason"),
                ("reopen", json!({ "reason": "Nytt.", "state": "accepted" }), "#/state"),
                ("accept", json!({ "assigneeId": null }), "#/assigneeId"),
                ("resume", json!({ "when": "nu" }), "#/when"),
                ("decide-inquiry", json!({ "decision": "maybe" }), "#/decision"),
                ("decide-inquiry", json!({}), "#/decision"),
                ("assess-protection", json!({ "measures": "Inga." }), "#/immediateNeed"),
                ("complete", json!({ "outcome": "happiness" }), "#/outcome"),
                ("hold", json!({ "reason": "other", "reviewOn": "2026-02-30" }), "#/reviewOn"),
                ("log-attempt", with(attempt(), "/channel", json!("pigeon")), "#/channel"),
                ("redirect", json!({ "officeId": "skaggetorp", "reason": "moved" }), "#/officeId"),
                ("decline", json!({ "reasonCode": "no_capacity" }), "#/turnTo"),
                ("extend-deadline", without(extension("review", "2026-12-24", "staffing"), "/note"), "#/note"),
                ("refuse-feedback", json!({ "reasonCode": "harms_inquiry" }), "#/note"),
                ("mark-duplicate", json!({ "ofReferralId": 7 }), "#/ofReferralId"),
                ("withdraw-consent", json!({ "by": "teacher", "at": "2026-11-23" }), "#/by"),
            ] {
                let answer = act(&actor, &id, what, body.clone()).await;
                assert_eq!(answer.status, 422, "{what} {body}: {answer:?}");
                assert_eq!(answer.pointers(), [pointer], "{what} {body}: {answer:?}");
            }
            let path = format!("/referrals/{}/accept", id.as_str().unwrap());
            let broken = actor.request(Method::POST, &path).header("content-type", "application/json").body("{").send().await;
            broken.problem(400, "malformed-json");
        }
        let now = read(&app.team_lead(), &id).await.expect(200);
        assert_eq!((&now["version"], &now["status"]), (&json!(1), &json!("received")));
    }

    async fn a_redirect_goes_to_another_office_that_is_open(app: TestApp) {
        let id = received(&app, concern_report()).await;
        let to = |office: Value| json!({ "officeId": office, "reason": "lives_in_other_area" });
        let lead = app.team_lead();
        for (there, problem) in [
            (office(&app, SKAGGETORP).await, "same-office"),
            (office(&app, "bas-syd").await, "office-not-open"),
            (json!(NOBODY), "unknown-reference"),
        ] {
            refused(&lead, &id, "redirect", to(there), problem, "#/officeId").await;
        }
        let there = "/offices/mottagning-barn-unga";
        let before = app.anyone().get(there).await;
        app.administrator().patch(there, json!({ "status": "temporarily_closed" }), &before.etag()).await.expect(200);
        refused(&lead, &id, "redirect", to(office(&app, RECEPTION).await), "office-not-open", "#/officeId").await;
    }

    async fn a_deadline_is_extended_for_the_childs_sake_and_only_one_that_can_be(app: TestApp) {
        let report = received(&app, concern_report()).await;
        let lead = app.team_lead();
        for reason in ["workload", "staffing"] {
            let body = extension("inquiry_decision", "2026-12-24", reason);
            refused(&lead, &report, "extend-deadline", body, "extension-reason-refused", "#/reasonCode").await;
        }
        for kind in ["protection_assessment", "feedback", "first_contact", "review"] {
            let body = extension(kind, "2026-12-24", "child_not_reachable");
            refused(&lead, &report, "extend-deadline", body, "deadline-not-extendable", "#/kind").await;
        }
        for until in ["2026-12-07", "2026-11-30", "2020-01-01", "2028-12-24"] {
            let body = extension("inquiry_decision", until, "illness_of_child");
            refused(&lead, &report, "extend-deadline", body, "validation-failed", "#/until").await;
        }
        let body = extension("inquiry_decision", "2026-12-26", "illness_of_child");
        let now = act(&lead, &report, "extend-deadline", body).await.expect(200);
        let moved = now["deadlines"].as_array().unwrap().iter().find(|clock| clock["kind"] == "inquiry_decision").unwrap();
        // Boxing Day, a Saturday: rolled to the Monday behind it.
        assert_eq!((&moved["dueAt"], &moved["rolledDueAt"]), (&json!("2026-12-26T23:00:00Z"), &json!("2026-12-28T23:00:00Z")));
    }

    async fn somebody_of_the_office_gets_it_and_only_a_team_lead_gives_it_to_others(app: TestApp) {
        let id = received(&app, support_request()).await;
        let (caseworker, colleague, lead) = (app.caseworker(), app.qualified_caseworker(), app.team_lead());
        let (mine, theirs) = (staff_id(&caseworker).await, staff_id(&colleague).await);
        let outsiders = [staff_id(&app.reception_caseworker()).await, staff_id(&app.administrator()).await, json!(NOBODY)];
        let to = |who: &Value| json!({ "assigneeId": who });
        for what in ["assign", "accept"] {
            let problem = act(&caseworker, &id, what, to(&theirs)).await.problem(403, "action-forbidden");
            assert_eq!(problem["allowedActions"], json!(offered(&read(&caseworker, &id).await.json())));
            for outsider in &outsiders {
                refused(&lead, &id, what, to(outsider), "unknown-reference", "#/assigneeId").await;
            }
        }
        assert_eq!(act(&caseworker, &id, "assign", to(&mine)).await.expect(200)["assigneeId"], mine);
        assert_eq!(act(&lead, &id, "assign", to(&theirs)).await.expect(200)["assigneeId"], theirs);
        assert_eq!(act(&caseworker, &id, "accept", json!({})).await.expect(200)["assigneeId"], theirs, "whoever has it keeps it");
        let other = received(&app, support_request()).await;
        assert_eq!(act(&lead, &other, "accept", to(&theirs)).await.expect(200)["assigneeId"], theirs);
        let there = json!({ "officeId": office(&app, RECEPTION).await, "reason": "moved" });
        let gone = act(&caseworker, &other, "redirect", there).await.expect(200);
        assert!(gone.get("assigneeId").is_none(), "{gone}");
    }

    async fn what_an_action_names_must_be_there_and_times_must_have_been(app: TestApp) {
        let (id, other) = (received(&app, support_request()).await, received(&app, support_request()).await);
        let elsewhere = received(&app, with(support_request(), "/child/placeName", json!("Berga"))).await;
        let lead = app.team_lead();
        for (of, problem) in [(&id, "validation-failed"), (&elsewhere, "unknown-reference"), (&json!(NOBODY), "unknown-reference")] {
            refused(&lead, &id, "mark-duplicate", json!({ "ofReferralId": of }), problem, "#/ofReferralId").await;
        }
        act(&lead, &other, "mark-duplicate", json!({ "ofReferralId": id })).await.expect(200);
        for (body, pointer) in [
            (json!({ "reasonCode": "outside_area", "turnTo": {} }), "#/turnTo"),
            (json!({ "reasonCode": "outside_area", "turnTo": { "text": "Ring.", "officeId": office(&app, RECEPTION).await } }), "#/turnTo"),
        ] {
            refused(&lead, &id, "decline", body, "validation-failed", pointer).await;
        }
        let nowhere = json!({ "reasonCode": "outside_area", "turnTo": { "officeId": NOBODY } });
        refused(&lead, &id, "decline", nowhere, "unknown-reference", "#/turnTo/officeId").await;
        for (day, problem) in [("2026-11-24", "validation-failed"), ("2026-11-19", "consent-order")] {
            refused(&lead, &id, "withdraw-consent", json!({ "by": "guardian", "at": day }), problem, "#/at").await;
        }
        taken(&lead, &id, &[("accept", json!({}))]).await;
        for at in ["2026-11-23T09:00:01Z", "2026-11-23T08:59:59Z"] {
            refused(&lead, &id, "log-attempt", with(attempt(), "/at", json!(at)), "validation-failed", "#/at").await;
            refused(&lead, &id, "start", json!({ "firstContactAt": at }), "validation-failed", "#/firstContactAt").await;
        }
        for day in ["2026-11-23", "2026-11-22", "2028-12-01"] {
            refused(&lead, &id, "hold", json!({ "reason": "other", "reviewOn": day }), "validation-failed", "#/reviewOn").await;
        }
        refused(&lead, &id, "log-attempt", with(attempt(), "/note", json!("å".repeat(10_001))), "text-too-long", "#/note").await;
        taken(&lead, &id, &[("log-attempt", with(attempt(), "/note", json!("å".repeat(10_000))))]).await;
    }

    async fn a_protected_matter_stays_where_it_is(app: TestApp) {
        let child = json!({ "givenName": "Elias", "placeName": "Berga", "protectedIdentity": "marked" });
        let id = received(&app, with(concern_report(), "/child", child)).await;
        let cleared = app.protected_identity_caseworker();
        let told = read(&cleared, &id).await.expect(200);
        assert!(!offered(&told).contains(&"redirect".to_owned()), "{told}");
        let there = json!({ "officeId": office(&app, SKAGGETORP).await, "reason": "moved" });
        let problem = act(&cleared, &id, "redirect", there).await.problem(409, "protected-stays");
        assert_eq!(problem["allowedActions"], json!(offered(&told)));
        for unseeing in [app.reception_caseworker(), app.team_lead()] {
            act(&unseeing, &id, "assess-protection", json!({ "immediateNeed": false })).await.problem(404, "not-found");
        }
        assert_eq!(read(&cleared, &id).await.expect(200), told);
    }

    async fn a_reason_opens_reading_and_no_action(app: TestApp) {
        let id = received(&app, concern_report()).await;
        let elsewhere = app.staff("team_lead", &[RECEPTION]).and("access-reason", "cover_for_colleague");
        let told = read(&elsewhere, &id).await.expect(200);
        assert_eq!(offered(&told), [""; 0], "{told}");
        assert_eq!(history(&elsewhere, &id).await.len(), 1);
        act(&elsewhere, &id, "assess-protection", json!({ "immediateNeed": false })).await.problem(404, "not-found");
        assert_eq!(read(&app.team_lead(), &id).await.expect(200)["version"], 1);
    }

    async fn an_action_is_done_once_for_one_key_and_told_briefly_to_who_prefers_that(app: TestApp) {
        let id = received(&app, support_request()).await;
        taken(&app.team_lead(), &id, &[("accept", json!({}))]).await;
        let with_key = app.caseworker().and("idempotency-key", "one-attempt");
        let first = act(&with_key, &id, "log-attempt", attempt()).await;
        let again = act(&with_key, &id, "log-attempt", attempt()).await;
        assert_eq!((again.expect(200), again.etag()), (first.expect(200), first.etag()));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let another = with(attempt(), "/reached", json!(true));
        act(&with_key, &id, "log-attempt", another).await.problem(422, "idempotency-key-reused");
        assert_eq!(history(&app.caseworker(), &id).await.len(), 3);
        let brief = act(&app.caseworker().and("prefer", "return=minimal"), &id, "log-attempt", attempt()).await;
        assert_eq!((brief.status, brief.body.len(), brief.header("preference-applied")), (204, 0, Some("return=minimal")));
        assert_eq!(brief.etag(), read(&app.caseworker(), &id).await.etag());
    }
}

on_both_databases! {
    async fn nobody_can_ask_a_reporter_who_stays_unknown(app: TestApp) {
        let mut body = without(without(concern_report(), "/reporter"), "/senderReference");
        body["feedbackRequested"] = json!(false);
        body["source"] = json!({ "private": { "anonymous": true } });
        let id = app.caseworker().post("/referrals", body).await.expect(201)["id"].clone();
        let lead = app.team_lead();
        let told = read(&lead, &id).await.expect(200);
        assert!(!offered(&told).contains(&"request-information".to_owned()), "{told}");
        let asked = act(&lead, &id, "request-information", json!({ "question": "Vem är du?" })).await;
        assert_eq!(asked.problem(409, "no-sender")["allowedActions"], json!(offered(&told)));
        // Nor is anybody told what was decided.
        taken(&lead, &id, &[("assess-protection", json!({ "immediateNeed": false })), ("decide-inquiry", json!({ "decision": "open_inquiry" }))]).await;
        act(&lead, &id, "send-feedback", json!({})).await.problem(409, "feedback-not-for-sender");
    }

    async fn what_rests_on_no_consent_has_none_to_take_back(app: TestApp) {
        let id = app.caseworker().post("/referrals", without(self_request(), "/consent")).await.expect(201)["id"].clone();
        let lead = app.team_lead();
        let told = read(&lead, &id).await.expect(200);
        assert!(!offered(&told).contains(&"withdraw-consent".to_owned()), "{told}");
        let back = act(&lead, &id, "withdraw-consent", json!({ "by": "guardian", "at": "2026-11-23" })).await;
        assert_eq!(back.problem(409, "no-consent")["allowedActions"], json!(offered(&told)));
    }
}
