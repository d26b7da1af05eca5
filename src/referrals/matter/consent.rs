//! Consent to a support request or an internal referral (SoL 2025:400, 21 kap. 1-2 §§).
//!
//! Under 12 years a guardian consents. From 12 years a guardian consents, or the child alone where every requested service
//! needs an assessment (for a service without one, 2 § asks for the guardian's consent up to 15). From 15 years the child's
//! consent is enough. From 18 years only the person consents.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Problem, Text};
use crate::rules::{Rules, in_the_future};
use crate::time::day;

/// The types of problem for which a consent is refused, in addition to errors in its form such as a missing field.
pub const PROBLEMS: [Problem; 3] = [Problem::ConsentWithdrawn, Problem::ConsentOrder, Problem::ConsentGiver];

/// The consent to a support request or another referral: its form, its givers, its day and the things that it covers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Consent {
    /// The form in which the consent was given.
    pub basis: Basis,
    /// The people who gave the consent: the child, a guardian, or both.
    #[schema(min_items = 1, max_items = 2)]
    pub given_by: Vec<Giver>,
    /// The day on which the consent was given.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2026-11-20")]
    pub given_on: NaiveDate,
    /// The things that the consent covers. `referral` must be among them.
    #[schema(min_items = 1, max_items = 3)]
    pub scopes: Vec<ConsentScope>,
    /// The day on which the consent was withdrawn. A new referral cannot rest on a withdrawn consent.
    ///
    /// @x-example-omit true
    #[serde(default, deserialize_with = "day::optional", skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-21")]
    pub withdrawn_at: Option<NaiveDate>,
}

/// The form in which a consent was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Basis {
    /// The consent was given on paper.
    Written,
    /// The consent was given in spoken words.
    Oral,
    /// The consent was given by an electronic signature.
    Electronic,
}

/// A giver of a consent: the child or a guardian.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::IntoStaticStr,
    strum::EnumIter
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Giver {
    /// The child or young person consents.
    Child,
    /// A guardian of the child consents.
    Guardian,
}

/// A thing that a consent covers: sending the referral, telling its outcome, or exchanging information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConsentScope {
    /// The consent covers that the referral is sent.
    Referral,
    /// The consent covers that the sender learns the outcome of the referral.
    Outcome,
    /// The consent covers that the sender and the office exchange information.
    InformationBetweenParties,
}

impl Consent {
    /// Checks the consent for a child of `age` whole years on the day `today`, and adds the breaches to `rules`. `all_assessed`
    /// tells whether services are requested and every one of them needs an assessment.
    pub fn check(&self, age: u32, all_assessed: bool, today: NaiveDate, rules: &mut Rules) {
        rules.list("/consent/givenBy", &self.given_by, 2);
        rules.list("/consent/scopes", &self.scopes, 3);
        rules.require(self.given_on <= today, "/consent/givenOn", in_the_future());
        let order =
            Text::new("must not lie before the consent was given", "får inte ligga före den dag då samtycket gavs");
        let in_order = self.withdrawn_at.is_none_or(|day| day >= self.given_on);
        rules.require_or(Problem::ConsentOrder, in_order, "/consent/withdrawnAt", order);
        let withdrawn =
            Text::new("a request cannot rest on a withdrawn consent", "ett återkallat samtycke bär ingen förfrågan");
        let stands = self.withdrawn_at.is_none() || !in_order;
        rules.require_or(Problem::ConsentWithdrawn, stands, "/consent/withdrawnAt", withdrawn);
        let covers = self.scopes.contains(&ConsentScope::Referral);
        rules.require(covers, "/consent/scopes", Text::new("must have `referral`", "måste ha `referral`"));
        let (en, sv) = who_consents(age);
        let is_given = self.is_given_by_the_right_one(age, all_assessed);
        rules.require_or(Problem::ConsentGiver, is_given, "/consent/givenBy", Text::new(en, sv));
    }

    fn is_given_by_the_right_one(&self, age: u32, all_assessed: bool) -> bool {
        let (child, guardian) = (self.given_by.contains(&Giver::Child), self.given_by.contains(&Giver::Guardian));
        match age {
            0..=11 => guardian,
            12..=14 => guardian || (child && all_assessed),
            15..=17 => child || guardian,
            _ => child,
        }
    }
}

fn who_consents(age: u32) -> (&'static str, &'static str) {
    match age {
        0..=11 => (
            "under 12 years a guardian consents (SoL 21 kap. 1 §); a birth year alone counts as the lower age",
            "under 12 år samtycker en vårdnadshavare (SoL 21 kap. 1 §); enbart födelseår räknas som den lägre åldern",
        ),
        12..=14 => (
            "from 12 to 14 years a guardian consents, or the child alone where every requested service needs an assessment (SoL 21 kap. 1-2 §§)",
            "från 12 till 14 år samtycker en vårdnadshavare, eller barnet ensamt om varje begärd insats kräver behovsprövning (SoL 21 kap. 1-2 §§)",
        ),
        15..=17 => ("must name who consents", "måste ange vem som samtycker"),
        _ => ("from 18 years only the person consents", "från 18 år samtycker bara personen själv"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(given_by: &[Giver], age: u32, all_assessed: bool) -> usize {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let consent = Consent {
            basis: Basis::Oral,
            given_by: given_by.to_vec(),
            given_on: day,
            scopes: vec![ConsentScope::Referral],
            withdrawn_at: None,
        };
        let mut rules = Rules::default();
        consent.check(age, all_assessed, day, &mut rules);
        rules.finish(Some(())).map_or_else(|error| error.violations().len(), |()| 0)
    }

    #[test]
    fn who_may_consent_follows_from_age() {
        use crate::referrals::matter::consent::Giver::{Child, Guardian};
        assert_eq!(pointers(&[Guardian], 9, false), 0);
        assert_eq!(pointers(&[Child], 9, true), 1);
        assert_eq!(pointers(&[Child], 12, true), 0);
        assert_eq!(pointers(&[Child], 14, false), 1);
        assert_eq!(pointers(&[Child], 15, false), 0);
        assert_eq!(pointers(&[Guardian], 17, false), 0);
        assert_eq!(pointers(&[Guardian], 18, false), 1);
        assert_eq!(pointers(&[], 16, false), 1);
    }
}
