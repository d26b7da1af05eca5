//! The bytes of a row that its code covers, and the code itself.

use std::fmt;

use chrono::NaiveDate;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;
use serde_json::Value;
use uuid::Uuid;

use crate::id::Id;
use crate::time::Timestamp;
use crate::vault::{Sealed, Vault};

/// The columns of a row as bytes: equal for equal rows, and different for different ones. Each column is written with its length,
/// and an absent one otherwise than an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowBytes(Vec<u8>);

impl RowBytes {
    /// Adds a column.
    #[must_use]
    pub fn with(mut self, cell: &impl BoundCell) -> Self {
        cell.add_to(&mut self);
        self
    }

    /// Adds a column that holds a code or a text.
    #[must_use]
    pub fn with_text(mut self, text: impl AsRef<str>) -> Self {
        self.add(text.as_ref().as_bytes());
        self
    }

    /// Adds a column that may hold a code or a text.
    #[must_use]
    pub fn with_text_if_any(mut self, text: Option<impl AsRef<str>>) -> Self {
        match text {
            Some(text) => self.add(text.as_ref().as_bytes()),
            None => self.0.push(0),
        }
        self
    }

    /// Adds a column that holds a JSON document. PostgreSQL stores a document in another spelling than it was given, so the fields
    /// are sorted and the spaces left out. A text that is no JSON is added as it is.
    #[must_use]
    pub fn with_json(mut self, text: &str) -> Self {
        // The program's documents are lists without objects of unknown order: `serde_json` sorts the fields of an object.
        let spelled = serde_json::from_str::<Value>(text).map(|value| value.to_string());
        self.add(spelled.as_deref().unwrap_or(text).as_bytes());
        self
    }

    fn add(&mut self, content: &[u8]) {
        self.0.push(1);
        self.0.extend_from_slice(&u64::try_from(content.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.extend_from_slice(content);
    }
}

/// A value of a column that a row's code covers.
pub trait BoundCell {
    /// Adds the value to the bytes of its row.
    fn add_to(&self, row: &mut RowBytes);
}

macro_rules! cells {
    ($($cell:ty: |$value:ident| $bytes:expr;)*) => { $(
        impl BoundCell for $cell {
            fn add_to(&self, row: &mut RowBytes) {
                let $value = self;
                row.add($bytes);
            }
        }
    )* };
}

cells! {
    bool: |value| &[u8::from(*value)];
    i32: |value| &value.to_be_bytes();
    Timestamp: |value| &value.micros().to_be_bytes();
    NaiveDate: |value| value.to_string().as_bytes();
    Uuid: |value| value.as_bytes();
    String: |value| value.as_bytes();
    Vec<u8>: |value| value;
    Sealed: |value| value.head();
}

impl<Kind> BoundCell for Id<Kind> {
    fn add_to(&self, row: &mut RowBytes) {
        self.uuid().add_to(row);
    }
}

impl<T: BoundCell> BoundCell for Option<T> {
    fn add_to(&self, row: &mut RowBytes) {
        match self {
            Some(value) => value.add_to(row),
            None => row.0.push(0),
        }
    }
}

/// The code of a row: four bytes with the number of changes of the row since its version was made, and the keyed hash of the row.
#[derive(Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct RowCode(Vec<u8>);

const HASH_AT: usize = 4;

impl RowCode {
    /// The code of a row that was made in memory. It gets its code when it is written.
    pub const fn fresh() -> Self {
        Self(Vec::new())
    }

    /// Makes the code of a row of the table `table`. `changes` is the number of changes since the row's version was made.
    pub fn new(table: &str, changes: u32, row: &RowBytes, vault: &Vault) -> Self {
        let changes = changes.to_be_bytes();
        let hash = vault.row_code(&[table.as_bytes(), &[0], &changes, &row.0]);
        Self([&changes[..], &hash].concat())
    }

    /// Whether the row was made in memory and not written yet.
    pub fn is_fresh(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is the code of the row with these columns.
    pub fn is_of(&self, table: &str, row: &RowBytes, vault: &Vault) -> bool {
        *self == Self::new(table, self.changes(), row, vault)
    }

    /// The code as the database stores it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The number of changes of the row since its version was made.
    pub fn changes(&self) -> u32 {
        self.0.first_chunk::<HASH_AT>().map_or(0, |changes| u32::from_be_bytes(*changes))
    }
}

impl<DB: Backend> ToSql<Binary, DB> for RowCode
where
    Vec<u8>: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<Binary, DB> for RowCode
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
        // An empty code in the database is no row made in memory: it must not pass for one.
        Vec::from_sql(raw).map(|code: Vec<u8>| Self(if code.is_empty() { vec![0] } else { code }))
    }
}

impl fmt::Debug for RowCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[code]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Random;
    use crate::vault::VaultKeys;

    #[test]
    fn a_value_cannot_move_from_one_column_to_the_next() {
        let row = |cells: [&str; 2]| cells.iter().fold(RowBytes::default(), |row, cell| row.with_text(cell));
        assert_ne!(row(["ab", "c"]), row(["a", "bc"]));
        assert_ne!(RowBytes::default().with(&None::<i32>), RowBytes::default().with(&String::new()));
        assert_ne!(RowBytes::default().with_text_if_any(None::<&str>), RowBytes::default().with_text(""));
    }

    #[test]
    fn a_document_is_the_same_in_each_spelling() {
        let row = |text| RowBytes::default().with_json(text);
        assert_eq!(row(r#"{"b": 1, "a": [true]}"#), row(r#"{"a":[true],"b":1}"#));
        assert_ne!(row(r#"{"b":1}"#), row(r#"{"b":2}"#));
    }

    #[test]
    fn a_code_is_of_one_row_of_one_table_and_counts_its_changes() {
        let vault = Vault::new(VaultKeys::new(&Random::system()));
        let (row, other) = (RowBytes::default().with(&7), RowBytes::default().with(&8));
        let code = RowCode::new("people", 3, &row, &vault);
        assert!(code.is_of("people", &row, &vault) && code.changes() == 3);
        assert!(!code.is_of("people", &other, &vault) && !code.is_of("families", &row, &vault));
        let forged = RowCode([&4_u32.to_be_bytes()[..], &code.0[HASH_AT..]].concat());
        assert!(!forged.is_of("people", &row, &vault));
        let another = Vault::new(VaultKeys::new(&Random::system()));
        assert!(!code.is_of("people", &row, &another));
    }
}
