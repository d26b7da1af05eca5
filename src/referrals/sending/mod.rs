//! The partner agency's side of a referral: the referrals that it has sent, its actions on them, and its category.

pub mod open_reports;
pub mod sender;
pub mod sender_category;
pub mod sent;
pub mod writing;
