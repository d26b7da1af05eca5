//! One path in many spellings: whatever is bound to a path is bound to what the router read.

use serde_json::json;

use crate::support::fixtures::concern_report;
use crate::support::{Method, TestApp};

on_both_databases! {
    async fn a_call_is_repeated_however_its_path_is_written(app: TestApp) {
        let submit = |path: &str| app.school().request(Method::POST, path).header("idempotency-key", "a").json(&concern_report());
        let first = submit("/partner/referrals").send().await.expect(201);
        let again = submit("/%70artner/referral%73").send().await;
        assert_eq!((again.expect(201), again.header("idempotent-replayed")), (first, Some("true")));
        assert_eq!(app.stored_referrals().await, 1);
    }

    async fn a_list_is_one_list_however_its_path_is_written(app: TestApp) {
        let (plain, escaped) = (app.anyone().get("/districts?limit=1").await, app.anyone().get("/%64istricts?limit=1").await);
        assert_eq!(escaped.text(), plain.text());
        assert_eq!(escaped.header("link"), plain.header("link"));
        let next = plain.link("next").unwrap();
        let (_, cursor) = next.split_once('?').unwrap();
        app.anyone().get(&format!("/distri%63ts?{cursor}")).await.expect(200);
    }

    async fn a_method_that_a_path_does_not_have_is_told_however_it_is_written(app: TestApp) {
        let actor = app.caseworker();
        for path in ["/people/search", "/people/%73earch"] {
            for method in [Method::GET, Method::PATCH] {
                let answer = actor.request(method, path).json(&json!({})).send().await;
                answer.problem(405, "method-not-allowed");
                assert_eq!(answer.header("allow"), Some("POST"), "{answer:?}");
            }
        }
    }
}
