//! Two hundred random forgeries by somebody who can write the database and has no key. Each is found by `nara audit verify`, which
//! has the anchor as well. Forgeries that a running server finds by itself are in `breaks.rs`.
//!
//! A forgery is a line of [`FORGERIES`]: a name and a function that damages the database. Each is made in a transaction that is
//! rolled back after the verification.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use nara::audit::anchor::comparison;
use nara::audit::anchor::lines::AnchorNote;
use nara::audit::chain::{Seal, Sealer};
use nara::audit::verify::{Verification, Walk};
use nara::db::columns::Json;
use nara::db::connection::Purpose;
use nara::db::schema::{audit_record_resources, audit_records, audit_seals};
use nara::db::{DbConn, Target};
use nara::id::AuditRecordId;
use nara::on_backend;
use serde_json::json;

use super::a_busy_morning;
use super::seals::{all_records, insert_by_hand, seals};
use crate::support::chance::Chance;
use crate::support::{Backend, TestApp, credentials};

/// The number of forgeries on each database.
const COUNT: usize = 200;
const SEED: u64 = 0x6e61_7261;

/// A forgery: its name, and what it does. It must change at least one row.
type Forgery = (&'static str, fn(&mut Forger<'_>) -> QueryResult<usize>);

const FORGERIES: &[Forgery] = &[
    ("the end of the chain is cut", |forger| forger.cut(false)),
    ("the end of the chain is cut, with its records", |forger| forger.cut(true)),
    ("seals in the middle are gone", |forger| forger.remove_seals()),
    ("all seals are gone", |forger| diesel::delete(audit_seals::table).execute(forger.conn)),
    ("the whole audit is gone", |forger| forger.remove_everything()),
    ("seals are renumbered", |forger| forger.renumber()),
    ("two seals are swapped", |forger| forger.swap()),
    ("an older seal is put back", |forger| forger.put_back()),
    ("the hash of a seal is changed", |forger| forger.change_hash()),
    ("a record is changed", |forger| forger.change_record()),
    ("a record is removed", |forger| forger.remove_record()),
    ("a record is removed with its seal, and the gap is closed", |forger| forger.remove_and_close()),
    ("the proof of a record is taken away", |forger| forger.remove_code()),
    ("a fresh record is inserted", |forger| forger.insert(0)),
    ("an old record is inserted", |forger| forger.insert(3600)),
    ("a record of the future is inserted", |forger| forger.insert(-3600)),
    ("a record is inserted with a seal", |forger| forger.insert_with_seal()),
    ("a genuine record is copied", |forger| forger.copy()),
    ("a record is hidden from what it names", |forger| forger.hide()),
    ("the identity of the database is changed", |forger| forger.change_identity()),
    ("the columns of rows are changed", |forger| forger.change_rows()),
    ("rows have other seals", |forger| forger.run("UPDATE referrals SET routing = matter")),
    ("a key is added to an agency", |forger| forger.add_key()),
    ("the codes of rows are taken away", |forger| forger.run("UPDATE referrals SET code = NULL")),
    ("a referral is removed", |forger| {
        forger.run("DELETE FROM referrals WHERE id = (SELECT id FROM referrals LIMIT 1)")
    }),
];

/// Changes of columns that decide something. Forgeries of each bound column are in `bound_rows.rs`.
const ROW_CHANGES: [&str; 8] = [
    "UPDATE referrals SET protected = NOT protected",
    "UPDATE referrals SET status = 'completed'",
    "UPDATE referrals SET version = version + 1",
    "UPDATE referrals SET disclosed_office_id = id",
    "UPDATE referrals SET made_by = id",
    "UPDATE partners SET status = 'suspended'",
    "UPDATE partner_keys SET expires_at = NULL WHERE expires_at IS NOT NULL",
    "UPDATE partner_keys SET revoked_at = NULL WHERE revoked_at IS NOT NULL",
];

/// Somebody who can write the database, and has no key.
struct Forger<'a> {
    conn: &'a mut DbConn,
    chance: &'a mut Chance,
    /// The seals before the forgery, in their order.
    seals: &'a [Seal],
    now: chrono::DateTime<chrono::Utc>,
}

impl Forger<'_> {
    /// Takes away the triggers that protect the tables of the audit.
    fn disarm(&mut self, backend: Backend) -> QueryResult<()> {
        for table in ["audit_records", "audit_record_resources", "audit_seals"] {
            let kinds: &[&str] = if backend == Backend::Sqlite { &["changed", "removed"] } else { &["changed"] };
            for kind in kinds {
                let of_table = if backend == Backend::Sqlite { String::new() } else { format!(" ON {table}") };
                self.run(&format!("DROP TRIGGER {table}_are_not_{kind}{of_table}"))?;
            }
        }
        Ok(())
    }

    fn run(&mut self, statement: &str) -> QueryResult<usize> {
        on_backend!(&mut *self.conn, conn => sql_query(statement).execute(conn))
    }

    fn a_seal(&mut self) -> Seal {
        self.seals[self.chance.below(self.seals.len())].clone()
    }

    fn cut(&mut self, with_records: bool) -> QueryResult<usize> {
        let from = self.a_seal().seq;
        let ids: Vec<AuditRecordId> =
            self.seals.iter().filter(|seal| seal.seq >= from).map(|seal| seal.record_id).collect();
        if with_records {
            diesel::delete(audit_records::table.filter(audit_records::id.eq_any(ids))).execute(self.conn)?;
        }
        diesel::delete(audit_seals::table.filter(audit_seals::seq.ge(from))).execute(self.conn)
    }

    fn remove_seals(&mut self) -> QueryResult<usize> {
        let from = self.a_seal().seq;
        let to = from + i64::try_from(self.chance.below(4)).unwrap();
        let some = audit_seals::table.filter(audit_seals::seq.between(from, to));
        diesel::delete(some).execute(self.conn)
    }

    fn remove_everything(&mut self) -> QueryResult<usize> {
        for table in ["audit_seals", "audit_record_resources", "audit_records"] {
            self.run(&format!("DELETE FROM {table}"))?;
        }
        if self.chance.once_in(2) { self.run("DELETE FROM database_identity") } else { Ok(1) }
    }

    fn renumber(&mut self) -> QueryResult<usize> {
        let from = self.a_seal().seq;
        let by = 1000 + self.chance.below(1000);
        self.run(&format!("UPDATE audit_seals SET seq = seq + {by} WHERE seq >= {from}"))
    }

    fn swap(&mut self) -> QueryResult<usize> {
        let one = self.chance.below(self.seals.len() - 1);
        let (one, other) = (self.seals[one].clone(), self.seals[one + 1].clone());
        let nobody = AuditRecordId::from_uuid(uuid::Uuid::nil());
        for (at, record) in [(&one, nobody), (&other, one.record_id), (&one, other.record_id)] {
            let row = audit_seals::table.find(at.seq);
            diesel::update(row).set(audit_seals::record_id.eq(record)).execute(self.conn)?;
        }
        Ok(1)
    }

    fn put_back(&mut self) -> QueryResult<usize> {
        let at = 1 + self.chance.below(self.seals.len() - 1);
        let older = self.seals[self.chance.below(at)].hash.clone();
        let row = audit_seals::table.find(self.seals[at].seq);
        diesel::update(row).set(audit_seals::hash.eq(older)).execute(self.conn)
    }

    fn change_hash(&mut self) -> QueryResult<usize> {
        let mut seal = self.a_seal();
        seal.hash[self.chance.below(32)] ^= 1;
        diesel::update(audit_seals::table.find(seal.seq)).set(audit_seals::hash.eq(seal.hash)).execute(self.conn)
    }

    fn change_record(&mut self) -> QueryResult<usize> {
        let id = self.a_seal().record_id;
        let row = audit_records::table.find(id);
        let other = uuid::Uuid::from_u128(7);
        match self.chance.below(8) {
            0 => diesel::update(row).set(audit_records::actor.eq("staff:nobody")).execute(self.conn),
            1 => diesel::update(row).set(audit_records::action.eq("person.read")).execute(self.conn),
            2 => diesel::update(row).set(audit_records::outcome.eq("denied")).execute(self.conn),
            3 => diesel::update(row).set(audit_records::client_address.eq("192.0.2.7")).execute(self.conn),
            4 => diesel::update(row).set(audit_records::trace_id.eq("another")).execute(self.conn),
            5 => diesel::update(row).set(audit_records::reason.eq("complaint")).execute(self.conn),
            6 => diesel::update(row).set(audit_records::resource_ids.eq(Json(json!([other])))).execute(self.conn),
            _ => {
                let later = nara::time::Timestamp::from(self.now + TimeDelta::seconds(7));
                diesel::update(row).set(audit_records::at.eq(later)).execute(self.conn)
            }
        }
    }

    fn remove_record(&mut self) -> QueryResult<usize> {
        let id = self.a_seal().record_id;
        diesel::delete(audit_records::table.find(id)).execute(self.conn)
    }

    fn remove_and_close(&mut self) -> QueryResult<usize> {
        let seal = self.a_seal();
        diesel::delete(audit_records::table.find(seal.record_id)).execute(self.conn)?;
        let removed = diesel::delete(audit_seals::table.find(seal.seq)).execute(self.conn)?;
        self.run(&format!("UPDATE audit_seals SET seq = seq + 1000000 WHERE seq > {}", seal.seq))?;
        self.run("UPDATE audit_seals SET seq = seq - 1000001 WHERE seq > 1000000")?;
        Ok(removed)
    }

    fn remove_code(&mut self) -> QueryResult<usize> {
        let row = audit_records::table.find(self.a_seal().record_id);
        diesel::update(row).set(audit_records::code.eq(None::<Vec<u8>>)).execute(self.conn)
    }

    fn insert(&mut self, seconds_ago: i64) -> QueryResult<usize> {
        insert_by_hand(self.conn, self.now - TimeDelta::seconds(seconds_ago)).map(|_| 1)
    }

    fn insert_with_seal(&mut self) -> QueryResult<usize> {
        let record_id = insert_by_hand(self.conn, self.now)?;
        let last = self.seals.last().expect("there are seals").seq;
        let seq = if self.chance.once_in(2) { last + 1 } else { -i64::try_from(self.chance.below(9)).unwrap() };
        let seal = Seal { seq, record_id, hash: vec![7; 32] };
        on_backend!(&mut *self.conn, conn => diesel::insert_into(audit_seals::table).values(&seal).execute(conn))
    }

    fn copy(&mut self) -> QueryResult<usize> {
        let id = insert_by_hand(self.conn, self.now)?;
        let genuine = self.a_seal().record_id;
        let code: Option<Vec<u8>> = audit_records::table.find(genuine).select(audit_records::code).first(self.conn)?;
        diesel::update(audit_records::table.find(id)).set(audit_records::code.eq(code)).execute(self.conn)
    }

    fn hide(&mut self) -> QueryResult<usize> {
        let listed: Vec<AuditRecordId> =
            audit_record_resources::table.select(audit_record_resources::record_id).load(self.conn)?;
        let record = listed[self.chance.below(listed.len())];
        let of_record = audit_record_resources::table.filter(audit_record_resources::record_id.eq(record));
        diesel::delete(of_record).execute(self.conn)
    }

    fn change_identity(&mut self) -> QueryResult<usize> {
        if self.chance.once_in(2) {
            return self.run("DELETE FROM database_identity");
        }
        let other = nara::id::DatabaseId::from_uuid(uuid::Uuid::from_u128(7));
        let row = diesel::update(nara::db::schema::database_identity::table);
        row.set(nara::db::schema::database_identity::id.eq(other)).execute(self.conn)
    }
}

impl Forger<'_> {
    fn change_rows(&mut self) -> QueryResult<usize> {
        let change = ROW_CHANGES[self.chance.below(ROW_CHANGES.len())];
        self.run(change)
    }

    fn add_key(&mut self) -> QueryResult<usize> {
        let columns = "partner_id, label, secret_hash, scopes, allowed_networks, created_at, code";
        self.run(&format!(
            "INSERT INTO partner_keys (id, {columns}) SELECT 'AAAAAAAAAA', {columns} FROM partner_keys LIMIT 1"
        ))
    }
}

/// Verifies as the command does.
fn verify(app: &TestApp, conn: &mut DbConn) -> Verification {
    let target: Target = app.database().url.parse().unwrap();
    let sealer = Sealer::with(credentials::vault().ring());
    let evidence = comparison::evidence(conn, &target, Some(&app.anchor), &sealer).unwrap();
    let walk = Walk::new(sealer, evidence, app.clock.now().into());
    walk.with_rows(nara::bound_tables::binder(&credentials::vault())).to_end(conn).unwrap()
}

/// Waits until the server has sealed all records and noted the head in its anchor.
pub(super) async fn anchored(app: &TestApp) -> Vec<Seal> {
    let key = Sealer::with(credentials::vault().ring()).anchor_key;
    let begun = Instant::now();
    loop {
        let (seals, everything) = (seals(app).await, all_records(app).await);
        let noted = nara::audit::anchor::file::read(&app.anchor, &key).unwrap().lines.into_iter().rev();
        let noted = noted.map(|line| line.note).find_map(|note| match note {
            AnchorNote::Head { head, .. } => Some(head),
            _ => None,
        });
        if seals.len() >= everything && seals.last().and_then(Seal::head) == noted {
            return seals;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the head is not noted: {noted:?}");
        // The anchor is written every half minute of the test's clock.
        app.clock.advance(Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

on_both_databases! {
    async fn every_forgery_without_the_key_is_found(app: TestApp) {
        for _ in 0..4 {
            a_busy_morning(&app).await;
        }
        let seals = anchored(&app).await;
        let target: Target = app.database().url.parse().unwrap();
        let mut conn = target.connect(Purpose::Writing).unwrap();
        let sound = verify(&app, &mut conn);
        assert!(sound.is_sound(), "{:?}", sound.findings);
        let mut chance = Chance(SEED);
        for number in 0..COUNT {
            let (name, forge) = FORGERIES[number % FORGERIES.len()];
            conn.batch_execute(if app.backend() == Backend::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).unwrap();
            let mut forger = Forger { conn: &mut conn, chance: &mut chance, seals: &seals, now: app.clock.now() };
            forger.disarm(app.backend()).unwrap();
            let changed = forge(&mut forger).unwrap_or_else(|error| panic!("{number}, {name}: {error}"));
            assert!(changed > 0, "{number}, {name}: nothing was forged");
            let found = verify(&app, &mut conn);
            conn.batch_execute("ROLLBACK").unwrap();
            assert!(!found.is_sound(), "{number}, {name}: not found");
        }
        let sound = verify(&app, &mut conn);
        assert!(sound.is_sound(), "something of a forgery is left: {:?}", sound.findings);
    }
}
