//! The person that a referral is about, where somebody who is registered here is meant.

pub mod adoption;
pub mod of_person;
pub mod whom;

use crate::id::PersonId;
use crate::people::protected_identity::ProtectedIdentity;

/// A person, and how the person's identity is protected: what a referral is routed by.
pub type Known = (PersonId, ProtectedIdentity);
