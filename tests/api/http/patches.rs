//! Merge patches (RFC 7396), and answers that the caller prefers to be short.

use serde_json::json;

use crate::support::document::{OPERATIONS, new_area};
use crate::support::{Answer, Method, TestApp};

on_both_databases! {
    async fn a_patch_replaces_merges_and_removes(app: TestApp) {
        let admin = app.administrator();
        let mut new = new_area();
        new["description"] = json!({ "sv": "Norra delen.", "en": "The northern part." });
        let made = admin.post("/areas", new.clone()).await;
        let path = format!("/areas/{}", made.expect(201)["id"].as_str().unwrap());

        let renamed = admin.patch(&path, json!({ "name": { "sv": "Nytt" } }), &made.etag()).await;
        assert_eq!(renamed.expect(200)["name"]["sv"], "Nytt");
        assert_eq!(renamed.json()["description"], new["description"]);
        assert_eq!(renamed.json()["slug"], new["slug"]);

        let merged = admin.patch(&path, json!({ "description": { "en": null } }), &renamed.etag()).await;
        assert_eq!(merged.expect(200)["description"], json!({ "sv": "Norra delen." }));

        let removed = admin.patch(&path, json!({ "description": null }), &merged.etag()).await;
        assert!(removed.expect(200).get("description").is_none(), "{removed:?}");

        let unchanged = admin.patch(&path, json!({}), &removed.etag()).await;
        assert_eq!(unchanged.expect(200)["name"], removed.json()["name"]);
        let read = app.anyone().get(&path).await;
        assert_eq!(read.expect(200), unchanged.json());
        assert_eq!(read.etag(), unchanged.etag());
    }

    async fn a_patch_that_breaks_a_rule_changes_nothing(app: TestApp) {
        let admin = app.administrator();
        let before = app.anyone().get("/areas/norr").await;
        let wrong = [
            (json!({ "name": null }), "#/name"),
            (json!({ "name": { "sv": null } }), "#/name"),
            (json!({ "slug": "Not A Slug" }), "#/slug"),
            (json!({ "unheardOf": 1 }), "#/unheardOf"),
            (json!({ "status": "unheard_of" }), "#/status"),
            (json!([]), "#"),
            (json!("name"), "#"),
            (json!(null), "#"),
        ];
        for (patch, pointer) in wrong {
            let answer = admin.patch("/areas/norr", patch.clone(), &before.etag()).await;
            answer.problem(422, "validation-failed");
            assert!(answer.pointers().iter().all(|at| at.starts_with(pointer)) && !answer.pointers().is_empty(), "{patch}: {answer:?}");
        }
        let after = app.anyone().get("/areas/norr").await;
        assert_eq!((after.expect(200), after.etag()), (before.json(), before.etag()));
    }

    async fn who_prefers_a_short_answer_gets_one(app: TestApp) {
        let admin = app.administrator();
        let prefer = |method: Method, path: &str| admin.request(method, path).header("prefer", "respond-async, return=minimal");
        let new = new_area();
        let created = prefer(Method::POST, "/areas").json(&new).send().await;
        assert_minimal(&created, 201);
        let location = created.header("location").unwrap();
        let path = location.split_once("/nara/v1").unwrap().1.to_owned();
        let read = app.anyone().get(&path).await;
        assert_eq!(read.expect(200)["slug"], new["slug"]);
        assert_eq!(read.etag(), created.etag());

        let patch = prefer(Method::PATCH, &path).header("if-match", created.etag()).json(&json!({ "name": { "sv": "Omdöpt" } }));
        let changed = patch.send().await;
        assert_minimal(&changed, 204);
        let read = app.anyone().get(&path).await;
        assert_eq!(read.expect(200)["name"]["sv"], "Omdöpt");
        assert_eq!(read.etag(), changed.etag());

        let whole = admin.request(Method::POST, "/areas").header("prefer", "return=representation").json(&new_area()).send().await;
        assert!(whole.expect(201)["id"].is_string() && whole.header("preference-applied").is_none(), "{whole:?}");
    }
}

fn assert_minimal(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.body.is_empty() && answer.header("content-type").is_none(), "{answer:?}");
    assert_eq!(answer.header("preference-applied"), Some("return=minimal"), "{answer:?}");
}

#[actix_web::test]
async fn every_patch_may_be_called_json_or_a_merge_patch() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter().filter(|operation| operation.method == "PATCH") {
        for kind in ["application/json", "application/merge-patch+json", "Application/Merge-Patch+JSON; charset=utf-8"]
        {
            let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
            let body = serde_json::to_vec(&request.body).unwrap();
            let patch =
                request.bare(&caller).header("if-match", request.etag.as_ref().unwrap()).header("content-type", kind);
            patch.body(body).send().await.expect(200);
        }
    }
}

#[actix_web::test]
async fn what_is_created_says_where_it_lies() {
    let app = TestApp::start_with(|_| {}).await;
    let creations = OPERATIONS
        .iter()
        .filter(|operation| crate::support::document::described(operation)["responses"].get("201").is_some());
    for operation in creations {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let created = request.send(&caller).await;
        created.expect(201);
        assert_eq!(created.header("cache-control"), Some("no-store"), "{created:?}");
        let location = created.header("location").unwrap_or_else(|| panic!("{created:?}")).to_owned();
        assert!(location.starts_with(&format!("http://{}/nara/v1/", app.address)), "{location}");
        let read = caller.get(location.split_once("/nara/v1").unwrap().1).await;
        // What is told this once is no part of the thing.
        let mut lasting = created.json();
        lasting.as_object_mut().unwrap().remove("secret");
        // A message has no address of its own: it lies in the list of what was written.
        if let Some(written) = read.expect(200)["items"].as_array() {
            assert!(written.contains(&lasting), "{}: {read:?}", operation.id);
            continue;
        }
        assert_eq!(read.expect(200), lasting, "{}", operation.id);
        assert_eq!(read.etag(), created.etag(), "{}", operation.id);
    }
}
