//! Corrections of a referral: of its urgency, of the facts about the child, and of the guardians.
//!
//! - Corrected facts must keep the rules for new facts. Facts that are not corrected, such as a consent or a district that was
//!   retired since, are not judged again.
//! - If the child turns out to live elsewhere, the referral stays at its office. Another office is only suggested, and the staff
//!   who work with the referral decide whether to pass it on.
//! - If the child's identity turns out to be protected, an open referral goes to the central reception.
//! - The urgency that the sender gave is kept in the sender's matter. A corrected urgency is stored apart from it, as the office's
//!   own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::Result;
use crate::moment::Moment;
use crate::people::Registration;
use crate::referrals::matter::child::Child;
use crate::referrals::matter::{Guardian, NewReferral};
use crate::referrals::person::PersonLink;
use crate::referrals::routing::Routing;
use crate::referrals::{Referral, Urgency};
use crate::rules::Rules;

/// The facts of a referral that can be corrected.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewReferralCorrection)]
pub struct CorrectableFacts {
    /// The urgency of the referral: how soon somebody must look at it.
    pub urgency: Urgency,
    /// The child or young person that the referral is about.
    pub child: Child,
    /// The complete list of the child's guardians, at most two. It replaces the earlier list.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
}

impl Registration for CorrectableFacts {
    const FIELDS: &'static [&'static str] = &[];
}

impl Referral {
    /// The correctable facts of the referral as they are now.
    pub fn facts(&self) -> CorrectableFacts {
        CorrectableFacts {
            urgency: self.urgency,
            child: Child { person_id: self.told_person_id(), ..self.matter.child.clone() },
            guardians: self.matter.guardians.clone(),
        }
    }

    /// Returns the next version of the referral with the corrected facts, or an error if they break a rule. `link` is the
    /// registered person that the child is, if there is one. A changed home only leads to a suggested office; a protection of the
    /// child's identity hides the referral.
    pub fn corrected(
        &self,
        facts: CorrectableFacts,
        link: PersonLink,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        let CorrectableFacts { urgency, child, guardians } = facts;
        let person_id = link.id();
        let child = Child { person_id, ..child };
        let matter = NewReferral { child, guardians, ..self.matter.clone() };
        let mut rules = Rules::default();
        let today = directory.calendar.local_date(moment.now.utc());
        matter.judge_corrected(&self.facts().child, today, directory, &mut rules);
        rules.finish(Some(()))?;
        let before = &self.matter.child;
        let said = matter.child.protected_identity.unwrap_or_default();
        let protection = said.max(link.protection());
        let moved = !before.lives_where(&matter.child);
        // A protected referral stays protected, unless the protection was wrong or the child was another person.
        let was_wrong = before.protected_identity.unwrap_or_default() != said || self.person_id != person_id;
        let opens = self.protected && was_wrong && !protection.is_protected();
        let matter = NewReferral { child: matter.child.kept(protection), ..matter };
        let next = Self { urgency, matter, person_id, linked_silently: link.is_silent, ..self.clone() };
        if protection.is_protected() {
            return next.protected_as(protection, directory, moment).map(|next| next.settled(self, moment.now));
        }
        let next = Self { protected: self.protected && !opens, ..next };
        let next = if (moved || opens) && !next.protected { next.routed_anew(directory)? } else { next };
        Ok(next.settled(self, moment.now))
    }

    /// Finds the responsible office by the corrected facts. If it is the office that has the referral, the routing is replaced;
    /// another office is only recorded as a suggestion.
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
