//! Somebody writes into the audit while a server runs. The server tells, and seals on in a way that hides nothing.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_query;
use nara::audit::chain::Seal;
use nara::db::DbConn;
use nara::db::schema::{audit_records, audit_seals};
use nara::id::AuditRecordId;
use nara::on_backend;
use serde_json::{Value, json};

use super::seals::{all_records, damage, insert_by_hand, seals, verification};
use super::{a_busy_morning, records, tick};
use crate::support::{Backend, TestApp};

/// Waits until the server itself has sealed all records, so that it knows the end of the chain.
async fn sealed_by_the_server(app: &TestApp) -> Vec<Seal> {
    a_busy_morning(app).await;
    let everything = all_records(app).await;
    until(async || seals(app).await.len() >= everything).await;
    seals(app).await
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not come to that");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn warnings(app: &TestApp) -> Value {
    app.anyone().get("//health/ready").await.expect(200)["warnings"].clone()
}

/// Waits until the server tells of a break of this kind in each of its ways: health, metrics, a sealed record, verification.
async fn told(app: &TestApp, kind: &str) -> Value {
    until(async || app.counted(&format!("nara_audit_breaks_total{{kind=\"{kind}\"}}")).await > 0).await;
    until(async || warnings(app).await == json!(["audit_break"])).await;
    let list = app.auditor().get("/audit-records?action=audit.break").await.expect(200);
    let record = list["items"].as_array().unwrap().iter().find(|record| record["reason"] == kind).unwrap().clone();
    assert_eq!((&record["actor"], &record["resourceType"]), (&json!("system"), &json!("audit_record")));
    let id: AuditRecordId = record["id"].as_str().unwrap().parse().unwrap();
    assert!(seals(app).await.iter().any(|seal| seal.record_id == id), "the record of the break has no seal");
    let verification = verification(app, "").await;
    assert_eq!(verification["sound"], false, "{verification}");
    assert!(flaws(&verification).contains(&"broken".to_owned()), "{verification}");
    record
}

fn flaws(verification: &Value) -> Vec<String> {
    let findings = verification["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["flaw"].as_str().unwrap().to_owned()).collect()
}

/// What happens after a break is sealed as before.
async fn goes_on(app: &TestApp) {
    let before = seals(app).await.last().unwrap().seq;
    // Of the records of one moment, those that sort before a sealed one wait for the next sweep.
    tick(app);
    let id = app.submitted(crate::support::fixtures::concern_report()).await;
    let received = records(app, &format!("resourceId={id}")).await[0]["id"].as_str().unwrap().to_owned();
    until(async || {
        // A record of a further break may sort after it and be sealed first. Then it waits for the next sweep.
        app.clock.advance(Duration::from_millis(200));
        let seals = seals(app).await;
        seals.iter().any(|seal| seal.seq > before && seal.record_id.to_string() == received)
    })
    .await;
}

on_both_databases! {
    async fn a_server_that_nobody_disturbs_warns_of_nothing(app: TestApp) {
        sealed_by_the_server(&app).await;
        assert_eq!(warnings(&app).await, Value::Null);
        assert_eq!(app.counted("nara_audit_breaks_total{kind=\"seals_removed\"}").await, 0);
        assert_eq!(verification(&app, "").await["sound"], true);
    }

    async fn who_cuts_the_end_of_the_chain_is_told_of_and_the_gap_stays(app: TestApp) {
        let before = sealed_by_the_server(&app).await;
        let last = before.last().unwrap().clone();
        let cut: Vec<(i64, AuditRecordId)> = before[before.len() - 3..].iter().map(|seal| (seal.seq, seal.record_id)).collect();
        damage(&app, move |conn| {
            diesel::delete(audit_seals::table.filter(audit_seals::seq.ge(cut[0].0))).execute(conn)?;
            let ids: Vec<AuditRecordId> = cut.iter().map(|(_, id)| *id).collect();
            diesel::delete(audit_records::table.filter(audit_records::id.eq_any(ids))).execute(conn)
        }).await;
        let record = told(&app, "seals_removed").await;
        assert_eq!(record["resourceIds"], json!([last.record_id]), "it names the last record that the server knew");
        let after = seals(&app).await;
        assert!(after.iter().any(|seal| seal.seq == last.seq + 1), "the numbers go on: {after:?}");
        assert!(after.iter().all(|seal| seal.seq <= last.seq - 3 || seal.seq > last.seq), "the gap was filled: {after:?}");
        goes_on(&app).await;
        let told = flaws(&verification(&app, "").await);
        assert_eq!(told.iter().filter(|flaw| *flaw == "removed").count(), 3, "{told:?}");
        // Whoever noted the head finds it as well.
        let head = last.head().unwrap();
        assert!(flaws(&verification(&app, &format!("?expectedHead={head}")).await).contains(&"cut".to_owned()));
    }

    async fn who_removes_all_seals_gets_no_new_ones_for_old_records(app: TestApp) {
        let before = sealed_by_the_server(&app).await;
        let (changed, removed) = (before[3].record_id, before[4].record_id);
        damage(&app, move |conn| {
            diesel::update(audit_records::table.find(changed)).set(audit_records::actor.eq("system")).execute(conn)?;
            diesel::delete(audit_records::table.find(removed)).execute(conn)?;
            diesel::delete(audit_seals::table).execute(conn)
        }).await;
        told(&app, "seals_removed").await;
        goes_on(&app).await;
        let after = seals(&app).await;
        assert!(after.iter().all(|new| new.seq > before.last().unwrap().seq), "{after:?}");
        assert!(after.iter().all(|new| before.iter().all(|old| old.record_id != new.record_id)), "old records were sealed again");
    }

    async fn who_changes_or_renumbers_the_last_seal_is_told_of(app: TestApp) {
        let before = sealed_by_the_server(&app).await;
        let last = before.last().unwrap().seq;
        damage(&app, move |conn| {
            diesel::update(audit_seals::table.find(last)).set(audit_seals::hash.eq(vec![7; 32])).execute(conn)
        }).await;
        told(&app, "seals_changed").await;
        goes_on(&app).await;
        let to = last + 1000;
        app.db().write(move |conn| {
            Ok(on_backend!(conn, conn => sql_query(format!("UPDATE audit_seals SET seq = seq + {to}")).execute(conn))?)
        }).await.unwrap();
        told(&app, "seals_removed").await;
        goes_on(&app).await;
    }

    async fn a_record_that_was_inserted_by_hand_is_never_sealed_however_fresh_it_looks(app: TestApp) {
        sealed_by_the_server(&app).await;
        let now = app.clock.now();
        let forged = app.db().write(move |conn| Ok(insert_by_hand(conn, now)?)).await.unwrap();
        let record = told(&app, "record_unproven").await;
        assert_eq!(record["resourceIds"], json!([forged]));
        goes_on(&app).await;
        assert!(seals(&app).await.iter().all(|seal| seal.record_id != forged), "it was sealed as genuine");
        let told = verification(&app, "").await;
        let findings = told["findings"].as_array().unwrap();
        assert!(findings.contains(&json!({ "flaw": "inserted", "recordId": forged })), "{told}");
        // It is told of once, and not by each step.
        let list = app.auditor().get("/audit-records?action=audit.break&total=true").await.expect(200);
        assert_eq!(list["_meta"]["totalRecords"], 1);
    }

    async fn a_copy_of_a_genuine_record_under_another_identifier_proves_nothing(app: TestApp) {
        sealed_by_the_server(&app).await;
        let now = app.clock.now();
        let forged = app.db().write(move |conn| Ok(insert_by_hand(conn, now)?)).await.unwrap();
        let copied = "UPDATE audit_records SET code = (SELECT code FROM audit_records WHERE code IS NOT NULL LIMIT 1) WHERE code IS NULL";
        damage(&app, move |conn| on_backend!(conn, conn => sql_query(copied).execute(conn))).await;
        assert_eq!(told(&app, "record_unproven").await["resourceIds"], json!([forged]));
    }

    async fn many_records_by_hand_keep_no_genuine_one_from_its_seal(app: TestApp) {
        sealed_by_the_server(&app).await;
        // They sort after everything that is written from now on.
        let later = app.clock.now() + chrono::TimeDelta::days(1);
        let many = move |conn: &mut DbConn| (0..450).try_for_each(|_| insert_by_hand(conn, later).map(|_| ()));
        app.db().write(move |conn| Ok(many(conn)?)).await.unwrap();
        told(&app, "record_unproven").await;
        goes_on(&app).await;
        assert!(verification(&app, "").await["findingCount"].as_i64().unwrap() > 450);
    }

    async fn a_seal_for_a_record_of_the_future_keeps_no_record_from_its_seal(app: TestApp) {
        let before = sealed_by_the_server(&app).await;
        let fake = Seal { seq: before.last().unwrap().seq + 1, record_id: AuditRecordId::from_uuid(uuid::Uuid::max()), hash: vec![7; 32] };
        app.db().write(move |conn| Ok(on_backend!(conn, conn => diesel::insert_into(audit_seals::table).values(&fake).execute(conn))?)).await.unwrap();
        let id = app.submitted(crate::support::fixtures::concern_report()).await;
        let received = records(&app, &format!("resourceId={id}")).await[0]["id"].as_str().unwrap().to_owned();
        until(async || {
            app.clock.advance(Duration::from_secs(1));
            seals(&app).await.iter().any(|seal| seal.record_id.to_string() == received)
        }).await;
        assert_eq!(verification(&app, "").await["sound"], false);
    }
}

/// SQLite alone takes a text that is no JSON.
#[actix_web::test]
async fn a_record_that_nobody_can_read_keeps_no_other_from_its_seal() {
    use crate::support::Fresh;
    let app = TestApp::fresh(Backend::Sqlite).await.unwrap();
    sealed_by_the_server(&app).await;
    let now = app.clock.now();
    let forged = app.db().write(move |conn| Ok(insert_by_hand(conn, now)?)).await.unwrap();
    damage(&app, |conn| {
        let unreadable = "UPDATE audit_records SET resource_ids = '{', resource_id = randomblob(16) WHERE code IS NULL";
        on_backend!(conn, conn => sql_query(unreadable).execute(conn))
    })
    .await;
    goes_on(&app).await;
    let told = verification(&app, "").await;
    let findings = told["findings"].as_array().unwrap();
    assert!(findings.contains(&json!({ "flaw": "inserted", "recordId": forged })), "{told}");
}
