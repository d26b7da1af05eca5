//! Signing in: staff by tokens of the municipality's identity provider, agencies by keys.

use std::time::Duration;

use nara::auth::key_set::KeySet;
use serde_json::{Value, json};

use crate::support::credentials::{self, KEY_ID, PROVIDER, SigningKey};
use crate::support::{Actor, TestApp};

fn claims() -> Value {
    credentials::claims("anna", "caseworker", &["skaggetorp"])
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

async fn is_let_in(actor: &Actor) -> bool {
    let answer = actor.get("/referrals").await;
    if answer.status != 200 {
        answer.problem(401, "unauthenticated");
    }
    answer.status == 200
}

#[actix_web::test]
async fn a_token_holds_until_it_ends_and_thirty_seconds_more() {
    let app = TestApp::start_with(|_| {}).await;
    let end = app.clock.seconds() + 600;
    let actor = app.with_claims(with("exp", json!(end)));
    // The first call has the signature checked; the later ones find the token remembered.
    assert!(is_let_in(&actor).await);
    app.clock.advance(Duration::from_secs(600 + 30));
    assert!(is_let_in(&actor).await);
    app.clock.advance(Duration::from_secs(1));
    assert!(!is_let_in(&actor).await, "the token is remembered beyond its end");
    let never_seen = app.with_claims(
        json!({ "exp": end, "jti": "another", "iss": claims()["iss"], "aud": "nara", "sub": "anna", "iat": 0 }),
    );
    assert!(!is_let_in(&never_seen).await);
}

#[actix_web::test]
async fn a_token_from_a_clock_that_is_a_little_ahead_is_taken() {
    let app = TestApp::start_with(|_| {}).await;
    let now = app.clock.seconds();
    for name in ["iat", "nbf"] {
        assert!(is_let_in(&app.with_claims(with(name, json!(now + 30)))).await, "{name}");
        assert!(!is_let_in(&app.with_claims(with(name, json!(now + 31)))).await, "{name}");
    }
}

#[actix_web::test]
async fn a_token_without_what_it_must_say_does_not_hold() {
    let app = TestApp::start_with(|_| {}).await;
    for name in ["iss", "aud", "sub", "exp", "iat"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        assert!(!is_let_in(&app.with_claims(claims)).await, "{name} may be missing");
        for wrong in [json!(null), json!({}), json!(""), json!([]), json!("x"), json!(true)] {
            // Any text is a subject.
            if (name, &wrong) == ("sub", &json!("x")) {
                continue;
            }
            assert!(!is_let_in(&app.with_claims(with(name, wrong.clone()))).await, "{name} may be {wrong}");
        }
    }
    assert!(!is_let_in(&app.with_claims(with("exp", json!(i64::MAX)))).await, "a token for ever");
    assert!(!is_let_in(&app.with_claims(with("exp", json!(-1)))).await);
    assert!(
        is_let_in(&app.with_claims(with("aud", json!(["other", "nara"])))).await,
        "a token may have several audiences"
    );
}

#[actix_web::test]
async fn a_token_that_is_too_long_is_not_read() {
    let app = TestApp::start_with(|_| {}).await;
    let long = app.sign(with("name", json!("n".repeat(20_000))));
    assert!(long.len() > 20_000);
    let answer = app.with_token(&long).get("/referrals").await;
    assert!([401, 431, 400].contains(&answer.status), "{answer:?}");
    let shorter = app.sign(with("name", json!("n".repeat(7_000))));
    assert!(!is_let_in(&app.with_token(&shorter)).await);
    let fitting = app.sign(with("name", json!("n".repeat(4_000))));
    assert!(is_let_in(&app.with_token(&fitting)).await);
}

#[actix_web::test]
async fn roles_and_offices_that_are_unknown_give_nothing() {
    let app = TestApp::start_with(|_| {}).await;
    let app = &app;
    let get = |claims| async move { app.with_claims(claims).get("/referrals").await };
    get(with("roles", json!(["emperor", "caseworker", ""]))).await.expect(200);
    get(with("roles", json!(["emperor", "Caseworker"]))).await.problem(403, "forbidden");
    get(with("roles", json!([]))).await.problem(403, "forbidden");
    let mut without = claims();
    without.as_object_mut().unwrap().remove("roles");
    get(without).await.problem(403, "forbidden");
    let id = app.submitted(crate::support::fixtures::concern_report()).await;
    for offices in [json!([]), json!(["unheard-of"]), json!(["Skaggetorp"]), json!([""])] {
        let elsewhere = app.with_claims(with("offices", offices.clone()));
        assert_eq!(elsewhere.get("/referrals").await.expect(200)["items"], json!([]), "{offices}");
        elsewhere.get(&format!("/referrals/{id}")).await.problem(404, "not-found");
    }
    let both = app.with_claims(with("offices", json!(["unheard-of", "skaggetorp"])));
    both.get(&format!("/referrals/{id}")).await.expect(200);
}

#[actix_web::test]
async fn odd_ways_to_write_the_header_sign_nobody_in() {
    let app = TestApp::start_with(|_| {}).await;
    let token = app.sign(claims());
    assert!(is_let_in(&app.anyone().and("authorization", format!("bearer {token}"))).await);
    let odd = [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[1..]),
        format!("Bearer {token}.x"),
        format!("Bearer {token} {token}"),
        "Bearer ..".into(),
        "Bearer a.b.c".into(),
    ];
    for header in odd {
        assert!(!is_let_in(&app.anyone().and("authorization", header.clone())).await, "{header}");
    }
    for key in ["", "x", "nara_test_", "nara_test_a_b", "nara_test_AAAAAAAAAA_åäö", &"A".repeat(5000)] {
        let answer =
            app.anyone().and("x-api-key", key).get("/partner/referrals/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e").await;
        answer.problem(401, "unauthenticated");
    }
}

fn refusal(set: &Value) -> String {
    set.to_string().parse::<KeySet>().err().unwrap_or_default()
}

#[test]
fn a_key_set_that_cannot_be_trusted_is_refused() {
    let public = PROVIDER.public(KEY_ID);
    let set = |keys: Value| json!({ "keys": keys });
    assert_eq!(refusal(&set(json!([public]))), "");
    assert!(refusal(&set(json!([public, SigningKey::fresh().public(KEY_ID)]))).contains("two keys with the `kid`"));
    let shared = json!({ "kty": "oct", "kid": "shared", "alg": "HS256", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0" });
    assert!(refusal(&set(json!([public, shared]))).contains("`shared`"));
    let mut unnamed = public.clone();
    unnamed.as_object_mut().unwrap().remove("kid");
    assert!(refusal(&set(json!([unnamed]))).contains("without `kid`"));
    assert!(refusal(&set(json!([]))).contains("no key"));
    for rubbish in [json!({}), json!([]), json!("x"), json!({ "keys": 7 })] {
        assert!(refusal(&rubbish).contains("JSON Web Key Set"), "{rubbish}");
    }
}

/// The same from outside: `serve` does not start, and says which variable is wrong.
#[test]
fn a_server_does_not_start_with_a_key_set_that_cannot_be_trusted() {
    let folder = std::env::temp_dir().join(format!("nara-sign-in-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (secret, jwks) = (folder.join("secret"), folder.join("jwks.json"));
    std::fs::write(&secret, "3f9a1c0e7b5d2846a9f1e3c5b7d90284fedcba98765432100123456789abcdef").unwrap();
    let public = PROVIDER.public(KEY_ID);
    for keys in [
        json!([]),
        json!([public, public]),
        json!([{ "kty": "oct", "kid": "shared", "alg": "HS256", "k": "c2VjcmV0" }]),
    ] {
        std::fs::write(&jwks, json!({ "keys": keys }).to_string()).unwrap();
        let mut serve = std::process::Command::new(env!("CARGO_BIN_EXE_nara"));
        serve.arg("serve").env("DATABASE_URL", format!("sqlite://{}", folder.join("nara.db").display()));
        serve
            .env("NARA_JWKS_FILE", &jwks)
            .env("NARA_ISSUER", "https://idp.test")
            .env("NARA_PUBLIC_URL", "https://nara.test")
            .env("NARA_SECRET_FILE", &secret)
            .env("NARA_VAULT_KEYS", crate::support::credentials::vault().ring().reveal())
            .env("NARA_ADDRESS", "127.0.0.1:0");
        let ended = serve.output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && told.contains("NARA_JWKS_FILE"), "{told}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
