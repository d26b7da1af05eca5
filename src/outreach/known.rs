//! The people, families, earlier contacts and colleagues that contacts name, as the database knows them. They are read for all the
//! contacts at once; people and families are locked until the transaction ends.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use crate::auth::CaseScope;
use crate::db::among::among;
use crate::db::schema::{families, family_offices, people, staff_offices};
use crate::db::{DbConn, dialect};
use crate::error::Result;
use crate::families::guests;
use crate::id::{FamilyId, OfficeId, OutreachContactId, PersonId, StaffId};
use crate::on_backend;
use crate::outreach::names::{JudgedParties, NamedParties};
use crate::outreach::{OutreachContact, store};
use crate::people::store::links_for;
use crate::people::{ProtectedIdentity, belonging};
use crate::rules::Rules;

/// The people, families, earlier contacts and colleagues that some contacts name, as the database knows them.
pub struct KnownParties {
    people: HashMap<PersonId, ProtectedIdentity>,
    /// The families of the named people in their order, whether the worker may know of them or not.
    of_people: HashMap<PersonId, Vec<FamilyId>>,
    /// The families of the named people that the worker may know of, in their order.
    seen: HashMap<PersonId, Vec<FamilyId>>,
    /// For each family that is named or has a named person in it, the family that replaces it after a merge, or the family itself.
    families: HashMap<FamilyId, FamilyId>,
    met: HashSet<FamilyId>,
    hidden: HashSet<FamilyId>,
    contacts: HashSet<OutreachContactId>,
    colleagues: HashSet<(StaffId, OfficeId)>,
}

impl KnownParties {
    /// Reads everything that these contacts name, and locks the people and families until the transaction ends.
    pub fn load(conn: &mut DbConn, sight: &CaseScope, names: &[&NamedParties]) -> Result<Self> {
        let named = all(names, |names| names.people.iter().map(|(_, person)| *person).collect());
        let people = people_of(conn, &named)?;
        let (of_people, seen) = match named.is_empty() {
            true => (HashMap::new(), HashMap::new()),
            false => {
                let of_people = belonging::families_of(conn, &named)?;
                (of_people.clone(), guests::among(conn, sight, of_people)?)
            }
        };
        let stated = all(names, |names| names.family.into_iter().collect());
        let mut concerned: Vec<FamilyId> = of_people.values().flatten().chain(&stated).copied().collect();
        concerned.sort_unstable();
        concerned.dedup();
        let families = families_of(conn, &concerned)?;
        let mut going_on: Vec<FamilyId> = families.values().copied().collect();
        going_on.sort_unstable();
        going_on.dedup();
        Ok(Self {
            met: met_by(conn, sight, &stated)?,
            hidden: hidden_among(conn, &going_on)?,
            people,
            of_people,
            seen,
            families,
            contacts: contacts_of(conn, sight, &all(names, |names| names.previous.into_iter().collect()))?,
            colleagues: colleagues_of(conn, &all(names, |names| names.owner.into_iter().collect()))?,
        })
    }

    /// The first of a named person's families that the worker may know of or, after a merge, the family that replaces it. `None` if
    /// there is none.
    pub fn family_of(&self, person: PersonId) -> Option<FamilyId> {
        self.going_on(&self.seen, person).next()
    }

    /// The families of a named person in the table `families`, in their order; after a merge, the families that replace them.
    fn going_on<'a>(
        &'a self,
        families: &'a HashMap<PersonId, Vec<FamilyId>>,
        person: PersonId,
    ) -> impl Iterator<Item = FamilyId> + 'a {
        families.get(&person).into_iter().flatten().filter_map(|family| self.families.get(family).copied())
    }

    /// Checks that everything that a contact names exists, as far as a caller with this `sight` may know. Returns the families that
    /// follow from the names and whether a name is protected, or an error with everything that is unknown.
    ///
    /// A person's family is the first that the caller may know of. Somebody who was met and whose families the caller may not know
    /// of makes the caller know of the first of them, but only when the person is named for the first time: a family that the
    /// person has joined since is not told by a correction.
    pub fn judge(&self, sight: &CaseScope, names: &NamedParties) -> Result<JudgedParties> {
        let mut rules = Rules::default();
        let (mut of_people, mut reached, mut opened) = (Vec::new(), Vec::new(), Vec::new());
        let mut protected = false;
        for (index, id) in &names.people {
            let stood_there = names.is_known_before(|before| before.people.iter().any(|(_, person)| person == id));
            let may_be_known =
                |protection: &&ProtectedIdentity| stood_there || sight.protected_identity || !protection.is_protected();
            let found = self.people.get(id).filter(may_be_known);
            if let Some(protection) = rules.known(format!("/participants/{index}/personId"), id.uuid(), found) {
                let met = || self.going_on(&self.of_people, *id).next().filter(|_| !stood_there);
                let family = self.family_of(*id).or_else(met);
                of_people.extend(family);
                opened.extend(family.filter(|_| !stood_there));
                reached.extend(self.going_on(&self.of_people, *id));
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
        let was_stated = names.is_known_before(|before| before.family.is_some() && before.family == names.family);
        opened.extend(stated.filter(|_| !was_stated));
        let mut families = of_people;
        families.extend(stated);
        reached.extend(&families);
        for list in [&mut families, &mut opened, &mut reached] {
            list.sort_unstable();
            list.dedup();
        }
        rules.finish(Some(JudgedParties { family, families, opened, reached, protected }))
    }
}

fn all<T: Ord>(names: &[&NamedParties], of: impl Fn(&NamedParties) -> Vec<T>) -> Vec<T> {
    let mut all: Vec<T> = names.iter().flat_map(|names| of(names)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn people_of(conn: &mut DbConn, ids: &[PersonId]) -> Result<HashMap<PersonId, ProtectedIdentity>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    dialect::hold_people(conn, ids)?;
    let rows: Vec<(PersonId, ProtectedIdentity)> = on_backend!(conn, conn => people::table
        .filter(people::id.eq_any(ids.to_vec()))
        .select((people::id, people::protection))
        .load(conn))?;
    Ok(rows.into_iter().collect())
}

/// Returns for each family the family that replaces it after merges, or the family itself, and locks them until the transaction
/// ends. A worker who sends a family's identifier from the field cannot know that the family was merged.
fn families_of(conn: &mut DbConn, ids: &[FamilyId]) -> Result<HashMap<FamilyId, FamilyId>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    dialect::hold_families(conn, ids)?;
    let mut families = going_on(conn, ids)?;
    let elsewhere: Vec<FamilyId> = families.iter().filter(|(id, into)| id != into).map(|(_, into)| *into).collect();
    // The family that goes on may itself have been merged before it was held.
    let further = families_of(conn, &elsewhere)?;
    families.values_mut().for_each(|into| *into = further.get(into).copied().unwrap_or(*into));
    Ok(families)
}

/// Returns for each family the family that it was merged into, or the family itself. Only one merge is followed.
fn going_on(conn: &mut DbConn, ids: &[FamilyId]) -> Result<HashMap<FamilyId, FamilyId>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(FamilyId, Option<FamilyId>)> = on_backend!(conn, conn => families::table
        .filter(among(families::id, ids.to_vec()))
        .select((families::id, families::merged_into))
        .load(conn))?;
    Ok(rows.into_iter().map(|(id, into)| (id, into.unwrap_or(id))).collect())
}

fn met_by(conn: &mut DbConn, sight: &CaseScope, ids: &[FamilyId]) -> Result<HashSet<FamilyId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let met = family_offices::table
        .filter(family_offices::family_id.eq_any(ids.to_vec()))
        .filter(family_offices::office_id.eq_any(sight.offices.clone()))
        .filter(family_offices::through_protected.eq_any(links_for(sight)))
        .select(family_offices::family_id);
    let met: Vec<FamilyId> = on_backend!(conn, conn => met.load(conn))?;
    Ok(met.into_iter().collect())
}

/// The families among these that have somebody in them, and only people with a protected identity.
fn hidden_among(conn: &mut DbConn, ids: &[FamilyId]) -> Result<HashSet<FamilyId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let members = belonging::protections_in(conn, ids)?;
    let somebody: HashSet<FamilyId> =
        members.iter().filter(|(_, protection)| !protection.is_protected()).map(|(family, _)| *family).collect();
    Ok(members.into_iter().map(|(family, _)| family).filter(|family| !somebody.contains(family)).collect())
}

/// Returns those of a contact's `versions` that a caller with this `sight` may know of. Without clearance, these are the versions
/// that name nobody with a protected identity, and no family whose members are all protected. A person who was taken out of the
/// contact, and was protected later, does not hide the contact, but is still named in its earlier versions.
pub fn versions_known_to(
    conn: &mut DbConn,
    sight: &CaseScope,
    mut versions: Vec<OutreachContact>,
) -> Result<Vec<OutreachContact>> {
    if sight.protected_identity {
        return Ok(versions);
    }
    let named =
        |version: &OutreachContact| version.record.written.people().map(|(_, person)| person).collect::<Vec<_>>();
    let named: Vec<PersonId> = versions.iter().flat_map(named).collect();
    let protected = people::table
        .filter(among(people::id, named).and(people::protection.ne(ProtectedIdentity::None)))
        .select(people::id);
    let protected: Vec<PersonId> = on_backend!(&mut *conn, conn => protected.load(conn))?;
    let families: Vec<FamilyId> = versions.iter().filter_map(|version| version.record.written.family_id).collect();
    let families = going_on(conn, &families)?;
    let hidden = hidden_among(conn, &families.values().copied().collect::<Vec<_>>())?;
    versions.retain(|version| {
        let written = &version.record.written;
        let mut people = written.people();
        let family = written.family_id.and_then(|family| families.get(&family));
        !people.any(|(_, person)| protected.contains(&person)) && !family.is_some_and(|family| hidden.contains(family))
    });
    Ok(versions)
}

fn contacts_of(conn: &mut DbConn, sight: &CaseScope, ids: &[OutreachContactId]) -> Result<HashSet<OutreachContactId>> {
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
