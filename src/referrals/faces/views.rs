//! Referrals in the form in which the office and other staff see them.

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

/// The source of a referral: a partner agency, an outreach contact, a young person or a guardian who asks for help, or a
/// private person.
///
/// @x-example-omit ["outreachContactId", "selfRequest", "private"]
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Source)]
pub struct ReferralSource {
    /// The identifier of the partner agency that sent the referral. Absent if no agency sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_id: Option<crate::id::PartnerId>,
    /// The identifier of the outreach contact that staff made the referral from. Absent if it was not made from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outreach_contact_id: Option<crate::id::OutreachContactId>,
    /// `true` if a young person or a guardian asked for help themselves. Absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_request: Option<bool>,
    /// The private person who reported the concern, and for whom staff took the referral down. Absent if there is no such
    /// person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<PrivateSource>,
    /// The person who reports the concern or asks for help. Absent if nobody is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter: Option<Reporter>,
    /// The partner agency's own reference for the referral, if the agency gave one.
    /// @example "2026-117"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub sender_reference: Option<ConfidentialLine>,
}

/// A private person for whom staff took a concern report down.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateSource {
    /// Whether the private person stays unknown: no name was taken down.
    pub anonymous: bool,
}

/// A referral with everything that the office knows of it, as staff see it.
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
    /// The referral's reference: a short code by which people name the referral.
    pub reference: Reference,
    /// The kind of the referral: a concern report, a support request, a self-request or an internal referral.
    pub kind: Kind,
    /// The referral's state at its office.
    pub status: Status,
    /// The urgency of the referral: how soon somebody must look at it.
    /// @example "soon"
    pub urgency: Urgency,
    /// The source of the referral: a partner agency, an outreach contact, a young person or a guardian, or a private person.
    pub source: ReferralSource,
    /// The child or young person that the referral is about.
    pub child: Child,
    /// The child's guardians, at most two.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
    /// The child's brothers and sisters, at most 20.
    #[schema(max_items = 20)]
    pub siblings: Vec<Sibling>,
    /// The areas of need that the referral is about, such as absence from school.
    /// @example ["school_absence"]
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// The cause of the concern, or the help that is asked for, in the sender's words.
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Borta från skolan i tre veckor."
    #[serde(serialize_with = "vault::disclose")]
    pub description: ConfidentialProse,
    /// Whether the child is in acute danger, as the sender judges it. Absent if the sender did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acute_danger: Option<bool>,
    /// Whether violence, sexual abuse or honour-related oppression is suspected. Absent if the sender did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspected_violence: Option<bool>,
    /// The things that work well around the child, in the sender's words.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub protective_factors: Option<ConfidentialProse>,
    /// The support that the child or the family already has, in the sender's words.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub existing_support: Option<ConfidentialProse>,
    /// The things that the office should consider before it contacts the family, in the sender's words.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub consider_before_contact: Option<ConfidentialProse>,
    /// Whether the guardians know of the referral, and the reason if they do not.
    pub guardians_informed: GuardiansInformed,
    /// The consent on which the referral rests. Absent if the referral needed none; a concern report never has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// The identifiers of the services that the referral asks for, at most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub requested_service_ids: Option<Vec<crate::id::ServiceId>>,
    /// Whether the reporter has asked to be told if an inquiry is opened, in the report or later.
    pub feedback_requested: bool,
    /// Whether the reporter can take part in a meeting with the child and the guardians. Absent if the sender did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub willing_to_meet: Option<bool>,
    /// The office that was found responsible when the referral was last routed, and the steps that led to it. Staff may have
    /// redirected the referral since then.
    pub routing: Routing,
    /// The identifier of the office that has the referral now.
    pub office_id: OfficeId,
    /// The identifier of the member of staff who works with the referral. Absent if it is assigned to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<StaffId>,
    /// All deadlines of the referral, running, met or ended with it, at most ten.
    #[schema(max_items = 10)]
    pub deadlines: Vec<DeadlineView>,
    /// The due time of the earliest running deadline: one that is not met, and that did not end with the referral. Absent if
    /// none runs.
    /// @example "2026-12-05T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_at: Option<Timestamp>,
    /// The routing to another office that follows from facts which were corrected after the referral was routed. The office
    /// decides whether to redirect the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_routing: Option<Routing>,
    /// The first assessment of whether the child needs protection at once. Absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protection_assessment: Option<ProtectionAssessment>,
    /// All later assessments of whether the child needs protection at once, in the order in which they were recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub later_protection_assessments: Vec<ProtectionAssessment>,
    /// The decision on the concern report: whether to open an inquiry. Absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inquiry_decision: Option<InquiryDecision>,
    /// The decisions on an inquiry that were made before the referral was reopened, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub earlier_inquiry_decisions: Vec<InquiryDecision>,
    /// The feedback that tells a mandatory reporter the decision on its report. Absent for all other referrals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackView>,
    /// The attempts by the office to reach the family, in the order in which they were logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub attempts: Vec<Attempt>,
    /// The extensions of the referral's deadlines, in the order in which they were made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub extensions: Vec<Extension>,
    /// When the office first met the family. Present only while the referral is in progress, or on hold since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_contact_at: Option<Timestamp>,
    /// The reason why the referral is on hold, and the last day for its review. Absent in other states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<ReferralHold>,
    /// The reason why the office declined the request, and the place to turn to instead. Absent if it did not decline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline: Option<ReferralDecline>,
    /// The reason why the family declined the support, as a code. Absent if it did not decline.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_decline_reason: Option<DeclineReason>,
    /// The identifier of the referral that this one is a duplicate of. Absent if it was not marked as a duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<ReferralId>,
    /// The party that withdrew the request: its sender, or a person who withdrew the consent to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<Withdrawer>,
    /// The end of the support: the way in which it ended, and when that was recorded. Absent if the referral was not completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ReferralOutcome>,
    /// The identifier of the concern report that this one was copied from for a sibling. Absent if it is no copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<ReferralId>,
    /// The copies of this concern report that were made for siblings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub sibling_copies: Vec<SiblingCopy>,
    /// When the referral was received. A copy for a sibling has the time of the report that it was copied from.
    pub received_at: Timestamp,
    /// When the referral was stored in this service. For a copy for a sibling, the time when the copy was made.
    pub created_at: Timestamp,
    /// When the referral's last version was written.
    pub updated_at: Timestamp,
    /// The referral's version number: 1 at first, and one more with each change.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// Links to this referral and its parts, and to the actions that the caller may take on it now.
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
    /// Makes the view of a referral with these links. `now` decides which deadlines are overdue.
    pub fn new(referral: Referral, now: Timestamp, links: Vec<Link>) -> Self {
        let (next_due_at, created_at, person_id) = (due(&referral), referral.created_at(), referral.told_person_id());
        let (status, feedback_requested) = (referral.status(), referral.feedback_is_requested());
        let (feedback, anonymous) = (FeedbackView::of(&referral), referral.is_anonymous());
        let (course, matter) = (referral.course, referral.matter);
        let mut assessments = course.assessments.into_iter();
        let known = StateDetails::of(course.state);
        let source = ReferralSource::of(referral.origin, anonymous, matter.reporter, matter.sender_reference);
        let deadlines = DeadlineView::all(referral.deadlines, status, now);
        Self {
            id: referral.id,
            reference: referral.reference,
            kind: referral.kind,
            status,
            urgency: referral.urgency,
            source,
            child: Child { person_id, ..matter.child },
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

/// The facts of a referral that exist only in some of its states.
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

/// Returns the due time of the referral's earliest running deadline, or `None` if none runs.
pub(super) fn due(referral: &Referral) -> Option<Timestamp> {
    (referral.next_due_at < no_deadline()).then_some(referral.next_due_at)
}
