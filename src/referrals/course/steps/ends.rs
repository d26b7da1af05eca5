//! The steps that end a referral, and the step that reopens it.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::{AuditAction, actions};
use crate::calendar::DeadlineKind;
use crate::error::{Problem, Result, Text};
use crate::id::{OfferId, ReferralId};
use crate::referrals::Referral;
use crate::referrals::course::codes::{DeclineReason, InquiryChoice, ReferralDeclineReason, SupportOutcome};
use crate::referrals::course::steps::{ReferralStep, StepNote, StepReferences, StepSetting};
use crate::referrals::course::table::Action;
use crate::referrals::course::{self, InquiryDecision, ReferralOutcome, ReferralState, TurnTo, Withdrawer, clocks};
use crate::referrals::matter::consent::Giver;
use crate::rules::{Rules, in_the_future};
use crate::time::{Timestamp, day};
use crate::vault::{ConfidentialLine, ConfidentialProse};

/// A decision on a concern report: whether to open an inquiry (SoL 20 kap. 2 §). It ends the referral.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecideInquiry {
    /// The decision, as a code: to open an inquiry, not to open one, or that one is already under way.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    decision: InquiryChoice,
    /// When the decision was made: not before the first protection assessment, and not in the future. Defaults to the time of
    /// the call.
    ///
    /// @x-example-omit true
    decided_at: Option<Timestamp>,
    /// The reference under which the case system has the inquiry.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "SN 2026-1204"
    case_reference: Option<ConfidentialLine>,
    /// The reasons for the decision on the inquiry, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Skolfrånvaron och det som barnet berättat tyder på behov av stöd."
    rationale: Option<ConfidentialProse>,
}

impl ReferralStep for DecideInquiry {
    const ACTION: Action = Action::DecideInquiry;
    const AUDITED: AuditAction = actions::REFERRAL_INQUIRY_DECIDED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let decided_at = self.decided_at.unwrap_or_else(|| setting.now());
        let mut rules = Rules::default();
        rules.require(decided_at <= setting.now(), "/decidedAt", in_the_future());
        let assessed_at = referral.course.assessments.first().map(|assessment| assessment.assessed_at);
        let early = Text::new("must not lie before the protection assessment", "får inte ligga före skyddsbedömningen");
        rules.require(assessed_at.is_some_and(|assessed| assessed <= decided_at), "/decidedAt", early);
        rules.finish(Some(()))?;
        let decision = InquiryDecision {
            decision: self.decision,
            decided_at,
            decided_by: setting.by,
            case_reference: self.case_reference,
            rationale: self.rationale.clone(),
        };
        clocks::meet(referral, DeadlineKind::InquiryDecision, decided_at);
        let state = match self.decision {
            InquiryChoice::DoNotOpen => ReferralState::ClosedNoInquiry { decision },
            InquiryChoice::OpenInquiry | InquiryChoice::AlreadyOngoing => ReferralState::HandedOver { decision },
        };
        referral.end(state, setting.now());
        (referral.course.feedback.answered, referral.course.feedback.refused) = (false, None);
        clocks::drop_feedback(referral);
        clocks::start_feedback(referral, setting.now(), setting.directory);
        Ok(StepNote::code(self.decision.into(), self.rationale))
    }
}

/// A decline: the office does not take on the request, and tells the place to turn to instead.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decline {
    /// The reason why the office declines the request, as a code.
    reason_code: ReferralDeclineReason,
    /// The reason why the office declines the request, in words. The sender is not told it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    note: Option<ConfidentialProse>,
    /// The place to turn to instead of the office that declines: exactly one of an office and a description in words. The
    /// sender is told it if the consent lets the sender learn how the request ends.
    turn_to: TurnTo,
}

impl ReferralStep for Decline {
    const ACTION: Action = Action::Decline;
    const AUDITED: AuditAction = actions::REFERRAL_DECLINED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let mut rules = Rules::default();
        let one = self.turn_to.office_id.is_some() != self.turn_to.text.is_some();
        let either = Text::new("must have exactly one of officeId and text", "ska ha exakt en av officeId och text");
        rules.require(one, "/turnTo", either);
        if let Some(id) = self.turn_to.office_id {
            rules.known("/turnTo/officeId", id.uuid(), setting.directory.office(id));
        }
        rules.finish(Some(()))?;
        let decline = course::ReferralDecline { reason_code: self.reason_code, turn_to: self.turn_to };
        referral.end(ReferralState::Declined { decline }, setting.now());
        Ok(StepNote::code(self.reason_code.into(), self.note))
    }
}

/// A statement that the referral is about the same matter as another referral. It ends the referral.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarkDuplicate {
    /// The identifier of the other referral, which must be of the same sort: a concern report if this one is a concern report,
    /// a request if it is a request.
    ///
    /// @example "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d60"
    of_referral_id: ReferralId,
}

impl ReferralStep for MarkDuplicate {
    const ACTION: Action = Action::MarkDuplicate;
    const AUDITED: AuditAction = actions::REFERRAL_MARKED_DUPLICATE;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let mut rules = Rules::default();
        let itself = Text::new("must be another referral", "måste vara ett annat ärende");
        rules.require(self.of_referral_id != referral.id, "/ofReferralId", itself);
        rules.finish(Some(()))?;
        referral.end(ReferralState::Duplicate { of: self.of_referral_id }, setting.now());
        Ok(StepNote::default())
    }

    fn named(&self) -> StepReferences {
        StepReferences { referral: Some(self.of_referral_id), ..StepReferences::default() }
    }
}

/// A statement that the family has declined the support. It ends the referral.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordFamilyDeclined {
    /// The reason why the family declined the support, as a code.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    reason_code: DeclineReason,
    /// The reason why the family declined the support, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vill hellre prata med skolkuratorn."
    note: Option<ConfidentialProse>,
}

impl ReferralStep for RecordFamilyDeclined {
    const ACTION: Action = Action::RecordFamilyDeclined;
    const AUDITED: AuditAction = actions::REFERRAL_FAMILY_DECLINED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        referral.end(ReferralState::DeclinedByFamily { reason_code: self.reason_code }, setting.now());
        Ok(StepNote::code(self.reason_code.into(), self.note))
    }
}

/// A statement that the office could not reach the family. It ends the referral, and is possible after at least three logged
/// attempts.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordNotReached {
    /// A note about the attempts to reach the family.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Tre försök, sist med brev."
    note: Option<ConfidentialProse>,
}

impl ReferralStep for RecordNotReached {
    const ACTION: Action = Action::RecordNotReached;
    const AUDITED: AuditAction = actions::REFERRAL_NOT_REACHED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        referral.end(ReferralState::NotReached, setting.now());
        Ok(StepNote::words(self.note))
    }
}

/// The end of the support that was given because of the referral. It ends the referral.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Complete {
    /// The way in which the support ended, as a code.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    outcome: SupportOutcome,
    /// A note about the end of the support, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen går vidare i föräldragruppen."
    note: Option<ConfidentialProse>,
    /// The identifier of the offer by which the support was offered to the family, if there is one.
    ///
    /// @x-example-omit true
    offer_id: Option<OfferId>,
}

impl ReferralStep for Complete {
    const ACTION: Action = Action::Complete;
    const AUDITED: AuditAction = actions::REFERRAL_COMPLETED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let outcome = ReferralOutcome { outcome: self.outcome, offer_id: self.offer_id, at: setting.now() };
        referral.end(ReferralState::Completed { outcome }, setting.now());
        Ok(StepNote::code(self.outcome.into(), self.note))
    }

    fn named(&self) -> StepReferences {
        StepReferences { offer: self.offer_id, ..StepReferences::default() }
    }
}

/// A withdrawal of the consent on which a request rests. It ends the referral.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawConsent {
    /// The person who withdraws the consent: the child or a guardian.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "guardian"
    by: Giver,
    /// The day on which the consent was withdrawn: not before the day on which it was given, and not in the future.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2026-11-20")]
    at: NaiveDate,
}

impl ReferralStep for WithdrawConsent {
    const ACTION: Action = Action::WithdrawConsent;
    const AUDITED: AuditAction = actions::REFERRAL_CONSENT_WITHDRAWN;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let given_on = referral.matter.consent.as_ref().map(|consent| consent.given_on);
        let mut rules = Rules::default();
        rules.require(self.at <= setting.today(), "/at", in_the_future());
        let early =
            Text::new("must not lie before the consent was given", "får inte ligga före den dag då samtycket gavs");
        rules.require_or(Problem::ConsentOrder, given_on.is_none_or(|given| given <= self.at), "/at", early);
        rules.finish(Some(()))?;
        if let Some(consent) = &mut referral.matter.consent {
            consent.withdrawn_at = Some(self.at);
        }
        referral.end(ReferralState::Withdrawn { by: Withdrawer::Consenter }, setting.now());
        Ok(StepNote { code: Some(self.by.into()), ..StepNote::default() })
    }
}

/// A reopening: a referral that has ended is put into the state `received` again.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reopen {
    /// The reason why the referral is reopened, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen hörde av sig igen."
    reason: ConfidentialProse,
}

impl ReferralStep for Reopen {
    const ACTION: Action = Action::Reopen;
    const AUDITED: AuditAction = actions::REFERRAL_REOPENED;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        let mut rules = Rules::default();
        rules.has_room(referral.course.earlier_decisions.len());
        rules.finish(Some(()))?;
        let decision = referral.course.state.decision().cloned();
        referral.course.earlier_decisions.extend(decision);
        referral.course.state = ReferralState::Received;
        // A protected referral that had ended may be at any office; an open one belongs to the central reception.
        if referral.protected {
            referral.go_to_reception(setting.directory)?;
        }
        Ok(StepNote::words(self.reason))
    }
}

/// A statement that the referral was made by mistake and should not exist.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnterInError {
    /// The reason why the referral should not exist, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Registrerad på fel barn."
    reason: ConfidentialProse,
}

impl ReferralStep for EnterInError {
    const ACTION: Action = Action::EnterInError;
    const AUDITED: AuditAction = actions::REFERRAL_ENTERED_IN_ERROR;

    fn take(self, referral: &mut Referral, setting: &StepSetting<'_>) -> Result<StepNote> {
        referral.end(ReferralState::EnteredInError, setting.now());
        Ok(StepNote::words(self.reason))
    }
}
