//! What lies in the database is unreadable without the keys, and the keys can be changed.

use diesel::prelude::*;
use diesel::sql_query;
use nara::db::connection::Purpose;
use nara::db::{DbConn, Target};
use nara::moment::Moment;
use nara::time::Random;
use nara::vault::{Vault, VaultKeys, state};
use nara::{binding, bound_tables, rotation};
use serde_json::{Value, json};

use crate::support::{TestApp, clock, credentials, fixtures};

/// What stands in a report and must stand nowhere else.
const NEVER: [&str; 5] = ["Hemligsson", "20130315-2399", "Skogsvägen 77", "mycket bråk hemma", "E-2026-HEMLIG"];

fn report() -> Value {
    let mut report = fixtures::concern_report();
    report["senderReference"] = json!(NEVER[4]);
    report["child"] = json!({ "givenName": "Alva", "familyName": NEVER[0], "personalIdentityNumber": NEVER[1], "street": NEVER[2], "placeName": "Skäggetorp" });
    report["description"] = json!(format!("Det är {} på kvällarna.", NEVER[3]));
    report["guardians"] = json!([{ "familyName": NEVER[0] }]);
    report
}

fn target(app: &TestApp) -> Target {
    app.database().url.parse().unwrap()
}

fn connect(app: &TestApp) -> DbConn {
    target(app).connect(Purpose::Writing).unwrap()
}

fn fresh() -> VaultKeys {
    VaultKeys::new(&Random::system())
}

fn read_again(ring: &VaultKeys) -> VaultKeys {
    ring.reveal().parse().unwrap()
}

fn installed() -> VaultKeys {
    read_again(credentials::vault().ring())
}

/// Every row of every table, as the database shows it to somebody who has nothing but the database.
fn all_that_the_database_tells(conn: &mut DbConn) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        told: String,
    }
    let columns = [
        ("referrals", "matter"),
        ("referrals", "routing"),
        ("referrals", "sender_reference_hash"),
        ("referrals", "child_number_hash"),
        ("audit_records", "resource_ids"),
    ];
    let mut told = String::new();
    for (table, column) in columns {
        let shown = match conn {
            DbConn::Sqlite(_) => format!("hex({column})"),
            DbConn::Postgres(_) => format!("{column}::text"),
        };
        let rows: Vec<Row> =
            nara::on_backend!(&mut *conn, conn => sql_query(format!("SELECT {shown} AS told FROM {table}")).load(conn))
                .unwrap();
        told.extend(rows.into_iter().map(|row| row.told.to_lowercase()));
    }
    if let DbConn::Postgres(conn) = conn {
        let rows: Vec<Row> = sql_query("SELECT t::text AS told FROM referrals t").load(conn).unwrap();
        told.extend(rows.into_iter().map(|row| row.told.to_lowercase()));
    }
    told
}

fn hex_of(text: &str) -> String {
    nara::hex::encode(text.as_bytes())
}

crate::on_both_databases! {
    async fn who_has_the_database_alone_reads_nothing(app: TestApp) {
        let id = app.submitted(report()).await;
        assert_eq!(app.caseworker().get(&format!("/referrals/{id}")).await.expect(200)["child"]["familyName"], NEVER[0]);
        let told = all_that_the_database_tells(&mut connect(&app));
        assert!(told.len() > 500);
        for never in NEVER {
            assert!(!told.contains(&never.to_lowercase()) && !told.contains(&hex_of(never)), "{never}");
        }
        if let Target::Sqlite(path) = target(&app) {
            for file in [path.clone(), format!("{path}-wal")] {
                let bytes = std::fs::read(file).unwrap();
                for never in NEVER {
                    assert!(!bytes.windows(never.len()).any(|part| part == never.as_bytes()), "{never}");
                }
            }
        }
    }

    async fn a_wrong_or_a_missing_key_stops_the_start(app: TestApp) {
        let mut conn = connect(&app);
        let now = clock::start().now;
        let known = installed().with_fresh_key(&Random::system()).unwrap();
        state::check(&mut conn, &known, now).unwrap();
        let told = |ring: &VaultKeys| {
            nara::db::in_transaction(&mut connect(&app), &|conn| state::check(conn, ring, now)).unwrap_err().told()
        };
        assert!(told(&fresh()).contains("has another key `data 1`"), "{}", told(&fresh()));
        assert!(told(&installed()).contains("lacks the key `data 2`"), "{}", told(&installed()));
        let (ring, others) = (known.reveal(), fresh().reveal());
        let ((data, _), (_, secret)) = (ring.rsplit_once("lookup ").unwrap(), others.rsplit_once(' ').unwrap());
        let another: VaultKeys = format!("{data}lookup {} {secret}", known.lookup_id()).parse().unwrap();
        assert!(told(&another).contains("has another key `lookup"), "{}", told(&another));
        let lookup = known.with_fresh_lookup_key(&Random::system()).unwrap();
        assert!(told(&lookup).contains("rebuild-lookups"), "{}", told(&lookup));
    }

    async fn everything_is_sealed_anew_with_a_new_key_and_nothing_is_lost(app: TestApp) {
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(app.submitted(report()).await);
        }
        let vault = Vault::new(installed().with_fresh_key(&Random::system()).unwrap());
        let moment: Moment = clock::start();
        let (mut conn, binder) = (connect(&app), bound_tables::binder(&vault));
        binding::carry(&mut conn, binder.clone());
        // Somebody stopped an earlier run after its first step.
        let first = nara::db::in_transaction(&mut conn, &|conn| rotation::step(conn, &binder, nara::vault::REFERRAL_ROUTING, uuid::Uuid::nil(), &moment.random)).unwrap();
        assert!(matches!(first, Some(rotation::RotationStep { sealed: 3, .. })), "{first:?}");
        assert_eq!(rotation::run(&target(&app), &binder, &moment).unwrap(), 3);
        assert_eq!(rotation::run(&target(&app), &binder, &moment).unwrap(), 0);
        // The server that runs does not know the new key yet, and says so rather than show something wrong.
        app.caseworker().get(&format!("/referrals/{}", ids[0])).await.problem(500, "internal-error");
        let renewed = app.another_server_with(|setup| setup.vault = vault.clone()).await;
        for id in ids {
            assert_eq!(renewed.caseworker().get(&format!("/referrals/{id}")).await.expect(200)["child"]["familyName"], NEVER[0]);
        }
    }

    async fn hashes_are_made_anew_with_a_new_key(app: TestApp) {
        use nara::db::schema::referrals;
        app.submitted(report()).await;
        let vault = Vault::new(installed().with_fresh_lookup_key(&Random::system()).unwrap());
        let hash = |conn: &mut DbConn| referrals::table.select(referrals::sender_reference_hash).first::<Option<Vec<u8>>>(conn).unwrap().unwrap();
        let before = hash(&mut connect(&app));
        assert_eq!(nara::lookups::rebuild(&target(&app), &bound_tables::binder(&vault), clock::start().now).unwrap(), 1);
        assert_ne!(hash(&mut connect(&app)), before);
        state::check(&mut connect(&app), vault.ring(), clock::start().now).unwrap();
    }

    async fn no_two_reports_are_sealed_alike(app: TestApp) {
        use nara::db::schema::referrals;
        for _ in 0..2 {
            app.submitted(report()).await;
        }
        let sealed: Vec<Vec<u8>> = referrals::table.select(referrals::matter).load(&mut connect(&app)).unwrap();
        assert_ne!(sealed[0], sealed[1]);
        assert_eq!(sealed[0].len(), sealed[1].len());
    }
}
