//! The codes that staff choose from when they work with a referral. Their texts are in the code lists.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The decision on a concern report (SoL 20 kap. 2 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InquiryChoice {
    /// An inquiry is opened.
    OpenInquiry,
    /// No inquiry is opened.
    DoNotOpen,
    /// Nothing is opened, since an inquiry is already under way.
    AlreadyOngoing,
}

/// The answer that a mandatory reporter gets about the decision (SoL 19 kap. 6 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FeedbackValue {
    /// An inquiry was opened.
    Opened,
    /// No inquiry was opened.
    NotOpened,
    /// An inquiry is already under way.
    AlreadyOngoing,
}

impl From<InquiryChoice> for FeedbackValue {
    fn from(choice: InquiryChoice) -> Self {
        match choice {
            InquiryChoice::OpenInquiry => Self::Opened,
            InquiryChoice::DoNotOpen => Self::NotOpened,
            InquiryChoice::AlreadyOngoing => Self::AlreadyOngoing,
        }
    }
}

/// The reason why a reporter is not told the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FeedbackRefusalReason {
    /// Telling would put the child or the family at risk.
    RiskToChildOrFamily,
    /// Telling would harm the inquiry.
    HarmsInquiry,
    /// The identity of somebody in the matter is protected.
    ProtectedIdentity,
    /// The reporter's identity has not been verified.
    ReporterNotVerified,
    /// The law gives the reporter no right to be told.
    NotEntitled,
    /// Telling is unsuitable for another reason.
    OtherwiseUnsuitable,
}

/// The reason why a referral goes to another office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RedirectReason {
    /// The child lives in the other office's area.
    LivesInOtherArea,
    /// A service of the other office fits better.
    OtherServiceFits,
    /// This office has no capacity.
    Capacity,
    /// Somebody at this office is too close to the matter.
    ConflictOfInterest,
    /// The family has moved.
    Moved,
}

/// The reason why a referral waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HoldReason {
    /// The family asked to wait.
    FamilyAskedToWait,
    /// The family is away.
    FamilyUnavailable,
    /// A service has not begun yet.
    AwaitingServiceStart,
    /// Another agency must do something first.
    AwaitingOtherAgency,
    /// An interpreter is needed.
    AwaitingInterpreter,
    /// The referral waits for another reason.
    Other,
}

/// The reason why an office declines a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReferralDeclineReason {
    /// The office has no capacity.
    NoCapacity,
    /// The person is too young or too old.
    OutsideAge,
    /// The person lives outside the office's area.
    OutsideArea,
    /// The matter is the task of somebody else.
    NotOurMandate,
    /// The person has moved.
    PersonMoved,
    /// Too little is known about the matter.
    MissingInformation,
    /// Somebody at the office is too close to the matter.
    ConflictOfInterest,
    /// The office declines for another reason.
    Other,
}

/// The reason why somebody said no, to an offer or to support that was requested on the family's behalf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter, strum::IntoStaticStr)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeclineReason {
    /// The family does not want support now.
    NotWantedNow,
    /// The family wants other help.
    WantsOtherHelp,
    /// The family does not trust the authority.
    DistrustOfAuthority,
    /// The language is an obstacle.
    Language,
    /// The support does not fit in practice.
    Practical,
    /// A guardian refuses the support.
    GuardianRefuses,
    /// The family gave no reason.
    NoReasonGiven,
}

/// The reason why a deadline is extended. By law the reason must lie with the child or the matter (SoL 20 kap. 2 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ExtensionReason {
    /// The child cannot be reached.
    ChildNotReachable,
    /// Essential information is still missing.
    AwaitingEssentialInformation,
    /// The child is ill.
    IllnessOfChild,
    /// There is another exceptional reason.
    OtherSpecial,
    /// The workload is high. The law does not accept this reason, and it is refused.
    Workload,
    /// Staff are missing. The law does not accept this reason, and it is refused.
    Staffing,
}

impl ExtensionReason {
    /// Whether the law accepts the reason.
    pub fn counts(self) -> bool {
        !matches!(self, Self::Workload | Self::Staffing)
    }
}

/// The way in which support ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SupportOutcome {
    /// The support was given.
    SupportGiven,
    /// The support continues elsewhere.
    SupportOngoingElsewhere,
    /// The support is no longer needed.
    NeedResolved,
    /// The family has moved.
    Moved,
    /// The support ended in another way.
    Other,
}

/// The state of a referral, as far as its sender may know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "The code list `disclosed-statuses` tells each in Swedish and English.")]
pub enum DisclosedStatus {
    Received,
    InformationRequested,
    Accepted,
    Started,
    OnHold,
    Redirected,
    Declined,
    Handled,
    Completed,
    DeclinedByFamily,
    NotReached,
    Withdrawn,
}
crate::text_column!(DeclineReason, DisclosedStatus);
