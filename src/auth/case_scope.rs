//! The scope that limits the cases which a member of staff may know of.

use crate::audit::AccessReason;
use crate::id::{OfficeId, StaffId};

/// The cases that a member of staff may know of: those of some offices, and those that they made. Lists, single reads, searches,
/// counts and everything that belongs to a case are filtered by it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseScope {
    /// The offices whose cases the person may see.
    pub offices: Vec<OfficeId>,
    /// The person's own identifier, if they may also see the referrals that they made, whichever office has them.
    pub made_by: Option<StaffId>,
    /// Whether the person may see cases about persons with a protected identity.
    pub protected_identity: bool,
    /// The reason that the person stated for seeing the cases of other offices. It is for the audit.
    pub reason: Option<AccessReason>,
}

impl CaseScope {
    /// Returns the scope for a caller who repeats a call and gets back only what that call itself said. With `say_protected`, cases
    /// with a protected identity are in it: a caller who reported that an identity is protected no longer finds the case, but must
    /// be able to learn that the report was received.
    pub fn of_own_words(&self, say_protected: bool) -> Self {
        Self { protected_identity: self.protected_identity || say_protected, ..self.clone() }
    }

    /// Returns the scope's only office, on whose behalf the person then acts. `None` with several offices, since nobody knows which
    /// one the person works for at the moment.
    pub fn only_office(&self) -> Option<OfficeId> {
        match self.offices.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// Returns the office on whose behalf a person reads a list that they may have limited to the office `asked`. It is that office
    /// if its cases are in this scope, since naming an office does not let anybody act for it; else the scope's only office.
    pub fn office_of(&self, asked: Option<OfficeId>) -> Option<OfficeId> {
        asked.filter(|office| self.offices.contains(office)).or_else(|| self.only_office())
    }
}
