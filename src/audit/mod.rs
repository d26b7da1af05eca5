//! The audit: a record of every change and of every reading of personal data.
//!
//! - A change and its record commit in one transaction.
//! - No personal data leaves the server before the record of its reading is durable.
//! - An attempt to reach something that the caller may not know of leaves the same kind of record, with the outcome `denied`,
//!   whether the thing exists or not: see [`denials`].
//! - Records are append-only: the database itself refuses to change or remove one. Seals protect against somebody who gets past
//!   the database: see [`seal`] and [`verify`].
//! - A record names things by their identifiers alone, so that it may be read by people who may not read those things.
//!
//! Lag (2001:454) om behandling av personuppgifter inom socialtjänsten, 10 §, requires that every access is documented, and that
//! the records are checked for unauthorised access. So a record also has the office that the actor worked for, the reason for
//! access and the client.

pub mod actions;
mod actor;
mod attempt;
pub mod chain;
pub mod client;
pub mod denials;
mod entry;
mod reason;
pub mod record;
pub mod routes;
pub mod seal;
pub mod store;
pub mod verify;
mod views;

pub use actions::AuditAction;
pub use actor::Actor;
pub use attempt::{AuditAttempt, AuditedCall};
pub use entry::{AuditOutcome, Entry, record};
pub use reason::AccessReason;
