//! Transactions that span nouns, below the faces.

pub mod complete_follow_up;
pub mod correct_contact;
