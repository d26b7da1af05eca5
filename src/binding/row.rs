//! A bound row, and the check of its code where it is opened.

use crate::binding::bytes::{RowBytes, RowCode};
use crate::error::{Error, Result};
use crate::vault::Vault;

/// A row of a bound table as the program reads and writes it.
pub trait BoundRow {
    /// The name of the row's table in the database.
    const TABLE: &'static str;
    /// Whether rows of the table stay for ever, so that audit records name them and a missing one is noticed.
    const IS_KEPT: bool = true;

    /// The identifier of the row in its table.
    fn name(&self) -> String;
    /// All columns of the row that decide something, and the heads of its seals.
    fn cells(&self) -> RowBytes;
    /// The code of the row. `None` if the database has none.
    fn code(&self) -> Option<&RowCode>;
    /// Gives the row another code.
    fn set_code(&mut self, code: RowCode);
    /// The version of the row, which never decreases.
    fn version(&self) -> i32;
}

/// Checks that a row is as the program wrote it. Otherwise logs and counts the row, and fails. A row that was made in memory and
/// was not written yet passes.
pub fn check(row: &impl BoundRow, vault: &Vault) -> Result<()> {
    is_genuine(row, vault).then_some(()).ok_or_else(|| broken(row, vault))
}

/// Whether a row is as the program wrote it, or was made in memory and was not written yet.
pub(super) fn is_genuine<R: BoundRow>(row: &R, vault: &Vault) -> bool {
    row.code().is_some_and(|code| code.is_fresh() || code.is_of(R::TABLE, &row.cells(), vault))
}

fn broken<R: BoundRow>(row: &R, vault: &Vault) -> Error {
    report_broken(R::TABLE, &row.name(), vault);
    Error::internal(format!("a row of {} is not as it was written", R::TABLE))
}

pub(super) fn report_broken(table: &str, row: &str, vault: &Vault) {
    vault.count_broken_row();
    tracing::error!(table, row, "a row is not as the program wrote it; it is not shown");
}

/// Opens the rows of a list with `open`, and leaves out each that is broken, so that one broken row does not hide the others. It was
/// logged and counted where it did not open: by [`check`] if its code is wrong, by the vault if a seal does not open.
pub fn sound<R, T>(rows: impl IntoIterator<Item = R>, open: impl FnMut(R) -> Result<T>) -> Vec<T> {
    rows.into_iter().map(open).filter_map(Result::ok).collect()
}
