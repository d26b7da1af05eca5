//! Corrections: who the child is, who is around it, and how soon somebody must look at it.
//!
//! - What is corrected keeps the rules of what is new. What is not, such as a consent or a district that was retired since, was judged
//!   when it came.
//! - Where the child turns out to live elsewhere, the referral stays where it is: another office is suggested, and whoever works with
//!   it decides.
//! - Where the child's identity turns out to be protected, it does not stay.
//! - The sender's urgency remains what it was for the sender: what the office makes of it is the office's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::Result;
use crate::moment::Moment;
use crate::people::Registration;
use crate::referrals::matter::child::Child;
use crate::referrals::matter::{Guardian, NewReferral};
use crate::referrals::person::Known;
use crate::referrals::routing::Routing;
use crate::referrals::{Referral, Urgency};
use crate::rules::Rules;

/// What can be corrected.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewReferralCorrection)]
pub struct Facts {
    /// How soon somebody must look at it.
    pub urgency: Urgency,
    /// The child or young person.
    pub child: Child,
    /// The guardians, at most two: all of them, as they are right.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
}

impl Registration for Facts {
    const FIELDS: &'static [&'static str] = &[];
}

impl Referral {
    /// What can be corrected of it, as it stands.
    pub fn facts(&self) -> Facts {
        Facts {
            urgency: self.urgency,
            child: Child { person_id: self.person_id, ..self.matter.child.clone() },
            guardians: self.matter.guardians.clone(),
        }
    }

    /// What becomes of it when these are the facts, and the child is `known`.
    pub fn corrected(
        &self,
        facts: Facts,
        known: Option<Known>,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        let Facts { urgency, child, guardians } = facts;
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
        // What was protected stays so, unless it is the protection that was wrong, or the child.
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

    /// Where it would go now. It goes nowhere by itself.
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
