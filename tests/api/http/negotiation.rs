//! What callers accept, which language they read, and parameters that nobody knows.

use serde_json::Value;

use crate::support::document::OPERATIONS;
use crate::support::{Answer, Method, TestApp};

#[actix_web::test]
async fn who_accepts_nothing_that_an_operation_answers_gets_nothing_done() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter() {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        // What answers without a body has nothing to choose.
        if operation.produces.is_empty() {
            continue;
        }
        let before = app.audit_actions().await;
        for accept in ["text/csv", "application/xml, text/*", "application/json;q=0", "rubbish", ""] {
            request.request(&caller).header("accept", accept).send().await.problem(406, "not-acceptable");
        }
        assert_eq!(app.audit_actions().await, before, "{}", operation.id);
        for accept in
            ["application/json", "text/html, */*;q=0.1", "APPLICATION/*", "application/problem+json, application/json"]
        {
            let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
            let answer = request.request(&caller).header("accept", accept).send().await;
            // What is deleted once is gone the second time.
            assert!(answer.status < 300 || answer.status == 404, "{accept}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn a_parameter_that_does_not_exist_is_refused_by_every_operation() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter() {
        let (mut request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let mark = if request.path.contains('?') { '&' } else { '?' };
        request.path = format!("{}{mark}unheardOf=1", request.path);
        let answer = request.send(&caller).await;
        answer.problem(400, "invalid-parameter");
        assert_eq!(answer.parameters(), ["unheardOf"], "{answer:?}");
    }
}

#[actix_web::test]
async fn a_header_that_is_longer_than_the_document_says_is_refused_by_every_operation() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter() {
        for header in &operation.headers {
            let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
            let answer = request.request(&caller).header(&header.to_lowercase(), "x".repeat(1001)).send().await;
            answer.problem(400, "invalid-header");
            assert_eq!(answer.json()["errors"][0]["header"], header.as_str(), "{}: {answer:?}", operation.id);
        }
    }
}

#[actix_web::test]
async fn a_parameter_that_stands_twice_is_refused_by_every_operation() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter() {
        for parameter in &operation.query {
            let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
            let path = request.path.split('?').next().unwrap();
            let value = valid(operation.id.as_str(), parameter);
            let answer = caller.get(&format!("{path}?{parameter}={value}&{parameter}={value}")).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), [parameter.as_str()], "{}: {answer:?}", operation.id);
        }
    }
}

/// A value that the parameter alone would take.
fn valid(operation: &str, parameter: &str) -> &'static str {
    match parameter {
        "total" | "overdue" => "true",
        "at" | "openAt" | "receivedFrom" | "receivedTo" | "dueBefore" => "2026-11-23T09:00:00Z",
        "from" | "to" => "2026-11-23",
        "kind" if operation == "listReferrals" => "concern_report",
        "kind" => "base",
        "status" if operation == "listReferrals" || operation == "listPartnerReferrals" => "received",
        "status" if operation == "listPartners" => "active",
        "category" => "school",
        "status" => "open",
        "sort" => "receivedAt",
        "need" => "parenting",
        "orientation" => "preventive",
        "language" => "sv",
        "officeId" | "assigneeId" => "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e",
        "cursor" | "name" | "district" | "place" | "areaId" | "districtId" | "serviceId" => "norr",
        _ => "1",
    }
}

fn title(answer: &Answer) -> Value {
    answer.problem(404, "not-found")["title"].clone()
}

#[actix_web::test]
async fn problems_are_told_in_swedish_to_those_who_read_it() {
    let app = TestApp::start_with(|_| {}).await;
    let ask = |languages: &'static str| {
        app.anyone().request(Method::GET, "/districts/nowhere").header("accept-language", languages).send()
    };
    for languages in ["sv", "sv-SE,sv;q=0.9,en;q=0.8", "da, SV;q=0.5", "en;q=0.4, sv;q=0.5"] {
        let answer = ask(languages).await;
        assert_eq!(
            (title(&answer), answer.header("content-language")),
            ("Finns inte".into(), Some("sv")),
            "{languages}"
        );
    }
    for languages in ["en", "en-GB, sv;q=0.9", "de, fr;q=0.5", "*", "", "rubbish;;q=x,,", "sv;q=0"] {
        let answer = ask(languages).await;
        assert_eq!(
            (title(&answer), answer.header("content-language")),
            ("Not found".into(), Some("en")),
            "{languages}"
        );
    }
    let plain = app.anyone().get("/districts/nowhere").await;
    assert_eq!((title(&plain), plain.header("content-language")), ("Not found".into(), Some("en")));
}

#[actix_web::test]
async fn every_part_of_a_problem_is_told_in_the_same_language() {
    let app = TestApp::start_with(|_| {}).await;
    let ask = |language: &'static str| {
        app.anyone().request(Method::GET, "/districts?limit=0").header("accept-language", language).send()
    };
    assert_eq!(ask("sv").await.json()["errors"][0]["detail"], "måste vara 1 till 100");
    assert_eq!(ask("en").await.json()["errors"][0]["detail"], "must be 1 to 100");
    let forbidden = app.auditor().request(Method::GET, "/referrals").header("accept-language", "sv").send().await;
    let problem = forbidden.problem(403, "forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("caseworker"), "{problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("Detta kräver"), "{problem}");
}
