//! CaseScope: which cases a member of staff may know of.

use crate::audit::AccessReason;
use crate::id::{OfficeId, StaffId};

/// The cases that a member of staff may know of. Lists, single reads, searches, counts and everything below a case are filtered
/// by it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseScope {
    /// The offices whose cases the caller sees.
    pub offices: Vec<OfficeId>,
    /// The member of staff whose own referrals are visible as well, whichever office has them.
    pub made_by: Option<StaffId>,
    /// Whether the caller sees cases about persons with a protected identity.
    pub protected_identity: bool,
    /// The reason for seeing the cases of other offices, for the audit.
    pub reason: Option<AccessReason>,
}

impl CaseScope {
    /// The sight of a caller who repeats a call and only gets back what the call itself said. A caller who reported that an
    /// identity is protected no longer finds the case, but must be able to learn that the report was received.
    pub fn of_own_words(&self, say_protected: bool) -> Self {
        Self { protected_identity: self.protected_identity || say_protected, ..self.clone() }
    }

    /// The caller's only office, on whose behalf the caller acts. `None` with several offices, since nobody knows which one the
    /// caller works for at the moment.
    pub fn only_office(&self) -> Option<OfficeId> {
        match self.offices.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The office on whose behalf a caller reads who may have asked for one office. It is the asked office if its cases are in
    /// sight, since naming an office does not let anybody act for it; else the caller's only office.
    pub fn office_of(&self, asked: Option<OfficeId>) -> Option<OfficeId> {
        asked.filter(|office| self.offices.contains(office)).or_else(|| self.only_office())
    }
}
