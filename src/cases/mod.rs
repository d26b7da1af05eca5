//! Transactions that span nouns, below the faces.

pub mod change_person;
pub mod move_person;
pub mod protect;
pub mod register_person;
