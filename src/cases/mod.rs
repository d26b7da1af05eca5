//! Transactions that write several nouns of the domain at once, such as a person with the referrals about the person. They know
//! nothing of HTTP routes.

pub mod adoption;
pub mod change_person;
pub mod complete_follow_up;
pub mod correct_contact;
pub mod correct_referral;
pub mod further_report;
pub mod intake;
pub mod move_person;
pub mod protect;
pub mod register_person;
pub mod take_step;
