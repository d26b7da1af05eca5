//! Rows of lists that may not be readable: somebody may have written a code into a column that the program does not know.

use diesel::deserialize;

use crate::binding::carried::carried_by;
use crate::binding::row::BoundRow;
use crate::db::DbConn;
use crate::error::Result;

/// A row as it was read, or nothing if the program cannot read it.
pub struct ReadableRow<T>(Option<T>);

impl<T> ReadableRow<T> {
    pub fn new(read: deserialize::Result<T>) -> Self {
        Self(read.ok())
    }
}

/// Returns the first `most` readable rows of a list. `load` loads as many rows of the list as it is asked for, from the first on. The
/// rows that cannot be read are left out, and logged and counted.
pub fn filled<T: BoundRow>(
    conn: &mut DbConn,
    most: i64,
    load: impl Fn(&mut DbConn, i64) -> Result<Vec<ReadableRow<T>>>,
) -> Result<Vec<T>> {
    let wanted = usize::try_from(most).unwrap_or(usize::MAX);
    let mut asked = most;
    loop {
        let rows = load(conn, asked)?;
        let found = rows.len();
        let mut readable: Vec<T> = rows.into_iter().filter_map(|row| row.0).collect();
        let unreadable = found - readable.len();
        if unreadable == 0 {
            return Ok(readable);
        }
        let is_end = i64::try_from(found).is_ok_and(|found| found < asked);
        if is_end || readable.len() >= wanted {
            let vault = carried_by(conn)?.vault;
            (0..unreadable).for_each(|_| vault.count_broken_row());
            tracing::error!(table = T::TABLE, rows = unreadable, "rows cannot be read; they are not shown");
            readable.truncate(wanted);
            return Ok(readable);
        }
        asked = asked.saturating_mul(2);
    }
}
