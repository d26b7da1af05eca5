//! A referral that names a child whom nobody has registered is about that child once somebody does.

use futures_util::future::join_all;
use nara::db::DbConn;
use nara::id::PersonId;
use nara::time::Random;
use nara::vault::Vault;
use serde_json::{Value, json};

use crate::people::{cleared, path, recorded};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, person, support_request, with};
use crate::support::{Actor, TestApp, clock, credentials};

/// The kinds of what somebody finds on a person's timeline, newest first.
async fn told(actor: &Actor, person: &Value) -> Vec<String> {
    let list = actor.get(&format!("{}/timeline?limit=100", path(person))).await.expect(200);
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

/// How many referrals are about somebody.
async fn linked(app: &TestApp) -> usize {
    use diesel::prelude::*;
    use nara::db::schema::referrals;
    let about = |conn: &mut DbConn| Ok(referrals::table.select(referrals::person_id).load::<Option<PersonId>>(conn)?);
    app.db().read(about).await.unwrap().into_iter().flatten().count()
}

fn numbered() -> Value {
    json!({ "givenName": "Elias", "personalIdentityNumber": CHILD })
}

on_both_databases! {
    async fn who_is_registered_later_takes_the_referrals_over(app: TestApp) {
        let sent = [app.submitted(concern_report()).await, app.submitted(support_request()).await];
        app.submitted(with(concern_report(), "/child/personalIdentityNumber", json!("20030101-2381"))).await;
        let receipt = app.school().get(&format!("/partner/referrals/{}", sent[0])).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let child = app.reception_caseworker().post("/people", numbered()).await.expect(201);
        // The office that has the referrals has met the child.
        assert_eq!(app.caseworker().get(&path(&child)).await.expect(200)["personalIdentityNumber"], CHILD);
        assert_eq!(told(&app.caseworker(), &child).await, ["registered", "referral_received", "referral_received"]);
        app.staff("caseworker", &["bas-syd"]).get(&path(&child)).await.problem(404, "not-found");
        // Who registered the child learns no more than before, nor does the sender.
        assert_eq!(told(&app.reception_caseworker(), &child).await, ["registered"]);
        app.reception_caseworker().get(&format!("/referrals/{}", sent[0])).await.problem(404, "not-found");
        let again = app.school().get(&format!("/partner/referrals/{}", sent[0])).await;
        assert_eq!((again.expect(200), again.etag()), (receipt.expect(200), receipt.etag()));
        let records = recorded(&app, "referral.linked").await;
        let mut named: Vec<&str> = records[0].1.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        named.sort_unstable();
        let mut expected = vec![sent[0].as_str(), sent[1].as_str(), child["id"].as_str().unwrap()];
        expected.sort_unstable();
        assert_eq!((records.len(), named), (1, expected));
        assert!(recorded(&app, "referral.rerouted").await.is_empty());
        // A family is first reached by what came before anybody in it was known.
        let family = app.reception_caseworker().post("/families", json!({ "memberIds": [child["id"]] })).await.expect(201);
        assert_eq!((&family["firstReachedAt"], &family["firstReachedThrough"]), (&json!("2026-11-23T09:00:00Z"), &json!("referral")));
    }

    async fn what_was_entered_in_error_before_reaches_no_family(app: TestApp) {
        let mistaken = app.submitted(concern_report()).await;
        app.step(&mistaken, "enter-in-error").await;
        let family = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201);
        let there = format!("/families/{}", family["id"].as_str().unwrap());
        app.reception_caseworker().post("/people", with(numbered(), "/familyId", family["id"].clone())).await.expect(201);
        let read = app.reception_caseworker().get(&there).await.expect(200);
        assert!(read.get("firstReachedAt").is_none() && read.get("firstReachedThrough").is_none(), "{read}");
    }

    async fn what_was_entered_in_error_makes_no_office_know_the_child(app: TestApp) {
        let mistaken = app.submitted(concern_report()).await;
        app.step(&mistaken, "enter-in-error").await;
        let child = app.reception_caseworker().post("/people", numbered()).await.expect(201);
        app.caseworker().get(&path(&child)).await.problem(404, "not-found");
        assert_eq!(linked(&app).await, 1, "it is about the child all the same");
        let marked = json!({ "protection": "marked" });
        assert_eq!(app.reception_caseworker().patch(&path(&child), marked, "*").await.status, 204);
        app.caseworker().get(&format!("/referrals/{mistaken}")).await.problem(404, "not-found");
        cleared(&app, &[SKAGGETORP]).get(&path(&child)).await.problem(404, "not-found");
    }

    async fn who_is_registered_into_a_family_makes_the_office_know_the_family(app: TestApp) {
        app.submitted(concern_report()).await;
        let family = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201);
        let child = app.reception_caseworker().post("/people", with(numbered(), "/familyId", family["id"].clone())).await.expect(201);
        let seen = app.caseworker().get(&format!("/families/{}", family["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(seen["memberIds"], json!([child["id"]]));
    }

    async fn a_number_that_is_learned_later_takes_the_referrals_over(app: TestApp) {
        app.submitted(concern_report()).await;
        let child = app.reception_caseworker().post("/people", person()).await.expect(201);
        app.caseworker().get(&path(&child)).await.problem(404, "not-found");
        let number = json!({ "personalIdentityNumber": CHILD, "birthYear": null });
        app.reception_caseworker().patch(&path(&child), number, "*").await.expect(200);
        assert_eq!(told(&app.caseworker(), &child).await.len(), 2);
        assert_eq!(recorded(&app, "referral.linked").await.len(), 1);
        // Somebody else cannot take it, and so takes nothing over.
        let other = app.caseworker().post("/people", person()).await.expect(201);
        app.caseworker().patch(&path(&other), json!({ "personalIdentityNumber": CHILD, "birthYear": null }), "*").await.problem(409, "already-exists");
        // What comes from now on is linked as ever.
        app.submitted(support_request()).await;
        assert_eq!(told(&app.caseworker(), &child).await.len(), 3);
        assert_eq!((recorded(&app, "referral.linked").await.len(), linked(&app).await), (1, 2));
    }

    async fn of_somebody_protected_the_referrals_go_to_the_reception_at_once(app: TestApp) {
        let referral = app.submitted(with(concern_report(), "/child/street", json!("Skogsvägen 77"))).await;
        let there = format!("/referrals/{referral}");
        let receipt = app.school().get(&format!("/partner{there}")).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let body = with(numbered(), "/protection", json!("protected_registration"));
        let child = cleared(&app, &["bas-syd"]).post("/people", body).await.expect(201);
        for actor in [app.caseworker(), app.reception_caseworker(), cleared(&app, &[SKAGGETORP])] {
            actor.get(&there).await.problem(404, "not-found");
            actor.get(&path(&child)).await.problem(404, "not-found");
            assert_eq!(actor.get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
        }
        let reception = cleared(&app, &[RECEPTION]);
        let moved = reception.get(&there).await.expect(200);
        for place in ["street", "placeName"] {
            assert!(moved["child"].get(place).is_none(), "{moved}");
        }
        assert_eq!(told(&reception, &child).await, ["registered", "referral_received"]);
        let about = |action: &'static str| recorded(&app, action);
        assert_eq!(about("referral.rerouted").await, [("referral.rerouted".to_owned(), json!([referral]))]);
        assert_eq!(about("referral.linked").await[0].1, json!([referral, child["id"]]));
        let again = app.school().get(&format!("/partner{there}")).await;
        assert_eq!((again.expect(200), again.etag()), (receipt.expect(200), receipt.etag()));
    }

    async fn a_number_that_is_learned_of_somebody_protected_protects_the_referrals(app: TestApp) {
        let referral = app.submitted(concern_report()).await;
        let reception = cleared(&app, &[RECEPTION]);
        let child = reception.post("/people", json!({ "protection": "marked" })).await.expect(201);
        reception.patch(&path(&child), json!({ "personalIdentityNumber": CHILD }), "*").await.expect(200);
        app.caseworker().get(&format!("/referrals/{referral}")).await.problem(404, "not-found");
        reception.get(&format!("/referrals/{referral}")).await.expect(200);
        assert_eq!(recorded(&app, "referral.rerouted").await.len(), 1);
    }

    async fn a_record_beside_a_protected_one_takes_nothing_over(app: TestApp) {
        app.submitted(concern_report()).await;
        let hidden = cleared(&app, &[RECEPTION]).post("/people", with(numbered(), "/protection", json!("marked"))).await.expect(201);
        let beside = app.caseworker().post("/people", numbered()).await.expect(201);
        assert_eq!(told(&app.caseworker(), &beside).await, ["registered"]);
        assert_eq!(told(&cleared(&app, &[SKAGGETORP, RECEPTION]), &beside).await, ["registered"]);
        assert_eq!(told(&cleared(&app, &[RECEPTION]), &hidden).await.len(), 2);
        assert_eq!(recorded(&app, "referral.linked").await.len(), 1);
    }

    async fn a_referral_that_is_protected_by_its_senders_word_stays_so(app: TestApp) {
        let referral = app.submitted(with(concern_report(), "/child/protectedIdentity", json!("marked"))).await;
        let child = app.reception_caseworker().post("/people", numbered()).await.expect(201);
        app.reception_caseworker().get(&format!("/referrals/{referral}")).await.problem(404, "not-found");
        assert_eq!(told(&app.reception_caseworker(), &child).await, ["registered"]);
        assert_eq!(told(&cleared(&app, &[RECEPTION]), &child).await.len(), 2);
        assert!(recorded(&app, "referral.rerouted").await.is_empty());
    }

    async fn none_is_lost_that_comes_in_at_the_same_moment(app: TestApp) {
        let there = app.another_server().await;
        for round in 0..4 {
            // Skatteverket's numbers come in a row; each round is about another child.
            let number = json!(["20030101-2381", "20030315-2383", "20130315-2399", "20030101-2399"][round]);
            let report = with(concern_report(), "/child/personalIdentityNumber", number.clone());
            let submit = |at: usize| {
                let school = if at.is_multiple_of(2) { app.school() } else { there.school() };
                let report = report.clone();
                async move { school.post("/partner/referrals", report).await.status }
            };
            let register = async {
                app.caseworker().post("/people", json!({ "personalIdentityNumber": number })).await.status
            };
            let (sent, made) = futures_util::future::join(join_all((0..12).map(submit)), register).await;
            assert!(made == 201 && sent.iter().all(|status| *status == 201), "{made} {sent:?}");
            assert_eq!(linked(&app).await, 12 * (round + 1));
        }
    }

    async fn after_the_keys_were_changed_a_child_is_still_recognised(app: TestApp) {
        app.submitted(concern_report()).await;
        app.submitted(crate::support::fixtures::without(concern_report(), "/senderReference")).await;
        let ring = credentials::vault().ring().reveal().parse::<nara::vault::VaultKeys>().unwrap();
        let vault = Vault::new(ring.with_fresh_lookup_key(&Random::system()).unwrap());
        assert_eq!(nara::lookups::rebuild(&app.database().url.parse().unwrap(), &nara::bound_tables::binder(&vault), clock::start().now).unwrap(), 2);
        let renewed = app.another_server_with(|setup| setup.vault = vault).await;
        let child = renewed.caseworker().post("/people", numbered()).await.expect(201);
        assert_eq!(told(&renewed.caseworker(), &child).await.len(), 3);
    }
}
