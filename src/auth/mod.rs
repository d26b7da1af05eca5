//! Signing in, and the permissions of callers.
//!
//! The type of a handler's first argument says who may call it: [`Anyone`], [`Administrator`], [`PartnerKeeper`], [`Auditor`],
//! [`CaseReader`], [`CaseWorker`], [`CaseCorrector`], [`ReferralMaker`], [`PeopleWorker`], [`TimelineReader`],
//! [`OutreachWorker`], [`VersionReader`], [`ColleagueReader`], [`SignedIn`], [`Submitter`], [`PartnerReader`], [`AnyPartner`].
//! So no check can be forgotten in the body of a handler. A handler without this argument cannot be written by accident, since
//! the test of the OpenAPI document looks for the argument.
//!
//! - 401: no credentials, or a token or key that is not valid. The answer does not say which part is wrong.
//! - 400: two kinds of credentials at once.
//! - 503: a token, while the identity provider's keys could never be read, since the token may well be valid.
//! - 403: the caller is signed in but lacks the role or the scope, which the answer names.
//! - 404: the caller may not know of the resource, see [`CaseScope`].
//!
//! One table, [`permissions`], says which role may do what.

mod category;
mod desk;
mod extract;
pub mod holder;
pub mod key_set;
pub mod keys;
pub mod permissions;
pub mod register;
mod remembered;
mod sign_in;
pub mod tokens;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::{AccessReason, Actor};
use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::id::{OfficeId, PartnerId, StaffId};
use crate::slug::OfficeName;
use crate::vault::ConfidentialLine;

pub use category::{Category, PartnerStatus};
pub use desk::{Desk, Tools};
pub use extract::{
    Acting, Administrator, AnyPartner, Anyone, Auditor, CaseCorrector, CaseReader, CaseWorker, ColleagueReader,
    FollowUpWriter, OfStaff, OutreachWorker, PartnerKeeper, PartnerReader, PeopleWorker, ReferralMaker, SignedIn,
    Submitter, TimelineReader, VersionReader,
};
use permissions::Reach;
pub use sign_in::{SignIn, cannot_judge_tokens};

/// A role of a member of staff, as the municipality's identity provider states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::AsRefStr, strum::EnumIter)]
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Meets families in the field, offers support and follows up.
    OutreachWorker,
    /// Works on the queue of referrals of an office.
    Caseworker,
    /// Watches deadlines and the load of work, and reassigns referrals.
    TeamLead,
    /// Maintains the directory and the partner agencies; sees no personal data.
    Administrator,
    /// Reads and verifies the audit trail.
    Auditor,
    /// Reads statistics, but no cases.
    Analyst,
}

/// A use that a partner agency's API key is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::AsRefStr, strum::EnumIter)]
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApiKeyScope)]
pub enum Scope {
    /// Sends referrals, and the messages and answers that belong to them.
    #[serde(rename = "referrals:submit")]
    #[strum(serialize = "referrals:submit")]
    Submit,
    /// Reads the agency's own referrals.
    #[serde(rename = "referrals:read")]
    #[strum(serialize = "referrals:read")]
    Read,
}

/// A member of staff who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    pub id: StaffId,
    /// The name, if the token contains it.
    pub name: Option<ConfidentialLine>,
    pub roles: Vec<Role>,
    /// The slugs of the caller's offices, as the token names them.
    pub office_slugs: Vec<String>,
    /// Whether the caller may decide on inquiries (SoL 25 kap. 1 §).
    pub qualified: bool,
    /// Whether the caller may see persons with a protected identity.
    pub protected_identity: bool,
    /// The reach of the permission that this operation needs.
    pub reach: Vec<Reach>,
    /// The stated reason for reading cases of other offices, if the permissions allow that.
    pub reason: Option<AccessReason>,
}

/// A partner agency whose system is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    pub id: PartnerId,
    /// The agency's category, on which its duties and rights by law depend.
    pub category: Category,
    /// The uses that the key is allowed.
    pub scopes: Vec<Scope>,
    /// The key that the agency signed in with.
    pub key: keys::ApiKeyId,
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

/// The cases that a member of staff may know of. Lists, single reads, searches, counts and everything below a case are filtered
/// by it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseScope {
    /// The offices whose cases the caller sees.
    pub offices: Vec<OfficeId>,
    /// The member of staff whose own referrals are visible as well, whichever office has them.
    pub made_by: Option<StaffId>,
    /// Whether the caller sees cases about persons with a protected identity.
    pub protected_identity: bool,
    /// The reason for seeing the cases of other offices, for the audit.
    pub reason: Option<AccessReason>,
}

impl CaseScope {
    /// The sight of a caller who repeats a call and only gets back what the call itself said. A caller who reported that an
    /// identity is protected no longer finds the case, but must be able to learn that the report was received.
    pub fn of_own_words(&self, say_protected: bool) -> Self {
        Self { protected_identity: self.protected_identity || say_protected, ..self.clone() }
    }

    /// The caller's only office, on whose behalf the caller acts. `None` with several offices, since nobody knows which one the
    /// caller works for at the moment.
    pub fn only_office(&self) -> Option<OfficeId> {
        match self.offices.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The office on whose behalf a caller reads who may have asked for one office. It is the asked office if its cases are in
    /// sight, since naming an office does not let anybody act for it; else the caller's only office.
    pub fn office_of(&self, asked: Option<OfficeId>) -> Option<OfficeId> {
        asked.filter(|office| self.offices.contains(office)).or_else(|| self.only_office())
    }
}

/// The offices with these slugs. Slugs that no office has are left out.
fn offices_named(slugs: &[String], directory: &Directory) -> impl Iterator<Item = OfficeId> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::import::in_memory;
    use crate::time::{Moment, Random};

    fn moment() -> Moment {
        Moment { now: "2026-11-23T09:00:00Z".parse().unwrap(), random: Random::system() }
    }

    fn directory() -> Directory {
        in_memory(&moment()).unwrap()
    }

    fn staff(offices: &[&str], reach: &[Reach], reason: Option<AccessReason>) -> Staff {
        Staff {
            id: moment().id(),
            name: None,
            roles: Vec::new(),
            office_slugs: offices.iter().map(|slug| (*slug).to_owned()).collect(),
            qualified: false,
            protected_identity: false,
            reach: reach.to_vec(),
            reason,
        }
    }

    #[test]
    fn a_reason_opens_other_offices_only_where_the_rule_lets_it() {
        let (directory, reason) = (directory(), Some(AccessReason::Supervision));
        let offices = ["skaggetorp", "closed-for-good"];
        let own = staff(&offices, &[Reach::Own], reason).sight(&directory);
        assert_eq!((own.offices.len(), own.reason, own.made_by), (1, None, None));
        let all = staff(&offices, &[Reach::Own, Reach::Others], reason);
        assert_eq!(all.sight(&directory).offices.len(), directory.offices.len());
        assert_eq!(all.sight(&directory).reason, reason);
        assert_eq!(all.own_sight(&directory), own, "reading only");
        let without = staff(&offices, &[Reach::Own, Reach::Others], None);
        assert_eq!(without.sight(&directory), own);
        let made = staff(&offices, &[Reach::Made], None);
        assert_eq!(made.sight(&directory).made_by, Some(made.id));
        assert!(made.sight(&directory).offices.is_empty());
    }

    #[test]
    fn one_acts_for_ones_only_office_or_for_the_one_of_several_that_was_asked_for() {
        let directory = directory();
        let sight = |offices: &[&str]| staff(offices, &[Reach::Own], None).own_sight(&directory);
        let [one, two] = ["skaggetorp", "bas-syd"].map(|slug| sight(&[slug]).offices[0]);
        let foreign = sight(&["bas-oster"]).offices[0];
        assert_eq!(sight(&["skaggetorp"]).only_office(), Some(one));
        assert_eq!(sight(&[]).only_office(), None);
        let both = sight(&["skaggetorp", "bas-syd"]);
        assert_eq!(both.only_office(), None);
        assert_eq!(both.office_of(Some(two)), Some(two));
        assert_eq!(both.office_of(Some(foreign)), None);
        assert_eq!(sight(&["skaggetorp"]).office_of(Some(foreign)), Some(one));
        assert_eq!(sight(&["skaggetorp"]).office_of(None), Some(one));
    }
}
