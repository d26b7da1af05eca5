//! Seals: somebody with access to the database, but without the key, cannot change, remove or insert a record unnoticed.

use std::time::Duration;

use crate::support::{Backend, TestApp, credentials};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use futures_util::future::join_all;
use nara::audit::authorship::RecordKey;
use nara::audit::chain::{Seal, Sealer};
use nara::audit::seal::{BATCH, Sealing, SealingStep};
use nara::audit::{self, Actor, Entry, actions};
use nara::db::connection::Purpose;
use nara::db::schema::{audit_record_resources, audit_records, audit_seals};
use nara::db::{DbConn, Target, dialect};
use nara::id::AuditRecordId;
use nara::moment::Moment;
use nara::on_backend;
use nara::time::Random;
use serde_json::{Value, json};

use super::{a_busy_morning, records, tick};

fn sealing() -> Sealing {
    Sealing::new(Sealer::with(credentials::vault().ring()), Random::system(), None)
}

/// Seals all that there is. The server seals by itself as well; whoever is quicker.
pub(super) async fn seal(app: &TestApp) -> Vec<Seal> {
    let mut sealing = sealing();
    while sealing.step(&app.db(), app.clock.now().into()).await.unwrap() != SealingStep::Nothing {}
    seals(app).await
}

pub(super) async fn seals(app: &TestApp) -> Vec<Seal> {
    let all = |conn: &mut DbConn| {
        let seals = audit_seals::table.order(audit_seals::seq).select((
            audit_seals::seq,
            audit_seals::record_id,
            audit_seals::hash,
        ));
        Ok(seals.load(conn)?)
    };
    app.db().read(all).await.unwrap()
}

/// A dozen sealed records.
pub(super) async fn sealed_records(app: &TestApp) -> Vec<Seal> {
    a_busy_morning(app).await;
    a_busy_morning(app).await;
    let seals = seal(app).await;
    assert!(seals.len() >= 11, "{}", seals.len());
    assert_eq!(found(app).await, [] as [Value; 0]);
    seals
}

pub(super) async fn verification(app: &TestApp, question: &str) -> Value {
    app.auditor().get(&format!("/audit-records/verification{question}")).await.expect(200)
}

/// What verification finds.
pub(super) async fn found(app: &TestApp) -> Vec<Value> {
    let verification = verification(app, "").await;
    let findings = verification["findings"].as_array().unwrap().clone();
    assert_eq!(verification["sound"], findings.is_empty());
    assert_eq!(verification["findingCount"], findings.len());
    findings
}

fn finding(flaw: &str, seal: &Seal) -> Value {
    json!({ "flaw": flaw, "recordId": seal.record_id.to_string(), "seq": seal.seq })
}

/// Somebody gets past the database's own protection, and does this.
pub(super) async fn damage(app: &TestApp, work: impl Fn(&mut DbConn) -> QueryResult<usize> + Send + 'static) {
    let backend = app.backend();
    let damage = move |conn: &mut DbConn| {
        for table in ["audit_records", "audit_record_resources", "audit_seals"] {
            let mut triggers = vec!["changed"];
            triggers.extend((backend == Backend::Sqlite).then_some("removed"));
            for what in triggers {
                let of_table = if backend == Backend::Sqlite { String::new() } else { format!(" ON {table}") };
                sql_query(format!("DROP TRIGGER {table}_are_not_{what}{of_table}")).execute(conn)?;
            }
        }
        assert!(work(conn)? > 0, "nothing was damaged");
        Ok(())
    };
    app.db().write(damage).await.unwrap();
}

/// Records of half a minute ago turn up behind what was sealed since.
async fn commit_late(app: &TestApp, count: i64) {
    let earlier = Moment { now: (app.clock.now() - chrono::TimeDelta::seconds(30)).into(), random: Random::system() };
    let late = move |conn: &mut DbConn| {
        (0..count).try_for_each(|_| {
            audit::record(
                conn,
                &Entry::new(&key(), &earlier, Actor::System, actions::DIRECTORY_IMPORTED, vec![], String::new()),
            )
        })
    };
    app.db().write(late).await.unwrap();
}

/// The number of all records, those of the starts of servers included.
pub(super) async fn all_records(app: &TestApp) -> usize {
    let count = |conn: &mut DbConn| Ok(audit_records::table.count().get_result::<i64>(conn)?);
    usize::try_from(app.db().read(count).await.unwrap()).unwrap()
}

/// The key by which the test's server proves that it wrote a record.
pub(super) fn key() -> RecordKey {
    RecordKey::of(credentials::vault().ring())
}

/// Writes the record of a reading by hand, without a proof. The identifier is of the time `now`.
pub(super) fn insert_by_hand(conn: &mut DbConn, now: DateTime<Utc>) -> QueryResult<AuditRecordId> {
    let id = AuditRecordId::new(now.into(), &Random::system());
    let row = (
        audit_records::id.eq(id),
        audit_records::at.eq(nara::time::Timestamp::from(now)),
        audit_records::actor.eq("system"),
        audit_records::action.eq("referral.read"),
        audit_records::resource_type.eq("referral"),
        audit_records::resource_ids.eq(nara::db::columns::Json(json!([]))),
        audit_records::trace_id.eq(""),
        audit_records::outcome.eq("done"),
    );
    on_backend!(conn, conn => diesel::insert_into(audit_records::table).values(row).execute(conn))?;
    Ok(id)
}

fn remove_record(conn: &mut DbConn, id: AuditRecordId) -> QueryResult<usize> {
    diesel::delete(audit_records::table.find(id)).execute(conn)
}

on_both_databases! {
    async fn an_audit_that_nobody_touched_is_sound(app: TestApp) {
        let seals = sealed_records(&app).await;
        assert!(seals.iter().map(|seal| seal.seq).eq(1..=i64::try_from(seals.len()).unwrap()));
        let told = verification(&app, "").await;
        let head = told["head"].clone();
        assert_eq!(told["sound"], true);
        assert!(told["verified"].as_u64() >= Some(11), "{told}");
        let expected = format!("?expectedHead={}:{}", head["seq"], head["hash"].as_str().unwrap());
        tick(&app);
        assert_eq!(verification(&app, &expected).await["findings"], json!([]));
    }

    async fn a_changed_record_is_found_whatever_was_changed(app: TestApp) {
        let seals = sealed_records(&app).await;
        let now = app.clock.now();
        let ids: Vec<AuditRecordId> = seals.iter().map(|seal| seal.record_id).collect();
        damage(&app, move |conn| {
            let record = |at: usize| diesel::update(audit_records::table.find(ids[at]));
            // The first two are of the import and of the server's start.
            record(2).set(audit_records::actor.eq("system")).execute(conn)?;
            record(3).set(audit_records::outcome.eq("denied")).execute(conn)?;
            record(5).set(audit_records::at.eq(nara::time::Timestamp::from(now))).execute(conn)?;
            record(6).set(audit_records::client_address.eq(None::<String>)).execute(conn)?;
            record(7).set(audit_records::code.eq(None::<Vec<u8>>)).execute(conn)?;
            record(8).set(audit_records::resource_ids.eq(nara::db::columns::Json(json!([])))).execute(conn)
        }).await;
        assert_eq!(found(&app).await, [2, 3, 5, 6, 7, 8].map(|at| finding("changed", &seals[at])));
    }

    async fn a_removed_record_is_found(app: TestApp) {
        let seals = sealed_records(&app).await;
        let last = seals.len() - 1;
        let ids = [3, last].map(|at| seals[at].record_id);
        damage(&app, move |conn| Ok(remove_record(conn, ids[0])? + remove_record(conn, ids[1])?)).await;
        assert_eq!(found(&app).await, [3, last].map(|at| finding("removed", &seals[at])));
    }

    async fn a_record_that_was_removed_with_its_seal_is_found(app: TestApp) {
        let seals = sealed_records(&app).await;
        let (id, seq) = (seals[3].record_id, seals[3].seq);
        damage(&app, move |conn| {
            remove_record(conn, id)?;
            diesel::delete(audit_seals::table.find(seq)).execute(conn)
        }).await;
        assert_eq!(found(&app).await, [json!({ "flaw": "removed", "seq": seq }), finding("unproven", &seals[4])]);
    }

    async fn a_gap_is_counted_whole_however_wide(app: TestApp) {
        let seals = sealed_records(&app).await;
        let seal = Seal { seq: 1_000_000, record_id: AuditRecordId::from_uuid(uuid::Uuid::nil()), hash: vec![7; 32] };
        app.db().write(move |conn| Ok(on_backend!(conn, conn => diesel::insert_into(audit_seals::table).values(&seal).execute(conn))?)).await.unwrap();
        let told = verification(&app, "").await;
        let last = i64::try_from(seals.len()).unwrap();
        assert_eq!(told["findings"].as_array().unwrap().len(), 100);
        assert!(told["findingCount"].as_i64().unwrap() >= 999_990 - last, "{told}");
        assert_eq!(told["findings"][0]["flaw"], "removed");
    }

    async fn an_inserted_record_is_found(app: TestApp) {
        sealed_records(&app).await;
        let hour_ago = app.clock.now() - chrono::TimeDelta::hours(1);
        app.db().write(move |conn| Ok(insert_by_hand(conn, hour_ago)?)).await.unwrap();
        seal(&app).await;
        let found = found(&app).await;
        assert_eq!((found.len(), &found[0]["flaw"]), (1, &json!("inserted")));
        let listed = app.auditor().get("/audit-records?actor=system&action=referral.read").await.expect(200);
        let forged = found[0]["recordId"].clone();
        assert_eq!(listed["items"][0]["id"], forged);
        // A seal that nobody could have made does not help.
        let record_id: AuditRecordId = forged.as_str().unwrap().parse().unwrap();
        let seal = Seal { seq: 0, record_id, hash: vec![7; 32] };
        app.db().write(move |conn| Ok(on_backend!(conn, conn => diesel::insert_into(audit_seals::table).values(&seal).execute(conn))?)).await.unwrap();
        assert_eq!(self::found(&app).await, [json!({ "flaw": "inserted", "recordId": forged })]);
    }

    async fn a_record_that_turns_up_too_late_gets_no_seal_although_the_program_wrote_it(app: TestApp) {
        sealed_records(&app).await;
        let hour_ago = Moment { now: (app.clock.now() - chrono::TimeDelta::hours(1)).into(), random: Random::system() };
        let late = Entry::new(&key(), &hour_ago, Actor::System, actions::REFERRAL_READ, vec![], String::new());
        app.db().write(move |conn| audit::record(conn, &late)).await.unwrap();
        seal(&app).await;
        let found = found(&app).await;
        assert_eq!((found.len(), &found[0]["flaw"]), (1, &json!("unsealed")), "{found:?}");
    }

    async fn swapped_seals_are_found(app: TestApp) {
        let seals = sealed_records(&app).await;
        let (one, other) = (seals[2].clone(), seals[6].clone());
        damage(&app, move |conn| {
            let at = |seal: &Seal| diesel::update(audit_seals::table.find(seal.seq));
            let nobody = AuditRecordId::from_uuid(uuid::Uuid::nil());
            at(&one).set(audit_seals::record_id.eq(nobody)).execute(conn)?;
            at(&other).set((audit_seals::record_id.eq(one.record_id), audit_seals::hash.eq(&one.hash))).execute(conn)?;
            at(&one).set((audit_seals::record_id.eq(other.record_id), audit_seals::hash.eq(&other.hash))).execute(conn)
        }).await;
        let accused: Vec<Value> = found(&app).await.into_iter().map(|finding| finding["seq"].clone()).collect();
        assert!(accused.contains(&json!(3)) && accused.contains(&json!(7)), "{accused:?}");
    }

    async fn a_changed_hash_is_found_and_accuses_nobody_else(app: TestApp) {
        let seals = sealed_records(&app).await;
        let seq = seals[4].seq;
        damage(&app, move |conn| {
            diesel::update(audit_seals::table.find(seq)).set(audit_seals::hash.eq(vec![7; 32])).execute(conn)
        }).await;
        assert_eq!(found(&app).await, [finding("changed", &seals[4])]);
    }

    async fn a_record_that_is_hidden_from_what_it_names_is_found(app: TestApp) {
        sealed_records(&app).await;
        let listed = records(&app, "action=referral.listed").await;
        let (record, thing) = (&listed[0]["id"], &listed[0]["resourceIds"][0]);
        let id: AuditRecordId = record.as_str().unwrap().parse().unwrap();
        damage(&app, move |conn| {
            let named = audit_record_resources::table.filter(audit_record_resources::record_id.eq(id));
            diesel::delete(named).execute(conn)
        }).await;
        let found = found(&app).await;
        assert_eq!((found.len(), &found[0]["flaw"], &found[0]["recordId"]), (1, &json!("hidden"), record));
        assert!(records(&app, &format!("resourceId={}", thing.as_str().unwrap())).await.iter().all(|one| one["id"] != *record));
    }

    async fn what_is_committed_late_gets_its_seal(app: TestApp) {
        sealed_records(&app).await;
        let before = seals(&app).await.len();
        commit_late(&app, 1).await;
        assert!(seal(&app).await.len() > before);
        assert_eq!(found(&app).await, [] as [Value; 0]);
    }

    async fn what_is_committed_late_and_does_not_fit_into_one_batch_gets_its_seal(app: TestApp) {
        sealed_records(&app).await;
        commit_late(&app, BATCH + 1).await;
        assert_eq!(seal(&app).await.len(), all_records(&app).await);
    }

    async fn several_servers_seal_one_chain(app: TestApp) {
        let other = app.another_server().await;
        let school = other.school();
        let made = join_all((0..60).map(|number| {
            let school = if number % 2 == 0 { app.school() } else { school.clone() };
            async move { school.post("/partner/referrals", crate::support::fixtures::unnumbered()).await.expect(201) }
        }));
        let sealing = join_all((0..4).map(|_| async {
            let mut sealing = sealing();
            for _ in 0..40 {
                sealing.step(&app.db(), app.clock.now().into()).await.unwrap();
            }
        }));
        futures_util::future::join(made, sealing).await;
        let seals = seal(&app).await;
        assert!(seals.iter().map(|seal| seal.seq).eq(1..=i64::try_from(seals.len()).unwrap()));
        assert_eq!(all_records(&app).await, seals.len());
        assert_eq!(found(&app).await, [] as [Value; 0]);
    }

    async fn a_long_audit_is_sealed_and_verified_piece_by_piece(app: TestApp) {
        let moment = Moment { now: app.clock.now().into(), random: Random::system() };
        let many = move |conn: &mut DbConn| {
            (0..1100).try_for_each(|_| {
                audit::record(conn, &Entry::new(&key(), &moment, Actor::System, actions::REFERRAL_READ, vec![], String::new()))
            })
        };
        app.db().write(many).await.unwrap();
        let seals = seal(&app).await;
        let sound = verification(&app, "").await;
        assert!(sound["sound"] == true && sound["verified"].as_u64() >= Some(1101), "{sound}");
        let id = seals[700].record_id;
        damage(&app, move |conn| {
            diesel::update(audit_records::table.find(id)).set(audit_records::trace_id.eq("another")).execute(conn)
        }).await;
        assert_eq!(found(&app).await, [finding("changed", &seals[700])]);
    }

    async fn one_verification_runs_at_a_time(app: TestApp) {
        sealed_records(&app).await;
        let auditor = app.auditor();
        let answers = join_all((0..20).map(|_| auditor.get("/audit-records/verification"))).await;
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert!(!done.is_empty() && !refused.is_empty(), "{} done, {} refused", done.len(), refused.len());
        for answer in refused {
            answer.problem(503, "overloaded");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
        }
    }

    async fn the_server_seals_by_itself(app: TestApp) {
        a_busy_morning(&app).await;
        let everything = all_records(&app).await;
        for _ in 0..1000 {
            if seals(&app).await.len() >= everything {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing was sealed");
    }

    async fn seals_can_only_be_added(app: TestApp) {
        sealed_records(&app).await;
        let mut attempts: Vec<&str> = vec![
            "UPDATE audit_seals SET seq = seq + 1", "DELETE FROM audit_seals",
            "UPDATE audit_record_resources SET record_id = record_id", "DELETE FROM audit_record_resources",
        ];
        if app.backend() == Backend::Postgres {
            attempts.extend(["TRUNCATE audit_seals", "TRUNCATE audit_record_resources"]);
        }
        for attempt in attempts {
            let outcome = app.db().write(move |conn| Ok(sql_query(attempt).execute(conn)?)).await;
            assert!(outcome.is_err(), "{attempt} was let pass");
        }
    }

    async fn one_transaction_seals_at_a_time(app: TestApp) {
        // The server has nothing left to seal.
        seal(&app).await;
        let target: Target = app.database().url.parse().unwrap();
        let [mut first, mut second] = [(); 2].map(|()| target.connect(Purpose::Writing).unwrap());
        let alone = diesel::Connection::transaction(&mut first, |first: &mut DbConn| {
            let both = (dialect::is_the_only_sealer(first), dialect::is_the_only_sealer(&mut second));
            Ok::<_, diesel::result::Error>((both.0.unwrap(), both.1.unwrap()))
        });
        // SQLite has one writer anyway.
        assert_eq!(alone.unwrap(), (true, app.backend() == Backend::Sqlite));
    }
}
