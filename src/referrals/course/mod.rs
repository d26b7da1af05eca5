//! The course of a referral at its office, from its receipt to its end.
//!
//! - A [`ReferralState`] holds the facts that belong to that state and nothing else: an inquiry decision exists only in the states that
//!   follow from one.
//! - One table tells which action is possible in which state, and for whom: [`table`]. The input and the effect of an action
//!   are in [`steps`]. The deadlines are in [`clocks`].
//! - A concern report is never accepted and never declined. It is decided, and not before its protection assessment (SoL 20
//!   kap. 1-2 §§).
//! - Each transition is recorded with its reason: [`events`].

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
    /// The referral has come in, or has been sent back to the beginning.
    #[default]
    Received,
    /// The office has asked the sender for information.
    InformationRequested,
    /// The office has accepted the referral.
    Accepted,
    /// The work with the family has begun.
    InProgress {
        /// When the office first met the family.
        first_contact_at: Timestamp,
    },
    /// The referral is on hold.
    OnHold {
        hold: ReferralHold,
        /// When the office first met the family, if it did. Decides the state after the hold.
        first_contact_at: Option<Timestamp>,
    },
    /// The referral was handed over to an inquiry, opened now or already under way.
    HandedOver {
        decision: InquiryDecision,
    },
    /// The report was closed without an inquiry.
    ClosedNoInquiry {
        decision: InquiryDecision,
    },
    /// The office declined the referral.
    Declined {
        decline: ReferralDecline,
    },
    /// The referral is about the same matter as another referral.
    Duplicate {
        /// The referral that this one duplicates.
        of: ReferralId,
    },
    Completed {
        outcome: ReferralOutcome,
    },
    DeclinedByFamily {
        reason_code: DeclineReason,
    },
    /// The office could not reach the family.
    NotReached,
    /// The request was withdrawn.
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

    /// The decision that led to this state, if there was one.
    pub fn decision(&self) -> Option<&InquiryDecision> {
        match self {
            Self::HandedOver { decision } | Self::ClosedNoInquiry { decision } => Some(decision),
            _ => None,
        }
    }
}

/// The party that withdrew a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Withdrawer {
    /// The agency that sent the request.
    Sender,
    /// The child or guardian who had consented.
    Consenter,
}

/// The course of a referral: everything that has happened with it at its office. The database holds the course sealed, and
/// holds none as long as nothing has happened.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Course {
    pub state: ReferralState,
    /// The assessments of whether the child needs protection at once: the first one, and later ones.
    pub assessments: Vec<ProtectionAssessment>,
    /// The attempts to reach the family.
    pub attempts: Vec<Attempt>,
    /// The extensions of deadlines.
    pub extensions: Vec<Extension>,
    /// The decisions made before the referral was reopened.
    pub earlier_decisions: Vec<InquiryDecision>,
    /// Feedback to the reporter on the decision.
    pub feedback: ReporterFeedback,
    /// Whether the referral has come here from another office.
    pub redirected: bool,
    /// The routing that follows from facts that were corrected since the referral was routed.
    pub suggested: Option<Routing>,
    /// The report that this one was copied from for a sibling.
    pub copy_of: Option<ReferralId>,
    /// The copies of this report that were made for siblings.
    pub copies: Vec<SiblingCopy>,
}

/// An assessment of whether a child needs protection at once (SoL 20 kap. 1 §).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProtectionAssessment {
    /// Whether the child needs protection at once.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    pub immediate_need: bool,
    /// The measures that are taken because of the assessment.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Samtal med barnet i skolan i dag."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub measures: Option<ConfidentialProse>,
    /// When the assessment was made.
    pub assessed_at: Timestamp,
    /// The member of staff who made the assessment.
    pub assessed_by: StaffId,
}

/// An attempt to reach the family.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When the attempt was made.
    pub at: Timestamp,
    /// The channel by which the attempt was made.
    pub channel: Channel,
    /// Whether somebody was reached by the attempt.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub reached: bool,
    /// A note about the attempt.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// The member of staff who made the attempt.
    pub by: StaffId,
}

/// An extension of a deadline.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Extension {
    /// The kind of the deadline that was extended.
    pub kind: DeadlineKind,
    /// The new last day of the deadline.
    #[schema(example = "2027-08-16")]
    pub until: NaiveDate,
    /// The reason for the extension, as a code.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub reason_code: ExtensionReason,
    /// The reason for the extension, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(serialize_with = "vault::disclose")]
    pub note: ConfidentialProse,
    /// The member of staff who extended the deadline.
    pub by: StaffId,
    /// When the deadline was extended.
    pub at: Timestamp,
}

/// A hold: the reason why a referral waits, and the day until when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Hold)]
pub struct ReferralHold {
    /// The reason why the referral waits.
    pub reason: HoldReason,
    /// The day on which somebody reviews the referral again.
    #[schema(example = "2027-08-23")]
    pub review_on: NaiveDate,
}

/// A decision on a concern report: whether to open an inquiry (SoL 20 kap. 2 §).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InquiryDecision {
    /// The choice that was made.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub decision: InquiryChoice,
    /// When the decision was made.
    pub decided_at: Timestamp,
    /// The member of staff who decided.
    pub decided_by: StaffId,
    /// The reference of the inquiry's case in the case system.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "SN 2026-1204"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub case_reference: Option<ConfidentialLine>,
    /// The reasons for the decision, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub rationale: Option<ConfidentialProse>,
}

/// The reason why an office declined, and the place to turn to instead.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Decline)]
pub struct ReferralDecline {
    /// The reason why the office declined, as a code.
    pub reason_code: ReferralDeclineReason,
    /// The place to turn to instead.
    pub turn_to: TurnTo,
}

/// The place to turn to instead: an office, or a description in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TurnTo {
    /// The identifier of the other office.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeId>,
    /// The other place to turn to, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjerådgivningen tar emot utan remiss."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub text: Option<ConfidentialProse>,
}

/// The way in which support ended, and when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralOutcome {
    /// The way in which support ended, as a code.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub outcome: SupportOutcome,
    /// The offer of support that came of the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_id: Option<OfferId>,
    /// When the support ended.
    pub at: Timestamp,
}

/// Feedback to the reporter on the decision.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReporterFeedback {
    /// When the reporter asked for feedback, if not in the report itself.
    pub asked_at: Option<Timestamp>,
    /// The last feedback that was given.
    pub given: Option<GivenFeedback>,
    /// The refusal to give feedback on the present decision, if there is one.
    pub refused: Option<RefusedFeedback>,
    /// Whether feedback on the present decision was given or refused.
    pub answered: bool,
}

/// Feedback that was given to the reporter.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenFeedback {
    pub value: FeedbackValue,
    pub at: Timestamp,
    pub by: StaffId,
}

/// A refusal to give feedback.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedFeedback {
    pub reason_code: FeedbackRefusalReason,
    pub at: Timestamp,
    pub by: StaffId,
}
