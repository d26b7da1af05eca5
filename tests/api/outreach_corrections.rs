//! What a correction of a contact takes along, what it may not pull away, and what happens to the contact in the same moment.

use std::sync::mpsc;
use std::time::Duration;

use nara::db::DbConn;
use nara::error::Result;
use nara::families::reached;
use nara::outreach::offers::store as offers_made;
use nara::outreach::store as contacts;
use nara::people::ProtectedIdentity;
use serde_json::{Value, json};

use crate::outreach::path;
use crate::people::cleared;
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{contact, follow_up, with};
use crate::support::{Actor, Answer, TestApp};

/// Who does `act` has read what was there, and writes when `change` has been made meanwhile.
async fn meanwhile(
    app: &TestApp,
    change: impl Fn(&mut DbConn) -> Result<()> + Send + 'static,
    act: impl Future<Output = Answer>,
) -> Answer {
    let (changed, mut is_changed) = tokio::sync::mpsc::unbounded_channel();
    let (release, held) = mpsc::channel::<()>();
    let db = app.db();
    let held_back = move |conn: &mut DbConn| {
        change(conn)?;
        changed.send(()).unwrap();
        // Nobody releases it before who acts has read.
        held.recv().unwrap();
        Ok(())
    };
    let writing = tokio::spawn(async move { db.write(held_back).await });
    is_changed.recv().await.unwrap();
    let release_later = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        release.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(act, release_later);
    writing.await.unwrap().unwrap();
    answer
}

/// The person's identity is protected from now on.
fn protect(conn: &mut DbConn, person: &str) -> Result<()> {
    use diesel::prelude::*;
    use nara::db::schema::people;
    let person: nara::id::PersonId = person.parse().unwrap();
    let (marked, family) = (people::protection.eq(ProtectedIdentity::Marked), people::family_id);
    nara::binding::changing(conn, "people", &[person], |conn| {
        Ok(diesel::update(people::table.find(person)).set(marked).execute(conn)?)
    })?;
    contacts::protect(conn, person)?;
    let family: Option<nara::id::FamilyId> = people::table.find(person).select(family).first(conn)?;
    family.map_or(Ok(()), |family| reached::members_changed(conn, family))
}

async fn offered(app: &TestApp, actor: &Actor, contact: &Value, to: Value) -> Value {
    let service = app.anyone().get("/services/telefonradgivning").await.expect(200)["id"].clone();
    actor.post(&format!("{}/offers", path(contact)), json!({ "serviceId": service, "to": to })).await.expect(201)
}

async fn answered(actor: &Actor, offer: &Value, answer: Value) {
    actor.post(&format!("/offers/{}/answers", offer["id"].as_str().unwrap()), answer).await.expect(201);
}

async fn read(actor: &Actor, collection: &str, view: &Value) -> Value {
    actor.get(&format!("/{collection}/{}", view["id"].as_str().unwrap())).await.expect(200)
}

on_both_databases! {
    async fn who_is_protected_while_a_contact_is_corrected_stays_out_of_sight(app: TestApp) {
        let (worker, person) = (app.outreach_worker(), app.person().await);
        let naming = with(contact(), "/participants", json!([{ "personId": person }]));
        let met = worker.post("/outreach-contacts", naming).await.expect(201);
        let nobody = json!({ "participants": [{ "ageBand": "13-15", "role": "child" }] });
        let there = path(&met);
        let answer = meanwhile(&app, move |conn| protect(conn, &person), worker.patch(&there, nobody, "*")).await;
        answer.problem(404, "not-found");
        for uncleared in [worker, app.team_lead()] {
            uncleared.get(&there).await.problem(404, "not-found");
        }
        app.team_lead().get(&format!("{there}/versions")).await.problem(404, "not-found");
        let cleared = cleared(&app, &[SKAGGETORP]).get(&there).await.expect(200);
        assert_eq!((&cleared["version"], cleared.get("districtId")), (&met["version"], met.get("districtId")));
    }

    async fn a_family_that_is_merged_while_its_contact_is_corrected_stays_merged(app: TestApp) {
        let (worker, gone, into) = (app.outreach_worker(), app.family().await, app.family().await);
        let met = worker.post("/outreach-contacts", with(contact(), "/familyId", json!(gone))).await.expect(201);
        let merge = {
            let (gone, into): (nara::id::FamilyId, nara::id::FamilyId) = (gone.parse().unwrap(), into.parse().unwrap());
            move |conn: &mut DbConn| {
                use diesel::prelude::*;
                use nara::db::schema::families;
                let merged = families::merged_into.eq(Some(into));
                nara::binding::changing(conn, "families", &[gone], |conn| {
                    Ok(diesel::update(families::table.find(gone)).set(merged).execute(conn)?)
                })?;
                reached::merged(conn, gone, into)
            }
        };
        let there = path(&met);
        let longer = worker.patch(&there, json!({ "durationMinutes": 45 }), "*");
        assert_eq!(meanwhile(&app, merge, longer).await.expect(200)["familyId"], json!(into));
    }

    async fn what_is_hidden_while_a_promise_is_kept_stays_hidden(app: TestApp) {
        let (worker, person) = (app.outreach_worker(), app.person().await);
        let family = app.registered("/families", json!({ "memberIds": [person] })).await;
        let promise = worker.post("/follow-ups", json!({ "familyId": family, "dueOn": "2026-12-04" })).await.expect(201);
        let there = format!("/follow-ups/{}", promise["id"].as_str().unwrap());
        let complete = format!("{there}/complete");
        let done = worker.post(&complete, json!({ "result": "Klart." }));
        meanwhile(&app, move |conn| protect(conn, &person), done).await.problem(404, "not-found");
        worker.get(&there).await.problem(404, "not-found");
        assert_eq!(cleared(&app, &[SKAGGETORP]).get(&there).await.expect(200).get("doneAt"), None);
    }

    async fn what_was_offered_and_promised_to_the_wrong_family_goes_to_the_right_one(app: TestApp) {
        let (worker, wrong, right) = (app.outreach_worker(), app.family().await, app.family().await);
        let met = async |family: &str| worker.post("/outreach-contacts", with(contact(), "/familyId", json!(family))).await.expect(201);
        let mistaken = met(&wrong).await;
        let no = offered(&app, &worker, &mistaken, json!({ "familyId": wrong })).await;
        let nameless = offered(&app, &worker, &mistaken, json!({ "participantIndex": 0 })).await;
        answered(&worker, &no, json!({ "answer": "declined", "declineReason": "practical" })).await;
        let promise = worker.post("/follow-ups", follow_up(mistaken["id"].as_str().unwrap())).await.expect(201);
        app.clock.advance(Duration::from_secs(60));
        let yes = offered(&app, &worker, &met(&right).await, json!({ "familyId": right })).await;
        answered(&worker, &yes, json!({ "answer": "accepted" })).await;
        assert_eq!(read(&worker, "offers", &yes).await["acceptedAfterDecline"], false);
        worker.patch(&path(&mistaken), json!({ "familyId": right }), "*").await.expect(200);
        assert_eq!(read(&worker, "offers", &no).await["familyId"], json!(right));
        assert_eq!(read(&worker, "offers", &yes).await["acceptedAfterDecline"], true);
        assert_eq!(read(&worker, "follow-ups", &promise).await["familyId"], json!(right));
        assert_eq!(read(&worker, "offers", &nameless).await.get("familyId"), None);
        worker.patch(&path(&mistaken), json!({ "familyId": null }), "*").await.expect(200);
        for (collection, view) in [("offers", &no), ("follow-ups", &promise)] {
            assert_eq!(read(&worker, collection, view).await.get("familyId"), None);
        }
        worker.patch(&path(&mistaken), json!({ "familyId": wrong }), "*").await.expect(200);
        assert_eq!(read(&worker, "follow-ups", &promise).await["familyId"], json!(wrong));
    }

    async fn what_was_offered_to_a_family_is_theirs_also_where_another_one_was_there(app: TestApp) {
        let (worker, person, other) = (app.outreach_worker(), app.person().await, app.person().await);
        let family = app.registered("/families", json!({ "memberIds": [person] })).await;
        app.registered("/families", json!({ "memberIds": [other] })).await;
        let met = worker.post("/outreach-contacts", with(contact(), "/participants", json!([{ "personId": person }]))).await.expect(201);
        let offer = offered(&app, &worker, &met, json!({ "familyId": family })).await;
        let promise = worker.post("/follow-ups", follow_up(met["id"].as_str().unwrap())).await.expect(201);
        let both = json!({ "participants": [{ "personId": person }, { "personId": other }] });
        assert_eq!(worker.patch(&path(&met), both, "*").await.expect(200).get("familyId"), None);
        for (collection, view) in [("offers", &offer), ("follow-ups", &promise)] {
            assert_eq!(read(&worker, collection, view).await["familyId"], json!(family));
        }
    }

    async fn to_whom_something_was_offered_stays_in_place(app: TestApp) {
        let (worker, person, other) = (app.outreach_worker(), app.person().await, app.person().await);
        let child = json!({ "ageBand": "13-15", "role": "child" });
        let list = json!([child, { "personId": person }]);
        let met = worker.post("/outreach-contacts", with(contact(), "/participants", list)).await.expect(201);
        let there = path(&met);
        let correct = async |participants: Value| worker.patch(&there, json!({ "participants": participants }), "*").await;
        correct(json!([{ "personId": person }])).await.expect(200);
        correct(met["participants"].clone()).await.expect(200);
        for index in [0, 1] {
            offered(&app, &worker, &met, json!({ "participantIndex": index })).await;
        }
        for (pulled_away, participants) in [
            ("gone", json!([child])),
            ("gone, and shifted", json!([{ "personId": person }])),
            ("shifted", json!([{ "ageBand": "0-5", "role": "child" }, child, { "personId": person }])),
            ("exchanged", json!([child, { "personId": other }])),
            ("turned round", json!([{ "personId": person }, child])),
        ] {
            let refused = correct(participants).await;
            refused.problem(422, "validation-failed");
            assert_eq!(refused.pointers(), ["#/participants"], "{pulled_away}");
        }
        correct(json!([{ "ageBand": "16-17", "role": "child" }, { "personId": person }])).await.expect(200);
        correct(json!([{ "ageBand": "16-17", "role": "child" }, { "personId": person }, { "personId": other }])).await.expect(200);
    }

    async fn a_contact_takes_no_more_than_a_thousand_offers_and_corrections(app: TestApp) {
        let worker = app.outreach_worker();
        let met = worker.post("/outreach-contacts", contact()).await.expect(201);
        offered(&app, &worker, &met, json!({ "participantIndex": 0 })).await;
        let fill = |conn: &mut DbConn| {
            use diesel::prelude::*;
            use nara::db::schema::{offers, outreach_contacts};
            let offer: offers_made::SealedOffer = offers::table.first(conn)?;
            for number in 1..1000 {
                let id = nara::id::OfferId::from_uuid(uuid::Uuid::from_u128(number));
                offers_made::insert(conn, &offers_made::SealedOffer { id, ..offer.clone() })?;
            }
            let all: Vec<nara::id::OutreachContactId> = outreach_contacts::table.select(outreach_contacts::id).load(conn)?;
            nara::binding::changing(conn, "outreach_contacts", &all, |conn| {
                diesel::update(outreach_contacts::table).set(outreach_contacts::version.eq(1001)).execute(conn)?;
                Ok(())
            })
        };
        app.db().write(fill).await.unwrap();
        let there = path(&met);
        let full = worker.post(&format!("{there}/offers"), app.new_offer().await).await;
        full.problem(422, "validation-failed");
        worker.patch(&there, json!({ "durationMinutes": 5 }), "*").await.problem(422, "validation-failed");
        worker.post(&format!("{there}/enter-in-error"), json!({ "reason": "Fel." })).await.expect(200);
    }

    async fn what_is_only_read_has_no_actions(app: TestApp) {
        let worker = app.outreach_worker();
        let met = worker.post("/outreach-contacts", contact()).await.expect(201);
        let offer = offered(&app, &worker, &met, json!({ "participantIndex": 0 })).await;
        let promise = worker.post("/follow-ups", follow_up(met["id"].as_str().unwrap())).await.expect(201);
        let rels = |view: &Value| view["_links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let reader = app.staff("team_lead", &[RECEPTION]).and("access-reason", "supervision");
        assert_eq!(rels(&reader.get(&path(&met)).await.expect(200)), ["self", "offers"]);
        assert_eq!(rels(&read(&reader, "offers", &offer).await), ["self", "contact"]);
        assert_eq!(rels(&read(&reader, "follow-ups", &promise).await), ["self", "contact"]);
        let listed = reader.get(&format!("{}/offers", path(&met))).await.expect(200);
        assert_eq!(rels(&listed["items"][0]), ["self", "contact"]);
        assert_eq!(rels(&reader.get("/follow-ups").await.expect(200)["items"][0]), ["self", "contact"]);
        // A reason takes nothing from who could act without it.
        let own = app.team_lead().and("access-reason", "supervision");
        assert_eq!(rels(&own.get(&path(&met)).await.expect(200)), rels(&met));
        assert_eq!(rels(&read(&own, "offers", &offer).await), rels(&offer));
        assert_eq!(rels(&read(&own, "follow-ups", &promise).await), rels(&promise));
    }
}
