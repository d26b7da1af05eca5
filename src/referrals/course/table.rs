//! The table of actions: for each action on a referral, the kinds of referral and the states in which it is possible, and the
//! callers who may take it.
//!
//! There are no exceptions to the table elsewhere. A further condition of an action, such as a protection assessment before a
//! decision, is its guard: see [`guard`]. The links that staff are offered and the actions that they may take both come from
//! [`allowed`].

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Powers;
use crate::directory::Directory;
use crate::error::{Error, Problem, Result};
use crate::referrals::course::clocks;
use crate::referrals::{Kind, Origin, Referral, Status, disclosure};

/// An action that staff or the sender take on a referral, or an event that happens to it, such as a passed deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter, strum::IntoStaticStr)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[schema(as = ReferralAction)]
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
    // The following actions and events are not in the table.
    Receive,
    Correct,
    CopyForSibling,
    Reroute,
    Supplement,
    RequestFeedback,
    MarkOverdue,
}
crate::text_column!(Action);

/// The callers to whom the table allows an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionOwner {
    /// Every member of staff who works with cases at the referral's office: caseworkers and team leads.
    Worker,
    /// A member of staff who works with cases at the referral's office and has the qualification that SoL 25 kap. 1 § requires.
    Qualified,
    /// A team lead who works with cases at the referral's office.
    Lead,
    /// The partner agency that sent the referral.
    Sender,
}

/// The facts about a caller by which the table decides which actions on a referral are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A member of staff who works with cases at the referral's office.
    Staff {
        /// Whether the member of staff may take the actions of team leads.
        leads: bool,
        /// Whether the member of staff may decide on inquiries, which requires the qualification of SoL 25 kap. 1 §.
        qualified: bool,
    },
    /// The partner agency that sent the referral.
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

/// The kinds of referral for which an action is possible: concern reports, all other kinds (requests), or all kinds.
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

/// The number of logged attempts from which on a family may be recorded as not reached.
pub const ATTEMPTS_BEFORE_NOT_REACHED: usize = 3;

/// Checks the condition that an action needs besides its row in the table, such as a protection assessment before a decision.
/// Returns the problem if the referral does not meet it, and `None` if it does or if there is no such condition.
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
        Action::RequestInformation
            if referral.is_anonymous() || disclosure::is_hidden_from_sender(referral, directory) =>
        {
            Some(Problem::NoSender)
        }
        Action::Redirect if referral.protected => Some(Problem::ProtectedStays),
        _ => None,
    }
}

/// Returns the actions that this caller may take on the referral now, in the order of the table.
pub fn allowed(referral: &Referral, caller: Caller, directory: &Directory) -> Vec<Action> {
    let rows = TABLE.iter().filter(|row| caller.is(row.who) && row.is_now(referral));
    rows.map(|row| row.action).filter(|action| guard(*action, referral, directory).is_none()).collect()
}

/// Checks that this caller may take the action on the referral now. The error lists the actions that are allowed.
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

/// Makes the error `problem`, with the list of the actions that this caller may take on the referral now.
pub fn refusal(problem: Problem, referral: &Referral, caller: Caller, directory: &Directory) -> Error {
    Error::new(problem).allowing(allowed(referral, caller, directory).into_iter().map(Into::into).collect())
}

impl Status {
    /// Whether a referral in this state has ended. Not final are `Received`, `InformationRequested`, `Accepted`, `InProgress`
    /// and `OnHold`.
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
    /// Whether staff took the referral down for a private person who did not tell who they are.
    pub fn is_anonymous(&self) -> bool {
        self.origin == Origin::Private && self.matter.reporter.is_none()
    }
}
