//! The clocks of a referral: which run, which are met, which can be moved.
//!
//! - They run from the original receipt, through redirects and requests for information. Reopening starts none anew.
//! - A rule counts from its first day to its last: what has started goes on by the rule that it started by.
//! - At its end a matter has no deadlines any more, but that of the feedback after a decision.

#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use crate::calendar::{Deadline, DeadlineKind, DeadlineRule, DeadlineStart};
use crate::directory::Directory;
use crate::referrals::course::codes::InquiryChoice;
use crate::referrals::{Kind, Referral, Status, disclosure, no_deadline};
use crate::time::Timestamp;

impl Status {
    /// Whether a deadline of this kind runs in this state.
    pub fn runs(self, kind: DeadlineKind) -> bool {
        match self {
            Self::HandedOver | Self::ClosedNoInquiry => kind == DeadlineKind::Feedback,
            _ => !self.is_final() && kind != DeadlineKind::Feedback,
        }
    }
}

/// The deadlines that start with the receipt.
pub fn from_receipt(kind: Kind, received: Timestamp, directory: &Directory) -> Vec<Deadline> {
    let today = directory.calendar.local_date(received.utc());
    let rules = directory.deadline_rules.iter().filter(|rule| rule.starts_at == DeadlineStart::Receipt);
    rules
        .filter(|rule| rule.applies_to(kind.as_ref()) && rule.holds_on(today))
        .filter_map(|rule| rule.deadline_from(received.utc(), &directory.calendar))
        .collect()
}

/// The rule for a deadline that starts then, if one holds on that day.
fn rule(directory: &Directory, kind: DeadlineKind, referral_kind: Kind, start: Timestamp) -> Option<&DeadlineRule> {
    let day = directory.calendar.local_date(start.utc());
    let mut rules = directory.deadline_rules.iter().filter(|rule| rule.kind == kind && rule.holds_on(day));
    rules.find(|rule| rule.applies_to(referral_kind.as_ref()))
}

/// Starts a deadline that counts from now, unless there is one already.
pub fn start(referral: &mut Referral, kind: DeadlineKind, from: Timestamp, directory: &Directory) {
    if referral.deadlines.iter().any(|deadline| deadline.kind == kind) {
        return;
    }
    let rule = rule(directory, kind, referral.kind, from);
    referral.deadlines.extend(rule.and_then(|rule| rule.deadline_from(from.utc(), &directory.calendar)));
}

/// Starts the review on the day that somebody gave, in place of one of before.
pub fn start_review(referral: &mut Referral, last: NaiveDate, now: Timestamp, directory: &Directory) {
    let kind = DeadlineKind::Review;
    let Some(rule) = rule(directory, kind, referral.kind, now) else { return };
    let deadline = rule.deadline_on(last, &directory.calendar);
    referral.deadlines.retain(|known| known.kind != kind);
    referral.deadlines.push(deadline);
}

/// Moves the deadline of this kind that runs to a later day.
pub fn extend(referral: &mut Referral, kind: DeadlineKind, until: NaiveDate, directory: &Directory) {
    let running = referral.deadlines.iter_mut().filter(|deadline| deadline.kind == kind && deadline.met_at.is_none());
    running.for_each(|deadline| deadline.extend(until, &directory.calendar));
}

/// Meets the deadline of this kind, if it has not been met.
pub fn meet(referral: &mut Referral, kind: DeadlineKind, at: Timestamp) {
    let open = referral.deadlines.iter_mut().filter(|deadline| deadline.kind == kind && deadline.met_at.is_none());
    open.for_each(|deadline| deadline.met_at = Some(at.utc()));
}

/// Starts the clock of the feedback, if the reporter asked for it and has a right to it: a week after the decision; the same day where
/// an inquiry is under way already; and at once where it is asked for afterwards (SoL 19 kap. 6 §).
pub fn start_feedback(referral: &mut Referral, now: Timestamp, directory: &Directory) {
    // Nobody could meet the deadline of what must not be told.
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

/// Forgets the clock of a feedback on an earlier decision, which stood still since that was undone: the reporter learns what is decided
/// in its place.
pub fn drop_feedback(referral: &mut Referral) {
    referral.deadlines.retain(|deadline| deadline.kind != DeadlineKind::Feedback || deadline.met_at.is_some());
}

/// Whether a deadline of this kind can be moved at all. The law lets nobody move the protection assessment, nor the feedback.
pub fn is_extendable(kind: DeadlineKind) -> bool {
    matches!(kind, DeadlineKind::InquiryDecision | DeadlineKind::FirstContact | DeadlineKind::Review)
}

/// Whether some deadline that runs can be moved.
pub fn any_can_be_extended(referral: &Referral) -> bool {
    running(referral).any(|deadline| is_extendable(deadline.kind))
}

/// The deadlines that run: not met, and not ended with the matter.
pub fn running(referral: &Referral) -> impl Iterator<Item = &Deadline> {
    let status = referral.status();
    referral.deadlines.iter().filter(move |deadline| deadline.met_at.is_none() && status.runs(deadline.kind))
}

/// What is due next; [`no_deadline`] when nothing is.
pub fn next_due(referral: &Referral) -> Timestamp {
    running(referral).map(|deadline| Timestamp::from(deadline.due_at)).min().unwrap_or_else(no_deadline)
}

/// The first deadline that runs and has not been recorded as overdue.
pub fn next_unmarked(referral: &Referral) -> Timestamp {
    let unmarked = running(referral).filter(|deadline| deadline.marked_at.is_none());
    unmarked.map(|deadline| Timestamp::from(deadline.due_at)).min().unwrap_or_else(no_deadline)
}

/// Records that the first deadline which has passed and was not recorded before is overdue, and says of which kind it is.
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
