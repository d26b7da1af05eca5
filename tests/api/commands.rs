//! The program's commands, and what they refuse. What they load is in `commands_data.rs`.

use std::fs;

use serde_json::{Value, json};

use crate::program::{Folder, Server, anyone_at, refused, somebody, written};
use crate::support::credentials::{self, ISSUER, PROVIDER};
use crate::support::fixtures::concern_report;

const SECRET: &str = "3f9a1c0e7b5d2846a9f1e3c5b7d90284fedcba98765432100123456789abcdef";

/// All that `serve` needs, with a database of its own.
pub fn installation(folder: &Folder) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", folder.database("serve.db")),
        ("NARA_ADDRESS", "127.0.0.1:0".to_owned()),
        ("NARA_JWKS_FILE", folder.file("jwks.json", &credentials::key_set())),
        ("NARA_ISSUER", ISSUER.to_owned()),
        ("NARA_PUBLIC_URL", "https://nara.test".to_owned()),
        ("NARA_SECRET_FILE", folder.file("secret", SECRET)),
        ("NARA_VAULT_KEYS_FILE", folder.file("vault-keys", &credentials::vault().ring().reveal())),
        ("NARA_AUDIT_ANCHOR", folder.path("audit-anchor")),
    ]
}

/// What `serve` says when one variable has another value, or with `None` is missing.
fn serve_refuses(folder: &Folder, variable: &str, value: Option<&str>) -> String {
    let all = installation(folder);
    let mut environment: Vec<(&str, &str)> =
        all.iter().map(|(name, value)| (*name, value.as_str())).filter(|(name, _)| *name != variable).collect();
    environment.extend(value.map(|value| (variable, value)));
    refused(&["serve"], &environment)
}

#[test]
fn serve_says_which_variable_is_wrong_and_what_it_accepts() {
    let folder = Folder::new();
    let file = |name: &str, content: &str| folder.file(name, content);
    let shared_secret = json!({"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}).to_string();
    let same_twice = json!({"keys": [PROVIDER.public("a"), PROVIDER.public("a")]}).to_string();
    for (variable, value, accepts) in [
        ("DATABASE_URL", "mysql://localhost/nara".to_owned(), "sqlite://PATH"),
        ("DATABASE_URL", "sqlite://".to_owned(), "sqlite://PATH"),
        ("DATABASE_URL", "sqlite:///no/such/folder/nara.db".to_owned(), ""),
        ("DATABASE_URL", "postgres://nara@127.0.0.1:1/nara".to_owned(), ""),
        ("NARA_ADDRESS", "localhost".to_owned(), "ADDRESS:PORT"),
        ("NARA_ADDRESS", "192.0.2.1:80".to_owned(), "192.0.2.1:80"),
        ("NARA_METRICS_ADDRESS", "9090".to_owned(), "ADDRESS:PORT"),
        ("NARA_PUBLIC_URL", "nara.example".to_owned(), "https://"),
        ("NARA_PUBLIC_URL", "https://nara.example/api".to_owned(), "without a path"),
        ("NARA_CORS_ORIGINS", "https://a.example,*".to_owned(), "origin"),
        ("NARA_JWKS_FILE", folder.path("nowhere.json"), "nowhere.json"),
        ("NARA_JWKS_FILE", file("text.json", "no keys"), "JSON Web Key Set"),
        ("NARA_JWKS_FILE", file("empty.json", "{\"keys\":[]}"), "no key"),
        ("NARA_JWKS_FILE", file("shared.json", &shared_secret), "RSA, EC or Ed25519"),
        ("NARA_JWKS_FILE", file("twice.json", &same_twice), "two keys"),
        ("NARA_JWKS_REFRESH_SECONDS", "0".to_owned(), "1..="),
        ("NARA_TOKEN_LONGEST_HOURS", "1000".to_owned(), "720"),
        ("NARA_CLAIM_ROLES", " ".to_owned(), "not empty"),
        ("NARA_ISSUER", " ".to_owned(), "not empty"),
        ("NARA_AUDIENCE", String::new(), ""),
        ("NARA_SECRET_FILE", folder.path("nowhere"), "nowhere"),
        ("NARA_SECRET_FILE", file("short", "abc"), "64 random lower-case hexadecimal digits"),
        ("NARA_SECRET_FILE", file("zeros", &"0".repeat(64)), "64 random lower-case hexadecimal digits"),
        ("NARA_VAULT_KEYS_FILE", folder.path("nowhere"), "nowhere"),
        ("NARA_VAULT_KEYS_FILE", file("no-ring", SECRET), "data ID KEY"),
        ("NARA_ENVIRONMENT", "Live!".to_owned(), "lower-case"),
        ("NARA_TRUSTED_PROXIES", "10.0.0.1/8".to_owned(), "10.0.0.0/8"),
        ("NARA_TRUSTED_PROXIES", "10.0.0.0/8,proxy".to_owned(), "10.0.0.0/8"),
        ("NARA_LIMITS", "none".to_owned(), "on or off"),
        ("NARA_LIMIT_ANONYMOUS", "20".to_owned(), "50/s:150"),
        ("NARA_LIMIT_READ", "50/day".to_owned(), "50/s:150"),
        ("NARA_LIMIT_WRITE", "0/s".to_owned(), "50/s:150"),
        ("NARA_LIMIT_SEARCH", "30/min:0".to_owned(), "50/s:150"),
        ("NARA_LIMIT_SIGN_IN", String::new(), ""),
        ("NARA_CONNECTIONS_PER_ADDRESS", "0".to_owned(), "1..="),
        ("NARA_CONNECTIONS_PER_ADDRESS", "many".to_owned(), ""),
        ("NARA_WORKERS", "many".to_owned(), ""),
        ("NARA_WORKERS", "257".to_owned(), "256"),
        ("NARA_LOG", "nara=loud".to_owned(), "debug"),
    ] {
        let said = serve_refuses(&folder, variable, Some(&value));
        assert!(said.contains(variable) && said.contains(accepts), "{variable}={value}: {said}");
    }
    for needed in ["NARA_JWKS_FILE", "NARA_ISSUER", "NARA_PUBLIC_URL", "NARA_SECRET_FILE", "NARA_VAULT_KEYS_FILE"] {
        let said = serve_refuses(&folder, needed, None);
        assert!(said.contains(needed), "{needed}: {said}");
    }
}

#[actix_web::test]
async fn serve_starts_while_the_identity_provider_is_away() {
    let folder = Folder::new();
    let mut all = installation(&folder);
    all.retain(|(name, _)| *name != "NARA_JWKS_FILE");
    // Nobody listens there.
    all.push(("NARA_JWKS_URL", "http://127.0.0.1:1/jwks".to_owned()));
    let environment: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::start(&["serve"], &environment);
    let anyone = anyone_at(&server.base);
    anyone.get("/code-lists").await.expect(200);
    anyone.get("//health/ready").await.problem(503, "unavailable");
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    assert!(refused(&["health", "--address", &address], &[]).contains("answers 503"));
    let (code, said) = server.end("TERM");
    assert!(code == Some(0) && said.contains("nobody of the staff can sign in"), "{said}");
    let said = serve_refuses(&folder, "NARA_JWKS_URL", Some("http://idp.example/jwks"));
    assert!(said.contains("NARA_JWKS"), "{said}");
}

#[test]
fn a_health_check_asks_the_server_on_this_machine() {
    let folder = Folder::new();
    let demo = Server::demo(&folder);
    let port = demo.base.rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(written(&["health"], &[("NARA_ADDRESS", &format!("0.0.0.0:{port}"))]).trim(), "ready");
    assert_eq!(demo.end("TERM").0, Some(0));
    assert!(refused(&["health", "--address", &format!("127.0.0.1:{port}")], &[]).contains("nobody answers"));
}

#[test]
fn limits_are_switched_by_a_word_behind_the_flag() {
    let said = refused(&["demo", "--limits", "perhaps"], &[]);
    assert!(said.contains("NARA_LIMITS") && said.contains("on or off"), "{said}");
    let folder = Folder::new();
    let demo = Server::start(&["demo", "--limits", "off", "--data-dir", &folder.path(""), "--port", "0"], &[]);
    assert_eq!(demo.end("TERM").0, Some(0));
}

#[test]
fn no_secret_is_told_in_a_refusal_or_in_help() {
    let folder = Folder::new();
    for url in ["postgre://nara:hunter2@db/nara", "postgres://nara:hunter2@127.0.0.1:1/nara"] {
        let said = serve_refuses(&folder, "DATABASE_URL", Some(url));
        assert!(!said.contains("hunter2"), "{said}");
        let help = written(&["serve", "--help"], &[("DATABASE_URL", url)]);
        assert!(!help.contains("hunter2"), "{help}");
    }
    let almost = format!("{}x", &SECRET[..63]);
    let said = serve_refuses(&folder, "NARA_SECRET_FILE", Some(&folder.file("almost", &almost)));
    assert!(!said.contains(&SECRET[..16]), "{said}");
}

#[test]
fn serve_takes_nothing_that_a_demo_made() {
    let folder = Folder::new();
    let demo = Folder::new();
    assert_eq!(Server::demo(&demo).end("TERM").0, Some(0));
    for (variable, value) in [
        ("DATABASE_URL", demo.database("nara.db")),
        ("NARA_SECRET_FILE", demo.path("demo-secret")),
        ("NARA_VAULT_KEYS_FILE", demo.path("demo-vault-keys")),
        ("NARA_JWKS_FILE", folder.file("demo.jwks", &json!({"keys": [PROVIDER.public("demo-0123")]}).to_string())),
        ("NARA_ENVIRONMENT", "demo".to_owned()),
    ] {
        let said = serve_refuses(&folder, variable, Some(&value));
        assert!(said.contains(variable) && said.contains("demo"), "{variable}: {said}");
    }
}

#[actix_web::test]
async fn a_token_for_development_works_in_its_demo_and_nowhere_else() {
    let (here, there) = (Folder::new(), Folder::new());
    let (server, elsewhere) = (Server::demo(&here), Server::demo(&there));
    let demo = here.path("");
    let sign_in =
        |server: &Server, token: &str| anyone_at(&server.base).and("authorization", format!("Bearer {}", token.trim()));
    let token = written(&["token", "--data-dir", &demo, "--role", "caseworker", "--office", "skaggetorp"], &[]);
    assert!(!sign_in(&server, &token).get("/referrals").await.expect(200)["items"].as_array().unwrap().is_empty());
    sign_in(&elsewhere, &token).get("/referrals").await.problem(401, "unauthenticated");
    let auditor = written(&["token", "--data-dir", &demo, "--role", "auditor", "--hours", "1"], &[]);
    sign_in(&server, &auditor).get("/referrals").await.problem(403, "forbidden");
    for (arguments, names) in [
        (vec!["token", "--data-dir", &demo], "--role"),
        (vec!["token", "--data-dir", &demo, "--role", "king"], "caseworker"),
        (vec!["token", "--data-dir", &demo, "--role", "caseworker", "--hours", "0"], "--hours"),
        (vec!["token", "--data-dir", "/no/such/folder", "--role", "caseworker"], "--data-dir"),
    ] {
        let said = refused(&arguments, &[]);
        assert!(said.contains(names), "{said}");
    }
    assert_eq!((server.end("INT").0, elsewhere.end("TERM").0), (Some(0), Some(0)));
}

#[actix_web::test]
async fn a_demo_on_a_port_that_is_taken_says_so() {
    let folder = Folder::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let said = refused(&["demo", "--data-dir", &folder.path("demo"), "--port", &port], &[]);
    assert!(said.contains("--port") && said.contains(&port), "{said}");
}

#[test]
fn the_document_that_is_committed_is_the_one_that_the_program_writes() {
    let written = written(&["openapi"], &[]);
    let committed =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json")).unwrap_or_default();
    assert!(written == committed, "run: cargo run -- openapi > openapi/openapi.json");
}

#[test]
fn the_help_of_each_command_is_worth_reading() {
    for (arguments, words) in [
        (vec!["--help"], vec!["serve", "demo", "migrate", "backup", "health", "openapi", "import", "vault", "token"]),
        (
            vec!["serve", "--help"],
            vec![
                "DATABASE_URL",
                "NARA_ADDRESS",
                "NARA_JWKS_FILE",
                "NARA_SECRET_FILE",
                "NARA_ISSUER",
                "NARA_PUBLIC_URL",
                "NARA_LOG",
                "Refuses",
            ],
        ),
        (vec!["demo", "--help"], vec!["--data-dir", "--port", "127.0.0.1", "demo.json"]),
        (vec!["migrate", "--help"], vec!["DATABASE_URL", "--revert-last"]),
        (vec!["backup", "--help"], vec!["DATABASE_URL", "FILE", "keys", "apart", "pg_dump"]),
        (vec!["health", "--help"], vec!["NARA_ADDRESS", "exit code"]),
        (vec!["openapi", "--help"], vec!["OpenAPI", "database"]),
        (vec!["import", "--help"], vec!["directory"]),
        (vec!["import", "directory", "--help"], vec!["data/linkoping", "transaction", "NARA_VAULT_KEYS_FILE"]),
        (vec!["audit", "verify", "--help"], vec!["NARA_AUDIT_ANCHOR", "--expect-head", "exit code 1"]),
        (vec!["audit", "add-anchor", "--help"], vec!["NARA_AUDIT_ANCHOR", "one more server"]),
        (vec!["vault", "new-keys", "--help"], vec!["ring", "copy"]),
        (vec!["vault", "add-key", "--help"], vec!["NARA_VAULT_KEYS_FILE", "--lookup", "rotate"]),
        (vec!["vault", "rotate", "--help"], vec!["DATABASE_URL", "stopped"]),
        (vec!["vault", "rebuild-lookups", "--help"], vec!["DATABASE_URL", "stopped"]),
        (vec!["token", "--help"], vec!["--role", "--office", "development"]),
    ] {
        let help = written(&arguments, &[]);
        assert!(help.len() > 250, "{arguments:?}: {help}");
        for word in words {
            assert!(help.contains(word), "{arguments:?} {word}: {help}");
        }
    }
    assert!(written(&["--version"], &[]).contains(env!("CARGO_PKG_VERSION")));
    assert!(refused(&[], &[]).contains("Usage"));
    assert!(refused(&["dance"], &[]).contains("dance"));
}

#[actix_web::test]
async fn what_was_acknowledged_is_there_after_the_server_has_ended_in_whatever_way() {
    let folder = Folder::new();
    let mut receipts: Vec<Value> = Vec::new();
    for (signal, code) in [("TERM", Some(0)), ("KILL", None), ("INT", Some(0))] {
        let server = Server::demo(&folder);
        let school = somebody(&folder.told(), "partnerKeys", "school");
        for receipt in &receipts {
            let read = school.get(&format!("/partner/referrals/{}", receipt["id"].as_str().unwrap())).await.expect(200);
            assert_eq!(read["reference"], receipt["reference"]);
        }
        receipts.push(school.post("/partner/referrals", concern_report()).await.expect(201));
        assert_eq!(server.end(signal).0, code, "{signal}");
    }
}

#[actix_web::test]
async fn no_log_tells_who_asked_for_what_or_where_they_are() {
    let folder = Folder::new();
    let server = Server::start(&["demo", "--data-dir", &folder.path(""), "--port", "0"], &[("NARA_LOG", "trace")]);
    let told = folder.told();
    let anyone = anyone_at(&server.base);
    anyone.get("/where-to-turn?lat=58.431618&lon=15.575486&postalCode=58643").await.expect(200);
    anyone.post("/where-to-turn", json!({"lat": 58.431618, "lon": 15.575486, "place": "Hemligby"})).await.expect(200);
    anyone.get("/where-to-turn?lat=58.431618&lon=Hemligby").await.problem(400, "invalid-parameter");
    let receipt =
        somebody(&told, "partnerKeys", "school").post("/partner/referrals", concern_report()).await.expect(201);
    let mut wrong = concern_report();
    wrong["child"]["birthYear"] = json!("Hemligby");
    somebody(&told, "partnerKeys", "school").post("/partner/referrals", wrong).await.problem(422, "validation-failed");
    somebody(&told, "tokens", "caseworker")
        .get(&format!("/referrals/{}", receipt["id"].as_str().unwrap()))
        .await
        .expect(200);
    let tokens_and_keys: Vec<String> = [("tokens", "caseworker"), ("partnerKeys", "school")]
        .iter()
        .flat_map(|(kind, name)| told[kind][name].as_str().unwrap().split(['.', '_']))
        .filter(|part| part.len() > 7)
        .map(str::to_owned)
        .collect();
    assert!(tokens_and_keys.len() >= 5, "three parts of a token and two of a key: {tokens_and_keys:?}");
    let (_, all) = server.end("TERM");
    // What is printed for people holds the keys and tokens on purpose; the log is every line of JSON.
    let log: Vec<&str> = all.lines().filter(|line| line.starts_with('{')).collect();
    assert!(log.len() >= 5, "the calls are logged: {log:?}");
    for line in log {
        for personal in [
            "58.431618",
            "15.575486",
            "58643",
            "Hemligby",
            "Elias",
            "Påhittad",
            "20130315",
            "-2399",
            "Bearer",
            "nara_demo",
            "lat=",
        ] {
            assert!(!line.contains(personal), "{personal}: {line}");
        }
        for part in &tokens_and_keys {
            assert!(!line.contains(part.as_str()), "a token or a key: {line}");
        }
        assert!(
            !line.contains(receipt["id"].as_str().unwrap()) && !line.contains(receipt["reference"].as_str().unwrap()),
            "{line}"
        );
    }
}
