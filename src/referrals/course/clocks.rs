//! The clocks of a referral: which run, which are met, which can be moved.
//!
//! - They run from the original receipt, through redirects and requests for information. Reopening starts none anew.
//! - At its end a matter has no deadlines any more, but that of the feedback after a decision.

use chrono::NaiveDate;

use crate::calendar::{Deadline, DeadlineKind, DeadlineRule, DeadlineStart};
use crate::directory::Directory;
use crate::referrals::codes::InquiryChoice;
use crate::referrals::{Kind, Referral, Status, disclosure, no_deadline};
use crate::time::Timestamp;

impl Status {
    /// Whether a deadline of this kind runs in this state.
    pub fn runs(self, kind: DeadlineKind) -> bool {
        match self {
            Self::HandedOver | Self::ClosedNoInquiry => kind == DeadlineKind::Feedback,
            _ => !self.is_final(),
        }
    }
}

/// The deadlines that start with the receipt.
pub fn from_receipt(kind: Kind, received: Timestamp, directory: &Directory) -> Vec<Deadline> {
    let rules = directory.deadline_rules.iter().filter(|rule| rule.starts_at == DeadlineStart::Receipt);
    rules
        .filter(|rule| rule.applies_to(kind.as_ref()))
        .filter_map(|rule| rule.deadline_from(received.utc(), &directory.calendar))
        .collect()
}

fn rule(directory: &Directory, kind: DeadlineKind, referral_kind: Kind) -> Option<&DeadlineRule> {
    directory.deadline_rules.iter().find(|rule| rule.kind == kind && rule.applies_to(referral_kind.as_ref()))
}

/// Starts a deadline that counts from now, unless there is one already.
pub fn start(referral: &mut Referral, kind: DeadlineKind, from: Timestamp, directory: &Directory) {
    if referral.deadlines.iter().any(|deadline| deadline.kind == kind) {
        return;
    }
    let rule = rule(directory, kind, referral.kind);
    referral.deadlines.extend(rule.and_then(|rule| rule.deadline_from(from.utc(), &directory.calendar)));
}

/// Gives a deadline its last day, in place of one of the same kind.
pub fn set_day(referral: &mut Referral, kind: DeadlineKind, last: NaiveDate, directory: &Directory) {
    let Some(rule) = rule(directory, kind, referral.kind) else { return };
    let deadline = rule.deadline_on(last, &directory.calendar);
    referral.deadlines.retain(|known| known.kind != kind);
    referral.deadlines.push(deadline);
}

/// Meets the deadline of this kind, if it has not been met.
pub fn meet(referral: &mut Referral, kind: DeadlineKind, at: Timestamp) {
    let open = referral.deadlines.iter_mut().filter(|deadline| deadline.kind == kind && deadline.met_at.is_none());
    open.for_each(|deadline| deadline.met_at = Some(at.utc()));
}

/// Starts the clock of the feedback that a reporter has a right to, if one was asked for: a week after the decision; the same day where
/// an inquiry is under way already; and at once where it is asked for afterwards (SoL 19 kap. 6 §). Who has no right to it may ask, and
/// nothing is due.
pub fn start_feedback(referral: &mut Referral, now: Timestamp, directory: &Directory) {
    let Some(decision) = referral.course.state.decision() else { return };
    if !disclosure::learns_the_decision(referral) {
        return;
    }
    let kind = DeadlineKind::Feedback;
    if referral.deadlines.iter().any(|deadline| deadline.kind == kind && deadline.met_at.is_none()) {
        return;
    }
    let Some(rule) = rule(directory, kind, referral.kind) else { return };
    let calendar = &directory.calendar;
    let (decided_at, choice) = (decision.decided_at, decision.decision);
    let was_asked_later = referral.course.feedback.asked_at.is_some_and(|asked| asked > decided_at);
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

/// Stops the clock of a feedback on a decision that is undone: a reporter waits for what is decided in its place.
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
