//! Tokens and keys that do not hold, whatever is wrong with them: all of them are answered alike.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use hmac::{Hmac, Mac};
use nara::db::schema::partner_keys;
use serde_json::{Value, json};
use sha2::Sha256;

use super::secured;
use crate::support::credentials::{self, KEY_ID, PROVIDER, SigningKey, claims, fresh_key, key_id, partner};
use crate::support::{Actor, Answer, TestApp};

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token that says it is signed by a shared secret, and is: by our public key in some form that everybody can read.
pub fn signed_by_the_public_key(claims: &Value, secret: &[u8]) -> String {
    let message = format!("{}.{}", encoded(&json!({ "alg": "HS256", "kid": KEY_ID, "typ": "JWT" })), encoded(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Tokens that do not hold, each with what is wrong with it. But for that they are an administrator's and a caseworker's.
fn bad_tokens(app: &TestApp) -> Vec<(&'static str, String)> {
    let mut good = claims("anna", "caseworker", &["skaggetorp"]);
    good["roles"] = json!(["caseworker", "administrator"]);
    let but = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        app.sign(claims)
    };
    let genuine = app.sign(good.clone());
    let (head, signature) = (genuine.split('.').next().unwrap(), genuine.rsplit('.').next().unwrap());
    let mut other = good.clone();
    other["sub"] = json!("somebody else");
    let now = app.clock.seconds();
    let unsigned =
        |alg: &str| format!("{}.{}.", encoded(&json!({ "alg": alg, "kid": KEY_ID, "typ": "JWT" })), encoded(&good));
    vec![
        ("expired", but("exp", json!(now - 31))),
        ("not yet valid", but("nbf", json!(now + 60))),
        ("issued in the future", but("iat", json!(now + 60))),
        ("for another audience", but("aud", json!("another-system"))),
        ("by another issuer", but("iss", json!("https://idp.test.evil.example"))),
        ("without an issuer", but("iss", Value::Null)),
        ("forged", SigningKey::fresh().sign(Some(KEY_ID), &good)),
        ("with an unknown key id", PROVIDER.sign(Some("unknown"), &good)),
        ("without a key id", PROVIDER.sign(None, &good)),
        ("with other claims under the same signature", format!("{head}.{}.{signature}", encoded(&other))),
        ("without its signature", format!("{}.", genuine.rsplit_once('.').unwrap().0)),
        ("unsigned", unsigned("none")),
        ("unsigned, oddly written", unsigned("nOnE")),
        (
            "signed with the public key in PEM as a secret",
            signed_by_the_public_key(&good, PROVIDER.public_pem().as_bytes()),
        ),
        ("signed with the public key's x as a secret", {
            let x = PROVIDER.public(KEY_ID)["x"].as_str().unwrap().to_owned();
            signed_by_the_public_key(&good, &URL_SAFE_NO_PAD.decode(x).unwrap())
        }),
        ("a key of a partner", partner("school").key.clone()),
    ]
}

fn bad_keys() -> Vec<(&'static str, String)> {
    let school = partner("school");
    let with_letter = |at: usize| {
        let mut key = school.key.clone().into_bytes();
        key[at] = if key[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(key).unwrap()
    };
    let id = key_id(&school.key);
    let stranger = fresh_key(credentials::ENVIRONMENT);
    vec![
        ("unknown", stranger.clone()),
        ("of another environment", fresh_key("live")),
        ("of the demo", fresh_key("demo")),
        ("revoked", school.revoked_key.clone()),
        ("expired", school.expired_key.clone()),
        ("with a mistyped secret", with_letter(school.key.len() - 20)),
        ("with a mistyped check", with_letter(school.key.len() - 1)),
        ("with another agency's id", stranger.replace(&key_id(&stranger), &id)),
        ("cut short", school.key[..school.key.len() - 1].to_owned()),
        ("made longer", format!("{}A", school.key)),
    ]
}

/// What an answer says, but for what differs each time.
fn lasting(answer: &Answer) -> Value {
    let mut problem = answer.problem(401, "unauthenticated");
    problem.as_object_mut().unwrap().remove("traceId");
    problem
}

async fn assert_refused(app: &TestApp, actors: Vec<(&'static str, Actor)>) {
    for operation in secured() {
        let request = app.prepare(operation).await;
        let nobody = request.send(&app.anyone()).await;
        for (what, actor) in &actors {
            let answer = request.send(actor).await;
            assert_eq!(answer.status, 401, "{what}: {answer:?}");
            assert_eq!(lasting(&answer), lasting(&nobody), "a token or key that is {what} is told apart");
            let schemes: Vec<_> =
                answer.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
            assert!(schemes.iter().any(|scheme| scheme.starts_with("Bearer")), "{answer:?}");
        }
    }
}

on_both_databases! {
    async fn a_token_that_does_not_hold_opens_nothing(app: TestApp) {
        let actors = bad_tokens(&app).into_iter().map(|(what, token)| (what, app.with_token(&token))).collect();
        assert_refused(&app, actors).await;
    }

    async fn a_key_that_does_not_hold_opens_nothing(app: TestApp) {
        let actors = bad_keys().into_iter().map(|(what, key)| (what, app.with_key(&key))).collect();
        assert_refused(&app, actors).await;
    }

    async fn a_key_opens_what_its_scopes_say(app: TestApp) {
        let id = app.submitted(crate::support::fixtures::concern_report()).await;
        let (reading, submitting) = (app.with_key(&partner("school").reading_key), app.with_key(&partner("school").submitting_key));
        let path = format!("/partner/referrals/{id}");
        let submit = |actor: Actor| async move { actor.post("/partner/referrals", crate::support::fixtures::concern_report()).await };
        reading.get(&path).await.expect(200);
        submit(submitting.clone()).await.expect(201);
        let refused = submitting.get(&path).await.problem(403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("referrals:read"), "{refused}");
        let refused = submit(reading).await.problem(403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("referrals:submit"), "{refused}");
    }

    async fn a_key_that_is_revoked_stops_working_within_two_seconds(app: TestApp) {
        let path = "/partner/referrals/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
        app.school().get(path).await.problem(404, "not-found");
        let (id, now) = (key_id(&partner("school").key), nara::time::Timestamp::from(app.clock.now()));
        let revoke = move |conn: &mut nara::db::DbConn| {
            nara::binding::changing(conn, "partner_keys", &[&id], |conn| {
                diesel::update(partner_keys::table.find(&id)).set(partner_keys::revoked_at.eq(now)).execute(conn)?;
                Ok(())
            })
        };
        app.db().write(revoke).await.unwrap();
        let begun = std::time::Instant::now();
        while app.school().get(path).await.status != 401 {
            assert!(begun.elapsed() < Duration::from_secs(2), "the key still works");
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        app.police().get(path).await.problem(404, "not-found");
    }

    async fn a_key_that_ends_stops_working_at_that_instant(app: TestApp) {
        let path = "/partner/referrals/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
        let expired = app.with_key(&partner("school").expired_key);
        expired.get(path).await.problem(401, "unauthenticated");
        app.clock.set("2026-11-22T08:59:59.999999Z");
        expired.get(path).await.problem(404, "not-found");
        app.clock.set("2026-11-22T09:00:00Z");
        expired.get(path).await.problem(401, "unauthenticated");
    }

    async fn who_signs_in_in_two_ways_is_nobody(app: TestApp) {
        let token = app.sign(claims("anna", "administrator", &["skaggetorp"]));
        let (bearer, key) = (format!("Bearer {token}"), partner("school").key.clone());
        let ways = [
            app.with_token(&token).and("x-api-key", key.clone()),
            app.with_token(&token).and("x-api-key", "rubbish"),
            app.with_key(&key).and("authorization", "Bearer rubbish"),
            app.with_key(&key).and("authorization", ""),
            app.with_token(&token).and("authorization", bearer),
            app.with_key(&key).and("x-api-key", key.clone()),
        ];
        for operation in secured() {
            let request = app.prepare(operation).await;
            let before = app.audit_actions().await;
            for way in &ways {
                request.send(way).await.problem(400, "ambiguous-credentials");
            }
            assert_eq!(app.audit_actions().await, before);
        }
    }

    async fn the_public_is_answered_whatever_it_signs_in_with(app: TestApp) {
        for actor in [app.with_token("rubbish"), app.with_key("rubbish"), app.with_token("x").and("x-api-key", "y")] {
            actor.get("/areas/norr").await.expect(200);
        }
    }
}
