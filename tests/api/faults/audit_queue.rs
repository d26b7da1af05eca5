//! More failed attempts than can be written down one by one.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use futures_util::future::join_all;
use nara::audit::AuditOutcome;
use nara::db::DbConn;
use nara::db::columns::Json;
use nara::db::schema::audit_records;
use serde_json::Value;

use crate::database::overload::occupy;
use crate::support::{TestApp, fixtures};

/// More than wait in the queue and are being written, if each were written down alone.
const ATTEMPTS: usize = 1400;

/// The attempts of one caller in one minute that are written down one by one.
const ONE_BY_ONE: usize = 60;

/// On SQLite one can look for something while nobody can write; on PostgreSQL what looks for it also writes.
#[actix_web::test]
async fn each_denial_is_written_down_or_summed_up_and_none_waits() {
    let app = TestApp::start_with(|_| {}).await;
    let caseworker = app.caseworker();
    caseworker.get("/referrals").await.expect(200);
    let release = occupy(&app.db(), 1).await;
    let attempt = async || {
        let unknown = format!("/referrals/{}", fixtures::fresh_id());
        caseworker.get(&unknown).await.problem(404, "not-found");
    };
    let begun = Instant::now();
    for _ in 0..ATTEMPTS / 50 {
        join_all((0..50).map(|_| attempt())).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "somebody was kept waiting");
    drop(release);
    let denied = |conn: &mut DbConn| {
        let rows = audit_records::table.filter(audit_records::outcome.eq(AuditOutcome::Denied));
        Ok(rows.select(audit_records::resource_ids).load::<Json<Value>>(conn)?)
    };
    let attempts = async || {
        let records = app.db().read(denied).await.unwrap();
        records.iter().map(|ids| ids.0.as_array().map_or(0, Vec::len)).collect::<Vec<usize>>()
    };
    let wait_for = async |expected: &[usize]| {
        let begun = Instant::now();
        while attempts().await != expected {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?} instead of {expected:?}", attempts().await);
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
    };
    wait_for(&[1; ONE_BY_ONE]).await;
    app.clock.advance(Duration::from_secs(60));
    let all = [&[1; ONE_BY_ONE][..], &[ATTEMPTS - ONE_BY_ONE]].concat();
    wait_for(&all).await;
    assert_eq!(app.counted("nara_audit_denials_dropped_total").await, 0);
    // The next one is written down alone again.
    attempt().await;
    wait_for(&[&all[..], &[1]].concat()).await;
}

/// A server that stops writes down what it has summed up before.
#[actix_web::test]
async fn what_was_summed_up_is_written_down_when_the_server_stops() {
    let app = TestApp::start_with(|_| {}).await;
    let other = app.another_server().await;
    let caseworker = other.caseworker();
    for _ in 0..ONE_BY_ONE + 5 {
        caseworker.get(&format!("/referrals/{}", fixtures::fresh_id())).await.problem(404, "not-found");
    }
    other.stop_gracefully().await;
    let summed = |conn: &mut DbConn| {
        let rows = audit_records::table.filter(audit_records::action.eq("audit.attempts_summarised"));
        Ok(rows.select(audit_records::resource_ids).load::<Json<Value>>(conn)?)
    };
    let summed = app.db().read(summed).await.unwrap();
    assert_eq!(summed.iter().map(|ids| ids.0.as_array().unwrap().len()).collect::<Vec<_>>(), [5]);
}
