//! The identity provider's keys: they change, they are away, and somebody makes tokens with keys that nobody knows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use nara::auth::key_set::{KeySet, KeySource};
use nara::auth::tokens::ClaimNames;
use serde_json::{Value, json};

use crate::support::credentials::{self, KEY_ID, PROVIDER, SigningKey, claims};
use crate::support::{Actor, TestApp};

/// An identity provider on this machine.
#[derive(Clone)]
struct Provider {
    /// The key set, or `None` while it is away.
    published: Arc<Mutex<Option<String>>>,
    readings: Arc<AtomicUsize>,
    url: String,
}

impl Provider {
    fn start(keys: &Value) -> Self {
        let published = Arc::new(Mutex::new(Some(set(keys))));
        let readings = Arc::new(AtomicUsize::new(0));
        let (answer, count) = (Arc::clone(&published), Arc::clone(&readings));
        let app = move || {
            let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
            let jwks = move || {
                count.fetch_add(1, Ordering::SeqCst);
                let set = answer.lock().unwrap().clone();
                async move {
                    set.map_or_else(|| HttpResponse::ServiceUnavailable().finish(), |set| HttpResponse::Ok().body(set))
                }
            };
            App::new().route("/jwks", web::get().to(jwks))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { published, readings, url }
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
        let url = self.url.clone();
        TestApp::start_with(move |setup| {
            setup.tokens = Some(credentials::verifier().renewed_from(KeySource::url(&url).unwrap(), every));
        })
        .await
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
    let metrics = app.anyone().get("//metrics").await.text();
    assert!(metrics.contains("nara_key_set_renewals_total{outcome=\"renewed\"}"), "{metrics}");
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
    let metrics = app.anyone().get("//metrics").await.text();
    assert!(metrics.contains("nara_sign_ins_refused_total{reason=\"unknown_key\"} 11"), "{metrics}");
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
    for rubbish in [same_twice, shared, json!([]), json!("x")] {
        provider.publish(&rubbish);
        app.clock.advance(Duration::from_secs(30));
        assert_eq!((status(&signed_by(&app, &stranger, "x")).await, status(&ours).await), (401, 200), "{rubbish}");
    }
    assert_eq!(provider.readings(), 5);
}

#[actix_web::test]
async fn a_key_that_is_taken_away_opens_nothing_any_more_even_for_tokens_seen_before() {
    let provider = Provider::start(&json!([PROVIDER.public(KEY_ID)]));
    let app = provider.server(Duration::from_millis(20)).await;
    let ours = signed_by(&app, &PROVIDER, KEY_ID);
    assert_eq!(status(&ours).await, 200);
    provider.publish(&json!([SigningKey::fresh().public("other")]));
    let begun = Instant::now();
    while status(&ours).await == 200 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the key still opens");
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn a_token_for_longer_than_is_allowed_does_not_hold() {
    let app = TestApp::start_with(|setup| {
        setup.tokens = Some(credentials::verifier().with_longest_lifetime(24 * 3600));
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
    let app = TestApp::start_with(|setup| setup.tokens = Some(credentials::verifier().with_claims(names))).await;
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
