//! Paths and methods: what does not exist says so, and HEAD goes wherever GET does.

use nara::http::documented::DocumentedOperation;
use nara::meta::PATHS;

use crate::support::document::OPERATIONS;
use crate::support::{Answer, Method, TestApp};

/// What a path of the document becomes when its name is filled in.
fn concrete(template: &str) -> String {
    template.replace("{id}", "ryd").replace("{keyId}", "3kT9xZ0aQw").replace("{slug}", "not-found")
}

/// Every path with the methods that it answers to.
fn paths() -> Vec<(String, Vec<&'static str>)> {
    let mut paths: Vec<(String, Vec<&'static str>)> = Vec::new();
    let others = PATHS.iter().map(|path| (format!("/{path}"), "GET"));
    let described = OPERATIONS.iter().map(|operation| (operation.path.clone(), operation.method.as_str()));
    for (path, method) in described.chain(others) {
        let path = concrete(&path);
        if !paths.iter().any(|(known, _)| *known == path) {
            paths.push((path.clone(), Vec::new()));
        }
        let (_, methods) = paths.iter_mut().find(|(known, _)| *known == path).expect("it was just added");
        methods.push(method);
        if method == "GET" {
            methods.push("HEAD");
        }
        methods.sort_unstable();
    }
    paths
}

#[actix_web::test]
async fn a_method_that_a_path_has_not_is_answered_with_those_that_it_has() {
    let app = TestApp::start_with(|_| {}).await;
    for (path, methods) in paths() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
            if methods.contains(&method) {
                continue;
            }
            let answer = app.anyone().request(method.parse().unwrap(), &path).send().await;
            answer.problem(405, "method-not-allowed");
            assert_eq!(answer.header("allow"), Some(methods.join(", ").as_str()), "{answer:?}");
        }
    }
}

#[actix_web::test]
async fn what_does_not_exist_is_not_found() {
    let app = TestApp::start_with(|_| {}).await;
    let nowhere = [
        "/nothing",
        "/",
        "",
        "/districts/",
        "/districts/ryd/",
        "/districts/ryd/nothing",
        "/districts//boundary",
        "//nothing",
        "//nara",
        "//nara/v2/districts",
        "//problems/nothing",
        "//health",
        "/Districts",
        "/docs/nothing.js",
        "/districts/ryd%2Fboundary",
        "/districts/R Y D",
        "/districts/%00",
        "/areas/%C3%28",
    ];
    for path in nowhere {
        app.anyone().get(path).await.problem(404, "not-found");
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        app.anyone().request(method, "/nothing").body("rubbish").send().await.problem(404, "not-found");
    }
}

#[actix_web::test]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::start_with(|_| {}).await;
    // Each verification is recorded, and so counts one record more than the one before.
    let lasting_answer =
        |operation: &&DocumentedOperation| operation.method == "GET" && operation.id != "verifyAuditRecords";
    let described = OPERATIONS.iter().filter(lasting_answer);
    let mut tried = Vec::new();
    for operation in described {
        let (path, caller) = (app.prepare(operation).await.path, app.right_caller(operation));
        tried.push((path.clone(), caller.get(&path).await, caller.head(&path).await));
    }
    for path in PATHS.iter().filter(|path| **path != "/metrics").map(|path| concrete(&format!("/{path}"))) {
        tried.push((path.clone(), app.anyone().get(&path).await, app.anyone().head(&path).await));
    }
    for path in ["/nothing", "/referrals", "/districts?limit=0"] {
        tried.push((path.to_owned(), app.anyone().get(path).await, app.anyone().head(path).await));
    }
    for (path, get, head) in tried {
        assert_eq!(head.status, get.status, "HEAD {path}");
        assert!(head.body.is_empty() && !get.body.is_empty() || get.status == 307, "{path}: {head:?} {get:?}");
        assert_eq!(lasting(&head), lasting(&get), "HEAD {path}");
    }
}

/// The headers but for those that are different each time.
fn lasting(answer: &Answer) -> Vec<(String, String)> {
    let lasting = answer.headers.iter().filter(|(name, _)| !["date", "traceparent"].contains(&name.as_str()));
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut headers: Vec<_> = lasting.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    headers.sort();
    headers
}
