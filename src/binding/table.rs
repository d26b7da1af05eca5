//! A bound table, read without knowing the types of its columns: for the verification, and for codes that are made again.

use crate::binding::bytes::{RowBytes, RowCode};
use crate::binding::row::{BoundRow, report_broken};
use crate::db::DbConn;
use crate::error::Result;
use crate::vault::Vault;

/// A row of a bound table, as its code sees it.
#[derive(Debug, Clone)]
pub struct StoredRow {
    /// The identifier of the row in its table.
    pub name: String,
    /// The columns that the code covers. `None` if the program cannot read the row, so it cannot have written it.
    pub cells: Option<RowBytes>,
    pub code: Option<RowCode>,
    pub version: i32,
}

impl StoredRow {
    pub fn of(row: &impl BoundRow) -> Self {
        Self { name: row.name(), cells: Some(row.cells()), code: row.code().cloned(), version: row.version() }
    }

    /// The row `name`, which the program cannot read.
    pub fn unreadable(name: String) -> Self {
        Self { name, cells: None, code: None, version: 0 }
    }

    /// Whether the row is as the program wrote it.
    pub fn is_sound(&self, table: &dyn BoundTable, vault: &Vault) -> bool {
        let both = self.code.as_ref().zip(self.cells.as_ref());
        both.is_some_and(|(code, cells)| code.is_of(table.name(), cells, vault))
    }

    /// The place that the row has reached in its course.
    pub fn place(&self) -> (i32, u32) {
        (self.version, self.code.as_ref().map_or(0, RowCode::changes))
    }

    /// Whether the row is as the program wrote it. Otherwise it is logged and counted.
    pub(super) fn check(&self, table: &dyn BoundTable, vault: &Vault) -> bool {
        let sound = self.is_sound(table, vault);
        if !sound {
            report_broken(table.name(), &self.name, vault);
        }
        sound
    }
}

/// A table whose rows are bound.
pub trait BoundTable: Sync {
    /// The name of the table in the database.
    fn name(&self) -> &'static str;

    /// Reads the first `limit` rows after the row `after`, or from the first, in the order of their identifiers.
    fn after(&self, conn: &mut DbConn, after: Option<&str>, limit: i64) -> Result<Vec<StoredRow>>;

    /// Reads those of the rows `names` that exist, in any order.
    fn some(&self, conn: &mut DbConn, names: &[String]) -> Result<Vec<StoredRow>>;

    /// Writes the code of one row.
    fn write_code(&self, conn: &mut DbConn, name: &str, code: &RowCode) -> Result<()>;
}

/// Implements [`BoundRow`] for the row `$row` of the table `$table`. All its columns are named, by how they are written: a plain
/// value, a code or text, one that may be absent, or a JSON document.
#[macro_export]
macro_rules! bound_row {
    (
        $row:ident in $table:ident, version $version:expr,
        cells [$($cell:ident),* $(,)?],
        texts [$($text:ident),* $(,)?],
        texts_if_any [$($some:ident),* $(,)?],
        json [$($json:ident: $spelled:expr),* $(,)?]
    ) => {
        impl $crate::binding::BoundRow for $row {
            const TABLE: &'static str = stringify!($table);

            fn name(&self) -> String {
                self.id.to_string()
            }

            fn cells(&self) -> $crate::binding::RowBytes {
                let row = $crate::binding::RowBytes::default();
                $(let row = row.with(&self.$cell);)*
                $(let row = row.with_text(&self.$text);)*
                $(let row = row.with_text_if_any(self.$some.as_ref());)*
                $(let spelled: fn(&_) -> String = $spelled; let row = row.with_json(&spelled(&self.$json));)*
                row
            }

            fn code(&self) -> Option<&$crate::binding::RowCode> {
                self.code.as_ref()
            }

            fn set_code(&mut self, code: $crate::binding::RowCode) {
                self.code = Some(code);
            }

            fn version(&self) -> i32 {
                let version: fn(&Self) -> i32 = $version;
                version(self)
            }
        }
    };
}

/// Implements [`BoundTable`] by the type `$name` for the table `$table`, whose rows are `$row` with identifiers of the type `$id`.
#[macro_export]
macro_rules! bound_table {
    // Diesel would let another crate implement this for a database of its own, so each database is named.
    (@readable $row:ident in $table:ident on $database:ty) => {
        impl diesel::deserialize::FromSqlRow<$table::SqlType, $database> for $crate::binding::ReadableRow<$row> {
            fn build_from_row<'a>(row: &impl diesel::row::Row<'a, $database>) -> diesel::deserialize::Result<Self> {
                let read = <$row as diesel::deserialize::FromSqlRow<$table::SqlType, $database>>::build_from_row(row);
                Ok(Self::new(read))
            }
        }
    };
    ($(#[$doc:meta])* $name:ident: $row:ident in $table:ident by $id:ty) => {
        $(#[$doc])*
        pub struct $name;

        $crate::bound_table!(@readable $row in $table on diesel::pg::Pg);
        $crate::bound_table!(@readable $row in $table on diesel::sqlite::Sqlite);

        impl $crate::binding::BoundTable for $name {
            fn name(&self) -> &'static str {
                <$row as $crate::binding::BoundRow>::TABLE
            }

            fn after(
                &self,
                conn: &mut $crate::db::DbConn,
                after: Option<&str>,
                limit: i64,
            ) -> $crate::error::Result<Vec<$crate::binding::StoredRow>> {
                use std::collections::HashMap;
                let after: Option<$id> = after.and_then(|name| name.parse().ok());
                let ids: Vec<$id> = $crate::on_backend!(&mut *conn, conn => {
                    let mut ids = $table::table.select($table::id).order($table::id).limit(limit).into_boxed();
                    if let Some(after) = after {
                        ids = ids.filter($table::id.gt(after));
                    }
                    ids.load(conn)
                })?;
                let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let mut rows = self.some(conn, &names)?;
                // The database's own order, which the next page goes on from.
                let places: HashMap<&String, usize> = names.iter().zip(0..).collect();
                rows.sort_by_key(|row| places.get(&row.name).copied());
                Ok(rows)
            }

            fn some(
                &self,
                conn: &mut $crate::db::DbConn,
                names: &[String],
            ) -> $crate::error::Result<Vec<$crate::binding::StoredRow>> {
                use $crate::binding::StoredRow;
                let ids: Vec<$id> = names.iter().filter_map(|name| name.parse().ok()).collect();
                let named = $table::table.filter($table::id.eq_any(ids.clone()));
                let rows: QueryResult<Vec<$row>> = $crate::on_backend!(&mut *conn, conn => named.load(conn));
                match rows {
                    Ok(rows) => return Ok(rows.iter().map(StoredRow::of).collect()),
                    Err(diesel::result::Error::DeserializationError(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                // One unreadable row must not hide the others.
                let mut found = Vec::new();
                for id in ids {
                    let row = $table::table.find(id.clone());
                    let row: QueryResult<Option<$row>> = $crate::on_backend!(&mut *conn, conn => row.first(conn).optional());
                    match row {
                        Ok(row) => found.extend(row.as_ref().map(StoredRow::of)),
                        Err(diesel::result::Error::DeserializationError(_)) => {
                            found.push(StoredRow::unreadable(id.to_string()));
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok(found)
            }

            fn write_code(
                &self,
                conn: &mut $crate::db::DbConn,
                name: &str,
                code: &$crate::binding::RowCode,
            ) -> $crate::error::Result<()> {
                let Some(id) = name.parse::<$id>().ok() else { return Ok(()) };
                let row = $table::table.find(id);
                $crate::on_backend!(conn, conn => diesel::update(row).set($table::code.eq(code)).execute(conn))?;
                Ok(())
            }
        }
    };
}
