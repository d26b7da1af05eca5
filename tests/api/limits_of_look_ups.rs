//! How often somebody may look people up, by whichever spelling of the path.

use nara::config::limits::Rates;

use crate::support::{Backend, Fresh, TestApp};
use serde_json::json;

/// A server that limits its callers.
struct Limited(TestApp);

impl Fresh for Limited {
    async fn fresh(backend: Backend) -> Option<Self> {
        let rate = |text: &str| text.parse().unwrap();
        let rates = Rates {
            anonymous: rate("100/s"),
            read: rate("100/s"),
            write: rate("100/s"),
            search: rate("4/min"),
            sign_in: rate("100/s"),
        };
        TestApp::fresh_with(backend, |setup| setup.limits = Some(rates)).await.map(Self)
    }
}

on_both_databases! {
    async fn a_look_up_is_one_however_its_path_is_written(limited: Limited) {
        let worker = limited.0.caseworker();
        for (path, left) in [("/people/%73earch", 3), ("/%70eople/sear%63h", 2), ("/people/search", 1)] {
            let answer = worker.post(path, json!({ "name": "Alva" })).await;
            answer.expect(200);
            assert_eq!(answer.header("ratelimit-policy"), Some("\"search\";q=4;w=60"), "{answer:?}");
            assert!(answer.header("ratelimit").unwrap().starts_with(&format!("\"search\";r={left};")), "{answer:?}");
        }
        // A reference leads to a person as well.
        let answer = worker.post("/referrals/%73%65arch", json!({ "reference": "R-0000-0000" })).await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"search\";q=4;w=60"), "{answer:?}");
        for path in ["/people/search", "/people/%73earch", "/%70eople/%73earch"] {
            worker.post(path, json!({ "name": "Alva" })).await.problem(429, "rate-limited");
        }
        worker.post("/families", json!({ "memberIds": [] })).await.expect(201);
    }
}
