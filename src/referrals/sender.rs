//! What the sender of a referral does with it: adds something, writes to the office, takes a request back, asks for feedback.
//!
//! Whoever was asked for information and writes, answers: the matter is back where it was.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::{Error, Problem, Result};
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::{self, Action, Caller};
use crate::referrals::course::{ReferralState, Withdrawer, clocks};
use crate::referrals::disclosure::{self, DisclosedReferral};
use crate::referrals::messages::MessageKind;
use crate::referrals::{Kind, Referral, Status};
use crate::time::Timestamp;
use crate::vault::ConfidentialProse;

/// What the sender adds to what it has sent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Supplement {
    /// What is added.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Eleven kom till skolan i går med blåmärken."
    pub text: ConfidentialProse,
}

/// That the sender takes a request back.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Withdrawal {
    /// Why it is withdrawn.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen har fått stöd av oss under tiden."
    pub reason: Option<ConfidentialProse>,
}

/// That the sender asks to be told whether an inquiry is opened.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedbackRequest {}

/// What a sender does.
#[derive(Debug, Clone)]
pub enum SenderDeed {
    /// Adds something.
    Supplement(ConfidentialProse),
    /// Writes to the office.
    Write(ConfidentialProse),
    /// Takes a request back.
    Withdraw(Option<ConfidentialProse>),
    /// Asks to be told whether an inquiry is opened (SoL 19 kap. 6 §).
    RequestFeedback,
}

/// What comes of it.
pub enum SenderDeedResult {
    /// The next version of the referral.
    Transition(Action, Box<Referral>, StepNote),
    /// A message, and nothing else.
    Message(MessageKind, ConfidentialProse, AsksForNewReport),
}

/// Whether what was added comes when a report has been decided, so that the office must say whether it is a new one.
pub type AsksForNewReport = bool;

impl SenderDeed {
    /// What the audit calls it.
    pub fn audited(&self) -> &'static str {
        match self {
            Self::Supplement(_) => "referral.supplemented",
            Self::Write(_) => "referral.message_written",
            Self::Withdraw(_) => "referral.withdrawn",
            Self::RequestFeedback => "referral.feedback_requested",
        }
    }

    /// What comes of it for this referral, if the sender may do it now.
    pub fn judge(&self, before: &Referral, directory: &Directory, now: Timestamp) -> Result<SenderDeedResult> {
        let refused = |problem: Problem| {
            let actions = DisclosedReferral::of(before, directory).actions();
            Error::new(problem).allowing(actions.into_iter().map(Into::into).collect())
        };
        match self {
            Self::Supplement(text) => say(before, (MessageKind::Supplement, MessageKind::Supplement), text, now),
            Self::Write(text) => say(before, (MessageKind::Message, MessageKind::Answer), text, now),
            Self::Withdraw(reason) => {
                table::check(Action::Withdraw, before, Caller::Sender, directory)
                    .map_err(|error| refused(error.problem()))?;
                let mut after = before.clone();
                after.end(ReferralState::Withdrawn { by: Withdrawer::Sender }, now);
                let said = StepNote { words: reason.clone(), ..StepNote::default() };
                Ok(transition(Action::Withdraw, before, after, said, now))
            }
            Self::RequestFeedback => {
                if !disclosure::learns_the_decision(before, directory) {
                    return Err(refused(Problem::FeedbackNotForSender));
                }
                check_writable(before)?;
                if before.feedback_is_requested() {
                    return Err(refused(Problem::ActionNotAllowed));
                }
                let mut after = before.clone();
                let feedback = &mut after.course.feedback;
                feedback.asked_at = Some(now);
                // Nobody had asked when the office refused to tell. Now somebody has, so it must say so anew.
                if feedback.refused.take().is_some() {
                    feedback.answered = false;
                }
                if !after.course.feedback.answered {
                    clocks::start_feedback(&mut after, now, directory);
                }
                // Where a protected matter has ended there need not be anybody who may know of it.
                if after.protected && after.status().is_final() && clocks::running(&after).next().is_some() {
                    after.go_to_reception(directory)?;
                }
                Ok(transition(Action::RequestFeedback, before, after, StepNote::default(), now))
            }
        }
    }
}

/// What was entered in error takes no words any more.
pub fn check_writable(referral: &Referral) -> Result<()> {
    match referral.status() {
        Status::EnteredInError => Err(Error::new(Problem::EnteredInError)),
        _ => Ok(()),
    }
}

/// Something is written, as one kind of message or, if the office has asked for something, as another.
fn say(
    before: &Referral,
    (unasked, asked): (MessageKind, MessageKind),
    text: &ConfidentialProse,
    now: Timestamp,
) -> Result<SenderDeedResult> {
    check_writable(before)?;
    if before.status() == Status::InformationRequested {
        let mut after = before.clone();
        after.course.state = ReferralState::Received;
        let said = StepNote { message: Some((asked, text.clone())), ..StepNote::default() };
        return Ok(transition(Action::SupplyInformation, before, after, said, now));
    }
    let is_late = before.kind == Kind::ConcernReport && before.status().is_final();
    Ok(SenderDeedResult::Message(unasked, text.clone(), is_late && unasked == MessageKind::Supplement))
}

fn transition(action: Action, before: &Referral, after: Referral, said: StepNote, now: Timestamp) -> SenderDeedResult {
    SenderDeedResult::Transition(action, Box::new(after.settled(before, now)), said)
}
