//! The change of a family's facts and members, made in one transaction.

use crate::db::{DbConn, dialect};
use crate::error::Result;
use crate::families::membership::ActingStaff;
use crate::families::store::{self, SealedFamily};
use crate::families::{Family, NewFamily};
use crate::id::PersonId;
use crate::vault::Vault;

/// A change of a family, prepared for its transaction: the next version of the family, and the people who join and leave.
pub struct FamilyChange {
    by: ActingStaff,
    family: SealedFamily,
    /// The people who join the family, each with the index in the list `memberIds` of the request, at which a problem is
    /// reported.
    joining: Vec<(usize, PersonId)>,
    leaving: Vec<PersonId>,
}

impl FamilyChange {
    /// Prepares a change. `next` is the family's next version, `new` the content that the caller wrote, and `before` the members
    /// that the caller saw. Those of `before` that `new` does not name leave the family.
    pub fn new(next: &Family, new: &NewFamily, before: &[PersonId], by: ActingStaff, vault: &Vault) -> Result<Self> {
        let joining = new.member_ids.iter().copied().enumerate().filter(|(_, id)| !before.contains(id)).collect();
        let leaving = before.iter().copied().filter(|id| !new.member_ids.contains(id)).collect();
        Ok(Self { family: SealedFamily::new(next, vault, &by.moment.random)?, by, joining, leaving })
    }

    /// Stores the family's next version and moves the members. Fails as stale if the family was changed or a leaving member left
    /// meanwhile.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let id = self.family.id;
        // People are locked before families, as in all transactions, so that no two wait for each other.
        let moving: Vec<PersonId> = self.joining.iter().map(|(_, id)| *id).chain(self.leaving.clone()).collect();
        dialect::take_people(conn, &moving)?;
        store::update(conn, &self.family)?;
        self.by.change_members(conn, id, &self.joining, &self.leaving)?;
        store::hide_district(conn, id)
    }
}
