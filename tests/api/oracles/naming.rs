//! What somebody asks for by an identifier and may not know of is answered like what is not there, whether another office has it or
//! its identity is protected.

use serde_json::{Value, json};

use super::by_identifier;
use super::transcript::Transcript;
use super::worlds::look_around;
use crate::people::{cleared, path as person_path};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::document::step_of;
use crate::support::fixtures::{CHILD, concern_report, contact, fresh_id, person, private_report, with, without};
use crate::support::{Actor, Answer, Method, TestApp};

/// A person, a family and a contact.
#[derive(Clone)]
struct Things {
    person: String,
    family: String,
    contact: String,
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().expect("it has an id").to_owned()
}

impl Things {
    fn of_nobody() -> Self {
        Self { person: fresh_id(), family: fresh_id(), contact: fresh_id() }
    }

    /// Makes them for a member of staff, the person with this protection.
    async fn made_by(maker: &Actor, protection: &str) -> Self {
        let person = id_of(&maker.post("/people", with(person(), "/protection", json!(protection))).await.expect(201));
        let family = id_of(&maker.post("/families", json!({ "memberIds": [person] })).await.expect(201));
        let met = with(contact(), "/participants", json!([{ "personId": person }]));
        let contact = id_of(&maker.post("/outreach-contacts", met).await.expect(201));
        Self { person, family, contact }
    }

    /// The identifier in the path of an operation.
    fn in_path(&self, path: &str) -> String {
        let id = match path.split('/').nth(1) {
            Some("people") => &self.person,
            Some("families") => &self.family,
            _ => &self.contact,
        };
        path.replace("{id}", id)
    }
}

/// The calls of an operation with these things in its path, or in its body beside something of the caller's own.
fn calls(app: &TestApp, id: &str, own: &Things, theirs: &Things) -> Vec<(Actor, Method, String, Option<Value>)> {
    let caseworker = app.caseworker();
    let post = |path: String, body: Value| (caseworker.clone(), Method::POST, path, Some(body));
    let patch = |path: String, body: Value| (caseworker.clone(), Method::PATCH, path, Some(body));
    let Things { person, family, contact: met } = own;
    match id {
        "createFamily" => vec![post("/families".into(), json!({ "memberIds": [theirs.person] }))],
        "changeFamily" => {
            vec![patch(format!("/families/{family}"), json!({ "memberIds": [person, theirs.person] }))]
        }
        "mergeFamilies" => {
            vec![post(format!("/families/{family}/merge"), json!({ "otherId": theirs.family, "reason": "Samma." }))]
        }
        "movePerson" => {
            vec![post(format!("/people/{person}/move"), json!({ "familyId": theirs.family, "reason": "Bor där." }))]
        }
        "createFollowUp" => vec![
            post("/follow-ups".into(), json!({ "contactId": theirs.contact, "dueOn": "2026-12-04" })),
            post("/follow-ups".into(), json!({ "familyId": theirs.family, "dueOn": "2026-12-04" })),
        ],
        "searchReferrals" => vec![post("/referrals/search".into(), json!({ "personId": theirs.person }))],
        "correctOutreachContact" => {
            let there = format!("/outreach-contacts/{met}");
            vec![
                patch(there.clone(), json!({ "familyId": theirs.family })),
                patch(there, json!({ "previousContactId": theirs.contact })),
            ]
        }
        _ => Vec::new(),
    }
}

/// What else names somebody, in operations that are tried by a number.
fn others(app: &TestApp, theirs: &Things) -> Vec<(Actor, Method, String, Option<Value>)> {
    let worker = app.outreach_worker();
    let post = |path: &str, body: Value| (worker.clone(), Method::POST, path.to_owned(), Some(body));
    let of_contact = json!({ "outreachContactId": theirs.contact });
    vec![
        post("/people", json!({ "familyId": theirs.family })),
        post("/referrals", with(private_report(), "/child/personId", json!(theirs.person))),
        post("/referrals", with(private_report(), "/source", of_contact)),
        post("/outreach-contacts", with(contact(), "/familyId", json!(theirs.family))),
        post("/outreach-contacts", with(contact(), "/previousContactId", json!(theirs.contact))),
        post("/outreach-contacts/batch", json!({ "items": [with(contact(), "/familyId", json!(theirs.family))] })),
    ]
}

async fn send((actor, method, path, body): &(Actor, Method, String, Option<Value>)) -> Answer {
    let mut request = actor.request(method.clone(), path);
    if *method == Method::PATCH {
        request = request.header("if-match", "*");
    }
    match body {
        Some(body) => request.json(body).send().await,
        None => request.send().await,
    }
}

on_both_databases! {
    async fn what_one_may_not_know_of_is_answered_like_what_is_not_there(app: TestApp) {
        let own = Things::made_by(&app.caseworker(), "none").await;
        let kinds = [
            ("not there", Things::of_nobody()),
            ("of another office", Things::made_by(&app.reception_caseworker(), "none").await),
            ("protected elsewhere", Things::made_by(&cleared(&app, &[RECEPTION]), "marked").await),
            ("protected here", Things::made_by(&cleared(&app, &[SKAGGETORP]), "protected_registration").await),
        ];
        let mut tried = 0;
        for operation in by_identifier() {
            let mut first = None;
            for (kind, theirs) in &kinds {
                let mut all = calls(&app, &operation.id, &own, theirs);
                if operation.path.contains("{id}") {
                    let prepared = app.prepare(operation).await;
                    let method: Method = operation.method.parse().unwrap();
                    assert!(step_of(operation).is_none());
                    all.push((app.right_caller(operation), method, theirs.in_path(&operation.path), prepared.body));
                }
                let mut seen = Transcript::default();
                for call in &all {
                    let answer = send(call).await;
                    assert!(answer.status >= 400 || operation.id == "searchReferrals", "{kind}: {answer:?}");
                    seen.saw(&operation.id, &answer);
                    tried += 1;
                }
                let lines = seen.lines();
                assert_eq!(first.get_or_insert_with(|| lines.clone()), &lines, "{}: {kind}", operation.id);
            }
        }
        assert!(tried > 60, "{tried}");
        let mut first = None;
        for (kind, theirs) in &kinds {
            let mut seen = Transcript::default();
            for call in others(&app, theirs) {
                seen.saw("named", &send(&call).await);
            }
            let lines = seen.lines();
            assert_eq!(first.get_or_insert_with(|| lines.clone()), &lines, "{kind}");
        }
    }

    // Whoever knows somebody, and not the family that another office has put them into, sees them in none.
    async fn the_family_of_another_office_is_none(app: TestApp) {
        let mut first: Option<Vec<String>> = None;
        for theirs in ["none", "open", "protected"] {
            let world = TestApp::fresh_with(app.backend(), |_| {}).await.unwrap();
            let body = with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD));
            let known = world.caseworker().post("/people", body).await.expect(201);
            // The reception gets to know the child by a report, and puts it into a family of its own.
            let nowhere = without(concern_report(), "/child/placeName");
            world.school().post("/partner/referrals", nowhere).await.expect(201);
            world.clock.advance(std::time::Duration::from_secs(60));
            let reception = cleared(&world, &[RECEPTION]);
            let protection = if theirs == "protected" { "marked" } else { "none" };
            let member = reception.post("/people", json!({ "protection": protection })).await.expect(201);
            let members = match theirs {
                "none" => json!([member["id"]]),
                _ => json!([member["id"], known["id"]]),
            };
            reception.post("/families", json!({ "memberIds": members, "label": "Familjen" })).await.expect(201);
            let (mut seen, prober) = (Transcript::default(), world.caseworker());
            let there = person_path(&known);
            seen.saw("person", &prober.get(&there).await);
            seen.saw("timeline", &prober.get(&format!("{there}/timeline?total=true")).await);
            world.clock.advance(std::time::Duration::from_secs(60));
            let none = json!({ "familyId": null, "reason": "Bor för sig." });
            seen.saw("moved to none", &prober.post(&format!("{there}/move"), none).await);
            let own = prober.post("/families", json!({ "memberIds": [known["id"]] })).await;
            seen.saw("family", &own);
            if own.status == 201 {
                let family = format!("/families/{}", own.json()["id"].as_str().unwrap());
                seen.saw("read", &prober.get(&family).await);
            }
            seen.saw("person", &prober.get(&there).await);
            look_around(&prober, &mut seen).await;
            let lines = seen.lines();
            assert_eq!(first.get_or_insert_with(|| lines.clone()), &lines, "{theirs}");
        }
    }
}
