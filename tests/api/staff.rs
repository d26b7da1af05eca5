//! Who I am, who my colleagues are, and what a reason opens.

use diesel::prelude::*;
use nara::bound_tables::binder;
use nara::db::DbConn;
use nara::db::schema::staff;
use nara::id::StaffId;
use nara::rotation;
use nara::vault::{Vault, VaultKeys};
use serde_json::{Value, json};

use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::credentials::{self, claims};
use crate::support::{Actor, TestApp, clock, fixtures};

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

    async fn an_older_token_changes_nothing_in_the_register_whichever_server_it_comes_to(app: TestApp) {
        let other = app.another_server().await;
        let lead = named(&app, "lead", "Lena Lind", "team_lead", &[SKAGGETORP, RECEPTION]);
        lead.get("/me").await.expect(200);
        let (here, there) = (office(&app, SKAGGETORP).await, office(&app, RECEPTION).await);
        let anna = |app: &TestApp, issued: i64, name: &str, role: &str, office: &str| {
            let mut claims = claims("anna", role, &[office]);
            claims["name"] = json!(name);
            claims["iat"] = json!(app.clock.seconds() + issued);
            claims["exp"] = json!(app.clock.seconds() + 3600);
            app.with_claims(claims)
        };
        let colleagues = async |office: &str| {
            let list = lead.get(&format!("/staff?officeId={office}")).await.expect(200);
            names(&list).into_iter().filter(|name| *name != "Lena Lind").map(str::to_owned).collect::<Vec<_>>()
        };
        let none = Vec::<String>::new();
        let old = anna(&app, -600, "Anna Ek", "caseworker", SKAGGETORP);
        let me = id_of(&old).await;
        assert_eq!((colleagues(&here).await, colleagues(&there).await), (vec!["Anna Ek".to_owned()], none.clone()));
        // She moves to another office and gets a new name. The older tokens are valid for some time yet.
        let new = anna(&app, -60, "Anna Ek-Lund", "caseworker", RECEPTION);
        assert_eq!(id_of(&new).await, me);
        let moved = (none.clone(), vec!["Anna Ek-Lund".to_owned()]);
        assert_eq!((colleagues(&here).await, colleagues(&there).await), moved);
        for (server, issued, role) in [(&other, -600, "caseworker"), (&other, -61, "analyst"), (&app, -3000, "caseworker")] {
            let older = anna(server, issued, "Anna Ek", role, SKAGGETORP);
            assert_eq!(id_of(&older).await, me);
            assert_eq!((colleagues(&here).await, colleagues(&there).await), moved, "issued {issued}");
        }
        // A token of the same second, and every newer one, counts again.
        for (server, issued, name, office) in [(&other, -60, "Anna Lund", SKAGGETORP), (&app, -1, "Anna Ask", SKAGGETORP)] {
            let newest = anna(server, issued, name, "caseworker", office);
            assert_eq!(id_of(&newest).await, me);
            assert_eq!((colleagues(&here).await, colleagues(&there).await), (vec![name.to_owned()], none.clone()));
        }
    }

    async fn who_signs_in_for_the_first_time_is_registered_before_the_answer(app: TestApp) {
        let anna = named(&app, "19790101-1234", "Anna Ek", "caseworker", &[SKAGGETORP]);
        assert_eq!(app.registered_staff().await, 0);
        let me = id_of(&anna).await;
        let stored = |conn: &mut DbConn| Ok(staff::table.select(staff::id).first::<StaffId>(conn)?);
        let stored = app.db().read(stored).await.unwrap();
        assert_eq!((me.as_str().unwrap(), stored.uuid().get_version_num()), (&*stored.to_string(), 7));
        // The audit names them so from the first call on.
        anna.get("/referrals").await.expect(200);
        let actors: Vec<String> = app.audit().await.into_iter().map(|(actor, _, _)| actor).collect();
        assert!(actors.contains(&format!("staff:{stored}")), "{actors:?}");
        assert_eq!(app.registered_staff().await, 1);
    }

    async fn whoever_calls_for_the_first_time_at_several_servers_at_once_is_one_person(app: TestApp) {
        let other = app.another_server().await;
        // Four tokens of one person, each sent to both servers twice.
        let tokens: Vec<String> = (0..4).map(|number| {
            let mut claims = claims("19790101-1234", "caseworker", &[SKAGGETORP, RECEPTION]);
            claims["jti"] = json!(number);
            app.sign(claims)
        }).collect();
        let actors = tokens.iter().flat_map(|token| [&app, &other, &app, &other].map(|server| server.with_token(token)));
        let ids = futures_util::future::join_all(actors.map(|actor| async move { id_of(&actor).await })).await;
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(app.registered_staff().await, 1);
    }

    async fn who_may_do_nothing_here_is_registered_all_the_same_so_that_the_audit_can_name_them(app: TestApp) {
        let administrator = app.administrator();
        for _ in 0..3 {
            administrator.get("/referrals").await.problem(403, "forbidden");
        }
        assert_eq!(app.registered_staff().await, 1);
        assert_eq!(app.counted("nara_tokens_verified_total").await, 1);
        id_of(&administrator).await;
        assert_eq!(app.registered_staff().await, 1);
        administrator.get("/partners").await.expect(200);
        assert_eq!(app.counted("nara_tokens_verified_total").await, 1);
    }

    async fn somebody_stays_who_they_are_when_the_keys_of_the_vault_change(app: TestApp) {
        let anna = |app: &TestApp| named(app, "19790101-1234", "Anna Ek", "caseworker", &[SKAGGETORP]);
        let before = id_of(&anna(&app)).await;
        let (target, moment) = (app.database().url.parse().unwrap(), clock::start());
        let installed = || credentials::vault().ring().reveal().parse::<VaultKeys>().unwrap();
        let vault = Vault::new(installed().with_fresh_key(&moment.random).unwrap());
        // Who they are at the identity provider, and their name.
        assert_eq!(rotation::run(&target, &binder(&vault), &moment).unwrap(), 2);
        let vault = Vault::new(vault.ring().reveal().parse::<VaultKeys>().unwrap().with_fresh_lookup_key(&moment.random).unwrap());
        assert_eq!(nara::lookups::rebuild(&target, &binder(&vault), moment.now).unwrap(), 1);
        let renewed = app.another_server_with(|setup| setup.vault = vault).await;
        assert_eq!(id_of(&anna(&renewed)).await, before);
        assert_eq!(names(&anna(&renewed).get("/staff").await.expect(200)), ["Anna Ek"]);
    }

    async fn who_has_the_database_alone_learns_no_subject(app: TestApp) {
        id_of(&named(&app, "19790101-1234", "Anna Ek", "caseworker", &[SKAGGETORP])).await;
        let columns = (staff::subject_hash, staff::subject, staff::name.assume_not_null());
        let rows = move |conn: &mut DbConn| {
            let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = staff::table.select(columns).load(conn)?;
            Ok(rows.into_iter().map(|(hash, subject, name)| [hash, subject, name]).collect())
        };
        let mut rows: Vec<[Vec<u8>; 3]> = app.db().read(rows).await.unwrap();
        let [hash, subject, name] = rows.pop().expect("there is one");
        for column in [&hash, &subject, &name] {
            for never in ["19790101", "Anna"] {
                assert!(!column.windows(never.len()).any(|part| part == never.as_bytes()));
            }
        }
        assert_eq!(hash.len(), 32);
    }

    async fn the_address_of_the_next_page_tells_nobodys_name(app: TestApp) {
        let anna = named(&app, "anna", "Anna Ek", "caseworker", &[SKAGGETORP]);
        id_of(&anna).await;
        id_of(&named(&app, "bo", "Bo Ask", "caseworker", &[SKAGGETORP])).await;
        let first = anna.get("/staff?limit=1").await.expect(200);
        let next = first["_links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").unwrap()["href"].as_str().unwrap();
        let cursor = next.split("cursor=").nth(1).unwrap().split('&').next().unwrap();
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, cursor).unwrap().to_ascii_lowercase();
        assert!(!["anna", "ek", "ask"].iter().any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes())), "{bytes:?}");
        assert_eq!(names(&anna.get(&format!("/staff?limit=1&cursor={cursor}")).await.expect(200)), ["Bo Ask"]);
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
        // On whose behalf somebody looks is not theirs to say.
        for list in ["/referrals", "/outreach-contacts"] {
            anna.get(&format!("{list}?officeId={there}")).await.expect(200);
        }
        for action in ["staff.listed", "referral.listed", "outreach_contact.listed"] {
            assert_eq!(app.offices_recorded(action).await.last(), Some(&Some(here.clone())), "{action}");
        }
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
