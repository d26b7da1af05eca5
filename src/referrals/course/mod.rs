//! The course of a referral at its office, from its receipt to its end.
//!
//! - A [`ReferralState`] holds the facts that belong to that state and nothing else: a decision on an inquiry exists only in
//!   the states that follow from one.
//! - One table tells which action is possible in which state, and for whom: [`table`]. The input and the effect of each action
//!   of staff are in [`steps`], and the deadlines in [`clocks`].
//! - A concern report is never accepted and never declined. Instead it is decided whether to open an inquiry, and not before
//!   the need for protection was assessed (SoL 20 kap. 1-2 §§).
//! - Each change of state is recorded in the referral's history, with its reason: [`events`].

pub mod act;
pub mod clocks;
pub mod codes;
pub mod end_routes;
pub mod events;
mod examples;
pub mod overdue;
pub mod routes;
pub mod steps;
pub mod table;
pub mod view;
pub mod work_routes;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendar::DeadlineKind;
use crate::id::{OfferId, OfficeId, ReferralId, StaffId};
use crate::people::Channel;
use crate::referrals::Status;
use crate::referrals::course::codes::{
    DeclineReason, ExtensionReason, FeedbackRefusalReason, FeedbackValue, HoldReason, InquiryChoice,
    ReferralDeclineReason, SupportOutcome,
};
use crate::referrals::routing::Routing;
use crate::referrals::siblings::SiblingCopy;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine, ConfidentialProse};

/// The state of a referral at its office, with the facts that belong to the state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ReferralState {
    /// The referral was received, and the office has neither accepted nor ended it. It is also in this state after a
    /// redirection, after the sender has answered a question, and after it was reopened.
    #[default]
    Received,
    /// The office has asked the sender for information and waits for the answer.
    InformationRequested,
    /// The office has accepted the request, and the work with the family has not begun.
    Accepted,
    /// The office has accepted the request, and the work with the family has begun.
    InProgress {
        /// When the office first met the family, as staff stated it.
        first_contact_at: Timestamp,
    },
    /// The office has accepted the request and put it on hold until a day of review.
    OnHold {
        hold: ReferralHold,
        /// When the office first met the family, if it did. When the referral is resumed, it is in progress if there is such a
        /// time, and otherwise accepted.
        first_contact_at: Option<Timestamp>,
    },
    /// The concern report was handed over to an inquiry, which was opened by the decision or was already under way.
    HandedOver {
        decision: InquiryDecision,
    },
    /// The concern report was closed with the decision not to open an inquiry.
    ClosedNoInquiry {
        decision: InquiryDecision,
    },
    /// The office declined the request.
    Declined {
        decline: ReferralDecline,
    },
    /// The referral was ended because it is about the same matter as another referral.
    Duplicate {
        /// The other referral about the same matter.
        of: ReferralId,
    },
    Completed {
        outcome: ReferralOutcome,
    },
    DeclinedByFamily {
        reason_code: DeclineReason,
    },
    /// The referral was ended because the office could not reach the family.
    NotReached,
    /// The request was withdrawn by its sender, or by withdrawing the consent.
    Withdrawn {
        by: Withdrawer,
    },
    /// The referral was made by mistake and should not exist.
    EnteredInError,
}

impl ReferralState {
    pub fn status(&self) -> Status {
        match self {
            Self::Received => Status::Received,
            Self::InformationRequested => Status::InformationRequested,
            Self::Accepted => Status::Accepted,
            Self::InProgress { .. } => Status::InProgress,
            Self::OnHold { .. } => Status::OnHold,
            Self::HandedOver { .. } => Status::HandedOver,
            Self::ClosedNoInquiry { .. } => Status::ClosedNoInquiry,
            Self::Declined { .. } => Status::Declined,
            Self::Duplicate { .. } => Status::Duplicate,
            Self::Completed { .. } => Status::Completed,
            Self::DeclinedByFamily { .. } => Status::DeclinedByFamily,
            Self::NotReached => Status::NotReached,
            Self::Withdrawn { .. } => Status::Withdrawn,
            Self::EnteredInError => Status::EnteredInError,
        }
    }

    /// The decision on the inquiry that led to this state. `None` in a state that does not follow from such a decision.
    pub fn decision(&self) -> Option<&InquiryDecision> {
        match self {
            Self::HandedOver { decision } | Self::ClosedNoInquiry { decision } => Some(decision),
            _ => None,
        }
    }
}

/// The party that withdrew a request: its sender, or a person who withdrew the consent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Withdrawer {
    /// The partner agency that sent the request withdrew it.
    Sender,
    /// The child or a guardian withdrew the consent to the request.
    Consenter,
}

/// The course of a referral: its state, and the assessments, attempts and other facts that were recorded since it was received.
/// The database holds the course sealed; a referral to which nothing has happened has no stored course.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Course {
    pub state: ReferralState,
    /// The assessments of whether the child needs protection at once, in the order in which they were recorded.
    pub assessments: Vec<ProtectionAssessment>,
    /// The attempts to reach the family, in the order in which they were logged.
    pub attempts: Vec<Attempt>,
    /// The extensions of the referral's deadlines, in their order.
    pub extensions: Vec<Extension>,
    /// The decisions on an inquiry that were made before the referral was reopened. The present decision is in `state`.
    pub earlier_decisions: Vec<InquiryDecision>,
    /// The feedback that tells the reporter the decision on an inquiry: asked for, given or refused.
    pub feedback: ReporterFeedback,
    /// Whether the office has redirected the referral to another office at least once.
    pub redirected: bool,
    /// The routing to another office that follows from facts which were corrected after the referral was routed. Staff decide
    /// whether to follow it.
    pub suggested: Option<Routing>,
    /// The concern report that this one was copied from for a sibling, if it is a copy.
    pub copy_of: Option<ReferralId>,
    /// The copies of this concern report that were made for siblings.
    pub copies: Vec<SiblingCopy>,
}

/// An assessment by the office of whether the child in a concern report needs protection at once (SoL 20 kap. 1 §).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProtectionAssessment {
    /// Whether the child needs protection at once, by this assessment.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    pub immediate_need: bool,
    /// The measures that the office takes because of this protection assessment, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Samtal med barnet i skolan i dag."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub measures: Option<ConfidentialProse>,
    /// When the protection assessment was made, as staff stated it.
    pub assessed_at: Timestamp,
    /// The identifier of the member of staff who recorded the protection assessment.
    pub assessed_by: StaffId,
}

/// An attempt by the office to reach the family that a referral is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When the attempt to reach the family was made, as staff stated it.
    pub at: Timestamp,
    /// The channel by which the office tried to reach the family, such as the telephone.
    pub channel: Channel,
    /// Whether the attempt reached somebody.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub reached: bool,
    /// A note about the attempt to reach the family, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// The identifier of the member of staff who logged the attempt.
    pub by: StaffId,
}

/// An extension of one deadline of a referral to a later day.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Extension {
    /// The kind of the deadline that was extended.
    pub kind: DeadlineKind,
    /// The new last day of the extended deadline.
    #[schema(example = "2027-08-16")]
    pub until: NaiveDate,
    /// The reason for the extension of the deadline, as a code.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub reason_code: ExtensionReason,
    /// The reason for the extension of the deadline, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(serialize_with = "vault::disclose")]
    pub note: ConfidentialProse,
    /// The identifier of the member of staff who extended the deadline.
    pub by: StaffId,
    /// When staff extended the deadline.
    pub at: Timestamp,
}

/// The hold of a referral: the reason why it waits, and the last day for its review.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Hold)]
pub struct ReferralHold {
    /// The reason why the referral is on hold, as a code.
    pub reason: HoldReason,
    /// The last day for somebody to review the referral on hold.
    #[schema(example = "2027-08-23")]
    pub review_on: NaiveDate,
}

/// A decision on a concern report: to open an inquiry, not to open one, or that one is already under way (SoL 20 kap. 2 §).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InquiryDecision {
    /// The decision, as a code: to open an inquiry, not to open one, or that one is already under way.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub decision: InquiryChoice,
    /// When the decision was made, as staff stated it.
    pub decided_at: Timestamp,
    /// The identifier of the member of staff who recorded the decision.
    pub decided_by: StaffId,
    /// The reference under which the case system has the inquiry.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "SN 2026-1204"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub case_reference: Option<ConfidentialLine>,
    /// The reasons for the decision on the inquiry, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub rationale: Option<ConfidentialProse>,
}

/// The decline of a request by its office: the reason, and the place to turn to instead.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Decline)]
pub struct ReferralDecline {
    /// The reason why the office declined the request, as a code.
    pub reason_code: ReferralDeclineReason,
    /// The place to turn to instead of the office that declined.
    pub turn_to: TurnTo,
}

/// The place to turn to instead of an office that declines a request: either another office or a description in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TurnTo {
    /// The identifier of the office to turn to instead. Absent if the place is told in words.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeId>,
    /// The place to turn to instead, in words. Absent if it is an office.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjerådgivningen tar emot utan remiss."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub text: Option<ConfidentialProse>,
}

/// The end of the support that was given because of a referral: the way in which it ended, and when that was recorded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralOutcome {
    /// The way in which the support ended, as a code.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub outcome: SupportOutcome,
    /// The identifier of the offer by which the support was offered to the family, if staff named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_id: Option<OfferId>,
    /// When staff recorded that the support had ended.
    pub at: Timestamp,
}

/// The feedback that tells the reporter of a concern the decision on an inquiry: asked for, given or refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReporterFeedback {
    /// When the reporter asked to be told the decision after having sent the report. `None` if the reporter asked in the report
    /// or not at all.
    pub asked_at: Option<Timestamp>,
    /// The feedback that was given last, also if it was on an earlier decision.
    pub given: Option<GivenFeedback>,
    /// The refusal to tell the reporter the latest decision, if there is one.
    pub refused: Option<RefusedFeedback>,
    /// Whether the reporter was told the latest decision, or the office refused to tell it.
    pub answered: bool,
}

/// Feedback that was given to the reporter: the decision that was told, when, and by which member of staff.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenFeedback {
    pub value: FeedbackValue,
    pub at: Timestamp,
    pub by: StaffId,
}

/// A refusal to tell the reporter the decision: the reason, when it was refused, and by which member of staff.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedFeedback {
    pub reason_code: FeedbackRefusalReason,
    pub at: Timestamp,
    pub by: StaffId,
}
