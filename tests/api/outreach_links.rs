//! Whom an office knows because it was told of them: for as long as a contact or a referral says so, and no longer.

use diesel::prelude::*;
use diesel::sql_query;
use nara::db::connection::Purpose;
use nara::db::{Target, migrations};
use serde_json::{Value, json};

use crate::outreach::put;
use crate::people::cleared;
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, contact, fresh_id, person, private_report, with};
use crate::support::{Actor, TestApp};

const OTHER: &str = "20030101-2381";

fn id(view: &Value) -> &str {
    view["id"].as_str().unwrap()
}

fn naming(people: &[&Value]) -> Value {
    let participants: Vec<Value> = people.iter().map(|person| json!({ "personId": person["id"] })).collect();
    with(contact(), "/participants", json!(participants))
}

async fn met(actor: &Actor, people: &[&Value]) -> Value {
    actor.post("/outreach-contacts", naming(people)).await.expect(201)
}

async fn mistaken(actor: &Actor, contact: &Value) {
    let there = format!("/outreach-contacts/{}/enter-in-error", id(contact));
    actor.post(&there, json!({ "reason": "Fel person." })).await.expect(200);
}

/// Whether the actor may know of the person, by every way that there is, and whether of the family.
async fn knows(actor: &Actor, person: &Value, family: &Value) -> (bool, bool) {
    let status = actor.get(&format!("/people/{}", id(person))).await.status;
    assert!([200, 404].contains(&status), "{status}");
    assert_eq!(actor.get(&format!("/people/{}/timeline", id(person))).await.status, status);
    assert_eq!(actor.patch(&format!("/people/{}", id(person)), json!({}), "*").await.status, status);
    let found = actor.post("/people/search", json!({ "name": person["givenName"] })).await.expect(200);
    let is_found = found["items"].as_array().unwrap().iter().any(|item| item["id"] == person["id"]);
    assert_eq!(is_found, status == 200);
    let of_family = actor.get(&format!("/families/{}", id(family))).await.status;
    assert_eq!(actor.get(&format!("/families/{}/timeline", id(family))).await.status, of_family);
    (status == 200, of_family == 200)
}

/// Somebody of the reception's with a family there.
async fn somebody(app: &TestApp, name: &str) -> (Value, Value) {
    let there = app.reception_caseworker();
    let person = there.post("/people", with(person(), "/givenName", json!(name))).await.expect(201);
    let family = there.post("/families", json!({ "memberIds": [person["id"]] })).await.expect(201);
    (person, family)
}

on_both_databases! {
    async fn whoever_was_named_by_mistake_is_known_no_longer(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let (person, family) = somebody(&app, "Alva").await;
        assert_eq!(knows(&here, &person, &family).await, (false, false));
        let first = met(&here, &[&person]).await;
        assert_eq!(knows(&here, &person, &family).await, (true, true));
        let second = put(&here, &fresh_id(), &naming(&[&person])).await.expect(201);
        mistaken(&here, &first).await;
        assert_eq!(knows(&here, &person, &family).await, (true, true), "another contact says so as well");
        mistaken(&here, &second).await;
        assert_eq!(knows(&here, &person, &family).await, (false, false));
        assert_eq!(knows(&there, &person, &family).await, (true, true), "whoever registered them knows them");
        // One's own are known whatever is written about them.
        let own = here.post("/people", json!({ "givenName": "Bo" })).await.expect(201);
        let own_family = here.post("/families", json!({ "memberIds": [own["id"]] })).await.expect(201);
        let wrong = met(&here, &[&own]).await;
        mistaken(&here, &wrong).await;
        assert_eq!(knows(&here, &own, &own_family).await, (true, true));
    }

    async fn whoever_is_taken_out_of_a_contact_is_known_no_longer(app: TestApp) {
        let here = app.caseworker();
        let ((one, of_one), (other, of_other)) = (somebody(&app, "Alva").await, somebody(&app, "Bo").await);
        let both = met(&here, &[&one, &other]).await;
        let there = format!("/outreach-contacts/{}", id(&both));
        here.patch(&there, json!({ "durationMinutes": 45 }), "*").await.expect(200);
        assert_eq!((knows(&here, &one, &of_one).await, knows(&here, &other, &of_other).await), ((true, true), (true, true)));
        here.patch(&there, json!({ "participants": [{ "personId": one["id"] }] }), "*").await.expect(200);
        assert_eq!((knows(&here, &one, &of_one).await, knows(&here, &other, &of_other).await), ((true, true), (false, false)));
        here.patch(&there, json!({ "participants": [{ "ageBand": "13-15", "role": "child" }], "familyId": of_one["id"] }), "*").await.expect(200);
        assert_eq!(knows(&here, &one, &of_one).await, (false, true), "the family was met, and nobody of it by name");
        here.patch(&there, json!({ "familyId": null }), "*").await.expect(200);
        assert_eq!(knows(&here, &one, &of_one).await, (false, false));
        here.patch(&there, json!({ "participants": [{ "personId": other["id"] }] }), "*").await.expect(200);
        assert_eq!(knows(&here, &other, &of_other).await, (true, true));
        mistaken(&here, &both).await;
        assert_eq!(knows(&here, &other, &of_other).await, (false, false));
    }

    async fn a_merge_of_families_keeps_the_reasons(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let (person, gone) = somebody(&app, "Alva").await;
        let contact = met(&here, &[&person]).await;
        let goes_on = there.post("/families", json!({ "memberIds": [] })).await.expect(201);
        there.post(&format!("/families/{}/merge", id(&goes_on)), json!({ "otherId": gone["id"], "reason": "En familj." })).await.expect(200);
        assert_eq!((knows(&here, &person, &goes_on).await, knows(&here, &person, &gone).await), ((true, true), (true, true)));
        mistaken(&here, &contact).await;
        assert_eq!((knows(&here, &person, &goes_on).await, knows(&here, &person, &gone).await), ((false, false), (false, false)));
        assert_eq!((knows(&there, &person, &goes_on).await, knows(&there, &person, &gone).await), ((true, true), (true, true)));
    }

    async fn a_referral_by_mistake_opens_nobody_for_good(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let registered = async |name: &str, number: &str| {
            let person = there.post("/people", json!({ "givenName": name, "personalIdentityNumber": number })).await.expect(201);
            let family = there.post("/families", json!({ "memberIds": [person["id"]] })).await.expect(201);
            (person, family)
        };
        let ((child, family), (other, of_other)) = (registered("Alva", CHILD).await, registered("Bo", OTHER).await);
        // A number alone opens nobody to staff: they name the person together with it.
        let named = |person: &Value, number: &str| json!({ "personId": person["id"], "personalIdentityNumber": number, "placeName": "Skäggetorp" });
        let report = here.post("/referrals", with(private_report(), "/child", named(&child, CHILD))).await.expect(201);
        assert_eq!(knows(&here, &child, &family).await, (true, true));
        // A report about another child is about another child.
        let path = format!("/referrals/{}", id(&report));
        here.patch(&path, json!({ "child": named(&other, OTHER) }), "*").await.expect(200);
        assert_eq!((knows(&here, &child, &family).await, knows(&here, &other, &of_other).await), ((false, false), (true, true)));
        app.team_lead().post(&format!("{path}/enter-in-error"), json!({ "reason": "Fel barn." })).await.expect(200);
        assert_eq!(knows(&here, &other, &of_other).await, (false, false));
        // Each office that had the referral forgets, and no other reason is lost.
        let sent = app.submitted(concern_report()).await;
        let contact = met(&app.staff("caseworker", &["rad-och-stod"]), &[&child]).await;
        let redirect = json!({ "officeId": app.office_id("rad-och-stod").await, "reason": "moved" });
        app.team_lead().post(&format!("/referrals/{sent}/redirect"), redirect).await.expect(200);
        let elsewhere = app.staff("team_lead", &["rad-och-stod"]);
        assert_eq!((knows(&here, &child, &family).await, knows(&elsewhere, &child, &family).await), ((true, true), (true, true)));
        elsewhere.post(&format!("/referrals/{sent}/enter-in-error"), json!({ "reason": "Fel barn." })).await.expect(200);
        assert_eq!((knows(&here, &child, &family).await, knows(&elsewhere, &child, &family).await), ((false, false), (true, true)));
        mistaken(&elsewhere, &contact).await;
        assert_eq!(knows(&elsewhere, &child, &family).await, (false, false));
    }

    async fn an_upgrade_finds_the_reasons_that_nobody_had_written_down(app: TestApp) {
        let here = app.caseworker();
        let ((stands, of_stands), (wrong, of_wrong)) = (somebody(&app, "Alva").await, somebody(&app, "Bo").await);
        let own = here.post("/people", json!({ "givenName": "Cilla" })).await.expect(201);
        let own_family = here.post("/families", json!({ "memberIds": [own["id"]] })).await.expect(201);
        let contact = met(&here, &[&stands]).await;
        for person in [&wrong, &own] {
            let contact = met(&here, &[person]).await;
            mistaken(&here, &contact).await;
        }
        let target: Target = app.database().url.parse().unwrap();
        while !migrations::revert_last(&target).unwrap().starts_with("0008") {}
        // So it was before: whoever was named once was known for good.
        let before = "INSERT INTO person_offices (person_id, office_id, through_protected)
            SELECT named.person_id, contacts.office_id, FALSE FROM outreach_participants named
            JOIN outreach_contacts contacts ON contacts.id = named.contact_id JOIN people ON people.id = named.person_id
            WHERE contacts.in_error AND NOT EXISTS (SELECT 1 FROM person_offices known
                WHERE known.person_id = named.person_id AND known.office_id = contacts.office_id)";
        let mut conn = target.connect(Purpose::Writing).unwrap();
        assert_eq!(nara::on_backend!(&mut conn, conn => sql_query(before).execute(conn)).unwrap(), 1);
        assert!(!migrations::run(&target).unwrap().is_empty());
        let app_after = app.another_server().await;
        let here = app_after.caseworker();
        assert_eq!(knows(&here, &stands, &of_stands).await, (true, true));
        assert_eq!(knows(&here, &wrong, &of_wrong).await, (false, false));
        assert_eq!(knows(&here, &own, &own_family).await, (true, true));
        mistaken(&here, &contact).await;
        assert_eq!(knows(&here, &stands, &of_stands).await, (false, false));
        assert_eq!(knows(&app_after.reception_caseworker(), &stands, &of_stands).await, (true, true));
    }

    async fn what_a_protected_matter_opened_it_closes_again(app: TestApp) {
        let here = cleared(&app, &[SKAGGETORP]);
        let (person, family) = somebody(&app, "Alva").await;
        cleared(&app, &[RECEPTION]).patch(&format!("/people/{}", id(&person)), json!({ "protection": "marked" }), "*").await.expect(200);
        let contact = met(&here, &[&person]).await;
        assert_eq!(knows(&here, &person, &family).await, (true, true));
        assert_eq!(knows(&app.caseworker(), &person, &family).await, (false, false));
        mistaken(&here, &contact).await;
        assert_eq!(knows(&here, &person, &family).await, (false, false));
    }
}
