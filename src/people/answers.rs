//! The answers to calls that register, read, change or move people. The answer to a write is made in the transaction of the
//! write.

use std::sync::Arc;

use uuid::Uuid;

use crate::auth::{CaseScope, OfStaff};
use crate::context::Context;
use crate::db::DbConn;
use crate::directory::Directory;
use crate::error::Result;
use crate::families::guests;
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::link::{Linking, Links};
use crate::http::written::Written;
use crate::id::{FamilyId, PersonId};
use crate::idempotency::{Repeat, Repeated};
use crate::people::store::{self, SealedPerson};
use crate::people::view::{KnownPerson, PersonView};
use crate::time::Timestamp;
use crate::vault::Vault;

/// A person that was read for a caller, with the related data that this caller may know of.
pub struct VisiblePerson {
    pub person: SealedPerson,
    /// The person's families that the caller may know of, in their order: for the caller, the first is the person's family, and the
    /// person is a guest of the others.
    pub families: Vec<FamilyId>,
    /// The other people with the same identity number. There are some only if one of these people is protected, so the list is
    /// empty for a caller who is not cleared for protected identities.
    same_number: Vec<PersonId>,
    /// Whether the caller may change the person. False if the caller may only read about the person, for the reason in the header
    /// `Access-Reason`.
    may_change: bool,
}

impl VisiblePerson {
    fn new(conn: &mut DbConn, scope: &CaseScope, person: SealedPerson, families: Vec<FamilyId>) -> Result<Self> {
        let same_number = if scope.protected_identity { store::others_with_number(conn, &person)? } else { Vec::new() };
        Ok(Self { person, families, same_number, may_change: true })
    }

    /// The identifiers of the other people with the same identity number that the answer shows. The audit record of the reading
    /// names them as well.
    pub fn others(&self) -> Vec<Uuid> {
        self.same_number.iter().copied().map(PersonId::uuid).collect()
    }
}

/// Makes the answers about people to one caller, with only the data that this caller may know of.
#[derive(Clone)]
pub struct PersonAnswers {
    scope: CaseScope,
    vault: Vault,
    directory: Arc<Directory>,
    links: Links,
    now: Timestamp,
}

impl PersonAnswers {
    pub fn new(ctx: &Context<impl OfStaff>) -> Self {
        Self {
            scope: ctx.changeable(),
            vault: ctx.vault.clone(),
            directory: Arc::clone(&ctx.directory),
            links: ctx.call.links(),
            now: ctx.call.moment.now,
        }
    }

    /// Finds a person whom the caller may change. Fails as not found if it is none of these.
    pub fn find(&self, conn: &mut DbConn, id: PersonId) -> Result<VisiblePerson> {
        look(conn, &self.scope, id)
    }

    /// Finds a person in the scope `readable`, which is wider than the caller's own scope if the caller stated a reason for
    /// access. Whether the caller may also change the person is judged by the own scope.
    pub fn find_readable(&self, conn: &mut DbConn, readable: &CaseScope, id: PersonId) -> Result<VisiblePerson> {
        let found = look(conn, readable, id)?;
        let may_change = *readable == self.scope || !store::known_among(conn, &self.scope, &[id])?.is_empty();
        Ok(VisiblePerson { may_change, ..found })
    }

    /// Makes the JSON form of a person that was found for this caller, with the links that the caller may follow.
    pub fn view(&self, found: VisiblePerson) -> Result<PersonView> {
        let today = self.directory.calendar.local_date(self.now.utc());
        let path = path(found.person.id);
        let mut links = vec![self.links.link("self", "GET", &path)];
        if found.may_change {
            links.push(self.links.link("change", "PATCH", &path));
            links.push(self.links.link("move", "POST", &format!("{path}/move")));
        }
        links.push(self.links.link("timeline", "GET", &format!("{path}/timeline")));
        let person = found.person.open(&self.vault)?;
        Ok(PersonView::new(person, found.families, found.same_number, &self.directory, links, today))
    }

    /// The answer 201 with a person whom the caller has registered. It shows what the caller wrote, even if the person is
    /// protected and the caller is not cleared for protected identities.
    pub fn registered(&self, conn: &mut DbConn, person: SealedPerson) -> Result<Written> {
        let (path, version) = (path(person.id), person.version);
        let families = person.family_id.into_iter().collect();
        let view = self.view(VisiblePerson::new(conn, &self.scope, person, families)?)?;
        Written::created(&self.links, &path, &view, Validator::Version(version))
    }

    /// The answer 200 with the identifier and the name of a person who already has the identity number that the caller wrote.
    pub fn named(&self, known: SealedPerson) -> Result<Written> {
        let view = KnownPerson::from(known.open(&self.vault)?);
        Ok(Written::changed(&view, Validator::Content)?.told_whole())
    }

    /// The answer 200 with the person as they are after a change. Fails as not found if the caller may not know of the person.
    pub fn changed(&self, conn: &mut DbConn, id: PersonId) -> Result<Written> {
        let found = look(conn, &self.scope, id)?;
        let version = found.person.version;
        Written::changed(&self.view(found)?, Validator::Version(version))
    }

    /// The answer 200 with the person as they are after a change, or 204 without a body if the caller may no longer know of the
    /// person because of the change.
    pub fn changed_perhaps_out_of_sight(&self, conn: &mut DbConn, id: PersonId) -> Result<Written> {
        Ok(if_known(self.changed(conn, id))?.unwrap_or_else(Written::out_of_sight))
    }

    /// Returns the function that answers a repeated call: with the status of the stored answer, and with the person as they are
    /// now. The function fails as not found if the caller may no longer know of the person.
    pub fn repeat(&self) -> impl Repeat + use<> {
        let answers = self.clone();
        move |conn: &mut DbConn, id: Uuid, kept: Written| answers.shown_again(conn, PersonId::from_uuid(id), kept)
    }

    /// Returns the function that answers a repeated registration. If the first call made a new person, that person is shown as
    /// they are now. If it named a person who was known already, only the identifier and the name are told again, and only if
    /// `number_hash` is still the hash of that person's identity number.
    pub fn repeat_registered(&self, number_hash: Option<Vec<u8>>) -> impl Repeat + use<> {
        let answers = self.clone();
        move |conn: &mut DbConn, id: Uuid, kept: Written| {
            let id = PersonId::from_uuid(id);
            if kept.is_created() {
                return answers.shown_again(conn, id, kept);
            }
            let hash = number_hash.as_deref().unwrap_or_default();
            let known = store::find_named(conn, &answers.scope, hash, id)?;
            let view = KnownPerson::from(known.open(&answers.vault)?);
            Ok(kept.made_anew(&view, Validator::Content)?.told_whole().into())
        }
    }

    fn shown_again(&self, conn: &mut DbConn, id: PersonId, kept: Written) -> Result<Repeated> {
        let found = look(conn, &self.scope, id)?;
        let (version, others) = (found.person.version, found.others());
        let answer = kept.made_anew(&self.view(found)?, Validator::Version(version))?;
        Ok(Repeated { answer, others, leads_nowhere: false })
    }
}

fn look(conn: &mut DbConn, scope: &CaseScope, id: PersonId) -> Result<VisiblePerson> {
    let person = store::find(conn, scope, id)?;
    let families = guests::seen_of_one(conn, scope, id)?;
    VisiblePerson::new(conn, scope, person, families)
}

fn path(id: PersonId) -> String {
    format!("/people/{id}")
}
