//! The steps by which staff work on a referral: assessing the need for protection, exchanging information with the sender,
//! assigning, accepting, starting, logging attempts, holding and resuming, extending a deadline, redirecting.

use chrono::{Days, NaiveDate};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::{AuditAction, actions};
use crate::calendar::DeadlineKind;
use crate::error::{Problem, Result, Text};
use crate::id::{OfficeId, StaffId};
use crate::offices::{OfficeKind, OfficeStatus};
use crate::people::Channel;
use crate::referrals::course::codes::{ExtensionReason, HoldReason, RedirectReason};
use crate::referrals::course::steps::{ReferralStep, StepNote, StepReferences, StepSetting, not_yours};
use crate::referrals::course::table::{Action, Caller};
use crate::referrals::course::{self, Attempt, Extension, ProtectionAssessment, ReferralState, clocks};
use crate::referrals::messages::MessageKind;
use crate::referrals::{Referral, disclosure};
use crate::rules::Rules;
use crate::time::{Timestamp, day};
use crate::vault::ConfidentialProse;

/// An assessment by the office of whether the child in a concern report needs protection at once.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssessProtection {
    /// Whether the child needs protection at once, by this assessment.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    immediate_need: bool,
    /// The measures that the office takes because of this protection assessment, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Samtal med barnet i skolan i dag."
    measures: Option<ConfidentialProse>,
    /// When the protection assessment was made: not before the referral was received, and not in the future. Defaults to the
    /// time of the call.
    ///
    /// @x-example-omit true
    assessed_at: Option<Timestamp>,
}

impl ReferralStep for AssessProtection {
    const ACTION: Action = Action::AssessProtection;
    const AUDITED: AuditAction = actions::REFERRAL_PROTECTION_ASSESSED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let assessed_at = self.assessed_at.unwrap_or_else(|| setting.now());
        let mut rules = Rules::default();
        setting.check_time(assessed_at, referral.received_at, "/assessedAt", &mut rules);
        rules.has_room(referral.course.assessments.len());
        rules.finish(Some(()))?;
        clocks::meet(referral, DeadlineKind::ProtectionAssessment, assessed_at);
        referral.course.assessments.push(ProtectionAssessment {
            immediate_need: self.immediate_need,
            measures: self.measures.clone(),
            assessed_at,
            assessed_by: setting.by,
        });
        Ok(StepNote::words(self.measures))
    }
}

/// A question about a referral from the office to the sender. It puts the referral into the state `information_requested`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestInformation {
    /// The text of the office's question to the sender.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vilka dagar har Alva varit borta?"
    question: ConfidentialProse,
}

impl ReferralStep for RequestInformation {
    const ACTION: Action = Action::RequestInformation;
    const AUDITED: AuditAction = actions::REFERRAL_INFORMATION_REQUESTED;

    fn take(self, referral: &mut Referral, _: &StepSetting<'_>) -> Result<StepNote> {
        referral.course.state = ReferralState::InformationRequested;
        let message = Some((MessageKind::Question, self.question.clone()));
        Ok(StepNote { message, ..StepNote::words(self.question) })
    }
}

/// The sender's answer to a question from the office, taken down by the office. The referral is then in the state `received`
/// again.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SupplyInformation {
    /// The text of the sender's answer.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Måndag till onsdag, enligt kuratorn per telefon."
    text: ConfidentialProse,
}

impl ReferralStep for SupplyInformation {
    const ACTION: Action = Action::SupplyInformation;
    const AUDITED: AuditAction = actions::REFERRAL_INFORMATION_SUPPLIED;

    fn take(self, referral: &mut Referral, _: &StepSetting<'_>) -> Result<StepNote> {
        referral.course.state = ReferralState::Received;
        Ok(StepNote::words(self.text))
    }
}

/// An assignment of a referral to the member of staff who is to work with it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assign {
    /// The identifier of the member of staff who is to work with the referral. A caseworker can only give their own; a team
    /// lead can give that of anybody who works with cases at the referral's office.
    assignee_id: StaffId,
}

fn assign(to: StaffId, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<()> {
    let leads = matches!(setting.caller, Caller::Staff { leads: true, .. });
    if to != setting.by && !leads {
        return Err(not_yours(referral, setting));
    }
    referral.assignee_id = Some(to);
    Ok(())
}

impl ReferralStep for Assign {
    const ACTION: Action = Action::Assign;
    const AUDITED: AuditAction = actions::REFERRAL_ASSIGNED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        assign(self.assignee_id, referral, setting)?;
        Ok(StepNote::default())
    }

    fn named(&self) -> StepReferences {
        StepReferences { colleague: Some(self.assignee_id), ..StepReferences::default() }
    }
}

/// An acceptance of a referral by its office. It starts the deadline for the first contact with the family.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accept {
    /// The identifier of the member of staff who is to work with the referral. A caseworker can only give their own; a team
    /// lead can give that of anybody who works with cases at the referral's office. If it is left out, the assignee stays as
    /// before.
    ///
    /// @x-example-omit true
    assignee_id: Option<StaffId>,
}

impl ReferralStep for Accept {
    const ACTION: Action = Action::Accept;
    const AUDITED: AuditAction = actions::REFERRAL_ACCEPTED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        if let Some(assignee) = self.assignee_id {
            assign(assignee, referral, setting)?;
        }
        referral.course.state = ReferralState::Accepted;
        clocks::start(referral, DeadlineKind::FirstContact, setting.now(), setting.directory);
        Ok(StepNote::default())
    }

    fn named(&self) -> StepReferences {
        StepReferences { colleague: self.assignee_id, ..StepReferences::default() }
    }
}

/// The start of the work with the family, on a referral that the office has accepted.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Start {
    /// When the office first met the family: not before the referral was received, and not in the future.
    ///
    /// @example "2026-11-20T13:00:00Z"
    first_contact_at: Timestamp,
}

impl ReferralStep for Start {
    const ACTION: Action = Action::Start;
    const AUDITED: AuditAction = actions::REFERRAL_STARTED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let mut rules = Rules::default();
        setting.check_time(self.first_contact_at, referral.received_at, "/firstContactAt", &mut rules);
        rules.finish(Some(()))?;
        clocks::meet(referral, DeadlineKind::FirstContact, self.first_contact_at);
        referral.course.state = ReferralState::InProgress { first_contact_at: self.first_contact_at };
        Ok(StepNote::default())
    }
}

/// An attempt by the office to reach the family that a referral is about.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogAttempt {
    /// When the attempt to reach the family was made: not before the referral was received, and not in the future.
    ///
    /// @example "2026-11-20T13:00:00Z"
    at: Timestamp,
    /// The channel by which the office tried to reach the family, such as the telephone.
    ///
    /// @example "phone"
    channel: Channel,
    /// Whether the attempt reached somebody. If it did, it meets the deadline for the first contact.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    reached: bool,
    /// A note about the attempt to reach the family, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Ringde; ingen svarade."
    note: Option<ConfidentialProse>,
}

impl ReferralStep for LogAttempt {
    const ACTION: Action = Action::LogAttempt;
    const AUDITED: AuditAction = actions::REFERRAL_ATTEMPT_LOGGED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let mut rules = Rules::default();
        setting.check_time(self.at, referral.received_at, "/at", &mut rules);
        rules.has_room(referral.course.attempts.len());
        rules.finish(Some(()))?;
        if self.reached {
            clocks::meet(referral, DeadlineKind::FirstContact, self.at);
        }
        let words = self.note.clone();
        let Self { at, channel, reached, note } = self;
        referral.course.attempts.push(Attempt { at, channel, reached, note, by: setting.by });
        Ok(StepNote::words(words))
    }
}

/// A hold: the referral waits until the day on which its review is due.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hold {
    /// The reason why the referral is put on hold, as a code.
    reason: HoldReason,
    /// The last day for somebody to review the referral on hold: after today, and at most 366 days ahead.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2027-08-23")]
    review_on: NaiveDate,
}

/// Checks the last day that staff set for a deadline: it must be after today, after the day `behind` if there is one, and at
/// most 366 days after today. Without this limit, a deadline could be set to a day that never comes. A problem is reported at
/// the JSON pointer `pointer`.
fn check_day_ahead(day: NaiveDate, behind: Option<NaiveDate>, today: NaiveDate, pointer: &str, rules: &mut Rules) {
    let past = Text::new("must be a later day", "måste ligga framåt i tiden");
    rules.require(day > today && behind.is_none_or(|before| day > before), pointer, past);
    let far = Text::new("must be within a year", "måste ligga inom ett år");
    rules.require(today.checked_add_days(Days::new(366)).is_some_and(|last| day <= last), pointer, far);
}

impl ReferralStep for Hold {
    const ACTION: Action = Action::Hold;
    const AUDITED: AuditAction = actions::REFERRAL_PUT_ON_HOLD;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let mut rules = Rules::default();
        check_day_ahead(self.review_on, None, setting.today(), "/reviewOn", &mut rules);
        rules.finish(Some(()))?;
        let first_contact_at = match referral.course.state {
            ReferralState::InProgress { first_contact_at } => Some(first_contact_at),
            _ => None,
        };
        let hold = course::ReferralHold { reason: self.reason, review_on: self.review_on };
        referral.course.state = ReferralState::OnHold { hold, first_contact_at };
        clocks::start_review(referral, self.review_on, setting.now(), setting.directory);
        Ok(StepNote { code: Some(self.reason.into()), ..StepNote::default() })
    }
}

/// The body of a call that resumes the work on a referral on hold. It has no fields.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resume {}

impl ReferralStep for Resume {
    const ACTION: Action = Action::Resume;
    const AUDITED: AuditAction = actions::REFERRAL_RESUMED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        clocks::meet(referral, DeadlineKind::Review, setting.now());
        referral.course.state = match referral.course.state {
            ReferralState::OnHold { first_contact_at: Some(first_contact_at), .. } => {
                ReferralState::InProgress { first_contact_at }
            }
            _ => ReferralState::Accepted,
        };
        Ok(StepNote::default())
    }
}

/// An extension of one deadline of a referral to a later day.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtendDeadline {
    /// The kind of the deadline that is extended: the inquiry decision, the first contact or the review of a referral on hold.
    ///
    /// @example "inquiry_decision"
    kind: DeadlineKind,
    /// The new last day of the deadline: later than its present last day, after today, and at most 366 days ahead.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2027-08-16")]
    until: NaiveDate,
    /// The reason for the extension of the deadline, as a code. Workload and staffing are refused (SoL 2025:400, 20 kap. 2 §).
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "illness_of_child"
    reason_code: ExtensionReason,
    /// The reason for the extension of the deadline, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Barnet vårdas på sjukhus."
    note: ConfidentialProse,
}

impl ReferralStep for ExtendDeadline {
    const ACTION: Action = Action::ExtendDeadline;
    const AUDITED: AuditAction = actions::REFERRAL_DEADLINE_EXTENDED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let mut rules = Rules::default();
        let reason = Text::new("is not accepted as a reason by law", "är inget skäl enligt lag");
        rules.require_or(Problem::ExtensionReasonRefused, self.reason_code.counts(), "/reasonCode", reason);
        let extendable = Some(self.kind).filter(|kind| clocks::is_extendable(*kind));
        let runs = extendable.and_then(|kind| clocks::running(referral).find(|known| known.kind == kind)).cloned();
        let fixed = Text::new("does not run, or cannot be extended", "löper inte, eller kan inte förlängas");
        rules.require_or(Problem::DeadlineNotExtendable, runs.is_some(), "/kind", fixed);
        let calendar = &setting.directory.calendar;
        if let Some(runs) = &runs {
            let last = calendar.local_date(runs.due_at - chrono::TimeDelta::microseconds(1));
            check_day_ahead(self.until, Some(last), setting.today(), "/until", &mut rules);
        }
        rules.has_room(referral.course.extensions.len());
        rules.finish(runs)?;
        clocks::extend(referral, self.kind, self.until, setting.directory);
        if let (DeadlineKind::Review, ReferralState::OnHold { hold, .. }) = (self.kind, &mut referral.course.state) {
            hold.review_on = self.until;
        }
        referral.course.extensions.push(Extension {
            kind: self.kind,
            until: self.until,
            reason_code: self.reason_code,
            note: self.note.clone(),
            by: setting.by,
            at: setting.now(),
        });
        Ok(StepNote::code(self.reason_code.into(), Some(self.note)))
    }
}

/// A redirection of a referral from its office to another office.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Redirect {
    /// The identifier of the office that the referral goes to: another office than its present one, open, and neither an
    /// on-call line nor a switchboard.
    office_id: OfficeId,
    /// The reason why the referral goes to another office, as a code.
    reason: RedirectReason,
}

impl ReferralStep for Redirect {
    const ACTION: Action = Action::Redirect;
    const AUDITED: AuditAction = actions::REFERRAL_REDIRECTED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let mut rules = Rules::default();
        let found = setting.directory.office(self.office_id);
        let there = Text::new("has the referral already", "har det redan");
        rules.require_or(Problem::SameOffice, self.office_id != referral.office_id, "/officeId", there);
        let office = rules.known("/officeId", self.office_id.uuid(), found);
        let takes = office.is_none_or(|office| {
            office.status == OfficeStatus::Open && !matches!(office.kind, OfficeKind::OnCall | OfficeKind::Switchboard)
        });
        let closed = Text::new("is not open for referrals", "tar inte emot ärenden");
        rules.require_or(Problem::OfficeNotOpen, takes, "/officeId", closed);
        rules.finish(office)?;
        referral.office_id = self.office_id;
        referral.assignee_id = None;
        referral.course.state = ReferralState::Received;
        referral.course.redirected = true;
        referral.course.suggested = None;
        // The sender of a request is told the new office only if the family's consent lets the sender learn the progress of the
        // request.
        if disclosure::learns_the_outcome(referral) {
            referral.disclosed_office_id = self.office_id;
        }
        Ok(StepNote { code: Some(self.reason.into()), ..StepNote::default() })
    }
}
