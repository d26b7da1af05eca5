//! The agency's side of a referral: what it has sent, what it does with it, and what kind of agency it is.

pub mod sender;
pub mod sender_category;
pub mod sent;
pub mod writing;
