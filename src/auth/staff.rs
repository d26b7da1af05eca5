//! Members of staff who are signed in, and the cases that they may know of.

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
    /// The person's name, if the token contains it.
    pub name: Option<ConfidentialLine>,
    pub roles: Vec<Role>,
    /// The slugs of the person's offices, as the token names them. Some may not exist in the directory.
    pub office_slugs: Vec<String>,
    /// Whether the token says that the person is qualified to decide on inquiries (SoL 25 kap. 1 §). Deciding takes a permission as
    /// well.
    pub qualified: bool,
    /// Whether the token says that the person is cleared for cases about persons with a protected identity.
    pub protected_identity: bool,
    /// The sets of records to which the permission applies that this operation needs.
    pub reach: Vec<Reach>,
    /// The reason that the request states for reading cases of other offices (`Access-Reason`), if the permission reaches those.
    pub reason: Option<AccessReason>,
}

/// The powers of a member of staff over the cases of their own offices, by their roles and their qualification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Powers {
    /// Whether the person's roles have the permission to work on referrals.
    pub works: bool,
    /// Whether the person's roles have the permission to lead: to reassign and reopen referrals, and extend their deadlines.
    pub leads: bool,
    /// Whether the person may decide on inquiries: is qualified, and has a role with that permission.
    pub decides: bool,
}

/// Returns the offices of the directory that have one of these slugs. Slugs that no office has are left out.
pub(super) fn offices_named(slugs: &[String], directory: &Directory) -> impl Iterator<Item = OfficeId> {
    let named = |slug: &str| slugs.iter().any(|named| named == slug);
    directory.offices.iter().filter(move |office| named(office.slug.as_ref())).map(|office| office.id)
}

impl Staff {
    /// Returns the actor under which the audit records what this person does.
    pub fn actor(&self) -> Actor {
        Actor::Staff(self.id)
    }

    /// Returns the person's offices, as the token names them. Names that no office of the directory has are left out.
    pub fn offices(&self, directory: &Directory) -> impl Iterator<Item = OfficeId> {
        offices_named(&self.office_slugs, directory)
    }

    /// Returns the scope of the cases that this person may read: those that the reach of the permission covers, and with an
    /// `Access-Reason` those of all offices if the permission reaches so far.
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

    /// Returns the scope of the cases that this person may change. An `Access-Reason` extends only reading, and so has no effect
    /// here.
    pub fn own_sight(&self, directory: &Directory) -> CaseScope {
        let own = self.reach.contains(&Reach::Own);
        CaseScope {
            offices: if own { self.offices(directory).collect() } else { Vec::new() },
            made_by: self.reach.contains(&Reach::Made).then_some(self.id),
            protected_identity: self.protected_identity,
            reason: None,
        }
    }

    /// Returns the office on whose behalf this person creates something: the one that the body names at `officeId`, which must be
    /// one of their own, or else their only one.
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
