//! The table: which action leads from where to where, for which kinds of referral, and whose it is.
//!
//! It has no exceptions elsewhere. What an action needs besides, such as the protection assessment before a decision, is its guard:
//! see [`guard`]. What a caller is offered and what a caller is allowed are both [`allowed`].

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Powers;
use crate::directory::Directory;
use crate::error::{Error, Problem, Result};
use crate::referrals::course::clocks;
use crate::referrals::{Kind, Origin, Referral, Status, disclosure};

/// What can be done with a referral, and what can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter, strum::IntoStaticStr)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[schema(as = ReferralAction)]
#[expect(missing_docs, reason = "The code list `referral-actions` tells each in Swedish and English.")]
pub enum Action {
    AssessProtection,
    RequestInformation,
    SupplyInformation,
    Assign,
    Accept,
    Start,
    LogAttempt,
    Hold,
    Resume,
    DecideInquiry,
    ExtendDeadline,
    Redirect,
    Decline,
    MarkDuplicate,
    RecordFamilyDeclined,
    RecordNotReached,
    Complete,
    Withdraw,
    WithdrawConsent,
    SendFeedback,
    RefuseFeedback,
    Reopen,
    EnterInError,
    // These happen without being anybody's action of the table.
    Receive,
    Correct,
    CopyForSibling,
    Reroute,
    Supplement,
    RequestFeedback,
    MarkOverdue,
}
crate::text_column!(Action);

/// Whose an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionOwner {
    /// Whoever works cases at its office: caseworkers, and team leads with them.
    Worker,
    /// The same, with the qualification that SoL 25 kap. 1 § asks for.
    Qualified,
    /// Team leads of its office.
    Lead,
    /// The agency that sent it.
    Sender,
}

/// Who acts, as far as the table asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Staff who work cases at its office.
    Staff {
        /// Whether they lead.
        leads: bool,
        /// Whether they are qualified.
        qualified: bool,
    },
    /// The agency that sent it.
    Sender,
}

impl From<Powers> for Caller {
    fn from(powers: Powers) -> Self {
        Self::Staff { leads: powers.leads, qualified: powers.decides }
    }
}

impl Caller {
    fn is(self, who: ActionOwner) -> bool {
        match self {
            Self::Sender => who == ActionOwner::Sender,
            Self::Staff { leads, qualified } => match who {
                ActionOwner::Worker => true,
                ActionOwner::Qualified => qualified,
                ActionOwner::Lead => leads,
                ActionOwner::Sender => false,
            },
        }
    }
}

/// The kinds that an action is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ActionKinds {
    Reports,
    Requests,
    All,
}

impl ActionKinds {
    fn has(self, kind: Kind) -> bool {
        match self {
            Self::Reports => kind == Kind::ConcernReport,
            Self::Requests => kind != Kind::ConcernReport,
            Self::All => true,
        }
    }
}

/// One row.
struct ActionRow {
    action: Action,
    kinds: ActionKinds,
    from: &'static [Status],
    who: ActionOwner,
}

const OPEN: &[Status] =
    &[Status::Received, Status::InformationRequested, Status::Accepted, Status::InProgress, Status::OnHold];
const BEFORE: &[Status] = &[Status::Received, Status::InformationRequested];
const TAKEN_ON: &[Status] = &[Status::Accepted, Status::InProgress, Status::OnHold];
const DECIDED: &[Status] = &[Status::HandedOver, Status::ClosedNoInquiry];
const ENDED: &[Status] = &[
    Status::HandedOver,
    Status::ClosedNoInquiry,
    Status::Declined,
    Status::Completed,
    Status::DeclinedByFamily,
    Status::NotReached,
];
const ANY: &[Status] = &[
    Status::Received,
    Status::InformationRequested,
    Status::Accepted,
    Status::InProgress,
    Status::OnHold,
    Status::HandedOver,
    Status::ClosedNoInquiry,
    Status::Declined,
    Status::Duplicate,
    Status::Completed,
    Status::DeclinedByFamily,
    Status::NotReached,
    Status::Withdrawn,
];

const fn row(action: Action, kinds: ActionKinds, from: &'static [Status], who: ActionOwner) -> ActionRow {
    ActionRow { action, kinds, from, who }
}

/// The table.
const TABLE: [ActionRow; 23] = [
    row(Action::AssessProtection, ActionKinds::Reports, BEFORE, ActionOwner::Worker),
    row(Action::RequestInformation, ActionKinds::All, &[Status::Received], ActionOwner::Worker),
    row(Action::SupplyInformation, ActionKinds::All, &[Status::InformationRequested], ActionOwner::Worker),
    row(Action::Assign, ActionKinds::All, OPEN, ActionOwner::Worker),
    row(Action::Accept, ActionKinds::Requests, &[Status::Received], ActionOwner::Worker),
    row(Action::Start, ActionKinds::Requests, &[Status::Accepted], ActionOwner::Worker),
    row(Action::LogAttempt, ActionKinds::Requests, TAKEN_ON, ActionOwner::Worker),
    row(Action::Hold, ActionKinds::Requests, &[Status::Accepted, Status::InProgress], ActionOwner::Worker),
    row(Action::Resume, ActionKinds::Requests, &[Status::OnHold], ActionOwner::Worker),
    row(Action::DecideInquiry, ActionKinds::Reports, BEFORE, ActionOwner::Qualified),
    row(Action::ExtendDeadline, ActionKinds::All, OPEN, ActionOwner::Lead),
    row(
        Action::Redirect,
        ActionKinds::All,
        &[Status::Received, Status::InformationRequested, Status::Accepted],
        ActionOwner::Worker,
    ),
    row(Action::Decline, ActionKinds::Requests, BEFORE, ActionOwner::Worker),
    row(Action::MarkDuplicate, ActionKinds::All, BEFORE, ActionOwner::Lead),
    row(Action::RecordFamilyDeclined, ActionKinds::Requests, TAKEN_ON, ActionOwner::Worker),
    row(Action::RecordNotReached, ActionKinds::Requests, TAKEN_ON, ActionOwner::Worker),
    row(Action::Complete, ActionKinds::Requests, &[Status::InProgress], ActionOwner::Worker),
    row(Action::Withdraw, ActionKinds::Requests, OPEN, ActionOwner::Sender),
    row(Action::WithdrawConsent, ActionKinds::Requests, OPEN, ActionOwner::Worker),
    row(Action::SendFeedback, ActionKinds::Reports, DECIDED, ActionOwner::Worker),
    row(Action::RefuseFeedback, ActionKinds::Reports, DECIDED, ActionOwner::Worker),
    row(Action::Reopen, ActionKinds::All, ENDED, ActionOwner::Lead),
    row(Action::EnterInError, ActionKinds::All, ANY, ActionOwner::Lead),
];

/// So many attempts to reach somebody there must be before they count as not reached.
pub const ATTEMPTS_BEFORE_NOT_REACHED: usize = 3;

/// What an action needs besides the table, if the referral does not have it.
pub fn guard(action: Action, referral: &Referral, directory: &Directory) -> Option<Problem> {
    let course = &referral.course;
    match action {
        Action::DecideInquiry if course.assessments.is_empty() => Some(Problem::AssessmentMissing),
        Action::RecordNotReached if course.attempts.len() < ATTEMPTS_BEFORE_NOT_REACHED => {
            Some(Problem::TooFewAttempts)
        }
        Action::SendFeedback | Action::RefuseFeedback if !disclosure::learns_the_decision(referral, directory) => {
            Some(Problem::FeedbackNotForSender)
        }
        Action::SendFeedback | Action::RefuseFeedback if course.feedback.answered => Some(Problem::FeedbackGiven),
        Action::WithdrawConsent if referral.matter.consent.is_none() => Some(Problem::NoConsent),
        Action::ExtendDeadline if !clocks::any_can_be_extended(referral) => Some(Problem::NothingToExtend),
        Action::RequestInformation if referral.is_anonymous() => Some(Problem::NoSender),
        Action::Redirect if referral.protected => Some(Problem::ProtectedStays),
        _ => None,
    }
}

/// What this caller may do now, in the order of the table.
pub fn allowed(referral: &Referral, caller: Caller, directory: &Directory) -> Vec<Action> {
    let rows = TABLE.iter().filter(|row| caller.is(row.who) && row.is_now(referral));
    rows.map(|row| row.action).filter(|action| guard(*action, referral, directory).is_none()).collect()
}

/// Refuses what this caller may not do, or not now, and says what is allowed.
pub fn check(action: Action, referral: &Referral, caller: Caller, directory: &Directory) -> Result<()> {
    let row = TABLE.iter().find(|row| row.action == action);
    let problem = match row {
        None => Some(Problem::ActionNotAllowed),
        Some(row) if !caller.is(row.who) => Some(Problem::ActionForbidden),
        Some(row) if !row.is_now(referral) => Some(Problem::ActionNotAllowed),
        Some(_) => guard(action, referral, directory),
    };
    match problem {
        None => Ok(()),
        Some(problem) => Err(refusal(problem, referral, caller, directory)),
    }
}

/// A refusal that says what is allowed.
pub fn refusal(problem: Problem, referral: &Referral, caller: Caller, directory: &Directory) -> Error {
    Error::new(problem).allowing(allowed(referral, caller, directory).into_iter().map(Into::into).collect())
}

impl Status {
    /// Whether the matter is at its end here.
    pub fn is_final(self) -> bool {
        !OPEN.contains(&self)
    }
}

impl ActionRow {
    fn is_now(&self, referral: &Referral) -> bool {
        self.kinds.has(referral.kind) && self.from.contains(&referral.status())
    }
}

impl Referral {
    /// Whether it was taken down for a private person who stays unknown.
    pub fn is_anonymous(&self) -> bool {
        self.origin == Origin::Private && self.matter.reporter.is_none()
    }
}
