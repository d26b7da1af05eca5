//! The actions that a partner agency can take on a referral that it has sent: adding information, writing to the office,
//! withdrawing a request, asking for feedback.
//!
//! A text that the sender writes while the office waits for information counts as the answer, and the referral's state becomes
//! `received` again.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::{AuditAction, actions};
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

/// Information that the sender adds to its referral.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Supplement {
    /// The text of the added information.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Eleven kom till skolan i går med blåmärken."
    pub text: ConfidentialProse,
}

/// The withdrawal of a request by the agency that sent it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Withdrawal {
    /// The reason why the request is withdrawn.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen har fått stöd av oss under tiden."
    pub reason: Option<ConfidentialProse>,
}

/// A request by the sender of a concern report to be told whether an inquiry is opened. It has no fields.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedbackRequest {}

/// An action that the sender takes on its referral, with the text that the sender writes.
#[derive(Debug, Clone)]
pub enum SenderDeed {
    Supplement(ConfidentialProse),
    Write(ConfidentialProse),
    Withdraw(Option<ConfidentialProse>),
    /// The sender asks to be told whether an inquiry is opened (SoL 19 kap. 6 §).
    RequestFeedback,
}

/// The effect of a sender's action on its referral: a next version, or only a message.
pub enum SenderDeedResult {
    /// The action as the course of the referral records it, the next version of the referral, and the words that belong to the
    /// step.
    Transition(Action, Box<Referral>, StepNote),
    /// The kind and the text of a message, and whether the office must say if it is a new report. The referral itself does not
    /// change.
    Message(MessageKind, ConfidentialProse, AsksForNewReport),
}

impl SenderDeedResult {
    /// The referral after the action: its next version, or `before` if the action is only a message.
    pub fn after<'a>(&'a self, before: &'a Referral) -> &'a Referral {
        match self {
            Self::Transition(_, after, _) => after,
            Self::Message(..) => before,
        }
    }
}

/// Whether a supplement came after the concern report had ended, so that the office must say whether the supplement is a new
/// report.
pub type AsksForNewReport = bool;

impl SenderDeed {
    /// The kind of action under which the audit records this action of a sender.
    pub fn audited(&self) -> AuditAction {
        match self {
            Self::Supplement(_) => actions::REFERRAL_SUPPLEMENTED,
            Self::Write(_) => actions::REFERRAL_MESSAGE_WRITTEN,
            Self::Withdraw(_) => actions::REFERRAL_WITHDRAWN,
            Self::RequestFeedback => actions::REFERRAL_FEEDBACK_REQUESTED,
        }
    }

    /// Returns the effect of the action on the referral `before`, or an error if the sender may not take the action now.
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
                // The office refused to tell before anybody had asked. Now the sender has asked, so the office must answer
                // again.
                if feedback.refused.take().is_some() {
                    feedback.answered = false;
                }
                if !after.course.feedback.answered {
                    clocks::start_feedback(&mut after, now, directory);
                }
                // A protected referral that has ended may be with staff who may not know of it, so it goes to the central
                // reception.
                if after.protected && after.status().is_final() && clocks::running(&after).next().is_some() {
                    after.go_to_reception(directory)?;
                }
                Ok(transition(Action::RequestFeedback, before, after, StepNote::default(), now))
            }
        }
    }
}

/// Fails if the referral was entered in error, since nothing more may be written on it.
pub fn check_writable(referral: &Referral) -> Result<()> {
    match referral.status() {
        Status::EnteredInError => Err(Error::new(Problem::EnteredInError)),
        _ => Ok(()),
    }
}

/// Returns the effect of a text that the sender writes. If the office has asked for information, the text becomes a message of the
/// kind `asked` and the referral's state becomes `received`; otherwise it becomes a message of the kind `unasked`.
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
