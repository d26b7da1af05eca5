//! Contacts as they arrive, one or a hundred at once: judged by what only the database knows, each alone, and written with as few
//! statements as one of them would need.
//!
//! - A contact that is there already is the same contact if its worker sends the same content.
//! - Whoever is named must be there, as far as the worker may know. Naming somebody by the identifier gives the worker's office
//!   reason to know of them, as registering them does.
//! - What was read of people and families holds until the transaction ends, so that the first contact is the first also where two
//!   arrive at the same moment.

use std::collections::{HashMap, HashSet};

use diesel::Connection;
use diesel::prelude::*;

use crate::auth::Sight;
use crate::db::schema::{families, family_offices, people, staff_offices};
use crate::db::{DbConn, dialect};
use crate::error::{Error, Problem, Result};
use crate::families::reached::{self, Fact, FirstReached, FirstReachedThrough};
use crate::id::{FamilyId, OfficeId, OutreachContactId, PersonId, ResourceId, StaffId};
use crate::on_backend;
use crate::outreach::codes::ContactOutcome;
use crate::outreach::follow_ups::store::{self as follow_up_store, SealedFollowUp};
use crate::outreach::reports::Report;
use crate::outreach::store::{self, SealedContact};
use crate::outreach::{NewContact, OutreachContact};
use crate::people::ProtectedIdentity;
use crate::rules::Rules;
use crate::time::Random;
use crate::vault::Vault;

/// A contact that arrives, sealed, with what it names.
#[derive(Clone)]
pub struct Arrival {
    /// The contact; its family, and whether it is protected, are found when it is judged.
    pub contact: SealedContact,
    /// Whom and what it names.
    pub names: Names,
    /// The promise that was written down with it.
    pub follow_up: Option<SealedFollowUp>,
    /// The concern report that it makes.
    pub report: Option<Report>,
    /// Whether the client made its identifier, so that it may be there already.
    pub may_be_there: bool,
}

/// Whom and what a contact names, each to be judged.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// People, each with the place in the list.
    pub people: Vec<(usize, PersonId)>,
    /// The family.
    pub family: Option<FamilyId>,
    /// The contact that it goes on from.
    pub previous: Option<OutreachContactId>,
    /// Who shall follow it up, at which office.
    pub owner: Option<(StaffId, OfficeId)>,
    /// What stood there before, which nobody has to know anew.
    pub known_before: Option<Box<Names>>,
}

/// A contact that has arrived.
#[derive(Clone)]
pub struct Arrived {
    /// As it is stored.
    pub contact: SealedContact,
    /// Whether its family was newly reached by it, if there is a family.
    pub newly_reached: Option<bool>,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// What was found out about the names of a contact.
#[derive(Debug, Clone)]
pub struct Found {
    /// The family that was met.
    pub family: Option<FamilyId>,
    /// All families that were reached by it: that one, and those of the people whom it names.
    pub families: Vec<FamilyId>,
    /// Whether somebody is named whose identity is protected.
    pub protected: bool,
}

impl Names {
    /// Whom and what this contact names.
    pub fn of(new: &NewContact, owner: Option<(StaffId, OfficeId)>) -> Self {
        Self {
            people: new.people().collect(),
            family: new.family_id,
            previous: new.previous_contact_id,
            owner,
            known_before: None,
        }
    }

    fn is_known_before(&self, is_known: impl FnOnce(&Self) -> bool) -> bool {
        self.known_before.as_ref().is_some_and(|before| is_known(before))
    }
}

impl Arrival {
    /// Seals a contact that arrives.
    pub fn new(
        contact: &OutreachContact,
        follow_up: Option<SealedFollowUp>,
        may_be_there: bool,
        vault: &Vault,
        random: &Random,
    ) -> Result<Self> {
        let owner = follow_up.as_ref().map(|promise| (promise.owner_id, promise.office_id));
        let owner = owner.filter(|(owner, _)| *owner != contact.worker_id);
        let names = Names::of(&contact.record.written, owner);
        Ok(Self { contact: SealedContact::new(contact, vault, random)?, names, follow_up, report: None, may_be_there })
    }
}

/// Receives contacts, each judged alone. What fails for no fault of its content fails for all.
pub fn receive(conn: &mut DbConn, sight: &Sight, arrivals: &[Arrival]) -> Result<Vec<Result<Arrived>>> {
    let asked: Vec<OutreachContactId> =
        arrivals.iter().filter(|arrival| arrival.may_be_there).map(|arrival| arrival.contact.id).collect();
    let mut there: HashMap<OutreachContactId, SealedContact> =
        store::there(conn, &asked)?.into_iter().map(|contact| (contact.id, contact)).collect();
    let names: Vec<&Names> = arrivals.iter().map(|arrival| &arrival.names).collect();
    let known = Known::load(conn, sight, &names)?;
    let mut new = Vec::new();
    let mut outcomes = Vec::new();
    for arrival in arrivals {
        let outcome = match there.get(&arrival.contact.id) {
            Some(contact) => again(contact, arrival, sight).map(|contact| (contact, false)),
            None => known.judge(sight, &arrival.names).map(|found| {
                let contact =
                    SealedContact { family_id: found.family, protected: found.protected, ..arrival.contact.clone() };
                let contact = contact.hidden_as_needed();
                there.insert(contact.id, contact.clone());
                new.push((arrival, contact.clone(), found));
                (contact, true)
            }),
        };
        outcomes.push(outcome);
    }
    write(conn, &new)?;
    let families: Vec<FamilyId> = outcomes
        .iter()
        .flatten()
        .filter_map(|(contact, _)| contact.family_id)
        .collect::<HashSet<_>>()
        .into_iter()
        .collect();
    let first = reached::first(conn, &families, sight.protected_identity)?;
    let arrived = |(contact, is_new): (SealedContact, bool)| {
        let newly_reached = contact.family_id.map(|family| is_first(&contact, first.get(&family)));
        Arrived { contact, newly_reached, is_new }
    };
    Ok(outcomes.into_iter().map(|outcome| outcome.map(arrived)).collect())
}

/// Receives contacts so that none stands in another one's way: together, and if that fails, each by itself.
pub fn receive_apart(conn: &mut DbConn, sight: &Sight, arrivals: &[Arrival]) -> Result<Vec<Result<Arrived>>> {
    let together = conn.transaction(|conn| receive(conn, sight, arrivals));
    if together.is_ok() || arrivals.len() == 1 {
        return together;
    }
    let alone = |arrival: &Arrival| {
        let one = std::slice::from_ref(arrival);
        let mut outcome = conn.transaction(|conn| receive(conn, sight, one));
        if matches!(&outcome, Err(error) if error.problem() == Problem::AlreadyExists) {
            // The same contact arrived in this moment, and is there now.
            outcome = conn.transaction(|conn| receive(conn, sight, one));
        }
        match outcome {
            Ok(mut outcomes) => Ok(outcomes.pop().unwrap_or_else(|| Err(Error::internal("a contact came to nothing")))),
            // Without the database nothing of the batch is there, which all of it must be told.
            Err(error) if error.problem() == Problem::Unavailable => Err(error),
            Err(error) => Ok(Err(error)),
        }
    };
    arrivals.iter().map(alone).collect()
}

/// Whether a family was first reached by this contact.
pub fn is_first(contact: &SealedContact, first: Option<&FirstReached>) -> bool {
    first.is_some_and(|first| first.source.uuid() == contact.id.uuid())
}

/// The same contact, if it is.
fn again(there: &SealedContact, arrival: &Arrival, sight: &Sight) -> Result<SealedContact> {
    let is_same = there.fingerprint == arrival.contact.fingerprint && there.worker_id == arrival.contact.worker_id;
    match is_same && there.may_be_known_to(sight) {
        true => Ok(there.clone()),
        false => Err(Error::new(Problem::IdReused)),
    }
}

fn write(conn: &mut DbConn, new: &[(&Arrival, SealedContact, Found)]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let contacts: Vec<SealedContact> = new.iter().map(|(_, contact, _)| contact.clone()).collect();
    let of_contact = |(arrival, contact, _): &(&Arrival, SealedContact, Found)| {
        arrival.names.people.iter().map(|(_, person)| (*person, contact.id)).collect::<Vec<_>>()
    };
    store::insert(conn, &contacts, &new.iter().flat_map(of_contact).collect::<Vec<_>>())?;
    let follow_ups: Vec<SealedFollowUp> = new
        .iter()
        .filter_map(|(arrival, contact, found)| {
            let promise = arrival.follow_up.clone()?;
            Some(SealedFollowUp { family_id: found.family, protected: contact.protected, ..promise })
        })
        .collect();
    follow_up_store::insert(conn, &follow_ups)?;
    let met_people = new
        .iter()
        .flat_map(|(arrival, contact, _)| arrival.names.people.iter().map(|(_, person)| (*person, contact.office_id)));
    let met_families =
        new.iter().flat_map(|(_, contact, found)| found.families.iter().map(|family| (*family, contact.office_id)));
    dialect::note_met_people(conn, &distinct(met_people))?;
    dialect::note_met_families(conn, &distinct(met_families))?;
    for report in new.iter().filter_map(|(arrival, ..)| arrival.report.as_ref()) {
        report.write(conn)?;
    }
    let facts: Vec<Fact> = new.iter().flat_map(|(_, contact, found)| facts(contact, &found.families)).collect();
    reached::arrived(conn, &facts)
}

/// By what a contact reached these families.
fn facts(contact: &SealedContact, families: &[FamilyId]) -> Vec<Fact> {
    if contact.outcome != ContactOutcome::Reached || contact.in_error {
        return Vec::new();
    }
    let source = ResourceId::from_uuid(contact.id.uuid());
    let reached = FirstReached { at: contact.occurred_at, source, through: FirstReachedThrough::Outreach };
    families.iter().map(|family| Fact { family: *family, reached, protected: contact.protected }).collect()
}

fn distinct<A: Ord + Copy, B: Ord + Copy>(pairs: impl Iterator<Item = (A, B)>) -> Vec<(A, B)> {
    let mut pairs: Vec<(A, B)> = pairs.collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// What the database knows of all that some contacts name.
pub struct Known {
    people: HashMap<PersonId, (Option<FamilyId>, ProtectedIdentity)>,
    /// Each family with the one that goes on in its place, which may be itself.
    families: HashMap<FamilyId, FamilyId>,
    met: HashSet<FamilyId>,
    hidden: HashSet<FamilyId>,
    contacts: HashSet<OutreachContactId>,
    colleagues: HashSet<(StaffId, OfficeId)>,
}

impl Known {
    /// Reads what is known of all that is named, and holds it until the transaction ends.
    pub fn load(conn: &mut DbConn, sight: &Sight, names: &[&Names]) -> Result<Self> {
        let people = people_of(conn, &all(names, |names| names.people.iter().map(|(_, person)| *person).collect()))?;
        let stated = all(names, |names| names.family.into_iter().collect());
        let mut of_people: Vec<FamilyId> = people.values().filter_map(|(family, _)| *family).collect();
        of_people.extend(&stated);
        of_people.sort_unstable();
        of_people.dedup();
        let families = families_of(conn, &of_people)?;
        let mut going_on: Vec<FamilyId> = families.values().copied().collect();
        going_on.sort_unstable();
        going_on.dedup();
        Ok(Self {
            met: met_by(conn, &sight.offices, &stated)?,
            hidden: hidden_among(conn, &going_on)?,
            people,
            families,
            contacts: contacts_of(conn, sight, &all(names, |names| names.previous.into_iter().collect()))?,
            colleagues: colleagues_of(conn, &all(names, |names| names.owner.into_iter().collect()))?,
        })
    }

    /// The family that somebody belongs to who is named.
    pub fn family_of(&self, person: PersonId) -> Option<FamilyId> {
        let (family, _) = self.people.get(&person)?;
        family.and_then(|family| self.families.get(&family).copied())
    }

    /// Judges whether all that a contact names is there, as far as somebody with this sight may know.
    pub fn judge(&self, sight: &Sight, names: &Names) -> Result<Found> {
        let mut rules = Rules::default();
        let mut of_people = Vec::new();
        let mut protected = false;
        for (index, id) in &names.people {
            let stood_there = names.is_known_before(|before| before.people.iter().any(|(_, person)| person == id));
            let may_be_known =
                |person: &&(_, ProtectedIdentity)| stood_there || sight.protected_identity || !person.1.is_protected();
            let found = self.people.get(id).filter(may_be_known);
            if let Some((family, protection)) = rules.known(format!("/participants/{index}/personId"), id.uuid(), found)
            {
                of_people.extend(family.and_then(|family| self.families.get(&family).copied()));
                protected |= protection.is_protected();
            }
        }
        of_people.sort_unstable();
        of_people.dedup();
        let stated = names.family.and_then(|stated| {
            let stood_there = names.is_known_before(|before| before.family == Some(stated));
            let goes_on = self.families.get(&stated).copied();
            let may_be_known = |family: &FamilyId| {
                let is_met = self.met.contains(&stated) || of_people.contains(family);
                stood_there || (is_met && (sight.protected_identity || !self.hidden.contains(family)))
            };
            rules.known("/familyId", stated.uuid(), goes_on.filter(may_be_known))
        });
        if let Some(previous) = names.previous {
            let stood_there = names.is_known_before(|before| before.previous == Some(previous));
            let found = (stood_there || self.contacts.contains(&previous)).then_some(());
            rules.known("/previousContactId", previous.uuid(), found);
        }
        if let Some(owner) = names.owner {
            rules.known("/followUp/ownerId", owner.0.uuid(), self.colleagues.contains(&owner).then_some(()));
        }
        let of_all = match of_people.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let family = stated.or(of_all);
        protected |= family.is_some_and(|family| self.hidden.contains(&family));
        let mut families = of_people;
        families.extend(stated.filter(|family| !families.contains(family)));
        rules.finish(Some(Found { family, families, protected }))
    }
}

fn all<T: Ord>(names: &[&Names], of: impl Fn(&Names) -> Vec<T>) -> Vec<T> {
    let mut all: Vec<T> = names.iter().flat_map(|names| of(names)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn people_of(conn: &mut DbConn, ids: &[PersonId]) -> Result<HashMap<PersonId, (Option<FamilyId>, ProtectedIdentity)>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    dialect::hold_people(conn, ids)?;
    let rows: Vec<(PersonId, Option<FamilyId>, ProtectedIdentity)> = on_backend!(conn, conn => people::table
        .filter(people::id.eq_any(ids.to_vec()))
        .select((people::id, people::family_id, people::protection))
        .load(conn))?;
    Ok(rows.into_iter().map(|(id, family, protection)| (id, (family, protection))).collect())
}

/// Each family with the one that goes on in its place. Who sends a family's identifier from the field cannot know that it was merged.
fn families_of(conn: &mut DbConn, ids: &[FamilyId]) -> Result<HashMap<FamilyId, FamilyId>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    dialect::hold_families(conn, ids)?;
    let rows: Vec<(FamilyId, Option<FamilyId>)> = on_backend!(&mut *conn, conn => families::table
        .filter(families::id.eq_any(ids.to_vec()))
        .select((families::id, families::merged_into))
        .load(conn))?;
    let elsewhere: Vec<FamilyId> = rows.iter().filter_map(|(_, into)| *into).collect();
    // The one that goes on may itself have been merged, until it was held.
    let further = families_of(conn, &elsewhere)?;
    let goes_on = |into: FamilyId| further.get(&into).copied().unwrap_or(into);
    Ok(rows.into_iter().map(|(id, into)| (id, into.map_or(id, goes_on))).collect())
}

fn met_by(conn: &mut DbConn, offices: &[OfficeId], ids: &[FamilyId]) -> Result<HashSet<FamilyId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let met = family_offices::table
        .filter(family_offices::family_id.eq_any(ids.to_vec()))
        .filter(family_offices::office_id.eq_any(offices.to_vec()))
        .select(family_offices::family_id);
    let met: Vec<FamilyId> = on_backend!(conn, conn => met.load(conn))?;
    Ok(met.into_iter().collect())
}

/// Families of which nobody is left whom everybody may know of.
fn hidden_among(conn: &mut DbConn, ids: &[FamilyId]) -> Result<HashSet<FamilyId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let members = people::table
        .filter(people::family_id.eq_any(ids.to_vec()))
        .select((people::family_id.assume_not_null(), people::protection));
    let members: Vec<(FamilyId, ProtectedIdentity)> = on_backend!(conn, conn => members.load(conn))?;
    let somebody: HashSet<FamilyId> =
        members.iter().filter(|(_, protection)| !protection.is_protected()).map(|(family, _)| *family).collect();
    Ok(members.into_iter().map(|(family, _)| family).filter(|family| !somebody.contains(family)).collect())
}

fn contacts_of(conn: &mut DbConn, sight: &Sight, ids: &[OutreachContactId]) -> Result<HashSet<OutreachContactId>> {
    let there = store::there(conn, ids)?;
    Ok(there.into_iter().filter(|contact| contact.may_be_known_to(sight)).map(|contact| contact.id).collect())
}

fn colleagues_of(conn: &mut DbConn, owners: &[(StaffId, OfficeId)]) -> Result<HashSet<(StaffId, OfficeId)>> {
    if owners.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<StaffId> = owners.iter().map(|(owner, _)| *owner).collect();
    let rows = staff_offices::table
        .filter(staff_offices::staff_id.eq_any(ids))
        .select((staff_offices::staff_id, staff_offices::office_id));
    let rows: Vec<(StaffId, OfficeId)> = on_backend!(conn, conn => rows.load(conn))?;
    Ok(rows.into_iter().collect())
}
