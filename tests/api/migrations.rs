//! Migrations: there and back, the same on both databases, once however many servers start, and never over another layout.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Barrier;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text};
use nara::db::{DbConn, migrations};
use nara::error::Error;

use crate::support::{Backend, EmptyDatabase};

#[derive(QueryableByName, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    #[diesel(sql_type = Text)]
    pub table_name: String,
    #[diesel(sql_type = Text)]
    pub column_name: String,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Bool)]
    pub nullable: bool,
}

#[derive(QueryableByName, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    target: String,
}

#[derive(QueryableByName, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Index {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    columns: String,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
}

/// The same question in the words of each database. Diesel's own table and SQLite's are left out.
fn ask<T: QueryableByName<diesel::pg::Pg> + QueryableByName<diesel::sqlite::Sqlite> + Ord + 'static>(
    conn: &mut DbConn,
    sqlite: &str,
    postgres: &str,
) -> Vec<T> {
    let mut rows: Vec<T> = match conn {
        DbConn::Sqlite(conn) => sql_query(sqlite).load(conn),
        DbConn::Postgres(conn) => sql_query(postgres).load(conn),
    }
    .expect("the catalogue answers");
    rows.sort();
    rows
}

pub fn columns(conn: &mut DbConn) -> Vec<Column> {
    let sqlite = "SELECT m.name AS table_name, p.name AS column_name, p.type AS kind, p.\"notnull\" = 0 AS nullable
        FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
    let postgres =
        "SELECT table_name::text, column_name::text, data_type::text AS kind, is_nullable = 'YES' AS nullable
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";
    ask(conn, sqlite, postgres)
}

fn references(conn: &mut DbConn) -> Vec<Reference> {
    let sqlite = "SELECT m.name AS table_name, f.\"from\" AS column_name, f.\"table\" AS target
        FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
    let postgres = "SELECT c.conrelid::regclass::text AS table_name, a.attname::text AS column_name, c.confrelid::regclass::text AS target
        FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'";
    ask(conn, sqlite, postgres)
}

/// All indexes, those of primary keys included.
fn indexes(conn: &mut DbConn) -> Vec<Index> {
    let sqlite = "SELECT m.name AS table_name, l.\"unique\" AS is_unique,
            (SELECT group_concat(i.name, ',') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno) i) AS columns
        FROM sqlite_master m JOIN pragma_index_list(m.name) l WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'
        UNION SELECT m.name, 1, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p
        WHERE m.type = 'table' AND p.pk = 1 AND p.type = 'INTEGER' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
    let postgres = "SELECT t.relname::text AS table_name, x.indisunique AS is_unique,
            (SELECT string_agg(a.attname::text, ',' ORDER BY k.place) FROM unnest(x.indkey) WITH ORDINALITY AS k (attnum, place)
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) AS columns
        FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE n.nspname = 'public' AND t.relname NOT LIKE '\\_\\_%'";
    ask(conn, sqlite, postgres)
}

/// The columns that `db::schema` tells the program of, in the type names of one database.
fn declared(backend: Backend) -> Vec<Column> {
    let read =
        |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db").join(file)).unwrap();
    let text = ["schema.rs", "schema/cases.rs", "schema/outreach.rs"].map(read).concat();
    let mut columns = Vec::new();
    for table in text.split("diesel::table! {").skip(1) {
        let mut table_name = String::new();
        for line in table.lines().map(str::trim) {
            if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
                let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
                let kind = stored_as(inner.unwrap_or(kind), backend).to_owned();
                columns.push(Column {
                    table_name: table_name.clone(),
                    column_name: column.to_owned(),
                    kind,
                    nullable: inner.is_some(),
                });
            } else if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
                table_name = name.to_owned();
            } else if line == "}" && !table_name.is_empty() {
                break;
            }
        }
    }
    columns.sort();
    columns
}

fn stored_as(kind: &str, backend: Backend) -> &'static str {
    let (sqlite, postgres) = match kind {
        "SqlUuid" => ("BLOB", "uuid"),
        "SqlTime" => ("INTEGER", "timestamp with time zone"),
        "SqlJson" => ("TEXT", "jsonb"),
        "Text" => ("TEXT", "text"),
        "Integer" => ("INTEGER", "integer"),
        "BigInt" => ("INTEGER", "bigint"),
        "Bool" => ("INTEGER", "boolean"),
        "Binary" => ("BLOB", "bytea"),
        "Date" => ("TEXT", "date"),
        "Double" => ("REAL", "double precision"),
        other => panic!("nobody knows how {other} is stored"),
    };
    if backend == Backend::Sqlite { sqlite } else { postgres }
}

fn explain(error: &Error) -> String {
    error.cause().map(ToString::to_string).unwrap_or_default()
}

on_both_databases! {
    async fn migrations_lead_there_and_back_and_there_again(database: EmptyDatabase) {
        let target = &database.target;
        let ran = migrations::run(target).unwrap();
        assert!(!ran.is_empty());
        let mut conn = database.connect();
        assert!(migrations::are_complete(&mut conn).unwrap());
        let there = (columns(&mut conn), indexes(&mut conn), references(&mut conn));
        assert!(migrations::run(target).unwrap().is_empty(), "a second run has something to do");
        for _ in &ran {
            assert!(migrations::revert_last(target).is_ok());
            assert!(!migrations::are_complete(&mut conn).unwrap());
        }
        assert_eq!(columns(&mut conn), [], "something is left behind");
        assert_eq!(left_behind(&mut conn), [], "something is left behind");
        assert!(explain(&migrations::revert_last(target).unwrap_err()).contains("no migration to take back"));
        assert_eq!(migrations::run(target).unwrap(), ran);
        assert_eq!((columns(&mut conn), indexes(&mut conn), references(&mut conn)), there);
    }

    async fn the_database_has_the_tables_and_columns_that_the_program_knows(database: EmptyDatabase) {
        migrations::run(&database.target).unwrap();
        let found = columns(&mut database.connect());
        assert_eq!(found, declared(database.backend));
        assert!(found.len() > 80, "{found:?}");
    }

    async fn every_foreign_key_has_an_index(database: EmptyDatabase) {
        migrations::run(&database.target).unwrap();
        let mut conn = database.connect();
        let indexes = indexes(&mut conn);
        let references = references(&mut conn);
        assert!(references.len() > 8, "{references:?}");
        for Reference { table_name, column_name, .. } in references {
            let leads = |index: &Index| index.table_name == table_name && index.columns.split(',').next() == Some(&column_name);
            assert!(indexes.iter().any(leads), "{table_name}.{column_name} has no index");
        }
    }

    async fn servers_that_start_at_the_same_time_migrate_once(database: EmptyDatabase) {
        let backend = database.backend;
        drop(database);
        for _ in 0..5 {
            let database = EmptyDatabase::new(backend).unwrap();
            let together = Barrier::new(4);
            let ran: Vec<_> = std::thread::scope(|scope| {
                let start = || {
                    together.wait();
                    migrations::run(&database.target)
                };
                let servers: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
                servers.into_iter().map(|server| server.join().unwrap()).collect()
            });
            let failed: Vec<String> = ran.iter().filter_map(|ran| ran.as_ref().err()).map(explain).collect();
            assert!(failed.is_empty(), "{failed:?}");
            assert_eq!(ran.iter().flatten().filter(|ran| !ran.is_empty()).count(), 1);
            assert!(migrations::are_complete(&mut database.connect()).unwrap());
        }
    }

    async fn an_upgrade_that_ends_half_way_has_done_nothing(database: EmptyDatabase) {
        let target = &database.target;
        migrations::run(target).unwrap();
        // Back to the layout before the course of referrals.
        let mut reverted = 0;
        loop {
            reverted += 1;
            if migrations::revert_last(target).unwrap().contains("0003") {
                break;
            }
        }
        let mut conn = database.connect();
        let before = columns(&mut conn);
        // The first of these migrations goes well, and the second finds a name that is taken.
        let in_the_way = |conn: &mut DbConn, change: &str| nara::on_backend!(conn, conn => sql_query(change).execute(conn)).unwrap();
        in_the_way(&mut conn, "CREATE TABLE referrals_partner_child (id INTEGER)");
        assert!(migrations::run(target).is_err());
        in_the_way(&mut conn, "DROP TABLE referrals_partner_child");
        assert_eq!(columns(&mut conn), before);
        assert_eq!(migrations::run(target).unwrap().len(), reverted);
    }

    async fn a_database_of_another_layout_is_left_alone(database: EmptyDatabase) {
        let target = &database.target;
        let newer = match database.backend {
            Backend::Sqlite => "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')",
            Backend::Postgres => "INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('9999', now())",
        };
        let changes = [
            "UPDATE migration_fingerprints SET fingerprint = 'another'",
            "DELETE FROM migration_fingerprints",
            "DROP TABLE migration_fingerprints",
            newer,
        ];
        for change in changes {
            let database = EmptyDatabase::new(database.backend).unwrap();
            migrations::run(&database.target).unwrap();
            let mut conn = database.connect();
            nara::on_backend!(&mut conn, conn => sql_query(change).execute(conn)).unwrap();
            let before = columns(&mut conn);
            let refused = explain(&migrations::run(&database.target).unwrap_err());
            assert!(refused.contains("the database has another layout than this program's"), "{change}: {refused}");
            assert!(explain(&migrations::revert_last(&database.target).unwrap_err()).contains("another layout"), "{change}");
            assert_eq!(columns(&mut conn), before);
        }
        migrations::run(target).unwrap();
    }
}

/// What a database has besides tables: functions on PostgreSQL, triggers on SQLite.
fn left_behind(conn: &mut DbConn) -> Vec<Reference> {
    let sqlite = "SELECT name AS table_name, type AS column_name, tbl_name AS target FROM sqlite_master
        WHERE tbl_name NOT LIKE '\\_\\_%' ESCAPE '\\'";
    let postgres = "SELECT p.proname::text AS table_name, 'function'::text AS column_name, ''::text AS target
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'
            AND p.proname NOT LIKE 'diesel\\_%'";
    ask(conn, sqlite, postgres)
}

/// Both databases, each migrated; `None` where PostgreSQL is not installed.
fn both() -> Option<[DbConn; 2]> {
    static KEPT: std::sync::Mutex<Vec<EmptyDatabase>> = std::sync::Mutex::new(Vec::new());
    let databases = [EmptyDatabase::new(Backend::Sqlite)?, EmptyDatabase::new(Backend::Postgres)?];
    let conns = databases.each_ref().map(|database| {
        migrations::run(&database.target).unwrap();
        database.connect()
    });
    KEPT.lock().unwrap().extend(databases);
    Some(conns)
}

#[test]
fn both_databases_have_the_same_indexes_and_the_same_references() {
    let Some([mut sqlite, mut postgres]) = both() else { return };
    assert_eq!(references(&mut sqlite), references(&mut postgres));
    assert_eq!(indexes(&mut sqlite), indexes(&mut postgres));
    let nullability = |conn: &mut DbConn| -> BTreeMap<(String, String), bool> {
        columns(conn).into_iter().map(|column| ((column.table_name, column.column_name), column.nullable)).collect()
    };
    assert_eq!(nullability(&mut sqlite), nullability(&mut postgres));
}

#[test]
fn every_migration_stands_on_both_sides_with_its_way_back_and_its_fingerprint() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |side: &str| -> BTreeSet<String> {
        let folders = fs::read_dir(root.join("migrations").join(side)).unwrap().map(|entry| entry.unwrap());
        folders.map(|folder| folder.file_name().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    let known = fs::read_to_string(root.join("src/db/migrations.rs")).unwrap();
    for name in names("sqlite") {
        for side in ["sqlite", "postgres"] {
            for way in ["up.sql", "down.sql"] {
                assert!(root.join("migrations").join(side).join(&name).join(way).is_file(), "{side}/{name}/{way}");
            }
            assert!(known.contains(&format!("migrations/{side}/{name}/up.sql")), "{side}/{name} leaves no fingerprint");
        }
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_not_touched() {
    let database = EmptyDatabase::new(Backend::Sqlite).unwrap();
    let path = database.database.url.strip_prefix("sqlite://").unwrap().to_owned();
    let text = "This is a letter. ".repeat(1000);
    fs::write(&path, &text).unwrap();
    assert!(migrations::run(&database.target).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}
