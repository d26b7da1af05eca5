//! Families: who belongs to them, how they change, and what their timelines tell.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use nara::db::DbConn;
use nara::db::schema::people;
use nara::id::FamilyId;
use nara::people::store::SealedPerson;
use serde_json::{Value, json};

use crate::people::{cleared, path, recorded};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, person, support_request, with};
use crate::support::{Actor, Answer, TestApp, clock};

async fn registered(actor: &Actor, body: Value) -> Value {
    actor.post("/people", body).await.expect(201)
}

async fn family_of(actor: &Actor, members: &[&Value]) -> Answer {
    let ids: Vec<&Value> = members.iter().map(|member| &member["id"]).collect();
    let made = actor.post("/families", json!({ "label": "Familjen", "memberIds": ids })).await;
    made.expect(201);
    made
}

fn family_path(family: &Value) -> String {
    format!("/families/{}", family["id"].as_str().unwrap())
}

async fn move_to(actor: &Actor, person: &Value, family: Value) -> Answer {
    actor.post(&format!("{}/move", path(person)), json!({ "familyId": family, "reason": "Flyttade." })).await
}

/// The kinds of what a timeline tells, newest first, read page by page.
async fn kinds(actor: &Actor, path: &str) -> Vec<String> {
    let (mut kinds, mut next) = (Vec::new(), Some(format!("{path}/timeline?limit=2")));
    while let Some(path) = next {
        let page = actor.get(&path).await;
        kinds.extend(
            page.expect(200)["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()),
        );
        next = page.link("next");
    }
    kinds
}

fn sorted(ids: &Value) -> Vec<String> {
    let mut ids: Vec<String> = ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Puts so many people into a family whom nobody has met.
async fn fill(app: &TestApp, family: &Value, many: usize) {
    let family: FamilyId = family["id"].as_str().unwrap().parse().unwrap();
    let write = move |conn: &mut DbConn| {
        let one: SealedPerson = nara::on_backend!(&mut *conn, conn => people::table.first(conn))?;
        let moment = clock::start();
        let another = |_| SealedPerson { id: moment.id(), family_id: Some(family), ..one.clone() };
        let crowd = (0..many).map(another).map(|person| nara::binding::coded(conn, &person));
        let crowd: Vec<SealedPerson> = crowd.collect::<Result<_, _>>()?;
        nara::on_backend!(conn, conn => diesel::insert_into(people::table).values(&crowd).execute(conn))?;
        Ok(())
    };
    app.db().write(write).await.unwrap();
}

on_both_databases! {
    async fn a_family_is_registered_with_its_members(app: TestApp) {
        let (one, other) = (registered(&app.caseworker(), person()).await, registered(&app.caseworker(), json!({})).await);
        let district = app.anyone().get("/districts/skaggetorp-tornby").await.expect(200)["id"].clone();
        let body = json!({ "label": "Familjen på trean", "districtId": district, "memberIds": [one["id"], other["id"]] });
        let made = app.outreach_worker().post("/families", body).await;
        let view = made.expect(201);
        assert_eq!((&view["label"], &view["districtId"]), (&json!("Familjen på trean"), &district));
        assert_eq!(sorted(&view["memberIds"]), sorted(&json!([one["id"], other["id"]])));
        for absent in ["firstReachedAt", "firstReachedThrough", "mergedInto"] {
            assert!(view.get(absent).is_none(), "{view}");
        }
        let read = app.caseworker().get(&family_path(&view)).await;
        assert_eq!((read.expect(200), read.etag()), (view.clone(), made.etag()));
        assert_eq!(app.caseworker().get(&path(&one)).await.expect(200)["familyId"], view["id"]);
        app.reception_caseworker().get(&family_path(&view)).await.problem(404, "not-found");
    }

    async fn only_who_is_known_and_in_no_other_family_can_join(app: TestApp) {
        let (free, taken) = (registered(&app.caseworker(), person()).await, registered(&app.caseworker(), person()).await);
        let foreign = registered(&app.reception_caseworker(), person()).await;
        family_of(&app.caseworker(), &[&taken]).await;
        let wrong = json!({ "memberIds": [free["id"], foreign["id"], "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e", taken["id"]] });
        let answer = app.caseworker().post("/families", wrong).await;
        answer.problem(422, "validation-failed");
        assert_eq!(answer.pointers(), ["#/memberIds/1", "#/memberIds/2", "#/memberIds/3"]);
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors[0]["detail"], errors[1]["detail"], "whom one may not know of is told like nobody");
        assert!(app.caseworker().get(&path(&free)).await.expect(200).get("familyId").is_none());
        let twice = app.caseworker().post("/families", json!({ "memberIds": [free["id"], free["id"]] })).await;
        assert_eq!(twice.pointers(), ["#/memberIds/1"]);
        let nowhere = app.caseworker().post("/families", json!({ "memberIds": [], "districtId": free["id"] })).await;
        assert_eq!(nowhere.pointers(), ["#/districtId"]);
    }

    async fn a_person_is_registered_into_a_family_and_moves_on(app: TestApp) {
        let (first, second) = (family_of(&app.caseworker(), &[]).await.json(), family_of(&app.caseworker(), &[]).await.json());
        let child = registered(&app.caseworker(), with(person(), "/familyId", first["id"].clone())).await;
        assert_eq!(child["familyId"], first["id"]);
        let same = move_to(&app.caseworker(), &child, first["id"].clone()).await;
        same.problem(422, "validation-failed");
        assert_eq!(same.pointers(), ["#/familyId"]);
        let moved = move_to(&app.caseworker(), &child, second["id"].clone()).await;
        assert_eq!(moved.expect(200)["familyId"], second["id"]);
        assert_eq!(app.caseworker().get(&family_path(&first)).await.expect(200)["memberIds"], json!([]));
        assert_eq!(app.caseworker().get(&family_path(&second)).await.expect(200)["memberIds"], json!([child["id"]]));
        let alone = move_to(&app.caseworker(), &child, Value::Null).await;
        assert!(alone.expect(200).get("familyId").is_none());
        // A field that is only forgotten takes nobody out of a family.
        let forgotten = app.caseworker().post(&format!("{}/move", path(&child)), json!({ "reason": "Glömt." })).await;
        assert_eq!(forgotten.pointers(), ["#/familyId"]);
        let foreign = family_of(&app.reception_caseworker(), &[]).await.json();
        for unknown in [foreign["id"].clone(), child["id"].clone()] {
            let answer = move_to(&app.caseworker(), &child, unknown).await;
            answer.problem(422, "unknown-reference");
            assert_eq!(answer.pointers(), ["#/familyId"]);
        }
        let stale = app.caseworker().request(crate::support::Method::POST, &format!("{}/move", path(&child)));
        let stale = stale.header("if-match", "\"1-0123456789abcdef\"").json(&json!({ "familyId": first["id"], "reason": "x" })).send().await;
        stale.problem(412, "stale-version");
    }

    async fn a_change_of_the_members_goes_for_those_who_are_seen(app: TestApp) {
        let (stays, goes, comes) = (registered(&app.caseworker(), person()).await, registered(&app.caseworker(), person()).await, registered(&app.caseworker(), person()).await);
        let made = family_of(&app.caseworker(), &[&stays, &goes]).await;
        let there = family_path(&made.json());
        let out_of_sight = registered(&app.reception_caseworker(), person()).await;
        let both = app.staff("caseworker", &[SKAGGETORP, RECEPTION]);
        move_to(&both, &out_of_sight, made.json()["id"].clone()).await.expect(200);
        let change = json!({ "memberIds": [stays["id"], comes["id"]], "label": null });
        let changed = app.caseworker().patch(&there, change.clone(), &made.etag()).await;
        assert!(changed.expect(200).get("label").is_none());
        assert_eq!(sorted(&changed.json()["memberIds"]), sorted(&json!([stays["id"], comes["id"]])));
        assert_eq!(sorted(&both.get(&there).await.expect(200)["memberIds"]), sorted(&json!([stays["id"], comes["id"], out_of_sight["id"]])));
        assert!(app.caseworker().get(&path(&goes)).await.expect(200).get("familyId").is_none());
        app.caseworker().patch(&there, change, &made.etag()).await.problem(412, "stale-version");
        app.caseworker().patch(&there, json!({ "officeId": RECEPTION }), &changed.etag()).await.problem(422, "validation-failed");
    }

    async fn of_two_families_that_are_one_the_other_points_to_it(app: TestApp) {
        let (one, other) = (registered(&app.caseworker(), person()).await, registered(&app.caseworker(), person()).await);
        app.clock.advance(Duration::from_secs(60));
        let (goes_on, gone) = (family_of(&app.caseworker(), &[&one]).await, family_of(&app.caseworker(), &[&other]).await);
        app.clock.advance(Duration::from_secs(60));
        let merge = |into: Value, other: Value| {
            let actor = app.caseworker();
            async move { actor.post(&format!("{}/merge", family_path(&into)), json!({ "otherId": other["id"], "reason": "Syskon." })).await }
        };
        let merged = merge(goes_on.json(), gone.json()).await;
        assert_eq!(sorted(&merged.expect(200)["memberIds"]), sorted(&json!([one["id"], other["id"]])));
        let pointer = app.caseworker().get(&family_path(&gone.json())).await;
        assert_eq!((&pointer.expect(200)["mergedInto"], &pointer.json()["memberIds"]), (&goes_on.json()["id"], &json!([])));
        assert_eq!(pointer.link("merged-into"), Some(family_path(&goes_on.json())));
        app.caseworker().patch(&family_path(&gone.json()), json!({ "label": "Ny" }), &pointer.etag()).await.problem(409, "family-merged");
        merge(gone.json(), goes_on.json()).await.problem(409, "family-merged");
        let third = family_of(&app.caseworker(), &[]).await.json();
        for (into, other, problem) in [
            (goes_on.json(), gone.json(), "validation-failed"),
            (third.clone(), gone.json(), "validation-failed"),
            (third.clone(), third.clone(), "validation-failed"),
            (third.clone(), one.clone(), "unknown-reference"),
        ] {
            let answer = merge(into, other).await;
            answer.problem(422, problem);
            assert_eq!(answer.pointers(), ["#/otherId"]);
        }
        assert_eq!(move_to(&app.caseworker(), &one, gone.json()["id"].clone()).await.pointers(), ["#/familyId"]);
        // The pointer names the family that goes on, however often that one was merged in turn.
        merge(third.clone(), goes_on.json()).await.expect(200);
        assert_eq!(app.caseworker().get(&family_path(&gone.json())).await.expect(200)["mergedInto"], third["id"]);
        let told = kinds(&app.caseworker(), &family_path(&third)).await;
        assert_eq!(told.iter().filter(|kind| *kind == "merged").count(), 2);
        assert_eq!(told.iter().filter(|kind| *kind == "moved").count(), 2);
        assert_eq!(told.iter().filter(|kind| *kind == "registered").count(), 3);
        let of_member = kinds(&app.caseworker(), &path(&other)).await;
        assert_eq!(of_member, ["merged", "merged", "moved", "registered"]);
    }

    async fn a_family_is_first_reached_by_its_earliest_fact_whosever_it_is(app: TestApp) {
        let child = registered(&app.reception_caseworker(), json!({ "personalIdentityNumber": CHILD })).await;
        let family = family_of(&app.reception_caseworker(), &[&child]).await.json();
        assert!(family.get("firstReachedAt").is_none());
        app.clock.advance(Duration::from_secs(60));
        app.submitted(concern_report()).await;
        app.clock.advance(Duration::from_secs(60));
        app.submitted(support_request()).await;
        let reached = app.reception_caseworker().get(&family_path(&family)).await.expect(200);
        assert_eq!((&reached["firstReachedAt"], &reached["firstReachedThrough"]), (&json!("2026-11-23T09:01:00Z"), &json!("referral")));
        // The referrals are Skäggetorp's, which therefore knows of the child and of the family from now on.
        assert_eq!(app.caseworker().get(&family_path(&family)).await.expect(200)["memberIds"], json!([child["id"]]));
    }

    async fn a_timeline_tells_what_happened_newest_first(app: TestApp) {
        let child = registered(&app.caseworker(), json!({ "personalIdentityNumber": CHILD, "givenName": "Elias" })).await;
        app.clock.advance(Duration::from_secs(60));
        let family = family_of(&app.caseworker(), &[&child]).await.json();
        app.clock.advance(Duration::from_secs(60));
        let referral = app.submitted(concern_report()).await;
        app.clock.advance(Duration::from_secs(60));
        move_to(&app.caseworker(), &child, Value::Null).await.expect(200);
        let answer = app.caseworker().get(&format!("{}/timeline?total=true", path(&child))).await;
        let list = answer.expect(200);
        assert_eq!(list["_meta"]["totalRecords"], 4);
        let items = list["items"].as_array().unwrap();
        let told: Vec<&str> = items.iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert_eq!(told, ["moved", "referral_received", "moved", "registered"]);
        assert_eq!((&items[0]["fromFamilyId"], &items[0]["reason"], items[0].get("toFamilyId")), (&family["id"], &json!("Flyttade."), None));
        let expected = json!({
            "id": referral, "kind": "referral_received", "at": "2026-11-23T09:02:00Z", "personId": child["id"], "referralId": referral,
            "reference": items[1]["reference"], "referralKind": "concern_report", "referralStatus": "received", "officeId": items[1]["officeId"],
        });
        assert_eq!(items[1], expected);
        let read = ("person.timeline_read".to_owned(), json!([child["id"], referral]));
        assert_eq!(recorded(&app, "person.timeline_read").await, [read]);
        assert_eq!(kinds(&app.caseworker(), &path(&child)).await, told, "page by page it is the same");
        let second = app.caseworker().get(&format!("{}/timeline?limit=3&page=2", path(&child))).await.expect(200);
        assert_eq!(second["items"], json!([items[3]]));
        // An outreach worker knows the child, and not therefore the referral.
        assert_eq!(kinds(&app.outreach_worker(), &path(&child)).await, ["moved", "moved", "registered"]);
        let of_family = kinds(&app.caseworker(), &family_path(&family)).await;
        assert_eq!((of_family.len(), of_family[0].as_str()), (3, "moved"), "it was registered and joined in one moment: {of_family:?}");
    }

    async fn a_walk_of_a_timeline_of_one_moment_is_whole(app: TestApp) {
        let child = registered(&app.caseworker(), json!({ "personalIdentityNumber": CHILD })).await;
        for _ in 0..3 {
            let family = family_of(&app.caseworker(), &[]).await.json();
            move_to(&app.caseworker(), &child, family["id"].clone()).await.expect(200);
            app.submitted(concern_report()).await;
        }
        let mut told = kinds(&app.caseworker(), &path(&child)).await;
        told.sort();
        assert_eq!(told, ["moved", "moved", "moved", "referral_received", "referral_received", "referral_received", "registered"]);
    }

    async fn what_happens_in_a_family_is_told_as_far_as_its_people_are_known(app: TestApp) {
        let (seen, hidden) = (registered(&app.caseworker(), person()).await, registered(&app.caseworker(), person()).await);
        let family = family_of(&app.caseworker(), &[&seen, &hidden]).await.json();
        cleared(&app, &[SKAGGETORP]).patch(&path(&hidden), json!({ "protection": "marked" }), "*").await.expect(200);
        assert_eq!(kinds(&app.caseworker(), &family_path(&family)).await.len(), 2);
        let timeline = format!("{}/timeline?total=true", family_path(&family));
        let plain = app.caseworker().get(&timeline).await;
        assert!(plain.expect(200)["_meta"]["totalRecords"] == 2 && !plain.text().contains(hidden["id"].as_str().unwrap()), "{plain:?}");
        assert_eq!(cleared(&app, &[SKAGGETORP]).get(&timeline).await.expect(200)["_meta"]["totalRecords"], 3);
    }

    async fn a_family_that_a_reader_does_not_know_is_named_on_no_timeline(app: TestApp) {
        let there = app.reception_caseworker();
        let child = registered(&there, json!({ "personalIdentityNumber": CHILD })).await;
        let (goes_on, gone) = (family_of(&there, &[&child]).await.json(), family_of(&there, &[]).await.json());
        there.post(&format!("{}/merge", family_path(&goes_on)), json!({ "otherId": gone["id"], "reason": "En familj." })).await.expect(200);
        // Skäggetorp meets the family that goes on, and never met the other one.
        app.submitted(concern_report()).await;
        app.caseworker().get(&family_path(&gone)).await.problem(404, "not-found");
        let timeline = app.caseworker().get(&format!("{}/timeline?total=true", family_path(&goes_on))).await;
        let told = timeline.expect(200);
        assert!(!timeline.text().contains(gone["id"].as_str().unwrap()), "{timeline:?}");
        let kinds: BTreeSet<&str> = told["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, BTreeSet::from(["merged", "moved", "referral_received", "registered"]));
        assert_eq!(told["_meta"]["totalRecords"], 4);
        let whole = there.get(&format!("{}/timeline?total=true", family_path(&goes_on))).await;
        assert!(whole.expect(200)["_meta"]["totalRecords"] == 4 && whole.text().contains(gone["id"].as_str().unwrap()), "{whole:?}");
    }

    async fn a_family_of_many_can_still_be_changed(app: TestApp) {
        let actor = app.caseworker();
        let mut people = Vec::new();
        for _ in 0..52 {
            people.push(registered(&actor, json!({})).await);
        }
        let members: Vec<&Value> = people.iter().collect();
        let all: Vec<&Value> = members.iter().map(|member| &member["id"]).collect();
        let too_many = actor.post("/families", json!({ "memberIds": all[..51] })).await;
        too_many.problem(422, "validation-failed");
        assert_eq!(too_many.pointers(), ["#/memberIds"]);
        let (family, other) = (family_of(&actor, &members[..50]).await.json(), family_of(&actor, &members[50..]).await.json());
        let merged = actor.post(&format!("{}/merge", family_path(&family)), json!({ "otherId": other["id"], "reason": "En familj." })).await;
        assert_eq!(sorted(&merged.expect(200)["memberIds"]).len(), 52);
        let named = actor.patch(&family_path(&family), json!({ "label": "Många" }), &merged.etag()).await;
        assert_eq!(named.expect(200)["label"], "Många");
        let fewer = actor.patch(&family_path(&family), json!({ "memberIds": all[1..] }), &named.etag()).await;
        assert_eq!(sorted(&fewer.expect(200)["memberIds"]), sorted(&json!(all[1..])));
        let none = actor.patch(&family_path(&family), json!({ "memberIds": [] }), &fewer.etag()).await;
        let back = actor.patch(&family_path(&family), json!({ "memberIds": all[1..] }), &none.etag()).await;
        assert_eq!((back.status, back.pointers()), (422, vec!["#/memberIds".to_owned()]));
    }

    async fn no_family_grows_beyond_a_thousand(app: TestApp) {
        let (actor, outside) = (app.caseworker(), registered(&app.caseworker(), json!({})).await);
        let (full, small) = (family_of(&actor, &[]).await.json(), family_of(&actor, &[&outside]).await.json());
        fill(&app, &full, 999).await;
        let last = registered(&actor, json!({ "familyId": full["id"] })).await;
        let merged = actor.post(&format!("{}/merge", family_path(&full)), json!({ "otherId": small["id"], "reason": "En familj." })).await;
        assert_eq!((merged.status, merged.pointers()), (422, vec!["#/otherId".to_owned()]));
        let new = actor.post("/people", json!({ "familyId": full["id"] })).await;
        assert_eq!((new.status, new.pointers()), (422, vec!["#/familyId".to_owned()]));
        let moved = move_to(&actor, &outside, full["id"].clone()).await;
        assert_eq!((moved.status, moved.pointers()), (422, vec!["#/familyId".to_owned()]));
        move_to(&actor, &outside, Value::Null).await.expect(200);
        let named = actor.patch(&family_path(&full), json!({ "memberIds": [last["id"], outside["id"]] }), "*").await;
        assert_eq!((named.status, named.pointers()), (422, vec!["#/memberIds".to_owned()]));
        actor.patch(&family_path(&full), json!({ "label": "Många" }), "*").await.expect(200);
    }

    async fn who_may_only_read_is_offered_no_change(app: TestApp) {
        let person = registered(&app.caseworker(), person()).await;
        let family = family_of(&app.caseworker(), &[&person]).await.json();
        let rels = async |actor: &Actor, path: &str| {
            let links = actor.get(path).await.expect(200)["_links"].clone();
            links.as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let elsewhere = app.staff("team_lead", &[RECEPTION]).and("access-reason", "supervision");
        let own = app.team_lead().and("access-reason", "supervision");
        for (path, actions) in [(path(&person), ["change", "move"]), (family_path(&family), ["change", "merge"])] {
            assert_eq!(rels(&elsewhere, &path).await, ["self", "timeline"]);
            let all = [&["self"][..], &actions, &["timeline"]].concat();
            assert_eq!(rels(&own, &path).await, all);
            assert_eq!(rels(&app.team_lead(), &path).await, all);
        }
    }
}
