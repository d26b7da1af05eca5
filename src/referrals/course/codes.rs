//! The codes of a referral's course: what staff choose from. Their texts are in the code lists.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is decided on a concern report (SoL 20 kap. 2 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InquiryChoice {
    /// To open an inquiry.
    OpenInquiry,
    /// Not to open one.
    DoNotOpen,
    /// Nothing, since an inquiry is under way.
    AlreadyOngoing,
}

/// What a mandatory reporter is told of the decision (SoL 19 kap. 6 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FeedbackValue {
    /// An inquiry was opened.
    Opened,
    /// None was opened.
    NotOpened,
    /// One is under way already.
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

/// Why a reporter is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FeedbackRefusalReason {
    /// It would put the child or the family at risk.
    RiskToChildOrFamily,
    /// It would harm the inquiry.
    HarmsInquiry,
    /// Somebody's identity is protected.
    ProtectedIdentity,
    /// Nobody knows for sure who reported.
    ReporterNotVerified,
    /// The law gives the reporter no right to it.
    NotEntitled,
    /// It is unsuitable for another reason.
    OtherwiseUnsuitable,
}

/// Why a matter goes to another office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RedirectReason {
    /// The child lives in its area.
    LivesInOtherArea,
    /// A service of its fits better.
    OtherServiceFits,
    /// There is no room here.
    Capacity,
    /// Somebody here is too close to the matter.
    ConflictOfInterest,
    /// The family has moved.
    Moved,
}

/// Why a matter waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HoldReason {
    /// The family asked to wait.
    FamilyAskedToWait,
    /// The family is away.
    FamilyUnavailable,
    /// A service has not begun.
    AwaitingServiceStart,
    /// Another agency has something to do first.
    AwaitingOtherAgency,
    /// An interpreter is needed.
    AwaitingInterpreter,
    /// Another reason.
    Other,
}

/// Why an office declines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReferralDeclineReason {
    /// There is no room.
    NoCapacity,
    /// The person is too young or too old.
    OutsideAge,
    /// The person lives elsewhere.
    OutsideArea,
    /// It is somebody else's task.
    NotOurMandate,
    /// The person has moved.
    PersonMoved,
    /// Too little is known.
    MissingInformation,
    /// Somebody is too close to the matter.
    ConflictOfInterest,
    /// Another reason.
    Other,
}

/// Why somebody said no: to an offer, or to what was asked for on the family's behalf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter, strum::IntoStaticStr)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeclineReason {
    /// They do not want it now.
    NotWantedNow,
    /// They want other help.
    WantsOtherHelp,
    /// They do not trust the authority.
    DistrustOfAuthority,
    /// For the language.
    Language,
    /// It does not fit in practice.
    Practical,
    /// A guardian refuses.
    GuardianRefuses,
    /// They gave no reason.
    NoReasonGiven,
}

/// Why a deadline is moved. The law wants the reason to lie with the child or the matter (SoL 20 kap. 2 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ExtensionReason {
    /// The child cannot be reached.
    ChildNotReachable,
    /// Something essential is still to come.
    AwaitingEssentialInformation,
    /// The child is ill.
    IllnessOfChild,
    /// Another exceptional reason.
    OtherSpecial,
    /// There is much to do: no reason, and refused.
    Workload,
    /// Somebody is missing: no reason, and refused.
    Staffing,
}

impl ExtensionReason {
    /// Whether the law lets it count.
    pub fn counts(self) -> bool {
        !matches!(self, Self::Workload | Self::Staffing)
    }
}

/// How support ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SupportOutcome {
    /// Support was given.
    SupportGiven,
    /// Support goes on elsewhere.
    SupportOngoingElsewhere,
    /// It is not needed any more.
    NeedResolved,
    /// The family has moved.
    Moved,
    /// Another way.
    Other,
}

/// Where a referral stands, as its sender may know it.
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
