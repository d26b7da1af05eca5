//! The parties that an outreach contact names (people, a family, an earlier contact and a colleague), and the result of looking
//! them up.

use crate::id::{FamilyId, OfficeId, OutreachContactId, PersonId, StaffId};
use crate::outreach::NewContact;

/// The people, family, earlier contact and colleague that a contact names, before it is judged whether they exist.
#[derive(Debug, Clone, Default)]
pub struct NamedParties {
    /// The registered people, each with its place in the contact's list of participants.
    pub people: Vec<(usize, PersonId)>,
    pub family: Option<FamilyId>,
    /// The earlier contact that the contact continues.
    pub previous: Option<OutreachContactId>,
    /// The colleague who is to own the contact's follow-up, and the office that the colleague must belong to.
    pub owner: Option<(StaffId, OfficeId)>,
    /// The parties that the contact named before this change. The worker may repeat them without being allowed to know of them now.
    pub known_before: Option<Box<NamedParties>>,
}

/// The result of judging the parties that a contact names, all of whom exist.
#[derive(Debug, Clone)]
pub struct JudgedParties {
    /// The family that was met: the one that is named, or else the only family of the named people.
    pub family: Option<FamilyId>,
    /// The families that the contact names or whose people it names, as far as the worker knows or comes to know of them.
    pub families: Vec<FamilyId>,
    /// Those of `families` that the contact names now and did not name before, itself or by their people. The worker's office
    /// comes to know of them.
    pub opened: Vec<FamilyId>,
    /// All families that the contact reaches: those that it names, and all families of the people whom it names, whether the
    /// worker may know of them or not. They are used for computing only.
    pub reached: Vec<FamilyId>,
    /// Whether a named person has a protected identity, or all members of the family that was met do.
    pub protected: bool,
}

impl NamedParties {
    /// Returns the parties that a contact names. `owner` is the colleague who is to own its follow-up, with the office.
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
