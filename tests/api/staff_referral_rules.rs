//! The rules of what staff take down: one source, a kind that fits it, and nothing of whoever stays unknown.

use serde_json::{Value, json};

use crate::staff_referrals::{of_contact, own_request};
use crate::support::TestApp;
use crate::support::fixtures::{private_report, with, without};

/// Refused by this problem at exactly these pointers, and nothing is stored.
async fn refused(app: &TestApp, problem: &str, body: Value, pointers: &[&str]) {
    let before = app.stored_referrals().await;
    let answer = app.caseworker().post("/referrals", body.clone()).await;
    answer.problem(422, problem);
    assert_eq!(answer.pointers(), pointers, "{body}\n{answer:?}");
    assert_eq!(app.stored_referrals().await, before);
}

on_both_databases! {
    async fn there_is_one_source_and_a_kind_that_fits_it(app: TestApp) {
        let contact = app.contact().await;
        let private = private_report()["source"]["private"].clone();
        for source in [
            json!({}),
            json!({ "selfRequest": false }),
            json!({ "selfRequest": true, "private": private }),
            json!({ "outreachContactId": contact, "selfRequest": true }),
        ] {
            let kept = with(private_report(), "/source", source);
            let answer = app.caseworker().post("/referrals", kept).await;
            assert!(answer.pointers().contains(&"#/source".to_owned()), "{answer:?}");
        }
        let consent = json!({ "basis": "oral", "givenBy": ["guardian"], "givenOn": "2026-11-20", "scopes": ["referral"] });
        let sources = [(private_report(), "concern_report"), (own_request(), "self_request"), (of_contact(&contact), "concern_report")];
        for (body, fits) in sources {
            for kind in ["concern_report", "support_request", "self_request", "internal"] {
                let other = with(body.clone(), "/kind", json!(kind));
                let other = if kind == "concern_report" { other } else { with(other, "/consent", consent.clone()) };
                let both = kind == "internal" && body["source"].get("outreachContactId").is_some();
                let answer = app.caseworker().post("/referrals", other).await;
                if kind == fits || both {
                    assert_eq!(answer.expect(201)["kind"], kind);
                } else {
                    answer.problem(422, "validation-failed");
                    assert_eq!(answer.pointers(), ["#/kind"], "{kind} of {}", body["source"]);
                }
            }
        }
    }

    async fn who_stays_unknown_is_not_written_down_and_who_does_not_has_a_name(app: TestApp) {
        let private = |private: Value| with(private_report(), "/source/private", private);
        let unknown = private(json!({ "anonymous": true }));
        let reporter = json!({ "name": "Berit Påhittad" });
        for (pointer, value) in [
            ("/source/private/name", json!("Berit")),
            ("/source/private/phone", json!("013-20 00 01")),
            ("/source/private/relation", json!("Granne")),
            ("/reporter", reporter.clone()),
            ("/senderReference", json!("17")),
            ("/feedbackRequested", json!(true)),
            ("/willingToMeet", json!(true)),
        ] {
            refused(&app, "validation-failed", with(unknown.clone(), pointer, value), &[&format!("#{pointer}")]).await;
        }
        refused(&app, "validation-failed", private(json!({ "anonymous": false, "phone": "1" })), &["#/source/private/name"]).await;
        refused(&app, "validation-failed", private(json!({ "name": "Berit" })), &["#/source/private/anonymous"]).await;
        refused(&app, "validation-failed", with(private_report(), "/reporter", reporter), &["#/reporter"]).await;
    }

    async fn a_child_of_nine_may_ask_and_may_not_consent(app: TestApp) {
        let nine = with(without(own_request(), "/child/birthYear"), "/child/birthDate", json!("2017-05-01"));
        let view = app.caseworker().post("/referrals", nine.clone()).await.expect(201);
        assert_eq!(view["source"], json!({ "selfRequest": true }));
        assert!(view.get("consent").is_none() && view["deadlines"] == json!([]), "{view}");
        let consent = |giver: &str| json!({ "basis": "oral", "givenBy": [giver], "givenOn": "2026-11-20", "scopes": ["referral"] });
        refused(&app, "consent-giver", with(nine.clone(), "/consent", consent("child")), &["#/consent/givenBy"]).await;
        app.caseworker().post("/referrals", with(nine.clone(), "/consent", consent("guardian"))).await.expect(201);
        let late = with(with(nine.clone(), "/consent", consent("guardian")), "/consent/withdrawnAt", json!("2026-11-19"));
        refused(&app, "consent-order", late, &["#/consent/withdrawnAt"]).await;
        let service = app.anyone().get("/services/stodjande-insatser").await.expect(200)["id"].clone();
        let asked = app.caseworker().post("/referrals", with(nine.clone(), "/requestedServiceIds", json!([service]))).await.expect(201);
        assert_eq!(asked["requestedServiceIds"], json!([service]));
        refused(&app, "validation-failed", with(private_report(), "/consent", consent("guardian")), &["#/consent"]).await;
        refused(&app, "validation-failed", with(nine, "/feedbackRequested", json!(true)), &["#/feedbackRequested"]).await;
    }

    async fn the_rules_of_every_referral_hold(app: TestApp) {
        refused(&app, "validation-failed", with(private_report(), "/child", json!({ "givenName": "Alva" })), &["#/child"]).await;
        let herself = json!([{ "name": "Alva Påhittad", "alsoConcerned": true }]);
        refused(&app, "sibling-is-the-child", with(private_report(), "/siblings", herself), &["#/siblings/0"]).await;
        refused(&app, "validation-failed", with(private_report(), "/made", json!(1)), &["#/made"]).await;
        refused(&app, "validation-failed", with(private_report(), "/source/private", Value::Null), &["#/source/private"]).await;
        refused(&app, "validation-failed", without(private_report(), "/source"), &["#/source"]).await;
        let both = with(with(private_report(), "/needs", json!(["parenting", "parenting"])), "/child/birthYear", json!(2027));
        refused(&app, "validation-failed", both, &["#/child/birthYear", "#/needs/1"]).await;
    }
}
