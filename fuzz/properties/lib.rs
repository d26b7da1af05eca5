//! The properties, once for all targets.

#[path = "mod.rs"]
pub mod properties;
