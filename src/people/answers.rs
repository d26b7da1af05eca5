//! Answers about a person: what is read for them, and how it is shown.

use actix_web::web::Data;
use std::sync::Arc;
use uuid::Uuid;

use crate::auth::case_scope::CaseScope;
use crate::db::DbConn;
use crate::directory::snapshot::Directory;
use crate::error::Result;
use crate::families;
use crate::http::answer::Validator;
use crate::http::call::Call;
use crate::http::link::{Linking, Links};
use crate::http::written::Written;
use crate::id::{FamilyId, PersonId};
use crate::idempotency::Again;
use crate::people::store;
use crate::people::store::SealedPerson;
use crate::people::view::PersonView;
use crate::time::Timestamp;
use crate::vault::Vault;

/// A person, as far as the caller may know of them.
pub(super) struct VisiblePerson {
    pub(super) person: SealedPerson,
    pub(super) family_id: Option<FamilyId>,
    pub(super) same_number: Vec<PersonId>,
    /// Whether the caller may change the person, and not only read about them for a stated reason.
    pub(super) may_change: bool,
}

/// Reads a person as far as somebody with this sight may know of them.
pub(super) fn look(conn: &mut DbConn, sight: &CaseScope, id: PersonId) -> Result<VisiblePerson> {
    let person = store::find(conn, sight, id)?;
    let family: Vec<FamilyId> = person.family_id.into_iter().collect();
    let family_id = families::store::known_among(conn, sight, &family)?.first().copied();
    VisiblePerson::new(conn, sight, person, family_id)
}

impl VisiblePerson {
    /// Adds the other records with the same identity number to a person. They exist only because one of the records is protected, so only
    /// staff who are cleared learn of them. `family_id` is the family, if the caller may know of it.
    pub(super) fn new(
        conn: &mut DbConn,
        sight: &CaseScope,
        person: SealedPerson,
        family_id: Option<FamilyId>,
    ) -> Result<Self> {
        let same_number = if sight.protected_identity { store::others_with_number(conn, &person)? } else { Vec::new() };
        Ok(Self { person, family_id, same_number, may_change: true })
    }

    /// Whom it shows besides.
    pub(super) fn others(&self) -> Vec<Uuid> {
        self.same_number.iter().copied().map(PersonId::uuid).collect()
    }
}

/// The vault, the directory and the links, which are needed to show a person on any thread.
#[derive(Clone)]
pub(super) struct PersonViewer {
    pub(super) vault: Vault,
    pub(super) directory: Arc<Directory>,
    pub(super) links: Links,
    now: Timestamp,
}

impl PersonViewer {
    pub(super) fn new(vault: &Data<Vault>, directory: &Arc<Directory>, call: &Call) -> Self {
        let (vault, directory) = (vault.get_ref().clone(), Arc::clone(directory));
        Self { vault, directory, links: call.links(), now: call.moment.now }
    }

    /// Makes the view of a person for the caller who found them.
    pub(super) fn view(&self, found: VisiblePerson) -> Result<PersonView> {
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

    /// Gives a kept answer about a person again, with the person as they are now.
    pub(super) fn made_anew(&self, found: VisiblePerson, kept: Written) -> Result<Again> {
        let (version, others) = (found.person.version, found.others());
        Ok(Again {
            answer: kept.made_anew(&self.view(found)?, Validator::Version(version))?,
            others,
            leads_nowhere: false,
        })
    }
}

pub(super) fn path(id: PersonId) -> String {
    format!("/people/{id}")
}
