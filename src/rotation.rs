//! The change to a new data key: all data that older keys sealed is sealed again with it.
//!
//! An operator first adds the new key to every server's ring after the old one, and then moves it before the old one. Then the
//! data that older keys sealed is sealed again, some rows at a time, while the servers go on running. A run that is stopped loses
//! nothing: rows that it has not reached still name their old key, and the next run finds them by it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary};
use uuid::Uuid;

use crate::binding::{self, Binder};
use crate::db::connection::Purpose;
use crate::db::sql_types::SqlUuid;
use crate::db::{self, DbConn, Target};
use crate::error::Result;
use crate::id::Id;
use crate::moment::Moment;
use crate::on_backend;
use crate::time::Random;
use crate::vault::{COLUMNS, Column, Sealed, state};

/// The number of rows that one transaction reads. Writers wait no longer than that takes.
const AT_ONCE: i64 = 100;

enum RowKind {}

#[derive(QueryableByName)]
struct SealedRow {
    #[diesel(sql_type = SqlUuid)]
    id: Id<RowKind>,
    #[diesel(sql_type = Binary)]
    sealed: Sealed,
}

/// The result of one step: the rows of a column up to `last` are done, and there may be more after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationStep {
    /// The number of rows that this step sealed again.
    pub sealed: usize,
    /// The identifier of the last row that this step read.
    pub last: Uuid,
}

/// Seals all data again that another data key than the current one sealed, in all columns. Returns the number of rows that were
/// sealed again. Fails if the ring does not fit the database.
pub fn run(target: &Target, binder: &Binder, moment: &Moment) -> Result<usize> {
    let mut conn = target.connect(Purpose::Writing)?;
    binding::carry(&mut conn, binder.clone());
    db::in_transaction(&mut conn, &|conn| state::check(conn, binder.vault.ring(), moment.now))?;
    let mut sealed = 0;
    for column in COLUMNS {
        let mut after = Uuid::nil();
        while let Some(looked) =
            db::in_transaction(&mut conn, &|conn| step(conn, binder, column, after, &moment.random))?
        {
            (sealed, after) = (sealed + looked.sealed, looked.last);
        }
    }
    Ok(sealed)
}

/// Reads the next rows of `column`, those with an identifier after `after`, and seals those of them again that another data key
/// than the current one sealed. The query does not select only these rows: once few are left, the database would read all rows to
/// find them. Returns `None` if there are no more rows.
pub fn step(
    conn: &mut DbConn,
    binder: &Binder,
    column: Column,
    after: Uuid,
    random: &Random,
) -> Result<Option<RotationStep>> {
    let Column { table, name } = column;
    let (vault, current) = (&binder.vault, binder.vault.ring().current().id());
    let after = Id::<RowKind>::from_uuid(after);
    // The same text works for both databases: SQLite numbers named parameters in the order of their first use.
    let select = sql_query(format!(
        "SELECT id, {name} AS sealed FROM {table} WHERE id > $1 AND {name} IS NOT NULL ORDER BY id LIMIT $2"
    ));
    let rows: Vec<SealedRow> =
        on_backend!(conn, conn => select.bind::<SqlUuid, _>(after).bind::<BigInt, _>(AT_ONCE).load(conn))?;
    let Some(last) = rows.last().map(|row| row.id.uuid()) else { return Ok(None) };
    let others: Vec<&SealedRow> = rows.iter().filter(|row| row.sealed.key() != Some(current)).collect();
    let names: Vec<String> = others.iter().map(|row| row.id.to_string()).collect();
    // The code of a row covers its seals, so it is made again as well, unless the row was broken before.
    let bound = binder.table(table).is_some();
    let sound = if bound { binding::sound_among(conn, table, &names)? } else { Vec::new() };
    let mut sealed = 0;
    for row in others {
        // A seal that does not open stays as it is, and was logged. The others must not wait for it.
        let Ok(plain) = vault.open(column, row.id.uuid(), &row.sealed) else { continue };
        let anew = vault.seal(column, row.id.uuid(), &plain, random)?;
        // Somebody may have changed the row meanwhile. It is then sealed with the current key already.
        let update = sql_query(format!("UPDATE {table} SET {name} = $1 WHERE id = $2 AND {name} = $3"));
        on_backend!(conn, conn => update.bind::<Binary, _>(&anew).bind::<SqlUuid, _>(row.id).bind::<Binary, _>(&row.sealed).execute(conn))?;
        sealed += 1;
    }
    if bound {
        binding::renew_sound(conn, table, &sound)?;
    }
    Ok(Some(RotationStep { sealed, last }))
}
