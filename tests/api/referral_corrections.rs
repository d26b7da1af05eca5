//! Corrections of a referral, and a report of a sibling's own.

use serde_json::{Value, json};

use crate::people::{cleared, recorded};
use crate::referrals::{office, partner_path, path, submit};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, person, support_request, with, without};
use crate::support::{Actor, Answer, Method, TestApp};

async fn correct(actor: &Actor, referral: &Value, patch: Value) -> Answer {
    actor.patch(&path(referral), patch, "*").await
}

/// What happened to a referral, by name.
async fn history(actor: &Actor, referral: &Value) -> Vec<String> {
    let list = actor.get(&format!("{}/history", path(referral))).await.expect(200);
    list["items"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
}

async fn copy(actor: &Actor, referral: &Value, index: u16) -> Answer {
    actor.post(&format!("{}/copy-for-sibling", path(referral)), json!({ "siblingIndex": index })).await
}

on_both_databases! {
    async fn the_child_the_guardians_and_the_urgency_are_corrected(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let before = app.caseworker().get(&path(&receipt)).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let patch = json!({
            "urgency": "immediate",
            "child": { "givenName": "Elis", "school": null, "street": "Nygatan 1" },
            "guardians": [{ "givenName": "Bo", "phone": "013-20 00 02" }, { "givenName": "Alva" }],
        });
        let answer = app.caseworker().patch(&path(&receipt), patch, &before.etag()).await;
        let after = answer.expect(200);
        assert_eq!(after["child"], json!({
            "givenName": "Elis", "familyName": "Påhittad", "personalIdentityNumber": CHILD, "placeName": "Skäggetorp", "street": "Nygatan 1",
        }));
        assert_eq!((&after["urgency"], &after["version"], &after["updatedAt"]), (&json!("immediate"), &json!(2), &json!("2026-11-23T09:01:00Z")));
        assert_eq!(after["guardians"][0]["givenName"], "Bo");
        for same in ["siblings", "needs", "description", "source", "receivedAt", "deadlines", "routing", "officeId", "status"] {
            assert_eq!(after[same], before.json()[same], "{same}");
        }
        assert!(after.get("suggestedRouting").is_none());
        assert_eq!(app.caseworker().get(&path(&receipt)).await.expect(200), after);
        assert_eq!(history(&app.caseworker(), &receipt).await, ["receive", "correct"]);
        assert_eq!(recorded(&app, "referral.corrected").await.len(), 1);
        // What the sender was told does not move.
        assert_eq!(app.school().get(&partner_path(&receipt)).await.expect(200), receipt);
        app.caseworker().patch(&path(&receipt), json!({ "urgency": "soon" }), &before.etag()).await.problem(412, "stale-version");
        app.caseworker().request(Method::PATCH, &path(&receipt)).json(&json!({})).send().await.problem(428, "precondition-required");
    }

    async fn what_is_corrected_keeps_the_rules_and_nothing_else_can_be(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let before = app.caseworker().get(&path(&receipt)).await.expect(200);
        for (patch, problem, pointers) in [
            (json!({ "description": "x" }), "validation-failed", vec!["#/description"]),
            (json!({ "siblings": [] }), "validation-failed", vec!["#/siblings"]),
            (json!({ "status": "accepted" }), "validation-failed", vec!["#/status"]),
            (json!({ "urgency": null }), "validation-failed", vec!["#/urgency"]),
            (json!({ "guardians": [{}, {}, {}] }), "validation-failed", vec!["#/guardians"]),
            (json!({ "child": { "birthYear": 2014 } }), "validation-failed", vec!["#/child/birthYear"]),
            (json!({ "child": null }), "validation-failed", vec!["#/child"]),
            (json!({ "child": { "personalIdentityNumber": null, "placeName": null, "school": null } }), "validation-failed", vec!["#/child"]),
            (json!({ "child": { "givenName": "Saga", "familyName": null, "personalIdentityNumber": null } }), "sibling-is-the-child", vec!["#/siblings/0"]),
            (json!({ "child": { "personId": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e" } }), "unknown-reference", vec!["#/child/personId"]),
        ] {
            let answer = correct(&app.caseworker(), &receipt, patch).await;
            answer.problem(422, problem);
            assert_eq!(answer.pointers(), pointers);
        }
        assert_eq!(app.caseworker().get(&path(&receipt)).await.expect(200), before);
        correct(&app.outreach_worker(), &receipt, json!({})).await.problem(403, "forbidden");
        correct(&app.reception_caseworker(), &receipt, json!({})).await.problem(404, "not-found");
        // A consent was judged when it was given.
        let request = submit(&app.school(), support_request()).await;
        correct(&app.caseworker(), &request, json!({ "child": { "personalIdentityNumber": "20030101-2381" } })).await.expect(200);
        let there = format!("{}/enter-in-error", path(&receipt));
        app.team_lead().post(&there, json!({ "reason": "Fel barn." })).await.expect(200);
        correct(&app.caseworker(), &receipt, json!({ "urgency": "soon" })).await.problem(409, "entered-in-error");
    }

    async fn another_place_suggests_another_office_and_moves_nothing(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let (here, away) = (office(&app, SKAGGETORP).await["id"].clone(), office(&app, "bas-syd").await);
        let districts = app.anyone().get("/districts?limit=100").await.expect(200);
        let south = districts["items"].as_array().unwrap().iter().find(|district| away["areaIds"].as_array().unwrap().contains(&district["areaId"]));
        let south = south.unwrap()["id"].clone();
        let moved = correct(&app.caseworker(), &receipt, json!({ "child": { "districtId": south } })).await.expect(200);
        let suggested = &moved["suggestedRouting"];
        assert_eq!((&moved["officeId"], &moved["routing"]["officeId"]), (&here, &here));
        assert_eq!(suggested["districtId"], south);
        assert_ne!(suggested["officeId"], here);
        let redirects = moved["_links"].as_array().unwrap().iter().any(|link| link["rel"] == "redirect");
        assert!(redirects, "it is for the office to decide");
        let kept = correct(&app.caseworker(), &receipt, json!({ "child": { "knowsOfReport": true } })).await.expect(200);
        assert_eq!(kept["suggestedRouting"], *suggested);
        let back = correct(&app.caseworker(), &receipt, json!({ "child": { "districtId": null } })).await.expect(200);
        assert!(back.get("suggestedRouting").is_none(), "{back}");
        correct(&app.caseworker(), &receipt, json!({ "child": { "districtId": south } })).await.expect(200);
        let redirect = json!({ "officeId": suggested["officeId"], "reason": "moved" });
        app.caseworker().post(&format!("{}/redirect", path(&receipt)), redirect).await.expect(200);
        app.caseworker().get(&path(&receipt)).await.problem(404, "not-found");
    }

    async fn another_number_makes_it_about_somebody_else(app: TestApp) {
        let elias = app.caseworker().post("/people", json!({ "givenName": "Elias", "personalIdentityNumber": CHILD })).await.expect(201);
        let other = json!({ "givenName": "Saga", "personalIdentityNumber": "20030101-2381" });
        let saga = app.reception_caseworker().post("/people", other).await.expect(201);
        let receipt = submit(&app.school(), concern_report()).await;
        let family = app.caseworker().post("/families", json!({ "memberIds": [elias["id"]] })).await.expect(201);
        let first_reached = async || {
            app.caseworker().get(&format!("/families/{}", family["id"].as_str().unwrap())).await.expect(200)["firstReachedThrough"].clone()
        };
        assert_eq!(first_reached().await, "referral");
        assert_eq!(app.caseworker().get(&path(&receipt)).await.expect(200)["child"]["personId"], elias["id"]);
        app.caseworker().get(&crate::people::path(&saga)).await.problem(404, "not-found");
        // Whom a number of another office's belongs to is told only to those who name the person too.
        let quiet = correct(&app.caseworker(), &receipt, json!({ "child": { "personalIdentityNumber": "20030101-2381" } })).await.expect(200);
        assert!(quiet["child"].get("personId").is_none(), "{quiet}");
        app.caseworker().get(&crate::people::path(&saga)).await.problem(404, "not-found");
        let linked = correct(&app.caseworker(), &receipt, json!({ "child": { "personId": saga["id"] } })).await.expect(200);
        assert_eq!(linked["child"]["personId"], saga["id"]);
        app.caseworker().get(&crate::people::path(&saga)).await.expect(200);
        assert_ne!(first_reached().await, "referral", "it is no fact of that family any more");
        let nobody = correct(&app.caseworker(), &receipt, json!({ "child": { "personalIdentityNumber": "20030315-2383" } })).await.expect(200);
        assert!(nobody["child"].get("personId").is_none(), "{nobody}");
        // Somebody who is known without a number stays whom it is about when the number is learnt.
        let known = app.caseworker().post("/people", person()).await.expect(201);
        let named = json!({ "child": { "personId": known["id"], "personalIdentityNumber": null } });
        assert_eq!(correct(&app.caseworker(), &receipt, named).await.expect(200)["child"]["personId"], known["id"]);
        let learnt = json!({ "child": { "personalIdentityNumber": "20030315-2383", "birthYear": null } });
        assert_eq!(correct(&app.caseworker(), &receipt, learnt).await.expect(200)["child"]["personId"], known["id"]);
        let unlinked = correct(&app.caseworker(), &receipt, json!({ "child": { "personId": null } })).await.expect(200);
        assert!(unlinked["child"].get("personId").is_none(), "{unlinked}");
    }

    async fn a_child_who_turns_out_to_be_protected_is_gone_for_those_who_are_not_cleared(app: TestApp) {
        let hidden = json!({ "personalIdentityNumber": "20030101-2381", "protection": "protected_registration" });
        app.protected_identity_caseworker().post("/people", hidden).await.expect(201);
        let south = json!({ "child": { "placeName": "Berga" } });
        for (patch, is_said) in [(json!({ "child": { "protectedIdentity": "marked" } }), true), (json!({ "child": { "personalIdentityNumber": "20030101-2381" } }), false)] {
            let receipt = submit(&app.school(), concern_report()).await;
            correct(&app.caseworker(), &receipt, south.clone()).await.expect(200);
            let corrected = correct(&app.caseworker(), &receipt, patch).await;
            let read = app.caseworker().get(&path(&receipt)).await;
            if is_said {
                assert_eq!(corrected.status, 204);
                read.problem(404, "not-found");
            } else {
                // Whoever does not say it is not told either, and reads their own words.
                assert_eq!(read.expect(200), corrected.expect(200));
                assert!(read.json()["suggestedRouting"].is_object());
            }
            app.team_lead().get(&path(&receipt)).await.problem(404, "not-found");
            app.reception_caseworker().get(&path(&receipt)).await.problem(404, "not-found");
            let read = app.protected_identity_caseworker().get(&path(&receipt)).await.expect(200);
            assert_eq!(read["officeId"], office(&app, RECEPTION).await["id"]);
            assert!(read.get("suggestedRouting").is_none() && read["routing"].get("districtId").is_none(), "{read}");
            assert_eq!(history(&app.protected_identity_caseworker(), &receipt).await, ["receive", "correct", "correct"]);
            assert_eq!(app.school().get(&partner_path(&receipt)).await.expect(200), receipt, "the sender learns nothing");
        }
        assert_eq!((recorded(&app, "referral.rerouted").await.len(), recorded(&app, "referral.hidden").await.len()), (1, 2));
        // What was marked by mistake can go where it belongs.
        let marked = submit(&app.school(), with(concern_report(), "/child/protectedIdentity", json!("marked"))).await;
        let patch = json!({ "child": { "protectedIdentity": null } });
        let open = correct(&app.protected_identity_caseworker(), &marked, patch).await.expect(200);
        assert_eq!(open["suggestedRouting"]["officeId"], office(&app, SKAGGETORP).await["id"]);
        app.reception_caseworker().get(&path(&marked)).await.expect(200);
    }

    async fn a_protection_that_is_registered_later_stands_in_the_history(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let elias = app.caseworker().post("/people", json!({ "givenName": "Elias", "personalIdentityNumber": CHILD })).await.expect(201);
        let second = submit(&app.school(), concern_report()).await;
        cleared(&app, &[SKAGGETORP]).patch(&crate::people::path(&elias), json!({ "protection": "marked" }), "*").await.expect(200);
        for referral in [&receipt, &second] {
            assert_eq!(history(&app.protected_identity_caseworker(), referral).await, ["receive", "reroute"]);
        }
        let third = submit(&app.school(), with(concern_report(), "/child/personalIdentityNumber", json!("20030101-2381"))).await;
        let hidden = json!({ "personalIdentityNumber": "20030101-2381", "protection": "marked" });
        cleared(&app, &[SKAGGETORP]).post("/people", hidden).await.expect(201);
        assert_eq!(history(&app.protected_identity_caseworker(), &third).await, ["receive", "reroute"]);
    }

    async fn nobody_keeps_at_the_reception_what_they_cannot_see_any_more(app: TestApp) {
        let receipt = submit(&app.school(), without(concern_report(), "/child/placeName")).await;
        let reception = app.reception_caseworker();
        let me = app.staff_id(&reception).await;
        reception.post(&format!("{}/assign", path(&receipt)), json!({ "assigneeId": me })).await.expect(200);
        assert_eq!(correct(&reception, &receipt, json!({ "child": { "protectedIdentity": "marked" } })).await.status, 204);
        let moved = cleared(&app, &[RECEPTION]).get(&path(&receipt)).await.expect(200);
        assert!(moved.get("assigneeId").is_none(), "{moved}");
    }

    async fn a_sibling_gets_a_report_of_its_own(app: TestApp) {
        let siblings = json!([{ "name": "Saga Maria Påhittad", "birthYear": 2016, "alsoConcerned": true }, { "alsoConcerned": false }]);
        let receipt = submit(&app.school(), with(concern_report(), "/siblings", siblings.clone())).await;
        let first = app.caseworker().get(&path(&receipt)).await.expect(200);
        app.clock.advance(std::time::Duration::from_secs(3 * 86_400));
        let answer = copy(&app.caseworker(), &receipt, 0).await;
        let made = answer.expect(201);
        assert!(answer.header("location").unwrap().ends_with(&path(&made)));
        assert_eq!(app.caseworker().get(&path(&made)).await.expect(200), made);
        assert_ne!((&made["id"], &made["reference"]), (&first["id"], &first["reference"]));
        assert_eq!(made["child"], json!({ "givenName": "Saga Maria", "familyName": "Påhittad", "birthYear": 2016, "placeName": "Skäggetorp" }));
        assert_eq!(made["siblings"], json!([{ "name": "Elias Påhittad", "birthYear": 2013, "alsoConcerned": true }, { "alsoConcerned": false }]));
        for same in ["source", "guardians", "needs", "description", "urgency", "receivedAt", "officeId", "feedbackRequested"] {
            assert_eq!(made[same], first[same], "{same}");
        }
        let due = |referral: &Value| referral["deadlines"].as_array().unwrap().iter().map(|deadline| deadline["dueAt"].clone()).collect::<Vec<_>>();
        assert_eq!((&made["createdAt"], &first["createdAt"]), (&json!("2026-11-26T09:00:00Z"), &json!("2026-11-23T09:00:00Z")));
        assert_eq!(due(&made), due(&first), "the clocks run from the day on which the office was told");
        assert_eq!((&made["copyOf"], &made["version"]), (&first["id"], &json!(1)));
        let noted = app.caseworker().get(&path(&receipt)).await.expect(200);
        assert_eq!(noted["siblingCopies"], json!([{ "siblingIndex": 0, "referralId": made["id"] }]));
        assert_eq!(history(&app.caseworker(), &receipt).await, ["receive", "copy-for-sibling"]);
        assert_eq!(recorded(&app, "referral.copied_for_sibling").await[0].1, json!([first["id"], made["id"]]));
        // The sender has one more, and the first says what it said.
        assert_eq!(app.school().get(&partner_path(&receipt)).await.expect(200), receipt);
        assert_eq!(app.school().get(&partner_path(&made)).await.expect(200)["status"], "received");
        app.police().get(&partner_path(&made)).await.problem(404, "not-found");
        for (index, detail) in [(0, "has a report already"), (2, "names none of the siblings")] {
            let refused = copy(&app.caseworker(), &receipt, index).await;
            assert_eq!(refused.problem(422, "validation-failed")["errors"], json!([{ "pointer": "#/siblingIndex", "detail": detail }]));
        }
        let nameless = copy(&app.caseworker(), &receipt, 1).await.expect(201);
        assert!(nameless["child"].get("givenName").is_none() && nameless["child"]["placeName"] == "Skäggetorp");
        copy(&app.outreach_worker(), &receipt, 0).await.problem(403, "forbidden");
        copy(&app.reception_caseworker(), &receipt, 0).await.problem(404, "not-found");
        let request = submit(&app.school(), with(support_request(), "/siblings", siblings)).await;
        let refused = copy(&app.caseworker(), &request, 0).await.problem(409, "action-not-allowed");
        assert!(refused["allowedActions"].as_array().unwrap().contains(&json!("accept")), "{refused}");
    }

    async fn of_many_who_copy_at_once_one_does_and_nothing_is_lost(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let caseworker = app.caseworker();
        let all = futures_util::future::join_all((0..8).map(|_| copy(&caseworker, &receipt, 0))).await;
        assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 1);
        assert!(all.iter().all(|answer| [201, 422].contains(&answer.status)), "{all:?}");
        assert_eq!(app.stored_referrals().await, 2);
        let send = async || {
            let there = format!("{}/copy-for-sibling", path(&receipt));
            caseworker.request(Method::POST, &there).json(&json!({ "siblingIndex": 0 })).header("if-match", "\"1\"").send().await
        };
        send().await.problem(412, "stale-version");
    }

    async fn the_sibling_of_a_protected_child_is_hidden_with_it(app: TestApp) {
        let hidden = json!({ "personalIdentityNumber": CHILD, "protection": "marked" });
        app.protected_identity_caseworker().post("/people", hidden).await.expect(201);
        let receipt = submit(&app.school(), without(concern_report(), "/child/school")).await;
        let made = copy(&app.protected_identity_caseworker(), &receipt, 0).await.expect(201);
        assert_eq!(made["officeId"], office(&app, RECEPTION).await["id"]);
        for uncleared in [app.caseworker(), app.reception_caseworker()] {
            uncleared.get(&path(&made)).await.problem(404, "not-found");
        }
        let told = app.school().get(&partner_path(&made)).await.expect(200);
        assert_eq!(told["office"], receipt["office"], "the sender is told the office that follows from its own words");
    }

    async fn what_was_judged_before_stands_in_the_way_of_no_other_correction(app: TestApp) {
        let who_is = app.protected_identity_caseworker();
        let soon = json!({ "urgency": "immediate", "guardians": [{ "givenName": "Bo" }] });
        let refused = |answer: Answer, pointer: &str| assert_eq!((answer.status, answer.pointers()), (422, vec![pointer.to_owned()]));
        // Where somebody with a protected registration lives was told, and is not kept.
        let hidden = json!({ "givenName": "Elias", "placeName": "Berga", "protectedIdentity": "protected_registration" });
        let hidden = submit(&app.school(), with(concern_report(), "/child", hidden)).await;
        assert_eq!(correct(&who_is, &hidden, soon.clone()).await.expect(200)["urgency"], "immediate");
        let marked = json!({ "givenName": "Elias", "placeName": "Berga", "protectedIdentity": "marked" });
        let marked = submit(&app.school(), with(concern_report(), "/child", marked)).await;
        let stronger = json!({ "child": { "placeName": null, "protectedIdentity": "protected_registration" } });
        correct(&who_is, &marked, stronger).await.expect(200);
        // A sibling whose home nobody has told.
        let child = json!({ "givenName": "Elias", "familyName": "Påhittad", "school": "Skäggetorps grundskola (påhittad)" });
        let of_school = submit(&app.school(), with(concern_report(), "/child", child)).await;
        let made = copy(&app.reception_caseworker(), &of_school, 0).await.expect(201);
        correct(&app.reception_caseworker(), &made, soon.clone()).await.expect(200);
        correct(&app.reception_caseworker(), &made, json!({ "child": { "birthYear": 2017 } })).await.expect(200);
        correct(&app.reception_caseworker(), &made, json!({ "child": { "placeName": "Berga" } })).await.expect(200);
        refused(correct(&app.reception_caseworker(), &made, json!({ "child": { "placeName": null } })).await, "#/child");
        // A district that is retired by now.
        let district = app.anyone().get("/districts/skaggetorp-tornby").await.expect(200)["id"].clone();
        let ryd = app.anyone().get("/districts/ryd").await.expect(200)["id"].clone();
        let receipt = submit(&app.school(), with(concern_report(), "/child/districtId", district.clone())).await;
        for retired in ["skaggetorp-tornby", "ryd"] {
            crate::directory_writes::change(&app, &format!("/districts/{retired}"), json!({ "status": "retired" })).await;
        }
        assert_eq!(correct(&app.caseworker(), &receipt, soon).await.expect(200)["child"]["districtId"], district);
        refused(correct(&app.caseworker(), &receipt, json!({ "child": { "districtId": ryd } })).await, "#/child/districtId");
    }
}
