//! What somebody asks for about people and families and may not know of: recorded, and answered like what is not there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{Connection, InstrumentationEvent};
use nara::auth::CaseScope;
use nara::db::connection::Purpose;
use nara::db::{DbConn, Target};
use nara::id::{FamilyId, OfficeId};
use nara::{families, people};
use serde_json::{Value, json};

use crate::people::{cleared, path, recorded};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, contact, follow_up, person, with};
use crate::support::{Actor, Method, TestApp};

const UNKNOWN: &str = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";

/// The denied attempts, by what was attempted: they are written down without anybody waiting for it.
async fn denied(app: &TestApp, count: usize) -> BTreeMap<String, Vec<Value>> {
    use diesel::prelude::*;
    use nara::audit::AuditOutcome;
    use nara::db::columns::Json;
    use nara::db::schema::audit_records;
    for _ in 0..500 {
        let read = |conn: &mut DbConn| {
            let rows =
                audit_records::table.filter(audit_records::outcome.eq(AuditOutcome::Denied)).order(audit_records::id);
            let columns = (audit_records::action, audit_records::resource_ids);
            Ok(rows.select(columns).load::<(String, Json<Value>)>(conn)?)
        };
        let rows = app.db().read(read).await.unwrap();
        if rows.len() >= count {
            assert_eq!(rows.len(), count, "{rows:?}");
            let mut by_action = BTreeMap::<String, Vec<Value>>::new();
            rows.into_iter().for_each(|(action, ids)| by_action.entry(action).or_default().push(ids.0));
            by_action.values_mut().for_each(|about| *about = in_order(about));
            return by_action;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the denied attempts were not recorded");
}

/// The clock stands still, so records have no order of their own.
fn in_order(about: &[Value]) -> Vec<Value> {
    let mut about = about.to_vec();
    about.sort_by_key(Value::to_string);
    about
}

/// How many statements it takes to find out that a family does not exist.
fn statements(conn: &mut DbConn, sight: &CaseScope, id: &Value) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let id: FamilyId = serde_json::from_value(id.clone()).unwrap();
    assert!(families::store::find(conn, sight, id).is_err());
    assert!(families::known::known_among(conn, sight, &[id]).unwrap().is_empty());
    count.load(Ordering::Relaxed)
}

async fn post(actor: &Actor, path: &str, body: Value) -> u16 {
    actor.post(path, body).await.status
}

on_both_databases! {
    async fn what_the_field_names_in_vain_is_recorded(app: TestApp) {
        let foreign = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201);
        let (worker, family) = (app.outreach_worker(), foreign["id"].clone());
        let naming = with(contact(), "/familyId", family.clone());
        worker.post("/outreach-contacts", naming.clone()).await.problem(422, "unknown-reference");
        let batch = worker.post("/outreach-contacts/batch", json!({ "items": [contact(), naming] })).await.expect(200);
        assert_eq!((&batch["items"][0]["status"], &batch["items"][1]["status"]), (&json!(201), &json!(422)));
        let promise = json!({ "contactId": UNKNOWN, "dueOn": "2026-12-01" });
        worker.post("/follow-ups", promise).await.problem(422, "unknown-reference");
        let denied = denied(&app, 3).await;
        assert_eq!(denied["outreach_contact.created"], [json!([family]), json!([family])]);
        assert_eq!(denied["follow_up.created"], [json!([UNKNOWN])]);
    }

    async fn what_a_path_names_in_vain_is_recorded(app: TestApp) {
        let foreign = app.reception_caseworker().post("/people", person()).await.expect(201);
        let family = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201);
        let actor = app.caseworker();
        for id in [foreign["id"].as_str().unwrap(), UNKNOWN] {
            actor.get(&format!("/people/{id}")).await.problem(404, "not-found");
            actor.patch(&format!("/people/{id}"), json!({}), "*").await.problem(404, "not-found");
            assert_eq!(post(&actor, &format!("/people/{id}/move"), json!({ "familyId": null, "reason": "x" })).await, 404);
        }
        for id in [family["id"].as_str().unwrap(), UNKNOWN] {
            actor.get(&format!("/families/{id}")).await.problem(404, "not-found");
            actor.patch(&format!("/families/{id}"), json!({}), "*").await.problem(404, "not-found");
            assert_eq!(post(&actor, &format!("/families/{id}/merge"), json!({ "otherId": UNKNOWN, "reason": "x" })).await, 404);
        }
        let records = denied(&app, 12).await;
        let people = in_order(&[json!([foreign["id"]]), json!([UNKNOWN])]);
        let families = in_order(&[json!([family["id"]]), json!([UNKNOWN])]);
        for (action, expected) in [("person.read", &people), ("person.changed", &people), ("person.moved", &people), ("family.read", &families), ("family.changed", &families), ("family.merged", &families)] {
            assert_eq!(&records[action], expected, "{action}");
        }
    }

    async fn what_a_body_names_in_vain_is_recorded_whether_it_is_there_or_not(app: TestApp) {
        let foreign = app.reception_caseworker().post("/people", person()).await.expect(201)["id"].clone();
        let hidden = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201)["id"].clone();
        let own = app.caseworker().post("/people", person()).await.expect(201);
        let family = app.family().await;
        let actor = app.caseworker();
        for (person, other) in [(&foreign, &hidden), (&json!(UNKNOWN), &json!(UNKNOWN))] {
            assert_eq!(post(&actor, "/families", json!({ "memberIds": [own["id"], person] })).await, 422);
            assert_eq!(actor.patch(&format!("/families/{family}"), json!({ "memberIds": [person] }), "*").await.status, 422);
            assert_eq!(post(&actor, &format!("/families/{family}/merge"), json!({ "otherId": other, "reason": "x" })).await, 422);
            assert_eq!(post(&actor, &format!("{}/move", path(&own)), json!({ "familyId": other, "reason": "x" })).await, 422);
            assert_eq!(post(&actor, "/people", json!({ "familyId": other })).await, 422);
        }
        let records = denied(&app, 10).await;
        let unknown = json!(UNKNOWN);
        let expected = |of: &dyn Fn(&Value, &Value) -> Value| in_order(&[of(&foreign, &hidden), of(&unknown, &unknown)]);
        assert_eq!(records["family.created"], expected(&|person, _| json!([person])));
        assert_eq!(records["family.changed"], expected(&|person, _| json!([family, person])));
        assert_eq!(records["family.merged"], expected(&|_, other| json!([family, other])));
        assert_eq!(records["person.moved"], expected(&|_, other| json!([own["id"], other])));
        assert_eq!(records["person.created"], expected(&|_, other| json!([other])));
        // What is only wrong is no such attempt.
        assert_eq!(post(&actor, "/families", json!({ "memberIds": [own["id"], own["id"]] })).await, 422);
        assert_eq!(post(&actor, &format!("/families/{family}/merge"), json!({ "otherId": family, "reason": "x" })).await, 422);
        post(&actor, "/people", json!({ "familyId": UNKNOWN })).await;
        assert_eq!(denied(&app, 11).await["person.created"].len(), 3);
    }

    async fn what_is_not_given_again_is_recorded(app: TestApp) {
        let again = || app.caseworker().request(Method::POST, "/people").header("idempotency-key", "a").json(&person());
        let made = again().send().await.expect(201);
        app.caseworker().patch(&path(&made), json!({ "protection": "marked" }), "*").await.expect(204);
        again().send().await.problem(404, "not-found");
        assert_eq!(denied(&app, 1).await["person.created"], [json!([made["id"]])]);
    }

    async fn what_an_offer_names_in_vain_is_recorded_once(app: TestApp) {
        let (worker, met) = (app.outreach_worker(), app.contact().await);
        let offer = with(app.new_offer().await, "/to", json!({ "familyId": UNKNOWN }));
        worker.post(&format!("/outreach-contacts/{met}/offers"), offer).await.problem(422, "unknown-reference");
        worker.post(&format!("/outreach-contacts/{UNKNOWN}/offers"), app.new_offer().await).await.problem(404, "not-found");
        worker.post(&format!("/offers/{UNKNOWN}/close"), json!({ "reason": "other" })).await.problem(404, "not-found");
        let denied = denied(&app, 3).await;
        assert_eq!(denied["offer.created"], in_order(&[json!([met, UNKNOWN]), json!([UNKNOWN])]));
        assert_eq!(denied["offer.closed"], [json!([UNKNOWN])]);
    }

    async fn what_the_field_is_not_answered_again_is_recorded(app: TestApp) {
        let (worker, person) = (app.outreach_worker(), app.person().await);
        let met = with(contact(), "/participants", json!([{ "personId": person }]));
        let met = worker.post("/outreach-contacts", met).await.expect(201)["id"].as_str().unwrap().to_owned();
        let of = |path: String, key: &'static str, body: Value| app.caseworker().request(Method::POST, &path).header("idempotency-key", key).json(&body);
        let new_offer = app.new_offer().await;
        let offer = || of(format!("/outreach-contacts/{met}/offers"), "offer", with(new_offer.clone(), "/note", json!("Kanske.")));
        let made = offer().send().await.expect(201)["id"].as_str().unwrap().to_owned();
        let answer = || of(format!("/offers/{made}/answers"), "answer", json!({ "answer": "thinking" }));
        let close = || of(format!("/offers/{made}/close"), "close", json!({ "reason": "other" }));
        let promise = worker.post("/follow-ups", follow_up(&met)).await.expect(201)["id"].as_str().unwrap().to_owned();
        let complete = || of(format!("/follow-ups/{promise}/complete"), "complete", json!({ "result": "Klart." }));
        let error = || of(format!("/outreach-contacts/{met}/enter-in-error"), "error", json!({ "reason": "Fel." }));
        let referral = app.submitted(concern_report()).await;
        let act = || of(format!("/referrals/{referral}/request-information"), "act", json!({ "question": "När?" }));
        for request in [answer(), close(), complete(), error(), act()] {
            let answer = request.send().await;
            assert!(answer.status < 300, "{answer:?}");
        }
        cleared(&app, &[SKAGGETORP]).patch(&format!("/people/{person}"), json!({ "protection": "marked" }), "*").await.expect(200);
        app.caseworker().patch(&format!("/referrals/{referral}"), json!({ "child": { "protectedIdentity": "marked" } }), "*").await.expect(204);
        offer().send().await.problem(404, "not-found");
        for request in [answer(), close(), complete(), error(), act()] {
            request.send().await.problem(404, "not-found");
        }
        let denied = denied(&app, 6).await;
        for (action, about) in [
            ("offer.created", json!([met, made])),
            ("offer.answered", json!([made])),
            ("offer.closed", json!([made])),
            ("follow_up.completed", json!([promise])),
            ("outreach_contact.entered_in_error", json!([met])),
            ("referral.information_requested", json!([referral])),
        ] {
            assert_eq!(denied[action], [about], "{action}");
        }
    }

    async fn a_reading_of_a_family_names_the_members_whom_it_shows(app: TestApp) {
        let (seen, out_of_sight) = (app.person().await, app.reception_caseworker().post("/people", person()).await.expect(201));
        let family = app.registered("/families", json!({ "memberIds": [seen] })).await;
        let both = app.staff("caseworker", &[SKAGGETORP, RECEPTION]);
        both.post(&format!("{}/move", path(&out_of_sight)), json!({ "familyId": family, "reason": "x" })).await.expect(200);
        app.caseworker().get(&format!("/families/{family}")).await.expect(200);
        assert_eq!(recorded(&app, "family.read").await, [("family.read".to_owned(), json!([family, seen]))]);
        app.caseworker().patch(&format!("/families/{family}"), json!({ "label": "Ny" }), "*").await.expect(200);
        assert_eq!(recorded(&app, "family.changed").await[0].1, json!([family, seen]));
        assert_eq!(recorded(&app, "family.created").await[0].1, json!([family, seen]));
    }

    async fn who_else_has_a_number_is_named_where_it_is_shown(app: TestApp) {
        let number = json!({ "personalIdentityNumber": CHILD });
        let known = cleared(&app, &[RECEPTION]).post("/people", json!({ "personalIdentityNumber": CHILD, "protection": "marked" })).await.expect(201);
        let own = app.caseworker().post("/people", number).await.expect(201);
        app.caseworker().get(&path(&own)).await.expect(200);
        cleared(&app, &[SKAGGETORP]).get(&path(&own)).await.expect(200);
        let read: Vec<Value> = recorded(&app, "person.read").await.into_iter().map(|(_, ids)| ids).collect();
        assert_eq!(in_order(&read), in_order(&[json!([own["id"]]), json!([own["id"], known["id"]])]));
    }

    async fn a_family_of_protected_people_takes_as_many_statements_as_none(app: TestApp) {
        let member = app.person().await;
        let (hidden, gone) = (app.registered("/families", json!({ "memberIds": [member] })).await, app.family().await);
        app.caseworker().post(&format!("/families/{hidden}/merge"), json!({ "otherId": gone, "reason": "x" })).await.expect(200);
        app.caseworker().patch(&format!("/people/{member}"), json!({ "protection": "marked" }), "*").await.expect(204);
        let foreign = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201)["id"].clone();
        let office = app.anyone().get(&format!("/offices/{SKAGGETORP}")).await.expect(200)["id"].clone();
        let office: OfficeId = serde_json::from_value(office).unwrap();
        let sight = CaseScope { offices: vec![office], made_by: None, protected_identity: false, reason: None };
        let target: Target = app.database().url.parse().unwrap();
        let mut conn = target.connect(Purpose::Reading).unwrap();
        for id in [json!(hidden), json!(gone), foreign, json!(UNKNOWN)] {
            assert_eq!(statements(&mut conn, &sight, &id), 2, "one for each question");
        }
        let unknown = people::store::find(&mut conn, &sight, serde_json::from_value(json!(UNKNOWN)).unwrap());
        assert!(unknown.is_err());
    }
}
