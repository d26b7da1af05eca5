//! Separate reports for siblings: a concern report is about one child, and each sibling who is also concerned gets a separate
//! report.
//!
//! A sibling's report has the words, the reporter and the time of receipt of the first report, so its deadlines run from the
//! day on which the office was told. A request is not copied, since its consent is about one child.

use crate::directory::Directory;
use crate::error::{Error, Result, Text};
use crate::id::ReferralId;
use crate::moment::Moment;
use crate::people::ProtectedIdentity;
use crate::referrals::Referral;
use crate::referrals::course::{Course, ReporterFeedback, clocks};
use crate::referrals::matter::child::Child;
use crate::referrals::matter::{NewReferral, Sibling};
use crate::referrals::reference::Reference;
use crate::referrals::routing::Routing;
use crate::referrals::siblings::SiblingCopy;
use crate::time::Timestamp;
use crate::vault::{Confidential, ConfidentialLine};

impl Course {
    /// The identifiers of the reports that were copied from this one for siblings, and of the report that this one was copied from.
    pub fn copied(&self) -> Vec<ReferralId> {
        self.copies.iter().map(|copy| copy.referral_id).chain(self.copy_of).collect()
    }
}

impl Referral {
    /// Makes a separate report for the sibling at the place `index` in this report's list of siblings. Returns the sibling's
    /// report, and the next version of this report, which records the copy. Fails if there is no such sibling or the sibling has a
    /// report already.
    pub fn copied_for_sibling(&self, index: u16, directory: &Directory, moment: &Moment) -> Result<(Self, Self)> {
        let at = |detail: Text| Error::invalid_at("/siblingIndex", detail);
        let sibling = self.matter.siblings.get(usize::from(index));
        let sibling = sibling.ok_or_else(|| at(Text::new("names none of the siblings", "anger inget av syskonen")))?;
        if self.course.copies.iter().any(|copy| copy.sibling_index == index) {
            return Err(at(Text::new("has a report already", "har redan en egen anmälan")));
        }
        let copy = self.for_sibling(sibling, usize::from(index), directory, moment)?;
        let mut after = self.clone();
        after.course.copies.push(SiblingCopy { sibling_index: index, referral_id: copy.id });
        Ok((copy, after.settled(self, moment.now)))
    }

    /// When the referral was written down in this service. A sibling's report was made later than its time of receipt, which it has
    /// from the report that it was copied from.
    pub fn created_at(&self) -> Timestamp {
        if self.course.copy_of.is_some() { self.id.made_at() } else { self.received_at }
    }

    fn for_sibling(&self, sibling: &Sibling, index: usize, directory: &Directory, moment: &Moment) -> Result<Self> {
        let child = self.matter.child.home_of(sibling, self.protected);
        let mut siblings = self.matter.siblings.clone();
        if let Some(place) = siblings.get_mut(index) {
            *place = Sibling {
                name: line(&self.matter.child.full_name()),
                birth_year: self.matter.child.birth().year().and_then(|year| u16::try_from(year).ok()),
                also_concerned: true,
            };
        }
        let routing = Routing::find(&child, self.protected, directory)?;
        let deadlines = clocks::from_receipt(self.kind, self.received_at, directory);
        // A sender who asked for feedback asked for it on everything in the report.
        let feedback = ReporterFeedback { asked_at: self.course.feedback.asked_at, ..ReporterFeedback::default() };
        let copy = Self {
            id: moment.id(),
            reference: Reference::new(&moment.random),
            office_id: routing.office_id,
            // The sender is told the same office for both reports.
            disclosed_office_id: self.disclosed_office_id,
            district_id: routing.district_id,
            assignee_id: None,
            person_id: None,
            matter: NewReferral { child, siblings, ..self.matter.clone() },
            routing,
            course: Course { copy_of: Some(self.id), feedback, ..Course::default() },
            disclosed_at: moment.now,
            deadlines,
            updated_at: moment.now,
            version: 1,
            ..self.clone()
        };
        Ok(Self { next_due_at: clocks::next_due(&copy), ..copy })
    }
}

impl Child {
    /// The facts about the sibling as the child of a separate report. The sibling is assumed to live where this child lives, and
    /// has this child's protection; if the report is `protected`, at least a marked identity.
    fn home_of(&self, sibling: &Sibling, protected: bool) -> Self {
        let (given_name, family_name) = sibling.name.as_ref().map(names_of).unwrap_or_default();
        let marked = protected.then_some(ProtectedIdentity::Marked);
        Self {
            given_name,
            family_name,
            birth_year: sibling.birth_year,
            district_id: self.district_id,
            place_name: self.place_name.clone(),
            postal_code: self.postal_code.clone(),
            street: self.street.clone(),
            locality: self.locality.clone(),
            protected_identity: self.protected_identity.max(marked),
            ..Self::default()
        }
    }
}

/// Splits a name into given name and family name. The family name is the last of several words, or the part before a comma.
fn names_of(name: &ConfidentialLine) -> (Option<ConfidentialLine>, Option<ConfidentialLine>) {
    let name = name.reveal().as_ref();
    let parts = name.split_once(',').map(|(family, given)| (given, family));
    let (given, family) = parts.or_else(|| name.trim().rsplit_once(' ')).unwrap_or((name, ""));
    (line(given), line(family))
}

fn line(text: &str) -> Option<ConfidentialLine> {
    text.trim().parse().ok().map(Confidential::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_as_people_write_names() {
        let split = |name: &str| {
            let (given, family) = names_of(&line(name).unwrap());
            let text = |line: Option<ConfidentialLine>| line.map(|line| line.reveal().to_string()).unwrap_or_default();
            (text(given), text(family))
        };
        for (name, given, family) in [
            ("Saga Påhittad", "Saga", "Påhittad"),
            ("Saga Maria Påhittad", "Saga Maria", "Påhittad"),
            ("Påhittad, Saga", "Saga", "Påhittad"),
            ("Saga", "Saga", ""),
        ] {
            assert_eq!(split(name), (given.to_owned(), family.to_owned()), "{name}");
        }
    }
}
