//! ETags: nobody reads twice what is the same, and nobody overwrites what they have not read.

use serde_json::json;

use nara::http::documented::DocumentedOperation;

use crate::support::document::{OPERATIONS, needs_if_match, new_area};
use crate::support::{Actor, Answer, Method, TestApp};

async fn read_with(actor: &Actor, path: &str, tags: &str) -> Answer {
    actor.request(Method::GET, path).header("if-none-match", tags).send().await
}

#[actix_web::test]
async fn what_the_caller_has_already_is_not_sent_again() {
    let app = TestApp::start_with(|_| {}).await;
    let unnamed = ["whereToTurn", "getCoverage", "getDirectoryCoverage", "verifyAuditRecords"];
    for operation in
        OPERATIONS.iter().filter(|operation| operation.method == "GET" && !unnamed.contains(&&*operation.id))
    {
        let (path, caller) = (app.prepare(operation).await.path, app.right_caller(operation));
        let answer = caller.get(&path).await;
        let etag = answer.etag();
        for tags in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
            let same = read_with(&caller, &path, &tags).await;
            assert_eq!(same.status, 304, "{tags}: {same:?}");
            assert!(same.body.is_empty(), "{same:?}");
            for header in ["etag", "cache-control", "vary"] {
                assert_eq!(same.header(header), answer.header(header), "{header}: {same:?}");
            }
            assert_eq!(same.header("content-type"), None, "{same:?}");
        }
        for tags in ["\"other\"", "rubbish", "", "W/\"other\""] {
            assert_eq!(read_with(&caller, &path, tags).await.status, 200, "{path} {tags}");
        }
    }
}

#[actix_web::test]
async fn a_change_without_the_version_that_was_read_is_refused_by_every_operation() {
    let app = TestApp::start_with(|_| {}).await;
    let changes = OPERATIONS.iter().filter(|operation| needs_if_match(operation));
    for operation in changes {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let before = app.audit_actions().await;
        let with_body = |tags: Option<&str>| {
            let bare = request.bare(&caller);
            let bare = tags.iter().fold(bare, |request, tags| request.header("if-match", tags));
            match &request.body {
                Some(body) => bare.json(body),
                None => bare,
            }
        };
        with_body(None).send().await.problem(428, "precondition-required");
        let etag = request.etag.clone().unwrap();
        let stale = ["\"0-0123456789abcdef\"", "\"99-0123456789abcdef\"", "\"rubbish\"", "rubbish", "\"\"", ""];
        for tags in stale.into_iter().chain([format!("W/{etag}").as_str()]) {
            with_body(Some(tags)).send().await.problem(412, "stale-version");
        }
        assert_eq!(app.audit_actions().await, before, "{} changed something", operation.id);
        let several = format!("\"1-other\", {etag}");
        let status = with_body(Some(&several)).send().await.status;
        assert!([200, 204].contains(&status), "{}: {status}", operation.id);
    }
}

#[actix_web::test]
async fn a_version_that_cannot_be_read_as_text_is_not_the_current_one() {
    let app = TestApp::start_with(|_| {}).await;
    let takes_versions = |operation: &&DocumentedOperation| operation.headers.iter().any(|header| header == "If-Match");
    let mut actions = 0;
    for operation in OPERATIONS.iter().filter(takes_versions) {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let bare = request.bare(&caller).header("if-match", b"\xc2\x84");
        let sent = request.body.iter().fold(bare, |request, body| request.json(body));
        sent.send().await.problem(412, "stale-version");
        actions += usize::from(operation.method == "POST");
    }
    assert!(actions > 20, "{actions}");
}

on_both_databases! {
    async fn of_two_who_change_the_same_version_one_wins(app: TestApp) {
        let path = "/areas/norr";
        let etag = app.anyone().get(path).await.etag();
        let admin = app.administrator();
        let rename = |name: &str| admin.patch(path, json!({ "name": { "sv": name, "en": name } }), &etag);
        let (one, other) = futures_util::future::join(rename("Ett"), rename("Annat")).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{one:?} {other:?}");
        let won = if one.status == 200 { one } else { other };
        let now = app.anyone().get(path).await;
        assert_eq!(now.expect(200)["name"], won.json()["name"]);
        assert_eq!(now.etag(), won.etag());
        assert_ne!(now.etag(), etag);
    }

    async fn any_version_may_be_changed_by_a_star(app: TestApp) {
        let admin = app.administrator();
        let path = format!("/areas/{}", admin.post("/areas", new_area()).await.expect(201)["slug"].as_str().unwrap());
        admin.patch(&path, json!({ "name": { "sv": "Omdöpt" } }), "*").await.expect(200);
        assert_eq!(admin.delete(&path, "*").await.status, 204);
        admin.delete(&path, "*").await.problem(404, "not-found");
    }
}
