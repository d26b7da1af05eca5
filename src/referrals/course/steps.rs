//! What can be done with a referral: for each action what it asks for, and what it makes of the referral.
//!
//! Whether the action may be done at all the table has judged before ([`super::table`]); here only what was said is judged. A step
//! that fails leaves nothing behind, since it works on a copy.

pub mod ends;
pub mod feedback;
pub mod work;

use chrono::NaiveDate;

use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::id::{OfferId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::referrals::course::table::{Action, Caller, refusal};
use crate::referrals::course::{State, clocks};
use crate::referrals::messages::MessageKind;
use crate::referrals::{Referral, disclosure};
use crate::rules::{Rules, in_the_future};
use crate::time::Timestamp;
use crate::vault::ConfidentialProse;

/// Who takes a step, when, and what they go by.
pub struct Setting<'a> {
    /// The directory.
    pub directory: &'a Directory,
    /// When it is.
    pub moment: &'a Moment,
    /// Who.
    pub by: StaffId,
    /// What they are for the table.
    pub caller: Caller,
}

impl Setting<'_> {
    /// When it is.
    pub fn now(&self) -> Timestamp {
        self.moment.now
    }

    /// The day that it is.
    pub fn today(&self) -> NaiveDate {
        self.directory.calendar.local_date(self.now().utc())
    }

    /// A time that a body names, which must have been, and not before `earliest`.
    fn check_time(&self, at: Timestamp, earliest: Timestamp, pointer: &str, rules: &mut Rules) {
        rules.require(at <= self.now(), pointer, in_the_future());
        let early = Text::new("must not lie before the referral came in", "får inte ligga före ärendets ankomst");
        rules.require(at >= earliest, pointer, early);
    }
}

/// What was said with a step, for the history.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The reason, as a code.
    pub code: Option<&'static str>,
    /// The reason, in words.
    pub words: Option<ConfidentialProse>,
    /// What goes to the sender or comes from there with it.
    pub message: Option<(MessageKind, ConfidentialProse)>,
}

impl Said {
    fn words(words: impl Into<Option<ConfidentialProse>>) -> Self {
        Self { words: words.into(), ..Self::default() }
    }

    fn code(code: &'static str, words: Option<ConfidentialProse>) -> Self {
        Self { code: Some(code), words, message: None }
    }
}

/// What a step names besides the referral. Whether it is there, as far as the caller may know, only the database can tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Named {
    /// Somebody of the office.
    pub colleague: Option<StaffId>,
    /// Another referral.
    pub referral: Option<ReferralId>,
    /// An offer.
    pub offer: Option<OfferId>,
}

/// An action with what it asks for.
pub trait Step: Clone + Send + 'static {
    /// Which one it is in the table.
    const ACTION: Action;
    /// What the audit calls it.
    const AUDITED: &'static str;

    /// Makes of the referral what follows.
    fn take(self, referral: &mut Referral, setting: &Setting<'_>) -> Result<Said>;

    /// What it names.
    fn named(&self) -> Named {
        Named::default()
    }
}

/// Takes a step: what becomes of the referral, and what was said.
pub fn take<S: Step>(step: S, before: &Referral, setting: &Setting<'_>) -> Result<(Referral, Said)> {
    super::table::check(S::ACTION, before, setting.caller, setting.directory)?;
    let mut after = before.clone();
    let said = step.take(&mut after, setting)?;
    Ok((after.settled(before, setting.now()), said))
}

impl Referral {
    /// The next version, with everything that follows from what has changed.
    pub fn settled(mut self, before: &Self, now: Timestamp) -> Self {
        self.next_due_at = clocks::next_due(&self);
        self.updated_at = now;
        self.version = before.version + 1;
        if disclosure::differs(before, &self) {
            self.disclosed_at = now;
        }
        self
    }

    /// Ends the matter. What was to be looked at again has been.
    pub(in crate::referrals) fn end(&mut self, state: State, now: Timestamp) {
        clocks::meet(self, crate::calendar::DeadlineKind::Review, now);
        self.course.state = state;
    }
}

fn not_yours(referral: &Referral, setting: &Setting<'_>) -> Error {
    refusal(Problem::ActionForbidden, referral, setting.caller, setting.directory)
}
