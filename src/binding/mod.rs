//! The binding of rows: a keyed code in each row shows that the program wrote the row as it is.
//!
//! - A seal shows that its content is genuine, but not that the readable columns beside it are, and an older seal of the same row
//!   opens as well. Whoever can write the database could show a protected person to everybody, or give a referral to another office.
//! - So each bound row has a column `code`: a keyed hash over the name of its table, all columns that decide something, and the
//!   heads of its seals. The key is derived from the vault's oldest data key, so a code stays valid when the sealing key is changed.
//! - A code is checked where a row is opened. A row whose code is wrong is left out of lists, and is an error where it is read
//!   alone. It is always logged and counted, and a verification of the audit reports it.
//! - A whole older row has a right code. Therefore the audit record of a write names the place that the row has then reached in its
//!   course: its version, and the number of changes since that made no version. A verification reports a row that is behind the
//!   place that a sealed record names, or is gone.
//! - A connection that writes bound rows carries a [`Binder`], which has the key. A statement that changes some columns only is
//!   wrapped in [`changing`], which checks the rows before and renews their codes afterwards.

mod bytes;
mod carried;
mod changing;
mod filled;
mod link;
mod readable;
mod row;
mod table;

pub use bytes::{BoundCell, RowBytes, RowCode};
pub use carried::{Binder, RowPlace, WrittenRows, carried_by, carry, take_written};
pub use changing::{changing, coded, renew_sound, sound_among};
pub use filled::filled;
pub use readable::ReadableRow;
pub use row::{BoundRow, check, sound};
pub use table::{BoundTable, StoredRow};
