//! Outreach against a small model: random histories of contacts, errors, corrections, merges and moves, with several writers at once;
//! and a client that sends everything again and again.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::outreach::put;
use crate::support::chance::Chance;
use crate::support::fixtures::{contact, fresh_id, with};
use crate::support::{Actor, Fresh, TestApp};

/// What somebody would remember who was there each time.
#[derive(Default)]
struct Model {
    contacts: BTreeMap<String, Remembered>,
    /// The family of each person.
    people: BTreeMap<String, Option<String>>,
    families: Vec<String>,
}

#[derive(Clone)]
struct Remembered {
    at: String,
    family: Option<String>,
    people: Vec<String>,
    reached: bool,
    in_error: bool,
}

impl Model {
    /// The contact by which a family was first reached.
    fn first(&self, family: &str) -> Option<&str> {
        let is_about = |contact: &Remembered| {
            let by_member = contact.people.iter().any(|person| self.people[person].as_deref() == Some(family));
            contact.family.as_deref() == Some(family) || by_member
        };
        let facts =
            self.contacts.iter().filter(|(_, contact)| contact.reached && !contact.in_error && is_about(contact));
        facts.min_by_key(|(id, contact)| (contact.at.as_str(), id.as_str())).map(|(id, _)| id.as_str())
    }

    fn one_family(&self, chance: &mut Chance) -> String {
        self.families[chance.below(self.families.len())].clone()
    }

    /// A new contact, as it is sent and as it is remembered.
    fn new_contact(&self, chance: &mut Chance) -> (String, Value, Remembered) {
        let at = format!("2026-11-{:02}T{:02}:00:00Z", 1 + chance.below(9), 8 + chance.below(3));
        let reached = chance.below(5) > 0;
        let names: Vec<&String> = self.people.keys().collect();
        let people: Vec<String> = (0..chance.below(2)).map(|_| names[chance.below(names.len())].clone()).collect();
        let stated = (people.is_empty() || chance.below(2) == 0).then(|| self.one_family(chance));
        let family = stated.clone().or_else(|| people.first().and_then(|person| self.people[person].clone()));
        let participants: Vec<Value> = people.iter().map(|person| json!({ "personId": person })).collect();
        let mut body = with(with(contact(), "/occurredAt", json!(at)), "/participants", json!(participants));
        body = with(body, "/outcome", json!(if reached { "reached" } else { "not_reached" }));
        if let Some(family) = &stated {
            body = with(body, "/familyId", json!(family));
        }
        (fresh_id(), body, Remembered { at, family, people, reached, in_error: false })
    }

    async fn agrees(&self, actor: &Actor, what: &str) {
        for family in &self.families {
            let told = actor.get(&format!("/families/{family}")).await.expect(200)["firstReachedAt"].clone();
            let expected = self.first(family).map(|id| json!(self.contacts[id].at)).unwrap_or_default();
            assert_eq!(told, expected, "{what}: {family}");
        }
        for (id, contact) in &self.contacts {
            let told = actor.get(&format!("/outreach-contacts/{id}")).await.expect(200);
            let expected = contact.family.as_ref().map(|family| json!(self.first(family) == Some(id.as_str())));
            assert_eq!(told.get("newlyReached"), expected.as_ref(), "{what}: {told}");
        }
    }
}

async fn history(app: &TestApp, seed: u64) {
    let elsewhere = app.another_server().await;
    let (here, there) = (app.caseworker(), elsewhere.caseworker());
    let mut chance = Chance(seed);
    let mut model = Model::default();
    for _ in 0..4 {
        model.families.push(app.family().await);
    }
    for number in 0..5 {
        let person = app.person().await;
        let family = (number > 0).then(|| model.one_family(&mut chance));
        if let Some(family) = &family {
            moved(&here, &person, json!(family)).await;
        }
        model.people.insert(person, family);
    }
    for round in 0..14 {
        let what = format!("seed {seed}, round {round}");
        match chance.below(6) {
            0 if model.families.len() > 2 => {
                let gone = model.families.swap_remove(chance.below(model.families.len()));
                let into = model.one_family(&mut chance);
                let merge = json!({ "otherId": gone, "reason": "Samma familj." });
                here.post(&format!("/families/{into}/merge"), merge).await.expect(200);
                let follow = |family: &mut Option<String>| {
                    if family.as_ref() == Some(&gone) {
                        *family = Some(into.clone());
                    }
                };
                model.people.values_mut().for_each(follow);
                model.contacts.values_mut().for_each(|contact| follow(&mut contact.family));
            }
            1 => {
                let names: Vec<String> = model.people.keys().cloned().collect();
                let person = names[chance.below(names.len())].clone();
                let to = (chance.below(3) > 0).then(|| model.one_family(&mut chance));
                if model.people[&person] != to {
                    moved(&here, &person, json!(to)).await;
                    model.people.insert(person, to);
                }
            }
            2 if !model.contacts.is_empty() => {
                let ids: Vec<String> = model.contacts.keys().cloned().collect();
                let id = ids[chance.below(ids.len())].clone();
                if !model.contacts[&id].in_error {
                    let at = format!("2026-11-{:02}T09:00:00Z", 1 + chance.below(9));
                    here.patch(&format!("/outreach-contacts/{id}"), json!({ "occurredAt": at }), "*").await.expect(200);
                    model.contacts.get_mut(&id).unwrap().at = at;
                }
            }
            // Several write at once, each on a server of their own.
            _ => {
                let new: Vec<_> = (0..4).map(|_| model.new_contact(&mut chance)).collect();
                let mistaken: Vec<String> = model
                    .contacts
                    .iter()
                    .filter(|(_, contact)| !contact.in_error)
                    .map(|(id, _)| id.clone())
                    .take(chance.below(2))
                    .collect();
                let writing = new
                    .iter()
                    .enumerate()
                    .map(|(number, (id, body, _))| put(if number % 2 == 0 { &here } else { &there }, id, body));
                let erring = mistaken.iter().map(|id| {
                    let path = format!("/outreach-contacts/{id}/enter-in-error");
                    let there = there.clone();
                    async move { there.post(&path, json!({ "reason": "Fel." })).await }
                });
                let (written, errors) = futures_util::future::join(join_all(writing), join_all(erring)).await;
                written.iter().for_each(|answer| drop(answer.expect(201)));
                errors.iter().for_each(|answer| drop(answer.expect(200)));
                model.contacts.extend(new.into_iter().map(|(id, _, contact)| (id, contact)));
                mistaken.iter().for_each(|id| model.contacts.get_mut(id).unwrap().in_error = true);
            }
        }
        model.agrees(if round % 2 == 0 { &here } else { &there }, &what).await;
    }
}

async fn moved(actor: &Actor, person: &str, family: Value) {
    actor
        .post(&format!("/people/{person}/move"), json!({ "familyId": family, "reason": "Flyttade." }))
        .await
        .expect(200);
}

on_both_databases! {
    async fn who_was_newly_reached_is_what_the_model_remembers(app: TestApp) {
        for seed in [3, 20_230_621] {
            history(&app, seed).await;
        }
    }

    async fn a_client_that_sends_all_three_times_in_any_order_ends_where_one_ends_that_sends_it_once(app: TestApp) {
        let mut chance = Chance(7);
        let mut day = Vec::new();
        for number in 0..14 {
            let occurred = format!("2026-11-{:02}T10:00:00Z", 1 + chance.below(20));
            let body = with(with(contact(), "/occurredAt", json!(occurred)), "/durationMinutes", json!(number + 1));
            // What goes on from another contact can be recorded only behind it.
            let previous = (number > 3 && chance.below(3) == 0).then(|| chance.below(number));
            day.push(Sent { id: fresh_id(), body, family: chance.below(2), previous });
        }
        let once = TestApp::fresh(app.backend()).await.unwrap();
        let families = [once.family().await, once.family().await];
        for sent in &day {
            put(&once.outreach_worker(), &sent.id, &sent.body(&day, &families)).await.expect(201);
        }
        let expected = state(&once.outreach_worker(), &families).await;

        let families = [app.family().await, app.family().await];
        let worker = app.outreach_worker();
        let mut waiting: Vec<usize> = (0..3 * day.len()).map(|number| number % day.len()).collect();
        chance.shuffle(&mut waiting);
        while let Some(number) = waiting.pop() {
            let sent = &day[number];
            let (body, id) = (sent.body(&day, &families), json!(sent.id));
            let status = match chance.below(3) {
                0 => worker.post("/outreach-contacts", with(body, "/id", id)).await.status,
                1 => {
                    let answer = worker.post("/outreach-contacts/batch", json!({ "items": [with(body, "/id", id)] })).await;
                    u16::try_from(answer.expect(200)["items"][0]["status"].as_u64().unwrap()).unwrap()
                }
                _ => put(&worker, &sent.id, &body).await.status,
            };
            match status {
                200 | 201 => {}
                // The one before is still to come.
                422 => waiting.insert(chance.below(waiting.len() + 1), number),
                other => panic!("{number}: {other}"),
            }
        }
        assert_eq!(state(&worker, &families).await, expected);
    }
}

/// A contact of a day in the field, with the numbers of its family and of the contact that it goes on from.
struct Sent {
    id: String,
    body: Value,
    family: usize,
    previous: Option<usize>,
}

impl Sent {
    fn body(&self, day: &[Self], families: &[String; 2]) -> Value {
        let body = with(self.body.clone(), "/familyId", json!(families[self.family]));
        self.previous
            .map_or_else(|| body.clone(), |previous| with(body.clone(), "/previousContactId", json!(day[previous].id)))
    }
}

/// What a client sees in the end: each contact by its identifier, with its family by its number, and how families were reached.
async fn state(actor: &Actor, families: &[String; 2]) -> Vec<Value> {
    let mut told = Vec::new();
    let rows = actor.get("/outreach-contacts?limit=100&total=true").await.expect(200);
    told.push(rows["_meta"]["totalRecords"].clone());
    for row in rows["items"].as_array().unwrap() {
        let mut contact = actor.get(&format!("/outreach-contacts/{}", row["id"].as_str().unwrap())).await.expect(200);
        contact["familyId"] = json!(families.iter().position(|family| contact["familyId"] == json!(family)));
        // Who wrote it, and where it lies, is the installation's own.
        for own in ["workerId", "officeId", "districtId", "_links"] {
            contact.as_object_mut().unwrap().remove(own);
        }
        told.push(contact);
    }
    for family in families {
        told.push(actor.get(&format!("/families/{family}")).await.expect(200)["firstReachedAt"].clone());
    }
    told
}
