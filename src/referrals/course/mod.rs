//! What becomes of a referral at its office, from its receipt to its end.
//!
//! - A [`State`] carries what is known because of it, and nothing else: an inquiry's decision is there where there is one.
//! - Which action leads from where to where, and whose it is, is one table: [`table`]. What an action asks for, and what it does, is
//!   [`steps`]. What must be done by when is [`clocks`].
//! - A concern report is never accepted and never declined: it is decided, and not before its protection assessment (SoL 20 kap.
//!   1-2 §§).
//! - Each transition is written down with its reason: [`events`].

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

/// Where a referral stands, with what that state knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum State {
    /// It has come in, or is back where it began.
    #[default]
    Received,
    /// The sender was asked something.
    InformationRequested,
    /// The office has taken it on.
    Accepted,
    /// Work has begun.
    InProgress {
        /// When the family was first met.
        first_contact_at: Timestamp,
    },
    /// It waits.
    OnHold {
        /// Why, and until when.
        hold: Hold,
        /// When the family was first met, if it was: where it goes on from.
        first_contact_at: Option<Timestamp>,
    },
    /// An inquiry has taken over.
    HandedOver {
        /// By this decision.
        decision: InquiryDecision,
    },
    /// No inquiry is opened.
    ClosedNoInquiry {
        /// By this decision.
        decision: InquiryDecision,
    },
    /// The office declined.
    Declined {
        /// Why, and where to turn instead.
        decline: Decline,
    },
    /// It is the same matter as another.
    Duplicate {
        /// Which.
        of: ReferralId,
    },
    /// Support came to its end.
    Completed {
        /// How.
        outcome: Outcome,
    },
    /// The family said no.
    DeclinedByFamily {
        /// Why.
        reason_code: DeclineReason,
    },
    /// Nobody could be reached.
    NotReached,
    /// It was taken back.
    Withdrawn {
        /// By whom.
        by: Withdrawer,
    },
    /// It should not be there.
    EnteredInError,
}

impl State {
    /// Its name.
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

    /// The decision that led here, if one did.
    pub fn decision(&self) -> Option<&InquiryDecision> {
        match self {
            Self::HandedOver { decision } | Self::ClosedNoInquiry { decision } => Some(decision),
            _ => None,
        }
    }
}

/// Who took a request back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Withdrawer {
    /// The agency that sent it.
    Sender,
    /// Whoever had consented.
    Consenter,
}

/// Everything that has become of a referral. The database has it sealed, and nothing at all as long as nothing has happened.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Course {
    /// Where it stands.
    pub state: State,
    /// Whether a child needs protection at once: the first assessment, and those that were added later.
    pub assessments: Vec<ProtectionAssessment>,
    /// Each time somebody tried to reach the family.
    pub attempts: Vec<Attempt>,
    /// Deadlines that were moved.
    pub extensions: Vec<Extension>,
    /// Decisions of before it was reopened.
    pub earlier_decisions: Vec<InquiryDecision>,
    /// What the reporter is told of the decision.
    pub feedback: Feedback,
    /// Whether it has come here from another office.
    pub redirected: bool,
    /// Where it would go by facts that were corrected since.
    pub suggested: Option<Routing>,
    /// The report that it was copied from for a sibling.
    pub copy_of: Option<ReferralId>,
    /// The reports that siblings got.
    pub copies: Vec<SiblingCopy>,
}

/// Whether a child needs protection at once (SoL 20 kap. 1 §).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProtectionAssessment {
    /// Whether the child needs protection at once.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    pub immediate_need: bool,
    /// What is done about it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Samtal med barnet i skolan i dag."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub measures: Option<ConfidentialProse>,
    /// When it was assessed.
    pub assessed_at: Timestamp,
    /// Who assessed it.
    pub assessed_by: StaffId,
}

/// A time when somebody tried to reach the family.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it was tried.
    pub at: Timestamp,
    /// By what means.
    pub channel: Channel,
    /// Whether somebody was reached.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub reached: bool,
    /// What was noted.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// Who tried.
    pub by: StaffId,
}

/// A deadline that was moved.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Extension {
    /// Which deadline.
    pub kind: DeadlineKind,
    /// Its new last day.
    #[schema(example = "2027-08-16")]
    pub until: NaiveDate,
    /// Why it was extended.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub reason_code: ExtensionReason,
    /// The reason in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(serialize_with = "vault::disclose")]
    pub note: ConfidentialProse,
    /// Who moved it.
    pub by: StaffId,
    /// When it was extended.
    pub at: Timestamp,
}

/// Why a matter waits, and until when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// Why it waits.
    pub reason: HoldReason,
    /// The day on which somebody looks at it again.
    #[schema(example = "2027-08-23")]
    pub review_on: NaiveDate,
}

/// A decision on a concern report (SoL 20 kap. 2 §).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InquiryDecision {
    /// What was decided.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub decision: InquiryChoice,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Who decided.
    pub decided_by: StaffId,
    /// The case of the inquiry.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "SN 2026-1204"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub case_reference: Option<ConfidentialLine>,
    /// Why it was decided so.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub rationale: Option<ConfidentialProse>,
}

/// Why an office declined, and where to turn instead.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decline {
    /// Why it is declined.
    pub reason_code: ReferralDeclineReason,
    /// Where to turn instead.
    pub turn_to: TurnTo,
}

/// Where to turn instead: an office, or in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TurnTo {
    /// The office.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeId>,
    /// Where else, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjerådgivningen tar emot utan remiss."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub text: Option<ConfidentialProse>,
}

/// How support came to its end.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralOutcome)]
pub struct Outcome {
    /// How it ended.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub outcome: SupportOutcome,
    /// The offer that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_id: Option<OfferId>,
    /// When it ended.
    pub at: Timestamp,
}

/// What the reporter is told of the decision.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Feedback {
    /// When it was asked for after the report was sent.
    pub asked_at: Option<Timestamp>,
    /// What was told last.
    pub given: Option<GivenFeedback>,
    /// That nothing is told of the present decision.
    pub refused: Option<RefusedFeedback>,
    /// Whether the present decision was told, or refused to be.
    pub answered: bool,
}

/// What was told, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenFeedback {
    /// What.
    pub value: FeedbackValue,
    /// When.
    pub at: Timestamp,
    /// Who told it.
    pub by: StaffId,
}

/// Why nothing is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedFeedback {
    /// Why.
    pub reason_code: FeedbackRefusalReason,
    /// When it was refused.
    pub at: Timestamp,
    /// Who refused.
    pub by: StaffId,
}
