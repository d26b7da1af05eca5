//! Lists: their parameters, what they say about themselves, and their links.

use serde_json::{Value, json};

use crate::support::document::{OPERATIONS, is_list, is_of_cases};
use crate::support::{Answer, TestApp, fixtures};

/// The header that says the same as the body's links.
fn as_header(links: &Value) -> String {
    let links = links
        .as_array()
        .unwrap()
        .iter()
        .map(|link| format!("<{}>; rel={}", link["href"].as_str().unwrap(), link["rel"]));
    links.collect::<Vec<_>>().join(", ")
}

fn assert_whole(answer: &Answer, limit: u64) {
    let body = answer.expect(200);
    let items = body["items"].as_array().unwrap();
    assert_eq!(body["_meta"]["limit"], limit, "{answer:?}");
    assert_eq!(body["_meta"]["count"], items.len(), "{answer:?}");
    assert!(items.len() as u64 <= limit);
    assert_eq!(answer.header("link"), Some(as_header(&body["_links"]).as_str()), "{answer:?}");
    for link in body["_links"].as_array().unwrap() {
        assert_eq!(link["method"], "GET");
        assert!(link["href"].as_str().unwrap().starts_with("http://"), "{link}");
    }
    assert!(answer.link("self").is_some() && answer.link("first").is_some(), "{answer:?}");
}

#[actix_web::test]
async fn every_list_takes_the_same_parameters() {
    let app = TestApp::start_with(|_| {}).await;
    app.submitted(fixtures::concern_report()).await;
    let lists: Vec<_> = OPERATIONS.iter().filter(|operation| is_list(operation)).collect();
    assert!(lists.len() >= 6, "the directory alone has four lists");
    for operation in lists {
        let (caller, path) = (app.right_caller(operation), app.prepare(operation).await.path_alone());
        let get = |query: &str| {
            let path = format!("{path}?{query}");
            let caller = caller.clone();
            async move { caller.get(&path).await }
        };
        assert_whole(&get("").await, 20);
        assert_whole(&get("limit=1").await, 1);
        assert_whole(&get("limit=100").await, 100);
        assert_eq!(get("limit=1").await.json()["_meta"]["page"], 1);
        for (query, wrong) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=-1", "limit"),
            ("limit=", "limit"),
            ("limit=x", "limit"),
            ("limit=1.5", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("page=-1", "page"),
            ("page=x", "page"),
            ("page=99999999999999999999", "page"),
            ("page=1000001", "page"),
            ("total=maybe", "total"),
            ("cursor=x&page=1", "cursor"),
            ("limit=5&limit=6", "limit"),
            ("page=1&page=1", "page"),
            ("cursor=x&cursor=y", "cursor"),
            ("unheardOf=1", "unheardOf"),
            ("Limit=5", "Limit"),
        ] {
            let answer = get(query).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), [wrong], "{query}");
        }
        for cursor in ["x", "", "%00", "AAAA", "e30", "null", &"A".repeat(600)] {
            get(&format!("cursor={cursor}")).await.problem(400, "invalid-cursor");
        }
        let before_the_first = get("page=0").await;
        assert_whole(&before_the_first, 20);
        assert_eq!(
            (before_the_first.json()["items"].clone(), before_the_first.json()["_meta"]["page"].clone()),
            (json!([]), json!(0))
        );
        assert!(before_the_first.link("prev").is_none());
        let past_the_end = get("page=50").await;
        assert_whole(&past_the_end, 20);
        assert_eq!(past_the_end.json()["items"], json!([]));
        assert!(past_the_end.link("next").is_none() && past_the_end.link("prev").is_some());
    }
}

#[actix_web::test]
async fn a_directory_list_always_counts_and_a_list_of_cases_when_asked() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter().filter(|operation| is_list(operation)) {
        let (caller, path) = (app.right_caller(operation), app.prepare(operation).await.path_alone());
        let quiet = caller.get(&path).await.expect(200);
        let asked = caller.get(&format!("{path}?total=true")).await.expect(200);
        let is_of_cases = is_of_cases(&path);
        assert_eq!(quiet["_meta"].get("totalRecords").is_some(), !is_of_cases, "{path}");
        assert!(asked["_meta"]["totalRecords"].is_u64(), "{path}");
    }
    let districts = app.anyone().get("/districts?limit=1").await.expect(200);
    assert_eq!(districts["_meta"], json!({ "limit": 1, "count": 1, "page": 1, "totalRecords": 32 }));
    let before = app.stored_referrals().await;
    for _ in 0..3 {
        app.submitted(fixtures::concern_report()).await;
    }
    let referrals = app.caseworker().get("/referrals?limit=2&total=true").await.expect(200);
    assert_eq!(referrals["_meta"], json!({ "limit": 2, "count": 2, "page": 1, "totalRecords": before + 3 }));
}

#[actix_web::test]
async fn deep_pages_of_cases_go_by_cursor_alone() {
    let app = TestApp::start_with(|_| {}).await;
    app.caseworker().get("/referrals?page=101&limit=100").await.expect(200);
    let refused = app.caseworker().get("/referrals?page=102&limit=100").await;
    refused.problem(400, "page-too-deep");
    app.anyone().get("/districts?page=1000000").await.expect(200);
}

#[actix_web::test]
async fn links_keep_every_other_parameter() {
    let app = TestApp::start_with(|_| {}).await;
    let page = app.anyone().get("/offices?kind=base&limit=1&page=2").await;
    page.expect(200);
    for (rel, parameters) in
        [("self", "kind=base&limit=1&page=2"), ("first", "kind=base&limit=1"), ("prev", "kind=base&limit=1&page=1")]
    {
        assert_eq!(page.link(rel).as_deref(), Some(format!("/offices?{parameters}").as_str()), "{page:?}");
    }
    let next = page.link("next").unwrap();
    assert!(next.starts_with("/offices?kind=base&limit=1&cursor="), "{next}");
    let second = app.anyone().get("/offices?kind=base&limit=2").await.json();
    assert_eq!(page.json()["items"][0], second["items"][1]);
}
