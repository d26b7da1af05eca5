//! What somebody may try in order to get in: it gets its own problem, tells the one who tries nothing, and is counted.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::access::credentials::signed_by_the_public_key;
use crate::support::credentials::{KEY_ID, PROVIDER, SigningKey, claims, fresh_key, partner};
use crate::support::document::new_api_key;
use crate::support::{Actor, Answer, Method, TestApp, fixtures};

const SIGN_INS: &str = "nara_sign_ins_refused_total{reason=";
const KEYS: &str = "nara_partner_keys_refused_total{reason=";
const PROBLEMS: &str = "nara_problems_total{problem=";

fn series(name: &str, label: &str) -> String {
    format!("{name}\"{label}\"}}")
}

/// What stands at nothing yet may not be in the metrics at all.
async fn count_of(app: &TestApp, series: &str) -> u64 {
    let metrics = app.anyone().get("//metrics").await.text();
    if metrics.contains(series) { app.counted(series).await } else { 0 }
}

/// What an answer says, but for what differs each time.
fn lasting(answer: &Answer) -> Value {
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("traceId");
    problem
}

fn caseworker() -> Value {
    claims("anna", "caseworker", &["skaggetorp"])
}

fn unsigned(algorithm: &str) -> String {
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", encoded(json!({ "alg": algorithm, "kid": KEY_ID, "typ": "JWT" })), encoded(caseworker()))
}

/// Tokens, each with the reason under which it is counted.
fn tokens(app: &TestApp) -> Vec<(String, &'static str)> {
    let but = |name: &str, value: Value| {
        let mut claims = caseworker();
        claims[name] = value;
        app.sign(claims)
    };
    let now = app.clock.seconds();
    let mut tokens = vec![
        (unsigned("none"), "malformed"),
        (unsigned("HS256"), "signature"),
        (signed_by_the_public_key(&caseworker(), PROVIDER.public_pem().as_bytes()), "signature"),
        (SigningKey::fresh().sign(Some(KEY_ID), &caseworker()), "signature"),
        (PROVIDER.sign(None, &caseworker()), "unknown_key"),
        (but("name", json!("n".repeat(15_000))), "malformed"),
        (but("aud", json!("another-system")), "claims"),
        (but("exp", json!(now - 31)), "time"),
        (app.sign_with_header(json!({ "crit": ["exp"] }), &caseworker()), "malformed"),
        ("rubbish".to_owned(), "malformed"),
    ];
    let tricks =
        ["../../../etc/passwd", "/dev/null", "file:///dev/null", "https://evil.example/jwks", "' OR 1=1 --", ""];
    tokens.extend(tricks.map(|kid| (PROVIDER.sign(Some(kid), &caseworker()), "unknown_key")));
    tokens
}

#[actix_web::test]
async fn a_token_that_does_not_hold_is_counted_by_the_reason_and_told_none() {
    let app = TestApp::start_with(|_| {}).await;
    let nobody = app.anyone().get("/referrals").await;
    nobody.problem(401, "unauthenticated");
    for (token, reason) in tokens(&app) {
        let (counter, problems) = (series(SIGN_INS, reason), series(PROBLEMS, "unauthenticated"));
        let before = (count_of(&app, &counter).await, count_of(&app, &problems).await);
        let answer = app.with_token(&token).get("/referrals").await;
        answer.problem(401, "unauthenticated");
        assert_eq!(lasting(&answer), lasting(&nobody), "{reason}");
        assert_eq!(answer.headers.get_all("www-authenticate").iter().count(), 2, "{answer:?}");
        assert_eq!(
            (count_of(&app, &counter).await, count_of(&app, &problems).await),
            (before.0 + 1, before.1 + 1),
            "{reason}: {token}"
        );
    }
    assert_eq!(app.registered_staff().await, 0);
}

#[actix_web::test]
async fn the_wrong_thing_to_sign_in_with_is_counted_too() {
    let app = TestApp::start_with(|_| {}).await;
    let (token, key) = (app.sign(caseworker()), partner("school").key.clone());
    let bearer = format!("Bearer {token}");
    let mistyped = format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { 'B' } else { 'A' });
    let tries: Vec<(Actor, &str, u16, String)> = vec![
        (app.with_token(&token).and("authorization", bearer.clone()), "/referrals", 400, series(SIGN_INS, "ambiguous")),
        (app.with_token(&token).and("x-api-key", key.clone()), "/referrals", 400, series(SIGN_INS, "ambiguous")),
        (app.with_key(&key).and("x-api-key", key.clone()), "/partner/me", 400, series(SIGN_INS, "ambiguous")),
        (app.with_key(&key), "/referrals", 401, series(SIGN_INS, "wrong_kind")),
        (app.with_token(&token), "/partner/me", 401, series(SIGN_INS, "wrong_kind")),
        (app.anyone().and("authorization", format!("Basic {token}")), "/me", 401, series(SIGN_INS, "foreign_scheme")),
        (app.anyone().and("authorization", token), "/partner/me", 401, series(SIGN_INS, "foreign_scheme")),
        (app.with_key(&mistyped), "/partner/me", 401, series(KEYS, "checksum")),
        (app.with_key(&fresh_key("live")), "/partner/me", 401, series(KEYS, "environment")),
        (app.with_key(&fresh_key("test")), "/partner/me", 401, series(KEYS, "unknown")),
    ];
    for (actor, path, status, counter) in tries {
        let slug = if status == 400 { "ambiguous-credentials" } else { "unauthenticated" };
        let problems = series(PROBLEMS, slug);
        let before = (count_of(&app, &counter).await, count_of(&app, &problems).await);
        actor.get(path).await.problem(status, slug);
        assert_eq!(
            (count_of(&app, &counter).await, count_of(&app, &problems).await),
            (before.0 + 1, before.1 + 1),
            "{counter}"
        );
    }
}

#[actix_web::test]
async fn what_is_wrong_in_a_request_is_counted_by_its_problem() {
    let app = TestApp::start_with(|_| {}).await;
    let (administrator, school) = (app.administrator(), app.school());
    let partners = administrator.get("/partners").await.expect(200);
    let keys = format!("/partners/{}/api-keys", partners["items"][0]["id"].as_str().unwrap());
    let issue = |change: (&str, Value)| {
        let mut new = new_api_key();
        new[change.0] = change.1;
        administrator.request(Method::POST, &keys).json(&new)
    };
    let submit = |key: &str| school.request(Method::POST, "/partner/referrals").header("idempotency-key", key);
    let tries = [
        (issue(("scopes", json!(["referrals:delete"]))), 422, "validation-failed", Some("#/scopes/0")),
        (issue(("allowedNetworks", json!(["10.0.0.0/33"]))), 422, "validation-failed", Some("#/allowedNetworks/0")),
        (submit(&"k".repeat(256)).json(&fixtures::concern_report()), 400, "invalid-idempotency-key", None),
    ];
    for (request, status, slug, pointer) in tries {
        let counter = series(PROBLEMS, slug);
        let before = count_of(&app, &counter).await;
        let answer = request.send().await;
        answer.problem(status, slug);
        assert_eq!(answer.pointers().first().map(String::as_str), pointer, "{answer:?}");
        assert_eq!(count_of(&app, &counter).await, before + 1, "{slug}");
    }
    assert_eq!(app.stored_referrals().await, 0);
}
