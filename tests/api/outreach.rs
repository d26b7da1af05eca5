//! Outreach contacts: written down once however often they are sent, judged alone, corrected in the open.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::people::recorded;
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{contact, fresh_id, person, with, without};
use crate::support::{Actor, Answer, Method, TestApp};

pub async fn put(actor: &Actor, id: &str, body: &Value) -> Answer {
    actor.request(Method::PUT, &format!("/outreach-contacts/{id}")).json(body).send().await
}

/// The path of a contact.
pub fn path(contact: &Value) -> String {
    format!("/outreach-contacts/{}", contact["id"].as_str().unwrap())
}

async fn written(actor: &Actor, body: Value) -> Value {
    actor.post("/outreach-contacts", body).await.expect(201)
}

async fn listed(actor: &Actor, query: &str) -> Vec<Value> {
    let list = actor.get(&format!("/outreach-contacts?limit=100{query}")).await.expect(200);
    list["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
}

async fn service(app: &TestApp, exempt: bool) -> Value {
    let path = "/services/faltverksamhet-och-omradesteam";
    let before = app.anyone().get(path).await;
    if before.json()["identityExempt"] != exempt {
        app.administrator().patch(path, json!({ "identityExempt": exempt }), &before.etag()).await.expect(200);
    }
    before.json()["id"].clone()
}

on_both_databases! {
    async fn a_contact_is_written_down_and_read(app: TestApp) {
        let made = app.outreach_worker().post("/outreach-contacts", contact()).await;
        let view = made.expect(201);
        let district = app.anyone().get("/districts/skaggetorp-tornby").await.expect(200)["id"].clone();
        let office = app.anyone().get("/offices/skaggetorp").await.expect(200)["id"].clone();
        let me = app.outreach_worker().get("/me").await.expect(200)["staffId"].clone();
        let expected = json!({
            "id": view["id"], "officeId": office, "workerId": me, "status": "recorded", "occurredAt": "2026-11-20T15:30:00Z",
            "durationMinutes": 20, "channel": "street", "initiatedBy": "worker", "districtId": district, "placeType": "square",
            "outcome": "reached", "participants": [{ "ageBand": "13-15", "role": "child" }], "topics": ["leisure"],
            "summary": "Pratade om vad som finns att göra efter skolan.", "recordedAt": "2026-11-23T09:00:00Z",
            "updatedAt": "2026-11-23T09:00:00Z", "version": 1, "_links": view["_links"],
        });
        assert_eq!(view, expected);
        let rels: Vec<&str> = view["_links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap()).collect();
        assert_eq!(rels, ["self", "offers", "correct", "offer", "enter-in-error"]);
        let read = app.caseworker().get(&path(&view)).await;
        assert_eq!((read.expect(200), read.etag()), (view.clone(), made.etag()));
        let row = app.caseworker().get("/outreach-contacts").await.expect(200)["items"][0].clone();
        assert_eq!((&row["id"], &row["headCount"], row.get("summary")), (&view["id"], &json!(1), None));
        // The clock stands still, so they are put in the order of their words.
        let actions: BTreeSet<String> = recorded(&app, "outreach_contact.").await.into_iter().map(|(action, _)| action).collect();
        assert_eq!(Vec::from_iter(actions), ["outreach_contact.created", "outreach_contact.listed", "outreach_contact.read"]);
    }

    async fn what_is_sent_again_is_the_same_contact(app: TestApp) {
        let (worker, id) = (app.outreach_worker(), fresh_id());
        let first = put(&worker, &id, &contact()).await;
        assert_eq!(first.expect(201)["id"], json!(id));
        app.clock.advance(Duration::from_secs(3600));
        // Another spelling of the same time is the same content.
        let spelled = with(contact(), "/occurredAt", json!("2026-11-20T16:30:00+01:00"));
        for answer in [put(&worker, &id, &contact()).await, put(&worker, &id, &spelled).await, worker.post("/outreach-contacts", with(contact(), "/id", json!(id))).await] {
            assert_eq!((answer.expect(200), answer.etag()), (first.json(), first.etag()));
        }
        assert_eq!(recorded(&app, "outreach_contact.created.replayed").await.len(), 3);
        let other = with(contact(), "/durationMinutes", json!(21));
        put(&worker, &id, &other).await.problem(409, "id-reused");
        put(&app.caseworker(), &id, &contact()).await.problem(409, "id-reused");
        put(&app.reception_caseworker(), &id, &contact()).await.problem(409, "id-reused");
        // The first content is still the same contact after a correction, and is answered with what it is now.
        worker.patch(&format!("/outreach-contacts/{id}"), json!({ "durationMinutes": 25 }), &first.etag()).await.expect(200);
        let again = put(&worker, &id, &contact()).await;
        assert_eq!((&again.expect(200)["durationMinutes"], &again.json()["version"]), (&json!(25), &json!(2)));
        put(&worker, &id, &with(contact(), "/durationMinutes", json!(25))).await.problem(409, "id-reused");
        put(&worker, &fresh_id(), &with(contact(), "/id", json!(id))).await.problem(422, "validation-failed");
        let not_of_time = "01935b7e-8c00-4a3e-9d52-6f1c2b3a4d5e";
        assert_eq!(put(&worker, not_of_time, &contact()).await.pointers(), ["#/id"]);
        assert_eq!(listed(&worker, "").await, [json!(id)]);
    }

    async fn of_many_who_send_one_contact_at_once_one_creates_it(app: TestApp) {
        let (worker, id) = (app.outreach_worker(), fresh_id());
        let elsewhere = app.another_server().await;
        let (other, body) = (elsewhere.outreach_worker(), contact());
        let answers = join_all((0..12).map(|number| put(if number % 2 == 0 { &worker } else { &other }, &id, &body))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200; 11], vec![201]].concat(), "{answers:?}");
        let bodies: BTreeSet<String> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
        assert_eq!(bodies.len(), 1);
        assert_eq!(listed(&worker, "").await.len(), 1);
    }

    async fn what_is_wrong_has_a_problem_of_its_own_and_its_place(app: TestApp) {
        let retired = app.anyone().get("/districts/valkebo-omland").await;
        app.administrator().patch("/districts/valkebo-omland", json!({ "status": "retired" }), &retired.etag()).await.expect(200);
        let in_retired = with(without(contact(), "/location"), "/districtId", retired.json()["id"].clone());
        let unknown = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
        let group = |count: Value| with(contact(), "/group", json!([{ "ageBand": "13-15", "count": 3 }, { "ageBand": "adult", "count": count }]));
        let participant = |who: Value| with(contact(), "/participants", json!([who]));
        let cases = [
            (with(contact(), "/occurredAt", json!("2026-11-23T09:00:01Z")), "contact-in-future", vec!["#/occurredAt"]),
            (with(contact(), "/occurredAt", json!("2022-07-31T12:00:00Z")), "before-office-opened", vec!["#/occurredAt"]),
            (in_retired, "district-retired", vec!["#/districtId"]),
            (group(json!(-1)), "head-count-out-of-range", vec!["#/group/1/count"]),
            (group(json!(0)), "head-count-out-of-range", vec!["#/group/1/count"]),
            (group(json!(10_001)), "head-count-out-of-range", vec!["#/group/1/count"]),
            (with(contact(), "/familyId", json!(unknown)), "unknown-reference", vec!["#/familyId"]),
            (participant(json!({ "personId": unknown })), "unknown-reference", vec!["#/participants/0/personId"]),
            (with(contact(), "/previousContactId", json!(unknown)), "unknown-reference", vec!["#/previousContactId"]),
            (with(contact(), "/followUp", json!({ "dueOn": "2026-12-01", "ownerId": unknown })), "unknown-reference", vec!["#/followUp/ownerId"]),
            (with(contact(), "/followUp", json!({ "dueOn": "2026-11-19" })), "validation-failed", vec!["#/followUp/dueOn"]),
            (with(contact(), "/districtId", json!(unknown)), "validation-failed", vec!["#/location"]),
            (without(contact(), "/location"), "validation-failed", vec!["#/districtId"]),
            (with(contact(), "/location", json!({ "lat": 59.3293, "lon": 18.0686 })), "validation-failed", vec!["#/location"]),
            (with(contact(), "/location", json!({ "lat": 158.0, "lon": 15.0 })), "validation-failed", vec!["#/location"]),
            (with(contact(), "/serviceId", json!(unknown)), "validation-failed", vec!["#/serviceId"]),
            (with(contact(), "/durationMinutes", json!(1441)), "validation-failed", vec!["#/durationMinutes"]),
            (participant(json!({ "personId": unknown, "ageBand": "adult" })), "validation-failed", vec!["#/participants/0/ageBand"]),
            (participant(json!({ "gender": "male" })), "validation-failed", vec!["#/participants/0/ageBand", "#/participants/0/role"]),
            (with(contact(), "/topics", json!(["leisure", "leisure"])), "validation-failed", vec!["#/topics/1"]),
            (with(contact(), "/child", json!({ "personalIdentityNumber": "20130315-2399" })), "validation-failed", vec!["#/child"]),
            (with(contact(), "/urgency", json!("immediate")), "validation-failed", vec!["#/child"]),
            (with(with(contact(), "/occurredAt", json!("2026-12-24T09:00:01Z")), "/durationMinutes", json!(0)), "validation-failed", vec!["#/occurredAt", "#/durationMinutes"]),
        ];
        for (body, problem, pointers) in cases {
            let answer = app.outreach_worker().post("/outreach-contacts", body.clone()).await;
            answer.problem(422, problem);
            assert_eq!(answer.pointers(), pointers, "{body}");
        }
        assert_eq!(listed(&app.outreach_worker(), "").await, Vec::<Value>::new());
        let planned = app.staff("outreach_worker", &["bas-syd"]);
        planned.post("/outreach-contacts", contact()).await.problem(422, "before-office-opened");
        app.staff("outreach_worker", &[]).post("/outreach-contacts", contact()).await.problem(403, "no-office");
        let two = app.staff("outreach_worker", &[SKAGGETORP, RECEPTION]);
        assert_eq!(two.post("/outreach-contacts", contact()).await.pointers(), ["#/officeId"]);
        two.post("/outreach-contacts", with(contact(), "/officeId", json!(RECEPTION))).await.expect(201);
    }

    async fn a_batch_is_judged_contact_by_contact(app: TestApp) {
        let worker = app.outreach_worker();
        let known = fresh_id();
        put(&worker, &known, &contact()).await.expect(201);
        let same = fresh_id();
        let items = json!([
            contact(),
            with(contact(), "/occurredAt", json!("2027-01-01T00:00:00Z")),
            with(contact(), "/id", json!(known)),
            with(with(contact(), "/id", json!(known)), "/durationMinutes", json!(7)),
            with(contact(), "/durationMinutes", Value::Null),
            "no object",
            with(contact(), "/id", json!(same)),
            with(contact(), "/id", json!(same)),
            with(contact(), "/familyId", json!("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e")),
            without(contact(), "/channel"),
            with(contact(), "/officeId", json!("mottagning-barn-unga")),
        ]);
        let answer = worker.post("/outreach-contacts/batch", json!({ "items": items })).await.expect(200);
        let told: Vec<(u64, u64, &str, &str)> = answer["items"].as_array().unwrap().iter().map(|item| {
            let slug = item["problem"]["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or_default();
            (item["index"].as_u64().unwrap(), item["status"].as_u64().unwrap(), slug, item["problem"]["errors"][0]["pointer"].as_str().unwrap_or_default())
        }).collect();
        let expected = [
            (0, 201, "", ""),
            (1, 422, "contact-in-future", "#/items/1/occurredAt"),
            (2, 200, "", ""),
            (3, 409, "id-reused", ""),
            (4, 422, "validation-failed", "#/items/4/durationMinutes"),
            (5, 422, "validation-failed", "#/items/5"),
            (6, 201, "", ""),
            (7, 200, "", ""),
            (8, 422, "unknown-reference", "#/items/8/familyId"),
            (9, 422, "validation-failed", "#/items/9/channel"),
            (10, 422, "validation-failed", "#/items/10/officeId"),
        ];
        assert_eq!(told, expected);
        let first = worker.get(&path(&answer["items"][0])).await;
        assert_eq!(first.etag(), answer["items"][0]["etag"].as_str().unwrap());
        assert_eq!(listed(&worker, "").await.len(), 3);
        let created = recorded(&app, "outreach_contact.created").await;
        assert_eq!(created.iter().filter(|(action, ids)| action == "outreach_contact.created" && ids.as_array().unwrap().len() == 2).count(), 1, "{created:?}");
    }

    async fn a_batch_takes_a_hundred_and_no_more(app: TestApp) {
        let worker = app.outreach_worker();
        let of = |count: usize| json!({ "items": vec![contact(); count] });
        let refused = worker.post("/outreach-contacts/batch", of(101)).await;
        refused.problem(422, "batch-too-large");
        assert_eq!(refused.pointers(), ["#/items"]);
        assert_eq!(listed(&worker, "").await.len(), 0);
        let answer = worker.post("/outreach-contacts/batch", of(100)).await.expect(200);
        assert!(answer["items"].as_array().unwrap().iter().all(|item| item["status"] == 201));
        assert_eq!(listed(&worker, "&total=true").await.len(), 100);
        assert_eq!(worker.post("/outreach-contacts/batch", of(0)).await.expect(200)["items"], json!([]));
        app.staff("outreach_worker", &[]).post("/outreach-contacts/batch", of(1)).await.problem(403, "no-office");
    }

    async fn coordinates_are_kept_nowhere(app: TestApp) {
        let id = fresh_id();
        let at = json!({ "lat": 58.427_512_345, "lon": 15.583_798_765 });
        let key = ("idempotency-key", "coordinates");
        let sent = with(with(contact(), "/location", at), "/id", json!(id));
        let made = app.outreach_worker().request(Method::POST, "/outreach-contacts").header(key.0, key.1).json(&sent).send().await;
        made.expect(201);
        put(&app.outreach_worker(), &id, &sent).await.expect(200);
        app.outreach_worker().patch(&format!("/outreach-contacts/{id}"), json!({ "location": { "lat": 58.0, "lon": 15.0 } }), "*").await.problem(422, "validation-failed");
        let told = format!("{} {:?}", made.text(), app.audit().await);
        let sealed = sealed_texts(&app).await;
        assert!(sealed.contains("districtId") && sealed.contains("efter skolan"), "{sealed}");
        for never in ["427512", "583798", "58.42", "15.58"] {
            assert!(!told.contains(never) && !sealed.contains(never), "{never}: {told} {sealed}");
        }
    }

    async fn under_a_service_without_identity_nobody_is_named(app: TestApp) {
        let exempt = service(&app, true).await;
        let somebody = app.person().await;
        let family = app.family().await;
        let of = |body: Value| with(body, "/serviceId", exempt.clone());
        let worker = app.outreach_worker();
        written(&worker, of(contact())).await;
        let named = of(with(with(contact(), "/participants", json!([{ "personId": somebody }])), "/familyId", json!(family)));
        let answer = worker.post("/outreach-contacts", named).await;
        answer.problem(422, "identity-not-recorded");
        assert_eq!(answer.pointers(), ["#/participants/0/personId", "#/familyId"]);
        let telling = "Hon heter Åsa, 130315-2399, ring 070-174 06 05 eller a@b.se.";
        let answer = worker.post("/outreach-contacts", of(with(contact(), "/summary", json!(telling)))).await;
        let problem = answer.problem(422, "identity-in-text");
        let places: Vec<(String, u64, u64)> = problem["errors"].as_array().unwrap().iter()
            .map(|error| (error["pointer"].as_str().unwrap().to_owned(), error["start"].as_u64().unwrap(), error["end"].as_u64().unwrap())).collect();
        assert_eq!(places, [("#/summary".to_owned(), 15, 26), ("#/summary".to_owned(), 33, 46), ("#/summary".to_owned(), 53, 59)]);
        assert!(!answer.text().contains("2399"), "what was found is not told back");
        let note = of(with(contact(), "/followUp", json!({ "dueOn": "2026-12-01", "note": "Ring 0701740605" })));
        assert_eq!(worker.post("/outreach-contacts", note).await.pointers(), ["#/followUp/note"]);
        // The same text is fine where identity is recorded, and a correction cannot bring it in.
        let plain = written(&worker, with(contact(), "/summary", json!(telling))).await;
        let moved = worker.patch(&path(&plain), json!({ "serviceId": exempt }), "*").await;
        moved.problem(422, "identity-in-text");
        let kept = written(&worker, of(contact())).await;
        let reason = worker.post(&format!("{}/enter-in-error", path(&kept)), json!({ "reason": "Det var 130315-2399" })).await;
        reason.problem(422, "identity-in-text");
    }

    async fn a_correction_is_a_new_version_and_the_old_one_stays_readable(app: TestApp) {
        let worker = app.outreach_worker();
        let made = worker.post("/outreach-contacts", contact()).await;
        let there = path(&made.expect(201));
        app.clock.advance(Duration::from_secs(60));
        let change = json!({ "summary": "Pratade om skolan.", "durationMinutes": null, "topics": ["school_absence"] });
        let changed = app.caseworker().patch(&there, change.clone(), &made.etag()).await;
        let after = changed.expect(200);
        assert_eq!((&after["version"], after.get("durationMinutes"), &after["districtId"]), (&json!(2), None, &made.json()["districtId"]));
        assert_eq!((&after["updatedAt"], &after["recordedAt"], &after["workerId"]), (&json!("2026-11-23T09:01:00Z"), &made.json()["recordedAt"], &made.json()["workerId"]));
        worker.patch(&there, change, &made.etag()).await.problem(412, "stale-version");
        for (field, value) in [("id", json!(fresh_id())), ("officeId", json!(SKAGGETORP)), ("urgency", json!("soon")), ("followUp", json!({ "dueOn": "2026-12-01" })), ("child", json!({}))] {
            let answer = worker.patch(&there, json!({ field: value }), "*").await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), [format!("#/{field}")]);
        }
        worker.patch(&there, json!({ "occurredAt": "2027-01-01T00:00:00Z" }), "*").await.problem(422, "contact-in-future");
        let versions = app.team_lead().get(&format!("{there}/versions?total=true")).await.expect(200);
        let said: Vec<(&Value, &Value, &Value)> = versions["items"].as_array().unwrap().iter().map(|version| (&version["version"], &version["writtenAt"], &version["contact"]["summary"])).collect();
        let expected = [(json!(2), json!("2026-11-23T09:01:00Z"), json!("Pratade om skolan.")), (json!(1), json!("2026-11-23T09:00:00Z"), contact()["summary"].clone())];
        assert_eq!(said, expected.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>());
        let second = app.team_lead().get(&format!("{there}/versions?limit=1&page=2")).await.expect(200);
        assert_eq!(second["items"], json!([versions["items"][1]]));
        app.auditor().get(&format!("{there}/versions")).await.problem(404, "not-found");
        let auditor = app.auditor().and("access-reason", "statutory_review");
        assert_eq!(auditor.get(&format!("{there}/versions")).await.expect(200)["items"].as_array().unwrap().len(), 2);
        app.caseworker().get(&format!("{there}/versions")).await.problem(403, "forbidden");
    }

    async fn what_was_entered_in_error_is_kept_and_counts_nowhere(app: TestApp) {
        let worker = app.outreach_worker();
        let there = path(&written(&worker, contact()).await);
        let stale = worker.request(Method::POST, &format!("{there}/enter-in-error")).header("if-match", "\"7-0123456789abcdef\"");
        stale.json(&json!({ "reason": "Fel." })).send().await.problem(412, "stale-version");
        let gone = worker.post(&format!("{there}/enter-in-error"), json!({ "reason": "Dubbelt." })).await;
        assert_eq!((&gone.expect(200)["status"], &gone.json()["errorReason"]), (&json!("entered_in_error"), &json!("Dubbelt.")));
        assert_eq!(gone.link("correct"), None);
        assert_eq!(listed(&worker, "").await, Vec::<Value>::new());
        assert_eq!(worker.get("/outreach-contacts?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
        assert_eq!(worker.get(&there).await.expect(200), gone.json());
        worker.post(&format!("{there}/enter-in-error"), json!({ "reason": "Igen." })).await.problem(409, "entered-in-error");
        worker.patch(&there, json!({ "durationMinutes": 5 }), "*").await.problem(409, "entered-in-error");
        worker.post(&format!("{there}/offers"), app.new_offer().await).await.problem(409, "entered-in-error");
        assert_eq!(app.team_lead().get(&format!("{there}/versions")).await.expect(200)["items"].as_array().unwrap().len(), 2);
    }

    async fn a_list_is_narrowed_by_its_filters(app: TestApp) {
        let (worker, other) = (app.outreach_worker(), app.caseworker());
        let me = worker.get("/me").await.expect(200)["staffId"].as_str().unwrap().to_owned();
        let office = app.anyone().get("/offices/skaggetorp").await.expect(200)["id"].as_str().unwrap().to_owned();
        let at = |time: &str| with(contact(), "/occurredAt", json!(time));
        let first = written(&worker, at("2026-11-01T10:00:00Z")).await["id"].clone();
        let second = written(&worker, with(at("2026-11-02T10:00:00Z"), "/channel", json!("school"))).await["id"].clone();
        let third = written(&other, with(at("2026-11-03T10:00:00Z"), "/outcome", json!("declined_to_talk"))).await["id"].clone();
        let fourth = written(&other, with(at("2026-11-04T10:00:00Z"), "/followUp", json!({ "dueOn": "2026-11-30" }))).await["id"].clone();
        let all = [fourth.clone(), third.clone(), second.clone(), first.clone()];
        assert_eq!(listed(&worker, "").await, all);
        assert_eq!(listed(&worker, "&occurredFrom=2026-11-02T10:00:00Z&occurredTo=2026-11-03T10:00:00Z").await, std::slice::from_ref(&second));
        assert_eq!(listed(&worker, "&channel=school").await, std::slice::from_ref(&second));
        assert_eq!(listed(&worker, "&outcome=declined_to_talk").await, std::slice::from_ref(&third));
        assert_eq!(listed(&worker, &format!("&workerId={me}")).await, [second, first]);
        assert_eq!(listed(&worker, "&followUpDueBefore=2026-12-01").await, std::slice::from_ref(&fourth));
        assert_eq!(listed(&worker, "&followUpDueBefore=2026-11-30").await, Vec::<Value>::new());
        assert_eq!(listed(&worker, &format!("&officeId={office}")).await, all);
        assert_eq!(listed(&app.reception_caseworker(), &format!("&officeId={office}")).await, Vec::<Value>::new());
        let mut walked = Vec::new();
        let mut next = Some("/outreach-contacts?limit=1".to_owned());
        while let Some(path) = next {
            let page = worker.get(&path).await;
            walked.extend(page.expect(200)["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
            next = page.link("next");
        }
        assert_eq!(walked, all);
        let follow_up = worker.get("/follow-ups").await.expect(200)["items"][0].clone();
        worker.post(&format!("/follow-ups/{}/complete", follow_up["id"].as_str().unwrap()), json!({ "result": "Klart." })).await.expect(200);
        assert_eq!(listed(&worker, "&followUpDueBefore=2026-12-01").await, Vec::<Value>::new());
    }

    async fn who_is_met_is_known_to_the_office_from_then_on(app: TestApp) {
        let somebody = app.reception_caseworker().post("/people", person()).await.expect(201);
        let there = format!("/people/{}", somebody["id"].as_str().unwrap());
        app.caseworker().get(&there).await.problem(404, "not-found");
        let met = with(contact(), "/participants", json!([{ "personId": somebody["id"] }]));
        written(&app.outreach_worker(), met).await;
        assert_eq!(app.caseworker().get(&there).await.expect(200)["givenName"], "Åsa");
    }
}

/// All that is sealed of contacts, opened.
async fn sealed_texts(app: &TestApp) -> String {
    use diesel::prelude::*;
    use nara::db::DbConn;
    use nara::db::schema::{kept_answers, outreach_contacts};
    use nara::id::{KeptAnswerId, OutreachContactId};
    use nara::vault::{self, Sealed};
    let vault = crate::support::credentials::vault();
    let read = move |conn: &mut DbConn| {
        let records: Vec<(OutreachContactId, Sealed)> =
            outreach_contacts::table.select((outreach_contacts::id, outreach_contacts::record)).load(conn)?;
        let answers: Vec<(KeptAnswerId, Sealed)> =
            kept_answers::table.select((kept_answers::id, kept_answers::answer)).load(conn)?;
        let mut told = String::new();
        for (id, record) in records {
            let opened = vault.open(vault::OUTREACH_CONTACT_RECORD, id.uuid(), &record)?;
            told.push_str(&String::from_utf8_lossy(&opened));
        }
        for (id, answer) in answers {
            told.push_str(&String::from_utf8_lossy(&vault.open(vault::KEPT_ANSWER, id.uuid(), &answer)?));
        }
        Ok(told)
    };
    app.db().read(read).await.unwrap()
}
