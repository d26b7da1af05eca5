//! The deadlines of a referral: starting, extending and meeting them, and telling which of them run or have passed.
//!
//! - A deadline starts when the referral is received, accepted, decided or put on hold, by the municipality's rules. A
//!   redirection, a request for information or a reopening does not restart it.
//! - A rule applies to deadlines that start between the rule's first day and its last day. A deadline that has started
//!   continues by the rule that it started by.
//! - A deadline runs until it is met or the referral ends. After a decision on an inquiry, only the deadline for telling the
//!   reporter runs.

#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use crate::calendar::{Deadline, DeadlineKind, DeadlineRule, DeadlineStart};
use crate::directory::Directory;
use crate::referrals::course::codes::InquiryChoice;
use crate::referrals::{Kind, Referral, Status, disclosure, no_deadline};
use crate::time::Timestamp;

impl Status {
    /// Whether an unmet deadline of this kind runs while a referral is in this state. The deadline for feedback runs only after
    /// a decision on an inquiry; the others run only while the referral is open.
    pub fn runs(self, kind: DeadlineKind) -> bool {
        match self {
            Self::HandedOver | Self::ClosedNoInquiry => kind == DeadlineKind::Feedback,
            _ => !self.is_final() && kind != DeadlineKind::Feedback,
        }
    }
}

/// Returns the deadlines of a referral of this kind that are counted from its receipt at `received`, by the rules that hold on
/// that day.
pub fn from_receipt(kind: Kind, received: Timestamp, directory: &Directory) -> Vec<Deadline> {
    let today = directory.calendar.local_date(received.utc());
    let rules = directory.deadline_rules.iter().filter(|rule| rule.starts_at == DeadlineStart::Receipt);
    rules
        .filter(|rule| rule.applies_to(kind.as_ref()) && rule.holds_on(today))
        .filter_map(|rule| rule.deadline_from(received.utc(), &directory.calendar))
        .collect()
}

/// Returns the rule for a deadline of this kind that starts at `start`, for a referral of the kind `referral_kind`. Returns
/// `None` if no rule holds on that day.
fn rule(directory: &Directory, kind: DeadlineKind, referral_kind: Kind, start: Timestamp) -> Option<&DeadlineRule> {
    let day = directory.calendar.local_date(start.utc());
    let mut rules = directory.deadline_rules.iter().filter(|rule| rule.kind == kind && rule.holds_on(day));
    rules.find(|rule| rule.applies_to(referral_kind.as_ref()))
}

/// Starts a deadline of this kind, counted from `from`. Does nothing if the referral has a deadline of this kind already, met
/// or not, or if no rule holds for it.
pub fn start(referral: &mut Referral, kind: DeadlineKind, from: Timestamp, directory: &Directory) {
    if referral.deadlines.iter().any(|deadline| deadline.kind == kind) {
        return;
    }
    let rule = rule(directory, kind, referral.kind, from);
    referral.deadlines.extend(rule.and_then(|rule| rule.deadline_from(from.utc(), &directory.calendar)));
}

/// Starts the deadline for the review of a referral that is put on hold, with `last` as its last day. It replaces the deadline
/// of an earlier review. Does nothing if no rule holds for it.
pub fn start_review(referral: &mut Referral, last: NaiveDate, now: Timestamp, directory: &Directory) {
    let kind = DeadlineKind::Review;
    let Some(rule) = rule(directory, kind, referral.kind, now) else { return };
    let deadline = rule.deadline_on(last, &directory.calendar);
    referral.deadlines.retain(|known| known.kind != kind);
    referral.deadlines.push(deadline);
}

/// Extends the referral's unmet deadline of this kind, so that `until` is its last day.
pub fn extend(referral: &mut Referral, kind: DeadlineKind, until: NaiveDate, directory: &Directory) {
    let running = referral.deadlines.iter_mut().filter(|deadline| deadline.kind == kind && deadline.met_at.is_none());
    running.for_each(|deadline| deadline.extend(until, &directory.calendar));
}

/// Marks the referral's deadline of this kind as met at `at`. A deadline that was met before keeps its time.
pub fn meet(referral: &mut Referral, kind: DeadlineKind, at: Timestamp) {
    let open = referral.deadlines.iter_mut().filter(|deadline| deadline.kind == kind && deadline.met_at.is_none());
    open.for_each(|deadline| deadline.met_at = Some(at.utc()));
}

/// Starts the deadline for telling the reporter the decision, if there is a decision, the reporter asked for feedback and may
/// be told. The deadline ends a week after the decision; on the day of the decision if an inquiry was already under way; and at
/// `now` if the reporter asked after the decision (SoL 19 kap. 6 §). An unmet deadline for feedback stays as it is.
pub fn start_feedback(referral: &mut Referral, now: Timestamp, directory: &Directory) {
    // Staff could never meet a deadline for feedback that must not be given.
    if !referral.feedback_is_requested() || !disclosure::learns_the_decision(referral, directory) {
        return;
    }
    let Some(decision) = referral.course.state.decision() else { return };
    let kind = DeadlineKind::Feedback;
    if referral.deadlines.iter().any(|deadline| deadline.kind == kind && deadline.met_at.is_none()) {
        return;
    }
    let calendar = &directory.calendar;
    let (decided_at, choice) = (decision.decided_at, decision.decision);
    let was_asked_later = referral.course.feedback.asked_at.is_some_and(|asked| asked > decided_at);
    let start = if was_asked_later { now } else { decided_at };
    let Some(rule) = rule(directory, kind, referral.kind, start) else { return };
    let deadline = if was_asked_later {
        rule.deadline_at(now.utc())
    } else if choice == InquiryChoice::AlreadyOngoing {
        rule.deadline_at(calendar.end_of_day(calendar.local_date(decided_at.utc())))
    } else {
        let Some(deadline) = rule.deadline_from(decided_at.utc(), calendar) else { return };
        deadline
    };
    referral.deadlines.retain(|known| known.kind != kind);
    referral.deadlines.push(deadline);
}

/// Removes the unmet deadline for feedback on an earlier decision, after a new decision was made. It has not run since the
/// referral was reopened, and the reporter is told the new decision instead.
pub fn drop_feedback(referral: &mut Referral) {
    referral.deadlines.retain(|deadline| deadline.kind != DeadlineKind::Feedback || deadline.met_at.is_some());
}

/// Whether a deadline of this kind can be extended. The law allows no extension of the protection assessment or the feedback.
pub fn is_extendable(kind: DeadlineKind) -> bool {
    matches!(kind, DeadlineKind::InquiryDecision | DeadlineKind::FirstContact | DeadlineKind::Review)
}

/// Whether the referral has a running deadline of a kind that can be extended.
pub fn any_can_be_extended(referral: &Referral) -> bool {
    running(referral).any(|deadline| is_extendable(deadline.kind))
}

/// Returns the referral's running deadlines: those that are not met, of the kinds that run in its present state. A deadline
/// that has passed still runs.
pub fn running(referral: &Referral) -> impl Iterator<Item = &Deadline> {
    let status = referral.status();
    referral.deadlines.iter().filter(move |deadline| deadline.met_at.is_none() && status.runs(deadline.kind))
}

/// Returns the due time of the referral's earliest running deadline; [`no_deadline`] when none runs.
pub fn next_due(referral: &Referral) -> Timestamp {
    running(referral).map(|deadline| Timestamp::from(deadline.due_at)).min().unwrap_or_else(no_deadline)
}

/// Returns the due time of the referral's earliest running deadline that is not recorded as overdue; [`no_deadline`] when there
/// is none.
pub fn next_unmarked(referral: &Referral) -> Timestamp {
    let unmarked = running(referral).filter(|deadline| deadline.marked_at.is_none());
    unmarked.map(|deadline| Timestamp::from(deadline.due_at)).min().unwrap_or_else(no_deadline)
}

/// Marks the referral's earliest running deadline that has passed and is not marked yet, and returns its kind. Returns `None`
/// if there is none.
pub fn mark_overdue(referral: &mut Referral, now: Timestamp) -> Option<DeadlineKind> {
    let status = referral.status();
    let passed = referral
        .deadlines
        .iter_mut()
        .filter(|deadline| status.runs(deadline.kind) && deadline.marked_at.is_none() && deadline.overdue(now.utc()));
    let first = passed.min_by_key(|deadline| deadline.due_at)?;
    first.marked_at = Some(now.utc());
    Some(first.kind)
}
