//! The directory: the areas, districts, offices and services of the municipality, with its calendar and its law.
//!
//! It is small, is read by nearly every request and is written rarely, so all of it is kept in memory:
//!
//! - A [`Directory`] is a snapshot and never changes. Whoever holds one sees one state, however long a request takes.
//! - [`changes`] has the one way to write. It makes the next snapshot inside the transaction that stores the change, so
//!   that a writer reads its own write, and what breaks a rule of the whole is stored nowhere.
//! - Other instances on the same database notice a newer version within a second ([`Handle::refresh`]).
//! - An empty database is an empty directory: the program starts, and answers emptily until something is imported.

pub mod changes;
pub mod coverage;
pub mod documents;
mod geography;
pub mod geometry;
mod handle;
pub mod import;
pub mod known;
pub mod locator;
mod places;
pub mod routes;
pub mod snapshot;
pub mod store;

pub use documents::{Documents, Municipality, OtherMunicipality};
pub use handle::Handle;
pub use known::Known;
pub use places::PostalCode;
pub use snapshot::{Directory, Parts};

#[cfg(test)]
mod tests;
