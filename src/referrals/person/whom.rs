//! Lookup of the registered person that a referral is about: named by staff, or found by the child's identity number.
//!
//! The person is looked up before anything is written, since the choice of the office depends on the person's protection. The
//! person is locked while the referral is written; if the lookup gives somebody else by then, the whole call starts again.

use crate::auth::CaseScope;
use crate::db::{Db, DbConn, dialect, stale};
use crate::error::{Error, Result, Text};
use crate::families::membership::if_known;
use crate::id::PersonId;
use crate::people::store as people_store;
use crate::people::store::{SealedPerson, number_hash};
use crate::referrals::matter::child::Child;
use crate::referrals::person::RegisteredPerson;
use crate::referrals::person::of_person::{self, hold_known};
use crate::rules::Rules;
use crate::vault::Vault;

/// The result of looking up the registered person that a referral is about, with the facts by which the lookup can be repeated in
/// the transaction that writes the referral.
#[derive(Clone)]
pub struct ConcernedPerson {
    /// The registered person that was found, if there is one.
    pub known: Option<RegisteredPerson>,
    /// The registered person that staff named by identifier.
    person: Option<NamedPerson>,
    number: Option<Vec<u8>>,
    /// The person that the referral was about before a correction. The referral stays about this person, unless somebody else is
    /// named or the identity number says otherwise.
    before: Option<PersonId>,
}

/// A registered person that staff named, and the scope of the people that the caller may know of.
#[derive(Clone)]
struct NamedPerson {
    record: SealedPerson,
    scope: CaseScope,
}

impl ConcernedPerson {
    /// Looks up the registered person that `child` is: anybody with the child's identity number, or else the person named by
    /// identifier, whom `sight` must cover. Facts that were left out are filled in from the named person's register entry. A
    /// referral about the person `before` stays about that person, unless the facts say otherwise.
    pub async fn of_child(
        child: Child,
        before: Option<PersonId>,
        sight: CaseScope,
        db: &Db,
        vault: &Vault,
    ) -> Result<(Child, Self)> {
        let hash = |child: &Child| child.number().map(|number| number_hash(vault, number));
        let (seen, named) = (sight.clone(), child.person_id);
        let record = match named {
            Some(id) => db.read(move |conn| find_named(conn, &seen, id)).await.map(Some)?,
            None => None,
        };
        let given = hash(&child);
        let child = match &record {
            Some(record) => child.filled_from(record.id, &record.clone().open(vault)?.written),
            None => child,
        };
        let person = record.map(|record| NamedPerson { record, scope: sight });
        let whom = Self { known: None, number: hash(&child), person, before };
        let asked = whom.clone();
        let known = db.read(move |conn| asked.look_up(conn)).await?;
        whom.check_number(given.as_deref(), known)?;
        Ok((child, Self { known, ..whom }))
    }

    /// Makes the result of a lookup by identity number that was done already: `number` is the keyed hash of the number, and `known`
    /// the person that was found.
    pub fn with_number(number: Option<Vec<u8>>, known: Option<RegisteredPerson>) -> Self {
        Self { known, person: None, number, before: None }
    }

    /// Makes the result for a referral that is linked to no registered person, whatever the facts about the child.
    pub fn nobody() -> Self {
        Self::with_number(None, None)
    }

    /// Looks up the person `before`, whom the referral is about and stays about.
    pub async fn still(before: PersonId, db: &Db) -> Result<Self> {
        let whom = Self { known: None, person: None, number: None, before: Some(before) };
        let asked = whom.clone();
        Ok(Self { known: db.read(move |conn| asked.look_up(conn)).await?, ..whom })
    }

    /// Locks the identity number and the people of the lookup until the transaction ends. Fails as stale if the lookup would give
    /// another result now.
    pub fn hold(&self, conn: &mut DbConn) -> Result<()> {
        let first = match &self.number {
            Some(number) => hold_known(conn, number)?,
            None => None,
        };
        let people: Vec<PersonId> = self.person.iter().map(|person| person.record.id).chain(self.before).collect();
        let is_same = if people.is_empty() { first == self.known } else { self.hold_people(conn, &people)? };
        if is_same { Ok(()) } else { Err(stale()) }
    }

    /// Locks the people that were named, or that the referral was about before. Returns whether the lookup still gives the same
    /// result.
    fn hold_people(&self, conn: &mut DbConn, people: &[PersonId]) -> Result<bool> {
        dialect::hold_people(conn, people)?;
        let is_same = match &self.person {
            Some(NamedPerson { record, scope }) => find_named(conn, scope, record.id)?.version == record.version,
            None => true,
        };
        Ok(is_same && self.look_up(conn)? == self.known)
    }

    fn look_up(&self, conn: &mut DbConn) -> Result<Option<RegisteredPerson>> {
        if let Some(number) = &self.number
            && let Some(first) = people_store::first_with_number(conn, number)?
        {
            return Ok(Some(first));
        }
        if let Some(NamedPerson { record, .. }) = &self.person {
            return Ok(Some((record.id, record.protection)));
        }
        let Some(before) = self.before else { return Ok(None) };
        let (known, has_number) = of_person::still_known(conn, before)?;
        // A person with another number is another person.
        Ok(Some(known).filter(|_| self.number.is_none() || !has_number))
    }

    /// Checks that an identity number given together with a named person belongs to that person, as far as the caller may know.
    /// `given` is the keyed hash of the number.
    fn check_number(&self, given: Option<&[u8]>, known: Option<RegisteredPerson>) -> Result<()> {
        let Some(NamedPerson { record, scope }) = &self.person else { return Ok(()) };
        let may_be_named = |known: &RegisteredPerson| scope.protected_identity || !known.1.is_protected();
        let is_somebody_elses = match &record.number_hash {
            Some(registered) => given.is_some_and(|given| given != registered),
            None => known.filter(may_be_named).is_some_and(|(id, _)| id != record.id),
        };
        let differs = Text::new("is not the number of this person", "är inte den här personens nummer");
        if is_somebody_elses { Err(Error::invalid_at("/child/personalIdentityNumber", differs)) } else { Ok(()) }
    }
}

fn find_named(conn: &mut DbConn, sight: &CaseScope, id: PersonId) -> Result<SealedPerson> {
    let mut rules = Rules::default();
    let found = rules.known("/child/personId", id.uuid(), if_known(people_store::find(conn, sight, id))?);
    rules.finish(found)
}
