//! Transactions that span nouns, below the faces.

pub mod adoption;
pub mod change_person;
pub mod complete_follow_up;
pub mod correct_contact;
pub mod correct_referral;
pub mod intake;
pub mod move_person;
pub mod protect;
pub mod register_person;
pub mod take_step;
