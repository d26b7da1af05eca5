//! The steps that staff can take with a referral: for each action, its input and its effect on the referral.
//!
//! The table ([`super::table`]) has checked before whether the action is allowed; here only the input is checked. A step that
//! fails leaves nothing behind, since it works on a copy.

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

/// The circumstances of a step: the member of staff, the time and the directory.
pub struct StepSetting<'a> {
    pub directory: &'a Directory,
    pub moment: &'a Moment,
    pub by: StaffId,
    /// The member of staff's standing in the table.
    pub caller: Caller,
}

impl StepSetting<'_> {
    pub fn now(&self) -> Timestamp {
        self.moment.now
    }

    /// The day in the municipality's calendar.
    pub fn today(&self) -> NaiveDate {
        self.directory.calendar.local_date(self.now().utc())
    }

    /// Checks a time in a body: it must not be in the future, and not before `earliest`.
    fn check_time(&self, at: Timestamp, earliest: Timestamp, pointer: &str, rules: &mut Rules) {
        rules.require(at <= self.now(), pointer, in_the_future());
        let early = Text::new("must not lie before the referral came in", "får inte ligga före ärendets ankomst");
        rules.require(at >= earliest, pointer, early);
    }
}

/// The words that came with a step, for the history.
#[derive(Debug, Clone, Default)]
pub struct StepNote {
    /// The reason, as a code.
    pub code: Option<&'static str>,
    /// The reason, in words.
    pub words: Option<ConfidentialProse>,
    /// The message that the step sends to the sender or receives from the sender.
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

/// The records that a step names besides the referral. Only the database can tell whether they exist, as far as the caller may
/// know.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepReferences {
    /// A member of staff of the office.
    pub colleague: Option<StaffId>,
    pub referral: Option<ReferralId>,
    pub offer: Option<OfferId>,
}

/// An action, together with its input.
pub trait ReferralStep: Clone + Send + 'static {
    /// The action's row in the table.
    const ACTION: Action;
    /// The name of the action in the audit.
    const AUDITED: AuditAction;

    /// Changes the referral by the step, and returns the words that came with it.
    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote>;

    /// The records that the step names.
    fn named(&self) -> StepReferences {
        StepReferences::default()
    }
}

/// Takes a step, if the table allows it. Returns the referral's next version and the words that came with the step.
pub fn take<S: ReferralStep>(step: S, before: &Referral, setting: &StepSetting<'_>) -> Result<(Referral, StepNote)> {
    super::table::check(S::ACTION, before, setting.caller, setting.directory)?;
    let mut after = before.clone();
    let said = step.take(&mut after, setting)?;
    Ok((after.settled(before, setting.now()), said))
}

impl Referral {
    /// Completes the next version of a referral with everything that follows from its changes.
    pub fn settled(mut self, before: &Self, now: Timestamp) -> Self {
        self.next_due_at = clocks::next_due(&self);
        self.updated_at = now;
        self.version = before.version + 1;
        if disclosure::differs(before, &self) {
            self.disclosed_at = now;
        }
        self
    }

    /// Ends the referral. A review that was due is met.
    pub(in crate::referrals) fn end(&mut self, state: ReferralState, now: Timestamp) {
        clocks::meet(self, crate::calendar::DeadlineKind::Review, now);
        self.course.state = state;
    }
}

fn not_yours(referral: &Referral, setting: &StepSetting<'_>) -> Error {
    refusal(Problem::ActionForbidden, referral, setting.caller, setting.directory)
}
