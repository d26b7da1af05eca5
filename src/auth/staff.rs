//! Staff who signed in, and what they may do with cases.

use crate::audit::{AccessReason, Actor};
use crate::auth::permissions::Reach;
use crate::auth::role::Role;
use crate::auth::sight::Sight;
use crate::directory::snapshot::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::id::{OfficeId, StaffId};
use crate::slug::OfficeName;
use crate::vault::ConfidentialLine;

/// A member of staff who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Who it is.
    pub id: StaffId,
    /// The name, if the token tells it.
    pub name: Option<ConfidentialLine>,
    /// Their roles.
    pub roles: Vec<Role>,
    /// The slugs of their offices, as the token names them.
    pub office_slugs: Vec<String>,
    /// Whether they may decide on inquiries (SoL 25 kap. 1 §).
    pub qualified: bool,
    /// Whether they may see persons with a protected identity.
    pub protected_identity: bool,
    /// How far the rule lets them go in what they are about to do.
    pub reach: Vec<Reach>,
    /// Why they look at what is another office's, where the rule lets them.
    pub reason: Option<AccessReason>,
}

/// What a member of staff may do with the cases of their own offices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Powers {
    /// Work them.
    pub works: bool,
    /// Lead those who do.
    pub leads: bool,
    /// Decide on inquiries.
    pub decides: bool,
}

/// The offices with these slugs, as far as there are such.
pub(super) fn offices_named(slugs: &[String], directory: &Directory) -> impl Iterator<Item = OfficeId> {
    let named = |slug: &str| slugs.iter().any(|named| named == slug);
    directory.offices.iter().filter(move |office| named(office.slug.as_ref())).map(|office| office.id)
}

impl Staff {
    /// Who did it, for the audit.
    pub fn actor(&self) -> Actor {
        Actor::Staff(self.id)
    }

    /// The offices that the token names, as far as there are such.
    pub fn offices(&self, directory: &Directory) -> impl Iterator<Item = OfficeId> {
        offices_named(&self.office_slugs, directory)
    }

    /// What they may know of: their own offices', and with an `Access-Reason` all offices' if the rule lets them.
    pub fn sight(&self, directory: &Directory) -> Sight {
        match self.reason {
            Some(reason) if self.reach.contains(&Reach::Others) => Sight {
                offices: directory.offices.iter().map(|office| office.id).collect(),
                reason: Some(reason),
                ..self.own_sight(directory)
            },
            _ => self.own_sight(directory),
        }
    }

    /// What they may change: a reason opens reading only.
    pub fn own_sight(&self, directory: &Directory) -> Sight {
        let own = self.reach.contains(&Reach::Own);
        Sight {
            offices: if own { self.offices(directory).collect() } else { Vec::new() },
            made_by: self.reach.contains(&Reach::Made).then_some(self.id),
            protected_identity: self.protected_identity,
            reason: None,
        }
    }

    /// The office on whose behalf they create something: the one that the body names at `officeId`, or their only one.
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
