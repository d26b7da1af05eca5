//! Partner agencies, as administrators keep them.

use serde_json::{Value, json};

use crate::support::document::new_partner;
use crate::support::fixtures::with;
use crate::support::{Actor, Method, TestApp};

const NOWHERE: &str = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";

async fn created(app: &TestApp, body: Value) -> Value {
    app.administrator().post("/partners", body).await.expect(201)
}

fn named(slug: &str, name: &str, category: &str) -> Value {
    json!({ "slug": slug, "name": name, "category": category })
}

async fn slugs(app: &TestApp, question: &str) -> Vec<String> {
    let list = app.administrator().get(&format!("/partners?{question}")).await.expect(200);
    list["items"].as_array().unwrap().iter().map(|partner| partner["slug"].as_str().unwrap().to_owned()).collect()
}

/// Changes an agency as it is now.
pub async fn change(app: &TestApp, slug: &str, patch: Value) -> Value {
    let path = format!("/partners/{slug}");
    let etag = app.administrator().get(&path).await.etag();
    app.administrator().patch(&path, patch, &etag).await.expect(200)
}

/// Whether a caller's key holds.
pub async fn holds(actor: &Actor) -> bool {
    match actor.get("/partner/me").await.status {
        200 => true,
        401 => false,
        other => panic!("a key is answered with {other}"),
    }
}

on_both_databases! {
    async fn an_agency_is_found_by_its_identifier_and_by_its_slug(app: TestApp) {
        let body = with(named("vardcentralen-ryd", "Vårdcentralen Ryd", "health_dental_authority"), "/contact", json!({"phone": "+46 13 20 60 00", "email": "ryd@example.se"}));
        let answer = app.administrator().post("/partners", body).await;
        let created = answer.expect(201);
        assert!(answer.header("location").unwrap().ends_with("/nara/v1/partners/vardcentralen-ryd"));
        let id = created["id"].as_str().unwrap();
        let mut rest = created.clone();
        for differing in ["id", "_links"] {
            rest.as_object_mut().unwrap().remove(differing);
        }
        assert_eq!(rest, json!({
            "slug": "vardcentralen-ryd", "name": "Vårdcentralen Ryd", "category": "health_dental_authority", "mandatoryReporter": true,
            "legalBasis": {"id": "sol-19-1", "point": 1, "citation": "SoL (2025:400) 19 kap. 1 § (lydelse enligt SFS 2025:1501)"},
            "contact": {"phone": "+46 13 20 60 00", "email": "ryd@example.se"},
            "status": "active", "version": 1, "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:00:00Z",
        }));
        for name in [id, "vardcentralen-ryd"] {
            let read = app.administrator().get(&format!("/partners/{name}")).await;
            assert_eq!((read.expect(200), read.etag()), (created.clone(), answer.etag()));
        }
        assert_eq!(answer.link("api-keys").as_deref(), Some("/partners/vardcentralen-ryd/api-keys"));
        for nothing in [NOWHERE, "nowhere", "N", "%00", "20130315-2399"] {
            app.administrator().get(&format!("/partners/{nothing}")).await.problem(404, "not-found");
        }
    }

    async fn the_duty_to_report_follows_from_the_category(app: TestApp) {
        let lists = app.anyone().get("/code-lists/partner-categories").await.expect(200);
        let categories: Vec<&str> = lists["codes"].as_array().unwrap().iter().map(|code| code["code"].as_str().unwrap()).collect();
        assert_eq!(categories.len(), 24);
        let mut points = Vec::new();
        for (number, category) in categories.iter().enumerate() {
            let partner = created(&app, named(&format!("agency-{number}"), "Part", category)).await;
            let is_obliged = !["association", "other"].contains(category);
            assert_eq!(partner["mandatoryReporter"], is_obliged, "{category}");
            assert_eq!(partner["legalBasis"]["id"], if is_obliged { "sol-19-1" } else { "sol-19-4" });
            assert!(partner["legalBasis"]["citation"].as_str().unwrap().starts_with("SoL (2025:400) 19 kap. "));
            points.extend(partner["legalBasis"]["point"].as_u64());
        }
        points.sort_unstable();
        assert_eq!(points, (1..=22).collect::<Vec<_>>());
        let changed = change(&app, "agency-0", json!({"category": "association"})).await;
        assert_eq!((&changed["mandatoryReporter"], &changed["legalBasis"]["point"]), (&json!(false), &Value::Null));
    }

    async fn a_list_is_in_the_swedish_order_of_the_names_and_narrowed_by_filters(app: TestApp) {
        for (slug, name, category) in [
            ("oster", "Österskolan", "school"),
            ("ake", "Åkerskolan", "school"),
            ("arla", "Ärlaskolan", "school"),
            ("zetterberg", "Zetterbergska", "private_professional"),
            ("akademi", "Akademin", "association"),
        ] {
            created(&app, named(slug, name, category)).await;
        }
        change(&app, "arla", json!({"status": "suspended"})).await;
        let all = ["akademi", "association", "police", "school", "healthcare", "zetterberg", "ake", "arla", "oster"];
        assert_eq!(slugs(&app, "").await, all);
        assert_eq!(slugs(&app, "name=a").await, ["akademi", "ake", "arla"]);
        assert_eq!(slugs(&app, "name=%C3%85K").await, ["akademi", "ake"]);
        assert_eq!(slugs(&app, "name=oster").await, ["oster"]);
        assert_eq!(slugs(&app, "name=osterskolan").await, ["oster"]);
        assert_eq!(slugs(&app, "name=osterskolans").await, Vec::<String>::new());
        assert_eq!(slugs(&app, "category=school").await, ["school", "ake", "arla", "oster"]);
        assert_eq!(slugs(&app, "category=school&status=active").await, ["school", "ake", "oster"]);
        assert_eq!(slugs(&app, "status=suspended").await, ["arla"]);
        assert_eq!(slugs(&app, "category=police&status=suspended").await, Vec::<String>::new());
        for (question, wrong) in [("category=circus", "category"), ("status=gone", "status"), ("name=", "name")] {
            let answer = app.administrator().get(&format!("/partners?{question}")).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), [wrong]);
        }
    }

    async fn a_walk_through_the_list_meets_every_agency_once(app: TestApp) {
        for number in 0..8 {
            // Several have the same name: the identifier decides.
            created(&app, named(&format!("skola-{number}"), &format!("Skola {}", number / 3), "school")).await;
        }
        let whole = slugs(&app, "limit=100").await;
        assert_eq!(whole.len(), 12);
        for limit in [1, 5, 11, 12] {
            let mut next = Some(format!("/partners?limit={limit}"));
            let mut seen = Vec::new();
            while let Some(path) = next {
                let page = app.administrator().get(&path).await;
                assert_eq!(page.expect(200)["_meta"]["totalRecords"], 12);
                seen.extend(page.json()["items"].as_array().unwrap().iter().map(|item| item["slug"].as_str().unwrap().to_owned()));
                next = page.link("next");
            }
            assert_eq!(seen, whole, "limit {limit}");
        }
        assert_eq!(slugs(&app, "limit=5&page=2").await, whole[5..10]);
        assert_eq!(slugs(&app, "limit=5&page=0").await, Vec::<String>::new());
    }

    async fn an_agency_that_breaks_a_rule_is_refused_with_its_pointers(app: TestApp) {
        let before = (slugs(&app, "").await, app.audit().await.len());
        for (body, pointers) in [
            (with(new_partner(), "/slug", json!("Skola")), ["#/slug"]),
            (with(new_partner(), "/slug", json!(NOWHERE)), ["#/slug"]),
            (with(new_partner(), "/name", json!("  ")), ["#/name"]),
            (with(new_partner(), "/category", json!("circus")), ["#/category"]),
            (with(new_partner(), "/status", json!("closed")), ["#/status"]),
            (with(new_partner(), "/contact", json!({"phone": "013-20 60 00"})), ["#/contact/phone"]),
            (with(new_partner(), "/contact", json!({"email": "ryd"})), ["#/contact/email"]),
            (with(new_partner(), "/contact", json!({"person": "Karin Ek"})), ["#/contact/person"]),
            (with(new_partner(), "/mandatoryReporter", json!(false)), ["#/mandatoryReporter"]),
        ] {
            let answer = app.administrator().post("/partners", body.clone()).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), pointers, "{body}");
        }
        let long = app.administrator().post("/partners", with(new_partner(), "/name", json!("a".repeat(201)))).await;
        long.problem(422, "text-too-long");
        assert_eq!(long.pointers(), ["#/name"]);
        app.administrator().post("/partners", with(new_partner(), "/slug", json!("school"))).await.problem(409, "already-exists");
        let etag = app.administrator().get("/partners/police").await.etag();
        app.administrator().patch("/partners/police", json!({"slug": "school"}), &etag).await.problem(409, "already-exists");
        app.administrator().patch("/partners/police", json!({"name": null}), &etag).await.problem(422, "validation-failed");
        assert_eq!((slugs(&app, "").await, app.audit().await.len()), before);
    }

    async fn a_change_needs_the_version_that_was_read_and_leaves_the_rest(app: TestApp) {
        let administrator = app.administrator();
        let before = administrator.get("/partners/school").await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let contact = json!({"contact": {"phone": "+46 13 20 60 00", "email": "skola@example.se"}});
        let changed = administrator.patch("/partners/school", contact, &before.etag()).await;
        assert_eq!(changed.expect(200)["contact"]["email"], "skola@example.se");
        assert_eq!((&changed.json()["version"], &changed.json()["createdAt"], &changed.json()["updatedAt"]), (&json!(2), &json!("2026-11-23T09:00:00Z"), &json!("2026-11-23T09:01:00Z")));
        assert_eq!(changed.json()["name"], before.json()["name"]);
        administrator.patch("/partners/school", json!({"name": "B"}), &before.etag()).await.problem(412, "stale-version");
        administrator.request(Method::PATCH, "/partners/school").json(&json!({"name": "B"})).send().await.problem(428, "precondition-required");
        let half = change(&app, "school", json!({"contact": {"phone": null}})).await;
        assert_eq!(half["contact"], json!({"email": "skola@example.se"}));
        let none = change(&app, "school", json!({"contact": null})).await;
        assert!(none.get("contact").is_none(), "{none}");
        let moved = change(&app, "school", json!({"slug": "skolan"})).await;
        assert_eq!(administrator.get("/partners/skolan").await.expect(200)["id"], moved["id"]);
        administrator.get("/partners/school").await.problem(404, "not-found");
    }

    async fn of_eight_who_change_one_version_exactly_one_succeeds(app: TestApp) {
        let other = app.another_server().await;
        let etag = app.administrator().get("/partners/school").await.etag();
        let writers = (0..8).map(|writer| {
            let administrator = if writer % 2 == 0 { app.administrator() } else { other.administrator() };
            let etag = etag.clone();
            async move { administrator.patch("/partners/school", json!({"name": format!("Skrivare {writer}")}), &etag).await }
        });
        let answers = futures_util::future::join_all(writers).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), 7);
        assert_eq!(app.audit_actions().await.iter().filter(|action| *action == "partner.changed").count(), 1);
    }

    async fn a_suspended_agency_calls_in_vain_until_it_is_active_again(app: TestApp) {
        assert!(holds(&app.school()).await);
        let suspended = change(&app, "school", json!({"status": "suspended"})).await;
        assert_eq!(suspended["status"], "suspended");
        app.school().get("/partner/me").await.problem(401, "unauthenticated");
        assert!(holds(&app.police()).await);
        // What is made meanwhile does not hold either.
        let (_, key) = app.issued_key("school").await;
        assert!(!holds(&app.with_key(&key)).await);
        change(&app, "school", json!({"status": "active"})).await;
        assert!(holds(&app.school()).await && holds(&app.with_key(&key)).await);
    }

    async fn a_change_of_category_changes_what_the_agency_may_know(app: TestApp) {
        let id = app.submitted(crate::support::fixtures::concern_report()).await;
        let path = format!("/partner/referrals/{id}");
        assert!(app.school().get(&path).await.expect(200).get("feedback").is_some());
        change(&app, "school", json!({"category": "association"})).await;
        assert!(app.school().get(&path).await.expect(200).get("feedback").is_none());
    }

    async fn every_change_is_remembered_by_identifiers_alone(app: TestApp) {
        app.clock.advance(std::time::Duration::from_secs(1));
        let partner = created(&app, named("skolan", "Hemlig skola", "school")).await;
        app.clock.advance(std::time::Duration::from_secs(1));
        change(&app, "skolan", json!({"name": "Annan skola"})).await;
        let audit = app.audit().await.split_off(1);
        let told: Vec<(&str, &Value)> = audit.iter().map(|(_, action, ids)| (action.as_str(), ids)).collect();
        assert_eq!(told, [("partner.created", &json!([partner["id"]])), ("partner.changed", &json!([partner["id"]]))]);
        assert!(audit.iter().all(|(actor, ..)| actor.starts_with("staff:")));
    }
}
