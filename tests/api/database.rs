//! The database layer: what is acknowledged is there, what fails leaves nothing, and nothing else suffers from it.

mod instances;
mod long_reading;
pub mod overload;
mod tls;

use diesel::connection::TransactionManager;
use diesel::prelude::*;
use diesel::sql_query;
use futures_util::future::{join, join_all};
use nara::db::columns::Json;
use nara::db::connection::Purpose;
use nara::db::schema::directory_documents as documents;
use nara::db::{Db, DbConn, Sizes, Target, migrations};
use nara::error::{Error, Problem, Result};
use serde_json::{Value, json};

use crate::support::{Backend, EmptyDatabase, TestApp, fixtures};

/// Writes a row, in some table that is simple.
fn store(conn: &mut DbConn, name: &str) -> Result<()> {
    let row = (documents::name.eq(name), documents::content.eq(Json(json!({ "of": name }))));
    diesel::insert_into(documents::table).values(row).execute(conn)?;
    Ok(())
}

/// The rows that somebody else sees.
fn stored(target: &Target) -> Vec<String> {
    let mut conn = target.connect(Purpose::Reading).unwrap();
    documents::table.select(documents::name).order(documents::name).load(&mut conn).unwrap()
}

fn open(database: &EmptyDatabase) -> Db {
    migrations::run(&database.target).unwrap();
    Db::open(&database.target, Sizes::for_target(&database.target)).unwrap()
}

fn names(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|number| format!("{number:04}")).collect()
}

on_both_databases! {
    async fn whatever_is_acknowledged_is_there(database: EmptyDatabase) {
        let db = open(&database);
        let write = |name: String| {
            let (db, target) = (db.clone(), database.target.clone());
            async move {
                let written = name.clone();
                db.write(move |conn| store(conn, &written)).await.unwrap();
                // Seen by another connection as soon as it is acknowledged, while others are still being written.
                let mut other = target.connect(Purpose::Reading).unwrap();
                let there: i64 = documents::table.filter(documents::name.eq(&name)).count().get_result(&mut other).unwrap();
                assert_eq!(there, 1, "{name} was acknowledged too early");
            }
        };
        join_all(names(0..60).into_iter().map(write)).await;
        let write = |name: String| db.write(move |conn| store(conn, &name));
        for done in join_all(names(60..600).into_iter().map(write)).await {
            done.unwrap();
        }
        assert_eq!(stored(&database.target), names(0..600));
    }

    async fn what_fails_is_taken_back_alone(database: EmptyDatabase) {
        let db = open(&database);
        let write = |number: usize| db.write(move |conn| {
            store(conn, &format!("{number:04}"))?;
            match number % 3 {
                // A rule that breaks after something was written.
                0 => Err(Error::not_found()),
                // A statement that the database refuses.
                1 => store(conn, &format!("{number:04}")),
                _ => Ok(()),
            }
        });
        let outcomes = join_all((0..300).map(write)).await;
        for (number, outcome) in outcomes.into_iter().enumerate() {
            let problem = outcome.err().map(|error| error.problem());
            let expected = [Some(Problem::NotFound), Some(Problem::AlreadyExists), None][number % 3];
            assert_eq!(problem, expected, "{number}");
        }
        assert_eq!(stored(&database.target), names((0..300).filter(|number| number % 3 == 2)));
    }

    async fn a_job_that_panics_is_taken_back_alone(database: EmptyDatabase) {
        let db = open(&database);
        let write = |number: usize| db.write(move |conn| {
            store(conn, &format!("{number:04}"))?;
            assert_ne!(number % 10, 3, "a test panics on purpose");
            Ok(())
        });
        let outcomes = join_all((0..100).map(write)).await;
        for (number, outcome) in outcomes.into_iter().enumerate() {
            assert_eq!(outcome.is_ok(), number % 10 != 3, "{number}");
            assert!(outcome.err().is_none_or(|error| error.problem() == Problem::InternalError));
        }
        assert_eq!(stored(&database.target), names((0..100).filter(|number| number % 10 != 3)));
        let read = db.read(|_| -> Result<()> { panic!("a test panics on purpose") }).await;
        assert_eq!(read.unwrap_err().problem(), Problem::InternalError);
        for name in names(1000..1040) {
            db.write(move |conn| store(conn, &name)).await.unwrap();
            db.read(|conn| Ok(documents::table.count().get_result::<i64>(conn)?)).await.unwrap();
        }
    }

    async fn a_job_that_panics_inside_a_transaction_of_its_own_is_taken_back_alone(database: EmptyDatabase) {
        let db = open(&database);
        let write = |number: usize| db.write(move |conn| {
            conn.transaction(|conn| {
                store(conn, &format!("{number:04}"))?;
                conn.transaction(|_| if number.is_multiple_of(5) { panic!("a test panics on purpose") } else { Ok::<_, Error>(()) })
            })
        });
        let outcomes = join_all((0..50).map(write)).await;
        assert!(outcomes.iter().enumerate().all(|(number, outcome)| outcome.is_ok() == (number % 5 != 0)));
        assert_eq!(stored(&database.target), names((0..50).filter(|number| number % 5 != 0)));
    }

    async fn a_job_that_leaves_a_savepoint_open_is_told_that_nothing_of_it_stays(database: EmptyDatabase) {
        type Transactions = <DbConn as diesel::Connection>::TransactionManager;
        let db = open(&database);
        let careless = |number: usize| db.write(move |conn| {
            store(conn, &format!("{number:04}"))?;
            if number.is_multiple_of(4) {
                Transactions::begin_transaction(conn)?;
                store(conn, &format!("inner {number:04}"))?;
            }
            Ok(())
        });
        // Alone, and among others.
        assert_eq!(careless(0).await.unwrap_err().problem(), Problem::InternalError);
        assert_eq!(stored(&database.target), Vec::<String>::new());
        let outcomes = join_all((0..50).map(careless)).await;
        for (number, outcome) in outcomes.into_iter().enumerate() {
            let problem = outcome.err().map(|error| error.problem());
            assert_eq!(problem, number.is_multiple_of(4).then_some(Problem::InternalError), "{number}");
        }
        assert_eq!(stored(&database.target), names((0..50).filter(|number| number % 4 != 0)));
    }

    async fn a_job_whose_caller_has_gone_is_not_begun(database: EmptyDatabase) {
        let db = open(&database);
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        let busy = move |_: &mut DbConn| {
            let _ = wait.lock().unwrap().recv_timeout(std::time::Duration::from_secs(20));
            Ok(())
        };
        let blocked = actix_web::rt::spawn({
            let db = db.clone();
            async move { db.write(busy).await }
        });
        actix_web::rt::task::yield_now().await;
        if database.backend == Backend::Sqlite {
            let gone = db.write(|conn| store(conn, "gone"));
            // It queues at its first poll, and its caller leaves before its turn.
            let _ = futures_util::FutureExt::now_or_never(gone);
        }
        drop(release);
        blocked.await.unwrap().unwrap();
        db.write(|conn| store(conn, "stays")).await.unwrap();
        assert_eq!(stored(&database.target), ["stays"]);
    }

    async fn nothing_is_read_without_its_record(database: EmptyDatabase) {
        let db = open(&database);
        let read = |_: &mut DbConn| Ok("personal");
        let refused = db.read_recorded(read, |_, _| Err(Error::internal("the disk is full"))).await;
        assert!(refused.is_err());
        let answer = db.read_recorded(read, |conn, found| store(conn, found)).await.unwrap();
        assert_eq!(answer, "personal");
        assert_eq!(stored(&database.target), ["personal"]);
        let not_found = db.read_recorded(|_| Err::<(), _>(Error::not_found()), |conn, ()| store(conn, "never")).await;
        assert_eq!(not_found.unwrap_err().problem(), Problem::NotFound);
        assert_eq!(stored(&database.target), ["personal"]);
    }

    async fn the_record_of_a_reading_stays_whatever_fails_beside_it(database: EmptyDatabase) {
        let db = open(&database);
        let read = |number: usize| db.read_recorded(move |_| Ok(format!("{number:04}")), |conn, found| store(conn, found));
        let fail = |name: String| db.write(move |conn| {
            store(conn, &name)?;
            Err::<(), _>(Error::not_found())
        });
        let (read, failed) = join(join_all((0..50).map(read)), join_all(names(50..100).into_iter().map(fail))).await;
        assert!(read.into_iter().enumerate().all(|(number, found)| found.unwrap() == format!("{number:04}")));
        assert!(failed.into_iter().all(|outcome| outcome.unwrap_err().problem() == Problem::NotFound));
        assert_eq!(stored(&database.target), names(0..50));
    }

    async fn the_audit_can_only_grow(app: TestApp) {
        app.submitted(fixtures::concern_report()).await;
        let before = app.audit().await;
        assert!(before.iter().any(|(_, action, _)| action == "referral.received"), "{before:?}");
        let mut attempts = vec![
            "UPDATE audit_records SET actor = 'nobody'",
            "UPDATE audit_records SET at = at",
            "DELETE FROM audit_records",
            "DELETE FROM audit_records WHERE action = 'referral.received'",
        ];
        match app.backend() {
            Backend::Sqlite => attempts.push(
                "REPLACE INTO audit_records SELECT id, at, 'nobody', action, resource_type, resource_id, resource_ids, office_id, reason, client_address, client_agent, trace_id, outcome FROM audit_records",
            ),
            Backend::Postgres => attempts.push("TRUNCATE audit_records"),
        }
        for attempt in attempts {
            let outcome = app.db().write(move |conn| Ok(sql_query(attempt).execute(conn)?)).await;
            assert!(outcome.is_err(), "{attempt} was let pass");
        }
        assert_eq!(app.audit().await, before);
    }

    async fn what_is_stored_of_a_referral_is_what_was_read_back(app: TestApp) {
        let id = app.submitted(fixtures::concern_report()).await;
        let first: Value = app.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
        let again: Value = app.another_server().await.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
        for field in ["receivedAt", "child", "deadlines", "routing", "description"] {
            assert_eq!(first[field], again[field], "{field}");
        }
    }
}

#[actix_web::test]
async fn a_reader_on_sqlite_cannot_write() {
    let database = EmptyDatabase::new(Backend::Sqlite).unwrap();
    let db = open(&database);
    let slip = db.read(|conn| store(conn, "slip")).await;
    assert!(slip.is_err());
    assert_eq!(stored(&database.target), [""; 0]);
}

#[actix_web::test]
async fn sqlite_waits_for_the_disk_and_keeps_references() {
    #[derive(QueryableByName)]
    struct Setting {
        #[diesel(sql_type = diesel::sql_types::Text)]
        value: String,
    }
    let database = EmptyDatabase::new(Backend::Sqlite).unwrap();
    let db = open(&database);
    for (name, expected) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
        let query = format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}");
        let value = db.write(move |conn| Ok(sql_query(&query).get_result::<Setting>(conn)?)).await.unwrap().value;
        assert_eq!(value, expected, "{name}");
    }
}

/// Two that each wait for what the other has: the database sends one away, and it is done again.
#[actix_web::test]
async fn two_writes_that_wait_for_each_other_are_both_done() {
    let Some(database) = EmptyDatabase::new(Backend::Postgres) else { return };
    let db = open(&database);
    db.write(|conn| store(conn, "a").and_then(|()| store(conn, "b"))).await.unwrap();
    let meet = std::sync::Arc::new(std::sync::Barrier::new(2));
    let both_ways = [("a", "b"), ("b", "a")].map(|(first, second)| {
        let (meet, tries) = (meet.clone(), std::sync::atomic::AtomicU32::new(0));
        db.write(move |conn| {
            let touch = |conn: &mut DbConn, name: &str| -> Result<()> {
                let row = documents::table.find(name.to_owned());
                diesel::update(row).set(documents::content.eq(Json(json!({ "by": first })))).execute(conn)?;
                Ok(())
            };
            touch(conn, first)?;
            if tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                meet.wait();
            }
            touch(conn, second)
        })
    });
    for done in join_all(both_ways).await {
        done.unwrap();
    }
}
