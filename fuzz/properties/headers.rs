//! Headers: keys for asking again, entity tags, traces, languages, preferences, media types, and whom a proxy speaks for.

use std::net::IpAddr;
use std::sync::LazyLock;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use nara::http::answer::{Representation, Validator};
use nara::http::call::{Cache, Call};
use nara::http::client;
use nara::http::idempotency::IdempotencyKey;
use nara::http::language::Language;
use nara::http::operations::Operation;
use nara::http::trace::Trace;
use serde_json::json;

use super::{call, random, request, text};

/// The bytes are lines of headers, each a name and a value.
pub fn check(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').filter_map(header).take(8).collect::<Vec<_>>();
    let with = |more: &[(HeaderName, HeaderValue)]| {
        let mut request = request("/nara/v1/areas").expect("an address");
        for line in lines.iter().chain(more) {
            request = request.append_header(line.clone());
        }
        request
    };
    let request = with(&[]).to_http_request();
    let call = call(&request);
    let trace = Trace::of(request.headers(), &random());
    assert_eq!(trace_of(&trace.to_string()).id(), trace.id(), "a trace that we tell is none that we take");
    asking_again(&call);
    conditions(&call);
    preferences(&call);
    languages(request.headers());
    media_types(request.headers());
    whom_a_proxy_speaks_for(with, client::address(&request));
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value.trim_ascii()).ok()?))
}

fn trace_of(traceparent: &str) -> Trace {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("traceparent"), HeaderValue::from_str(traceparent).expect("a header"));
    Trace::of(&headers, &nara::time::Random::new(|bytes| bytes.fill(9)))
}

fn asking_again(call: &Call) {
    let Ok(Some(key)) = call.idempotency_key() else { return };
    assert!((1..=255).contains(&key.as_bytes().len()) && key.as_bytes().iter().all(u8::is_ascii_graphic));
    let bare = text(key.as_bytes()).expect("ASCII");
    let quoted = format!("\"{}\"", bare.replace('\\', r"\\").replace('"', "\\\""));
    assert!(quoted.parse::<IdempotencyKey>().is_ok_and(|same| same == key), "quoted, it is another key");
}

fn conditions(call: &Call) {
    let view = json!({ "id": 1 });
    let tag = Representation::of(&view, Validator::Version(7)).expect("an answer").etag;
    let tag = tag.to_str().expect("a tag");
    let names = |name: HeaderName| call.header(name).map(str::to_owned);
    let status = call.found(&view, Validator::Version(7), Cache::NoStore).expect("an answer").status().as_u16();
    match names(actix_web::http::header::IF_NONE_MATCH) {
        Some(tags) => assert!(status == 200 || tags.contains(tag) || tags.trim() == "*", "304 to other tags"),
        None => assert_eq!(status, 200),
    }
    match names(actix_web::http::header::IF_MATCH) {
        Some(tags) if tags.trim() == "*" => assert!(call.check_if_match(7).is_ok()),
        Some(tags) => {
            assert!(call.check_if_match(7).is_err() || tags.contains("\"7-"), "another version was let pass");
            assert!(call.check_if_match_of(&view).is_err() || tags.contains(tag.trim_start_matches("\"7-")));
            // A weak tag never lets a change pass (RFC 9110, section 13.1.1).
            let weak = tags.split(',').all(|tag| tag.trim().starts_with("W/"));
            assert!(!weak || (call.check_if_match(7).is_err() && call.check_if_match_of(&view).is_err()));
        }
        // What is no text names a version all the same, that there cannot be.
        None => assert!(
            call.check_if_match(7).is_err() && call.check_if_match_when_given(7).is_err() == call.names_a_version()
        ),
    }
}

fn preferences(call: &Call) {
    let status = call.changed(&json!({}), Validator::Version(1)).expect("an answer").status().as_u16();
    let prefers = call.header(HeaderName::from_static("prefer")).unwrap_or_default().to_ascii_lowercase();
    assert!(status == 200 || (status == 204 && prefers.contains("return=minimal")));
}

fn languages(headers: &HeaderMap) {
    let header = headers.get(actix_web::http::header::ACCEPT_LANGUAGE);
    let language = Language::accepted(header);
    let said = header.and_then(|header| header.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    assert!(language == Language::English || said.contains("sv"));
    // Who names nothing but Swedish, as their first wish, reads Swedish.
    assert!(
        language == Language::Swedish
            || said.contains("en")
            || said.contains("q=")
            || !said.split(',').any(|range| range.trim() == "sv")
    );
}

fn media_types(headers: &HeaderMap) {
    static OPERATION: LazyLock<Operation> = LazyLock::new(|| {
        let documented = nara::http::documented::DocumentedOperation {
            id: "listDistricts".to_owned(),
            method: "GET".to_owned(),
            path: "/districts".to_owned(),
            query: Vec::new(),
            headers: vec!["Accept-Language".to_owned()],
            produces: vec!["application/json".to_owned(), "application/geo+json".to_owned()],
            secured_by: Vec::new(),
        };
        Operation::new(documented)
    });
    let accepted = OPERATION.check_accept(headers).is_ok();
    let said = headers
        .get(actix_web::http::header::ACCEPT)
        .map(|accept| accept.to_str().unwrap_or_default().to_ascii_lowercase());
    let names_one = |said: &str| said.contains("*/*") || said.contains("application/");
    assert!(!accepted || said.as_deref().is_none_or(names_one), "nothing of it is answered");
    let wants_all = |said: &str| said.split(',').any(|range| range.trim() == "*/*");
    assert!(accepted || !said.as_deref().is_none_or(wants_all), "all of it is answered");
}

/// What a caller writes itself, a trusted proxy adds to at the right: that decides, or nobody's address is known.
fn whom_a_proxy_speaks_for(with: impl Fn(&[(HeaderName, HeaderValue)]) -> TestRequest, address: Option<IpAddr>) {
    assert!(address.is_none_or(|address| address == address.to_canonical()));
    let proxy: IpAddr = "10.0.0.5".parse().expect("an address");
    let caller: IpAddr = "203.0.113.9".parse().expect("an address");
    let added =
        |name: &'static str, value: &'static str| (HeaderName::from_static(name), HeaderValue::from_static(value));
    for line in [added("forwarded", "for=203.0.113.9"), added("x-forwarded-for", "203.0.113.9")] {
        let found = client::address(&with(std::slice::from_ref(&line)).to_http_request());
        assert!(found.is_none() || found == Some(caller), "a caller chose the address {found:?}");
        assert_ne!(found, Some(proxy));
    }
}
