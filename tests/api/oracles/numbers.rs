//! Each operation that takes an identity number, in worlds that differ only in who bears it: the whole exchange is the same, with all
//! that its caller reads afterwards, and so are the records.

use std::time::Duration;

use serde_json::{Value, json};

use super::transcript::Transcript;
use super::worlds::{ALL, Bearer, HIDDEN, World, are_alike, look_around, look_at_person, look_at_referral};
use crate::outreach::{path as contact_path, put};
use crate::outreach_reports::{internal, urgent};
use crate::people::{cleared, path as person_path, recorded};
use crate::referrals::{partner_path, path, submit};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, contact, follow_up, person, private_report, with, without};
use crate::support::{Actor, Answer, Method, TestApp};

/// The tests that the table of operations names.
pub const TESTS: [&str; 8] = [
    "registering_a_person",
    "changing_a_person",
    "searching_for_people",
    "making_a_referral",
    "correcting_a_referral",
    "an_agency_reporting",
    "an_urgent_contact",
    "a_kept_promise",
];

/// What is told of the child whose number is tried.
fn child() -> Value {
    json!({
        "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": CHILD, "placeName": "Skäggetorp",
        "street": "Påhittade gatan 7", "postalCode": "58644", "whereNow": "Hos en granne",
    })
}

/// A call that can be repeated.
async fn keyed(actor: &Actor, path: &str, body: &Value) -> Answer {
    actor.request(Method::POST, path).header("idempotency-key", "the-same").json(body).send().await
}

/// The members of staff of one office, none of whom is cleared.
fn probers(app: &TestApp) -> [Actor; 3] {
    [app.outreach_worker(), app.caseworker(), app.team_lead()]
}

/// A referral of the school, in which no number stands.
async fn without_number(app: &TestApp) -> Value {
    let unknown = json!({ "givenName": "Elias", "familyName": "Påhittad", "placeName": "Skäggetorp" });
    submit(&app.school(), with(concern_report(), "/child", unknown)).await
}

on_both_databases! {
    async fn making_a_referral(app: TestApp) {
        for prober in 0..3 {
            for body in [with(private_report(), "/child", child()), with(private_report(), "/child", without(child(), "/placeName"))] {
                are_alike(&app, &ALL, async |world: &TestApp, seen: &mut Transcript| {
                    let prober = probers(world)[prober].clone();
                    let made = keyed(&prober, "/referrals", &body).await;
                    seen.saw("made", &made);
                    let referral = made.expect(201);
                    look_at_referral(&prober, &referral, seen).await;
                    let unchanged = prober.request(Method::GET, &path(&referral)).header("if-none-match", made.etag());
                    seen.saw("unchanged", &unchanged.send().await);
                    seen.saw("replayed", &keyed(&prober, "/referrals", &body).await);
                    world.clock.advance(Duration::from_secs(23 * 3600));
                    look_at_referral(&prober, &referral, seen).await;
                })
                .await;
            }
        }
    }

    async fn naming_ones_own_person_in_a_referral(app: TestApp) {
        for mistaken in [false, true] {
            are_alike(&app, &ALL, async |world: &TestApp, seen: &mut Transcript| {
                let prober = world.caseworker();
                let own = prober.post("/people", without(person(), "/birthYear")).await.expect(201);
                world.clock.advance(Duration::from_secs(1));
                let named = json!({ "personId": own["id"], "personalIdentityNumber": CHILD, "birthDate": if mistaken { "1950-01-01" } else { "2013-03-15" } });
                let made = prober.post("/referrals", with(private_report(), "/child", named)).await;
                assert_eq!(made.status, if mistaken { 422 } else { 201 });
                seen.saw("made", &made);
                if !mistaken {
                    look_at_referral(&prober, &made.json(), seen).await;
                    look_at_person(&prober, &own, seen).await;
                }
                // What comes at the same moment has no order in a list.
                world.clock.advance(Duration::from_secs(1));
                let report = without_number(world).await;
                let named = json!({ "child": { "personId": own["id"], "personalIdentityNumber": CHILD, "birthDate": if mistaken { json!("1950-01-01") } else { Value::Null } } });
                let corrected = prober.patch(&path(&report), named, "*").await;
                seen.saw("corrected", &corrected);
                look_at_referral(&prober, &report, seen).await;
            })
            .await;
        }
    }

    async fn correcting_a_referral(app: TestApp) {
        for prober in 1..3 {
            for (more, status) in [(json!({}), 200), (json!({ "placeName": "Berga", "street": "Nygatan 1" }), 200), (json!({ "protectedIdentity": "marked" }), 204)] {
                are_alike(&app, &ALL, async |world: &TestApp, seen: &mut Transcript| {
                    let prober = probers(world)[prober].clone();
                    let referral = without_number(world).await;
                    prober.post(&format!("{}/messages", path(&referral)), json!({ "text": "Hur gammalt är barnet?" })).await.expect(201);
                    world.clock.advance(Duration::from_secs(60));
                    let mut child = more.clone();
                    child["personalIdentityNumber"] = json!(CHILD);
                    let etag = prober.get(&path(&referral)).await.etag();
                    let corrected = prober.patch(&path(&referral), json!({ "child": child }), &etag).await;
                    assert_eq!(corrected.status, status, "{corrected:?}");
                    seen.saw("corrected", &corrected);
                    look_at_referral(&prober, &referral, seen).await;
                    // Its sender is told nothing either.
                    seen.saw("receipt", &world.school().get(&partner_path(&referral)).await);
                    world.clock.advance(Duration::from_secs(22 * 3600));
                    look_at_referral(&prober, &referral, seen).await;
                })
                .await;
            }
        }
    }

    async fn registering_a_person(app: TestApp) {
        let body = json!({ "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": CHILD });
        for reported in ["not at all", "by the prober", "by a school"] {
            are_alike(&app, &HIDDEN, async |world: &TestApp, seen: &mut Transcript| {
                let prober = world.caseworker();
                let report = match reported {
                    "by the prober" => Some(prober.post("/referrals", with(private_report(), "/child", child())).await.expect(201)),
                    "by a school" => {
                        let report = without_number(world).await;
                        world.clock.advance(Duration::from_secs(60));
                        let number = json!({ "child": { "personalIdentityNumber": CHILD } });
                        prober.patch(&path(&report), number, "*").await.expect(200);
                        Some(report)
                    }
                    _ => None,
                };
                world.clock.advance(Duration::from_secs(60));
                let made = keyed(&prober, "/people", &body).await;
                seen.saw("made", &made);
                seen.saw("replayed", &keyed(&prober, "/people", &body).await);
                seen.saw("again", &prober.post("/people", body.clone()).await);
                if let Some(report) = &report {
                    seen.saw("report", &prober.get(&path(report)).await);
                    seen.saw("history", &prober.get(&format!("{}/history", path(report))).await);
                } else {
                    look_at_person(&prober, &made.json(), seen).await;
                    let of_own = json!({ "personId": made.json()["id"] });
                    let referral = prober.post("/referrals", with(private_report(), "/child", of_own)).await;
                    seen.saw("referral", &referral);
                    seen.saw("read", &prober.get(&path(&referral.expect(201))).await);
                }
            })
            .await;
        }
        let world = World::of(Bearer::Elsewhere, &app).await;
        let known = world.app.caseworker().post("/people", body).await.expect(200);
        assert_eq!(recorded(&world.app, "person.linked").await, [("person.linked".to_owned(), json!([known["id"]]))]);
    }

    async fn changing_a_person(app: TestApp) {
        are_alike(&app, &HIDDEN, async |world: &TestApp, seen: &mut Transcript| {
            let prober = world.caseworker();
            let own = prober.post("/people", without(person(), "/birthYear")).await.expect(201);
            world.clock.advance(Duration::from_secs(60));
            let number = json!({ "personalIdentityNumber": CHILD });
            seen.saw("changed", &prober.patch(&person_path(&own), number, "\"1\"").await);
            look_at_person(&prober, &own, seen).await;
        })
        .await;
        let world = World::of(Bearer::Elsewhere, &app).await;
        let own = world.app.caseworker().post("/people", without(person(), "/birthYear")).await.expect(201);
        let taken = world.app.caseworker().patch(&person_path(&own), json!({ "personalIdentityNumber": CHILD }), "*").await;
        taken.problem(409, "already-exists");
        assert_eq!(recorded(&world.app, "person.linked").await.len(), 1);
    }

    async fn searching_for_people(app: TestApp) {
        are_alike(&app, &ALL, async |world: &TestApp, seen: &mut Transcript| {
            for prober in probers(world) {
                look_around(&prober, seen).await;
            }
        })
        .await;
    }

    async fn an_agency_reporting(app: TestApp) {
        are_alike(&app, &ALL, async |world: &TestApp, seen: &mut Transcript| {
            for sender in [world.school(), world.police(), world.association()] {
                let report = with(without(concern_report(), "/senderReference"), "/child", child());
                let sent = keyed(&sender, "/partner/referrals", &report).await;
                seen.saw("sent", &sent);
                seen.saw("replayed", &keyed(&sender, "/partner/referrals", &report).await);
                seen.saw("read", &sender.get(&partner_path(&sent.expect(201))).await);
                seen.saw("messages", &sender.get(&format!("{}/messages", partner_path(&sent.json()))).await);
                seen.saw("list", &sender.get("/partner/referrals?total=true").await);
            }
        })
        .await;
    }

    async fn an_urgent_contact(app: TestApp) {
        const ID: &str = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
        let body = with(with(urgent(), "/child", child()), "/followUp", json!({ "dueOn": "2026-12-04" }));
        are_alike(&app, &ALL, async |world: &TestApp, seen: &mut Transcript| {
            let prober = world.outreach_worker();
            let made = keyed(&prober, "/outreach-contacts", &body).await;
            // What comes at the same moment has no order in a list.
            world.clock.advance(Duration::from_secs(1));
            let by_put = put(&prober, ID, &body).await;
            world.clock.advance(Duration::from_secs(1));
            let batch = prober.post("/outreach-contacts/batch", json!({ "items": [body] })).await;
            for (what, answer) in [("made", &made), ("put", &by_put), ("batch", &batch)] {
                seen.saw(what, answer);
            }
            seen.saw("replayed", &keyed(&prober, "/outreach-contacts", &body).await);
            seen.saw("put again", &put(&prober, ID, &body).await);
            for contact in [made.json(), by_put.json()] {
                let read = prober.get(&contact_path(&contact)).await;
                seen.saw("contact", &read);
                let report = json!({ "id": read.json()["referralId"], "reference": "R-7K3M-9QFC" });
                look_at_referral(&prober, &report, seen).await;
            }
            // Colleagues are led to no referral that they could not find.
            for colleague in [world.caseworker(), world.team_lead()] {
                let read = colleague.get(&contact_path(&made.json())).await;
                assert!(read.expect(200).get("referralId").is_none());
                seen.saw("contact of a colleague", &read);
                seen.saw("versions", &world.team_lead().get(&format!("{}/versions", contact_path(&made.json()))).await);
            }
            world.clock.advance(Duration::from_secs(25 * 3600));
            let read = prober.get(&contact_path(&made.json())).await;
            assert!(read.expect(200).get("referralId").is_none());
        })
        .await;
    }

    async fn a_kept_promise(app: TestApp) {
        are_alike(&app, &ALL, async |world: &TestApp, seen: &mut Transcript| {
            let (prober, followed) = (world.outreach_worker(), world.contact().await);
            let promise = prober.post("/follow-ups", follow_up(&followed)).await.expect(201);
            let there = format!("/follow-ups/{}", promise["id"].as_str().unwrap());
            world.clock.advance(Duration::from_secs(1));
            let kept = json!({ "result": "Elias vill ha hjälp.", "contact": contact(), "referral": with(internal(), "/child", child()) });
            let done = keyed(&prober, &format!("{there}/complete"), &kept).await;
            seen.saw("kept", &done);
            seen.saw("replayed", &keyed(&prober, &format!("{there}/complete"), &kept).await);
            seen.saw("promise", &prober.get(&there).await);
            let report = json!({ "id": done.expect(200)["nextReferralId"], "reference": "R-7K3M-9QFC" });
            look_at_referral(&prober, &report, seen).await;
            let colleague = world.caseworker().get(&there).await;
            assert!(colleague.expect(200).get("nextReferralId").is_none());
            seen.saw("promise of a colleague", &colleague);
        })
        .await;
    }

    async fn own_words_are_read_for_a_day_and_nothing_more(app: TestApp) {
        let hidden = json!({ "personalIdentityNumber": CHILD, "protection": "protected_registration" });
        cleared(&app, &[RECEPTION]).post("/people", hidden).await.expect(201);
        let maker = app.caseworker();
        let made = maker.post("/referrals", with(private_report(), "/child", child())).await.expect(201);
        let read = maker.get(&path(&made)).await.expect(200);
        assert_eq!(read, made);
        assert_eq!(read["child"]["street"], "Påhittade gatan 7");
        // Nobody else reads them, nor does the maker act on them.
        for other in [app.outreach_worker(), app.team_lead(), app.reception_caseworker(), app.staff("caseworker", &[SKAGGETORP, RECEPTION])] {
            other.get(&path(&made)).await.problem(404, "not-found");
        }
        let assess = json!({ "immediateNeed": false, "assessedAt": "2026-11-23T09:00:00Z" });
        maker.post(&format!("{}/assess-protection", path(&made)), assess.clone()).await.problem(404, "not-found");
        // What becomes of it is not told by them.
        let who_is = app.protected_identity_caseworker();
        who_is.post(&format!("{}/assess-protection", path(&made)), assess).await.expect(200);
        who_is.patch(&path(&made), json!({ "urgency": "immediate" }), "*").await.expect(200);
        assert_eq!(maker.get(&path(&made)).await.expect(200), made);
        assert!(who_is.get(&path(&made)).await.expect(200)["child"].get("street").is_none());
        assert_eq!(recorded(&app, "referral.hidden").await, [("referral.hidden".to_owned(), json!([made["id"]]))]);
        app.clock.advance(Duration::from_secs(24 * 3600));
        maker.get(&path(&made)).await.problem(404, "not-found");
        assert_eq!(maker.get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
    }

    async fn a_person_of_another_office_is_named_with_the_number_and_so_opened(app: TestApp) {
        let body = json!({ "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": CHILD });
        let theirs = app.reception_caseworker().post("/people", body.clone()).await.expect(201);
        let maker = app.caseworker();
        let unnamed = maker.post("/referrals", with(private_report(), "/child", child())).await.expect(201);
        assert!(unnamed["child"].get("personId").is_none(), "{unnamed}");
        maker.get(&person_path(&theirs)).await.problem(404, "not-found");
        let known = maker.post("/people", body).await.expect(200);
        let by_id_alone = maker.post("/referrals", with(private_report(), "/child", json!({ "personId": known["id"] }))).await;
        by_id_alone.problem(422, "unknown-reference");
        let named = json!({ "personId": known["id"], "personalIdentityNumber": CHILD, "placeName": "Skäggetorp" });
        let made = maker.post("/referrals", with(private_report(), "/child", named)).await.expect(201);
        assert_eq!(made["child"]["personId"], known["id"]);
        maker.get(&person_path(&theirs)).await.expect(200);
        let record = recorded(&app, "referral.created").await;
        assert!(record.iter().any(|(_, ids)| *ids == json!([made["id"], known["id"]])), "{record:?}");
        // Both count for the person: when the identity is protected later, both are hidden.
        cleared(&app, &[RECEPTION]).patch(&person_path(&theirs), json!({ "protection": "marked" }), "*").await.expect(200);
        for referral in [&unnamed, &made] {
            app.team_lead().get(&path(referral)).await.problem(404, "not-found");
            assert_eq!(app.protected_identity_caseworker().get(&path(referral)).await.expect(200)["child"]["personId"], known["id"]);
        }
    }
}

#[actix_web::test]
async fn a_number_comes_from_the_searches_too() {
    let few = |setup: &mut nara::server::Setup| {
        let rate = |text: &str| text.parse().unwrap();
        setup.limits = Some(nara::config::limits::Rates {
            anonymous: rate("100/s"),
            read: rate("100/s"),
            write: rate("100/s"),
            search: rate("1/h:2"),
            sign_in: rate("100/s"),
        });
    };
    let referral = with(private_report(), "/child", child());
    let person_of = json!({ "personalIdentityNumber": CHILD });
    for operation in ["referral", "person", "contact", "put", "change", "correct"] {
        let app = TestApp::start_with(few).await;
        let prober = app.outreach_worker();
        let own = app.caseworker().post("/people", json!({ "givenName": "Elias" })).await.expect(201);
        let sent = without_number(&app).await;
        let call = async || match operation {
            "referral" => prober.post("/referrals", referral.clone()).await,
            "person" => prober.post("/people", person_of.clone()).await,
            "contact" => prober.post("/outreach-contacts", urgent()).await,
            "put" => put(&prober, &crate::support::fixtures::fresh_id(), &urgent()).await,
            "change" => {
                app.team_lead()
                    .patch(
                        &person_path(&own),
                        json!({ "personalIdentityNumber": "20030101-2381", "birthYear": 1990 }),
                        "*",
                    )
                    .await
            }
            _ => {
                app.team_lead()
                    .patch(
                        &path(&sent),
                        json!({ "child": { "personalIdentityNumber": CHILD, "birthYear": 1990 } }),
                        "*",
                    )
                    .await
            }
        };
        for _ in 0..2 {
            assert_ne!(call().await.status, 429, "{operation}");
        }
        let refused = call().await;
        refused.problem(429, "rate-limited");
        assert!(refused.header("ratelimit").unwrap().starts_with("\"search\";r=0"), "{operation}: {refused:?}");
        // Nothing else is refused.
        prober.post("/referrals", private_report()).await.expect(201);
        prober.post("/outreach-contacts", contact()).await.expect(201);
    }
    // A batch is no way round it: each of its numbers counts, and what is refused can be sent again.
    let app = TestApp::start_with(few).await;
    let batch = json!({ "items": [urgent(), urgent(), urgent(), contact()] });
    let answer = app.outreach_worker().post("/outreach-contacts/batch", batch).await.expect(200);
    let statuses: Vec<&Value> = answer["items"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [&json!(201), &json!(201), &json!(429), &json!(201)]);
}
