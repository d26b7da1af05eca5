//! The directory, written by administrators. Boundaries have `directory_boundaries.rs`.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::RECEPTION;
use crate::support::fixtures::{concern_report, support_request, with, without};
use crate::support::{Method, TestApp};

/// Changes something of the directory, whatever its version.
pub async fn change(app: &TestApp, path: &str, patch: Value) -> Value {
    let administrator = app.administrator();
    let etag = administrator.get(path).await.etag();
    administrator.patch(path, patch, &etag).await.expect(200)
}

/// What was changed since the directory was imported, in the order of time.
pub async fn changes(app: &TestApp) -> Vec<String> {
    app.audit_actions().await.into_iter().filter(|action| action != "directory.imported").collect()
}

fn new_area() -> Value {
    json!({"slug": "mitt", "name": {"sv": "Mitt", "en": "Centre"}, "description": {"sv": "Innerstaden."}})
}

fn new_office() -> Value {
    json!({
        "slug": "ryd", "name": {"sv": "Mötesplats Ryd"}, "kind": "drop_in", "status": "open", "areaIds": ["vaster"],
        "languages": ["sv", "so"], "accessibility": ["wheelchair_entrance"], "serviceIds": ["bokat-samtal"], "openedOn": "2026-11",
    })
}

fn new_service() -> Value {
    json!({
        "slug": "lovstod", "name": {"sv": "Lovstöd"}, "description": {"sv": "Något att göra på loven."},
        "orientation": "preventive", "provision": "provider", "needsAssessment": false, "identityExempt": true,
        "ages": {"from": 6, "to": 15}, "needs": ["leisure"], "languages": ["sv"], "officeIds": [],
    })
}

/// Each kind with a body of its own, and the path that it gets.
fn kinds() -> [(&'static str, Value, &'static str); 3] {
    [
        ("/areas", new_area(), "/areas/mitt"),
        ("/offices", new_office(), "/offices/ryd"),
        ("/services", new_service(), "/services/lovstod"),
    ]
}

on_both_databases! {
    async fn what_an_administrator_creates_is_there_at_once_for_everyone(app: TestApp) {
        for (list, body, path) in kinds() {
            let created = app.administrator().post(list, body.clone()).await;
            let told = created.expect(201);
            assert!(created.header("location").unwrap().ends_with(&format!("/nara/v1{path}")));
            let read = app.anyone().get(path).await;
            assert_eq!(read.expect(200), told);
            assert_eq!(read.etag(), created.etag());
            for field in body.as_object().unwrap().keys().filter(|field| !field.ends_with("Ids")) {
                assert_eq!(told[field], body[field], "{path} {field}");
            }
        }
        let office = app.anyone().get("/offices/ryd").await.expect(200);
        assert!(office.get("address").is_none(), "an office can be open without premises");
        let service = app.anyone().get("/services/bokat-samtal").await.expect(200);
        assert!(service["officeIds"].as_array().unwrap().contains(&office["id"]));
        let mut actions = changes(&app).await;
        actions.sort_unstable();
        assert_eq!(actions, ["area.created", "office.created", "service.created"]);
    }

    async fn each_change_leaves_one_record_and_a_new_version(app: TestApp) {
        for (list, body, path) in kinds() {
            let before = app.audit().await.len();
            app.clock.advance(std::time::Duration::from_secs(3600));
            let noun = &path[1..path.rfind('/').unwrap() - 1];
            let created = app.administrator().post(list, body).await;
            let id = created.json()["id"].clone();
            app.clock.advance(std::time::Duration::from_secs(60));
            let changed = app.administrator().patch(path, json!({"name": {"sv": "Nytt namn"}}), &created.etag()).await;
            assert_eq!(changed.expect(200)["name"]["sv"], "Nytt namn");
            assert_ne!(changed.json()["updatedAt"], created.json()["updatedAt"]);
            assert_ne!(changed.etag(), created.etag());
            app.administrator().patch(path, json!({"slug": "x"}), &created.etag()).await.problem(412, "stale-version");
            app.administrator().delete(path, &created.etag()).await.problem(412, "stale-version");
            app.clock.advance(std::time::Duration::from_secs(60));
            app.administrator().delete(path, &changed.etag()).await.expect(204);
            app.anyone().get(path).await.problem(404, "not-found");
            let records = app.audit().await.split_off(before);
            let actions: Vec<_> = records.iter().map(|(_, action, ids)| (action.clone(), ids.clone())).collect();
            let expected = ["created", "changed", "deleted"].map(|what| (format!("{noun}.{what}"), json!([id])));
            assert_eq!(actions, expected);
            assert!(records.iter().all(|(actor, ..)| actor.starts_with("staff:")));
        }
    }

    async fn a_change_needs_the_version_that_was_read(app: TestApp) {
        for path in ["/areas/norr", "/districts/ryd", "/offices/skaggetorp", "/services/bokat-samtal"] {
            let request = |method: Method| app.administrator().request(method, path);
            request(Method::PATCH).json(&json!({"name": {"sv": "X"}})).send().await.problem(428, "precondition-required");
            request(Method::DELETE).send().await.problem(428, "precondition-required");
            for stale in ["\"7-0123456789abcdef\"", "\"x\"", "nonsense", "W/\"1-0\""] {
                app.administrator().patch(path, json!({"name": {"sv": "X"}}), stale).await.problem(412, "stale-version");
            }
            app.administrator().patch(path, json!({"name": {"en": "X"}}), "*").await.expect(200);
        }
    }

    async fn a_patch_merges_and_null_takes_away(app: TestApp) {
        let office = change(&app, "/offices/skaggetorp", json!({"name": {"ar": "سكيغتورب"}, "entranceNote": null, "address": {"locality": "Skäggetorp"}})).await;
        assert_eq!(office["name"]["sv"], "Nära socialtjänst Skäggetorp");
        assert_eq!(office["name"]["ar"], "سكيغتورب");
        assert_eq!(office["address"], json!({"street": "Skäggetorps Centrum 1", "postalCode": "58644", "locality": "Skäggetorp"}));
        assert!(office.get("entranceNote").is_none());
        let administrator = app.administrator();
        let etag = administrator.get("/offices/skaggetorp").await.etag();
        for (patch, pointer) in [
            (json!({"name": null}), "#/name"),
            (json!({"name": {"sv": null}}), "#/name"),
            (json!({"status": null}), "#/status"),
            (json!({"id": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"}), "#/id"),
            (json!({"address": {"postalCode": "5864"}}), "#/address/postalCode"),
        ] {
            let answer = administrator.patch("/offices/skaggetorp", patch.clone(), &etag).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), [pointer], "{patch}");
        }
        assert_eq!(administrator.get("/offices/skaggetorp").await.etag(), etag);
    }

    async fn what_is_retired_stays_and_can_be_taken_back(app: TestApp) {
        for (path, retired, active) in [
            ("/areas/norr", "retired", "active"),
            ("/districts/ryd", "retired", "active"),
            ("/services/bokat-samtal", "retired", "active"),
            ("/offices/rad-och-stod", "closed", "open"),
        ] {
            assert_eq!(change(&app, path, json!({"status": retired})).await["status"], retired);
            assert_eq!(app.anyone().get(path).await.expect(200)["status"], retired);
            assert_eq!(change(&app, path, json!({"status": active})).await["status"], active);
        }
    }

    async fn nothing_that_something_refers_to_is_deleted(app: TestApp) {
        app.school().post("/partner/referrals", concern_report()).await.expect(201);
        for path in ["/areas/norr", "/districts/skaggetorp-tornby", "/offices/skaggetorp", "/services/foraldrakurser"] {
            let administrator = app.administrator();
            let before = administrator.get(path).await;
            administrator.delete(path, &before.etag()).await.problem(409, "still-referenced");
            assert_eq!(administrator.get(path).await.expect(200), before.json());
        }
        // A district without referrals and an office without any can go.
        for path in ["/districts/ryd", "/offices/bas-vaster"] {
            let etag = app.anyone().get(path).await.etag();
            app.administrator().delete(path, &etag).await.expect(204);
        }
    }

    async fn a_service_that_somebody_asked_for_is_not_deleted(app: TestApp) {
        let service = app.administrator().post("/services", new_service()).await;
        let request = with(support_request(), "/requestedServiceIds", json!([service.expect(201)["id"]]));
        app.school().post("/partner/referrals", request).await.expect(201);
        app.administrator().delete("/services/lovstod", &service.etag()).await.problem(409, "still-referenced");
    }

    async fn a_slug_or_a_code_that_is_taken_is_a_conflict(app: TestApp) {
        let administrator = app.administrator();
        for (list, body, taken) in [("/areas", new_area(), "norr"), ("/offices", new_office(), "skaggetorp"), ("/services", new_service(), "bokat-samtal")] {
            administrator.post(list, with(body, "/slug", json!(taken))).await.problem(409, "already-exists");
        }
        for (path, patch) in [
            ("/areas/syd", json!({"slug": "norr"})),
            ("/districts/ryd", json!({"slug": "berga"})),
            ("/districts/ryd", json!({"code": "0580R001"})),
            ("/offices/bas-syd", json!({"slug": "skaggetorp"})),
            ("/services/bokat-samtal", json!({"slug": "foraldrakurser"})),
        ] {
            let etag = administrator.get(path).await.etag();
            administrator.patch(path, patch, &etag).await.problem(409, "already-exists");
            assert_eq!(administrator.get(path).await.etag(), etag);
        }
        assert_eq!(changes(&app).await, [""; 0], "what was refused is no change");
    }

    async fn an_area_that_breaks_a_rule_is_refused_with_its_pointer(app: TestApp) {
        for (body, pointer) in [
            (without(new_area(), "/slug"), "#/slug"),
            (with(new_area(), "/slug", json!("Mitt i stan")), "#/slug"),
            (with(new_area(), "/name", json!({"en": "Centre"})), "#/name"),
            (with(new_area(), "/name", json!("Mitt")), "#/name"),
            (with(new_area(), "/name", json!({"sv": "Mitt", "engelska": "Centre"})), "#/name"),
            (with(new_area(), "/description", json!({"sv": ""})), "#/description/sv"),
            (with(new_area(), "/status", json!("gone")), "#/status"),
            (with(new_area(), "/colour", json!("red")), "#/colour"),
        ] {
            refused(&app, "/areas", body, &[pointer]).await;
        }
    }

    async fn an_office_that_breaks_a_rule_is_refused_with_its_pointers(app: TestApp) {
        for (body, pointers) in [
            (with(new_office(), "/kind", json!("castle")), vec!["#/kind"]),
            (with(new_office(), "/phone", json!("013-20 60 00")), vec!["#/phone"]),
            (with(new_office(), "/email", json!("ryd")), vec!["#/email"]),
            (with(new_office(), "/openedOn", json!("2026-13")), vec!["#/openedOn"]),
            (with(new_office(), "/location", json!({"type": "Point", "coordinates": [15.6]})), vec!["#/location/coordinates"]),
            (with(new_office(), "/location", json!({"type": "Point", "coordinates": [181, 58]})), vec!["#/location/coordinates"]),
            (with(new_office(), "/location", json!({"type": "Polygon", "coordinates": [15.6, 58.4]})), vec!["#/location/type"]),
            (with(new_office(), "/closedOn", json!("2026-10-31")), vec!["#/closedOn"]),
            // Rules name everything that is wrong, not only the first.
            (
                with(with(with(new_office(), "/areaIds", json!(["vaster", "nowhere"])), "/serviceIds", json!(["magic"])), "/openingHours", json!("always")),
                vec!["#/openingHours", "#/areaIds/1", "#/serviceIds/0"],
            ),
            (with(new_office(), "/areaIds", json!(["vaster", "vaster"])), vec!["#/areaIds/1"]),
            (with(new_office(), "/languages", json!(["sv", "sv"])), vec!["#/languages/1"]),
        ] {
            refused(&app, "/offices", body, &pointers).await;
        }
    }

    async fn opening_hours_that_cannot_be_read_are_refused_with_the_position(app: TestApp) {
        for (hours, positions) in [
            ("always", 0..1),
            ("Mo-Fr 08:00-16:30; Xx off", 17..22),
            ("Mo-Fr 08:00-", 6..13),
            ("Mo-Fr 17:00+", 6..7),
            ("Mo-Fr sunrise-sunset", 6..7),
        ] {
            let answer = app.administrator().post("/offices", with(new_office(), "/openingHours", json!(hours))).await;
            assert_eq!(answer.pointers(), ["#/openingHours"]);
            let problem = answer.problem(422, "validation-failed");
            let detail = problem["errors"][0]["detail"].as_str().unwrap();
            let position = detail.split("at character ").nth(1).and_then(|rest| rest.trim_end_matches(')').parse::<usize>().ok());
            assert!(position.is_some_and(|position| positions.contains(&position)), "{hours}: {detail}");
        }
        let administrator = app.administrator().and("accept-language", "sv");
        let problem = administrator.post("/offices", with(new_office(), "/openingHours", json!("always"))).await.problem(422, "validation-failed");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("vid tecken 0"));
    }

    async fn a_service_that_breaks_a_rule_is_refused_with_its_pointers(app: TestApp) {
        let assessed = with(with(new_service(), "/needsAssessment", json!(true)), "/identityExempt", json!(false));
        for (body, pointers) in [
            // Seven kinds always need an individual assessment (SoL 11:5).
            (with(with(new_service(), "/assessmentKind", json!("contact_person_or_family")), "/identityExempt", json!(false)), vec!["#/needsAssessment"]),
            (with(assessed.clone(), "/identityExempt", json!(true)), vec!["#/identityExempt"]),
            (with(new_service(), "/ages", json!({"from": 15, "to": 6})), vec!["#/ages/to"]),
            (with(new_service(), "/ages", json!({"from": 0, "to": 121})), vec!["#/ages/to"]),
            (with(new_service(), "/ages", json!({"from": -1, "to": 6})), vec!["#/ages/from"]),
            (with(new_service(), "/needs", json!(["leisure", "leisure"])), vec!["#/needs/1"]),
            (with(new_service(), "/needs", json!(["fun"])), vec!["#/needs/0"]),
            (with(new_service(), "/officeIds", json!(["skaggetorp", "nowhere"])), vec!["#/officeIds/1"]),
            (with(new_service(), "/assessmentKind", json!("magic")), vec!["#/assessmentKind"]),
        ] {
            refused(&app, "/services", body, &pointers).await;
        }
        let family_home = with(with(assessed, "/assessmentKind", json!("family_home_care")), "/slug", json!("familjehem"));
        app.administrator().post("/services", family_home).await.expect(201);
    }

    async fn which_office_gives_a_service_is_written_from_either_side(app: TestApp) {
        let office = app.anyone().get("/offices/skaggetorp").await.expect(200);
        let service = change(&app, "/services/bokat-samtal", json!({"officeIds": ["skaggetorp", RECEPTION]})).await;
        assert_eq!(service["officeIds"].as_array().unwrap().len(), 2);
        let told = app.anyone().get("/offices/skaggetorp").await.expect(200);
        assert!(told["serviceIds"].as_array().unwrap().contains(&service["id"]));
        assert_eq!(told["serviceIds"].as_array().unwrap().len(), office["serviceIds"].as_array().unwrap().len() + 1);
        change(&app, "/offices/skaggetorp", json!({"serviceIds": []})).await;
        let service = app.anyone().get("/services/bokat-samtal").await.expect(200);
        assert_eq!(service["officeIds"], json!([app.anyone().get(&format!("/offices/{RECEPTION}")).await.json()["id"]]));
    }

    async fn of_sixteen_who_change_one_version_exactly_one_succeeds(app: TestApp) {
        let other = app.another_server().await;
        let etag = app.anyone().get("/offices/skaggetorp").await.etag();
        let writers = (0..16).map(|writer| {
            let administrator = if writer % 2 == 0 { app.administrator() } else { other.administrator() };
            let etag = etag.clone();
            async move { administrator.patch("/offices/skaggetorp", json!({"name": {"sv": format!("Skrivare {writer}")}}), &etag).await }
        });
        let answers = join_all(writers).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            answer.problem(412, "stale-version");
        }
        assert_eq!(changes(&app).await, ["office.changed"]);
        // A writer looks at the newest version, whichever server it came through.
        let newest = won[0].etag();
        other.administrator().patch("/offices/skaggetorp", json!({"entranceNote": null}), &newest).await.expect(200);
        app.administrator().patch("/offices/skaggetorp", json!({"entranceNote": null}), &newest).await.problem(412, "stale-version");
    }

    async fn different_things_can_be_written_at_once_and_none_is_lost(app: TestApp) {
        let areas = (0..16).map(|number| {
            let administrator = app.administrator();
            let body = json!({"slug": format!("area-{number}"), "name": {"sv": format!("Område {number}")}});
            async move { administrator.post("/areas", body).await.expect(201) }
        });
        join_all(areas).await;
        let areas = app.anyone().get("/areas?limit=100").await.expect(200);
        assert_eq!(areas["_meta"]["totalRecords"], 20);
        assert_eq!(changes(&app).await, ["area.created"; 16]);
        let version = app.anyone().get("/where-to-turn").await.expect(200)["directoryVersion"].as_i64().unwrap();
        change(&app, "/areas/area-3", json!({"status": "retired"})).await;
        assert_eq!(app.anyone().get("/where-to-turn").await.expect(200)["directoryVersion"], version + 1);
    }
}

/// A new thing that is refused at these places, and leaves nothing behind.
async fn refused(app: &TestApp, list: &str, body: Value, pointers: &[&str]) {
    let before = (app.anyone().get(list).await.json(), app.audit().await.len());
    let answer = app.administrator().post(list, body.clone()).await;
    answer.problem(422, "validation-failed");
    assert_eq!(answer.pointers(), pointers, "{body}");
    assert_eq!((app.anyone().get(list).await.json(), app.audit().await.len()), before);
}
