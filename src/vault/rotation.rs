//! Changing the key that seals.
//!
//! A new key is put into every server's ring, first behind the old one and then in front; then what the old ones have sealed is
//! sealed anew, some rows at a time, while the servers go on. A step that is stopped loses nothing: what it has not reached still
//! names its old key, and the next run finds it by that.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary};
use uuid::Uuid;

use crate::db::connection::Purpose;
use crate::db::sql_types::SqlUuid;
use crate::db::{self, DbConn, Target};
use crate::error::Result;
use crate::id::Id;
use crate::moment::Moment;
use crate::on_backend;
use crate::time::Random;
use crate::vault::{COLUMNS, Column, Sealed, Vault, state};

/// So many rows are sealed anew in one transaction: writers wait for no more than that.
const AT_ONCE: i64 = 100;

/// A row of some table.
enum RowKind {}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Id<RowKind>,
    #[diesel(sql_type = Binary)]
    sealed: Sealed,
}

/// What one step did: it looked at rows up to this one, and there may be more behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// How many it sealed anew.
    pub sealed: usize,
    /// The last row that it looked at.
    pub last: Uuid,
}

/// Seals everything anew that another key than the current one has sealed, and says how many rows that were.
pub fn run(target: &Target, vault: &Vault, moment: &Moment) -> Result<usize> {
    let mut conn = target.connect(Purpose::Writing)?;
    db::in_transaction(&mut conn, &|conn| state::check(conn, vault.ring(), moment.now))?;
    let mut sealed = 0;
    for column in COLUMNS {
        let mut after = Uuid::nil();
        while let Some(looked) =
            db::in_transaction(&mut conn, &|conn| step(conn, vault, column, after, &moment.random))?
        {
            (sealed, after) = (sealed + looked.sealed, looked.last);
        }
    }
    Ok(sealed)
}

/// Looks at the next rows of a column behind `after`, and seals those anew that another key than the current one has sealed. The
/// database is not asked for these alone: where few are left, it would go through all rows to find them. `None` behind the last row.
pub fn step(conn: &mut DbConn, vault: &Vault, column: Column, after: Uuid, random: &Random) -> Result<Option<Looked>> {
    let Column { table, name } = column;
    let current = vault.ring().current().id();
    let after = Id::<RowKind>::from_uuid(after);
    // The same text for both databases: SQLite numbers its named parameters in the order in which they first stand.
    let select = sql_query(format!(
        "SELECT id, {name} AS sealed FROM {table} WHERE id > $1 AND {name} IS NOT NULL ORDER BY id LIMIT $2"
    ));
    let rows: Vec<Row> =
        on_backend!(conn, conn => select.bind::<SqlUuid, _>(after).bind::<BigInt, _>(AT_ONCE).load(conn))?;
    let Some(last) = rows.last().map(|row| row.id.uuid()) else { return Ok(None) };
    let mut sealed = 0;
    for row in rows.iter().filter(|row| row.sealed.key() != Some(current)) {
        let plain = vault.open(column, row.id.uuid(), &row.sealed)?;
        let anew = vault.seal(column, row.id.uuid(), &plain, random)?;
        // Somebody may have changed the row in between, and has then sealed it with the current key.
        let update = sql_query(format!("UPDATE {table} SET {name} = $1 WHERE id = $2 AND {name} = $3"));
        on_backend!(conn, conn => update.bind::<Binary, _>(&anew).bind::<SqlUuid, _>(row.id).bind::<Binary, _>(&row.sealed).execute(conn))?;
        sealed += 1;
    }
    Ok(Some(Looked { sealed, last }))
}
