//! Protected identities: who is not cleared meets nothing of them, and nothing that follows from them.

use serde_json::{Value, json};

use crate::people::{cleared, path, recorded};
use crate::referrals::office;
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, person, with, without};
use crate::support::{Actor, Method, TestApp};

/// Everyone at Skäggetorp who is not cleared.
fn uncleared(app: &TestApp) -> [Actor; 3] {
    [app.outreach_worker(), app.caseworker(), app.team_lead()]
}

async fn count(actor: &Actor, path: &str) -> Value {
    actor.get(&format!("{path}?total=true")).await.expect(200)["_meta"]["totalRecords"].clone()
}

async fn child(app: &TestApp) -> Value {
    let body = with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD));
    app.caseworker().post("/people", body).await.expect(201)
}

async fn protect(app: &TestApp, person: &Value, protection: &str) -> Value {
    cleared(app, &[SKAGGETORP]).patch(&path(person), json!({ "protection": protection }), "*").await.expect(200)
}

on_both_databases! {
    async fn who_is_protected_does_not_exist_for_those_who_are_not_cleared(app: TestApp) {
        let child = child(&app).await;
        protect(&app, &child, "marked").await;
        for actor in uncleared(&app) {
            actor.get(&path(&child)).await.problem(404, "not-found");
            actor.get(&format!("{}/timeline", path(&child))).await.problem(404, "not-found");
            actor.patch(&path(&child), json!({ "protection": "none" }), "*").await.problem(404, "not-found");
            actor.post(&format!("{}/move", path(&child)), json!({ "familyId": null, "reason": "x" })).await.problem(404, "not-found");
            for question in [json!({ "name": "Öberg" }), json!({ "personalIdentityNumber": CHILD })] {
                assert_eq!(actor.post("/people/search", question).await.expect(200), json!({ "items": [], "hasMore": false }));
            }
            let joining = actor.post("/families", json!({ "memberIds": [child["id"]] })).await;
            assert_eq!(joining.pointers(), ["#/memberIds/0"]);
        }
        let who_is = cleared(&app, &[SKAGGETORP]);
        assert_eq!(who_is.get(&path(&child)).await.expect(200)["protection"], "marked");
        assert_eq!(who_is.post("/people/search", json!({ "name": "Öberg" })).await.expect(200)["items"].as_array().unwrap().len(), 1);
        cleared(&app, &[RECEPTION]).get(&path(&child)).await.problem(404, "not-found");
    }

    async fn a_protected_member_is_in_no_family_and_leaves_no_trace_in_it(app: TestApp) {
        let (seen, hidden) = (child(&app).await, app.caseworker().post("/people", person()).await.expect(201));
        protect(&app, &hidden, "marked").await;
        let made = app.caseworker().post("/families", json!({ "memberIds": [seen["id"]] })).await;
        let there = format!("/families/{}", made.expect(201)["id"].as_str().unwrap());
        app.clock.advance(std::time::Duration::from_secs(60));
        let joining = json!({ "familyId": made.json()["id"], "reason": "Bor där." });
        cleared(&app, &[SKAGGETORP]).post(&format!("{}/move", path(&hidden)), joining).await.expect(200);
        let read = app.caseworker().get(&there).await;
        assert_eq!((read.expect(200), read.etag()), (made.json(), made.etag()), "to the others nothing has changed");
        let whole = cleared(&app, &[SKAGGETORP]).get(&there).await.expect(200);
        assert_eq!(whole["memberIds"].as_array().unwrap().len(), 2);
        // Their change neither fails nor takes out whom they do not see.
        app.caseworker().patch(&there, json!({ "label": "Familjen" }), &made.etag()).await.expect(200);
        let whole = cleared(&app, &[SKAGGETORP]).get(&there).await.expect(200);
        assert_eq!(whole["memberIds"].as_array().unwrap().len(), 2);
    }

    async fn a_matter_that_is_protected_opens_the_family_to_nobody_who_is_not_cleared(app: TestApp) {
        let (child, sibling) = (child(&app).await, app.caseworker().post("/people", person()).await.expect(201));
        let members = json!({ "memberIds": [child["id"], sibling["id"]], "label": "Familjen" });
        let family = app.caseworker().post("/families", members).await.expect(201);
        let there = format!("/families/{}", family["id"].as_str().unwrap());
        let told = with(concern_report(), "/child/personalIdentityNumber", json!(CHILD));
        app.school().post("/partner/referrals", told.clone()).await.expect(201);
        protect(&app, &child, "marked").await;
        // One was moved to the reception, the other arrives there.
        app.school().post("/partner/referrals", told).await.expect(201);
        let own = app.reception_caseworker().post("/families", json!({ "memberIds": [] })).await.expect(201);
        let merge = json!({ "otherId": family["id"], "reason": "Samma." });
        for reader in [app.reception_caseworker(), app.staff("team_lead", &[RECEPTION])] {
            reader.get(&there).await.problem(404, "not-found");
            reader.get(&format!("{there}/timeline")).await.problem(404, "not-found");
            reader.patch(&there, json!({ "label": "Annan" }), "*").await.problem(404, "not-found");
            let merged = reader.post(&format!("/families/{}/merge", own["id"].as_str().unwrap()), merge.clone()).await;
            assert_eq!(merged.pointers(), ["#/otherId"]);
        }
        let whole = cleared(&app, &[RECEPTION]).get(&there).await.expect(200);
        assert!(whole["memberIds"].as_array().unwrap().contains(&child["id"]), "{whole}");
    }

    async fn a_family_of_nobody_else_does_not_exist(app: TestApp) {
        let child = child(&app).await;
        let make = |members: Value| {
            let actor = app.caseworker();
            async move { actor.post("/families", json!({ "memberIds": members, "label": "Familjen" })).await.expect(201)["id"].as_str().unwrap().to_owned() }
        };
        let (gone, family) = (make(json!([])).await, make(json!([child["id"]])).await);
        app.caseworker().post(&format!("/families/{family}/merge"), json!({ "otherId": gone, "reason": "En familj." })).await.expect(200);
        protect(&app, &child, "marked").await;
        for actor in uncleared(&app) {
            for id in [&family, &gone] {
                actor.get(&format!("/families/{id}")).await.problem(404, "not-found");
                actor.get(&format!("/families/{id}/timeline")).await.problem(404, "not-found");
                actor.patch(&format!("/families/{id}"), json!({ "label": "x" }), "*").await.problem(404, "not-found");
            }
            let into = actor.post("/people", json!({ "familyId": family })).await;
            assert_eq!(into.pointers(), ["#/familyId"]);
        }
        assert_eq!(cleared(&app, &[SKAGGETORP]).get(&format!("/families/{family}")).await.expect(200)["memberIds"], json!([child["id"]]));
    }

    async fn setting_the_protection_sends_open_referrals_to_the_reception_at_once(app: TestApp) {
        let child = child(&app).await;
        let etag = app.caseworker().get(&path(&child)).await.etag();
        let family = app.registered("/families", json!({ "memberIds": [child["id"]] })).await;
        let referral = app.submitted(with(concern_report(), "/child/street", json!("Skogsvägen 77"))).await;
        assert_eq!(count(&app.caseworker(), "/referrals").await, 1);
        // Whoever learns of it may say so, cleared or not; and has then seen the person for the last time.
        app.team_lead().patch(&path(&child), json!({ "languages": ["sv"] }), &etag).await.expect(200);
        app.caseworker().patch(&path(&child), json!({ "protection": "protected_registration" }), &etag).await.problem(412, "stale-version");
        let etag = app.caseworker().get(&path(&child)).await.etag();
        let answer = app.caseworker().patch(&path(&child), json!({ "protection": "protected_registration" }), &etag).await;
        assert!(answer.status == 204 && answer.body.is_empty() && answer.header("etag").is_none(), "{answer:?}");
        for actor in uncleared(&app) {
            actor.get(&format!("/referrals/{referral}")).await.problem(404, "not-found");
            actor.get(&path(&child)).await.problem(404, "not-found");
            actor.get(&format!("/families/{family}")).await.problem(404, "not-found");
            assert_eq!(count(&actor, "/referrals").await, 0);
        }
        cleared(&app, &[SKAGGETORP]).get(&format!("/referrals/{referral}")).await.problem(404, "not-found");
        let reception = cleared(&app, &[RECEPTION]);
        let moved = reception.get(&format!("/referrals/{referral}")).await.expect(200);
        let id = office(&app, RECEPTION).await["id"].clone();
        assert_eq!((&moved["officeId"], &moved["routing"]["officeId"]), (&id, &id));
        for place in ["street", "placeName", "districtId", "postalCode", "whereNow"] {
            assert!(moved["child"].get(place).is_none() && moved["routing"].get(place).is_none(), "{moved}");
        }
        let seen = reception.get(&path(&child)).await.expect(200);
        assert!(seen["protection"] == "protected_registration" && seen.get("address").is_none() && seen.get("districtId").is_none(), "{seen}");
        assert_eq!(count(&reception, &format!("{}/timeline", path(&child))).await, 3);
        assert_eq!(recorded(&app, "person.changed").await.len(), 2);
        assert_eq!(recorded(&app, "referral.rerouted").await, [("referral.rerouted".to_owned(), json!([referral]))]);
    }

    async fn its_sender_learns_nothing_when_the_protection_is_set(app: TestApp) {
        let child = child(&app).await;
        let referral = format!("/partner/referrals/{}", app.submitted(concern_report()).await);
        let before = app.school().get(&referral).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        protect(&app, &child, "marked").await;
        let after = app.school().get(&referral).await;
        assert_eq!((after.expect(200), after.etag()), (before.expect(200), before.etag()));
        // Nor does a later one tell, whose sender names the same child.
        let later = app.school().post("/partner/referrals", concern_report()).await.expect(201);
        assert_eq!(later["office"], before.json()["office"]);
        let id = later["id"].as_str().unwrap();
        app.caseworker().get(&format!("/referrals/{id}")).await.problem(404, "not-found");
        cleared(&app, &[RECEPTION]).get(&format!("/referrals/{id}")).await.expect(200);
    }

    async fn a_stronger_protection_takes_the_whereabouts_out_of_referrals_that_are_protected_already(app: TestApp) {
        let child = child(&app).await;
        let referral = app.submitted(with(concern_report(), "/child/street", json!("Skogsvägen 77"))).await;
        protect(&app, &child, "marked").await;
        let reception = cleared(&app, &[RECEPTION]);
        let there = format!("/referrals/{referral}");
        assert_eq!(reception.get(&there).await.expect(200)["child"]["street"], "Skogsvägen 77");
        let both = cleared(&app, &[SKAGGETORP, RECEPTION]);
        both.patch(&path(&child), json!({ "protection": "protected_registration" }), "*").await.expect(200);
        let read = reception.get(&there).await.expect(200);
        assert!(read["child"].get("street").is_none() && read["child"].get("placeName").is_none(), "{read}");
        assert_eq!(recorded(&app, "referral.rerouted").await.len(), 1, "it was there already");
    }

    async fn a_family_that_does_not_exist_for_others_is_merged_into_none_that_does(app: TestApp) {
        let child = child(&app).await;
        let family = app.registered("/families", json!({ "memberIds": [] })).await;
        let hidden = app.registered("/families", json!({ "memberIds": [child["id"]], "label": "Familjen" })).await;
        protect(&app, &child, "marked").await;
        let merge = json!({ "otherId": hidden, "reason": "En familj." });
        let refused = cleared(&app, &[SKAGGETORP]).post(&format!("/families/{family}/merge"), merge).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["#/otherId".to_owned()]));
        app.caseworker().get(&format!("/families/{hidden}")).await.problem(404, "not-found");
    }

    async fn where_somebody_with_a_protected_registration_lives_is_never_stored(app: TestApp) {
        let district = app.anyone().get("/districts/ryd").await.expect(200)["id"].clone();
        let body = with(with(person(), "/protection", json!("protected_registration")), "/districtId", district);
        let who_is = cleared(&app, &[SKAGGETORP]);
        let made = who_is.post("/people", body).await.expect(201);
        let address = json!({ "street": "Skogsvägen 77", "postalCode": "58644", "locality": "Linköping" });
        let changed = who_is.patch(&path(&made), json!({ "address": address }), "*").await.expect(200);
        for view in [made, changed] {
            assert!(view.get("address").is_none() && view.get("districtId").is_none(), "{view}");
        }
        // The database has no readable column either that tells where a marked person lives.
        let marked = with(with(person(), "/protection", json!("marked")), "/districtId", app.anyone().get("/districts/ryd").await.json()["id"].clone());
        assert!(who_is.post("/people", marked).await.expect(201)["districtId"].is_string());
        let db = app.db();
        let districts = db.read(|conn| {
            use diesel::prelude::*;
            Ok(nara::db::schema::people::table.select(nara::db::schema::people::district_id).load::<Option<nara::id::DistrictId>>(conn)?)
        });
        assert_eq!(districts.await.unwrap(), [None, None]);
    }

    async fn a_referral_about_a_protected_person_is_protected_whatever_its_sender_knows(app: TestApp) {
        let child = child(&app).await;
        protect(&app, &child, "protected_registration").await;
        let referral = app.submitted(concern_report()).await;
        app.caseworker().get(&format!("/referrals/{referral}")).await.problem(404, "not-found");
        app.reception_caseworker().get(&format!("/referrals/{referral}")).await.problem(404, "not-found");
        let view = cleared(&app, &[RECEPTION]).get(&format!("/referrals/{referral}")).await.expect(200);
        assert!(view["child"].get("placeName").is_none(), "{view}");
        cleared(&app, &[RECEPTION]).get(&path(&child)).await.expect(200);
    }

    async fn what_first_reached_a_family_is_not_told_where_it_would_tell_of_somebody_protected(app: TestApp) {
        let (hidden, seen) = (child(&app).await, app.caseworker().post("/people", person()).await.expect(201));
        let family = app.registered("/families", json!({ "memberIds": [hidden["id"], seen["id"]] })).await;
        let there = format!("/families/{family}");
        app.submitted(concern_report()).await;
        assert!(app.caseworker().get(&there).await.expect(200)["firstReachedAt"].is_string());
        protect(&app, &hidden, "marked").await;
        assert!(app.caseworker().get(&there).await.expect(200).get("firstReachedAt").is_none());
        assert!(cleared(&app, &[SKAGGETORP]).get(&there).await.expect(200)["firstReachedAt"].is_string());
    }

    async fn a_protected_matter_that_is_reopened_is_received_by_the_reception(app: TestApp) {
        let child = child(&app).await;
        let id = app.submitted(with(concern_report(), "/feedbackRequested", json!(false))).await;
        let there = format!("/referrals/{id}");
        for action in ["assign", "assess-protection", "decide-inquiry"] {
            app.step(&id, action).await;
        }
        protect(&app, &child, "marked").await;
        assert!(cleared(&app, &[RECEPTION]).get(&there).await.status == 404, "at its end it stays where it was");
        let mut claims = crate::support::credentials::claims("lead", "team_lead", &[SKAGGETORP]);
        claims["protectedIdentity"] = json!(true);
        let lead = app.with_claims(claims);
        let reopen = || lead.request(Method::POST, &format!("{there}/reopen")).header("idempotency-key", "a");
        let answer = reopen().json(&app.step_body("reopen").await).send().await.expect(200);
        let reception = cleared(&app, &[RECEPTION]).get(&there).await.expect(200);
        assert_eq!((&reception["officeId"], &reception["status"]), (&office(&app, RECEPTION).await["id"], &json!("received")));
        assert!(reception.get("assigneeId").is_none() && reception["officeId"] == answer["officeId"], "{reception}");
        lead.get(&there).await.problem(404, "not-found");
        assert_eq!(reopen().json(&app.step_body("reopen").await).send().await.expect(200), answer, "who did not hear the answer asks again");
        assert_eq!(count(&cleared(&app, &[RECEPTION]), "/referrals").await, 1);
    }

    async fn what_is_still_due_of_a_protected_matter_is_the_receptions(app: TestApp) {
        let child = child(&app).await;
        let asked = app.submitted(concern_report()).await;
        let later = app.submitted(with(concern_report(), "/feedbackRequested", json!(false))).await;
        for (id, action) in [(&asked, "assess-protection"), (&asked, "decide-inquiry"), (&later, "assess-protection"), (&later, "decide-inquiry")] {
            app.step(id, action).await;
        }
        protect(&app, &child, "marked").await;
        let who_is = app.protected_identity_caseworker();
        assert_eq!(app.steps(&who_is, &asked, "send-feedback").await.expect(200)["status"], "handed_over");
        // Asked for later, it is due then.
        who_is.get(&format!("/referrals/{later}")).await.problem(404, "not-found");
        let before = app.school().get(&format!("/partner/referrals/{later}")).await.expect(200);
        let told = app.school().post(&format!("/partner/referrals/{later}/request-feedback"), json!({})).await.expect(200);
        assert_eq!(told["office"], before["office"]);
        app.steps(&who_is, &later, "send-feedback").await.expect(200);
    }

    async fn a_matter_that_is_protected_opens_the_person_to_nobody_who_is_not_cleared(app: TestApp) {
        let child = child(&app).await;
        let told = with(concern_report(), "/child/personalIdentityNumber", json!(CHILD));
        app.school().post("/partner/referrals", with(told.clone(), "/child/protectedIdentity", json!("marked"))).await.expect(201);
        let corrected = app.submitted(told).await;
        let marked = json!({ "child": { "protectedIdentity": "marked" } });
        assert_eq!(app.caseworker().patch(&format!("/referrals/{corrected}"), marked, "*").await.status, 204);
        for reader in [app.reception_caseworker(), app.staff("team_lead", &[RECEPTION])] {
            reader.get(&path(&child)).await.problem(404, "not-found");
            for question in [json!({ "name": "Öberg" }), json!({ "personalIdentityNumber": CHILD })] {
                assert_eq!(reader.post("/people/search", question).await.expect(200)["items"], json!([]));
            }
        }
        cleared(&app, &[RECEPTION]).get(&path(&child)).await.expect(200);
        // Where the office has met the person before, and after what is open, everybody of it knows.
        app.caseworker().get(&path(&child)).await.expect(200);
        let open = app.referral_for("redirect").await;
        app.step(&open, "redirect").await;
        app.reception_caseworker().get(&path(&child)).await.expect(200);
    }
}
