//! The directory: the areas, districts, offices and services of the municipality, with its calendar and its law.
//!
//! The directory is small, is read by nearly every request and is written rarely. So all of it is kept in memory:
//!
//! - A [`Directory`] is a snapshot of the whole directory and never changes. A request that holds a snapshot sees one
//!   state of the directory until it ends.
//! - The directory is written only through [`crate::context::directory_writing`] and by [`import`]. Both measure the
//!   ground as the change will leave it before the transaction, on a thread of its own ([`measuring`]), and make the next
//!   snapshot inside the transaction. If another write has changed the districts meanwhile, nothing is stored and the
//!   ground is measured again. A request that writes the directory sees its own change.
//! - Other servers on the same database notice a newer version within about a second ([`Handle::refresh`]).
//! - An empty database gives an empty directory. The program starts and has nothing to show until a directory is
//!   imported.

pub mod coverage;
pub mod documents;
mod geography;
pub mod geometry;
mod handle;
pub mod import;
pub mod known;
pub mod locator;
pub mod measuring;
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
