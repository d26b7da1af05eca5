//! The registered person that the child of a referral is, if the child is registered.

pub mod of_person;
pub mod whom;

use crate::id::PersonId;
use crate::people::protected_identity::ProtectedIdentity;

/// The identifier of a registered person, and the protection of the person's identity, by which a referral is routed.
pub type RegisteredPerson = (PersonId, ProtectedIdentity);

/// The registered person that a referral is linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonLink {
    /// The person, or `None` if the child is not registered.
    pub person: Option<RegisteredPerson>,
    /// Whether answers must not tell the link: see [`crate::referrals::Referral::linked_silently`].
    pub is_silent: bool,
}

impl PersonLink {
    /// Makes the link to a person, or to nobody, that answers may tell.
    pub fn told(person: Option<RegisteredPerson>) -> Self {
        Self { person, is_silent: false }
    }

    pub fn id(&self) -> Option<PersonId> {
        self.person.map(|(id, _)| id)
    }

    /// The protection of the person's identity, none if the child is not registered.
    pub fn protection(&self) -> ProtectedIdentity {
        self.person.map(|(_, protection)| protection).unwrap_or_default()
    }
}
