//! What the API says about itself: its document, its pages, its health.

use std::collections::BTreeSet;

use nara::error::Problem;
use serde_json::{Value, json};

use crate::support::{Method, TestApp};

#[actix_web::test]
async fn the_api_says_what_it_is() {
    let app = TestApp::start_with(|setup| setup.public_url = Some("https://nara.test".to_owned())).await;
    let info = app.anyone().get("/api-info").await.expect(200);
    assert_eq!(info["apiName"], "Nära");
    assert_eq!(info["apiVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["apiDocumentation"], "https://nara.test/nara/v1/docs/");
    assert!(["design", "beta", "active", "deprecated", "retired"].contains(&info["apiStatus"].as_str().unwrap()));
    let released = info["apiReleased"].as_str().unwrap();
    assert!(released.parse::<chrono::NaiveDate>().is_ok(), "{released}");
}

on_both_databases! {
    async fn a_server_that_runs_lives_and_is_ready(app: TestApp) {
        for (path, word) in [("//health/live", "live"), ("//health/ready", "ready")] {
            let answer = app.anyone().get(path).await;
            assert_eq!(answer.expect(200), json!({ "status": word }));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }

    async fn a_server_whose_migrations_are_gone_is_not_ready_and_lives(app: TestApp) {
        use diesel::prelude::*;
        let forget = |conn: &mut nara::db::DbConn| {
            diesel::sql_query("DELETE FROM __diesel_schema_migrations").execute(conn)?;
            Ok(())
        };
        app.db().write(forget).await.unwrap();
        let answer = app.anyone().get("//health/ready").await;
        answer.problem(503, "unavailable");
        assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{answer:?}");
        app.anyone().get("//health/live").await.expect(200);
    }
}

on_both_databases! {
    async fn the_database_is_asked_once_a_second_whether_it_is_ready(app: TestApp) {
        use diesel::prelude::*;
        use std::time::{Duration, Instant};
        let ready = async || app.anyone().get("//health/ready").await;
        let asked = Instant::now();
        ready().await.expect(200);
        let forget = |conn: &mut nara::db::DbConn| {
            diesel::sql_query("DELETE FROM __diesel_schema_migrations").execute(conn)?;
            Ok(())
        };
        app.db().write(forget).await.unwrap();
        for _ in 0..20 {
            let answer = ready().await;
            assert!(answer.status == 200 || asked.elapsed() > Duration::from_millis(900), "it was asked again: {answer:?}");
        }
        actix_web::rt::time::sleep(Duration::from_millis(1100)).await;
        ready().await.problem(503, "unavailable");
    }

    async fn swagger_ui_forgets_keys_and_tokens_except_in_a_demo(app: TestApp) {
        let settings = async |app: &TestApp| {
            let initializer = app.anyone().get("/docs/swagger-initializer.js").await.text();
            initializer.split_whitespace().collect::<String>()
        };
        assert!(!settings(&app).await.contains("\"persistAuthorization\":true"));
        let page = app.anyone().get("/docs/").await;
        assert_eq!(page.header("clear-site-data"), Some("\"storage\""), "what was kept before stays there");
        let demo = app.another_server_with(|setup| setup.keeps_credentials = true).await;
        assert!(settings(&demo).await.contains("\"persistAuthorization\":true"));
        assert!(demo.anyone().get("/docs/").await.header("clear-site-data").is_none());
    }
}

#[actix_web::test]
async fn what_was_answered_is_counted_by_operation_and_nothing_personal_is() {
    let app = TestApp::start_with(|_| {}).await;
    app.anyone().get("/districts/ryd").await.expect(200);
    app.anyone().get("/districts/ryd").await.expect(200);
    app.anyone().get("/districts/hemlig-plats").await.problem(404, "not-found");
    app.anyone().get("/where-to-turn?place=Hemlig").await;
    let answer = app.anyone().get("//metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")));
    let text = answer.text();
    assert!(text.contains("nara_requests_total{operation=\"getDistrict\",status=\"200\"} 2"), "{text}");
    assert!(text.contains("nara_requests_total{operation=\"getDistrict\",status=\"404\"} 1"), "{text}");
    assert!(text.contains("nara_request_duration_seconds_bucket"), "{text}");
    assert!(text.contains("nara_directory_version "), "{text}");
    assert!(!text.to_lowercase().contains("hemlig") && !text.contains("ryd"), "{text}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok()), "{line}");
    }
}

#[actix_web::test]
async fn metrics_are_served_apart_or_not_at_all_when_told_so() {
    use nara::server::MetricsAt;
    let nowhere = TestApp::start_with(|setup| setup.metrics = MetricsAt::Nowhere).await;
    nowhere.anyone().get("//metrics").await.problem(404, "not-found");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let apart = TestApp::start_with(|setup| setup.metrics = MetricsAt::Apart(listener)).await;
    apart.anyone().get("//metrics").await.problem(404, "not-found");
    apart.anyone().get("/areas").await.expect(200);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = client.get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("operation=\"listAreas\""), "{text}");
}

#[actix_web::test]
async fn every_problem_has_a_page_in_both_languages() {
    use strum::IntoEnumIterator;
    let app = TestApp::start_with(|_| {}).await;
    let page = |path: String, language: &'static str| {
        app.anyone().request(Method::GET, &path).header("accept-language", language).send()
    };
    let (en, sv) = (page("//problems/".into(), "en").await, page("//problems/".into(), "sv").await);
    let mut titles = BTreeSet::new();
    for problem in Problem::iter() {
        let slug = problem.slug();
        let mut texts = Vec::new();
        for (language, index) in [("en", &en), ("sv", &sv)] {
            let answer = page(format!("//problems/{slug}"), language).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
            assert_eq!(answer.header("content-language"), Some(language));
            let text = answer.text();
            assert!(text.contains(&format!("<html lang=\"{language}\">")), "{text}");
            let title = text.split_once("<h1>").and_then(|(_, rest)| rest.split_once("</h1>")).unwrap().0.to_owned();
            assert!(
                index.text().contains(&format!("<a href=\"/problems/{slug}\">{title}</a>")),
                "{slug} is not in the list"
            );
            titles.insert((language, title));
            texts.push(text);
        }
        assert_ne!(texts[0], texts[1], "{slug} is not translated");
    }
    assert_eq!(titles.len(), 2 * Problem::iter().count(), "two problems have the same title");
    app.anyone().get("//problems/unheard-of").await.problem(404, "not-found");
}

#[actix_web::test]
async fn the_type_of_a_problem_is_the_address_of_its_page() {
    let app = TestApp::start_with(|_| {}).await;
    for path in ["/nothing", "/districts?limit=0", "/referrals", "/districts?cursor=x"] {
        let problem: Value = app.anyone().get(path).await.json();
        let address = problem["type"].as_str().unwrap();
        let path = address.split_once(&app.address.to_string()).unwrap().1;
        let page = app.anyone().get(&format!("/{path}")).await;
        assert_eq!(page.status, 200, "{address}");
        assert!(page.text().contains(problem["title"].as_str().unwrap()));
    }
}

#[actix_web::test]
async fn every_code_has_its_meaning_in_swedish_and_english() {
    let app = TestApp::start_with(|_| {}).await;
    let lists = app.anyone().get("/code-lists?limit=100").await.expect(200);
    assert!(lists["_meta"]["totalRecords"].as_u64().unwrap() >= 11);
    for list in lists["items"].as_array().unwrap() {
        let name = list["id"].as_str().unwrap();
        let alone = app.anyone().get(&format!("/code-lists/{name}")).await.expect(200);
        assert_eq!(alone, *list);
        let codes = list["codes"].as_array().unwrap();
        let distinct: BTreeSet<&str> = codes.iter().map(|code| code["code"].as_str().unwrap()).collect();
        assert!(!codes.is_empty() && distinct.len() == codes.len(), "{name}");
        for code in codes {
            assert!(
                ["sv", "en"].iter().all(|language| !code[*language].as_str().unwrap().trim().is_empty()),
                "{name}: {code}"
            );
        }
    }
    for name in ["unheard-of", "Needs", "needs%20"] {
        app.anyone().get(&format!("/code-lists/{name}")).await.problem(404, "not-found");
    }
}

/// The codes that a client may send are those that the lists explain.
#[actix_web::test]
async fn the_enums_of_the_document_are_explained_by_code_lists() {
    use crate::support::document::DOCUMENT;
    let app = TestApp::start_with(|_| {}).await;
    let pairs = [
        ("ReferralKind", "referral-kinds"),
        ("ReferralStatus", "referral-statuses"),
        ("Urgency", "urgencies"),
        ("Need", "needs"),
    ];
    for (schema, list) in pairs {
        let of = |values: &Value, name: Option<&str>| -> BTreeSet<String> {
            let values = values.as_array().unwrap_or_else(|| panic!("{schema} or {list} is missing")).iter();
            values.map(|value| name.map_or(value, |name| &value[name]).as_str().unwrap().to_owned()).collect()
        };
        let listed = app.anyone().get(&format!("/code-lists/{list}")).await.expect(200);
        assert_eq!(
            of(&DOCUMENT["components"]["schemas"][schema]["enum"], None),
            of(&listed["codes"], Some("code")),
            "{list}"
        );
    }
}

#[actix_web::test]
async fn swagger_ui_works_without_any_outside_host() {
    let app = TestApp::start_with(|_| {}).await;
    for path in ["//", "//nara/v1/docs"] {
        let answer = app.anyone().get(path).await;
        assert_eq!((answer.status, answer.header("location")), (307, Some("/nara/v1/docs/")), "{answer:?}");
    }
    let page = app.anyone().get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    let html = page.text();
    let assets: Vec<&str> = html
        .split(['"', '\''])
        .filter(|part| part.ends_with(".js") || part.ends_with(".css") || part.ends_with(".png"))
        .collect();
    assert!(assets.len() >= 4, "{html}");
    for asset in assets {
        let file = app.anyone().get(&format!("/docs/{}", asset.trim_start_matches("./"))).await;
        assert!(file.status == 200 && !file.body.is_empty(), "{asset}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        if asset.ends_with(".js") {
            assert!(file.header("content-type").is_some_and(|kind| kind.contains("javascript")), "{asset}: {file:?}");
        }
    }
    let initializer = app.anyone().get("/docs/swagger-initializer.js").await.text();
    assert!(initializer.contains("/nara/v1/openapi.json"), "{initializer}");
    for text in [html, initializer] {
        let hosts: Vec<&str> = text
            .match_indices("//")
            .filter_map(|(at, _)| text.get(at.saturating_sub(6)..at))
            .filter(|before| before.ends_with("http:") || before.ends_with("https:"))
            .collect();
        assert!(hosts.is_empty(), "another host is named: {text}");
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("connect-src 'self'") && !policy.contains("http"),
        "{policy}"
    );
}
