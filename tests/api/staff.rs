//! Who I am, who my colleagues are, and what a reason opens.

use serde_json::{Value, json};

use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::credentials::claims;
use crate::support::{Actor, TestApp, fixtures};

fn named(app: &TestApp, subject: &str, name: &str, role: &str, offices: &[&str]) -> Actor {
    let mut claims = claims(subject, role, offices);
    claims["name"] = json!(name);
    app.with_claims(claims)
}

async fn id_of(actor: &Actor) -> Value {
    actor.get("/me").await.expect(200)["staffId"].clone()
}

async fn office(app: &TestApp, slug: &str) -> String {
    app.anyone().get(&format!("/offices/{slug}")).await.expect(200)["id"].as_str().unwrap().to_owned()
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

crate::on_both_databases! {
    async fn the_token_says_who_i_am(app: TestApp) {
        let mut told = claims("19790101-1234", "caseworker", &[SKAGGETORP, "unheard-of"]);
        told["roles"] = json!(["caseworker", "emperor"]);
        told["name"] = json!("Anna Ek");
        told["qualified"] = json!(true);
        let me = app.with_claims(told).get("/me").await.expect(200);
        assert_eq!((&me["name"], &me["roles"]), (&json!("Anna Ek"), &json!(["caseworker"])));
        assert_eq!(me["offices"].as_array().unwrap().len(), 1);
        assert_eq!(me["offices"][0]["slug"], SKAGGETORP);
        assert_eq!((&me["qualified"], &me["protectedIdentity"]), (&json!(true), &json!(false)));
        assert!(!me.to_string().contains("19790101"), "the subject is told");
        let metrics = app.anyone().get("//metrics").await.text();
        assert!(metrics.contains("nara_token_offices_unknown_total 1"), "{metrics}");
    }

    async fn everybody_who_signs_in_is_told_who_they_are(app: TestApp) {
        for role in ["outreach_worker", "caseworker", "team_lead", "administrator", "auditor", "analyst"] {
            assert_eq!(app.staff(role, &[]).get("/me").await.expect(200)["roles"], json!([role]));
        }
        app.anyone().get("/me").await.problem(401, "unauthenticated");
        app.school().get("/me").await.problem(401, "unauthenticated");
    }

    async fn the_same_person_is_the_same_whatever_the_token(app: TestApp) {
        let first = id_of(&named(&app, "anna", "Anna Ek", "caseworker", &[SKAGGETORP])).await;
        assert_eq!(id_of(&named(&app, "anna", "Anna Ek-Lund", "team_lead", &[RECEPTION])).await, first);
        assert_ne!(id_of(&named(&app, "anna2", "Anna Ek", "caseworker", &[SKAGGETORP])).await, first);
    }

    async fn colleagues_are_those_who_work_with_cases_at_my_offices(app: TestApp) {
        let anna = named(&app, "anna", "Anna Ek", "caseworker", &[SKAGGETORP]);
        id_of(&named(&app, "orjan", "Örjan Berg", "outreach_worker", &[SKAGGETORP])).await;
        id_of(&named(&app, "asa", "Åsa Öberg", "team_lead", &[SKAGGETORP, RECEPTION])).await;
        id_of(&named(&app, "bo", "Bo Ask", "caseworker", &[RECEPTION])).await;
        id_of(&named(&app, "adam", "Adam Admin", "administrator", &[SKAGGETORP])).await;
        let list = anna.get("/staff").await.expect(200);
        assert_eq!(names(&list), ["Anna Ek", "Åsa Öberg", "Örjan Berg"]);
        let (here, there) = (office(&app, SKAGGETORP).await, office(&app, RECEPTION).await);
        assert_eq!(anna.get(&format!("/staff?officeId={here}")).await.expect(200)["items"], list["items"]);
        assert_eq!(anna.get(&format!("/staff?officeId={there}")).await.expect(200)["items"], json!([]));
        let first = anna.get("/staff?limit=2").await.expect(200);
        assert_eq!((names(&first), &first["_meta"]["totalRecords"]), (vec!["Anna Ek", "Åsa Öberg"], &json!(3)));
        // What the last token said is what holds.
        id_of(&named(&app, "orjan", "Örjan Berg", "outreach_worker", &[RECEPTION])).await;
        assert_eq!(names(&anna.get("/staff").await.expect(200)), ["Anna Ek", "Åsa Öberg"]);
        assert_eq!(app.audit_actions().await.iter().filter(|action| *action == "staff.listed").count(), 5);
    }

    async fn a_team_lead_reads_other_offices_cases_with_a_reason_and_the_audit_has_it(app: TestApp) {
        let id = app.submitted(fixtures::concern_report()).await;
        let path = format!("/referrals/{id}");
        let lead = app.staff("team_lead", &[RECEPTION]);
        lead.get(&path).await.problem(404, "not-found");
        let reasoned = lead.clone().and("access-reason", "supervision");
        assert_eq!(reasoned.get(&path).await.expect(200)["id"], json!(id));
        assert_eq!(reasoned.get("/referrals").await.expect(200)["items"][0]["id"], json!(id));
        assert_eq!(app.audit_reasons().await, ["supervision", "supervision"]);
        for (role, offices) in [("caseworker", RECEPTION), ("outreach_worker", SKAGGETORP)] {
            let other = app.staff(role, &[offices]).and("access-reason", "supervision");
            other.get(&path).await.problem(404, "not-found");
        }
        assert_eq!(app.audit_reasons().await.len(), 2, "a reason that opens nothing is no reason");
    }

    async fn a_reason_opens_nothing_about_protected_identities(app: TestApp) {
        let id = app.submitted(fixtures::with(fixtures::concern_report(), "/child/protectedIdentity", "marked".into())).await;
        let lead = app.staff("team_lead", &[SKAGGETORP]).and("access-reason", "statutory_review");
        lead.get(&format!("/referrals/{id}")).await.problem(404, "not-found");
    }

    async fn a_reason_that_is_none_is_refused(app: TestApp) {
        for wrong in ["curiosity", "", "Supervision", "supervision, complaint"] {
            let lead = app.team_lead().and("access-reason", wrong);
            let problem = lead.get("/referrals").await.problem(400, "invalid-header");
            assert_eq!(problem["errors"][0]["header"], "Access-Reason", "{wrong}: {problem}");
        }
        let twice = app.team_lead().and("access-reason", "complaint").and("access-reason", "supervision");
        assert_eq!(twice.get("/referrals").await.status, 400);
    }
}
