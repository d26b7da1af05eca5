//! Staff who signed in, and what they may do with cases.

use crate::audit::{AccessReason, Actor};
use crate::auth::case_scope::CaseScope;
use crate::auth::permissions::Reach;
use crate::auth::role::Role;
use crate::directory::snapshot::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::id::{OfficeId, StaffId};
use crate::slug::OfficeName;
use crate::vault::ConfidentialLine;

/// A member of staff who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    pub id: StaffId,
    /// The holder's name, if the token contains it.
    pub name: Option<ConfidentialLine>,
    pub roles: Vec<Role>,
    /// The slugs of the holder's offices, as the token names them.
    pub office_slugs: Vec<String>,
    /// Whether the holder may decide on inquiries (SoL 25 kap. 1 §).
    pub qualified: bool,
    /// Whether the holder may see persons with a protected identity.
    pub protected_identity: bool,
    /// The reach of the permission that this operation needs.
    pub reach: Vec<Reach>,
    /// The stated reason for reading cases of other offices, if the permissions allow that.
    pub reason: Option<AccessReason>,
}

/// The powers of a member of staff over the cases of their own offices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Powers {
    /// May work on the cases.
    pub works: bool,
    /// May lead the staff who work on the cases.
    pub leads: bool,
    /// May decide on inquiries.
    pub decides: bool,
}

/// The offices with these slugs. Slugs that no office has are left out.
pub(super) fn offices_named(slugs: &[String], directory: &Directory) -> impl Iterator<Item = OfficeId> {
    let named = |slug: &str| slugs.iter().any(|named| named == slug);
    directory.offices.iter().filter(move |office| named(office.slug.as_ref())).map(|office| office.id)
}

impl Staff {
    /// The actor for the audit.
    pub fn actor(&self) -> Actor {
        Actor::Staff(self.id)
    }

    /// The offices that the token names. Names that no office has are left out.
    pub fn offices(&self, directory: &Directory) -> impl Iterator<Item = OfficeId> {
        offices_named(&self.office_slugs, directory)
    }

    /// The cases that the caller may read: those of the caller's offices, and with an `Access-Reason` those of all offices if
    /// the permissions allow it.
    pub fn sight(&self, directory: &Directory) -> CaseScope {
        match self.reason {
            Some(reason) if self.reach.contains(&Reach::Others) => CaseScope {
                offices: directory.offices.iter().map(|office| office.id).collect(),
                reason: Some(reason),
                ..self.own_sight(directory)
            },
            _ => self.own_sight(directory),
        }
    }

    /// The cases that the caller may change. An `Access-Reason` only extends reading.
    pub fn own_sight(&self, directory: &Directory) -> CaseScope {
        let own = self.reach.contains(&Reach::Own);
        CaseScope {
            offices: if own { self.offices(directory).collect() } else { Vec::new() },
            made_by: self.reach.contains(&Reach::Made).then_some(self.id),
            protected_identity: self.protected_identity,
            reason: None,
        }
    }

    /// The office on whose behalf the caller creates something: the one that the body names at `officeId`, or the caller's only one.
    pub fn creating_office(&self, directory: &Directory, named: Option<&OfficeName>) -> Result<OfficeId> {
        let own: Vec<OfficeId> = self.offices(directory).collect();
        let wrong = |en: &'static str, sv: &'static str| Err(Error::invalid_at("/officeId", Text::new(en, sv)));
        match (own.as_slice(), named) {
            ([], _) => Err(Error::new(Problem::NoOffice)),
            ([only], None) => Ok(*only),
            (_, None) => wrong("is required, since you have several offices", "krävs, eftersom du har flera kontor"),
            (own, Some(name)) => match directory.find_office(name).filter(|office| own.contains(&office.id)) {
                Some(office) => Ok(office.id),
                None => wrong("is not one of your offices", "är inte ett av dina kontor"),
            },
        }
    }
}
