//! Keys of partner agencies: what they are made for, and from where and for what they hold.

use serde_json::{Value, json};

use crate::partners::holds;
use crate::support::credentials::{key_id, partner};
use crate::support::document::{OPERATIONS, new_api_key, new_partner};
use crate::support::fixtures::{concern_report, with, without};
use crate::support::{Actor, Answer, TestApp};

const KEYS: &str = "/partners/school/api-keys";

async fn made(app: &TestApp, body: Value) -> Value {
    app.administrator().post(KEYS, body).await.expect(201)
}

fn with_key(app: &TestApp, issued: &Value) -> Actor {
    app.with_key(issued["secret"].as_str().unwrap())
}

#[actix_web::test]
async fn an_agency_is_told_the_budgets_that_its_keys_are_held_to() {
    let rate = |text: &str| text.parse().unwrap();
    let rates = nara::config::limits::Rates {
        anonymous: rate("20/s:60"),
        read: rate("50/s:150"),
        write: rate("30/min:40"),
        search: rate("30/min"),
        sign_in: rate("20/min"),
    };
    let app = TestApp::start_with(|setup| setup.limits = Some(rates)).await;
    let me = app.school().get("/partner/me").await.expect(200);
    let expected = json!({ "reading": { "calls": 50, "seconds": 1, "burst": 150 }, "writing": { "calls": 30, "seconds": 60, "burst": 40 } });
    assert_eq!(me["limits"], expected);
}

/// How often keys were refused, by the reason.
async fn refused(app: &TestApp, reason: &str) -> u64 {
    let metrics = app.anyone().get("//metrics").await.text();
    let name = format!("nara_partner_keys_refused_total{{reason=\"{reason}\"}} ");
    let count = metrics.lines().find_map(|line| line.strip_prefix(&name));
    count.unwrap_or_else(|| panic!("nothing is told of {reason}")).parse().unwrap()
}

on_both_databases! {
    async fn a_key_is_shown_once_and_works_at_once(app: TestApp) {
        let body = with(with(new_api_key(), "/expiresAt", json!("2027-01-01T00:00:00+01:00")), "/allowedNetworks", json!(["127.0.0.0/8", "2001:db8::/32"]));
        let answer = app.administrator().post(KEYS, body).await;
        let issued = answer.expect(201);
        let (id, secret) = (issued["id"].as_str().unwrap(), issued["secret"].as_str().unwrap());
        assert!(answer.header("location").unwrap().ends_with(&format!("/nara/v1{KEYS}/{id}")));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(secret.starts_with(&format!("nara_test_{id}_")) && secret.len() == "nara_test_".len() + 10 + 1 + 32 + 6, "{secret}");
        let mut rest = issued.clone();
        for differing in ["id", "secret", "auditId", "_links"] {
            rest.as_object_mut().unwrap().remove(differing).unwrap();
        }
        assert_eq!(rest, json!({
            "label": "Påhittat system", "scopes": ["referrals:submit", "referrals:read"], "allowedNetworks": ["127.0.0.0/8", "2001:db8::/32"],
            "createdAt": "2026-11-23T09:00:00Z", "expiresAt": "2026-12-31T23:00:00Z",
        }));
        let me = with_key(&app, &issued).get("/partner/me").await.expect(200);
        assert_eq!((&me["slug"], &me["keyId"]), (&json!("school"), &json!(id)));
        let read = app.administrator().get(&format!("{KEYS}/{id}")).await;
        assert_eq!((read.expect(200), read.etag()), (without(issued.clone(), "/secret"), answer.etag()));
    }

    async fn a_secret_is_told_to_nobody_a_second_time(app: TestApp) {
        let issued = made(&app, new_api_key()).await;
        let path = format!("{KEYS}/{}", issued["id"].as_str().unwrap());
        let preferring = app.administrator().and("prefer", "return=minimal").post(KEYS, new_api_key()).await;
        assert!(preferring.expect(201)["secret"].is_string(), "who prefers no body would never learn the key");
        let rotated = app.administrator().post(&format!("{path}/rotate"), json!({})).await.expect(201);
        let secrets: Vec<String> = [&issued, &preferring.json(), &rotated].iter().map(|key| key["secret"].as_str().unwrap()[21..].to_owned()).collect();
        app.administrator().post(&format!("{path}/revoke"), json!({})).await.expect(200);
        with_key(&app, &rotated).get("/partner/me").await.expect(200);
        let mut seen = String::new();
        for operation in OPERATIONS.iter().filter(|operation| operation.method == "GET") {
            let path = app.prepare(operation).await.path;
            for actor in [app.administrator(), with_key(&app, &rotated), app.anyone()] {
                seen.push_str(&format!("{:?}", actor.get(&path).await));
            }
        }
        seen.push_str(&app.anyone().get("//metrics").await.text());
        seen.push_str(&app.administrator().get(&format!("{KEYS}?limit=100")).await.text());
        seen.push_str(&format!("{:?}", app.audit().await));
        for secret in secrets {
            assert!(!seen.contains(&secret) && !seen.contains(&secret[..20]), "a secret is told");
        }
        assert!(!seen.contains("\"secret\"") && !seen.contains("secretHash"));
    }

    async fn a_key_that_breaks_a_rule_is_refused_with_its_pointers(app: TestApp) {
        let before = (app.administrator().get(KEYS).await.json(), app.audit().await.len());
        let body = |field: &str, value: Value| with(new_api_key(), field, value);
        for (body, pointers) in [
            (body("/scopes", json!(["referrals:submit", "referrals:delete"])), vec!["#/scopes/1"]),
            (body("/scopes", json!(["*"])), vec!["#/scopes/0"]),
            (body("/scopes", json!([])), vec!["#/scopes"]),
            (body("/scopes", json!(["referrals:read", "referrals:read"])), vec!["#/scopes/1"]),
            (body("/scopes", json!("referrals:read")), vec!["#/scopes"]),
            (without(new_api_key(), "/scopes"), vec!["#/scopes"]),
            (without(new_api_key(), "/label"), vec!["#/label"]),
            (body("/label", json!(" ")), vec!["#/label"]),
            (body("/allowedNetworks", json!(["127.0.0.0/8", "127.0.0.1"])), vec!["#/allowedNetworks/1"]),
            (body("/allowedNetworks", json!(["127.0.0.0/33"])), vec!["#/allowedNetworks/0"]),
            (body("/allowedNetworks", json!(["127.0.0.1/8"])), vec!["#/allowedNetworks/0"]),
            (body("/allowedNetworks", json!(["::ffff:127.0.0.0/104"])), vec!["#/allowedNetworks/0"]),
            (body("/allowedNetworks", json!(["skolan.example"])), vec!["#/allowedNetworks/0"]),
            (body("/allowedNetworks", json!([])), vec!["#/allowedNetworks"]),
            (body("/allowedNetworks", json!(["10.0.0.0/8", "10.0.0.0/8"])), vec!["#/allowedNetworks/1"]),
            (body("/allowedNetworks", (0..51).map(|net| json!(format!("10.{net}.0.0/16"))).collect()), vec!["#/allowedNetworks"]),
            (body("/expiresAt", json!("2026-11-23T09:00:00Z")), vec!["#/expiresAt"]),
            (body("/expiresAt", json!("2020-01-01T00:00:00Z")), vec!["#/expiresAt"]),
            (body("/expiresAt", json!("tomorrow")), vec!["#/expiresAt"]),
            // Rules name everything that is wrong, not only the first.
            (with(body("/scopes", json!([])), "/expiresAt", json!("2020-01-01T00:00:00Z")), vec!["#/scopes", "#/expiresAt"]),
        ] {
            let answer = app.administrator().post(KEYS, body.clone()).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), pointers, "{body}");
        }
        assert_eq!((app.administrator().get(KEYS).await.json(), app.audit().await.len()), before);
        app.administrator().post("/partners/nowhere/api-keys", new_api_key()).await.problem(404, "not-found");
    }

    async fn a_key_holds_from_its_networks_alone(app: TestApp) {
        let from = |networks: Value| with(new_api_key(), "/allowedNetworks", networks);
        for (networks, expected) in [
            (json!(["127.0.0.0/8"]), true),
            (json!(["192.0.2.0/24", "127.0.0.1/32"]), true),
            (json!(["0.0.0.0/0"]), true),
            (json!(["192.0.2.0/24"]), false),
            (json!(["::1/128"]), false),
            (json!(["::/0"]), false),
        ] {
            let before = refused(&app, "network").await;
            let issued = made(&app, from(networks.clone())).await;
            let answer = with_key(&app, &issued).get("/partner/me").await;
            assert_eq!(answer.status, if expected { 200 } else { 401 }, "{networks}");
            assert_eq!(refused(&app, "network").await - before, u64::from(!expected));
            if !expected {
                // Nothing tells that only the place was wrong.
                let unknown = app.with_key(&crate::support::credentials::fresh_key("test")).get("/partner/me").await;
                let told = |answer: &Answer| without(answer.problem(401, "unauthenticated"), "/traceId");
                assert_eq!(told(&answer), told(&unknown));
            }
        }
    }

    async fn a_key_holds_until_it_expires(app: TestApp) {
        let issued = made(&app, with(new_api_key(), "/expiresAt", json!("2026-11-23T10:00:00Z"))).await;
        let school = with_key(&app, &issued);
        app.clock.set("2026-11-23T09:59:59.999999Z");
        assert!(holds(&school).await);
        app.clock.set("2026-11-23T10:00:00Z");
        assert!(!holds(&school).await);
        assert_eq!(refused(&app, "expired").await, 1);
    }

    async fn a_key_opens_what_its_scopes_say(app: TestApp) {
        let scoped = |scope: &str| with(new_api_key(), "/scopes", json!([scope]));
        let (submitting, reading) = (made(&app, scoped("referrals:submit")).await, made(&app, scoped("referrals:read")).await);
        let (submitter, reader) = (with_key(&app, &submitting), with_key(&app, &reading));
        let id = submitter.post("/partner/referrals", concern_report()).await.expect(201)["id"].as_str().unwrap().to_owned();
        for path in ["/partner/referrals".to_owned(), format!("/partner/referrals/{id}")] {
            reader.get(&path).await.expect(200);
            let refused = submitter.get(&path).await.problem(403, "forbidden");
            assert!(refused["detail"].as_str().unwrap().contains("referrals:read"));
        }
        reader.post("/partner/referrals", concern_report()).await.problem(403, "forbidden");
        for (actor, rels) in [(submitter, vec!["self", "submit-referral"]), (reader, vec!["self", "referrals"])] {
            let me = actor.get("/partner/me").await.expect(200);
            let told: Vec<&str> = me["_links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap()).collect();
            assert_eq!(told, rels);
        }
    }

    async fn an_agency_knows_itself_its_budget_and_its_keys(app: TestApp) {
        app.clock.advance(std::time::Duration::from_secs(1));
        let made = made(&app, with(new_api_key(), "/expiresAt", json!("2027-01-01T00:00:00Z"))).await;
        let me = app.school().get("/partner/me").await.expect(200);
        let school = app.administrator().get("/partners/school").await.expect(200);
        for same in ["id", "slug", "name", "category", "mandatoryReporter", "legalBasis"] {
            assert_eq!(me[same], school[same], "{same}");
        }
        let key = key_id(&partner("school").key);
        assert_eq!((&me["keyId"], &me["scopes"]), (&json!(key), &json!(["referrals:submit", "referrals:read"])));
        assert!(me.get("limits").is_none(), "nobody is limited here");
        let keys = me["keys"].as_array().unwrap();
        // Of the five that it was given, one is revoked and one has expired.
        assert_eq!(keys.len(), 4);
        assert_eq!(keys[3], json!({"id": made["id"], "label": "Påhittat system", "scopes": ["referrals:submit", "referrals:read"], "endsAt": "2027-01-01T00:00:00Z"}));
        assert!(keys.iter().any(|own| own["id"] == key) && !me.to_string().contains("secret"));
        let police = app.police().get("/partner/me").await.expect(200);
        assert_eq!((&police["slug"], police["keys"].as_array().unwrap().len()), (&json!("police"), 3));
    }

    async fn a_key_of_another_agency_is_like_none(app: TestApp) {
        let (id, _) = app.issued_key("school").await;
        for (method, path) in [("GET", ""), ("POST", "/rotate"), ("POST", "/revoke")] {
            for owner in ["police", "nowhere"] {
                let request = app.administrator().request(method.parse().unwrap(), &format!("/partners/{owner}/api-keys/{id}{path}"));
                request.json(&json!({})).send().await.problem(404, "not-found");
            }
            for unknown in ["3kT9xZ0aQw", "short", "%00", "20130315-2399"] {
                let request = app.administrator().request(method.parse().unwrap(), &format!("{KEYS}/{unknown}{path}"));
                request.json(&json!({})).send().await.problem(404, "not-found");
            }
        }
        app.administrator().get("/partners/nowhere/api-keys").await.problem(404, "not-found");
        assert!(holds(&app.school()).await);
    }

    async fn keys_are_listed_in_the_order_in_which_they_were_made(app: TestApp) {
        let slug = app.administrator().post("/partners", new_partner()).await.expect(201)["slug"].as_str().unwrap().to_owned();
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(app.issued_key(&slug).await.0);
            app.clock.advance(std::time::Duration::from_secs(1));
        }
        let mut next = Some(format!("/partners/{slug}/api-keys?limit=2"));
        let mut seen = Vec::new();
        while let Some(path) = next {
            let page = app.administrator().get(&path).await;
            assert_eq!(page.expect(200)["_meta"]["totalRecords"], 5);
            seen.extend(page.json()["items"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()));
            next = page.link("next");
        }
        assert_eq!(seen, made);
    }

    async fn refused_keys_are_counted_by_the_reason(app: TestApp) {
        let school = partner("school");
        let forged = crate::support::credentials::fresh_key("test");
        for (reason, key) in [
            ("checksum", format!("{}x", &school.key[..school.key.len() - 1])),
            ("checksum", "rubbish".to_owned()),
            ("environment", crate::support::credentials::fresh_key("live")),
            ("unknown", forged.clone()),
            ("revoked", school.revoked_key.clone()),
            ("expired", school.expired_key.clone()),
        ] {
            let before = refused(&app, reason).await;
            assert!(!holds(&app.with_key(&key)).await);
            assert_eq!(refused(&app, reason).await, before + 1, "{reason}");
        }
        assert!(holds(&app.school()).await);
        let metrics = app.anyone().get("//metrics").await.text();
        assert!(!metrics.contains(&key_id(&forged)) && !metrics.contains(&key_id(&school.key)));
        assert_eq!((refused(&app, "network").await, refused(&app, "suspended").await, refused(&app, "forged").await), (0, 0, 0));
    }
}
