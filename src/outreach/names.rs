//! Names in a contact: whom and what it names, and what was found out about them.

use crate::id::{FamilyId, OfficeId, OutreachContactId, PersonId, StaffId};
use crate::outreach::NewContact;

/// The people, family, earlier contact and colleague that a contact names, each to be judged.
#[derive(Debug, Clone, Default)]
pub struct NamedParties {
    /// The people, each with the place in the list of participants.
    pub people: Vec<(usize, PersonId)>,
    pub family: Option<FamilyId>,
    /// The earlier contact that this one continues.
    pub previous: Option<OutreachContactId>,
    /// The colleague who shall follow the contact up, and the office of both.
    pub owner: Option<(StaffId, OfficeId)>,
    /// The names before a correction. The worker may repeat them without being allowed to know of them now.
    pub known_before: Option<Box<NamedParties>>,
}

/// The result of judging the names of a contact.
#[derive(Debug, Clone)]
pub struct JudgedParties {
    /// The family that was met.
    pub family: Option<FamilyId>,
    /// All families that the contact reached: the family that was met, and the families of the named people.
    pub families: Vec<FamilyId>,
    /// Whether somebody is named whose identity is protected.
    pub protected: bool,
}

impl NamedParties {
    /// Returns the names in a contact. `owner` is the colleague who shall follow it up.
    pub fn of(new: &NewContact, owner: Option<(StaffId, OfficeId)>) -> Self {
        Self {
            people: new.people().collect(),
            family: new.family_id,
            previous: new.previous_contact_id,
            owner,
            known_before: None,
        }
    }

    pub(super) fn is_known_before(&self, is_known: impl FnOnce(&Self) -> bool) -> bool {
        self.known_before.as_ref().is_some_and(|before| is_known(before))
    }
}
