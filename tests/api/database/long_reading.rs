//! Who reads for long, as a backup does, keeps no writer waiting.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use nara::db::DbConn;
use nara::db::columns::Json;
use nara::db::connection::Purpose;
use nara::db::schema::directory_documents as documents;
use nara::error::Result;
use serde_json::json;

use super::open;
use crate::support::{Backend, EmptyDatabase};

/// A megabyte.
fn store_much(conn: &mut DbConn, number: usize) -> Result<()> {
    let content = Json(json!({ "of": "x".repeat(1 << 20) }));
    let row = (documents::name.eq(format!("{number:04}")), documents::content.eq(content));
    diesel::insert_into(documents::table).values(row).execute(conn)?;
    Ok(())
}

/// SQLite's log cannot begin anew while somebody reads an older state: it grows, and that is all. It is long after 64 MB.
#[actix_web::test]
async fn a_long_reading_on_sqlite_keeps_no_writer_waiting() {
    let database = EmptyDatabase::new(Backend::Sqlite).unwrap();
    let db = open(&database);
    let mut reader = database.target.connect(Purpose::Reading).unwrap();
    reader.batch_execute("BEGIN").unwrap();
    let seen = |reader: &mut DbConn| documents::table.count().get_result::<i64>(reader).unwrap();
    assert_eq!(seen(&mut reader), 0);
    let mut longest = Duration::ZERO;
    for number in 0..150 {
        let begun = Instant::now();
        db.write(move |conn| store_much(conn, number)).await.unwrap();
        longest = longest.max(begun.elapsed());
    }
    assert!(longest < Duration::from_secs(2), "a writer waited {longest:?} for a reader");
    assert_eq!(seen(&mut reader), 0, "the reader sees one state");
    reader.batch_execute("COMMIT").unwrap();
    assert_eq!(seen(&mut reader), 150);
}
