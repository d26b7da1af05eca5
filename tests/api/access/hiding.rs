//! What a caller may not know of answers exactly like what does not exist.

use serde_json::{Value, json};

use super::protected;
use crate::support::{Actor, Answer, TestApp, fixtures};

/// All that an answer tells, but for the trace, the time and the address that was asked for.
fn told(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let mut problem = answer.problem(404, "not-found");
    for different in ["traceId", "instance"] {
        problem.as_object_mut().unwrap().remove(different);
    }
    let headers = answer.headers.iter().filter(|(name, _)| !["date", "traceparent"].contains(&name.as_str()));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    headers.sort();
    (answer.status, problem, headers)
}

async fn assert_alike(actor: &Actor, collection: &str, hidden: &str) {
    let of = |id: String| async move { actor.get(&format!("{collection}/{id}")).await };
    let hidden = of(hidden.to_owned()).await;
    let unknown = of("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e".to_owned()).await;
    assert_eq!(told(&hidden), told(&unknown));
    for malformed in ["1", "rubbish", "01935B7E8C007A3E9D526F1C2B3A4D5E", "%00", "20130315-2399"] {
        of(malformed.to_owned()).await.problem(404, "not-found");
    }
}

on_both_databases! {
    async fn a_case_of_another_office_is_like_none(app: TestApp) {
        let id = app.submitted(fixtures::concern_report()).await;
        app.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
        let elsewhere = app.staff("team_lead", &["mottagning-barn-unga", "bas-syd"]);
        for actor in [app.reception_caseworker(), app.protected_identity_caseworker(), app.outreach_worker(), elsewhere] {
            assert_alike(&actor, "/referrals", &id).await;
            assert_eq!(actor.get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
        }
    }

    async fn a_case_of_a_protected_child_is_like_none_to_those_who_are_not_cleared(app: TestApp) {
        let id = app.submitted(protected()).await;
        app.protected_identity_caseworker().get(&format!("/referrals/{id}")).await.expect(200);
        for actor in [app.reception_caseworker(), app.caseworker(), app.staff("team_lead", &["mottagning-barn-unga"])] {
            assert_alike(&actor, "/referrals", &id).await;
            let list = actor.get("/referrals?total=true").await.expect(200);
            assert_eq!((&list["items"], &list["_meta"]["totalRecords"]), (&json!([]), &json!(0)));
        }
        let cleared = app.protected_identity_caseworker().get("/referrals?total=true").await.expect(200);
        assert_eq!(cleared["_meta"]["totalRecords"], 1);
    }

    async fn people_and_families_of_another_office_are_like_none(app: TestApp) {
        let (person, family) = (app.person().await, app.family().await);
        for actor in [app.reception_caseworker(), app.protected_identity_caseworker(), app.staff("team_lead", &[]), app.staff("outreach_worker", &["bas-syd"])] {
            assert_alike(&actor, "/people", &person).await;
            assert_alike(&actor, "/families", &family).await;
        }
    }

    async fn with_a_reason_a_team_lead_reads_people_of_another_office_and_changes_none(app: TestApp) {
        let (person, family) = (app.person().await, app.family().await);
        let lead = app.staff("team_lead", &["mottagning-barn-unga"]).and("access-reason", "joint_case");
        for there in [format!("/people/{person}"), format!("/families/{family}")] {
            lead.get(&there).await.expect(200);
            lead.get(&format!("{there}/timeline")).await.expect(200);
            lead.patch(&there, json!({}), "*").await.problem(404, "not-found");
        }
        assert_eq!(lead.post("/people/search", json!({ "name": "Öberg" })).await.expect(200)["items"][0]["id"], person);
        lead.post(&format!("/people/{person}/move"), json!({ "familyId": family, "reason": "x" })).await.problem(404, "not-found");
        let caseworker = app.reception_caseworker().and("access-reason", "joint_case");
        caseworker.get(&format!("/people/{person}")).await.problem(404, "not-found");
    }

    async fn protected_people_are_like_none_to_those_who_are_not_cleared(app: TestApp) {
        let person = app.person().await;
        let family = app.registered("/families", json!({ "memberIds": [person] })).await;
        app.caseworker().patch(&format!("/people/{person}"), json!({ "protection": "marked" }), "*").await.expect(204);
        for actor in [app.outreach_worker(), app.caseworker(), app.team_lead()] {
            assert_alike(&actor, "/people", &person).await;
            assert_alike(&actor, "/families", &family).await;
        }
    }

    async fn a_case_of_another_agency_is_like_none(app: TestApp) {
        let id = app.submitted(fixtures::concern_report()).await;
        app.school().get(&format!("/partner/referrals/{id}")).await.expect(200);
        for actor in [app.police(), app.healthcare(), app.association()] {
            assert_alike(&actor, "/partner/referrals", &id).await;
        }
    }

    async fn asking_for_an_office_of_others_shows_nothing(app: TestApp) {
        app.submitted(fixtures::concern_report()).await;
        let office = app.anyone().get("/offices/skaggetorp").await.expect(200)["id"].as_str().unwrap().to_owned();
        let of_office = format!("/referrals?officeId={office}&total=true");
        assert_eq!(app.caseworker().get(&of_office).await.expect(200)["_meta"]["totalRecords"], 1);
        let elsewhere = app.reception_caseworker().get(&of_office).await.expect(200);
        assert_eq!((&elsewhere["items"], &elsewhere["_meta"]["totalRecords"]), (&json!([]), &json!(0)));
    }
}
