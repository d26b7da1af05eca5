//! Headers that stand at every answer: the trace, safety, caching, and other origins.

use crate::support::document::OPERATIONS;
use crate::support::{Answer, Method, TestApp, raw};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn assert_safe(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{answer:?}");
    let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{answer:?}");
    let trace = answer.header("traceparent").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(trace.len() == 55 && trace.starts_with("00-"), "{answer:?}");
    assert!(answer.header("cache-control").is_some() || answer.status == 204, "{answer:?}");
}

#[actix_web::test]
async fn every_answer_is_traced_and_safe() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter() {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let answer = request.request(&caller).header("traceparent", TRACEPARENT).send().await;
        assert!(answer.status < 300, "{answer:?}");
        assert_safe(&answer);
        let trace = answer.header("traceparent").unwrap();
        assert!(trace.contains(&TRACEPARENT[3..35]) && trace.ends_with("-01"), "{trace}");
        assert!(!trace.contains(&TRACEPARENT[36..52]), "the span is the caller's: {trace}");
    }
    for (path, status) in [
        ("/nothing", 404),
        ("/referrals", 401),
        ("/districts?limit=0", 400),
        ("//health/live", 200),
        ("//problems/", 200),
        ("//", 307),
    ] {
        let answer = app.anyone().get(path).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status != 307 {
            assert_safe(&answer);
        }
    }
}

#[actix_web::test]
async fn a_trace_that_is_malformed_is_ignored() {
    let app = TestApp::start_with(|_| {}).await;
    let mut seen = Vec::new();
    for wrong in [
        "rubbish",
        "",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        &TRACEPARENT.to_uppercase(),
        &format!("{TRACEPARENT}-x"),
    ] {
        let answer = app.anyone().request(Method::GET, "/areas").header("traceparent", wrong).send().await;
        answer.expect(200);
        let trace = answer.header("traceparent").unwrap().to_owned();
        assert!(trace.len() == 55 && !trace.to_lowercase().contains(&TRACEPARENT[3..35]), "{wrong}: {trace}");
        assert!(!seen.contains(&trace));
        seen.push(trace);
    }
}

#[actix_web::test]
async fn the_directory_may_be_kept_for_a_minute_and_cases_never() {
    let app = TestApp::start_with(|setup| setup.public_url = Some("https://nara.test".to_owned())).await;
    for operation in OPERATIONS.iter().filter(|operation| operation.method == "GET") {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let answer = request.send(&caller).await;
        let private = !operation.secured_by.is_empty() || operation.path == "/where-to-turn";
        let expected = if private { "no-store" } else { "public, max-age=60" };
        assert_eq!(answer.header("cache-control"), Some(expected), "{answer:?}");
    }
    for path in ["/nothing", "/referrals"] {
        assert_eq!(app.anyone().get(path).await.header("cache-control"), Some("no-store"));
    }
    let asked = app.anyone().post("/where-to-turn", serde_json::json!({ "district": "ryd" })).await;
    assert_eq!(asked.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn browsers_are_told_to_stay_with_tls_where_there_is_tls() {
    let with = TestApp::start_with(|setup| setup.public_url = Some("https://nara.test".to_owned())).await;
    let answer = with.anyone().get("/areas/norr").await;
    assert!(answer.header("strict-transport-security").is_some_and(|header| header.contains("max-age=")), "{answer:?}");
    assert_eq!(answer.expect(200)["_links"][0]["href"], "https://nara.test/nara/v1/areas/norr");
    let problem = with.anyone().get("/nothing").await.problem(404, "not-found");
    assert_eq!(problem["type"], "https://nara.test/problems/not-found");
    let without = TestApp::start_with(|_| {}).await;
    assert!(without.anyone().get("/areas/norr").await.header("strict-transport-security").is_none());
}

#[actix_web::test]
async fn links_lead_where_the_caller_called_and_a_forged_host_leads_nowhere() {
    let app = TestApp::start_with(|_| {}).await;
    let ask = |host: &str| {
        let request = format!("GET /nara/v1/areas/norr HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        raw::exchange(app.address, request.as_bytes())
    };
    assert!(raw::body(&ask("city.test:8080")).contains("\"http://city.test:8080/nara/v1/areas/norr\""));
    for forged in ["evil.test/path", "evil.test\"><script>", "user@evil.test", "evil test"] {
        let answer = ask(forged);
        assert!(!raw::body(&answer).contains("evil"), "{answer}");
    }
}

on_both_databases! {
    async fn an_answer_with_the_callers_own_host_is_kept_by_nobody_else(nowhere: TestApp) {
        let somewhere = nowhere.another_server_with(|setup| setup.public_url = Some("https://nara.test".to_owned())).await;
        let ask = |app: &TestApp, path: &str| {
            let request = format!("GET /nara/v1{path} HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n");
            raw::exchange(app.address, request.as_bytes()).to_ascii_lowercase()
        };
        for path in ["/areas/norr", "/areas", "/api-info", "/code-lists", "/code-lists/needs", "/openapi.json", "/docs/"] {
            let (told, steady) = (ask(&nowhere, path), ask(&somewhere, path));
            assert!(told.starts_with("http/1.1 200") && steady.starts_with("http/1.1 200"), "{told} {steady}");
            let is_shared = |answer: &str| answer.contains("cache-control: public");
            assert!(!(is_shared(&told) && told.contains("evil.test")), "{path}: a cache would give this to others: {told}");
            assert!(is_shared(&steady) && !steady.contains("evil.test"), "{path}: {steady}");
        }
    }
}

const FRIEND: &str = "https://linkoping.test";

#[actix_web::test]
async fn pages_of_a_listed_origin_may_call_and_no_others() {
    let app = TestApp::start_with(|setup| setup.cors_origins = vec![FRIEND.to_owned()]).await;
    let preflight = |origin: &'static str, method: &'static str| {
        let request = app.anyone().request(Method::OPTIONS, "/where-to-turn").header("origin", origin);
        let headers = "authorization,x-api-key,content-type,if-match,if-none-match,prefer,traceparent,accept-language";
        request.header("access-control-request-method", method).header("access-control-request-headers", headers).send()
    };
    for method in ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"] {
        let answer = preflight(FRIEND, method).await;
        assert!(answer.status == 200 || answer.status == 204, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRIEND), "{answer:?}");
        assert!(
            answer.header("access-control-allow-methods").is_some_and(|methods| methods.contains(method)),
            "{answer:?}"
        );
        assert!(answer.header("access-control-allow-credentials").is_none(), "{answer:?}");
    }
    let refused = preflight("https://evil.test", "GET").await;
    assert!(refused.header("access-control-allow-origin").is_none(), "{refused:?}");

    for path in ["/areas/norr", "/nothing", "/referrals", "/districts?limit=0"] {
        let answer = app.anyone().request(Method::GET, path).header("origin", FRIEND).send().await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRIEND), "{answer:?}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_ascii_lowercase();
        for header in ["etag", "location", "link", "retry-after", "traceparent", "preference-applied"] {
            assert!(exposed.contains(header), "{header}: {answer:?}");
        }
        assert!(answer.header("vary").unwrap_or_default().to_ascii_lowercase().contains("origin"), "{answer:?}");
        let stranger = app.anyone().request(Method::GET, path).header("origin", "https://evil.test").send().await;
        assert!(stranger.header("access-control-allow-origin").is_none(), "{stranger:?}");
    }
}

#[actix_web::test]
async fn without_listed_origins_no_page_of_another_origin_may_read() {
    let app = TestApp::start_with(|_| {}).await;
    let answer = app.anyone().request(Method::GET, "/areas").header("origin", FRIEND).send().await;
    assert!(answer.header("access-control-allow-origin").is_none(), "{answer:?}");
}
