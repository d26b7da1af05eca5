//! The transaction that changes a family and its members.

use crate::db::DbConn;
use crate::error::Result;
use crate::families::membership::ActingStaff;
use crate::families::store::{self, SealedFamily};
use crate::families::{Family, NewFamily};
use crate::id::PersonId;
use crate::vault::Vault;

/// The next version of a family that is to be stored, with the members who join and leave.
pub struct FamilyChange {
    by: ActingStaff,
    family: SealedFamily,
    /// The people who join, each with the place in the body's list.
    joining: Vec<(usize, PersonId)>,
    leaving: Vec<PersonId>,
}

impl FamilyChange {
    /// Seals the next version of a family, as `new` by somebody who saw the members `before`.
    pub fn new(next: &Family, new: &NewFamily, before: &[PersonId], by: ActingStaff, vault: &Vault) -> Result<Self> {
        let joining = new.member_ids.iter().copied().enumerate().filter(|(_, id)| !before.contains(id)).collect();
        let leaving = before.iter().copied().filter(|id| !new.member_ids.contains(id)).collect();
        Ok(Self { family: SealedFamily::new(next, vault, &by.moment.random)?, by, joining, leaving })
    }

    /// Stores the change. Fails as stale if the family was changed meanwhile.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let id = self.family.id;
        store::update(conn, &self.family)?;
        self.by.change_members(conn, id, &self.joining, &self.leaving)?;
        store::hide_district(conn, id)
    }
}
