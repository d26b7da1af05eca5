//! Signing in, and the permissions of callers.
//!
//! The type of a handler's first argument, alone or inside a `Context`, says who may call it: [`Anyone`], [`Administrator`],
//! [`PartnerKeeper`], [`Auditor`], [`CaseReader`], [`CaseWorker`], [`CaseCorrector`], [`ReferralMaker`], [`PeopleWorker`],
//! [`TimelineReader`], [`OutreachWorker`], [`FollowUpWriter`], [`VersionReader`], [`ColleagueReader`], [`SignedIn`], [`Submitter`],
//! [`PartnerReader`], [`AnyPartner`]. So no check can be forgotten in the body of a handler. A handler without this argument cannot
//! be written by accident, since the test of the OpenAPI document looks for the argument.
//!
//! - 401: the request has no credentials, or a token or key that is not valid. The answer does not say which part is wrong.
//! - 400: the request has two kinds of credentials at once.
//! - 503: the request has a token, and the identity provider's keys could never be read, so that the token may well be valid.
//! - 403: the caller is signed in but lacks the role or the scope, which the answer names.
//! - 404: the caller may not know of the resource, see [`CaseScope`].
//!
//! One table, in [`permissions`], says which role may do what.

pub mod agency;
pub mod agency_row;
pub mod case_scope;
mod category;
mod extract;
pub mod holder;
pub mod key_set;
pub mod keys;
pub mod permissions;
pub mod register;
mod remembered;
pub mod role;
mod sign_in;
pub mod staff;
pub mod tokens;
pub mod verified;

pub use agency::Agency;
pub use case_scope::CaseScope;
pub use category::{Category, PartnerStatus};
pub use extract::{
    Acting, Administrator, AnyPartner, Anyone, Auditor, CaseCorrector, CaseReader, CaseWorker, ColleagueReader,
    FollowUpWriter, OfStaff, OutreachWorker, PartnerKeeper, PartnerReader, PeopleWorker, ReferralMaker, SignedIn,
    Submitter, TimelineReader, VersionReader,
};
pub use role::{Role, Scope};
pub use sign_in::{SignIn, cannot_judge_tokens, finish as finish_sign_in, signed_in};
pub use staff::{Powers, Staff};

#[cfg(test)]
mod tests {
    use super::permissions::Reach;
    use super::*;
    use crate::audit::AccessReason;
    use crate::directory::Directory;
    use crate::directory::import::in_memory;
    use crate::moment::Moment;
    use crate::time::Random;

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
