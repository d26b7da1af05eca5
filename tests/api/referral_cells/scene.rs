//! Who acts in the tests of a referral's course, what they say, and how a referral comes to where it is.

use serde_json::{Value, json};

use super::table::{Caller, Situation, TABLE};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{support_request, unnumbered, without};
use crate::support::{Actor, Answer, TestApp};

/// Somebody of the table, signed in.
pub struct Person {
    pub caller: &'static Caller,
    pub actor: Actor,
    pub staff_id: Value,
}

/// An office with its people, and what actions name beside the referral.
pub struct Scene<'a> {
    pub app: &'a TestApp,
    pub people: Vec<Person>,
    /// The office that referrals are redirected to.
    pub elsewhere: Value,
    /// Somebody there who may do everything.
    pub lead_elsewhere: Actor,
    /// Somebody here who may do everything.
    pub lead: Actor,
    lead_id: Value,
    contact: String,
    twins: Vec<(&'static str, Value)>,
}

/// What an action names beside the referral itself.
pub struct Named<'a> {
    pub me: &'a Value,
    pub elsewhere: &'a Value,
    pub twin: &'a Value,
    /// The state that it is in.
    pub state: &'a str,
}

/// A body that each action takes.
pub fn body(act: &str, named: &Named<'_>) -> Value {
    let (action, choice) = act.split_once(' ').unwrap_or((act, ""));
    match action {
        "assess-protection" => json!({ "immediateNeed": false, "measures": "Pratat med barnet." }),
        "request-information" => json!({ "question": "Hur ofta är barnet borta?" }),
        "supply-information" => json!({ "text": "Varje måndag." }),
        "assign" => json!({ "assigneeId": named.me }),
        "accept" | "resume" | "send-feedback" | "withdraw" => json!({}),
        "start" => json!({ "firstContactAt": "2026-11-23T09:00:00Z" }),
        "log-attempt" => json!({ "at": "2026-11-23T09:00:00Z", "channel": "phone", "reached": choice == "reached" }),
        "hold" => json!({ "reason": "family_asked_to_wait", "reviewOn": "2026-12-11" }),
        "decide-inquiry" => json!({ "decision": choice }),
        "extend-deadline" => {
            let kind = match named.state {
                "accepted" => "first_contact",
                "on_hold" => "review",
                _ => "inquiry_decision",
            };
            json!({ "kind": kind, "until": "2027-01-15", "reasonCode": "child_not_reachable", "note": "Bortrest." })
        }
        "redirect" => json!({ "officeId": named.elsewhere, "reason": "moved" }),
        "decline" => json!({ "reasonCode": "no_capacity", "turnTo": { "text": "Familjerådgivningen." } }),
        "mark-duplicate" => json!({ "ofReferralId": named.twin }),
        "record-family-declined" => json!({ "reasonCode": "not_wanted_now" }),
        "record-not-reached" => json!({ "note": "Ingen öppnar." }),
        "complete" => json!({ "outcome": "support_given" }),
        "withdraw-consent" => json!({ "by": "guardian", "at": "2026-11-23" }),
        "refuse-feedback" => json!({ "reasonCode": "risk_to_child_or_family", "note": "Hot i hemmet." }),
        "reopen" => json!({ "reason": "Nya uppgifter." }),
        "enter-in-error" => json!({ "reason": "Fel barn." }),
        other => panic!("{other} is no action"),
    }
}

/// The relations of the links that are actions, in their order.
pub fn offered(referral: &Value) -> Vec<String> {
    let rels = referral["_links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap().to_owned());
    rels.filter(|rel| TABLE.staff_rows().any(|row| super::table::action(row.act) == rel)).collect()
}

pub async fn staff_id(actor: &Actor) -> Value {
    actor.get("/me").await.expect(200)["staffId"].clone()
}

/// Does something with a referral.
pub async fn act(actor: &Actor, id: &Value, act: &str, body: Value) -> Answer {
    let action = act.split(' ').next().unwrap();
    actor.post(&format!("/referrals/{}/{action}", id.as_str().unwrap()), body).await
}

pub async fn read(actor: &Actor, id: &Value) -> Answer {
    actor.get(&format!("/referrals/{}", id.as_str().unwrap())).await
}

/// Everything that was done with a referral, the oldest first.
pub async fn history(actor: &Actor, id: &Value) -> Vec<Value> {
    let page = actor.get(&format!("/referrals/{}/history?limit=100", id.as_str().unwrap())).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// A request that staff take down, with where it comes from.
fn taken_down(kind: &str, source: Value) -> Value {
    let mut body = without(without(support_request(), "/senderReference"), "/reporter");
    (body["kind"], body["source"]) = (json!(kind), source);
    body
}

/// A request that somebody makes for themselves, before staff.
pub fn self_request() -> Value {
    taken_down("self_request", json!({ "selfRequest": true }))
}

/// A request that comes of a contact in the field.
pub fn internal(contact: &str) -> Value {
    taken_down("internal", json!({ "outreachContactId": contact }))
}

impl<'a> Scene<'a> {
    pub async fn new(app: &'a TestApp) -> Self {
        let mut people = Vec::new();
        for caller in &TABLE.callers {
            let actor = match caller.name {
                "a caseworker" => app.caseworker(),
                "a qualified caseworker" => app.qualified_caseworker(),
                "a team lead" => app.staff("team_lead", &[SKAGGETORP]),
                "a qualified team lead" => app.team_lead(),
                "an outreach worker" => app.outreach_worker(),
                "an administrator" => app.administrator(),
                "a caseworker elsewhere" => app.reception_caseworker(),
                "a partner agency" => app.school(),
                other => panic!("{other} is nobody"),
            };
            let staff_id = if caller.name == "a partner agency" { Value::Null } else { staff_id(&actor).await };
            people.push(Person { caller, actor, staff_id });
        }
        let elsewhere = app.anyone().get(&format!("/offices/{RECEPTION}")).await.expect(200)["id"].clone();
        let lead_elsewhere = app.staff("team_lead", &[RECEPTION]);
        let lead = app.team_lead();
        let lead_id = staff_id(&lead).await;
        let contact = app.contact().await;
        let mut scene = Self { app, people, elsewhere, lead_elsewhere, lead, lead_id, contact, twins: Vec::new() };
        for kind in ["concern_report", "support_request", "self_request", "internal"] {
            let twin = scene.receive(kind, "school").await;
            scene.twins.push((kind, twin));
        }
        scene
    }

    /// Those who are heard.
    pub fn heard(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.caller.turned_away.is_none())
    }

    /// A body for this act in this situation, as somebody says it.
    pub fn body(&self, act: &str, at: &Situation, me: &Value) -> Value {
        body(act, &self.named(at.kind, at.state, me))
    }

    fn named<'b>(&'b self, kind: &str, state: &'b str, me: &'b Value) -> Named<'b> {
        let twin = &self.twins.iter().find(|(of, _)| *of == kind).unwrap().1;
        Named { me, elsewhere: &self.elsewhere, twin, state }
    }

    pub fn sender(&self, slug: &str) -> Actor {
        match slug {
            "school" => self.app.school(),
            "police" => self.app.police(),
            "association" => self.app.association(),
            other => panic!("{other} sends nothing"),
        }
    }

    /// A referral of this kind that has come in.
    pub async fn receive(&self, kind: &str, sender: &str) -> Value {
        match kind {
            "internal" => self.lead.post("/referrals", internal(&self.contact)).await.expect(201)["id"].clone(),
            "self_request" => self.lead.post("/referrals", self_request()).await.expect(201)["id"].clone(),
            kind => {
                let body = if kind == "concern_report" { unnumbered() } else { support_request() };
                self.sender(sender).post("/partner/referrals", body).await.expect(201)["id"].clone()
            }
        }
    }

    /// A referral in this situation.
    pub async fn make(&self, at: &Situation) -> Value {
        let id = self.receive(at.kind, at.sender).await;
        for step in &at.path {
            if *step == "withdraw" {
                let there = format!("/partner/referrals/{}/withdraw", id.as_str().unwrap());
                self.sender(at.sender).post(&there, json!({})).await.expect(200);
            } else {
                let body = body(step, &self.named(at.kind, "", &self.lead_id));
                act(&self.lead, &id, step, body).await.expect(200);
            }
        }
        id
    }
}
