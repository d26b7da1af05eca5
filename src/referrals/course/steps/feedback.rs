//! The steps by which staff tell a mandatory reporter the decision on its report, or refuse to tell it (SoL 19 kap. 6 §).

use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::{AuditAction, actions};
use crate::calendar::DeadlineKind;
use crate::error::Result;
use crate::referrals::Referral;
use crate::referrals::course::codes::FeedbackRefusalReason;
use crate::referrals::course::steps::{ReferralStep, StepNote, StepSetting};
use crate::referrals::course::table::Action;
use crate::referrals::course::{GivenFeedback, RefusedFeedback, clocks};
use crate::vault::ConfidentialProse;

/// The body of a call that tells the reporter the decision on its report. It has no fields.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendFeedback {}

impl ReferralStep for SendFeedback {
    const ACTION: Action = Action::SendFeedback;
    const AUDITED: AuditAction = actions::REFERRAL_FEEDBACK_SENT;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let decision = referral.course.state.decision().map(|decision| decision.decision);
        clocks::meet(referral, DeadlineKind::Feedback, setting.now());
        let feedback = &mut referral.course.feedback;
        feedback.given =
            decision.map(|choice| GivenFeedback { value: choice.into(), at: setting.now(), by: setting.by });
        feedback.answered = true;
        Ok(StepNote::default())
    }
}

/// A refusal to tell the reporter the decision on its report.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefuseFeedback {
    /// The reason why the reporter is not told the decision, as a code.
    reason_code: FeedbackRefusalReason,
    /// The reason why the reporter is not told the decision, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Uppgiften kan nå den som barnet är rädd för."
    note: ConfidentialProse,
}

impl ReferralStep for RefuseFeedback {
    const ACTION: Action = Action::RefuseFeedback;
    const AUDITED: AuditAction = actions::REFERRAL_FEEDBACK_REFUSED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        clocks::meet(referral, DeadlineKind::Feedback, setting.now());
        let feedback = &mut referral.course.feedback;
        feedback.refused = Some(RefusedFeedback { reason_code: self.reason_code, at: setting.now(), by: setting.by });
        feedback.answered = true;
        Ok(StepNote::code(self.reason_code.into(), Some(self.note)))
    }
}
