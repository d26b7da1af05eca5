//! The ways in which people join and leave families, and the member of staff who makes such a change.

use uuid::Uuid;

use crate::audit::{AuditAction, AuditedCall, Entry};
use crate::auth::{CaseScope, OfStaff, Staff};
use crate::context::Context;
use crate::db::{DbConn, dialect, stale};
use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::families::store::{self, FamilyEvent};
use crate::families::{FamilyEventKind, MOST_MEMBERS, guests};
use crate::http::call::Call;
use crate::id::{FamilyId, PersonId, StaffId};
use crate::moment::Moment;
use crate::people::{belonging, store as people_store};
use crate::rules::Rules;

/// The member of staff who makes a call about people and families, with the time of the call and what the audit records about it.
#[derive(Clone)]
pub struct ActingStaff {
    /// The people and families that the member of staff may change. A stated reason for access does not extend this scope.
    pub sight: CaseScope,
    pub staff_id: StaffId,
    pub moment: Moment,
    call: AuditedCall,
}

impl ActingStaff {
    pub fn of(ctx: &Context<impl OfStaff>) -> Self {
        Self::new(ctx.staff(), &ctx.directory, &ctx.call)
    }

    pub fn new(staff: &Staff, directory: &Directory, call: &Call) -> Self {
        Self {
            sight: staff.own_sight(directory),
            staff_id: staff.id,
            moment: call.moment.clone(),
            call: AuditedCall::new(call, staff.actor()),
        }
    }

    /// Makes an audit record of an action by this member of staff on the resources `ids`, on behalf of the member's office if
    /// there is only one.
    pub fn entry(&self, action: AuditAction, ids: Vec<Uuid>) -> Entry {
        self.call.entry(action, ids).on_behalf_of(self.sight.only_office())
    }

    /// Makes an event for the history of families, with this member of staff and the time of the call: the person moves from one
    /// family to another, or one family is merged into another.
    pub fn event(
        &self,
        kind: FamilyEventKind,
        person_id: Option<PersonId>,
        from: Option<FamilyId>,
        to: Option<FamilyId>,
    ) -> FamilyEvent {
        FamilyEvent {
            id: self.moment.id(),
            kind,
            person_id,
            from_family_id: from,
            to_family_id: to,
            reason: None,
            staff_id: self.staff_id,
            at: self.moment.now,
        }
    }

    /// Checks that people can join the family: the member of staff may know of it, and it was not merged into another one.
    /// Otherwise fails with a problem at the JSON pointer `pointer`.
    pub fn check_can_be_joined(&self, conn: &mut DbConn, family: FamilyId, pointer: &str) -> Result<()> {
        let mut rules = Rules::default();
        let found = rules.known(pointer, family.uuid(), if_known(store::find(conn, &self.sight, family))?);
        let goes_on = found.as_ref().is_none_or(|found| found.family.merged_into.is_none());
        let merged = Text::new("was merged into another family", "har gått upp i en annan familj");
        rules.require(goes_on, pointer, merged);
        rules.finish(Some(()))
    }

    /// Checks, after people have joined a family, that at most [`MOST_MEMBERS`] people are in it, guests included. Otherwise fails with a problem at
    /// the JSON pointer `pointer`. The family's row stays locked from the change of its members on, so that of two people who
    /// join at the same moment neither is overlooked.
    pub fn check_size(conn: &mut DbConn, family: FamilyId, pointer: &str) -> Result<()> {
        if belonging::of_family(conn, family)?.len() <= MOST_MEMBERS {
            return Ok(());
        }
        let too_many = Text::new(
            format!("would make a family of more than {MOST_MEMBERS}"),
            format!("skulle ge en familj med fler än {MOST_MEMBERS}"),
        );
        Err(Error::invalid_at(pointer, too_many))
    }

    /// Moves people into a family and out of it, and adds that to the history. `joining` has the index of each person in the list
    /// `memberIds` of the request. Somebody who joins must be known to the member of staff, and be in no family that the member
    /// of staff may know of. Fails as stale if somebody in `leaving` is no longer in the family.
    pub fn change_members(
        &self,
        conn: &mut DbConn,
        family: FamilyId,
        joining: &[(usize, PersonId)],
        leaving: &[PersonId],
    ) -> Result<()> {
        if joining.is_empty() && leaving.is_empty() {
            return Ok(());
        }
        let moving: Vec<PersonId> = joining.iter().map(|(_, id)| *id).chain(leaving.iter().copied()).collect();
        dialect::take_people(conn, &moving)?;
        self.check_can_join(conn, joining)?;
        let families = belonging::families_of(conn, &moving)?;
        let of = |id: &PersonId| families.get(id).map(Vec::as_slice).unwrap_or_default();
        let mut events = Vec::new();
        for (_, id) in joining {
            belonging::put(conn, *id, of(id), &belonging::moved(of(id), &[], Some(family)))?;
            events.push(self.event(FamilyEventKind::Moved, Some(*id), None, Some(family)));
        }
        let still_known = people_store::known_among(conn, &self.sight, leaving)?;
        for id in leaving {
            // A member who was there a moment ago, and whom the writer can no longer find, has changed meanwhile.
            if !of(id).contains(&family) || !still_known.contains(id) {
                return Err(stale());
            }
            belonging::put(conn, *id, of(id), &belonging::moved(of(id), &[family], None))?;
            events.push(self.event(FamilyEventKind::Moved, Some(*id), Some(family), None));
        }
        store::remember(conn, &events)?;
        store::members_changed(conn, family)?;
        Self::check_size(conn, family, "/memberIds")
    }

    fn check_can_join(&self, conn: &mut DbConn, joining: &[(usize, PersonId)]) -> Result<()> {
        let ids: Vec<PersonId> = joining.iter().map(|(_, id)| *id).collect();
        let known = people_store::known_among(conn, &self.sight, &ids)?;
        let seen = guests::seen(conn, &self.sight, &ids)?;
        let mut rules = Rules::default();
        for (index, id) in joining {
            let pointer = format!("/memberIds/{index}");
            if rules.known(&pointer, id.uuid(), known.contains(id).then_some(())).is_none() {
                continue;
            }
            let elsewhere = Text::new(
                "belongs to another family: move the person instead",
                "tillhör en annan familj: flytta personen i stället",
            );
            rules.require(seen.get(id).is_none_or(Vec::is_empty), pointer, elsewhere);
        }
        rules.finish(Some(()))
    }
}

/// Turns the error "not found" into `None`. All other errors stay errors.
pub fn if_known<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.problem() == Problem::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn nothing_is_found_where_nothing_is_and_not_where_nobody_could_look() {
        let failed = |problem| if_known::<()>(Err(Error::new(problem)));
        assert_eq!(failed(Problem::NotFound).unwrap(), None);
        assert_eq!(failed(Problem::Unavailable).unwrap_err().problem(), Problem::Unavailable);
    }
}
