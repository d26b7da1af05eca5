//! More work than the server takes on, and servers that end while they work.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use futures_util::FutureExt;
use futures_util::future::join_all;
use nara::db::connection::Purpose;
use nara::db::schema::partner_keys;
use nara::db::{Db, DbConn, Sizes, Target};
use nara::error::Problem;
use nara::time::Timestamp;

use super::{open, store, stored};
use crate::support::credentials::{self, key_id, partner};
use crate::support::{Actor, Backend, EmptyDatabase, TestApp, fixtures};

/// Keeps `threads` writing threads busy until the sender is dropped.
pub async fn occupy(db: &Db, threads: usize) -> Sender<()> {
    let (release, wait) = channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let (begun, begins) = channel::<()>();
    for _ in 0..threads {
        let (db, wait, begun) = (db.clone(), wait.clone(), begun.clone());
        actix_web::rt::spawn(async move {
            let busy = move |_: &mut DbConn| {
                let _ = begun.send(());
                // Ends as soon as the sender is gone, and some time after a test that failed.
                let _ = wait.lock().unwrap().recv_timeout(Duration::from_secs(20));
                Ok(())
            };
            let _ = db.write(busy).await;
        });
    }
    let mut busy = 0;
    while busy < threads {
        actix_web::rt::task::yield_now().await;
        busy += begins.try_iter().count();
    }
    release
}

on_both_databases! {
    async fn a_full_queue_sends_callers_away_and_does_what_it_took(database: EmptyDatabase) {
        nara::db::migrations::run(&database.target).unwrap();
        let db = Db::open(&database.target, Sizes { readers: 1, writers: 1, queue: 4, patience: Duration::from_secs(60) }).unwrap();
        let release = occupy(&db, 1).await;
        let write = |number: usize| db.write(move |conn| store(conn, &format!("{number:04}")));
        let release_later = async {
            for _ in 0..10 {
                actix_web::rt::task::yield_now().await;
            }
            drop(release);
        };
        let (outcomes, ()) = futures_util::future::join(join_all((0..20).map(write)), release_later).await;
        let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        assert!(refused.clone().all(|error| error.problem() == Problem::Overloaded), "{outcomes:?}");
        assert_eq!(refused.count(), 16);
        assert_eq!(stored(&database.target), ["0000", "0001", "0002", "0003"]);
        db.write(|conn| store(conn, "after")).await.unwrap();
    }

    async fn what_has_waited_too_long_is_refused_and_never_done(database: EmptyDatabase) {
        nara::db::migrations::run(&database.target).unwrap();
        let sizes = Sizes { readers: 1, writers: 1, queue: 100, patience: Duration::from_millis(50) };
        let db = Db::open(&database.target, sizes).unwrap();
        let release = occupy(&db, 1).await;
        let outcomes = join_all((0..5).map(|number| db.write(move |conn| store(conn, &format!("late {number}"))))).await;
        let problems: Vec<Problem> = outcomes.into_iter().map(|outcome| outcome.unwrap_err().problem()).collect();
        assert_eq!(problems, [Problem::Overloaded; 5]);
        drop(release);
        // What was begun in time is waited for, however long it takes.
        let slow = db.write(|conn| {
            let (_kept, never) = channel::<()>();
            let _ = never.recv_timeout(Duration::from_millis(200));
            store(conn, "slow")
        });
        slow.await.unwrap();
        assert_eq!(stored(&database.target), ["slow"]);
    }

    async fn a_full_reading_queue_answers_at_once(database: EmptyDatabase) {
        nara::db::migrations::run(&database.target).unwrap();
        let sizes = Sizes { readers: 1, writers: 1, queue: 2, patience: Duration::from_secs(60) };
        let db = Db::open(&database.target, sizes).unwrap();
        let (release, wait) = channel::<()>();
        let (begun, begins) = channel::<()>();
        let busy = actix_web::rt::spawn({
            let db = db.clone();
            async move {
                let work = move |_: &mut DbConn| {
                    let _ = begun.send(());
                    let _ = wait.recv_timeout(Duration::from_secs(20));
                    Ok(())
                };
                db.read(work).await
            }
        });
        while begins.try_recv().is_err() {
            actix_web::rt::task::yield_now().await;
        }
        // Two wait; the third is answered without waiting for anything.
        let waiting = [(); 2].map(|()| Box::pin(db.read(|_| Ok(()))));
        let waiting = waiting.map(|mut one| { assert!((&mut one).now_or_never().is_none()); one });
        let third = db.read(|_| Ok(())).now_or_never().expect("it does not wait");
        assert_eq!(third.unwrap_err().problem(), Problem::Overloaded);
        drop(release);
        busy.await.unwrap().unwrap();
        assert!(join_all(waiting).await.into_iter().all(|outcome| outcome.is_ok()));
    }

    async fn a_server_with_too_much_to_write_says_when_to_come_again(app: TestApp) {
        let db = app.db();
        let target = app.database().url.parse().unwrap();
        let release = occupy(&db, Sizes::for_target(&target).writers).await;
        // Callers who left at once still stand in the queue, until it takes no more.
        while db.write(|_| Ok(())).now_or_never().is_none() {}
        let answer = app.school().post("/partner/referrals", fixtures::concern_report()).await;
        answer.problem(503, "overloaded");
        assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{answer:?}");
        app.anyone().get("/districts/ryd").await.expect(200);
        app.anyone().get("//health/live").await.expect(200);
        drop(release);
        while db.write(|_| Ok(())).await.is_err() {
            actix_web::rt::task::yield_now().await;
        }
        app.school().post("/partner/referrals", fixtures::concern_report()).await.expect(201);
        assert_eq!(app.stored_referrals().await, 1);
    }

    async fn a_server_that_cannot_write_notices_all_the_same_that_a_key_was_revoked(app: TestApp) {
        // On SQLite nobody could revoke it while the one writer is busy.
        if app.backend() == Backend::Postgres {
            let target: Target = app.database().url.parse().unwrap();
            app.school().get("/partner/me").await.expect(200);
            // By now it is time to write down when the key was used, which has to wait.
            app.clock.advance(Duration::from_secs(60));
            let release = occupy(&app.db(), Sizes::for_target(&target).writers).await;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(1200) {
                app.school().get("/partner/me").await.expect(200);
                actix_web::rt::time::sleep(Duration::from_millis(50)).await;
            }
            let id = key_id(&partner("school").key);
            let revoked = partner_keys::revoked_at.eq(Timestamp::from(app.clock.now()));
            let mut outside = target.connect(Purpose::Writing).unwrap();
            nara::binding::carry(&mut outside, nara::bound_tables::binder(&credentials::vault()));
            let revoke = |conn: &mut DbConn| Ok(diesel::update(partner_keys::table.find(&id)).set(revoked).execute(conn)?);
            nara::binding::changing(&mut outside, "partner_keys", &[&id], revoke).unwrap();
            let begun = Instant::now();
            while app.school().get("/partner/me").await.status != 401 {
                assert!(begun.elapsed() < Duration::from_secs(2), "the key still works");
                actix_web::rt::time::sleep(Duration::from_millis(20)).await;
            }
            drop(release);
        }
    }

    async fn a_server_that_is_told_to_stop_finishes_what_it_has_begun(app: TestApp) {
        let body = serde_json::to_vec(&fixtures::concern_report()).unwrap();
        let mut call = TcpStream::connect(app.address).unwrap();
        call.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(call, "POST /nara/v1/partner/referrals HTTP/1.1\r\nHost: nara.test\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n\
                      Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", partner("school").key, body.len()).unwrap();
        // The server has begun with the request when it asks for its body.
        let mut asked = [0; 25];
        call.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        let (address, database) = (app.address, app.db());
        let stopping = actix_web::rt::spawn(app.stop_gracefully());
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
        assert!(!stopping.is_finished(), "the server did not wait");
        let answered = actix_web::rt::task::spawn_blocking(move || {
            call.write_all(&body).unwrap();
            let mut answer = vec![0; 12];
            call.read_exact(&mut answer).unwrap();
            String::from_utf8(answer).unwrap()
        });
        assert_eq!(answered.await.unwrap(), "HTTP/1.1 201");
        drop(database);
        stopping.await.unwrap();
        assert!(TcpStream::connect(address).is_err(), "the server still listens");
    }

    async fn a_server_lives_through_the_loss_of_its_connections(app: TestApp) {
        if app.backend() == Backend::Postgres {
            cut_all_connections(&app).await;
            // The first calls may find the cut ends; each thread then takes a new connection.
            let submit = |actor: Actor| async move { actor.post("/partner/referrals", fixtures::unnumbered()).await };
            let mut well = 0;
            for _ in 0..100 {
                let answer = submit(app.school()).await;
                if answer.status != 201 {
                    answer.problem(503, "unavailable");
                }
                well = if answer.status == 201 { well + 1 } else { 0 };
                if well == 40 {
                    break;
                }
            }
            assert_eq!(well, 40, "the server has not recovered");
            // So may the first readers, who have not been asked yet.
            let mut list = app.caseworker().get("/referrals?limit=100&total=true").await;
            for _ in 0..10 {
                if list.status == 503 {
                    list = app.caseworker().get("/referrals?limit=100&total=true").await;
                }
            }
            assert!(list.expect(200)["_meta"]["totalRecords"].as_u64().unwrap() >= 40);
        }
    }
}

async fn cut_all_connections(app: &TestApp) {
    let target: Target = app.database().url.parse().unwrap();
    let mut outside = target.connect(Purpose::Reading).unwrap();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    diesel::sql_query(others).execute(&mut outside).unwrap();
}

#[actix_web::test]
async fn what_waits_when_the_last_handle_goes_is_still_done() {
    let database = EmptyDatabase::new(Backend::Sqlite).unwrap();
    let db = open(&database);
    let release = occupy(&db, 1).await;
    let waiting = actix_web::rt::spawn({
        let db = db.clone();
        async move { db.write(|conn| store(conn, "waits")).await }
    });
    actix_web::rt::task::yield_now().await;
    drop(release);
    drop(db);
    waiting.await.unwrap().unwrap();
    assert_eq!(stored(&database.target), ["waits"]);
}
