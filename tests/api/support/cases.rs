//! Referrals in the state that a test needs.

use serde_json::{Value, json};

use super::app::RECEPTION;
use super::caller::{Actor, Answer};
use super::{TestApp, fixtures};

impl TestApp {
    /// Submits a referral of the school for which a qualified team lead can take this action, and returns its id.
    pub async fn referral_for(&self, action: &str) -> String {
        let report = ["assess-protection", "request-information", "decide-inquiry", "extend-deadline", "send-feedback"];
        let is_report = report.contains(&action) || ["refuse-feedback", "supply-information"].contains(&action);
        let body = if is_report { fixtures::unnumbered() } else { fixtures::support_request() };
        let id = self.submitted(body).await;
        let before: &[&str] = match action {
            "supply-information" => &["request-information"],
            "decide-inquiry" => &["assess-protection"],
            "send-feedback" | "refuse-feedback" => &["assess-protection", "decide-inquiry"],
            "start" | "log-attempt" | "hold" | "record-family-declined" => &["accept"],
            "resume" => &["accept", "hold"],
            "record-not-reached" => &["accept", "log-attempt", "log-attempt", "log-attempt"],
            "complete" => &["accept", "start"],
            "reopen" => &["decline"],
            _ => &[],
        };
        for step in before {
            self.step(&id, step).await;
        }
        id
    }

    /// Takes an action on a referral, as a qualified team lead in Skäggetorp.
    pub async fn step(&self, id: &str, action: &str) -> Value {
        self.steps(&self.team_lead(), id, action).await.expect(200)
    }

    /// Takes an action on a referral as `actor`, and returns any answer.
    pub async fn steps(&self, actor: &Actor, id: &str, action: &str) -> Answer {
        actor.post(&format!("/referrals/{id}/{action}"), self.step_body(action).await).await
    }

    /// A valid body for an action.
    pub async fn step_body(&self, action: &str) -> Value {
        match action {
            "assess-protection" => json!({ "immediateNeed": false, "measures": "Samtal i skolan." }),
            "request-information" => json!({ "question": "Vilka dagar gäller det?" }),
            "supply-information" => json!({ "text": "Måndag till onsdag." }),
            "assign" => json!({ "assigneeId": self.staff_id(&self.qualified_caseworker()).await }),
            "start" => json!({ "firstContactAt": self.clock.now().to_rfc3339() }),
            "log-attempt" => json!({ "at": self.clock.now().to_rfc3339(), "channel": "phone", "reached": false }),
            "hold" => json!({ "reason": "awaiting_interpreter", "reviewOn": "2026-12-11" }),
            "decide-inquiry" => json!({ "decision": "open_inquiry", "rationale": "Det finns skäl." }),
            "extend-deadline" => json!({
                "kind": "inquiry_decision", "until": "2026-12-18", "reasonCode": "illness_of_child", "note": "På sjukhus.",
            }),
            "redirect" => json!({ "officeId": self.office_id(RECEPTION).await, "reason": "moved" }),
            "decline" => json!({ "reasonCode": "no_capacity", "turnTo": { "text": "Familjerådgivningen." } }),
            "mark-duplicate" => json!({ "ofReferralId": self.submitted(fixtures::support_request()).await }),
            "record-family-declined" => json!({ "reasonCode": "not_wanted_now" }),
            "complete" => json!({ "outcome": "support_given" }),
            "withdraw-consent" => json!({ "by": "guardian", "at": "2026-11-22" }),
            "refuse-feedback" => json!({ "reasonCode": "harms_inquiry", "note": "Det skulle skada utredningen." }),
            "reopen" | "enter-in-error" => json!({ "reason": "Det blev fel." }),
            _ => json!({}),
        }
    }

    /// The identifier of a member of staff.
    pub async fn staff_id(&self, actor: &Actor) -> String {
        let me = actor.get("/me").await.expect(200);
        me["staffId"].as_str().expect("everybody has an id").to_owned()
    }

    /// The id of the office with this slug.
    pub async fn office_id(&self, slug: &str) -> String {
        let office = self.anyone().get(&format!("/offices/{slug}")).await.expect(200);
        office["id"].as_str().expect("an office has an id").to_owned()
    }
}
