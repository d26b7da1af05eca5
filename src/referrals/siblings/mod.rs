//! Siblings of the child: reports of their own, and what one report does to the others.

pub mod copies;
pub mod hiding;
