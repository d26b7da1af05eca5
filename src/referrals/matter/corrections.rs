//! Corrections of a referral: the child, the people around the child, and the urgency.
//!
//! - Corrected facts must keep the rules for new facts. Facts that are not corrected, such as a consent or a district that was
//!   retired since, were judged when they came.
//! - If the child turns out to live elsewhere, the referral stays at its office. Another office is suggested, and the staff who
//!   work with the referral decide.
//! - If the child's identity turns out to be protected, the referral does not stay.
//! - The urgency in the sender's own words is kept. A corrected urgency is the office's own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::Result;
use crate::moment::Moment;
use crate::people::Registration;
use crate::referrals::matter::child::Child;
use crate::referrals::matter::{Guardian, NewReferral};
use crate::referrals::person::RegisteredPerson;
use crate::referrals::routing::Routing;
use crate::referrals::{Referral, Urgency};
use crate::rules::Rules;

/// The facts of a referral that can be corrected.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewReferralCorrection)]
pub struct CorrectableFacts {
    /// The time within which somebody must look at the referral.
    pub urgency: Urgency,
    /// The child or young person that the referral is about.
    pub child: Child,
    /// The complete list of guardians, at most two.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
}

impl Registration for CorrectableFacts {
    const FIELDS: &'static [&'static str] = &[];
}

impl Referral {
    /// The correctable facts as they are now.
    pub fn facts(&self) -> CorrectableFacts {
        CorrectableFacts {
            urgency: self.urgency,
            child: Child { person_id: self.person_id, ..self.matter.child.clone() },
            guardians: self.matter.guardians.clone(),
        }
    }

    /// Returns the next version of the referral, with these facts. `known` is the child, if registered.
    pub fn corrected(
        &self,
        facts: CorrectableFacts,
        known: Option<RegisteredPerson>,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        let CorrectableFacts { urgency, child, guardians } = facts;
        let person_id = known.map(|(id, _)| id);
        let child = Child { person_id, ..child };
        let matter = NewReferral { child, guardians, ..self.matter.clone() };
        let mut rules = Rules::default();
        let today = directory.calendar.local_date(moment.now.utc());
        matter.judge_corrected(&self.facts().child, today, directory, &mut rules);
        rules.finish(Some(()))?;
        let before = &self.matter.child;
        let said = matter.child.protected_identity.unwrap_or_default();
        let protection = said.max(known.map(|(_, protection)| protection).unwrap_or_default());
        let moved = !before.lives_where(&matter.child);
        // A protected referral stays protected, unless the protection was wrong or the child was another person.
        let was_wrong = before.protected_identity.unwrap_or_default() != said || self.person_id != person_id;
        let opens = self.protected && was_wrong && !protection.is_protected();
        let matter = NewReferral { child: matter.child.kept(protection), ..matter };
        let next = Self { urgency, matter, person_id, ..self.clone() };
        if protection.is_protected() {
            return next.protected_as(protection, directory, moment).map(|next| next.settled(self, moment.now));
        }
        let next = Self { protected: self.protected && !opens, ..next };
        let next = if (moved || opens) && !next.protected { next.routed_anew(directory)? } else { next };
        Ok(next.settled(self, moment.now))
    }

    /// Routes the referral by its corrected facts. If another office is found, that office is only suggested.
    fn routed_anew(mut self, directory: &Directory) -> Result<Self> {
        let found = Routing::find(&self.matter.child, false, directory)?;
        if found.office_id == self.office_id {
            self.district_id = found.district_id;
            self.routing = found;
            self.course.suggested = None;
        } else {
            self.course.suggested = Some(found);
        }
        Ok(self)
    }
}
