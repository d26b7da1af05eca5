//! The HTTP layer: everything that the operations share and that does not depend on the domain.

pub mod answer;
pub mod body;
pub mod call;
pub mod client;
pub mod crowd;
pub mod documented;
pub mod envelope;
pub mod fallback;
pub mod idempotency;
pub mod language;
pub mod limits;
pub mod link;
pub mod merge_patch;
pub mod mount;
mod noted;
pub mod operations;
pub mod page;
pub mod parameters;
pub mod path;
pub mod problem;
pub mod query;
pub mod settings;
pub mod trace;
mod unread;
mod withheld;
pub mod written;
