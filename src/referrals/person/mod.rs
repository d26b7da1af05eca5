//! The person that a referral is about, where somebody who is registered here is meant.

pub mod of_person;
pub mod whom;

use crate::id::PersonId;
use crate::people::protected_identity::ProtectedIdentity;

/// A registered person and the person's protection. A referral is routed by both.
pub type RegisteredPerson = (PersonId, ProtectedIdentity);
