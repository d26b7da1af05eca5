//! The person that a referral is about, where somebody who is registered here is meant.

pub mod of_person;
pub mod whom;
