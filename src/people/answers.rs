//! The answers to calls about people, made in the transaction that they tell of.

use std::sync::Arc;

use uuid::Uuid;

use crate::auth::{CaseScope, OfStaff};
use crate::context::Context;
use crate::db::DbConn;
use crate::directory::Directory;
use crate::error::Result;
use crate::families;
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

/// A person, as far as the caller may know of them.
pub struct VisiblePerson {
    pub person: SealedPerson,
    /// The family, if the caller may know of it.
    family_id: Option<FamilyId>,
    /// The other records with the same identity number. They exist only because one of the records is protected, so only staff who are
    /// cleared learn of them.
    same_number: Vec<PersonId>,
    /// Whether the caller may change the person, and not only read about them for a stated reason.
    may_change: bool,
}

impl VisiblePerson {
    fn new(conn: &mut DbConn, scope: &CaseScope, person: SealedPerson, family_id: Option<FamilyId>) -> Result<Self> {
        let same_number = if scope.protected_identity { store::others_with_number(conn, &person)? } else { Vec::new() };
        Ok(Self { person, family_id, same_number, may_change: true })
    }

    /// The other records that are shown, which the audit record names as well.
    pub fn others(&self) -> Vec<Uuid> {
        self.same_number.iter().copied().map(PersonId::uuid).collect()
    }
}

/// Shows people as the caller may see them.
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

    /// Finds a person whom the caller may read about. A stated reason opens further people, for reading only.
    pub fn find_readable(&self, conn: &mut DbConn, readable: &CaseScope, id: PersonId) -> Result<VisiblePerson> {
        let found = look(conn, readable, id)?;
        let may_change = *readable == self.scope || !store::known_among(conn, &self.scope, &[id])?.is_empty();
        Ok(VisiblePerson { may_change, ..found })
    }

    /// Makes the view of a person for the caller who found them.
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
        Ok(PersonView::new(person, found.family_id, found.same_number, &self.directory, links, today))
    }

    /// 201 with a new person. The caller sees what the caller has written, even if the person is protected and the caller is not
    /// cleared.
    pub fn registered(&self, conn: &mut DbConn, person: SealedPerson) -> Result<Written> {
        let (path, version, family) = (path(person.id), person.version, person.family_id);
        let view = self.view(VisiblePerson::new(conn, &self.scope, person, family)?)?;
        Written::created(&self.links, &path, &view, Validator::Version(version))
    }

    /// 200 with the identifier and the name of a person whose identity number the caller has named.
    pub fn named(&self, known: SealedPerson) -> Result<Written> {
        let view = KnownPerson::from(known.open(&self.vault)?);
        Ok(Written::changed(&view, Validator::Content)?.told_whole())
    }

    /// 200 with the person as they are now.
    pub fn changed(&self, conn: &mut DbConn, id: PersonId) -> Result<Written> {
        let found = look(conn, &self.scope, id)?;
        let version = found.person.version;
        Written::changed(&self.view(found)?, Validator::Version(version))
    }

    /// 200 with the person as they are now, or 204 if the change took the person out of the caller's sight.
    pub fn changed_perhaps_out_of_sight(&self, conn: &mut DbConn, id: PersonId) -> Result<Written> {
        Ok(if_known(self.changed(conn, id))?.unwrap_or_else(Written::out_of_sight))
    }

    /// Gives a kept answer about a person again, with the person as they are now.
    pub fn repeat(&self) -> impl Repeat + use<> {
        let answers = self.clone();
        move |conn: &mut DbConn, id: Uuid, kept: Written| answers.shown_again(conn, PersonId::from_uuid(id), kept)
    }

    /// Gives a kept answer to a registration again. If it named a person who was known already, it names no more than that again, to a
    /// caller who still names the person's identity number.
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
    let family: Vec<FamilyId> = person.family_id.into_iter().collect();
    let family_id = families::store::known_among(conn, scope, &family)?.first().copied();
    VisiblePerson::new(conn, scope, person, family_id)
}

fn path(id: PersonId) -> String {
    format!("/people/{id}")
}
