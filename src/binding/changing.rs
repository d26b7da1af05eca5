//! The writing of bound rows: whole rows get their code, and statements that change some columns renew the codes.

use crate::binding::bytes::RowCode;
use crate::binding::carried::{self, Binder, carried_by};
use crate::binding::row::BoundRow;
use crate::binding::table::BoundTable;
use crate::db::DbConn;
use crate::error::{Error, Result};

/// Returns the row with its code, ready to be written whole, and notes that it is written.
pub fn coded<R: BoundRow + Clone>(conn: &mut DbConn, row: &R) -> Result<R> {
    let vault = carried_by(conn)?.vault;
    let mut row = row.clone();
    row.set_code(RowCode::new(R::TABLE, 0, &row.cells(), &vault));
    if R::IS_KEPT {
        carried::note_written(conn, R::TABLE, row.name(), (row.version(), 0));
    }
    Ok(row)
}

/// Runs `change`, which changes some columns of the rows `ids` of the table `table`, and renews the codes of these rows. A row that
/// was broken before stays broken, so that no change makes a forged row genuine.
pub fn changing<T>(
    conn: &mut DbConn,
    table: &str,
    ids: &[impl ToString],
    change: impl FnOnce(&mut DbConn) -> Result<T>,
) -> Result<T> {
    if ids.is_empty() {
        return change(conn);
    }
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let sound = sound_among(conn, table, &names)?;
    let changed = change(conn)?;
    renew_sound(conn, table, &sound)?;
    Ok(changed)
}

/// Returns those of the rows that exist and are as the program wrote them. The others are logged and counted.
pub fn sound_among(conn: &mut DbConn, table: &str, names: &[String]) -> Result<Vec<String>> {
    let binder = carried_by(conn)?;
    let table = known(&binder, table)?;
    let mut sound = Vec::with_capacity(names.len());
    for some in names.chunks(AT_ONCE) {
        let rows = table.some(conn, some)?;
        sound.extend(rows.into_iter().filter(|row| row.check(table, &binder.vault)).map(|row| row.name));
    }
    Ok(sound)
}

/// Makes the codes of these rows again after some of their columns were changed. The rows must have been sound before the change:
/// see [`sound_among`].
pub fn renew_sound(conn: &mut DbConn, table: &str, sound: &[String]) -> Result<()> {
    let binder = carried_by(conn)?;
    let table = known(&binder, table)?;
    for some in sound.chunks(AT_ONCE) {
        for row in table.some(conn, some)? {
            // The change has left the row as it was. Somebody else may be writing it at this moment.
            if row.is_sound(table, &binder.vault) {
                continue;
            }
            let changes = row.code.as_ref().map_or(0, |code| code.changes().saturating_add(1));
            let Some(cells) = &row.cells else { continue };
            table.write_code(conn, &row.name, &RowCode::new(table.name(), changes, cells, &binder.vault))?;
            carried::note_written(conn, table.name(), row.name, (row.version, changes));
        }
    }
    Ok(())
}

/// The number of rows that one statement reads.
const AT_ONCE: usize = 500;

fn known(binder: &Binder, table: &str) -> Result<&'static dyn BoundTable> {
    binder.table(table).ok_or_else(|| Error::internal(format!("{table} is not bound")))
}
