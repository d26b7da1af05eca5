//! Families of other offices: they move nothing of the people in them, tell nothing, and are not moved. Whoever is taken into
//! another family is a guest there, until somebody who sees both families decides.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};

use crate::people::{cleared, path, recorded};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{contact, person, private_report, with};
use crate::support::{Actor, Answer, Method, TestApp};

fn family_path(family: &Value) -> String {
    format!("/families/{}", family["id"].as_str().unwrap())
}

/// Somebody whom Skäggetorp has registered and the reception has met.
async fn known_to_both(app: &TestApp) -> Value {
    let person = app.caseworker().post("/people", person()).await.expect(201);
    let met = with(contact(), "/participants", json!([{ "personId": person["id"] }]));
    app.reception_caseworker().post("/outreach-contacts", met).await.expect(201);
    person
}

async fn family_of(actor: &Actor, members: &[&Value]) -> Answer {
    let ids: Vec<&Value> = members.iter().map(|member| &member["id"]).collect();
    actor.post("/families", json!({ "label": "Familjen", "memberIds": ids })).await
}

async fn move_to(actor: &Actor, person: &Value, family: Value) -> Answer {
    actor.post(&format!("{}/move", path(person)), json!({ "familyId": family, "reason": "Flyttade." })).await
}

async fn read(actor: &Actor, path: &str) -> (String, Value) {
    let answer = actor.get(path).await;
    (answer.etag(), answer.expect(200))
}

fn both(app: &TestApp) -> Actor {
    app.staff("caseworker", &[SKAGGETORP, RECEPTION])
}

/// An answer's status, its headers but for those that differ by their nature, and its body without identifiers of these things.
fn told(answer: &Answer, ids: &[&Value]) -> (u16, Vec<String>, String) {
    let different = ["date", "traceparent", "location", "etag"];
    let kept = answer.headers.iter().filter(|(name, _)| !different.contains(&name.as_str()));
    let mut headers: Vec<String> = kept.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    // The number before the hyphen is a version.
    headers.extend(answer.header("etag").and_then(|etag| etag.split_once('-')).map(|(version, _)| version.to_owned()));
    headers.sort();
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("traceId");
    let text = ids.iter().fold(body.to_string(), |text, id| text.replace(id.as_str().unwrap(), "it"));
    (answer.status, headers, text)
}

on_both_databases! {
    async fn a_family_of_another_office_moves_nothing_of_its_members(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let child = known_to_both(&app).await;
        let timeline = format!("{}/timeline?total=true", path(&child));
        let (seen, history) = (read(&here, &path(&child)).await, read(&here, &timeline).await);
        let unmoved = async || {
            app.clock.advance(Duration::from_secs(60));
            assert_eq!(read(&here, &path(&child)).await, seen);
            assert_eq!(read(&here, &timeline).await, history);
        };
        let family = family_of(&there, &[&child]).await.expect(201);
        unmoved().await;
        there.patch(&family_path(&family), json!({ "memberIds": [] }), "*").await.expect(200);
        unmoved().await;
        let other = family_of(&there, &[]).await.expect(201);
        move_to(&there, &child, other["id"].clone()).await.expect(200);
        unmoved().await;
        there.post(&format!("{}/merge", family_path(&family)), json!({ "otherId": other["id"], "reason": "Syskon." })).await.expect(200);
        unmoved().await;
        assert_eq!(there.get(&path(&child)).await.expect(200)["familyId"], family["id"]);
        move_to(&there, &child, Value::Null).await.expect(200);
        unmoved().await;
        // The version that was read is still the one that can be changed and moved.
        let own = family_of(&here, &[]).await.expect(201);
        let moving = here.request(Method::POST, &format!("{}/move", path(&child))).header("if-match", &seen.0);
        let moved = moving.json(&json!({ "familyId": own["id"], "reason": "Hittade hem." })).send().await;
        assert_eq!(moved.expect(200)["updatedAt"], seen.1["updatedAt"], "no fact about the person has changed");
        let again = here.request(Method::POST, &format!("{}/move", path(&child))).header("if-match", &seen.0);
        again.json(&json!({ "familyId": null, "reason": "x" })).send().await.problem(412, "stale-version");
        here.patch(&path(&child), json!({ "givenName": "Alva" }), &seen.0).await.expect(200);
        assert_eq!(here.get(&path(&child)).await.expect(200)["familyId"], own["id"]);
    }

    async fn whoever_is_in_a_family_of_others_is_taken_in_like_anybody(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let (taken, free) = (known_to_both(&app).await, known_to_both(&app).await);
        let elsewhere = family_of(&there, &[&taken]).await.expect(201);
        let before = (read(&there, &path(&taken)).await, read(&there, &family_path(&elsewhere)).await);
        let ways = async |person: &Value| {
            let id = &person["id"];
            let with_family = |family: &Answer| [id.clone(), family.json()["id"].clone()];
            let made = family_of(&here, &[person]).await;
            let mut answers = vec![(made.clone(), with_family(&made))];
            answers.push((here.get(&family_path(&made.json())).await, with_family(&made)));
            answers.push((here.get(&path(person)).await, with_family(&made)));
            answers.push((family_of(&here, &[person]).await, with_family(&made)));
            answers.push((move_to(&here, person, made.json()["id"].clone()).await, with_family(&made)));
            answers.push((move_to(&here, person, Value::Null).await, with_family(&made)));
            answers.push((move_to(&here, person, Value::Null).await, with_family(&made)));
            let change = json!({ "memberIds": [id] });
            answers.push((here.patch(&family_path(&made.json()), change, "*").await, with_family(&made)));
            answers.push((here.patch(&family_path(&made.json()), json!({ "memberIds": [] }), "*").await, with_family(&made)));
            answers.push((move_to(&here, person, made.json()["id"].clone()).await, with_family(&made)));
            let other = family_of(&here, &[]).await.expect(201);
            let merge = json!({ "otherId": made.json()["id"], "reason": "En familj." });
            answers.push((here.post(&format!("{}/merge", family_path(&other)), merge).await, [id.clone(), other["id"].clone()]));
            answers.push((here.get(&path(person)).await, [id.clone(), other["id"].clone()]));
            let all: Vec<_> = answers.iter().map(|(answer, ids)| told(answer, &[&ids[0], &ids[1]])).collect();
            (all, other)
        };
        let ((of_taken, own), (of_free, _)) = (ways(&taken).await, ways(&free).await);
        let statuses: Vec<u16> = of_taken.iter().map(|(status, ..)| *status).collect();
        assert_eq!(statuses, [201, 200, 200, 422, 422, 200, 422, 200, 200, 200, 200, 200]);
        for (one, other) in of_taken.iter().zip(&of_free) {
            assert_eq!(one, other);
        }
        let actions = |of: &Value| {
            let id = of["id"].clone();
            let names = move |ids: &Value| ids.as_array().unwrap().contains(&id);
            let app = &app;
            async move { recorded(app, "").await.into_iter().filter(|(_, ids)| names(ids)).map(|(action, _)| action).collect::<Vec<_>>() }
        };
        let (mut of_taken, mut of_free) = (actions(&taken).await, actions(&free).await);
        // The reception has read and registered more about the one.
        for actions in [&mut of_taken, &mut of_free] {
            actions.retain(|action| !["person.read", "family.read", "family.created"].contains(&action.as_str()));
            actions.sort();
        }
        assert_eq!(of_taken, of_free);
        // The family elsewhere has noticed nothing.
        assert_eq!((read(&there, &path(&taken)).await, read(&there, &family_path(&elsewhere)).await), before);
        // Whoever sees both families sees a member of the one and a guest of the other.
        let seen = both(&app).get(&path(&taken)).await.expect(200);
        assert_eq!((&seen["familyId"], &seen["guestFamilyIds"]), (&elsewhere["id"], &json!([own["id"]])));
        let (home, host) = (both(&app).get(&family_path(&elsewhere)).await.expect(200), both(&app).get(&family_path(&own)).await.expect(200));
        assert_eq!((&home["memberIds"], home.get("guestIds")), (&json!([taken["id"]]), None));
        assert_eq!((&host["memberIds"], &host["guestIds"]), (&json!([]), &json!([taken["id"]])));
        assert_eq!(here.get(&family_path(&own)).await.expect(200).get("guestIds"), None);
        assert_eq!(here.get(&path(&taken)).await.expect(200).get("guestFamilyIds"), None);
        let reads = recorded(&app, "family.read").await;
        assert!(reads.contains(&("family.read".to_owned(), json!([own["id"], taken["id"]]))), "{reads:?}");
    }

    async fn whoever_sees_both_families_decides(app: TestApp) {
        let (here, there, both) = (app.caseworker(), app.reception_caseworker(), both(&app));
        for stays in ["home", "host", "nowhere"] {
            let child = known_to_both(&app).await;
            let (home, host) = (family_of(&there, &[&child]).await.expect(201), family_of(&here, &[&child]).await.expect(201));
            // A guest is no member whom somebody could add or leave out.
            let added = both.patch(&family_path(&host), json!({ "memberIds": [child["id"]] }), "*").await;
            assert_eq!((added.status, added.pointers()), (422, vec!["#/memberIds/0".to_owned()]));
            both.patch(&family_path(&host), json!({ "memberIds": [], "label": "Utan" }), "*").await.expect(200);
            assert_eq!(here.get(&path(&child)).await.expect(200)["familyId"], host["id"]);
            app.clock.advance(Duration::from_secs(60));
            let to = match stays {
                "home" => home["id"].clone(),
                "host" => host["id"].clone(),
                _ => Value::Null,
            };
            let moved = move_to(&both, &child, to.clone()).await.expect(200);
            assert_eq!((moved.get("familyId"), moved.get("guestFamilyIds")), (Some(&to).filter(|to| !to.is_null()), None), "{stays}");
            for (actor, family, is_here) in [(&there, &home, stays == "home"), (&here, &host, stays == "host")] {
                let members = if is_here { json!([child["id"]]) } else { json!([]) };
                assert_eq!(actor.get(&family_path(family)).await.expect(200)["memberIds"], members, "{stays}");
                let of_child = actor.get(&path(&child)).await.expect(200);
                assert_eq!(of_child.get("familyId"), Some(&family["id"]).filter(|_| is_here), "{stays}");
            }
            move_to(&both, &child, to).await.problem(422, "validation-failed");
        }
    }

    async fn a_family_that_one_may_not_know_of_is_left_by_nobody(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let (taken, free) = (known_to_both(&app).await, known_to_both(&app).await);
        let home = family_of(&there, &[&taken]).await.expect(201);
        let before = (read(&there, &path(&taken)).await, read(&there, &family_path(&home)).await);
        let (out_of_it, out_of_none) = (move_to(&here, &taken, Value::Null).await, move_to(&here, &free, Value::Null).await);
        out_of_it.problem(422, "validation-failed");
        assert_eq!(told(&out_of_it, &[&taken["id"]]), told(&out_of_none, &[&free["id"]]));
        let host = family_of(&here, &[&taken]).await.expect(201);
        move_to(&here, &taken, Value::Null).await.expect(200);
        assert_eq!(here.get(&family_path(&host)).await.expect(200)["memberIds"], json!([]));
        assert_eq!((read(&there, &path(&taken)).await, read(&there, &family_path(&home)).await), before);
        // It works both ways: the member of the one leaves, and the guest of the other stays there.
        move_to(&here, &taken, host["id"].clone()).await.expect(200);
        let before = (read(&here, &path(&taken)).await, read(&here, &family_path(&host)).await);
        there.patch(&family_path(&home), json!({ "memberIds": [] }), "*").await.expect(200);
        assert_eq!((read(&here, &path(&taken)).await, read(&here, &family_path(&host)).await), before);
        let seen = both(&app).get(&path(&taken)).await.expect(200);
        assert_eq!((&seen["familyId"], seen.get("guestFamilyIds")), (&host["id"], None));
    }

    async fn what_reached_a_guest_reached_each_family_until_it_is_decided(app: TestApp) {
        let (here, there, both) = (app.caseworker(), app.reception_caseworker(), both(&app));
        let (taken, free) = (known_to_both(&app).await, known_to_both(&app).await);
        let home = family_of(&there, &[&taken]).await.expect(201);
        let (host, plain) = (family_of(&here, &[&taken]).await.expect(201), family_of(&here, &[&free]).await.expect(201));
        let first = async |actor: &Actor, family: &Value| {
            let view = actor.get(&family_path(family)).await.expect(200);
            (view.get("firstReachedAt").cloned(), view.get("firstReachedThrough").cloned())
        };
        let reached = (Some(json!("2026-11-20T15:30:00Z")), Some(json!("outreach")));
        assert_eq!(first(&here, &plain).await, reached);
        assert_eq!((first(&there, &home).await, first(&here, &host).await), (reached.clone(), reached.clone()));
        // An earlier meeting counts for each as well, and so does its end.
        let earlier = with(with(contact(), "/occurredAt", json!("2026-11-01T10:00:00Z")), "/participants", json!([{ "personId": taken["id"] }]));
        let met = here.post("/outreach-contacts", earlier).await.expect(201);
        assert_eq!((&met["familyId"], &met["newlyReached"]), (&host["id"], &json!(true)), "it is with the family that the office knows");
        assert_eq!(first(&there, &home).await.0, Some(json!("2026-11-01T10:00:00Z")));
        here.get(&family_path(&home)).await.problem(404, "not-found");
        let there_id = format!("/outreach-contacts/{}/enter-in-error", met["id"].as_str().unwrap());
        here.post(&there_id, json!({ "reason": "Fel." })).await.expect(200);
        assert_eq!((first(&there, &home).await, first(&here, &host).await), (reached.clone(), reached.clone()));
        move_to(&both, &taken, home["id"].clone()).await.expect(200);
        assert_eq!((first(&there, &home).await, first(&here, &host).await), (reached, (None, None)));
    }

    async fn a_protected_guest_hides_a_family_like_a_protected_member(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let (taken, free) = (known_to_both(&app).await, known_to_both(&app).await);
        family_of(&there, &[&taken]).await.expect(201);
        let (host, plain) = (family_of(&here, &[&taken]).await.expect(201), family_of(&here, &[&free]).await.expect(201));
        for (person, family) in [(&taken, &host), (&free, &plain)] {
            let named = with(contact(), "/familyId", family["id"].clone());
            let met = here.post("/outreach-contacts", named).await.expect(201);
            cleared(&app, &[SKAGGETORP]).patch(&path(person), json!({ "protection": "marked" }), "*").await.expect(200);
            here.get(&family_path(family)).await.problem(404, "not-found");
            here.get(&format!("/outreach-contacts/{}", met["id"].as_str().unwrap())).await.problem(404, "not-found");
            cleared(&app, &[SKAGGETORP]).get(&family_path(family)).await.expect(200);
        }
    }

    async fn neither_offers_nor_corrections_nor_related_referrals_tell_of_a_family_of_others(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let child = app.caseworker().post("/people", person()).await.expect(201);
        let named = with(contact(), "/participants", json!([{ "personId": child["id"] }]));
        let met = here.post("/outreach-contacts", named).await.expect(201);
        let about = |person: &Value| with(private_report(), "/child", json!({ "personId": person["id"], "placeName": "Skäggetorp" }));
        let report = here.post("/referrals", about(&child)).await.expect(201);
        // Only then the reception meets the child, and a sister, and makes them a family.
        let met_there = with(contact(), "/participants", json!([{ "personId": child["id"] }]));
        there.post("/outreach-contacts", met_there).await.expect(201);
        let sister = there.post("/people", person()).await.expect(201);
        there.post("/referrals", with(about(&sister), "/child/placeName", json!("Berga"))).await.expect(201);
        let home = there.post("/families", json!({ "memberIds": [child["id"], sister["id"]] })).await.expect(201);
        let home_id = home["id"].as_str().unwrap();
        let contact_path = format!("/outreach-contacts/{}", met["id"].as_str().unwrap());
        let service = app.anyone().get("/services/telefonradgivning").await.expect(200)["id"].clone();
        let offer = here.post(&format!("{contact_path}/offers"), json!({ "serviceId": service, "to": { "participantIndex": 0 } })).await;
        assert_eq!(offer.expect(201).get("familyId"), None);
        let related = here.get(&format!("/referrals/{}/related?total=true", report["id"].as_str().unwrap())).await;
        assert_eq!(related.expect(200)["items"], json!([]));
        // A correction meets nobody anew.
        here.patch(&contact_path, json!({ "durationMinutes": 45 }), "*").await.expect(200);
        let besides = json!([{ "personId": child["id"] }, { "ageBand": "13-15", "role": "sibling" }]);
        let corrected = here.patch(&contact_path, json!({ "participants": besides }), "*").await;
        assert_eq!(corrected.expect(200).get("familyId"), None);
        here.get(&format!("/families/{home_id}")).await.problem(404, "not-found");
        assert_eq!(here.get(&path(&child)).await.expect(200).get("familyId"), None);
        for answer in [&offer, &related, &corrected] {
            assert!(!answer.text().contains(home_id), "{answer:?}");
        }
    }

    async fn of_two_who_take_somebody_in_at_the_same_moment_one_has_a_guest(app: TestApp) {
        let elsewhere = app.another_server().await;
        let (here, there) = (app.caseworker(), elsewhere.reception_caseworker());
        for _ in 0..4 {
            let child = known_to_both(&app).await;
            let (one, other) = join(family_of(&here, &[&child]), family_of(&there, &[&child])).await;
            let (one, other) = (one.expect(201), other.expect(201));
            assert_eq!(here.get(&path(&child)).await.expect(200)["familyId"], one["id"]);
            assert_eq!(there.get(&path(&child)).await.expect(200)["familyId"], other["id"]);
            let seen = both(&app).get(&path(&child)).await.expect(200);
            let (family, guest) = (seen["familyId"].clone(), seen["guestFamilyIds"][0].clone());
            assert!([(&one["id"], &other["id"]), (&other["id"], &one["id"])].contains(&(&family, &guest)), "{seen}");
            // A change of the facts, meanwhile or later, moves nobody.
            let of_child = path(&child);
            let change = here.patch(&of_child, json!({ "givenName": "Alva" }), "*");
            let (changed, moved) = join(change, move_to(&there, &child, Value::Null)).await;
            assert_eq!((changed.status, moved.status), (200, 200), "{changed:?} {moved:?}");
            let seen = both(&app).get(&path(&child)).await.expect(200);
            assert_eq!((&seen["familyId"], seen.get("guestFamilyIds")), (&one["id"], None));
            assert_eq!(seen["givenName"], "Alva");
        }
    }
}
