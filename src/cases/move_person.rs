//! The transaction that moves a person to another family, or out of any family.

use crate::db::DbConn;
use crate::error::{Error, Result, Text};
use crate::families::membership::ActingStaff;
use crate::families::store::FamilyEvent;
use crate::families::{self, FamilyEventKind};
use crate::id::{FamilyId, PersonId};
use crate::people::store::{self, SealedPerson};
use crate::vault::{self, ConfidentialProse, Vault};

/// A move of a person between families, ready to be written. Its reason is sealed (encrypted).
pub struct MovePerson {
    by: ActingStaff,
    person: PersonId,
    /// The version of the person by which the move was judged.
    version: i32,
    from: Option<FamilyId>,
    to: Option<FamilyId>,
    event: FamilyEvent,
}

impl MovePerson {
    /// Makes the move of the person `before` to the family `to`, or out of any family if `to` is `None`, and seals its reason.
    pub fn new(
        before: &SealedPerson,
        to: Option<FamilyId>,
        reason: &ConfidentialProse,
        by: ActingStaff,
        vault: &Vault,
    ) -> Result<Self> {
        let (person, version, from) = (before.id, before.version, before.family_id);
        let mut event = by.event(FamilyEventKind::Moved, Some(person), from, to);
        let (row, random) = (event.id.uuid(), &by.moment.random);
        event.reason = Some(vault.seal_json(vault::FAMILY_EVENT_REASON, row, reason.reveal(), random)?);
        Ok(Self { by, person, version, from, to, event })
    }

    /// Stores the move. Fails as stale if the person was changed since it was read, and as invalid if the person is in the
    /// family already, or the family cannot be joined or would become too large.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        if let Some(family) = self.to {
            self.by.check_can_be_joined(conn, family, "/familyId")?;
        }
        if self.from == self.to {
            let there = Text::new("is where the person is already", "är där personen redan är");
            return Err(Error::invalid_at("/familyId", there));
        }
        store::place(conn, self.person, self.version, self.to, self.by.moment.now)?;
        families::store::remember(conn, std::slice::from_ref(&self.event))?;
        for family in [self.from, self.to].into_iter().flatten() {
            families::store::members_changed(conn, family)?;
        }
        self.to.map_or(Ok(()), |family| ActingStaff::check_size(conn, family, "/familyId"))
    }
}
