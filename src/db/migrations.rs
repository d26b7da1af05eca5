//! The migrations of the database, embedded in the program.
//!
//! Each migration leaves in the database a fingerprint of its text. If a database has a migration whose fingerprint is not this
//! program's, its tables may differ, and it is left alone.

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use sha2::{Digest, Sha256};

use crate::db::connection::{DbConn, Purpose, Target};
use crate::db::dialect;
use crate::db::schema::migration_fingerprints as fingerprints;
use crate::error::{Error, Problem, Result};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// The migrations: for each its version, and its SQL text for PostgreSQL and for SQLite.
const TEXTS: [(&str, &str, &str); 10] = [
    (
        "0001",
        include_str!("../../migrations/postgres/0001_foundation/up.sql"),
        include_str!("../../migrations/sqlite/0001_foundation/up.sql"),
    ),
    (
        "0002",
        include_str!("../../migrations/postgres/0002_outreach/up.sql"),
        include_str!("../../migrations/sqlite/0002_outreach/up.sql"),
    ),
    (
        "0003",
        include_str!("../../migrations/postgres/0003_course/up.sql"),
        include_str!("../../migrations/sqlite/0003_course/up.sql"),
    ),
    (
        "0004",
        include_str!("../../migrations/postgres/0004_out_of_sight/up.sql"),
        include_str!("../../migrations/sqlite/0004_out_of_sight/up.sql"),
    ),
    (
        "0005",
        include_str!("../../migrations/postgres/0005_audit_anchor/up.sql"),
        include_str!("../../migrations/sqlite/0005_audit_anchor/up.sql"),
    ),
    (
        "0007",
        include_str!("../../migrations/postgres/0007_own_words/up.sql"),
        include_str!("../../migrations/sqlite/0007_own_words/up.sql"),
    ),
    (
        "0008",
        include_str!("../../migrations/postgres/0008_guests/up.sql"),
        include_str!("../../migrations/sqlite/0008_guests/up.sql"),
    ),
    (
        "0009",
        include_str!("../../migrations/postgres/0009_sent_reports/up.sql"),
        include_str!("../../migrations/sqlite/0009_sent_reports/up.sql"),
    ),
    (
        "0010",
        include_str!("../../migrations/postgres/0010_token_times/up.sql"),
        include_str!("../../migrations/sqlite/0010_token_times/up.sql"),
    ),
    (
        "0011",
        include_str!("../../migrations/postgres/0011_bound_rows/up.sql"),
        include_str!("../../migrations/sqlite/0011_bound_rows/up.sql"),
    ),
];

/// Runs the migrations that the database lacks, and returns their versions. Fails if the database was made with other migrations
/// than this program's.
pub fn run(target: &Target) -> Result<Vec<String>> {
    let mut conn = target.connect(Purpose::Writing)?;
    dialect::check_build(&mut conn)?;
    dialect::while_alone(&mut conn, |conn| {
        let applied = applied(conn)?;
        refuse_another_layout(conn, &applied)?;
        let ran = match conn {
            DbConn::Postgres(conn) => conn.run_pending_migrations(POSTGRES),
            DbConn::Sqlite(conn) => conn.run_pending_migrations(SQLITE),
        };
        let ran: Vec<String> = ran.map_err(Error::internal)?.iter().map(ToString::to_string).collect();
        for version in &ran {
            let row = (fingerprints::version.eq(version), fingerprints::fingerprint.eq(fingerprint(conn, version)));
            diesel::insert_into(fingerprints::table).values(row).execute(conn)?;
        }
        Ok(ran)
    })
}

/// Reverts the newest migration that was run on the database, and returns its version.
pub fn revert_last(target: &Target) -> Result<String> {
    let mut conn = target.connect(Purpose::Writing)?;
    dialect::while_alone(&mut conn, |conn| {
        let applied = applied(conn)?;
        refuse_another_layout(conn, &applied)?;
        let Some(last) = applied.last() else { return Err(Error::internal("there is no migration to take back")) };
        // The row is deleted first, because reverting the first migration removes the table of fingerprints.
        diesel::delete(fingerprints::table.find(last)).execute(conn)?;
        let reverted = match conn {
            DbConn::Postgres(conn) => conn.revert_last_migration(POSTGRES),
            DbConn::Sqlite(conn) => conn.revert_last_migration(SQLITE),
        };
        Ok(reverted.map_err(Error::internal)?.to_string())
    })
}

/// Whether all migrations of this program have been run on the database.
pub fn are_complete(conn: &mut DbConn) -> Result<bool> {
    let pending = match conn {
        DbConn::Postgres(conn) => conn.has_pending_migration(POSTGRES),
        DbConn::Sqlite(conn) => conn.has_pending_migration(SQLITE),
    };
    Ok(!pending.map_err(|cause| Error::new(Problem::Unavailable).because(cause))?)
}

fn applied(conn: &mut DbConn) -> Result<Vec<String>> {
    let applied = match conn {
        DbConn::Postgres(conn) => conn.applied_migrations(),
        DbConn::Sqlite(conn) => conn.applied_migrations(),
    };
    let mut applied: Vec<String> = applied.map_err(Error::internal)?.iter().map(ToString::to_string).collect();
    applied.sort();
    Ok(applied)
}

fn refuse_another_layout(conn: &mut DbConn, applied: &[String]) -> Result<()> {
    if applied.is_empty() {
        return Ok(());
    }
    let another = || {
        Error::internal(
            "the database has another layout than this program's: use the program that made it, or another database",
        )
    };
    let left: Vec<(String, String)> = fingerprints::table.load(conn).map_err(|_| another())?;
    let known = |version: &String| left.iter().any(|(at, left)| at == version && *left == fingerprint(conn, version));
    if applied.iter().all(known) { Ok(()) } else { Err(another()) }
}

fn fingerprint(conn: &DbConn, version: &str) -> String {
    let text = TEXTS.iter().find(|(known, ..)| *known == version).map_or("", |(_, postgres, sqlite)| match conn {
        DbConn::Postgres(_) => postgres,
        DbConn::Sqlite(_) => sqlite,
    });
    crate::hex::encode(&Sha256::digest(text))
}
