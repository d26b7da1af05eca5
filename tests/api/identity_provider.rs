//! The identity provider's keys: they change, they are away, and somebody makes tokens with keys that nobody knows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use nara::auth::holder::TokenHolder;
use nara::auth::key_set::{KeySet, KeySource};
use nara::auth::tokens::{ClaimNames, TokenVerifier};
use nara::time::Random;
use nara::vault::{Vault, VaultKeys};
use serde_json::{Value, json};

use crate::support::clock;
use crate::support::credentials::{self, KEY_ID, PROVIDER, SigningKey, claims};
use crate::support::fixtures::with;
use crate::support::{Actor, TestApp};

/// An identity provider on this machine.
#[derive(Clone)]
struct Provider {
    /// The key set, or `None` while it is away.
    published: Arc<Mutex<Option<String>>>,
    readings: Arc<AtomicUsize>,
    /// How many readings were under way at once, at most.
    at_once: Arc<AtomicUsize>,
    url: String,
}

impl Provider {
    fn start(keys: &Value) -> Self {
        let published = Arc::new(Mutex::new(Some(set(keys))));
        let [readings, at_once, running] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
        let (answer, count, most) = (Arc::clone(&published), Arc::clone(&readings), Arc::clone(&at_once));
        let app = move || {
            let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
            let (most, running) = (Arc::clone(&most), Arc::clone(&running));
            let jwks = move || {
                count.fetch_add(1, Ordering::SeqCst);
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let (set, running) = (answer.lock().unwrap().clone(), Arc::clone(&running));
                async move {
                    // Long enough for another reading to begin.
                    actix_web::rt::time::sleep(Duration::from_millis(5)).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    set.map_or_else(|| HttpResponse::ServiceUnavailable().finish(), |set| HttpResponse::Ok().body(set))
                }
            };
            App::new().route("/jwks", web::get().to(jwks))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { published, readings, at_once, url }
    }

    fn publish(&self, keys: &Value) {
        *self.published.lock().unwrap() = Some(set(keys));
    }

    fn go_away(&self) {
        *self.published.lock().unwrap() = None;
    }

    fn readings(&self) -> usize {
        self.readings.load(Ordering::SeqCst)
    }

    /// A server that reads this provider's keys so often, and knows the tests' key at its start.
    async fn server(&self, every: Duration) -> TestApp {
        self.server_with(credentials::verifier(), every).await
    }

    async fn server_with(&self, verifier: TokenVerifier, every: Duration) -> TestApp {
        let source = KeySource::url(&self.url).unwrap();
        TestApp::start_with(move |setup| setup.tokens = verifier.renewed_from(source, every)).await
    }
}

fn set(keys: &Value) -> String {
    json!({ "keys": keys }).to_string()
}

fn signed_by(app: &TestApp, key: &SigningKey, kid: &str) -> Actor {
    app.with_token(&key.sign(Some(kid), &claims("anna", "caseworker", &["skaggetorp"])))
}

async fn status(actor: &Actor) -> u16 {
    actor.get("/me").await.status
}

const NEVER: Duration = Duration::from_secs(3600);

#[actix_web::test]
async fn a_token_with_a_new_key_works_at_once_and_the_set_is_read_once_for_all_who_ask() {
    let fresh = SigningKey::fresh();
    let provider = Provider::start(&json!([PROVIDER.public(KEY_ID), fresh.public("new")]));
    let app = provider.server(NEVER).await;
    let anna = signed_by(&app, &fresh, "new");
    let answers = futures_util::future::join_all((0..8).map(|_| status(&anna))).await;
    assert_eq!(answers, [200; 8]);
    assert_eq!(provider.readings(), 1);
    assert_eq!(app.counted("nara_key_set_renewals_total{outcome=\"renewed\"}").await, 1);
}

#[actix_web::test]
async fn whoever_sends_unknown_keys_makes_the_set_be_read_once_in_half_a_minute() {
    let provider = Provider::start(&json!([PROVIDER.public(KEY_ID)]));
    let app = provider.server(NEVER).await;
    let stranger = SigningKey::fresh();
    for number in 0..10 {
        let kid = format!("../../keys/{number}");
        signed_by(&app, &stranger, &kid).get("/me").await.problem(401, "unauthenticated");
    }
    assert_eq!(provider.readings(), 1);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(status(&signed_by(&app, &stranger, "again")).await, 401);
    assert_eq!(provider.readings(), 2);
    assert_eq!(app.counted("nara_sign_ins_refused_total{reason=\"unknown_key\"}").await, 11);
    // They are the keys that were known before.
    assert_eq!(app.counted("nara_key_set_renewals_total{outcome=\"unchanged\"}").await, 2);
}

#[actix_web::test]
async fn the_known_keys_stay_through_an_outage_and_through_rubbish() {
    let provider = Provider::start(&json!([PROVIDER.public(KEY_ID)]));
    let app = provider.server(NEVER).await;
    let ours = signed_by(&app, &PROVIDER, KEY_ID);
    let stranger = SigningKey::fresh();
    provider.go_away();
    assert_eq!((status(&signed_by(&app, &stranger, "x")).await, status(&ours).await), (401, 200));
    let same_twice = json!([PROVIDER.public(KEY_ID), stranger.public(KEY_ID)]);
    let shared = json!([{ "kty": "oct", "kid": "x", "alg": "HS256", "k": "c2VjcmV0" }]);
    let mut endless = stranger.public("x");
    endless["x5c"] = json!(["x".repeat(256 * 1024)]);
    for rubbish in [same_twice, shared, json!([]), json!("x"), json!([endless])] {
        provider.publish(&rubbish);
        app.clock.advance(Duration::from_secs(30));
        assert_eq!((status(&signed_by(&app, &stranger, "x")).await, status(&ours).await), (401, 200), "{rubbish}");
    }
    assert_eq!(provider.readings(), 6);
    assert_eq!(app.counted("nara_key_set_renewals_total{outcome=\"failed\"}").await, 6);
}

/// Calls until it is answered so.
async fn until(actor: &Actor, path: &str, expected: u16) {
    let begun = Instant::now();
    loop {
        let answer = actor.get(path).await;
        if answer.status == expected {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{answer:?}");
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn a_server_that_starts_while_the_provider_is_away_serves_all_who_need_no_token() {
    let provider = Provider::start(&json!([PROVIDER.public(KEY_ID)]));
    provider.go_away();
    let app = provider.server_with(credentials::with_keys(None), NEVER).await;
    let ours = signed_by(&app, &PROVIDER, KEY_ID);
    for answer in [ours.get("/me").await, app.anyone().get("//health/ready").await] {
        let problem = answer.problem(503, "unavailable");
        assert!(problem["detail"].as_str().unwrap().contains("identity provider"), "{answer:?}");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    // What is no token, and who brings none, need no keys to be refused.
    app.with_token("rubbish").get("/me").await.problem(401, "unauthenticated");
    app.anyone().get("/me").await.problem(401, "unauthenticated");
    app.anyone().get("/areas").await.expect(200);
    app.anyone().get("//health/live").await.expect(200);
    app.submitted(crate::support::fixtures::concern_report()).await;
    assert_eq!(app.counted("nara_sign_ins_refused_total{reason=\"no_keys\"}").await, 1);
    provider.publish(&json!([{ "kty": "oct", "kid": KEY_ID, "alg": "HS256", "k": "c2VjcmV0" }]));
    assert_eq!(status(&ours).await, 503);
    provider.publish(&json!([PROVIDER.public(KEY_ID)]));
    until(&ours, "/me", 200).await;
    until(&app.anyone(), "//health/ready", 200).await;
    // From then on it is asked as often as is configured.
    let readings = provider.readings();
    provider.go_away();
    assert_eq!((status(&ours).await, provider.readings()), (200, readings));
}

#[actix_web::test]
async fn the_keys_are_read_by_one_at_a_time() {
    let provider = Provider::start(&json!([PROVIDER.public(KEY_ID)]));
    let app = provider.server(Duration::from_millis(1)).await;
    let stranger = SigningKey::fresh();
    for number in 0..30 {
        app.clock.advance(Duration::from_secs(30));
        let asking = (0..4).map(|of| signed_by(&app, &stranger, &format!("{number}-{of}")));
        let answers = futures_util::future::join_all(asking.map(|actor| async move { status(&actor).await })).await;
        assert_eq!(answers, [401; 4]);
    }
    assert!(provider.readings() > 10, "{}", provider.readings());
    assert_eq!(provider.at_once.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn keys_that_a_demo_made_are_never_taken() {
    let provider = Provider::start(&json!([PROVIDER.public(KEY_ID)]));
    let app = provider.server(NEVER).await;
    let (ours, demo) = (signed_by(&app, &PROVIDER, KEY_ID), SigningKey::fresh());
    provider.publish(&json!([PROVIDER.public(KEY_ID), demo.public("demo-0123456789abcdef")]));
    assert_eq!(status(&signed_by(&app, &demo, "demo-0123456789abcdef")).await, 401);
    assert_eq!((status(&ours).await, provider.readings()), (200, 1));
}

#[actix_web::test]
async fn a_key_that_is_taken_away_opens_nothing_any_more_even_for_tokens_seen_before() {
    let provider = Provider::start(&json!([PROVIDER.public(KEY_ID)]));
    let app = provider.server(Duration::from_millis(20)).await;
    let ours = signed_by(&app, &PROVIDER, KEY_ID);
    assert_eq!(status(&ours).await, 200);
    provider.publish(&json!([SigningKey::fresh().public("other")]));
    until(&ours, "/me", 401).await;
}

const RSA_MODULUS: &str = concat!(
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE",
    "CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q",
    "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6",
    "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
);

#[test]
fn a_key_is_for_the_algorithms_of_its_kind() {
    // The numbers that the standards' own examples have: FIPS 186-4 (P-384), RFC 8037 (Ed25519) and RFC 7517 (RSA).
    let (x, y) = (
        "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3",
        "NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f",
    );
    let curve = |name: &str| json!({ "kid": "k", "kty": "EC", "crv": name, "x": x, "y": y });
    let okp = |name: &str| json!({ "kid": "k", "kty": "OKP", "crv": name, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let rsa = json!({ "kid": "k", "kty": "RSA", "n": RSA_MODULUS, "e": "AQAB" });
    for (key, expected) in [
        (PROVIDER.public("k"), "[ES256]"),
        (curve("P-384"), "[ES384]"),
        (okp("Ed25519"), "[EdDSA]"),
        (with(rsa.clone(), "/alg", json!("RS512")), "[RS512]"),
        (rsa, "[RS256, RS384, RS512, PS256]"),
    ] {
        let keys: KeySet = set(&json!([key])).parse().unwrap();
        assert_eq!(format!("{:?}", keys.key("k").unwrap().algorithms), expected);
    }
    for key in [curve("P-521"), okp("X25519")] {
        assert!(set(&json!([key])).parse::<KeySet>().is_err(), "{key}");
    }
}

#[actix_web::test]
async fn what_was_verified_with_keys_that_changed_meanwhile_is_not_remembered() {
    let provider = Provider::start(&json!([SigningKey::fresh().public("other")]));
    let tokens = credentials::verifier().renewed_from(KeySource::url(&provider.url).unwrap(), NEVER);
    let vault = Vault::new(VaultKeys::new(&Random::system()));
    let (token, now) = (PROVIDER.sign(Some(KEY_ID), &claims("anna", "caseworker", &[])), clock::start().now);
    let verified = || Arc::new(TokenHolder::new(tokens.check(&token, now).unwrap(), &vault));
    tokens.remember(&token, verified(), now);
    assert!(tokens.remembered(&token, now).is_some());
    let late = verified();
    tokens.renew(now).await;
    assert!(tokens.remembered(&token, now).is_none());
    tokens.remember(&token, late, now);
    assert!(tokens.remembered(&token, now).is_none());
}

#[actix_web::test]
async fn a_token_for_longer_than_is_allowed_does_not_hold() {
    let app = TestApp::start_with(|setup| {
        setup.tokens = credentials::verifier().with_longest_lifetime(24 * 3600);
    })
    .await;
    let now = app.clock.seconds();
    let lasting = |seconds: i64| {
        let mut claims = claims("anna", "caseworker", &["skaggetorp"]);
        (claims["iat"], claims["exp"]) = (json!(now), json!(now + seconds));
        app.with_claims(claims)
    };
    assert_eq!(status(&lasting(24 * 3600)).await, 200);
    assert_eq!(status(&lasting(24 * 3600 + 1)).await, 401);
}

#[actix_web::test]
async fn what_a_token_says_may_stand_in_other_claims() {
    let names = ClaimNames {
        roles: "realm_access.roles".to_owned(),
        offices: "https://linkoping.example/offices".to_owned(),
        name: "displayName".to_owned(),
        qualified: "rights.qualified".to_owned(),
        protected_identity: "rights.cleared".to_owned(),
    };
    let app = TestApp::start_with(|setup| setup.tokens = credentials::verifier().with_claims(names)).await;
    let mut told = claims("anna", "administrator", &["bas-syd"]);
    told["realm_access"] = json!({ "roles": "team_lead" });
    told["https://linkoping.example/offices"] = json!(["skaggetorp"]);
    told["displayName"] = json!("Anna Ek");
    told["rights"] = json!({ "qualified": true, "cleared": "yes" });
    let me = app.with_claims(told).get("/me").await.expect(200);
    assert_eq!((&me["roles"], &me["offices"][0]["slug"]), (&json!(["team_lead"]), &json!("skaggetorp")));
    assert_eq!(
        (&me["name"], &me["qualified"], &me["protectedIdentity"]),
        (&json!("Anna Ek"), &json!(true), &json!(false))
    );
}

#[test]
fn a_key_set_has_only_keys_that_can_be_trusted() {
    let refusal = |key: Value| set(&json!([PROVIDER.public(KEY_ID), key])).parse::<KeySet>().err().unwrap_or_default();
    let short = json!({ "kty": "RSA", "kid": "short", "n": "A".repeat(171), "e": "AQAB" });
    assert!(refusal(short.clone()).contains("`short`"));
    let exchange = json!({ "kty": "OKP", "crv": "X25519", "kid": "exchange", "x": "A".repeat(43) });
    assert!(refusal(exchange).contains("`exchange`"));
    let mut misnamed = PROVIDER.public("misnamed");
    misnamed["alg"] = json!("HS256");
    assert!(refusal(misnamed).contains("`misnamed`"));
    let mut encrypting = short;
    encrypting["use"] = json!("enc");
    assert_eq!(refusal(encrypting), "", "keys for encryption are none of our business");
}

#[test]
fn keys_are_fetched_over_tls_or_from_this_machine() {
    for good in ["https://idp.example/jwks", "http://127.0.0.1:9/jwks", "http://[::1]/jwks", "http://localhost/jwks"] {
        assert!(KeySource::url(good).is_ok(), "{good}");
    }
    for bad in ["http://idp.example/jwks", "ftp://idp.example", "idp.example", "", "http://127.0.0.1.evil.example/"] {
        assert!(KeySource::url(bad).is_err(), "{bad}");
    }
}
