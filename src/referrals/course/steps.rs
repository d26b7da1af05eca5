//! The steps that staff can take with a referral: for each action, the input that the caller sends and its effect on the
//! referral.
//!
//! Before a step is taken, the table ([`super::table`]) checks whether the action is allowed; here only the input is checked. A
//! step works on a copy of the referral, so one that fails changes nothing.

pub mod ends;
pub mod feedback;
pub mod work;

use chrono::NaiveDate;

use crate::audit::AuditAction;
use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::id::{OfferId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::referrals::course::table::{Action, Caller, refusal};
use crate::referrals::course::{ReferralState, clocks};
use crate::referrals::messages::MessageKind;
use crate::referrals::{Referral, disclosure};
use crate::rules::{Rules, in_the_future};
use crate::time::Timestamp;
use crate::vault::ConfidentialProse;

/// The circumstances in which a step is taken: the member of staff, the time of the call and the directory.
pub struct StepSetting<'a> {
    pub directory: &'a Directory,
    pub moment: &'a Moment,
    pub by: StaffId,
    /// The powers of the member of staff, as the table of actions needs them.
    pub caller: Caller,
}

impl StepSetting<'_> {
    pub fn now(&self) -> Timestamp {
        self.moment.now
    }

    /// The day of the call, in the municipality's time zone.
    pub fn today(&self) -> NaiveDate {
        self.directory.calendar.local_date(self.now().utc())
    }

    /// Checks a time that the caller gave at the JSON pointer `pointer` of the body: it must not be in the future, and not
    /// before `earliest`, the receipt of the referral.
    fn check_time(&self, at: Timestamp, earliest: Timestamp, pointer: &str, rules: &mut Rules) {
        rules.require(at <= self.now(), pointer, in_the_future());
        let early = Text::new("must not lie before the referral came in", "får inte ligga före ärendets ankomst");
        rules.require(at >= earliest, pointer, early);
    }
}

/// The reason for a step, which goes into the referral's history, and the message that the step sends.
#[derive(Debug, Clone, Default)]
pub struct StepNote {
    /// The reason for the step, as a code.
    pub code: Option<&'static str>,
    /// The words that came with the step: for example a reason, a note or a question.
    pub words: Option<ConfidentialProse>,
    /// The kind and text of the message between office and sender that is written together with the step.
    pub message: Option<(MessageKind, ConfidentialProse)>,
}

impl StepNote {
    fn words(words: impl Into<Option<ConfidentialProse>>) -> Self {
        Self { words: words.into(), ..Self::default() }
    }

    fn code(code: &'static str, words: Option<ConfidentialProse>) -> Self {
        Self { code: Some(code), words, message: None }
    }
}

/// The records that a step names besides its referral. Whether they exist and the caller may know of them is checked in the
/// transaction that writes the step.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepReferences {
    /// The member of staff who must work with cases at the referral's office.
    pub colleague: Option<StaffId>,
    pub referral: Option<ReferralId>,
    pub offer: Option<OfferId>,
}

/// An action of staff on a referral, together with the input that the caller sent.
pub trait ReferralStep: Clone + Send + 'static {
    /// The action whose row in the table says when the step is allowed, and to whom.
    const ACTION: Action;
    /// The action under which the audit records the step.
    const AUDITED: AuditAction;

    /// Checks the input and changes `referral` by the step. Returns the reason and the message that came with the step.
    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote>;

    /// The records that the step names besides its referral. By default none.
    fn named(&self) -> StepReferences {
        StepReferences::default()
    }
}

/// Takes a step on the referral `before`, if the table allows it and the input is right. Returns the referral's next version,
/// and the reason and message that came with the step.
pub fn take<S: ReferralStep>(step: S, before: &Referral, setting: &StepSetting<'_>) -> Result<(Referral, StepNote)> {
    super::table::check(S::ACTION, before, setting.caller, setting.directory)?;
    let mut after = before.clone();
    let said = step.take(&mut after, setting)?;
    Ok((after.settled(before, setting.now()), said))
}

impl Referral {
    /// Completes the next version of the referral `before`: sets its version, its time of change, its earliest running deadline
    /// and, if something changed that the sender is told, the time of that.
    pub fn settled(mut self, before: &Self, now: Timestamp) -> Self {
        self.next_due_at = clocks::next_due(&self);
        self.updated_at = now;
        self.version = before.version + 1;
        if disclosure::differs(before, &self) {
            self.disclosed_at = now;
        }
        self
    }

    /// Puts the referral into `state`, which must be one that ends it. The deadline for a review counts as met.
    pub(in crate::referrals) fn end(&mut self, state: ReferralState, now: Timestamp) {
        clocks::meet(self, crate::calendar::DeadlineKind::Review, now);
        self.course.state = state;
    }
}

fn not_yours(referral: &Referral, setting: &StepSetting<'_>) -> Error {
    refusal(Problem::ActionForbidden, referral, setting.caller, setting.directory)
}
