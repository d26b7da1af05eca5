//! Rows that somebody changed who can write the database and does not have the keys: each is found, and none hides the others.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use nara::audit::chain::Sealer;
use nara::audit::verify::{AuditEvidence, AuditFlaw, Verification, Walk};
use nara::db::connection::Purpose;
use nara::db::{DbConn, Target};
use nara::{bound_tables, on_backend};
use serde_json::{Value, json};

use crate::migrations::{Column, columns};
use crate::people::cleared;
use crate::support::app::SKAGGETORP;
use crate::support::fixtures::{CHILD, concern_report, contact, follow_up, person, with, without};
use crate::support::{Actor, Backend, TestApp, credentials};

/// Columns of bound tables that decide nothing.
const UNBOUND: [(&str, &str); 1] = [("partner_keys", "last_used_at")];

/// A connection as somebody has it who can write the database: nothing there stops them.
fn intruder(app: &TestApp) -> DbConn {
    let target: Target = app.database().url.parse().unwrap();
    let mut conn = target.connect(Purpose::Writing).unwrap();
    match &mut conn {
        DbConn::Sqlite(conn) => conn.batch_execute("PRAGMA foreign_keys=OFF").unwrap(),
        DbConn::Postgres(conn) => {
            let drop = "DO $$ DECLARE it record; BEGIN
                FOR it IN SELECT conrelid::regclass AS place, conname FROM pg_constraint WHERE contype = 'f' LOOP
                    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.place, it.conname);
                END LOOP; END $$";
            conn.batch_execute(drop).unwrap();
        }
    }
    conn
}

fn run(conn: &mut DbConn, statement: &str) -> usize {
    on_backend!(conn, conn => sql_query(statement).execute(conn)).unwrap_or_else(|error| panic!("{statement}: {error}"))
}

fn verified(conn: &mut DbConn, app: &TestApp) -> Verification {
    let vault = credentials::vault();
    let now = app.clock.now().into();
    let walk = Walk::new(Sealer::with(vault.ring()), AuditEvidence::default(), now);
    walk.with_rows(bound_tables::binder(&vault)).to_end(conn).unwrap()
}

/// The number of rows of a table that a verification finds, by the flaw.
fn found(verification: &Verification, flaw: AuditFlaw, table: &str) -> usize {
    let rows = verification.findings.iter().filter(|finding| finding.flaw == flaw);
    rows.filter(|finding| finding.row.as_ref().is_some_and(|row| row.table == table)).count()
}

/// Does something with the database, looks what a verification finds, and takes it back.
fn after(conn: &mut DbConn, app: &TestApp, statement: &str) -> (usize, Verification) {
    let mut outcome = None;
    let _taken_back: std::result::Result<(), diesel::result::Error> = conn.transaction(|conn| {
        let changed = run(conn, statement);
        outcome = Some((changed, verified(conn, app)));
        Err(diesel::result::Error::RollbackTransaction)
    });
    outcome.expect("the statement ran")
}

/// Waits until all records are sealed, and asserts that nothing is wrong.
async fn sealed(app: &TestApp) {
    let mut conn = intruder(app);
    for _ in 0..1000 {
        let verification = verified(&mut conn, app);
        assert!(verification.is_sound(), "{:?}", verification.findings);
        if verification.unsealed == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the records are not sealed");
}

/// Something in each bound table.
async fn a_town(app: &TestApp) {
    let child = with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD));
    let child = app.registered("/people", child).await;
    let family = app.registered("/families", json!({ "memberIds": [child] })).await;
    let other = app.family().await;
    let (child, families) = (child.parse().unwrap(), [family.parse().unwrap(), other.parse().unwrap()]);
    let be_guest = move |conn: &mut DbConn| nara::people::belonging::put(conn, child, &families[..1], &families);
    app.db().write(be_guest).await.unwrap();
    let referral = app.submitted(concern_report()).await;
    app.team_lead()
        .post(&format!("/referrals/{referral}/assess-protection"), json!({ "immediateNeed": false }))
        .await
        .expect(200);
    app.caseworker()
        .post(&format!("/referrals/{referral}/messages"), json!({ "text": "Hur mår hon?" }))
        .await
        .expect(201);
    let met = with(contact(), "/familyId", json!(family));
    let met = app.outreach_worker().post("/outreach-contacts", met).await.expect(201);
    let there = format!("/outreach-contacts/{}", met["id"].as_str().unwrap());
    app.outreach_worker().post(&format!("{there}/offers"), app.new_offer().await).await.expect(201);
    app.outreach_worker().post("/follow-ups", follow_up(met["id"].as_str().unwrap())).await.expect(201);
}

/// The expression of another value than the one in the column, which may be null.
fn another(column: &Column, backend: Backend, names_row: &str) -> String {
    let Column { column_name: name, kind, .. } = column;
    let flags = ["protected", "in_error", "through_protected", "asks_for_new_report", "is_copy", "linked_silently"];
    let is_id = name == "id"
        || name.ends_with("_id")
        || ["made_by", "offered_by", "done_by", "created_by", "updated_by", "merged_into"].contains(&name.as_str());
    let documents = ["scopes", "allowed_networks", "deadlines"];
    match (backend, kind.as_str()) {
        (Backend::Sqlite, "BLOB") => format!("randomblob({})", if is_id { 16 } else { 32 }),
        (Backend::Sqlite, "INTEGER") if flags.contains(&name.as_str()) => format!("1 - {name}"),
        (_, "INTEGER" | "integer") => format!("coalesce({name}, 0) + 1"),
        (Backend::Sqlite, "TEXT") if documents.contains(&name.as_str()) => "'[\"192.0.2.0/24\"]'".to_owned(),
        (Backend::Sqlite, "TEXT") if name == "due_on" => "'2020-01-01'".to_owned(),
        (_, "TEXT" | "text") => format!("coalesce({name}, '') || 'x' || {names_row}"),
        (_, "boolean") => format!("NOT {name}"),
        (_, "uuid") => "gen_random_uuid()".to_owned(),
        (_, "bytea") => "decode(md5(random()::text) || md5(random()::text), 'hex')".to_owned(),
        (_, "timestamp with time zone") => format!("coalesce({name}, now()) + interval '1 second'"),
        (_, "jsonb") => "'[\"192.0.2.0/24\"]'".to_owned(),
        (_, "date") => "DATE '2020-01-01'".to_owned(),
        (_, other) => panic!("nobody knows how to change {other}"),
    }
}

/// The bound columns of the database, as its catalogue lists them.
fn bound_columns(conn: &mut DbConn) -> Vec<Column> {
    let bound = |column: &Column| {
        let place = (column.table_name.as_str(), column.column_name.as_str());
        bound_tables::ALL.iter().any(|table| table.name() == place.0) && place.1 != "code" && !UNBOUND.contains(&place)
    };
    columns(conn).into_iter().filter(bound).collect()
}

async fn ids(actor: &Actor, path: &str) -> Vec<Value> {
    let list = actor.get(path).await.expect(200);
    list["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
}

on_both_databases! {
    async fn each_column_of_each_bound_table_is_bound(app: TestApp) {
        a_town(&app).await;
        sealed(&app).await;
        let mut conn = intruder(&app);
        let all = bound_columns(&mut conn);
        assert!(all.len() > 120, "{}", all.len());
        for column in &all {
            let Column { table_name: table, column_name: name, nullable, .. } = column;
            let names_row = if app.backend() == Backend::Sqlite { "hex(id)" } else { "id::text" };
            let change = format!("UPDATE {table} SET {name} = {}", another(column, app.backend(), names_row));
            let (changed, verification) = after(&mut conn, &app, &change);
            assert!(changed > 0, "{table} is empty");
            assert_eq!(found(&verification, AuditFlaw::RowChanged, table), changed.min(100), "{table}.{name}");
            if *nullable {
                let empty = format!("UPDATE {table} SET {name} = NULL WHERE {name} IS NOT NULL");
                let (changed, verification) = after(&mut conn, &app, &empty);
                assert_eq!(found(&verification, AuditFlaw::RowChanged, table), changed.min(100), "{table}.{name} without a value");
            }
        }
        assert!(verified(&mut conn, &app).is_sound(), "something was not taken back");
    }

    async fn a_code_that_the_program_knows_is_found_as_well(app: TestApp) {
        a_town(&app).await;
        sealed(&app).await;
        let mut conn = intruder(&app);
        for (table, change) in [
            ("referrals", "status = 'accepted'"), ("referrals", "urgency = 'immediate'"), ("referrals", "kind = 'internal'"),
            ("referrals", "disclosed_status = 'handled'"), ("referrals", "sender_category = 'police'"),
            ("referral_events", "to_status = 'completed'"), ("referral_messages", "kind = 'answer'"),
            ("people", "protection = 'marked'"), ("outreach_contacts", "channel = 'phone'"),
            ("outreach_contacts", "outcome = 'not_reached'"), ("partners", "status = 'suspended'"), ("partners", "category = 'sapo'"),
            ("partner_keys", "partner_id = (SELECT max(CAST(id AS TEXT)) FROM partners)::uuid"),
        ] {
            let change = match app.backend() {
                Backend::Sqlite => change.replace("(SELECT max(CAST(id AS TEXT)) FROM partners)::uuid", "(SELECT max(id) FROM partners)"),
                Backend::Postgres => change.to_owned(),
            };
            let (changed, verification) = after(&mut conn, &app, &format!("UPDATE {table} SET {change}"));
            assert!(changed > 0 && found(&verification, AuditFlaw::RowChanged, table) > 0, "{table}: {change}");
        }
    }

    async fn a_row_that_was_added_by_hand_is_found(app: TestApp) {
        a_town(&app).await;
        app.registered("/people", person()).await;
        sealed(&app).await;
        let mut conn = intruder(&app);
        // An office that never met anybody, with the code of another link.
        for (table, end) in [("person_offices", "person_id"), ("family_offices", "family_id")] {
            let other = format!("(SELECT id FROM offices WHERE id NOT IN (SELECT office_id FROM {table}) ORDER BY slug LIMIT 1)");
            for code in ["code", "NULL"] {
                let no = if app.backend() == Backend::Sqlite { "0" } else { "false" };
                let add = format!("INSERT INTO {table} ({end}, office_id, through_protected, source_id, code) SELECT {end}, {other}, {no}, source_id, {code} FROM {table}");
                let (added, verification) = after(&mut conn, &app, &add);
                assert_eq!(found(&verification, AuditFlaw::RowChanged, table), added, "{table} with {code}");
                assert!(added > 0);
            }
        }
        let key = "INSERT INTO partner_keys (id, partner_id, label, secret_hash, scopes, allowed_networks, created_at, code)
            SELECT 'AAAAAAAAAA', partner_id, label, secret_hash, scopes, allowed_networks, created_at, code FROM partner_keys LIMIT 1";
        let (_, verification) = after(&mut conn, &app, key);
        assert_eq!(found(&verification, AuditFlaw::RowChanged, "partner_keys"), 1);
        let (_, verification) = after(&mut conn, &app, "UPDATE people SET code = NULL");
        assert_eq!(found(&verification, AuditFlaw::RowChanged, "people"), 2, "a row without a code");
    }

    async fn a_whole_older_row_an_older_seal_and_a_missing_row_are_found(app: TestApp) {
        a_town(&app).await;
        let mut conn = intruder(&app);
        for table in ["referrals", "people", "families", "outreach_contacts", "offers", "follow_ups"] {
            run(&mut conn, &format!("CREATE TEMPORARY TABLE old_{table} AS SELECT * FROM {table}"));
        }
        // Somebody works on. The last also hides the contacts and follow-ups, which makes no version of them.
        let lead = app.team_lead();
        let referral = ids(&lead, "/referrals").await[0].as_str().unwrap().to_owned();
        let decision = json!({ "decision": "open_inquiry", "rationale": "Uppgifterna tyder på behov av stöd." });
        lead.post(&format!("/referrals/{referral}/decide-inquiry"), decision).await.expect(200);
        let worker = app.outreach_worker();
        let met = ids(&worker, "/outreach-contacts").await[0].as_str().unwrap().to_owned();
        let offer = ids(&worker, &format!("/outreach-contacts/{met}/offers")).await[0].as_str().unwrap().to_owned();
        worker.post(&format!("/offers/{offer}/close"), json!({ "reason": "no_capacity" })).await.expect(200);
        let found_person = lead.post("/people/search", json!({ "personalIdentityNumber": CHILD })).await.expect(200);
        let there = format!("/people/{}", found_person["items"][0]["id"].as_str().unwrap());
        cleared(&app, &[SKAGGETORP]).patch(&there, json!({ "protection": "marked" }), "*").await.expect(200);
        sealed(&app).await;
        for table in ["referrals", "people", "families", "outreach_contacts", "offers", "follow_ups"] {
            let (gone, verification) = after(&mut conn, &app, &format!("DELETE FROM {table}"));
            assert!(gone > 0 && found(&verification, AuditFlaw::RowRemoved, table) == gone, "{table}");
            let mut outcome = None;
            let _taken_back: Result<(), diesel::result::Error> = conn.transaction(|conn| {
                run(conn, &format!("DELETE FROM {table} WHERE id IN (SELECT id FROM old_{table})"));
                run(conn, &format!("INSERT INTO {table} SELECT * FROM old_{table}"));
                outcome = Some(verified(conn, &app));
                Err(diesel::result::Error::RollbackTransaction)
            });
            let verification = outcome.unwrap();
            assert!(found(&verification, AuditFlaw::RowOutdated, table) > 0, "{table}: {:?}", verification.findings);
            assert_eq!(found(&verification, AuditFlaw::RowChanged, table), 0, "{table}");
        }
        for (table, seal) in [("referrals", "matter"), ("referrals", "course"), ("people", "facts")] {
            let old = format!("UPDATE {table} SET {seal} = (SELECT {seal} FROM old_{table} WHERE old_{table}.id = {table}.id) WHERE id IN (SELECT id FROM old_{table})");
            let (_, verification) = after(&mut conn, &app, &old);
            assert!(found(&verification, AuditFlaw::RowChanged, table) > 0, "{table}.{seal}");
        }
    }

    async fn a_broken_row_of_a_list_hides_no_other_and_is_told(app: TestApp) {
        let (lead, worker) = (app.team_lead(), app.outreach_worker());
        let mut reports = Vec::new();
        for _ in 0..3 {
            reports.push(app.submitted(concern_report()).await);
        }
        let met: Vec<String> = [app.contact().await, app.contact().await].into();
        for contact in &met {
            app.registered("/follow-ups", follow_up(contact)).await;
        }
        for _ in 0..2 {
            app.registered(&format!("/outreach-contacts/{}/offers", met[0]), app.new_offer().await).await;
            app.registered("/people", person()).await;
            lead.post(&format!("/referrals/{}/messages", reports[2]), json!({ "text": "Hur mår hon?" })).await.expect(201);
        }
        let name = json!({ "name": "Öberg" });
        let mut conn = intruder(&app);
        let first = |table: &str| format!("id = (SELECT id FROM {table} ORDER BY id LIMIT 1)");
        let named = |id: &str| match app.backend() {
            Backend::Sqlite => format!("id = x'{}'", id.replace('-', "")),
            Backend::Postgres => format!("id = '{id}'"),
        };
        // One is changed, and one cannot be read.
        run(&mut conn, &format!("UPDATE referrals SET urgency = 'immediate' WHERE {}", named(&reports[0])));
        run(&mut conn, &format!("UPDATE referrals SET urgency = 'whatever' WHERE {}", named(&reports[1])));
        run(&mut conn, &format!("UPDATE outreach_contacts SET outcome = 'whatever' WHERE {}", named(&met[1])));
        for (table, change) in [
            ("follow_ups", "version = version + 1"), ("offers", "record = code"),
            ("people", "updated_at = registered_at, version = 7"), ("referral_messages", "kind = 'answer'"),
        ] {
            assert_eq!(run(&mut conn, &format!("UPDATE {table} SET {change} WHERE {}", first(table))), 1);
        }
        assert_eq!(ids(&lead, "/referrals").await, [json!(reports[2])]);
        assert_eq!(ids(&app.school(), "/partner/referrals").await, [json!(reports[2])]);
        assert_eq!(ids(&lead, "/referrals?limit=1").await, [json!(reports[2])], "a page is full, as far as there are rows");
        assert_eq!(ids(&worker, "/outreach-contacts").await.len(), 1);
        assert_eq!(ids(&app.caseworker(), "/follow-ups").await.len(), 1);
        assert_eq!(ids(&worker, &format!("/outreach-contacts/{}/offers", met[0])).await.len(), 1);
        assert_eq!(ids(&lead, &format!("/referrals/{}/messages", reports[2])).await.len(), 1);
        assert_eq!(lead.post("/people/search", name).await.expect(200)["items"].as_array().unwrap().len(), 1);
        // Alone, it is not shown as if it were certain, and not as if it were not there.
        lead.get(&format!("/referrals/{}", reports[0])).await.problem(500, "internal-error");
        lead.get(&format!("/referrals/{}", reports[1])).await.problem(500, "internal-error");
        lead.get(&format!("/referrals/{}", reports[2])).await.expect(200);
        for _ in 0..200 {
            if app.counted("nara_broken_rows_total").await >= 8 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(app.counted("nara_broken_rows_total").await >= 8);
        let told = app.auditor().get("/audit-records/verification").await.expect(200);
        let rows = told["findings"].as_array().unwrap().iter().filter(|finding| finding["flaw"] == "row_changed");
        let tables: Vec<&str> = rows.map(|finding| finding["table"].as_str().unwrap()).collect();
        assert_eq!(tables, ["referrals", "referrals", "people", "outreach_contacts", "offers", "follow_ups", "referral_messages"]);
    }

    async fn nobody_signs_in_with_a_key_that_was_changed_or_added_by_hand(app: TestApp) {
        app.police().get("/partner/me").await.expect(200);
        app.school().get("/partner/me").await.expect(200);
        let mut conn = intruder(&app);
        let own = credentials::key_id(&credentials::partner("school").key);
        run(&mut conn, &format!("UPDATE partner_keys SET allowed_networks = '[\"0.0.0.0/0\"]' WHERE id = '{own}'"));
        run(&mut conn, "UPDATE partners SET category = 'school' WHERE slug = 'police'");
        for actor in [app.school(), app.police()] {
            let mut tries = 0;
            while actor.get("/partner/me").await.status != 401 {
                tries += 1;
                assert!(tries < 200, "the key still works");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn no_change_makes_a_forged_row_genuine(app: TestApp) {
        let child = with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD));
        let child = app.registered("/people", child).await;
        let family = app.registered("/families", json!({ "memberIds": [child] })).await;
        let met = with(contact(), "/familyId", json!(family));
        let met = app.outreach_worker().post("/outreach-contacts", met).await.expect(201)["id"].clone();
        app.outreach_worker().post("/follow-ups", follow_up(met.as_str().unwrap())).await.expect(201);
        let mut conn = intruder(&app);
        run(&mut conn, "UPDATE outreach_contacts SET recorded_at = updated_at, version = 2");
        run(&mut conn, "UPDATE follow_ups SET due_on = '2020-01-01'");
        // The protection of the only member hides the contact and the follow-up, whether they are genuine or not.
        cleared(&app, &[SKAGGETORP]).patch(&format!("/people/{child}"), json!({ "protection": "marked" }), "*").await.expect(200);
        let verification = verified(&mut conn, &app);
        assert_eq!(found(&verification, AuditFlaw::RowChanged, "outreach_contacts"), 1);
        assert_eq!(found(&verification, AuditFlaw::RowChanged, "follow_ups"), 1);
        assert_eq!(run(&mut conn, "DELETE FROM outreach_contacts WHERE protected"), 1);
    }

    async fn a_change_of_keys_and_new_hashes_leave_all_rows_sound(app: TestApp) {
        use nara::rotation;
        use nara::time::Random;
        use nara::vault::{Vault, VaultKeys};
        a_town(&app).await;
        sealed(&app).await;
        let ring = || credentials::vault().ring().reveal().parse::<VaultKeys>().unwrap();
        let target: Target = app.database().url.parse().unwrap();
        let renewed = Vault::new(ring().with_fresh_key(&Random::system()).unwrap());
        let moment = crate::support::clock::start();
        assert!(rotation::run(&target, &bound_tables::binder(&renewed), &moment).unwrap() > 5);
        let mut conn = intruder(&app);
        let found = verified(&mut conn, &app);
        assert!(found.is_sound(), "{:?}", found.findings);
        let lookup = Vault::new(renewed.ring().reveal().parse::<VaultKeys>().unwrap().with_fresh_lookup_key(&Random::system()).unwrap());
        assert!(nara::lookups::rebuild(&target, &bound_tables::binder(&lookup), moment.now).unwrap() > 1);
        let found = verified(&mut conn, &app);
        assert!(found.is_sound(), "{:?}", found.findings);
    }

    async fn the_rows_of_an_older_database_get_their_codes_once(app: TestApp) {
        a_town(&app).await;
        sealed(&app).await;
        let mut conn = intruder(&app);
        // As the program before left it: without codes, and without records that name rows.
        let tables = bound_tables::ALL.map(|table| table.name());
        for table in tables {
            run(&mut conn, &format!("UPDATE {table} SET code = NULL"));
        }
        run(&mut conn, "DELETE FROM bound_rows_since");
        // The records say that there were codes: whoever took them away gets no new ones.
        let same = app.another_server().await;
        assert!(found(&verified(&mut conn, &app), AuditFlaw::RowChanged, "referrals") > 0);
        assert!(!same.audit_actions().await.contains(&"rows.bound".to_owned()));
        drop(same);
        for statement in match app.backend() {
            Backend::Sqlite => &["DROP TRIGGER audit_records_are_not_changed"][..],
            Backend::Postgres => &["ALTER TABLE audit_records DISABLE TRIGGER USER"][..],
        } {
            run(&mut conn, statement);
        }
        run(&mut conn, "UPDATE audit_records SET left_rows = NULL");
        run(&mut conn, "DELETE FROM bound_rows_since");
        let upgraded = app.another_server().await;
        assert_eq!(upgraded.audit_actions().await.iter().filter(|action| *action == "rows.bound").count(), 1);
        for table in tables {
            assert_eq!(found(&verified(&mut conn, &app), AuditFlaw::RowChanged, table), 0, "{table}");
        }
        assert_eq!(ids(&upgraded.staff("caseworker", &[SKAGGETORP]), "/referrals").await.len(), 1);
        let again = app.another_server().await;
        assert_eq!(again.audit_actions().await.iter().filter(|action| *action == "rows.bound").count(), 1);
    }
}
