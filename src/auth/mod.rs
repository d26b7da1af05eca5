//! Who calls, and what they may do.
//!
//! The first argument of a handler says who may call it: [`Anyone`], [`Administrator`], [`CaseReader`], [`Submitter`],
//! [`PartnerReader`]. There is no check to forget in a body, and nobody to check when the argument is missing: a handler
//! without one cannot be written by accident, since the document's test looks for it.
//!
//! - Nobody, or a token or key that does not hold: 401, without a hint at which of its parts is wrong.
//! - Signed in, and without the role or the scope: 403, which names it.
//! - What one may not know of: 404, see [`Sight`].

mod category;
mod extract;
pub mod keys;
pub mod tokens;

use crate::audit::Actor;
use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::id::{OfficeId, PartnerId, StaffId};
use crate::slug::OfficeName;

pub use category::Category;
pub use extract::{Administrator, Anyone, CaseReader, PartnerReader, SignIn, Submitter};

/// What staff are, as the municipality's identity provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::AsRefStr, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Meets families in the field.
    OutreachWorker,
    /// Works the queue of referrals.
    Caseworker,
    /// Watches deadlines and load.
    TeamLead,
    /// Keeps the directory and the partner agencies; sees no personal data.
    Administrator,
    /// Reads the audit.
    Auditor,
    /// Reads statistics.
    Analyst,
}

/// What a partner agency's key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::AsRefStr)]
pub enum Scope {
    /// Sending referrals and what belongs to them.
    #[strum(serialize = "referrals:submit")]
    Submit,
    /// Reading the agency's own referrals.
    #[strum(serialize = "referrals:read")]
    Read,
}

/// A member of staff who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Who it is.
    pub id: StaffId,
    /// Their roles.
    pub roles: Vec<Role>,
    /// The slugs of their offices, as the token names them.
    pub office_slugs: Vec<String>,
    /// Whether they may see persons with a protected identity.
    pub protected_identity: bool,
}

/// A partner agency whose system signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Which agency it is.
    pub id: PartnerId,
    /// What the law says of such an agency.
    pub category: Category,
    /// What the key may be used for.
    pub scopes: Vec<Scope>,
}

/// Which cases a member of staff may know of. List, single, search, count and whatever hangs below a case go through it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The offices whose cases they see.
    pub offices: Vec<OfficeId>,
    /// Whether cases about persons with a protected identity exist for them.
    pub protected_identity: bool,
}

impl Staff {
    /// Who did it, for the audit.
    pub fn actor(&self) -> Actor {
        Actor::Staff(self.id)
    }

    /// Which cases they may know of: those of their own offices, if they work with cases at all.
    pub fn sight(&self, directory: &Directory) -> Sight {
        // An outreach worker sees the referrals that they made, and no referral is made by staff yet.
        let works_cases = self.roles.iter().any(|role| matches!(role, Role::Caseworker | Role::TeamLead));
        let offices = if works_cases { self.own_offices(directory) } else { Vec::new() };
        Sight { offices, protected_identity: self.protected_identity }
    }

    /// Which people and families they may know of: those who were met through their own offices.
    pub fn sight_of_people(&self, directory: &Directory) -> Sight {
        Sight { offices: self.own_offices(directory), protected_identity: self.protected_identity }
    }

    /// The office on whose behalf they create something: the one that the body names at `officeId`, or their only one.
    pub fn creating_office(&self, directory: &Directory, named: Option<&OfficeName>) -> Result<OfficeId> {
        let own = self.own_offices(directory);
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

    fn own_offices(&self, directory: &Directory) -> Vec<OfficeId> {
        let own =
            directory.offices.iter().filter(|office| self.office_slugs.iter().any(|slug| slug == office.slug.as_ref()));
        own.map(|office| office.id).collect()
    }
}
