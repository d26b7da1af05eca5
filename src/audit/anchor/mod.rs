//! The anchor: a small file outside the database, in which a server notes the head of the audit's chain.
//!
//! Somebody who can write the database can remove the end of the chain, or all of it, or put an older copy of everything in its
//! place. The chain alone then looks whole. The anchor shows it, as long as the same person cannot write the anchor too.
//!
//! - Each server has its own anchor. It is written at least once a minute while the chain grows, and when the server stops.
//! - It is read when the server starts and by `nara audit verify`: see [`comparison`]. A start on a chain that is shorter than the
//!   anchor, or another one, is refused: see [`opening`].
//! - The making of an anchor is an audit record, `audit.anchor_made`. So it is noticed when an anchor is missing later.
//! - Each line has a keyed code: see [`lines`]. The file is only added to, but for the removal of old lines: see [`file`].

pub mod comparison;
pub mod file;
pub mod key;
pub mod lines;
pub mod opening;
pub mod place;
