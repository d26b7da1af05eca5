//! The registered person that a referral is about: named by staff, or found by the child's identity number.
//!
//! - A number leads to the person who has it, whether those who wrote it may know of that person or not, since a referral about
//!   somebody protected must be hidden whatever its maker knows.
//! - Staff who are not cleared for protected identities are told only what would hold if nobody had the number but the people
//!   whom they may know of. Everything that they are told follows from that, and so does nearly everything that is stored.
//! - The person is looked up in the transaction that writes the referral, by the same statements whoever has the number. The
//!   answer is made before, so if the people whom the maker may know of have changed by then, the whole call starts again.

use crate::auth::CaseScope;
use crate::db::{Db, DbConn, dialect, stale};
use crate::error::{Error, Result, Text};
use crate::families::membership::if_known;
use crate::id::PersonId;
use crate::people::store as people_store;
use crate::people::store::{SealedPerson, number_hash};
use crate::referrals::matter::child::Child;
use crate::referrals::person::{PersonLink, RegisteredPerson, of_person};
use crate::rules::Rules;
use crate::vault::Vault;

/// The facts by which the registered person that a referral is about is looked up, before the transaction that writes the referral
/// and in it.
#[derive(Clone)]
pub struct ConcernedPerson {
    /// The registered person that the child is, as far as those may know who write the referral. `None` for a partner agency, which
    /// is told of nobody.
    pub told: Option<RegisteredPerson>,
    /// The person that the referral is linked to, as it was looked up before the transaction.
    pub link: PersonLink,
    number: Option<Vec<u8>>,
    /// The registered person that staff named by identifier.
    named: Option<NamedPerson>,
    /// The person that the referral was about before a correction.
    before: Option<PersonBefore>,
    /// The people that the staff who write the referral may know of. `None` for a partner agency.
    sight: Option<CaseScope>,
}

/// A registered person that staff named, and the identity number with which they did.
#[derive(Clone)]
struct NamedPerson {
    record: SealedPerson,
    given: Option<Vec<u8>>,
}

/// The person that a referral was about before a correction.
#[derive(Clone, Copy)]
enum PersonBefore {
    /// The correction says nothing new about the person, so the referral stays about this one or nobody; `is_told` says whether
    /// answers tell it.
    Stays { id: Option<PersonId>, is_told: bool },
    /// The referral stays about this person, unless somebody else is named or the identity number says otherwise.
    Perhaps(PersonId),
}

/// The result of one lookup.
struct Lookup {
    link: PersonLink,
    told: Option<RegisteredPerson>,
    /// The person with the child's identity number, as far as those may know who wrote the number.
    bearer: Option<PersonId>,
}

impl ConcernedPerson {
    /// Looks up the registered person that `child` is: anybody with the child's identity number, or else the person named by
    /// identifier, whom `sight` must cover, unless the person's identity number is given as well. Facts that were left out are
    /// filled in from the named person's register entry. A referral about the person `before` stays about that person, unless the
    /// facts say otherwise.
    pub async fn of_child(
        child: Child,
        before: Option<PersonId>,
        sight: CaseScope,
        db: &Db,
        vault: &Vault,
    ) -> Result<(Child, Self)> {
        let hash = |child: &Child| child.number().map(|number| number_hash(vault, number));
        let (seen, given) = (sight.clone(), hash(&child));
        let named = match child.person_id {
            Some(id) => {
                let given = given.clone();
                let find = move |conn: &mut DbConn| find_named(conn, &seen, given.as_deref(), id);
                Some(NamedPerson { record: db.read(find).await?, given: hash(&child) })
            }
            None => None,
        };
        let child = match &named {
            Some(NamedPerson { record, .. }) => child.filled_from(record.id, &record.clone().open(vault)?.written),
            None => child,
        };
        let before = before.map(PersonBefore::Perhaps);
        let whom = Self { number: hash(&child), named, before, sight: Some(sight), ..Self::nobody() };
        let asked = whom.clone();
        let found = db.read(move |conn| asked.look_up(conn)).await?;
        whom.check_number(given.as_deref(), found.bearer)?;
        Ok((child, Self { told: found.told, link: found.link, ..whom }))
    }

    /// Makes the lookup for a referral of a partner agency, by the keyed hash of the child's identity number alone.
    pub fn with_number(number: Option<Vec<u8>>) -> Self {
        Self { told: None, link: PersonLink::told(None), number, named: None, before: None, sight: None }
    }

    /// Makes the lookup for a referral that is linked to no registered person, whatever the facts about the child.
    pub fn nobody() -> Self {
        Self::with_number(None)
    }

    /// Looks up the person `id`, whom the referral is about and stays about, or nobody; `is_told` says whether answers tell it.
    pub async fn still(id: Option<PersonId>, is_told: bool, sight: CaseScope, db: &Db) -> Result<Self> {
        let before = Some(PersonBefore::Stays { id, is_told });
        let whom = Self { before, sight: Some(sight), ..Self::nobody() };
        let asked = whom.clone();
        let found = db.read(move |conn| asked.look_up(conn)).await?;
        Ok(Self { told: found.told, link: found.link, ..whom })
    }

    /// The identifier of the person whose register entry was filled in, because staff named the person.
    pub fn filled_from(&self) -> Option<PersonId> {
        self.named.as_ref().map(|named| named.record.id)
    }

    /// Whether an identity number leads to the person, so that nothing may tell whose it is.
    pub fn has_number(&self) -> bool {
        self.number.is_some()
    }

    /// Whether the person may turn out to be protected, in the transaction that writes the referral.
    pub fn may_be_anybody(&self) -> bool {
        self.number.is_some() || self.named.is_some()
    }

    /// Whether those who write the referral may be told of less than what is stored, so that nothing may tell the difference.
    pub fn hides_something(&self) -> bool {
        self.number.is_some() && self.sight.as_ref().is_some_and(|sight| !sight.protected_identity)
    }

    /// Locks the identity number and the people of the lookup until the transaction ends, and returns the person that the referral
    /// is linked to. Fails as stale if those who write the referral would be told of somebody else by now.
    pub fn hold(&self, conn: &mut DbConn) -> Result<PersonLink> {
        if let Some(number) = &self.number {
            dialect::hold_number(conn, number)?;
        }
        let before = self.before.map(PersonBefore::id);
        let people: Vec<PersonId> = self.filled_from().into_iter().chain(before).collect();
        if !people.is_empty() {
            dialect::hold_people(conn, &people)?;
        }
        if let (Some(named), Some(sight)) = (&self.named, &self.sight) {
            let NamedPerson { record, given } = named;
            if find_named(conn, sight, given.as_deref(), record.id)?.version != record.version {
                return Err(stale());
            }
        }
        let found = self.look_up(conn)?;
        match self.sight.is_none() || found.told == self.told {
            true => Ok(found.link),
            false => Err(stale()),
        }
    }

    fn look_up(&self, conn: &mut DbConn) -> Result<Lookup> {
        if let Some(PersonBefore::Stays { id, is_told }) = self.before {
            let person = of_person::still_known(conn, id.unwrap_or_else(PersonId::nobody))?.map(|(known, _)| known);
            let link = PersonLink { person, is_silent: person.is_some() && !is_told };
            return Ok(Lookup { link, told: person.filter(|_| is_told), bearer: None });
        }
        let anybody = match &self.number {
            Some(number) => people_store::first_with_number(conn, number)?,
            None => None,
        };
        let seen = match (&self.sight, &self.number) {
            (Some(sight), Some(number)) if !sight.protected_identity => {
                let known = people_store::with_number(conn, sight, number, 1)?;
                known.first().map(|person| (person.id, person.protection))
            }
            _ => anybody,
        };
        let named = self.named.as_ref().map(|named| (named.record.id, named.record.protection));
        let told = seen.or(named).or(self.before_unless_another(conn)?);
        let hidden = anybody.filter(|(_, protection)| protection.is_protected());
        let person = hidden.or(told).or(anybody);
        // A link that hides the referral is told, since only cleared staff read it from then on.
        let is_silent = told.is_none() && hidden.is_none() && person.is_some();
        Ok(Lookup { link: PersonLink { person, is_silent }, told, bearer: seen.map(|(id, _)| id) })
    }

    fn before_unless_another(&self, conn: &mut DbConn) -> Result<Option<RegisteredPerson>> {
        let Some(PersonBefore::Perhaps(before)) = self.before else { return Ok(None) };
        let known = of_person::still_known(conn, before)?;
        // A person with another number is another person.
        Ok(known.filter(|(_, has_number)| self.number.is_none() || !has_number).map(|(known, _)| known))
    }

    /// Checks that an identity number given together with a named person belongs to that person, as far as the caller may know.
    /// `given` is the keyed hash of the number, and `bearer` the person whom the caller may know to have it.
    fn check_number(&self, given: Option<&[u8]>, bearer: Option<PersonId>) -> Result<()> {
        let Some(NamedPerson { record, .. }) = &self.named else { return Ok(()) };
        let is_somebody_elses = match &record.number_hash {
            Some(registered) => given.is_some_and(|given| given != registered),
            None => bearer.is_some_and(|id| id != record.id),
        };
        let differs = Text::new("is not the number of this person", "är inte den här personens nummer");
        if is_somebody_elses { Err(Error::invalid_at("/child/personalIdentityNumber", differs)) } else { Ok(()) }
    }
}

impl PersonBefore {
    /// The person to lock. Without one the same statement is run for nobody.
    fn id(self) -> PersonId {
        match self {
            Self::Stays { id, .. } => id.unwrap_or_else(PersonId::nobody),
            Self::Perhaps(id) => id,
        }
    }
}

/// Finds the person whom a caller names by identifier: somebody whom the caller may know of, or somebody whose identity number the
/// caller names as well. Fails with a problem at the identifier otherwise.
fn find_named(conn: &mut DbConn, sight: &CaseScope, given: Option<&[u8]>, id: PersonId) -> Result<SealedPerson> {
    let mut rules = Rules::default();
    let mut found = if_known(people_store::find(conn, sight, id))?;
    if let (None, Some(number)) = (&found, given) {
        found = if_known(people_store::find_named(conn, sight, number, id))?;
    }
    let found = rules.known("/child/personId", id.uuid(), found);
    rules.finish(found)
}
