//! Transactions that span nouns, below the faces.

pub mod adoption;
pub mod correct_referral;
pub mod intake;
pub mod take_step;
