//! Referrals in the form in which the office sees them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::link::Link;
use crate::id::{OfficeId, ReferralId, StaffId};
use crate::referrals::course::codes::DeclineReason;
use crate::referrals::course::view::{DeadlineView, FeedbackView};
use crate::referrals::course::{
    Attempt, Extension, InquiryDecision, ProtectionAssessment, ReferralDecline, ReferralHold, ReferralOutcome,
    ReferralState, Withdrawer,
};
use crate::referrals::matter::child::Child;
use crate::referrals::matter::consent::Consent;
use crate::referrals::matter::{Guardian, GuardiansInformed, Reporter, Sibling};
use crate::referrals::reference::Reference;
use crate::referrals::routing::Routing;
use crate::referrals::siblings::SiblingCopy;
use crate::referrals::{Kind, Origin, Referral, Status, Urgency, no_deadline};
use crate::services::Need;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine, ConfidentialProse};

/// The source of a referral: a partner agency, a contact in the field, a person who asks for themselves, or a private person.
///
/// @x-example-omit ["outreachContactId", "selfRequest", "private"]
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Source)]
pub struct ReferralSource {
    /// The partner agency that sent the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_id: Option<crate::id::PartnerId>,
    /// The contact in the field that staff made the referral from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outreach_contact_id: Option<crate::id::OutreachContactId>,
    /// `true` if a young person or a guardian asked for help themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_request: Option<bool>,
    /// The private person for whom staff took the referral down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<PrivateSource>,
    /// The person who reports or asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter: Option<Reporter>,
    /// The sender's own reference to the referral.
    /// @example "2026-117"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub sender_reference: Option<ConfidentialLine>,
}

/// A private person for whom a report was taken down.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateSource {
    /// Whether the private person stays unknown.
    pub anonymous: bool,
}

/// A referral with everything that the office knows of it.
///
/// @x-example-omit ["acuteDanger", "suspectedViolence", "protectiveFactors", "existingSupport", "considerBeforeContact", \
/// "consent", "requestedServiceIds", "willingToMeet", "assigneeId", "suggestedRouting", "protectionAssessment", \
/// "laterProtectionAssessments", "inquiryDecision", "earlierInquiryDecisions", "attempts", "extensions", "firstContactAt", "hold", \
/// "decline", "familyDeclineReason", "duplicateOf", "withdrawnBy", "outcome", "copyOf", "siblingCopies"]
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Referral)]
pub struct ReferralView {
    /// The referral's identifier, for programs.
    pub id: ReferralId,
    /// The referral's reference, for people.
    pub reference: Reference,
    /// The kind of the referral.
    pub kind: Kind,
    /// The referral's state at its office.
    pub status: Status,
    /// The time within which somebody must look at the referral.
    /// @example "soon"
    pub urgency: Urgency,
    /// The source that the referral came from.
    pub source: ReferralSource,
    /// The child or young person that the referral is about.
    pub child: Child,
    /// The child's guardians, at most two.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
    /// The child's brothers and sisters, at most 20.
    #[schema(max_items = 20)]
    pub siblings: Vec<Sibling>,
    /// The areas of need that the referral is about.
    /// @example ["school_absence"]
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// The cause of the concern, or the help that is asked for.
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Borta från skolan i tre veckor."
    #[serde(serialize_with = "vault::disclose")]
    pub description: ConfidentialProse,
    /// Whether the child is in acute danger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acute_danger: Option<bool>,
    /// Whether violence, sexual abuse or honour-related oppression is suspected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspected_violence: Option<bool>,
    /// The things that work well around the child.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub protective_factors: Option<ConfidentialProse>,
    /// The support that the child or the family already has.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub existing_support: Option<ConfidentialProse>,
    /// The things to consider before the family is contacted.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub consider_before_contact: Option<ConfidentialProse>,
    /// Whether the guardians know that the referral was sent.
    pub guardians_informed: GuardiansInformed,
    /// The consent, if the referral needed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// The services that were asked for, at most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub requested_service_ids: Option<Vec<crate::id::ServiceId>>,
    /// Whether the reporter wants to know if an inquiry is opened.
    pub feedback_requested: bool,
    /// Whether the reporter can take part in a meeting with the child and the guardians.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub willing_to_meet: Option<bool>,
    /// The office that the referral was routed to, and the steps that led there.
    pub routing: Routing,
    /// The office that has the referral now.
    pub office_id: OfficeId,
    /// The member of staff who works with the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<StaffId>,
    /// The deadlines of the referral, at most ten.
    #[schema(max_items = 10)]
    pub deadlines: Vec<DeadlineView>,
    /// The earliest deadline that is not met.
    /// @example "2026-12-05T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_at: Option<Timestamp>,
    /// The routing that follows from facts that were corrected after the referral was routed. The office decides whether to
    /// redirect the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_routing: Option<Routing>,
    /// The first assessment of whether the child needs protection at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protection_assessment: Option<ProtectionAssessment>,
    /// Later assessments of whether the child needs protection at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub later_protection_assessments: Vec<ProtectionAssessment>,
    /// The decision whether to open an inquiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inquiry_decision: Option<InquiryDecision>,
    /// Decisions that were made before the referral was reopened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub earlier_inquiry_decisions: Vec<InquiryDecision>,
    /// Feedback to the reporter on the decision; absent where the law gives the sender no right to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackView>,
    /// Attempts to reach the family, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub attempts: Vec<Attempt>,
    /// The extensions of the referral's deadlines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub extensions: Vec<Extension>,
    /// When the office first met the family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_contact_at: Option<Timestamp>,
    /// The reason why the referral waits, and the time until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<ReferralHold>,
    /// The reason why the office declined, and the place to turn to instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline: Option<ReferralDecline>,
    /// The reason why the family said no.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_decline_reason: Option<DeclineReason>,
    /// The referral that this one duplicates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<ReferralId>,
    /// The party that withdrew the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<Withdrawer>,
    /// The way in which support ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ReferralOutcome>,
    /// The report that this one was copied from for a sibling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<ReferralId>,
    /// The copies of this report that were made for siblings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub sibling_copies: Vec<SiblingCopy>,
    /// When the referral was received.
    pub received_at: Timestamp,
    /// When the referral was written down in this service.
    pub created_at: Timestamp,
    /// When the referral last changed.
    pub updated_at: Timestamp,
    /// A counter that each change raises by one.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// The address of this referral, and links to the actions that the caller may take now.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl ReferralSource {
    fn of(
        origin: Origin,
        anonymous: bool,
        reporter: Option<Reporter>,
        sender_reference: Option<ConfidentialLine>,
    ) -> Self {
        Self {
            partner_id: origin.partner(),
            outreach_contact_id: origin.contact(),
            self_request: (origin == Origin::SelfRequest).then_some(true),
            private: (origin == Origin::Private).then_some(PrivateSource { anonymous }),
            reporter,
            sender_reference,
        }
    }
}

impl ReferralView {
    /// Makes the view of a referral, with its deadlines judged at `now`.
    pub fn new(referral: Referral, now: Timestamp, links: Vec<Link>) -> Self {
        let next_due_at = due(&referral);
        let (status, feedback_requested) = (referral.status(), referral.feedback_is_requested());
        let (feedback, anonymous) = (FeedbackView::of(&referral), referral.is_anonymous());
        let created_at = referral.created_at();
        let course = referral.course;
        let mut assessments = course.assessments.into_iter();
        let known = StateDetails::of(course.state);
        let matter = referral.matter;
        let source = ReferralSource::of(referral.origin, anonymous, matter.reporter, matter.sender_reference);
        let shown = |deadline| DeadlineView::new(deadline, status, now);
        let deadlines = referral.deadlines.into_iter().map(shown).collect();
        Self {
            id: referral.id,
            reference: referral.reference,
            kind: referral.kind,
            status,
            urgency: referral.urgency,
            source,
            child: Child { person_id: referral.person_id, ..matter.child },
            guardians: matter.guardians,
            siblings: matter.siblings,
            needs: matter.needs,
            description: matter.description,
            acute_danger: matter.acute_danger,
            suspected_violence: matter.suspected_violence,
            protective_factors: matter.protective_factors,
            existing_support: matter.existing_support,
            consider_before_contact: matter.consider_before_contact,
            guardians_informed: matter.guardians_informed,
            consent: matter.consent,
            requested_service_ids: matter.requested_service_ids,
            feedback_requested,
            willing_to_meet: matter.willing_to_meet,
            routing: referral.routing,
            office_id: referral.office_id,
            assignee_id: referral.assignee_id,
            deadlines,
            next_due_at,
            suggested_routing: course.suggested,
            protection_assessment: assessments.next(),
            later_protection_assessments: assessments.collect(),
            inquiry_decision: known.decision,
            earlier_inquiry_decisions: course.earlier_decisions,
            feedback,
            attempts: course.attempts,
            extensions: course.extensions,
            first_contact_at: known.first_contact_at,
            hold: known.hold,
            decline: known.decline,
            family_decline_reason: known.family_decline_reason,
            duplicate_of: known.duplicate_of,
            withdrawn_by: known.withdrawn_by,
            outcome: known.outcome,
            copy_of: course.copy_of,
            sibling_copies: course.copies,
            received_at: referral.received_at,
            created_at,
            updated_at: referral.updated_at,
            version: referral.version,
            links,
        }
    }
}

/// The facts that only some states of a referral have.
#[derive(Default)]
struct StateDetails {
    decision: Option<InquiryDecision>,
    first_contact_at: Option<Timestamp>,
    hold: Option<ReferralHold>,
    decline: Option<ReferralDecline>,
    family_decline_reason: Option<DeclineReason>,
    duplicate_of: Option<ReferralId>,
    withdrawn_by: Option<Withdrawer>,
    outcome: Option<ReferralOutcome>,
}

impl StateDetails {
    fn of(state: ReferralState) -> Self {
        let nothing = Self::default();
        match state {
            ReferralState::Received | ReferralState::InformationRequested | ReferralState::Accepted => nothing,
            ReferralState::InProgress { first_contact_at } => {
                Self { first_contact_at: Some(first_contact_at), ..nothing }
            }
            ReferralState::OnHold { hold, first_contact_at } => Self { hold: Some(hold), first_contact_at, ..nothing },
            ReferralState::HandedOver { decision } | ReferralState::ClosedNoInquiry { decision } => {
                Self { decision: Some(decision), ..nothing }
            }
            ReferralState::Declined { decline } => Self { decline: Some(decline), ..nothing },
            ReferralState::Duplicate { of } => Self { duplicate_of: Some(of), ..nothing },
            ReferralState::Completed { outcome } => Self { outcome: Some(outcome), ..nothing },
            ReferralState::DeclinedByFamily { reason_code } => {
                Self { family_decline_reason: Some(reason_code), ..nothing }
            }
            ReferralState::Withdrawn { by } => Self { withdrawn_by: Some(by), ..nothing },
            ReferralState::NotReached | ReferralState::EnteredInError => nothing,
        }
    }
}

/// The earliest deadline that is not met.
pub(super) fn due(referral: &Referral) -> Option<Timestamp> {
    (referral.next_due_at < no_deadline()).then_some(referral.next_due_at)
}
