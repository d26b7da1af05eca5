//! Sight: which cases a member of staff may know of.

use crate::audit::AccessReason;
use crate::id::{OfficeId, StaffId};

/// Which cases a member of staff may know of. List, single, search, count and whatever hangs below a case go through it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The offices whose cases they see.
    pub offices: Vec<OfficeId>,
    /// Whose own makings they see besides.
    pub made_by: Option<StaffId>,
    /// Whether cases about persons with a protected identity exist for them.
    pub protected_identity: bool,
    /// Why they see more than their own offices' cases, for the audit.
    pub reason: Option<AccessReason>,
}

impl Sight {
    /// What somebody sees who only asks again for the answer to what they have said themselves. Who said that an identity is protected finds
    /// it no more, but must be able to learn that it was received.
    pub fn of_own_words(&self, say_protected: bool) -> Self {
        Self { protected_identity: self.protected_identity || say_protected, ..self.clone() }
    }

    /// On whose behalf somebody acts: their only office. Of several, nobody knows which they work for just now.
    pub fn only_office(&self) -> Option<OfficeId> {
        match self.offices.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// On whose behalf somebody looks who may have asked for one office: that one as far as it is within sight, since nobody acts
    /// for an office by naming it.
    pub fn office_of(&self, asked: Option<OfficeId>) -> Option<OfficeId> {
        asked.filter(|office| self.offices.contains(office)).or_else(|| self.only_office())
    }
}
