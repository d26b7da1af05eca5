//! The audit: a record of every change and of every reading of personal data.
//!
//! - A change and its audit record commit in one transaction.
//! - Personal data is sent to a caller only once the record of its reading is durable.
//! - A request for something that does not exist or of which the caller may not know leaves a record with the outcome `denied`,
//!   the same in both cases. So does a call that the caller may not make. A call that is wrong, or that the state of things does not
//!   allow, leaves one with the outcome `refused`. Nobody waits for these records, and a flood of them is summed up: see
//!   [`denials`], [`floods`] and [`operations`].
//! - Records can only be added: the database itself refuses to change or remove one. Seals reveal changes by somebody who gets
//!   past the database: see [`seal`] and [`verify`]. Each record carries the proof that the program wrote it: see [`authorship`].
//! - A file outside the database reveals that the end of the audit, or all of it, was removed: see [`anchor`].
//! - A record names the things that it is about only by their identifiers, so that it may be read by people who may not read
//!   those things.
//!
//! Lag (2001:454) om behandling av personuppgifter inom socialtjänsten, 10 §, requires that every access is documented, and that
//! the records are checked for unauthorised access. So a record also has the office that the actor worked for, the reason for
//! access and the client.

pub mod actions;
mod actor;
mod adoption;
pub mod alarm;
pub mod anchor;
mod attempt;
pub mod authorship;
pub mod breaks;
pub mod chain;
pub mod client;
pub mod denials;
mod entry;
mod floods;
pub mod identity;
mod margin;
pub mod operations;
mod reason;
pub mod record;
pub mod routes;
pub mod rows;
pub mod seal;
pub mod store;
pub mod verify;
mod views;

pub use actions::AuditAction;
pub use actor::Actor;
pub use attempt::{AuditAttempt, AuditedCall};
pub use entry::{AuditOutcome, Entry, record};
pub use operations::AuditedOperation;
pub use reason::AccessReason;
