//! Bodies: the right media type, not too large, JSON, of the right shape; and no value told back.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use nara::server::Timeouts;
use serde_json::{Value, json};

use crate::support::document::{OPERATIONS, may_be_null, takes_body};
use crate::support::fixtures::{self, with};
use crate::support::{Method, TestApp, credentials, raw};

const LARGEST: usize = 1024 * 1024;

#[actix_web::test]
async fn a_body_of_another_kind_is_refused_by_every_operation() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter().filter(|operation| takes_body(operation)) {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let etag = request.etag.clone().unwrap_or_default();
        let body = serde_json::to_vec(&request.body).unwrap();
        let send = |headers: &'static [(&'static str, &'static str)]| {
            let bare = request.bare(&caller).header("if-match", &etag).body(body.clone());
            headers.iter().fold(bare, |request, (name, value)| request.header(name, value)).send()
        };
        send(&[]).await.problem(415, "unsupported-media-type");
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "application/xml", "rubbish", "application/jsonx"]
        {
            let bare = request.bare(&caller).header("if-match", &etag).header("content-type", kind).body(body.clone());
            bare.send().await.problem(415, "unsupported-media-type");
        }
        let encoded = &[("content-type", "application/json"), ("content-encoding", "gzip")];
        send(encoded).await.problem(415, "unsupported-media-type");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_json_is_malformed_for_every_operation() {
    let app = TestApp::start_with(|_| {}).await;
    let broken: [Vec<u8>; 7] = [
        b"".into(),
        b"{".into(),
        b"{\"name\":}".into(),
        b"{} {}".into(),
        b"name=x".into(),
        b"{\"name\": \"\xff\xfe\"}".into(),
        [b"{\"name\":".as_slice(), "[".repeat(100_000).as_bytes()].concat(),
    ];
    for operation in OPERATIONS.iter().filter(|operation| takes_body(operation)) {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        for body in &broken {
            let etag = request.etag.clone().unwrap_or_default();
            let bare = request.bare(&caller).header("if-match", &etag).header("content-type", "application/json");
            let answer = bare.body(body.clone()).send().await;
            assert!(answer.status == 400, "{}: {answer:?}", String::from_utf8_lossy(&body[..body.len().min(20)]));
            answer.problem(400, "malformed-json");
        }
    }
}

#[actix_web::test]
async fn a_field_that_does_not_exist_is_refused_by_every_operation() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter().filter(|operation| takes_body(operation)) {
        let (mut request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let body = request.body.as_mut().unwrap();
        body["unheardOf"] = json!(1);
        let answer = request.send(&caller).await;
        answer.problem(422, "validation-failed");
        assert_eq!(answer.pointers(), ["#/unheardOf"], "{answer:?}");
    }
}

#[actix_web::test]
async fn null_is_refused_wherever_something_is_created() {
    let app = TestApp::start_with(|_| {}).await;
    let created = OPERATIONS.iter().filter(|operation| takes_body(operation) && operation.method != "PATCH");
    for operation in created {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let fields: Vec<String> = request.body.as_ref().unwrap().as_object().unwrap().keys().cloned().collect();
        for field in fields.into_iter().filter(|field| !may_be_null(operation, field)) {
            let with_null = with(request.body.clone().unwrap(), &format!("/{field}"), Value::Null);
            let answer = request.with_body(with_null).send(&caller).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), [format!("#/{field}")], "{answer:?}");
        }
        for body in [json!(null), json!([]), json!("text"), json!(7), json!(true)] {
            let answer = request.with_body(body).send(&caller).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), ["#"], "{answer:?}");
        }
    }
}

#[actix_web::test]
async fn a_body_may_have_one_mebibyte_and_not_a_byte_more() {
    let app = TestApp::start_with(|_| {}).await;
    let padded = |length: usize| {
        let question = br#"{"district":"ryd"}"#;
        [question.as_slice(), " ".repeat(length - question.len()).as_bytes()].concat()
    };
    let ask = |length| {
        let request = app.anyone().request(Method::POST, "/where-to-turn").header("content-type", "application/json");
        request.body(padded(length)).send()
    };
    ask(LARGEST).await.expect(200);
    ask(LARGEST + 1).await.problem(413, "body-too-large");
    for operation in OPERATIONS.iter().filter(|operation| takes_body(operation)) {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let etag = request.etag.clone().unwrap_or_default();
        let bare = request.bare(&caller).header("if-match", &etag).header("content-type", "application/json");
        bare.body(padded(LARGEST + 1)).send().await.problem(413, "body-too-large");
    }
}

#[actix_web::test]
async fn a_body_that_does_not_tell_its_length_may_be_no_larger() {
    let app = TestApp::start_with(|_| {}).await;
    let chunked = |length: usize| {
        let head = "POST /nara/v1/where-to-turn HTTP/1.1\r\nHost: nara.test\r\nContent-Type: application/json\r\n\
                    Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        let question = r#"{"district":"ryd"}"#;
        let body = format!("{question}{}", " ".repeat(length - question.len()));
        let chunks: String = body
            .as_bytes()
            .chunks(65536)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
            .collect();
        raw::exchange(app.address, format!("{head}{chunks}0\r\n\r\n").as_bytes())
    };
    assert!(chunked(LARGEST).starts_with("HTTP/1.1 200"));
    let refused = chunked(LARGEST + 1);
    assert!(refused.starts_with("HTTP/1.1 413") && refused.contains("/problems/body-too-large"), "{refused}");
}

/// What is answered to somebody who sends pieces until the connection is closed, and how much they could send.
fn pour(address: SocketAddr, head: &str, piece: &str, pause: Duration) -> (String, usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(pause)).unwrap();
    let piece = format!("{:x}\r\n{piece}\r\n", piece.len());
    let (begun, mut sent, mut answer) = (Instant::now(), 0, Vec::new());
    loop {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{sent} bytes and more: {}",
            String::from_utf8_lossy(&answer)
        );
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(length) => answer.extend(&part[..length]),
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(_) => break,
        }
        match stream.write_all(piece.as_bytes()) {
            Ok(()) => sent += piece.len(),
            Err(_) => {
                let _rest = stream.read_to_end(&mut answer);
                break;
            }
        }
    }
    (String::from_utf8_lossy(&answer).into_owned(), sent)
}

#[actix_web::test]
async fn a_body_that_never_ends_is_closed_behind_its_refusal() {
    let timeouts = Timeouts { body: Duration::from_millis(300), ..Timeouts::default() };
    let (app, patient) =
        (TestApp::start_with(|setup| setup.timeouts = timeouts).await, TestApp::start_with(|_| {}).await);
    let (much, little) = (" ".repeat(16 * 1024), " ".to_owned());
    let (fast, slow) = (Duration::from_millis(1), Duration::from_millis(50));
    let (key, json) = (credentials::partner("school").key.clone(), "Content-Type: application/json\r\n");
    for (path, headers, piece, pause, status) in [
        ("/where-to-turn", json.to_owned(), &much, fast, 413),
        ("/where-to-turn", json.to_owned(), &little, slow, 408),
        ("/where-to-turn", String::new(), &little, slow, 415),
        ("/nowhere", json.to_owned(), &much, fast, 404),
        ("/partner/referrals", json.to_owned(), &little, slow, 401),
        ("/partner/referrals", format!("{json}X-API-Key: {key}\r\n"), &little, slow, 408),
    ] {
        let head =
            format!("POST /nara/v1{path} HTTP/1.1\r\nHost: nara.test\r\n{headers}Transfer-Encoding: chunked\r\n\r\n");
        // Who sends fast is not to be slow by chance.
        let server = if pause == fast { &patient } else { &app };
        let (answer, sent) = pour(server.address, &head, piece, pause);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {status}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{path} {status}: {answer}");
        assert!(sent < 32 * LARGEST, "{path} {status}: {sent} bytes were taken");
    }
    // Who sends pieces and comes to an end keeps the connection.
    let question = r#"{"district":"ryd"}"#;
    let ask = |last: &str| {
        format!(
            "POST /nara/v1/where-to-turn HTTP/1.1\r\nHost: nara.test\r\n{json}Transfer-Encoding: chunked\r\n{last}\r\n{:x}\r\n{question}\r\n0\r\n\r\n",
            question.len()
        )
    };
    let both = raw::exchange(app.address, format!("{}{}", ask(""), ask("Connection: close\r\n")).as_bytes());
    assert_eq!(both.matches("HTTP/1.1 200").count(), 2, "{both}");
}

#[actix_web::test]
async fn a_field_that_stands_twice_is_refused() {
    let app = TestApp::start_with(|_| {}).await;
    let request =
        app.anyone().request(Method::POST, "/where-to-turn").header("content-type", "application/json; charset=utf-8");
    let answer = request.body(r#"{"district":"ryd","district":"berga"}"#).send().await;
    answer.problem(422, "validation-failed");
    assert_eq!(answer.pointers(), ["#/district"]);
}

/// Whether a text has a part of the number in it that is too long to stand in a trace or a port by chance.
fn tells(text: &str) -> bool {
    ["20130315", "15-2398"].iter().any(|part| text.contains(part))
}

#[actix_web::test]
async fn a_problem_never_tells_back_what_was_sent() {
    let app = TestApp::start_with(|_| {}).await;
    let secret = "20130315-2398";
    let leaves = [
        "/kind",
        "/urgency",
        "/child/personalIdentityNumber",
        "/child/birthDate",
        "/child/birthYear",
        "/child/gender",
        "/child/districtId",
        "/child/protectedIdentity",
        "/child/knowsOfReport",
        "/child/interpreterLanguage",
        "/child",
        "/guardians",
        "/siblings",
        "/needs",
        "/guardiansInformed",
        "/guardiansInformed/informed",
        "/consent",
        "/requestedServiceIds",
        "/feedbackRequested",
        "/acuteDanger",
    ];
    for leaf in leaves {
        for value in [json!(secret), json!([secret]), json!({ "givenName": [secret] }), json!(201303152398_u64)] {
            let answer = app.school().post("/partner/referrals", with(fixtures::concern_report(), leaf, value)).await;
            answer.problem(422, "validation-failed");
            let told = format!("{answer:?}");
            assert!(!tells(&told), "{leaf}: {told}");
        }
    }
    for parameter in ["lat", "age", "need", "at", "postalCode"] {
        let answer = app.anyone().get(&format!("/where-to-turn?{parameter}={secret}&lon=1")).await;
        answer.problem(400, "invalid-parameter");
        let headers_and_body = format!("{:?} {}", answer.headers, answer.text());
        assert!(!tells(&headers_and_body), "{headers_and_body}");
    }
    assert_eq!(app.stored_referrals().await, 0);
}
