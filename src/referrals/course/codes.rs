//! The codes that staff choose from when they work with a referral, and the states of a referral that its sender is told. The
//! texts of the codes are in the code lists.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The decision on a concern report: whether to open an inquiry (SoL 20 kap. 2 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InquiryChoice {
    /// The office opens an inquiry.
    OpenInquiry,
    /// The office does not open an inquiry.
    DoNotOpen,
    /// The office opens no new inquiry, since one is already under way.
    AlreadyOngoing,
}

/// The decision that a mandatory reporter is told as feedback on its report (SoL 19 kap. 6 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FeedbackValue {
    /// The reporter is told that an inquiry was opened.
    Opened,
    /// The reporter is told that no inquiry was opened.
    NotOpened,
    /// The reporter is told that an inquiry was already under way.
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

/// The reason why a reporter is not told the decision on its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FeedbackRefusalReason {
    /// Telling the decision would put the child or the family at risk.
    RiskToChildOrFamily,
    /// Telling the decision would harm the inquiry.
    HarmsInquiry,
    /// The identity of somebody in the matter is protected.
    ProtectedIdentity,
    /// The reporter's identity has not been verified.
    ReporterNotVerified,
    /// The law gives the reporter no right to be told.
    NotEntitled,
    /// Telling the decision is unsuitable for another reason than those in this list.
    OtherwiseUnsuitable,
}

/// The reason why staff redirect a referral to another office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RedirectReason {
    /// The child lives in the other office's area.
    LivesInOtherArea,
    /// A service of the other office fits the child's needs better.
    OtherServiceFits,
    /// The office that redirects the referral has no capacity for it.
    Capacity,
    /// Somebody at the office that redirects the referral is too close to the matter to handle it.
    ConflictOfInterest,
    /// The family has moved to another place.
    Moved,
}

/// The reason why a referral is put on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HoldReason {
    /// The family asked the office to wait with the support.
    FamilyAskedToWait,
    /// The family is not available at present, for example because it is away.
    FamilyUnavailable,
    /// A service that the family is to get has not begun yet.
    AwaitingServiceStart,
    /// Another agency must do something before the office can continue.
    AwaitingOtherAgency,
    /// The office waits for an interpreter.
    AwaitingInterpreter,
    /// The referral is put on hold for another reason than those in this list.
    Other,
}

/// The reason why an office declines a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReferralDeclineReason {
    /// The office has no capacity for the request.
    NoCapacity,
    /// The child or young person is too young or too old for the office's services.
    OutsideAge,
    /// The child or young person lives outside the office's area.
    OutsideArea,
    /// The matter is the task of somebody else than the office.
    NotOurMandate,
    /// The child or young person has moved.
    PersonMoved,
    /// Too little is known about the matter for the office to act.
    MissingInformation,
    /// Somebody at the office is too close to the matter to handle it.
    ConflictOfInterest,
    /// The office declines for another reason than those in this list.
    Other,
}

/// The reason why a family or a person declines: a service that outreach staff offered, or the support that a referral asked
/// for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter, strum::IntoStaticStr)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeclineReason {
    /// The family does not want support at present.
    NotWantedNow,
    /// The family wants other help than the one that was offered.
    WantsOtherHelp,
    /// The family does not trust the authority.
    DistrustOfAuthority,
    /// The family declines because the language is an obstacle.
    Language,
    /// The family declines because the support is impractical, for example because of its times or its place.
    Practical,
    /// A guardian refuses the support for the child.
    GuardianRefuses,
    /// The family gave no reason for declining.
    NoReasonGiven,
}

/// The reason why a deadline of a referral is extended. By law the reason must lie with the child or the matter (SoL 20 kap. 2
/// §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ExtensionReason {
    /// The office cannot reach the child.
    ChildNotReachable,
    /// Essential information is still missing.
    AwaitingEssentialInformation,
    /// The child is ill, so that the action must wait.
    IllnessOfChild,
    /// There is another exceptional reason that lies with the child or the matter.
    OtherSpecial,
    /// The office's workload is high. The law does not accept this reason, and an extension for it is refused.
    Workload,
    /// The office lacks staff. The law does not accept this reason, and an extension for it is refused.
    Staffing,
}

impl ExtensionReason {
    /// Whether the law accepts this as a reason for an extension. Workload and staffing are not accepted.
    pub fn counts(self) -> bool {
        !matches!(self, Self::Workload | Self::Staffing)
    }
}

/// The way in which the support that a referral led to has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SupportOutcome {
    /// The support was given to the family.
    SupportGiven,
    /// The support continues somewhere else than at the office.
    SupportOngoingElsewhere,
    /// The family no longer needs the support.
    NeedResolved,
    /// The family has moved, and the support ended with that.
    Moved,
    /// The support ended in another way than those in this list.
    Other,
}

/// The state of a referral that its sender is told. It is coarser than the state at the office where the sender may not know
/// more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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
