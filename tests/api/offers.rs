//! Offers and their answers, and promises to get back.

use std::time::Duration;

use serde_json::{Value, json};

use crate::outreach::path;
use crate::people::{cleared, recorded};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{contact, follow_up, fresh_id, with};
use crate::support::{Actor, Answer, Method, TestApp};

async fn service(app: &TestApp, slug: &str) -> Value {
    app.anyone().get(&format!("/services/{slug}")).await.expect(200)["id"].clone()
}

async fn met(actor: &Actor, family: &str) -> Value {
    actor.post("/outreach-contacts", with(contact(), "/familyId", json!(family))).await.expect(201)
}

/// An offer to a family at a new contact with it.
async fn offered(app: &TestApp, actor: &Actor, family: &str, service_slug: &str) -> String {
    let contact = met(actor, family).await;
    let body = json!({ "serviceId": service(app, service_slug).await, "to": { "familyId": family } });
    let offer = actor.post(&format!("{}/offers", path(&contact)), body).await.expect(201);
    format!("/offers/{}", offer["id"].as_str().unwrap())
}

async fn answered(actor: &Actor, offer: &str, answer: &str) -> Answer {
    let mut body = json!({ "answer": answer });
    if answer == "declined" {
        body["declineReason"] = json!("not_wanted_now");
    }
    actor.post(&format!("{offer}/answers"), body).await
}

/// Whether an offer was accepted after a no: to the same service, and to any.
async fn after_no(actor: &Actor, offer: &str) -> (bool, bool) {
    let offer = actor.get(offer).await.expect(200);
    let said = |field: &str| offer[field].as_bool().unwrap();
    (said("acceptedAfterDecline"), said("acceptedAfterAnyDecline"))
}

on_both_databases! {
    async fn an_offer_remembers_every_answer(app: TestApp) {
        let (worker, family) = (app.outreach_worker(), app.family().await);
        let contact = met(&worker, &family).await;
        let phone = service(&app, "telefonradgivning").await;
        let body = json!({ "serviceId": phone, "to": { "familyId": family }, "note": "Vill tänka.", "offeredAt": "2026-11-20T15:40:00Z" });
        let made = worker.post(&format!("{}/offers", path(&contact)), body).await;
        let offer = made.expect(201);
        let there = format!("/offers/{}", offer["id"].as_str().unwrap());
        let me = worker.get("/me").await.expect(200)["staffId"].clone();
        let expected = json!({
            "id": offer["id"], "contactId": contact["id"], "serviceId": phone, "familyId": family, "offeredAt": "2026-11-20T15:40:00Z",
            "offeredBy": me, "note": "Vill tänka.", "answers": [], "acceptedAfterDecline": false, "acceptedAfterAnyDecline": false,
            "updatedAt": "2026-11-23T09:00:00Z", "version": 1, "_links": offer["_links"],
        });
        assert_eq!(offer, expected);
        let no = json!({ "answer": "declined", "declineReason": "practical", "askAgainOn": "2027-01-15" });
        let declined = worker.post(&format!("{there}/answers"), no).await;
        assert_eq!((&declined.expect(201)["currentAnswer"], &declined.json()["askAgainOn"]), (&json!("declined"), &json!("2027-01-15")));
        app.clock.advance(Duration::from_secs(60));
        let yes = answered(&app.caseworker(), &there, "accepted").await.expect(201);
        assert_eq!((&yes["currentAnswer"], &yes["acceptedAfterDecline"], yes.get("askAgainOn"), &yes["version"]), (&json!("accepted"), &json!(true), None, &json!(3)));
        let said: Vec<&Value> = yes["answers"].as_array().unwrap().iter().map(|answer| &answer["answer"]).collect();
        assert_eq!(said, ["declined", "accepted"]);
        // One that is heard of late takes its place, and the last by its time still counts.
        let late = worker.post(&format!("{there}/answers"), json!({ "answer": "thinking", "answeredAt": "2026-11-21T10:00:00Z" })).await.expect(201);
        let said: Vec<&Value> = late["answers"].as_array().unwrap().iter().map(|answer| &answer["answer"]).collect();
        assert_eq!((said, &late["currentAnswer"]), (vec![&json!("thinking"), &json!("declined"), &json!("accepted")], &json!("accepted")));
        let list = worker.get(&format!("{}/offers", path(&contact))).await.expect(200);
        assert_eq!(list["items"], json!([late]));
        let stale = worker.request(Method::POST, &format!("{there}/answers")).header("if-match", made.etag());
        stale.json(&json!({ "answer": "thinking" })).send().await.problem(412, "stale-version");
        app.reception_caseworker().get(&there).await.problem(404, "not-found");
        let actions: Vec<String> = recorded(&app, "offer.").await.into_iter().map(|(action, _)| action).collect();
        assert_eq!(actions.iter().filter(|action| *action == "offer.answered").count(), 3, "{actions:?}");
    }

    async fn a_closed_offer_takes_no_answers(app: TestApp) {
        let (worker, family) = (app.outreach_worker(), app.family().await);
        let offer = offered(&app, &worker, &family, "telefonradgivning").await;
        answered(&worker, &offer, "declined").await.expect(201);
        let closed = worker.post(&format!("{offer}/close"), json!({ "reason": "no_capacity" })).await;
        let view = closed.expect(200);
        assert_eq!((&view["closeReason"], &view["closedAt"], &view["currentAnswer"]), (&json!("no_capacity"), &json!("2026-11-23T09:00:00Z"), &json!("declined")));
        assert_eq!(closed.link("answer"), None);
        answered(&worker, &offer, "accepted").await.problem(409, "offer-closed");
        worker.post(&format!("{offer}/close"), json!({ "reason": "other" })).await.problem(409, "offer-closed");
        let refused = worker.post(&format!("{offer}/close"), json!({ "reason": "not_wanted_now" })).await;
        refused.problem(422, "validation-failed");
    }

    async fn what_is_wrong_with_an_offer_or_an_answer_is_told_by_its_place(app: TestApp) {
        let (worker, family) = (app.outreach_worker(), app.family().await);
        let there = path(&met(&worker, &family).await);
        let phone = service(&app, "telefonradgivning").await;
        let foreign = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201)["id"].clone();
        let offer = |to: Value| json!({ "serviceId": phone, "to": to });
        let to_family = offer(json!({ "familyId": family }));
        for (body, problem, pointers) in [
            (offer(json!({})), "validation-failed", vec!["#/to"]),
            (offer(json!({ "familyId": family, "participantIndex": 0 })), "validation-failed", vec!["#/to"]),
            (offer(json!({ "participantIndex": 1 })), "validation-failed", vec!["#/to/participantIndex"]),
            (offer(json!({ "familyId": foreign })), "unknown-reference", vec!["#/to/familyId"]),
            (with(to_family.clone(), "/serviceId", json!(family)), "validation-failed", vec!["#/serviceId"]),
            (with(to_family.clone(), "/offeredAt", json!("2026-11-20T15:29:59Z")), "validation-failed", vec!["#/offeredAt"]),
            (with(to_family.clone(), "/offeredAt", json!("2026-11-23T09:00:01Z")), "validation-failed", vec!["#/offeredAt"]),
        ] {
            let answer = worker.post(&format!("{there}/offers"), body).await;
            answer.problem(422, problem);
            assert_eq!(answer.pointers(), pointers);
        }
        let made = worker.post(&format!("{there}/offers"), to_family).await.expect(201);
        let answers = format!("/offers/{}/answers", made["id"].as_str().unwrap());
        for (body, pointers) in [
            (json!({ "answer": "declined" }), vec!["#/declineReason"]),
            (json!({ "answer": "accepted", "declineReason": "practical" }), vec!["#/declineReason"]),
            (json!({ "answer": "accepted", "askAgainOn": "2027-01-01" }), vec!["#/askAgainOn"]),
            (json!({ "answer": "thinking", "askAgainOn": "2026-11-23" }), vec!["#/askAgainOn"]),
            (json!({ "answer": "thinking", "answeredAt": "2026-11-22T09:00:00Z" }), vec!["#/answeredAt"]),
            (json!({ "answer": "thinking", "answeredAt": "2026-11-24T09:00:00Z" }), vec!["#/answeredAt"]),
            (json!({ "answer": "maybe" }), vec!["#/answer"]),
        ] {
            let answer = worker.post(&answers, body.clone()).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), pointers, "{body}");
        }
        let path = "/services/faltverksamhet-och-omradesteam";
        let exempt = app.anyone().get(path).await;
        app.administrator().patch(path, json!({ "identityExempt": true }), &exempt.etag()).await.expect(200);
        let nameless = |to: Value| json!({ "serviceId": exempt.json()["id"], "to": to });
        let answer = worker.post(&format!("{there}/offers"), nameless(json!({ "familyId": family }))).await;
        answer.problem(422, "identity-not-recorded");
        let telling = with(nameless(json!({ "participantIndex": 0 })), "/note", json!("Ring 070-174 06 05"));
        worker.post(&format!("{there}/offers"), telling).await.problem(422, "identity-in-text");
        worker.post(&format!("{there}/offers"), nameless(json!({ "participantIndex": 0 }))).await.expect(201);
    }

    async fn a_yes_after_a_no_counts_for_the_family_and_the_service(app: TestApp) {
        let (worker, family) = (app.outreach_worker(), app.family().await);
        let declined = offered(&app, &worker, &family, "telefonradgivning").await;
        answered(&worker, &declined, "declined").await.expect(201);
        app.clock.advance(Duration::from_secs(60));
        let other_service = offered(&app, &worker, &family, "bokat-samtal").await;
        answered(&worker, &other_service, "accepted").await.expect(201);
        assert_eq!(after_no(&worker, &other_service).await, (false, true));
        let same_service = offered(&app, &app.caseworker(), &family, "telefonradgivning").await;
        answered(&worker, &same_service, "thinking").await.expect(201);
        assert_eq!(after_no(&worker, &same_service).await, (false, false));
        app.clock.advance(Duration::from_secs(60));
        answered(&worker, &same_service, "accepted").await.expect(201);
        assert_eq!(after_no(&worker, &same_service).await, (true, true));
        assert_eq!(after_no(&worker, &declined).await, (false, false));
        // What another family said is another family's, until the two turn out to be one.
        let neighbour = app.family().await;
        let theirs = offered(&app, &worker, &neighbour, "telefonradgivning").await;
        answered(&worker, &theirs, "accepted").await.expect(201);
        assert_eq!(after_no(&worker, &theirs).await, (false, false));
        worker.post(&format!("/families/{family}/merge"), json!({ "otherId": neighbour, "reason": "Samma." })).await.expect(200);
        assert_eq!(after_no(&worker, &theirs).await, (true, true));
        // What was said at a contact that was an error was not said.
        let contact = worker.get(&declined).await.expect(200)["contactId"].as_str().unwrap().to_owned();
        worker.post(&format!("/outreach-contacts/{contact}/enter-in-error"), json!({ "reason": "Fel." })).await.expect(200);
        for offer in [&same_service, &other_service, &theirs] {
            assert_eq!(after_no(&worker, offer).await, (false, false));
        }
        answered(&worker, &declined, "accepted").await.problem(409, "entered-in-error");
        worker.post(&format!("{declined}/close"), json!({ "reason": "other" })).await.problem(409, "entered-in-error");
    }

    async fn an_offer_to_somebody_who_is_not_named_stands_for_itself(app: TestApp) {
        let (worker, one, other) = (app.outreach_worker(), app.offer().await, app.offer().await);
        let (one, other) = (format!("/offers/{one}"), format!("/offers/{other}"));
        answered(&worker, &one, "declined").await.expect(201);
        app.clock.advance(Duration::from_secs(60));
        answered(&worker, &one, "accepted").await.expect(201);
        answered(&worker, &other, "accepted").await.expect(201);
        assert_eq!(after_no(&worker, &one).await, (true, true));
        assert_eq!(after_no(&worker, &other).await, (false, false));
    }

    async fn many_who_answer_at_once_are_all_remembered(app: TestApp) {
        let (worker, family) = (app.outreach_worker(), app.family().await);
        let offer = offered(&app, &worker, &family, "telefonradgivning").await;
        let elsewhere = app.another_server().await;
        let other = elsewhere.caseworker();
        let answers = futures_util::future::join_all((0..8).map(|number| answered(if number % 2 == 0 { &worker } else { &other }, &offer, "thinking"))).await;
        answers.iter().for_each(|answer| drop(answer.expect(201)));
        let view = worker.get(&offer).await.expect(200);
        assert_eq!((view["answers"].as_array().unwrap().len(), &view["version"]), (8, &json!(9)));
    }

    async fn a_promise_stands_on_the_worklist_until_it_is_kept(app: TestApp) {
        let worker = app.outreach_worker();
        let there = app.contact().await;
        let me = worker.get("/me").await.expect(200)["staffId"].clone();
        let colleague = app.caseworker().get("/me").await.expect(200)["staffId"].clone();
        let made = worker.post("/follow-ups", with(follow_up(&there), "/ownerId", colleague.clone())).await;
        let first = made.expect(201);
        let office = app.anyone().get("/offices/skaggetorp").await.expect(200)["id"].clone();
        let expected = json!({
            "id": first["id"], "officeId": office, "ownerId": colleague, "dueOn": "2026-12-04", "overdue": false, "contactId": there,
            "note": "Höra hur det gick.", "createdAt": "2026-11-23T09:00:00Z", "createdBy": me, "updatedAt": "2026-11-23T09:00:00Z",
            "version": 1, "_links": first["_links"],
        });
        assert_eq!(first, expected);
        let with_contact = worker.post("/outreach-contacts", with(contact(), "/followUp", json!({ "dueOn": "2026-11-30", "note": "Ringa." }))).await.expect(201);
        let family = app.family().await;
        let third = worker.post("/follow-ups", json!({ "familyId": family, "dueOn": "2026-12-20" })).await.expect(201);
        app.clock.set("2026-12-05T09:00:00Z");
        let ids = |answer: Answer| answer.expect(200)["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
        let all = [with_contact["followUpId"].clone(), first["id"].clone(), third["id"].clone()];
        assert_eq!(ids(worker.get("/follow-ups").await), all);
        assert_eq!(worker.get("/follow-ups").await.json()["items"][0]["overdue"], true);
        assert_eq!(ids(worker.get("/follow-ups?overdue=true").await), all[..2]);
        assert_eq!(ids(worker.get("/follow-ups?overdue=false").await), all[2..]);
        assert_eq!(ids(worker.get("/follow-ups?dueBefore=2026-12-04").await), all[..1]);
        assert_eq!(ids(worker.get(&format!("/follow-ups?ownerId={}", me.as_str().unwrap())).await), [all[0].clone(), all[2].clone()]);
        let page = worker.get("/follow-ups?limit=1").await;
        assert_eq!(ids(worker.get(&page.link("next").unwrap()).await), all[1..2]);
        assert_eq!(ids(app.reception_caseworker().get("/follow-ups").await), Vec::<Value>::new());
        let path = format!("/follow-ups/{}", first["id"].as_str().unwrap());
        app.reception_caseworker().get(&path).await.problem(404, "not-found");
        let done = worker.post(&format!("{path}/complete"), json!({ "result": "De vill prova." })).await;
        assert_eq!((&done.expect(200)["result"], &done.json()["doneAt"], &done.json()["doneBy"], &done.json()["overdue"]), (&json!("De vill prova."), &json!("2026-12-05T09:00:00Z"), &me, &json!(false)));
        assert_eq!(ids(worker.get("/follow-ups").await), [all[0].clone(), all[2].clone()]);
        assert_eq!(worker.get(&path).await.expect(200), done.json());
        worker.post(&format!("{path}/complete"), json!({ "result": "Igen." })).await.problem(409, "follow-up-done");
    }

    async fn keeping_a_promise_writes_down_the_next_contact_with_it_or_nothing(app: TestApp) {
        let worker = app.outreach_worker();
        let followed = app.contact().await;
        let promise = worker.post("/follow-ups", follow_up(&followed)).await.expect(201);
        let there = format!("/follow-ups/{}/complete", promise["id"].as_str().unwrap());
        let wrong = json!({ "result": "Sågs.", "contact": with(contact(), "/occurredAt", json!("2027-01-01T00:00:00Z")) });
        let refused = worker.post(&there, wrong).await;
        refused.problem(422, "contact-in-future");
        assert_eq!(refused.pointers(), ["#/contact/occurredAt"]);
        let unknown = json!({ "result": "Sågs.", "contact": with(contact(), "/familyId", json!(fresh_id())) });
        assert_eq!(worker.post(&there, unknown).await.pointers(), ["#/contact/familyId"]);
        assert_eq!(worker.get("/outreach-contacts?total=true").await.expect(200)["_meta"]["totalRecords"], 1);
        let done = worker.post(&there, json!({ "result": "Sågs.", "contact": with(contact(), "/channel", json!("school")) })).await.expect(200);
        let next = worker.get(&format!("/outreach-contacts/{}", done["nextContactId"].as_str().unwrap())).await.expect(200);
        assert_eq!((&next["channel"], &next["previousContactId"]), (&json!("school"), &json!(followed)));
    }

    async fn a_promise_is_of_something_and_somebody_at_its_office(app: TestApp) {
        let worker = app.outreach_worker();
        let there = app.contact().await;
        let elsewhere = app.reception_caseworker().get("/me").await.expect(200)["staffId"].clone();
        let referral = app.submitted(crate::support::fixtures::concern_report()).await;
        for (body, problem, pointers) in [
            (json!({ "dueOn": "2026-12-04" }), "validation-failed", vec!["#"]),
            (with(follow_up(&there), "/dueOn", json!("2026-11-22")), "validation-failed", vec!["#/dueOn"]),
            // SQLite would sort it before all others, and no client reads it.
            (with(follow_up(&there), "/dueOn", json!("+262142-12-31")), "validation-failed", vec!["#/dueOn"]),
            (with(follow_up(&there), "/dueOn", json!("2026-12-4")), "validation-failed", vec!["#/dueOn"]),
            (with(follow_up(&there), "/referralId", json!(referral)), "validation-failed", vec!["#/referralId"]),
            (with(follow_up(&there), "/ownerId", elsewhere), "unknown-reference", vec!["#/ownerId"]),
            (follow_up(&fresh_id()), "unknown-reference", vec!["#/contactId"]),
            (json!({ "familyId": fresh_id(), "dueOn": "2026-12-04" }), "unknown-reference", vec!["#/familyId"]),
            // An outreach worker knows the child, and not therefore the referral.
            (json!({ "referralId": referral, "dueOn": "2026-12-04" }), "unknown-reference", vec!["#/referralId"]),
        ] {
            let answer = worker.post("/follow-ups", body.clone()).await;
            answer.problem(422, problem);
            assert_eq!(answer.pointers(), pointers, "{body}");
        }
        let of_referral = app.caseworker().post("/follow-ups", json!({ "referralId": referral, "dueOn": "2026-12-04" })).await.expect(201);
        assert_eq!(of_referral["referralId"], json!(referral));
        let two = app.staff("caseworker", &[SKAGGETORP, RECEPTION]);
        let family = app.family().await;
        assert_eq!(two.post("/follow-ups", json!({ "familyId": family, "dueOn": "2026-12-04" })).await.pointers(), ["#/officeId"]);
        two.post("/follow-ups", json!({ "familyId": family, "dueOn": "2026-12-04", "officeId": SKAGGETORP })).await.expect(201);
        two.post("/follow-ups", follow_up(&there)).await.expect(201);
        // A promise about somebody who is protected from now on exists for few.
        let person = app.person().await;
        let met = worker.post("/outreach-contacts", with(contact(), "/participants", json!([{ "personId": person }]))).await.expect(201);
        let promise = worker.post("/follow-ups", follow_up(met["id"].as_str().unwrap())).await.expect(201);
        let there = format!("/follow-ups/{}", promise["id"].as_str().unwrap());
        worker.get(&there).await.expect(200);
        cleared(&app, &[SKAGGETORP]).patch(&format!("/people/{person}"), json!({ "protection": "marked" }), "*").await.expect(200);
        worker.get(&there).await.problem(404, "not-found");
        cleared(&app, &[SKAGGETORP]).get(&there).await.expect(200);
    }

    async fn a_timeline_tells_what_was_done_in_the_field(app: TestApp) {
        let (worker, person) = (app.outreach_worker(), app.person().await);
        let family = app.registered("/families", json!({ "memberIds": [person] })).await;
        app.clock.advance(Duration::from_secs(1));
        let met = worker.post("/outreach-contacts", with(with(contact(), "/participants", json!([{ "personId": person }])), "/occurredAt", json!("2026-11-23T09:00:01Z"))).await.expect(201);
        app.clock.advance(Duration::from_secs(60));
        let offer = offered(&app, &worker, &family, "telefonradgivning").await;
        app.clock.advance(Duration::from_secs(60));
        answered(&worker, &offer, "declined").await.expect(201);
        app.clock.advance(Duration::from_secs(60));
        let promise = worker.post("/follow-ups", follow_up(met["id"].as_str().unwrap())).await.expect(201);
        let told = |timeline: Value| timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let of_family = worker.get(&format!("/families/{family}/timeline?total=true")).await.expect(200);
        let kinds = told(of_family.clone());
        assert_eq!(kinds[..3], ["follow_up_planned", "offer_answered", "offer_made"]);
        assert_eq!(kinds.iter().filter(|kind| *kind == "outreach_contact").count(), 2);
        assert_eq!(of_family["_meta"]["totalRecords"], json!(kinds.len()));
        assert_eq!((&of_family["items"][0]["followUpId"], &of_family["items"][0]["dueOn"]), (&promise["id"], &json!("2026-12-04")));
        assert_eq!((&of_family["items"][1]["answer"], &of_family["items"][1]["offerId"]), (&json!("declined"), &of_family["items"][2]["offerId"]));
        let of_person = worker.get(&format!("/people/{person}/timeline")).await.expect(200);
        assert_eq!(told(of_person.clone())[..2], ["follow_up_planned", "outreach_contact"]);
        assert_eq!((&of_person["items"][1]["contactId"], &of_person["items"][1]["channel"], &of_person["items"][1]["outcome"]), (&met["id"], &json!("street"), &json!("reached")));
        // Another office that knows the person knows nothing of it, and what was an error did not happen.
        app.reception_caseworker().post("/outreach-contacts", with(contact(), "/participants", json!([{ "personId": person }]))).await.expect(201);
        let elsewhere = app.reception_caseworker().get(&format!("/people/{person}/timeline")).await.expect(200);
        assert_eq!(told(elsewhere).iter().filter(|kind| *kind == "outreach_contact").count(), 1);
        worker.post(&format!("{}/enter-in-error", path(&met)), json!({ "reason": "Fel." })).await.expect(200);
        let after = told(worker.get(&format!("/people/{person}/timeline")).await.expect(200));
        assert!(!after.contains(&"outreach_contact".to_owned()), "{after:?}");
    }
}
