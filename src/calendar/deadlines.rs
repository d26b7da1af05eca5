//! Deadlines of referrals: the latest times at which the office must have done something.
//!
//! - A deadline in hours also runs through nights, weekends and holidays, and its end is never moved.
//! - A deadline in days is counted from the local date of its start. It ends with its last day, at local midnight. If
//!   the last day is not a working day, lag (1930:173) may move the end to the next working day. That moved end is kept
//!   beside the statutory one. Whether the moved end applies is a question for a lawyer, so [`Deadline::overdue`] uses
//!   the statutory one.
//! - A deadline in working days skips all days that are not working days, so its last day is always a working day.
//! - A rule without a length does not say when the deadline ends: a person chooses its last day.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Calendar;

/// The kinds of deadline of a referral, by the task that must be done in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumString, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeadlineKind {
    /// The assessment whether the child needs protection at once.
    ProtectionAssessment,
    /// The decision whether to open an inquiry.
    InquiryDecision,
    /// The office's first contact with the person or the family, after it accepted the referral.
    FirstContact,
    /// The feedback to the person with a legal duty to report: whether an inquiry was opened.
    Feedback,
    /// The review of a referral that is on hold.
    Review,
}

/// The events from which a deadline can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineStart {
    /// The moment at which the social services first received the referral.
    Receipt,
    /// The moment at which an office accepted the referral.
    Accepted,
    /// The decision whether to open an inquiry.
    Decision,
    /// No event: a person chooses the day on which the deadline ends.
    Given,
}

/// The length of a deadline, in hours or in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Length {
    /// A number of hours of 60 minutes.
    Hours(u16),
    /// A number of calendar days. The day of the start is not counted.
    Days(u16),
    /// A number of working days. The day of the start is not counted.
    WorkingDays(u16),
}

/// A rule in the municipality's data by which one kind of deadline is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeadlineRule {
    pub kind: DeadlineKind,
    /// The kinds of referral that have this deadline, such as `concern_report`.
    pub applies_to: Vec<String>,
    /// The event from which the deadline is counted.
    pub starts_at: DeadlineStart,
    /// The length of the deadline. Absent if a person chooses the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// The identifier of the legal reference that the rule is based on.
    pub legal_basis_id: String,
    /// The first day on which a deadline can start by this rule. Absent if the rule has always held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// The last day on which a deadline can start by this rule. Absent while no end is known. A deadline that has
    /// already started still ends as this rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
}

impl DeadlineRule {
    /// Whether this rule counts the deadlines that start on the day `date`.
    pub fn holds_on(&self, date: NaiveDate) -> bool {
        self.valid_from.is_none_or(|first| first <= date) && self.valid_to.is_none_or(|last| date <= last)
    }

    /// Whether referrals of the kind `referral_kind` have this deadline.
    pub fn applies_to(&self, referral_kind: &str) -> bool {
        self.applies_to.iter().any(|kind| kind == referral_kind)
    }

    /// Returns the deadline that this rule counts from the instant `start`. Returns `None` if the rule has no length,
    /// or if the end would be beyond the last representable time.
    pub fn deadline_from(&self, start: DateTime<Utc>, calendar: &Calendar) -> Option<Deadline> {
        let first = calendar.local_date(start);
        match self.length? {
            Length::Hours(hours) => {
                let due_at = start.checked_add_signed(TimeDelta::hours(hours.into()))?;
                Some(self.deadline(due_at, None))
            }
            Length::Days(days) => {
                let last = first.checked_add_days(Days::new(days.into()))?;
                Some(self.deadline_on(last, calendar))
            }
            Length::WorkingDays(days) => {
                let last = calendar.add_working_days(first, days);
                Some(self.deadline(calendar.end_of_day(last), None))
            }
        }
    }

    /// Returns a deadline of this rule that ends with the day `last`, such as a review, whose day a person chose.
    pub fn deadline_on(&self, last: NaiveDate, calendar: &Calendar) -> Deadline {
        let rolled = calendar.end_of_day(calendar.rolled(last));
        self.deadline(calendar.end_of_day(last), Some(rolled))
    }

    /// Returns a deadline of this rule that ends at the instant `due_at` and has no moved end.
    pub fn deadline_at(&self, due_at: DateTime<Utc>) -> Deadline {
        self.deadline(due_at, None)
    }

    fn deadline(&self, due_at: DateTime<Utc>, rolled_due_at: Option<DateTime<Utc>>) -> Deadline {
        let legal_basis_id = self.legal_basis_id.clone();
        let kind = self.kind;
        Deadline { kind, due_at, rolled_due_at, met_at: None, first_due_at: None, marked_at: None, legal_basis_id }
    }
}

/// A deadline of one referral, with its end and whether it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    pub kind: DeadlineKind,
    /// When the deadline ends by the statute. A deadline in days ends at the local midnight after its last day.
    pub due_at: DateTime<Utc>,
    /// The end of the next working day, if the last day of the deadline is not a working day (lag 1930:173). If it is a
    /// working day, equal to `due_at`. Absent for deadlines that were counted in hours or in working days and not
    /// extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_due_at: Option<DateTime<Utc>>,
    /// When the task of the deadline was done. Absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met_at: Option<DateTime<Utc>>,
    /// The end of the deadline before it was extended for the first time. Absent if it was never extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_due_at: Option<DateTime<Utc>>,
    /// When the service recorded that the deadline had passed without being met. Absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked_at: Option<DateTime<Utc>>,
    /// The identifier of the legal reference that the deadline is based on.
    pub legal_basis_id: String,
}

impl Deadline {
    /// Moves the end of the deadline to the end of the day `last`. The very first end is kept in `first_due_at`. The
    /// record that the earlier end had passed is cleared.
    pub fn extend(&mut self, last: NaiveDate, calendar: &Calendar) {
        self.first_due_at = self.first_due_at.or(Some(self.due_at));
        self.due_at = calendar.end_of_day(last);
        self.rolled_due_at = Some(calendar.end_of_day(calendar.rolled(last)));
        self.marked_at = None;
    }

    /// Whether the deadline has passed at `now` and was not met. The statutory end `due_at` counts, not the moved one.
    pub fn overdue(&self, now: DateTime<Utc>) -> bool {
        self.met_at.is_none() && self.due_at < now
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::IntoEnumIterator;

    use super::super::tests::{date, linkoping};
    use super::*;

    fn rules() -> Vec<DeadlineRule> {
        serde_json::from_str(include_str!("../../data/linkoping/deadlines.json")).unwrap()
    }

    fn rule(kind: DeadlineKind) -> DeadlineRule {
        rules().into_iter().find(|rule| rule.kind == kind).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Returns the statutory end and the moved end of a deadline that starts at `start`, by Linköping's rules.
    fn ends(kind: DeadlineKind, start: &str) -> (String, Option<String>) {
        let deadline = rule(kind).deadline_from(at(start), &linkoping()).unwrap();
        let text = |instant: DateTime<Utc>| instant.format("%FT%RZ").to_string();
        (text(deadline.due_at), deadline.rolled_due_at.map(text))
    }

    fn both(due: &str, rolled: &str) -> (String, Option<String>) {
        (due.into(), Some(rolled.into()))
    }

    #[test]
    fn the_data_has_a_rule_for_every_deadline() {
        assert!(DeadlineKind::iter().all(|kind| rules().iter().any(|rule| rule.kind == kind)));
        assert!(rule(DeadlineKind::FirstContact).applies_to("self_request"));
        assert!(!rule(DeadlineKind::FirstContact).applies_to("concern_report"));
    }

    #[test]
    fn a_protection_assessment_is_due_after_24_real_hours_and_never_rolls() {
        let due = |start| ends(DeadlineKind::ProtectionAssessment, start);
        assert_eq!(due("2026-03-28T11:00:00Z"), ("2026-03-29T11:00Z".into(), None));
        assert_eq!(due("2026-10-24T11:00:00Z"), ("2026-10-25T11:00Z".into(), None));
        assert_eq!(due("2026-12-23T15:00:00Z"), ("2026-12-24T15:00Z".into(), None));
    }

    #[test]
    fn an_inquiry_decision_is_due_at_the_end_of_the_fourteenth_day() {
        let due = |start| ends(DeadlineKind::InquiryDecision, start);
        // Just before and just after midnight in Linköping are two receipt dates.
        assert_eq!(due("2026-05-04T21:59:00Z"), both("2026-05-18T22:00Z", "2026-05-18T22:00Z"));
        assert_eq!(due("2026-05-04T22:01:00Z"), both("2026-05-19T22:00Z", "2026-05-19T22:00Z"));
        // It starts in winter time and ends in summer time, and the reverse.
        assert_eq!(due("2026-03-17T10:00:00Z"), both("2026-03-31T22:00Z", "2026-03-31T22:00Z"));
        assert_eq!(due("2026-10-13T10:00:00Z"), both("2026-10-27T23:00Z", "2026-10-27T23:00Z"));
        // The last day is the day of the change, a Sunday.
        assert_eq!(due("2026-03-15T10:00:00Z"), both("2026-03-29T22:00Z", "2026-03-30T22:00Z"));
    }

    #[test]
    fn the_rolled_day_passes_easter_midsummer_and_new_year() {
        let due = |start| ends(DeadlineKind::InquiryDecision, start);
        assert_eq!(due("2026-03-20T10:00:00Z"), both("2026-04-03T22:00Z", "2026-04-07T22:00Z"));
        assert_eq!(due("2026-06-05T10:00:00Z"), both("2026-06-19T22:00Z", "2026-06-22T22:00Z"));
        assert_eq!(due("2026-12-17T10:00:00Z"), both("2026-12-31T23:00Z", "2027-01-04T23:00Z"));
    }

    #[test]
    fn first_contact_is_due_after_five_working_days() {
        let due = |start| ends(DeadlineKind::FirstContact, start);
        assert_eq!(due("2026-03-31T08:00:00Z"), ("2026-04-09T22:00Z".into(), None));
        assert_eq!(due("2026-06-17T08:00:00Z"), ("2026-06-25T22:00Z".into(), None));
        assert_eq!(due("2026-12-28T08:00:00Z"), ("2027-01-07T23:00Z".into(), None));
    }

    #[test]
    fn a_review_is_due_on_the_day_that_is_given() {
        let review = rule(DeadlineKind::Review);
        assert_eq!(review.deadline_from(at("2026-06-01T08:00:00Z"), &linkoping()), None);
        let deadline = review.deadline_on(date("2026-06-20"), &linkoping());
        assert_eq!(deadline.due_at, at("2026-06-20T22:00:00Z"));
        assert_eq!(deadline.rolled_due_at, Some(at("2026-06-22T22:00:00Z")));
    }

    #[test]
    fn a_deadline_that_is_extended_remembers_its_first_day_and_rolls_with_the_new_one() {
        let mut deadline =
            rule(DeadlineKind::InquiryDecision).deadline_from(at("2026-06-01T08:00:00Z"), &linkoping()).unwrap();
        deadline.marked_at = Some(at("2026-06-15T22:00:07Z"));
        deadline.extend(date("2026-06-19"), &linkoping());
        assert_eq!(deadline.first_due_at, Some(at("2026-06-15T22:00:00Z")));
        assert_eq!(
            (deadline.due_at, deadline.rolled_due_at),
            (at("2026-06-19T22:00:00Z"), Some(at("2026-06-22T22:00:00Z")))
        );
        assert_eq!(deadline.marked_at, None);
        deadline.extend(date("2026-07-01"), &linkoping());
        assert_eq!(deadline.first_due_at, Some(at("2026-06-15T22:00:00Z")), "the very first day stays");
    }

    #[test]
    fn a_dated_rule_holds_from_its_first_day_to_its_last() {
        let feedback = rule(DeadlineKind::Feedback);
        assert!(!feedback.holds_on(date("2026-01-14")) && feedback.holds_on(date("2026-01-15")), "SoL 19 kap. 6 §");
        let replaced = DeadlineRule { valid_to: Some(date("2027-06-30")), ..feedback };
        assert!(replaced.holds_on(date("2027-06-30")) && !replaced.holds_on(date("2027-07-01")));
        assert!(rule(DeadlineKind::InquiryDecision).holds_on(date("1999-01-01")), "what is not dated always holds");
    }

    #[test]
    fn a_deadline_is_overdue_by_the_statutory_day_until_it_is_met() {
        let mut deadline = rule(DeadlineKind::Review).deadline_on(date("2026-06-20"), &linkoping());
        assert!(!deadline.overdue(deadline.due_at));
        assert!(deadline.overdue(deadline.due_at + TimeDelta::microseconds(1)));
        deadline.met_at = Some(at("2026-08-01T00:00:00Z"));
        assert!(!deadline.overdue(at("2027-01-01T00:00:00Z")));
    }

    #[test]
    fn the_wire_says_what_the_contract_says() {
        let deadline = rule(DeadlineKind::ProtectionAssessment).deadline_from(at("2026-06-01T08:00:00Z"), &linkoping());
        let expected = serde_json::json!({
            "kind": "protection_assessment", "dueAt": "2026-06-02T08:00:00Z", "legalBasisId": "linkoping-protection-24h"
        });
        assert_eq!(serde_json::to_value(deadline.unwrap()).unwrap(), expected);
        let typo = r#"{"kind":"review","appliesTo":[],"startsAt":"given","legalBasisId":"x","lenght":{"days":1}}"#;
        assert!(serde_json::from_str::<DeadlineRule>(typo).is_err());
    }

    proptest! {
        #[test]
        fn a_deadline_by_days_never_ends_before_its_days_are_over(second in 0_i64..7 * 365 * 86_400) {
            let (calendar, start) = (linkoping(), at("2025-01-01T00:00:00Z") + TimeDelta::seconds(second));
            let deadline = rule(DeadlineKind::InquiryDecision).deadline_from(start, &calendar).unwrap();
            let last = calendar.local_date(deadline.due_at - TimeDelta::seconds(1));
            prop_assert_eq!(last - calendar.local_date(start), TimeDelta::days(14));
            prop_assert!(deadline.rolled_due_at.unwrap() >= deadline.due_at);
        }
    }
}
