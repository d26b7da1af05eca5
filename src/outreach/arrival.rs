//! Receives contacts that workers send, one or a hundred at once. Each is judged alone, by the rules that need the database, and
//! all are written with as few statements as one of them would need.
//!
//! - A contact whose identifier already exists is the same contact if the same worker sends the same content.
//! - Everybody who is named must exist, as far as the worker may know. Naming a person by identifier gives the worker's office a reason
//!   to know of the person and of the person's family, as long as the contact names the person and was not entered in error.
//! - The people and families that were read are locked until the transaction ends, so that only one of two contacts that arrive at
//!   the same moment can be the first to reach a family.

use std::collections::{HashMap, HashSet};

use diesel::Connection;

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::error::{Error, Problem, Result};
use crate::families;
use crate::families::reached::{self, Fact, FirstReached, FirstReachedThrough};
use crate::id::{FamilyId, OutreachContactId, ResourceId};
use crate::outreach::OutreachContact;
use crate::outreach::codes::ContactOutcome;
use crate::outreach::finding;
use crate::outreach::follow_ups::store::{self as follow_up_store, SealedFollowUp};
use crate::outreach::known::KnownParties;
use crate::outreach::names::{JudgedParties, NamedParties};
use crate::outreach::reports::Report;
use crate::outreach::store::{self, SealedContact};
use crate::people;
use crate::time::Random;
use crate::vault::Vault;

/// A contact that is checked and sealed but not yet written, with everything that it names and makes.
#[derive(Clone)]
pub struct ArrivingContact {
    /// The sealed contact. Its family, and whether it is protected, are found when it is judged.
    pub contact: SealedContact,
    pub names: NamedParties,
    /// The follow-up that was promised with the contact.
    pub follow_up: Option<SealedFollowUp>,
    /// The concern report that is made with an urgent contact.
    pub report: Option<Report>,
    /// Whether the client made the contact's identifier, so that the contact may already exist.
    pub may_be_there: bool,
}

/// A contact after it was received, whether it was created or existed already.
#[derive(Clone)]
pub struct ArrivedContact {
    /// The contact as it is stored.
    pub contact: SealedContact,
    /// Whether the contact's family was newly reached by this contact; `None` if the contact has no family.
    pub newly_reached: Option<bool>,
    /// Whether the contact was created by this call; `false` if it existed before.
    pub is_new: bool,
}

impl ArrivingContact {
    /// Seals a contact and collects the parties that it names, without a concern report. `may_be_there` tells whether the client
    /// made the contact's identifier.
    pub fn new(
        contact: &OutreachContact,
        follow_up: Option<SealedFollowUp>,
        may_be_there: bool,
        vault: &Vault,
        random: &Random,
    ) -> Result<Self> {
        let owner = follow_up.as_ref().map(|promise| (promise.owner_id, promise.office_id));
        let owner = owner.filter(|(owner, _)| *owner != contact.worker_id);
        let names = NamedParties::of(&contact.record.written, owner);
        let contact = SealedContact::new(contact, vault, random)?;
        Ok(Self { contact, names, follow_up, report: None, may_be_there })
    }

    fn says_protected(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.says_protected)
    }
}

/// Judges each of these contacts alone, and writes those that are new and pass. Returns the outcomes in the order of `arrivals`. A
/// failure that is not due to the content of one contact fails all.
pub fn receive(
    conn: &mut DbConn,
    sight: &CaseScope,
    arrivals: &[ArrivingContact],
) -> Result<Vec<Result<ArrivedContact>>> {
    let asked: Vec<OutreachContactId> =
        arrivals.iter().filter(|arrival| arrival.may_be_there).map(|arrival| arrival.contact.id).collect();
    let mut there: HashMap<OutreachContactId, SealedContact> =
        store::there(conn, &asked)?.into_iter().map(|contact| (contact.id, contact)).collect();
    let names: Vec<&NamedParties> = arrivals.iter().map(|arrival| &arrival.names).collect();
    let known = KnownParties::load(conn, sight, &names)?;
    let mut new = Vec::new();
    let mut outcomes = Vec::new();
    for arrival in arrivals {
        let outcome = match there.get(&arrival.contact.id) {
            Some(contact) => again(contact, arrival, sight).map(|contact| (contact, false)),
            None => known.judge(sight, &arrival.names).map(|found| {
                // The contact holds the same words as the report, so a protection stated in the report holds for the contact as well.
                let protected = found.protected || arrival.says_protected();
                let contact = SealedContact { family_id: found.family, protected, ..arrival.contact.clone() };
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
        let newly_reached = finding::newly_reached(&contact, &first);
        ArrivedContact { contact, newly_reached, is_new }
    };
    Ok(outcomes.into_iter().map(|outcome| outcome.map(arrived)).collect())
}

/// Judges and writes one contact, as [`receive`] does.
pub fn receive_one(conn: &mut DbConn, sight: &CaseScope, arrival: &ArrivingContact) -> Result<ArrivedContact> {
    let mut outcomes = receive(conn, sight, std::slice::from_ref(arrival))?;
    outcomes.pop().ok_or_else(|| Error::internal("a contact came to nothing"))?
}

/// Receives contacts so that none can hinder another: all in one transaction, and if that fails, each in a transaction of its own.
pub fn receive_apart(
    conn: &mut DbConn,
    sight: &CaseScope,
    arrivals: &[ArrivingContact],
) -> Result<Vec<Result<ArrivedContact>>> {
    let together = conn.transaction(|conn| receive(conn, sight, arrivals));
    if together.is_ok() || arrivals.len() == 1 {
        return together;
    }
    let alone = |arrival: &ArrivingContact| {
        let one = std::slice::from_ref(arrival);
        let mut outcome = conn.transaction(|conn| receive(conn, sight, one));
        if matches!(&outcome, Err(error) if error.problem() == Problem::AlreadyExists) {
            // The same contact arrived at this moment by another call, and exists now.
            outcome = conn.transaction(|conn| receive(conn, sight, one));
        }
        match outcome {
            Ok(mut outcomes) => Ok(outcomes.pop().unwrap_or_else(|| Err(Error::internal("a contact came to nothing")))),
            // Without the database nothing of the batch is stored, so the whole batch fails. If the child of a report became known at
            // this moment, the whole batch is read again.
            Err(error) if matches!(error.problem(), Problem::Unavailable | Problem::StaleVersion) => Err(error),
            Err(error) => Ok(Err(error)),
        }
    };
    arrivals.iter().map(alone).collect()
}

/// Returns the stored contact if the arriving one is the same: the same worker sent the same content. Otherwise fails, since the
/// identifier is in use. A worker who stated that the contact is about somebody protected gets the answer again, although only
/// cleared staff can find the contact from then on: a client that missed the answer could not know that the contact was received.
fn again(there: &SealedContact, arrival: &ArrivingContact, sight: &CaseScope) -> Result<SealedContact> {
    let is_same = there.fingerprint == arrival.contact.fingerprint && there.worker_id == arrival.contact.worker_id;
    let are_own_words = arrival.says_protected() && there.version == 1 && sight.offices.contains(&there.office_id);
    match is_same && (there.may_be_known_to(sight) || are_own_words) {
        true => Ok(there.clone()),
        false => Err(Error::new(Problem::IdReused)),
    }
}

fn write(conn: &mut DbConn, new: &[(&ArrivingContact, SealedContact, JudgedParties)]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let contacts: Vec<SealedContact> = new.iter().map(|(_, contact, _)| contact.clone()).collect();
    let of_contact = |(arrival, contact, _): &(&ArrivingContact, SealedContact, JudgedParties)| {
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
    let met_people = new.iter().flat_map(|(arrival, contact, _)| {
        let source = ResourceId::from_uuid(contact.id.uuid());
        arrival.names.people.iter().map(move |(_, person)| (*person, contact.office_id, contact.protected, source))
    });
    let met_families = new.iter().flat_map(|(_, contact, found)| {
        let source = ResourceId::from_uuid(contact.id.uuid());
        found.opened.iter().map(move |family| (*family, contact.office_id, contact.protected, source))
    });
    people::store::note_met(conn, &distinct(met_people))?;
    families::store::note_met(conn, &distinct(met_families))?;
    for report in new.iter().filter_map(|(arrival, ..)| arrival.report.as_ref()) {
        report.write(conn)?;
    }
    let facts: Vec<Fact> = new.iter().flat_map(|(_, contact, found)| facts(contact, &found.reached)).collect();
    reached::arrived(conn, &facts)
}

/// The facts that a contact reached these families; none if its outcome is not `Reached` or it was entered in error.
fn facts(contact: &SealedContact, families: &[FamilyId]) -> Vec<Fact> {
    if contact.outcome != ContactOutcome::Reached || contact.in_error {
        return Vec::new();
    }
    let source = ResourceId::from_uuid(contact.id.uuid());
    let reached = FirstReached { at: contact.occurred_at, source, through: FirstReachedThrough::Outreach };
    families.iter().map(|family| Fact { family: *family, reached, protected: contact.protected }).collect()
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}
