//! Names in a contact: whom and what it names, and what was found out about them.

use crate::id::{FamilyId, OfficeId, OutreachContactId, PersonId, StaffId};
use crate::outreach::NewContact;

/// Whom and what a contact names, each to be judged.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// People, each with the place in the list.
    pub people: Vec<(usize, PersonId)>,
    /// The family.
    pub family: Option<FamilyId>,
    /// The contact that it goes on from.
    pub previous: Option<OutreachContactId>,
    /// Who shall follow it up, at which office.
    pub owner: Option<(StaffId, OfficeId)>,
    /// What stood there before, which nobody has to know anew.
    pub known_before: Option<Box<Names>>,
}

/// What was found out about the names of a contact.
#[derive(Debug, Clone)]
pub struct Found {
    /// The family that was met.
    pub family: Option<FamilyId>,
    /// All families that were reached by it: that one, and those of the people whom it names.
    pub families: Vec<FamilyId>,
    /// Whether somebody is named whose identity is protected.
    pub protected: bool,
}

impl Names {
    /// Whom and what this contact names.
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
