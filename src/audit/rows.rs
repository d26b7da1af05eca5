//! The part of a verification that goes through the bound rows of the database: see [`crate::binding`].
//!
//! - Each row must have its code. The rows are read page by page.
//! - A sealed record names the rows that its action wrote, with the place that each had then reached. The row must be there, and must
//!   not be behind that place: a whole older row that was put back has a right code, but is behind.
//! - The rows of an older database get their codes once, before any record names a row.

use std::collections::BTreeMap;

use crate::audit::actions;
use crate::audit::record::AuditRecord;
use crate::binding::{Binder, RowPlace, StoredRow};
use crate::db::DbConn;
use crate::error::Result;

/// The number of rows that one step of a verification reads.
const ROWS: i64 = 500;
/// The longest identifier of a row that is told. The program's own ones are shorter.
const LONGEST_NAME: usize = 120;

/// A bound row with a flaw: its table and its identifier there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlawedRow {
    pub table: &'static str,
    pub row: String,
}

impl FlawedRow {
    fn new(table: &'static str, row: &str) -> Self {
        // Somebody who wrote the row by hand chose the identifier of an API key.
        Self { table, row: row.chars().take(LONGEST_NAME).collect() }
    }
}

/// The rows that sealed records name, gathered from some records, each with the furthest place that a record says it has reached.
#[derive(Default)]
pub struct NamedRows {
    rows: BTreeMap<String, BTreeMap<String, RowPlace>>,
    /// Whether any record so far has named a row: in this verification as a whole, not only in the gathered records.
    has_named: bool,
}

/// The rows that are not as the sealed records say.
#[derive(Default)]
pub struct RowFlaws {
    pub outdated: Vec<FlawedRow>,
    pub removed: Vec<FlawedRow>,
}

impl NamedRows {
    /// Takes the rows that a record names. Returns false if the record cannot be genuine: it says that the rows got their codes
    /// although they had them.
    pub fn gather(&mut self, record: &AuditRecord) -> bool {
        for (table, row, place) in record.left_rows() {
            self.has_named = true;
            let reached = self.rows.entry(table).or_default().entry(row).or_insert(place);
            *reached = place.max(*reached);
        }
        !(self.has_named && record.action == actions::ROWS_BOUND.code)
    }

    /// Compares the gathered rows with the database, and forgets them.
    pub fn compare(&mut self, conn: &mut DbConn, binder: &Binder) -> Result<RowFlaws> {
        let mut flaws = RowFlaws::default();
        for (table, named) in std::mem::take(&mut self.rows) {
            let Some(table) = binder.table(&table) else { continue };
            let names: Vec<String> = named.keys().cloned().collect();
            let mut there: BTreeMap<String, StoredRow> = BTreeMap::new();
            for some in names.chunks(usize::try_from(ROWS).unwrap_or(1)) {
                there.extend(table.some(conn, some)?.into_iter().map(|row| (row.name.clone(), row)));
            }
            for (name, place) in &named {
                match there.get(name) {
                    None => flaws.removed.push(FlawedRow::new(table.name(), name)),
                    // A row that cannot be read is found where the rows are checked.
                    Some(row) if row.cells.is_some() && row.place() < *place => {
                        flaws.outdated.push(FlawedRow::new(table.name(), name));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(flaws)
    }
}

/// The place that a verification has reached in the bound rows.
#[derive(Default)]
pub struct RowsWalk {
    table: usize,
    after: Option<String>,
}

impl RowsWalk {
    /// Checks the codes of the next rows. Returns those that are broken, or `None` if there are no more rows.
    pub fn step(&mut self, conn: &mut DbConn, binder: &Binder) -> Result<Option<Vec<FlawedRow>>> {
        let Some(table) = binder.tables.get(self.table) else { return Ok(None) };
        let rows = table.after(conn, self.after.as_deref(), ROWS)?;
        match rows.last() {
            Some(last) => self.after = Some(last.name.clone()),
            None => (self.table, self.after) = (self.table + 1, None),
        }
        let broken = rows.iter().filter(|row| !row.is_sound(*table, &binder.vault));
        Ok(Some(broken.map(|row| FlawedRow::new(table.name(), &row.name)).collect()))
    }
}
