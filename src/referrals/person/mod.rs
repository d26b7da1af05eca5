//! The registered person that the child of a referral is, if the child is registered.

pub mod of_person;
pub mod whom;

use crate::id::PersonId;
use crate::people::protected_identity::ProtectedIdentity;

/// The identifier of a registered person, and the protection of the person's identity, by which a referral is routed.
pub type RegisteredPerson = (PersonId, ProtectedIdentity);
