//! Several who change the same thing at the same moment: who names no version is never told of one, and who names one is held to it.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::outreach::path;
use crate::support::fixtures::{concern_report, contact, follow_up};
use crate::support::{Actor, Answer, Method, TestApp};

/// What eight are answered who do it at once, by turns through either of two servers.
async fn at_once(app: &TestApp, path: &str, body: impl Fn(usize) -> Value, etag: Option<&str>) -> Vec<Answer> {
    let elsewhere = app.another_server().await;
    let actors: [Actor; 2] = [app.caseworker(), elsewhere.caseworker()];
    let send = |at: usize| {
        let request = actors[at % 2].request(Method::POST, path).json(&body(at));
        if let Some(etag) = etag { request.header("if-match", etag) } else { request }.send()
    };
    join_all((0..8).map(send)).await
}

/// One is answered with this status, and all others with this problem.
fn one_of(answers: &[Answer], status: u16, (others, problem): (u16, &str)) {
    assert_eq!(answers.iter().filter(|answer| answer.status == status).count(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != status) {
        answer.problem(others, problem);
    }
}

on_both_databases! {
    async fn without_a_version_the_state_of_a_promise_decides(app: TestApp) {
        let promise = app.caseworker().post("/follow-ups", follow_up(&app.contact().await)).await.expect(201);
        let there = format!("/follow-ups/{}/complete", promise["id"].as_str().unwrap());
        let body = |_| json!({ "result": "Sågs.", "contact": contact() });
        one_of(&at_once(&app, &there, body, None).await, 200, (409, "follow-up-done"));
        let list = app.caseworker().get("/outreach-contacts?total=true").await.expect(200);
        assert_eq!(list["_meta"]["totalRecords"], 2, "the one that was followed, and one that followed");
    }

    async fn without_a_version_the_state_of_a_contact_decides(app: TestApp) {
        let there = format!("{}/enter-in-error", path(&json!({ "id": app.contact().await })));
        one_of(&at_once(&app, &there, |_| json!({ "reason": "Fel." }), None).await, 200, (409, "entered-in-error"));
    }

    async fn without_a_version_all_who_move_a_person_do(app: TestApp) {
        let (person, mut families) = (app.person().await, Vec::new());
        for _ in 0..8 {
            families.push(app.family().await);
        }
        let body = |at: usize| json!({ "familyId": families[at], "reason": "Flyttade." });
        for answer in at_once(&app, &format!("/people/{person}/move"), body, None).await {
            answer.expect(200);
        }
    }

    async fn without_a_version_all_who_merge_families_do(app: TestApp) {
        let (goes_on, mut gone) = (app.family().await, Vec::new());
        for _ in 0..8 {
            gone.push(app.family().await);
        }
        let body = |at: usize| json!({ "otherId": gone[at], "reason": "En familj." });
        for answer in at_once(&app, &format!("/families/{goes_on}/merge"), body, None).await {
            answer.expect(200);
        }
    }

    async fn a_version_of_an_offer_has_one_next(app: TestApp) {
        let (caseworker, family) = (app.caseworker(), app.family().await);
        let met = app.contact().await;
        let service = app.anyone().get("/services/telefonradgivning").await.expect(200)["id"].clone();
        let offer = json!({ "serviceId": service, "to": { "familyId": family } });
        let made = caseworker.post(&format!("/outreach-contacts/{met}/offers"), offer).await;
        let there = format!("/offers/{}", made.expect(201)["id"].as_str().unwrap());
        let thinking = |_| json!({ "answer": "thinking" });
        let answers = at_once(&app, &format!("{there}/answers"), thinking, Some(&made.etag())).await;
        one_of(&answers, 201, (412, "stale-version"));
        assert_eq!(caseworker.get(&there).await.expect(200)["version"], 2);
        one_of(&at_once(&app, &format!("{there}/close"), |_| json!({ "reason": "no_capacity" }), None).await, 200, (409, "offer-closed"));
    }

    async fn a_promise_is_of_no_referral_that_was_entered_in_error(app: TestApp) {
        let referral = app.submitted(concern_report()).await;
        app.step(&referral, "enter-in-error").await;
        let promise = json!({ "referralId": referral, "dueOn": "2026-12-04" });
        app.caseworker().post("/follow-ups", promise).await.problem(409, "entered-in-error");
    }
}
