//! The reading of a list of which some rows may be broken.

use crate::binding::carried::carried_by;
use crate::binding::readable::ReadableRow;
use crate::binding::row::{self, BoundRow};
use crate::db::DbConn;
use crate::error::Result;

/// Returns the first `most` rows of a list that are as the program wrote them. `load` loads as many rows of the list as it is asked
/// for, from the first on. The others are left out, and logged and counted.
pub fn filled<T: BoundRow>(
    conn: &mut DbConn,
    most: i64,
    load: impl Fn(&mut DbConn, i64) -> Result<Vec<ReadableRow<T>>>,
) -> Result<Vec<T>> {
    let wanted = usize::try_from(most).unwrap_or(usize::MAX);
    let vault = carried_by(conn)?.vault;
    let mut asked = most;
    loop {
        let rows = load(conn, asked)?;
        let found = rows.len();
        let readable: Vec<T> = rows.into_iter().filter_map(|row| row.0).collect();
        let unreadable = found - readable.len();
        let (mut sound, changed): (Vec<T>, Vec<T>) = readable.into_iter().partition(|row| row::is_genuine(row, &vault));
        if sound.len() == found {
            return Ok(sound);
        }
        let is_end = i64::try_from(found).is_ok_and(|found| found < asked);
        if is_end || sound.len() >= wanted {
            changed.iter().for_each(|row| row::report_broken(T::TABLE, &row.name(), &vault));
            if unreadable > 0 {
                (0..unreadable).for_each(|_| vault.count_broken_row());
                tracing::error!(table = T::TABLE, rows = unreadable, "rows cannot be read; they are not shown");
            }
            sound.truncate(wanted);
            return Ok(sound);
        }
        asked = asked.saturating_mul(2);
    }
}
