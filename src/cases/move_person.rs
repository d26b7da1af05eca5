//! The transaction that moves a person to another family, or out of any family.

use crate::db::{DbConn, dialect, stale};
use crate::error::{Error, Result, Text};
use crate::families::membership::ActingStaff;
use crate::families::store::FamilyEvent;
use crate::families::{self, FamilyEventKind, guests};
use crate::id::{FamilyId, PersonId};
use crate::people::{belonging, store};
use crate::vault::{self, ConfidentialProse, Vault};

/// A move of a person between families, ready to be written. Its reason is sealed (encrypted).
///
/// The person leaves all families that the member of staff may know of. In families that the member of staff may not know of,
/// nothing changes: if the person is a member of one of these, the person comes to the other family as a guest.
pub struct MovePerson {
    by: ActingStaff,
    person: PersonId,
    /// The version of the person by which the move was judged.
    version: i32,
    /// The person's families that the member of staff saw when the move was judged.
    seen: Vec<FamilyId>,
    to: Option<FamilyId>,
    /// The families that the person leaves.
    left: Vec<FamilyId>,
    /// An entry in the history for each family that the person leaves, or the only one about the family that the person joins.
    events: Vec<FamilyEvent>,
}

impl MovePerson {
    /// Makes the move of a person, given with the version, to the family `to`, or out of any family if `to` is `None`, and seals
    /// its reason. `seen` are the families of the person that the member of staff sees.
    pub fn new(
        (person, version): (PersonId, i32),
        seen: Vec<FamilyId>,
        to: Option<FamilyId>,
        reason: &ConfidentialProse,
        by: ActingStaff,
        vault: &Vault,
    ) -> Result<Self> {
        let left: Vec<FamilyId> = seen.iter().copied().filter(|family| to != Some(*family)).collect();
        let mut events = Vec::new();
        let from_each = left.iter().copied().map(Some);
        for from in from_each.chain(left.is_empty().then_some(None)) {
            let mut event = by.event(FamilyEventKind::Moved, Some(person), from, to);
            let (row, random) = (event.id.uuid(), &by.moment.random);
            event.reason = Some(vault.seal_json(vault::FAMILY_EVENT_REASON, row, reason.reveal(), random)?);
            events.push(event);
        }
        Ok(Self { by, person, version, seen, to, left, events })
    }

    /// Stores the move. Fails as stale if the person was changed or moved since it was read, and as invalid if the person is in
    /// the family already, or the family cannot be joined or would become too large.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        if let Some(family) = self.to {
            self.by.check_can_be_joined(conn, family, "/familyId")?;
        }
        if self.left.is_empty() && self.seen.first().copied() == self.to {
            let there = Text::new("is where the person is already", "är där personen redan är");
            return Err(Error::invalid_at("/familyId", there));
        }
        dialect::take_people(conn, &[self.person])?;
        let is_same = store::find(conn, &self.by.sight, self.person)?.version == self.version
            && guests::seen_of_one(conn, &self.by.sight, self.person)? == self.seen;
        if !is_same {
            return Err(stale());
        }
        let before = belonging::families_of_one(conn, self.person)?;
        belonging::put(conn, self.person, &before, &belonging::moved(&before, &self.left, self.to))?;
        families::store::remember(conn, &self.events)?;
        let mut changed: Vec<FamilyId> = self.left.iter().copied().chain(self.to).collect();
        changed.sort_unstable();
        for family in changed {
            families::store::members_changed(conn, family)?;
        }
        self.to.map_or(Ok(()), |family| ActingStaff::check_size(conn, family, "/familyId"))
    }
}
