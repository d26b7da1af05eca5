//! How often callers may call, whom they are told from, and how long the server waits for them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nara::config::limits::Rates;
use nara::server::{Setup, Timeouts};
use serde_json::json;

use crate::support::credentials::{self, partner};
use crate::support::document::{OPERATIONS, answer_of, described};
use crate::support::{Actor, Answer, Method, TestApp, fixtures, raw};

/// Budgets that hold so many calls, and are whole again in so many seconds.
fn rates(anonymous: &str, read: &str, write: &str, sign_in: &str) -> Rates {
    let rate = |text: &str| text.parse().unwrap();
    Rates {
        anonymous: rate(anonymous),
        read: rate(read),
        write: rate(write),
        search: rate("30/min"),
        sign_in: rate(sign_in),
    }
}

fn small(setup: &mut Setup) {
    setup.limits = Some(rates("1/s:3", "2/s:4", "1/s:2", "3/min"));
    setup.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

/// Somebody behind the trusted proxy.
fn from(actor: Actor, address: &str) -> Actor {
    actor.and("x-forwarded-for", address)
}

/// Calls until the budget is empty; gives how many calls it held.
async fn exhaust(actor: &Actor, path: &str) -> usize {
    for count in 0..1000 {
        if actor.get(path).await.status == 429 {
            return count;
        }
    }
    panic!("{path} can be called without end");
}

fn assert_refused(answer: &Answer, budget: &str, seconds: &str) {
    answer.problem(429, "rate-limited");
    assert_eq!(answer.header("retry-after"), Some(seconds), "{answer:?}");
    assert!(answer.header("ratelimit").unwrap().starts_with(&format!("\"{budget}\";r=0;t=")), "{answer:?}");
}

#[actix_web::test]
async fn a_budget_is_counted_down_refused_and_filled_again() {
    let app = TestApp::start_with(small).await;
    for (left, whole_after) in [(2, 1), (1, 2), (0, 3)] {
        let answer = app.anyone().get("/areas/norr").await;
        answer.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"anonymous\";q=3;w=3"), "{answer:?}");
        let expected = format!("\"anonymous\";r={left};t={whole_after}");
        assert_eq!(answer.header("ratelimit"), Some(&*expected), "{answer:?}");
        assert!(answer.header("retry-after").is_none(), "{answer:?}");
    }
    assert_refused(&app.anyone().get("/areas/norr").await, "anonymous", "1");
    assert_refused(&app.anyone().post("/where-to-turn", json!({ "district": "ryd" })).await, "anonymous", "1");
    app.clock.advance(Duration::from_millis(999));
    assert_refused(&app.anyone().get("/areas/norr").await, "anonymous", "1");
    app.clock.advance(Duration::from_millis(1));
    app.anyone().get("/areas/norr").await.expect(200);
    assert_refused(&app.anyone().get("/areas/norr").await, "anonymous", "1");
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(exhaust(&app.anyone(), "/areas/norr").await, 3);
}

#[actix_web::test]
async fn addresses_keys_and_people_have_budgets_of_their_own() {
    let app = TestApp::start_with(small).await;
    for (address, held) in [
        ("192.0.2.1", 3),
        ("192.0.2.2", 3),
        ("192.0.2.2", 0),
        ("2001:db8:1:2::1", 3),
        ("2001:db8:1:2:ffff::9", 0),
        ("2001:db8:1:3::1", 3),
        ("198.51.100.1, 192.0.2.1, 127.0.0.9", 0),
    ] {
        assert_eq!(exhaust(&from(app.anyone(), address), "/areas/norr").await, held, "{address}");
    }
    // The same address with a key or a token is somebody.
    assert_eq!(exhaust(&from(app.caseworker(), "192.0.2.1"), "/referrals").await, 4);
    assert_eq!(exhaust(&from(app.caseworker(), "192.0.2.3"), "/referrals").await, 0);
    assert_eq!(exhaust(&from(app.team_lead(), "192.0.2.1"), "/referrals").await, 4);
    let unknown = "/partner/referrals/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
    assert_eq!(exhaust(&app.school(), unknown).await, 4);
    assert_eq!(exhaust(&app.police(), unknown).await, 4);
    // Writing is another budget than reading.
    for _ in 0..2 {
        let answer = app.school().post("/partner/referrals", fixtures::concern_report()).await;
        answer.expect(201);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"write\";q=2;w=2"), "{answer:?}");
    }
    let refused = app.school().post("/partner/referrals", fixtures::concern_report()).await;
    assert_refused(&refused, "write", "1");
    assert_eq!(app.stored_referrals().await, 2);
    let counted = app.anyone().get("//metrics").await.text();
    assert!(counted.contains("nara_refused_by_budget_total{budget=\"write\"} 1"), "{counted}");
    assert!(counted.contains("nara_refused_by_budget_total{budget=\"search\"} 0"), "{counted}");
}

#[actix_web::test]
async fn headers_of_strangers_change_no_address() {
    let app = TestApp::start_with(|setup| {
        small(setup);
        setup.trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()];
    })
    .await;
    assert_eq!(exhaust(&app.anyone(), "/areas/norr").await, 3);
    for (name, value) in [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")] {
        assert_eq!(exhaust(&app.anyone().and(name, value), "/areas/norr").await, 0, "{name}");
    }
}

#[actix_web::test]
async fn whose_address_cannot_be_read_shares_a_budget_with_all_such() {
    let app = TestApp::start_with(small).await;
    assert_eq!(exhaust(&app.anyone().and("forwarded", "for=\"spoiled"), "/areas/norr").await, 3);
    assert_eq!(exhaust(&from(app.anyone(), "unknown"), "/areas/norr").await, 0);
    assert_eq!(exhaust(&from(app.anyone().and("forwarded", "for=192.0.2.7"), "192.0.2.8"), "/areas/norr").await, 0);
    assert_eq!(exhaust(&app.anyone().and("forwarded", "for=192.0.2.7;proto=https"), "/areas/norr").await, 3);
}

#[actix_web::test]
async fn failing_to_sign_in_is_refused_and_signing_in_from_the_same_address_is_not() {
    let app = TestApp::start_with(small).await;
    let guesses = [
        app.with_key("nara_test_guess"),
        app.with_token("e30.e30.e30"),
        app.with_key(&partner("school").key).and("authorization", "Bearer e30.e30.e30"),
    ];
    let guesses = guesses.map(|guess| from(guess, "192.0.2.1"));
    for (guess, left) in guesses.iter().zip([2, 1, 0]) {
        let answer = guess.get("/referrals").await;
        assert!([400, 401].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"sign-in\";q=3;w=60"), "{answer:?}");
        assert!(answer.header("ratelimit").unwrap().contains(&format!(";r={left};")), "{answer:?}");
    }
    for guess in &guesses {
        assert_refused(&guess.get("/referrals").await, "sign-in", "20");
    }
    // A key where a token is needed is no sign-in either.
    assert_refused(&from(app.school(), "192.0.2.1").get("/referrals").await, "sign-in", "20");
    from(app.caseworker(), "192.0.2.1").get("/referrals").await.expect(200);
    from(app.analyst(), "192.0.2.1").get("/referrals").await.problem(403, "forbidden");
    from(app.with_token("e30.e30.e30"), "192.0.2.2").get("/referrals").await.problem(401, "unauthenticated");
    // Who brings nothing has not tried, and counts like anybody.
    let answer = from(app.anyone(), "192.0.2.1").get("/referrals").await;
    answer.problem(401, "unauthenticated");
    assert_eq!(answer.header("ratelimit-policy"), Some("\"anonymous\";q=3;w=3"), "{answer:?}");
    app.clock.advance(Duration::from_secs(20));
    guesses[0].get("/referrals").await.problem(401, "unauthenticated");
}

#[actix_web::test]
async fn every_operation_tells_its_budget_however_it_ends_and_says_so_in_the_document() {
    let many = |setup: &mut Setup| {
        setup.limits = Some(rates("400000/s", "500000/s", "600000/s", "700000/s"));
    };
    let app = TestApp::start_with(many).await;
    let policies = BTreeMap::from([
        ("anonymous", "\"anonymous\";q=400000;w=1"),
        ("read", "\"read\";q=500000;w=1"),
        ("write", "\"write\";q=600000;w=1"),
        ("search", "\"search\";q=30;w=60"),
    ]);
    for operation in OPERATIONS.iter() {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let budget = match operation.method.as_str() {
            _ if operation.secured_by.is_empty() => "anonymous",
            "GET" => "read",
            "POST" if operation.path.ends_with("/search") => "search",
            _ => "write",
        };
        let told = |answer: &Answer, budget: &str| {
            assert_eq!(answer.header("ratelimit-policy"), Some(policies[budget]), "{answer:?}");
            let standing = answer.header("ratelimit").unwrap_or_else(|| panic!("{answer:?}"));
            assert!(standing.starts_with(&format!("\"{budget}\";r=")) && standing.contains(";t="), "{answer:?}");
        };
        let answer = request.send(&caller).await;
        assert!(answer.status < 300, "{answer:?}");
        told(&answer, budget);
        // A query that nobody knows is refused after the caller is known.
        let wrong =
            caller.request(request.method.clone(), &format!("{}?rubbish=1", operation.path.replace("{id}", "x")));
        let answer = wrong.send().await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
        told(&answer, budget);
        if !operation.secured_by.is_empty() {
            told(&app.anyone().request(request.method.clone(), &request.path).send().await, "anonymous");
        }
        for status in described(operation)["responses"].as_object().unwrap().keys() {
            let answer = answer_of(operation, status);
            for header in ["RateLimit", "RateLimit-Policy"] {
                assert!(answer["headers"].get(header).is_some(), "{} {status} does not name {header}", operation.id);
            }
        }
        assert!(described(operation)["responses"].get("429").is_some(), "{}", operation.id);
    }
}

#[actix_web::test]
async fn health_and_metrics_have_no_limits() {
    let app = TestApp::start_with(small).await;
    assert_eq!(exhaust(&app.anyone(), "/areas/norr").await, 3);
    for path in ["//health/live", "//health/ready", "//metrics"] {
        for _ in 0..50 {
            let answer = app.anyone().get(path).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.header("ratelimit").is_none(), "{answer:?}");
        }
    }
}

on_both_databases! {
    async fn the_document_and_its_pages_are_taken_from_the_budget_of_anybody(idle: TestApp) {
        let app = idle.another_server_with(small).await;
        let pages = ["/openapi.json", "/docs/", "/docs/swagger-ui.css", "//problems/", "//problems/not-found", "//"];
        for (number, path) in pages.iter().enumerate() {
            let visitor = from(app.anyone(), &format!("192.0.2.{number}"));
            assert_eq!(exhaust(&visitor, path).await, 3, "{path}");
            assert_refused(&visitor.get(path).await, "anonymous", "1");
            assert_refused(&visitor.get("/areas/norr").await, "anonymous", "1");
            visitor.get("//health/ready").await.expect(200);
        }
    }
}

#[actix_web::test]
async fn without_limits_nobody_is_told_of_any() {
    let app = TestApp::start_with(|_| {}).await;
    for _ in 0..200 {
        let answer = app.anyone().get("/areas/norr").await;
        answer.expect(200);
        assert!(answer.header("ratelimit").is_none() && answer.header("ratelimit-policy").is_none(), "{answer:?}");
    }
}

#[actix_web::test]
async fn one_member_of_staff_is_one_subject_whatever_the_token() {
    let app = TestApp::start_with(small).await;
    let mut claims = credentials::claims("somebody", "caseworker", &["skaggetorp"]);
    assert_eq!(exhaust(&app.with_claims(claims.clone()), "/referrals").await, 4);
    claims["exp"] = json!(app.clock.seconds() + 1234);
    assert_eq!(exhaust(&app.with_claims(claims), "/referrals").await, 0);
}

fn impatient(setup: &mut Setup) {
    // The server looks at its clock twice a second, so a head needs more time than that.
    let (head, body, idle) = (Duration::from_secs(1), Duration::from_millis(300), Duration::from_millis(300));
    setup.timeouts = Timeouts { head, body, idle, ..Timeouts::default() };
}

/// What the server says, and how long it took, to somebody who sends this and then a byte now and then.
fn trickle(app: &TestApp, beginning: &str, byte: &[u8]) -> (String, Duration) {
    let mut stream = TcpStream::connect(app.address).unwrap();
    stream.write_all(beginning.as_bytes()).unwrap();
    let begun = Instant::now();
    let mut answer = Vec::new();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    while begun.elapsed() < Duration::from_secs(20) {
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(0) => return (String::from_utf8(answer).unwrap(), begun.elapsed()),
            Ok(length) => answer.extend(&part[..length]),
            // Nothing came in time.
            Err(error) if [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut].contains(&error.kind()) => {
                let _closed = stream.write_all(byte);
            }
            Err(_) => return (String::from_utf8(answer).unwrap(), begun.elapsed()),
        }
    }
    panic!("the server waits without end: {}", String::from_utf8_lossy(&answer));
}

#[actix_web::test]
async fn who_sends_a_head_or_a_body_byte_by_byte_is_not_waited_for() {
    let app = TestApp::start_with(impatient).await;
    let (answer, took) = trickle(&app, "GET /nara/v1/areas HTTP/1.1\r\nHost: nara\r\nX-Slow: ", b"x");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let key = partner("school").key.clone();
    let head = format!(
        "POST /nara/v1/partner/referrals HTTP/1.1\r\nHost: nara\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{{"
    );
    let (answer, took) = trickle(&app, &head, b" ");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    let problem: serde_json::Value =
        serde_json::from_str(raw::body(&answer)).unwrap_or_else(|error| panic!("{error}: {answer}"));
    assert!(problem["type"].as_str().unwrap().ends_with("/problems/request-timeout"), "{answer}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(app.stored_referrals().await, 0);
    // Nobody else has noticed.
    app.anyone().request(Method::GET, "/areas").send().await.expect(200);
}

#[actix_web::test]
async fn a_connection_that_is_not_used_is_closed() {
    let app = TestApp::start_with(impatient).await;
    let (answer, took) = trickle(&app, "GET /nara/v1/areas/norr HTTP/1.1\r\nHost: nara\r\n\r\n", b"");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[actix_web::test]
async fn the_time_for_a_head_is_no_time_for_a_body() {
    let app = TestApp::start_with(|setup| {
        setup.timeouts = Timeouts { head: Duration::from_secs(1), ..Timeouts::default() };
    })
    .await;
    let body = fixtures::concern_report().to_string().into_bytes();
    let (first, rest) = body.split_at(20);
    let key = &partner("school").key;
    let mut stream = TcpStream::connect(app.address).unwrap();
    let head = format!(
        "POST /nara/v1/partner/referrals HTTP/1.1\r\nHost: nara\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first).unwrap();
    actix_web::rt::time::sleep(Duration::from_millis(1700)).await;
    stream.write_all(rest).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}
