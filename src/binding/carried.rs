//! The key and the list of written rows that a database connection carries.
//!
//! Diesel lets a connection carry an instrumentation, which is told of each transaction that begins and ends. That is the place for
//! both: the key is there where a statement is run, and the list is right however a transaction and its savepoints end.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use diesel::Connection;
use diesel::connection::{Instrumentation, InstrumentationEvent, get_default_instrumentation};

use crate::binding::table::BoundTable;
use crate::db::DbConn;
use crate::error::{Error, Result};
use crate::vault::Vault;

/// The vault whose key binds rows, and all bound tables.
#[derive(Clone)]
pub struct Binder {
    pub vault: Vault,
    pub tables: &'static [&'static dyn BoundTable],
}

impl Binder {
    /// The bound table with this name. `None` if the table is not bound.
    pub fn table(&self, name: &str) -> Option<&'static dyn BoundTable> {
        self.tables.iter().copied().find(|table| table.name() == name)
    }
}

/// The place that a row has reached in its course: its version, and the number of changes since that made no version.
pub type RowPlace = (i32, u32);

/// The rows that a transaction has written, by table and identifier, each with the place that it has reached.
pub type WrittenRows = BTreeMap<&'static str, BTreeMap<String, RowPlace>>;

struct CarriedBinder {
    binder: Binder,
    /// The rows that the open transaction has written and that no audit record names yet.
    written: Vec<(&'static str, String, RowPlace)>,
    /// The length of `written` when the transaction began, and when each savepoint in it did.
    marks: Vec<usize>,
    /// The instrumentation that this process gives each connection, which a connection could not carry beside this one.
    of_process: Option<Box<dyn Instrumentation>>,
}

impl Instrumentation for CarriedBinder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match &event {
            InstrumentationEvent::BeginTransaction { depth, .. } => {
                let outer = outer(*depth);
                if outer == 0 {
                    self.written.clear();
                }
                self.marks.truncate(outer);
                self.marks.push(self.written.len());
            }
            InstrumentationEvent::RollbackTransaction { depth, .. } => {
                let mark = self.marks.get(outer(*depth));
                self.written.truncate(mark.copied().unwrap_or(0));
            }
            _ => {}
        }
        if let Some(of_process) = &mut self.of_process {
            of_process.on_connection_event(event);
        }
    }
}

/// The number of transactions and savepoints around the one of this depth.
fn outer(depth: NonZeroU32) -> usize {
    usize::try_from(depth.get() - 1).unwrap_or(usize::MAX)
}

/// Makes the connection carry the key that binds rows.
pub fn carry(conn: &mut DbConn, binder: Binder) {
    let of_process = get_default_instrumentation();
    conn.set_instrumentation(CarriedBinder { binder, written: Vec::new(), marks: Vec::new(), of_process });
}

fn carried(conn: &mut DbConn) -> Option<&mut CarriedBinder> {
    conn.instrumentation().downcast_mut::<CarriedBinder>()
}

/// The binder that the connection carries. Fails if it carries none: then it must not read or write bound rows.
pub fn carried_by(conn: &mut DbConn) -> Result<Binder> {
    let carried = carried(conn).map(|carried| carried.binder.clone());
    carried.ok_or_else(|| Error::internal("the connection carries no key that binds rows"))
}

/// Notes that the open transaction has written a row, for its next audit record.
pub(super) fn note_written(conn: &mut DbConn, table: &'static str, row: String, place: RowPlace) {
    if let Some(carried) = carried(conn) {
        carried.written.push((table, row, place));
    }
}

/// Takes the rows that the open transaction has written and that no audit record names yet. `None` if there are none.
pub fn take_written(conn: &mut DbConn) -> Option<WrittenRows> {
    let written = std::mem::take(&mut carried(conn)?.written);
    let mut rows = WrittenRows::new();
    for (table, row, place) in written {
        let reached = rows.entry(table).or_default().entry(row).or_insert(place);
        *reached = place.max(*reached);
    }
    (!rows.is_empty()).then_some(rows)
}
