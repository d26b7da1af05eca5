//! More denials than can be written down.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use futures_util::future::join_all;
use nara::audit::AuditOutcome;
use nara::db::DbConn;
use nara::db::schema::audit_records;

use crate::database::overload::occupy;
use crate::support::{TestApp, fixtures};

/// More than wait in the queue and are being written.
const ATTEMPTS: usize = 1400;

/// On SQLite one can look for something while nobody can write; on PostgreSQL what looks for it also writes.
#[actix_web::test]
async fn each_denial_is_written_down_or_counted_and_none_waits() {
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
    let dropped = async || app.counted("nara_audit_denials_dropped_total").await as usize;
    assert!(dropped().await > 0, "the queue takes whatever comes");
    drop(release);
    let denied = |conn: &mut DbConn| {
        Ok(audit_records::table
            .filter(audit_records::outcome.eq(AuditOutcome::Denied))
            .count()
            .get_result::<i64>(conn)?)
    };
    let begun = Instant::now();
    loop {
        let written = usize::try_from(app.db().read(denied).await.unwrap()).unwrap();
        let all = written + dropped().await;
        if all == ATTEMPTS {
            assert!(written > 0, "nothing of what waited was written down");
            break;
        }
        assert!(all < ATTEMPTS && begun.elapsed() < Duration::from_secs(20), "{written} written down of {ATTEMPTS}");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    // The next one is written down again.
    let before = dropped().await;
    attempt().await;
    let begun = Instant::now();
    while app.db().read(denied).await.unwrap() + i64::try_from(before).unwrap() <= i64::try_from(ATTEMPTS).unwrap() {
        assert!(begun.elapsed() < Duration::from_secs(20), "denials are not written down any more");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(dropped().await, before);
}
