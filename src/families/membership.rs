//! Joining and leaving families, and what is written down of it.

use uuid::Uuid;

use crate::audit::client::Client;
use crate::audit::{Actor, Entry};
use crate::auth::{Sight, Staff};
use crate::db::{DbConn, stale};
use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::families::store::{self, FamilyEvent};
use crate::families::{FamilyEventKind, MOST_MEMBERS};
use crate::http::call::Call;
use crate::id::{FamilyId, PersonId, StaffId};
use crate::moment::Moment;
use crate::people::store as people_store;
use crate::rules::Rules;

/// Who reads or changes people and families, when, and from where.
#[derive(Clone)]
pub struct By {
    /// Whom they may change, and so know of.
    pub sight: Sight,
    /// Who they are.
    pub staff_id: StaffId,
    /// When it is.
    pub moment: Moment,
    client: Client,
    trace: String,
}

impl By {
    /// Somebody who calls.
    pub fn new(staff: &Staff, directory: &Directory, call: &Call) -> Self {
        Self {
            sight: staff.own_sight(directory),
            staff_id: staff.id,
            moment: call.moment.clone(),
            client: Client::of(call),
            trace: call.trace.id(),
        }
    }

    /// What the audit remembers of it.
    pub fn entry(&self, action: &'static str, resource_type: &'static str, ids: Vec<Uuid>) -> Entry {
        Entry::new(&self.moment, Actor::Staff(self.staff_id), action, resource_type, ids, self.trace.clone())
            .on_behalf_of(self.sight.only_office())
            .from_client(self.client)
    }

    /// A record of somebody who changes from one family to another, or of one family that is merged into another.
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

    /// A family that somebody may be put into; what is wrong with it is told at `pointer`.
    pub fn check_can_be_joined(&self, conn: &mut DbConn, family: FamilyId, pointer: &str) -> Result<()> {
        let mut rules = Rules::default();
        let found = rules.known(pointer, family.uuid(), if_known(store::find(conn, &self.sight, family))?);
        let goes_on = found.as_ref().is_none_or(|found| found.family.merged_into.is_none());
        let merged = Text::new("was merged into another family", "har gått upp i en annan familj");
        rules.require(goes_on, pointer, merged);
        rules.finish(Some(()))
    }

    /// Whether what was found with the sight `read_by` is also the caller's to change: a reason opens reading only. `known` tells which of
    /// it a sight knows.
    pub fn may_change<T>(
        &self,
        conn: &mut DbConn,
        read_by: &Sight,
        known: impl FnOnce(&mut DbConn, &Sight) -> Result<Vec<T>>,
    ) -> Result<bool> {
        Ok(*read_by == self.sight || !known(conn, &self.sight)?.is_empty())
    }

    /// A family whose members have just changed, and whose row is held since, so that of two who join at once neither is overlooked: it
    /// must not have become too large, which is told at `pointer`.
    pub fn check_size(conn: &mut DbConn, family: FamilyId, pointer: &str) -> Result<()> {
        if people_store::of_family(conn, family)?.len() <= MOST_MEMBERS {
            return Ok(());
        }
        let too_many = Text::new(
            format!("would make a family of more than {MOST_MEMBERS}"),
            format!("skulle ge en familj med fler än {MOST_MEMBERS}"),
        );
        Err(Error::invalid_at(pointer, too_many))
    }

    /// Changes who belongs to a family. Whoever joins, by the place in the body's list, must be somebody whom the writer may know
    /// of, and in no other family.
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
        let mut rules = Rules::default();
        let mut found = Vec::new();
        for (index, id) in joining {
            let pointer = format!("/memberIds/{index}");
            let person = if_known(people_store::find(conn, &self.sight, *id))?;
            let Some(person) = rules.known(&pointer, id.uuid(), person) else { continue };
            let elsewhere = Text::new(
                "belongs to another family: move the person instead",
                "tillhör en annan familj: flytta personen i stället",
            );
            rules.require(person.family_id.is_none(), pointer, elsewhere);
            found.push(person);
        }
        rules.finish(Some(()))?;
        let mut events = Vec::new();
        for person in found {
            people_store::place(conn, person.id, person.version, Some(family), self.moment.now)?;
            events.push(self.event(FamilyEventKind::Moved, Some(person.id), None, Some(family)));
        }
        for id in leaving {
            // Who was there a moment ago, and is no more as far as the writer may know, has changed meanwhile.
            let person = if_known(people_store::find(conn, &self.sight, *id))?.ok_or_else(stale)?;
            if person.family_id != Some(family) {
                return Err(stale());
            }
            people_store::place(conn, person.id, person.version, None, self.moment.now)?;
            events.push(self.event(FamilyEventKind::Moved, Some(person.id), Some(family), None));
        }
        store::remember(conn, &events)?;
        store::members_changed(conn, family)?;
        Self::check_size(conn, family, "/memberIds")
    }
}

/// What was found, or `None` where there is nothing as far as the one who looks may know.
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
