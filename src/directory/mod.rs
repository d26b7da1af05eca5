//! The directory: the areas, districts, offices and services of the municipality, with its calendar and its law.
//!
//! The directory is small, is read by nearly every request and is written rarely. So all of it is kept in memory:
//!
//! - A [`Directory`] is a snapshot and never changes. A request that holds a snapshot sees one state until it ends.
//! - [`crate::context::directory_writing`] has the only way to write the directory. It makes the next snapshot inside the
//!   transaction that stores the change. So a writer reads its own write, and a change that breaks a rule of the whole
//!   directory is not stored.
//! - Other instances on the same database notice a newer version within a second ([`Handle::refresh`]).
//! - An empty database gives an empty directory. The program starts and has nothing to show until something is imported.

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
pub use known::DirectoryContext;
pub use places::PostalCodePlace;
pub use snapshot::{Directory, DirectoryParts};

#[cfg(test)]
mod tests;
