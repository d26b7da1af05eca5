//! Referrals as the office sees them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::link::Link;
use crate::id::{OfficeId, ReferralId, StaffId};
use crate::referrals::course::codes::DeclineReason;
use crate::referrals::course::view::{DeadlineView, FeedbackView};
use crate::referrals::course::{
    Attempt, Decline, Extension, Hold, InquiryDecision, Outcome, ProtectionAssessment, State, Withdrawer,
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

/// Where it comes from: a partner agency, a contact in the field, whoever asks for themselves, or a private person.
///
/// @x-example-omit ["outreachContactId", "selfRequest", "private"]
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The partner agency that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_id: Option<crate::id::PartnerId>,
    /// The contact in the field that staff made it of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outreach_contact_id: Option<crate::id::OutreachContactId>,
    /// That a young person or a guardian asked for it themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_request: Option<bool>,
    /// The private person for whom staff took it down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<PrivateSource>,
    /// Who reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter: Option<Reporter>,
    /// The sender's own reference.
    /// @example "2026-117"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub sender_reference: Option<ConfidentialLine>,
}

/// A private person for whom a report was taken down.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateSource {
    /// Whether they stay unknown.
    pub anonymous: bool,
}

/// A referral, whole.
///
/// @x-example-omit ["acuteDanger", "suspectedViolence", "protectiveFactors", "existingSupport", "considerBeforeContact", \
/// "consent", "requestedServiceIds", "willingToMeet", "assigneeId", "suggestedRouting", "protectionAssessment", \
/// "laterProtectionAssessments", "inquiryDecision", "earlierInquiryDecisions", "attempts", "extensions", "firstContactAt", "hold", \
/// "decline", "familyDeclineReason", "duplicateOf", "withdrawnBy", "outcome", "copyOf", "siblingCopies"]
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Referral)]
pub struct ReferralView {
    /// Identifies it to programs.
    pub id: ReferralId,
    /// Identifies it to people.
    pub reference: Reference,
    /// What kind of matter it is.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// How soon somebody must look at it.
    /// @example "soon"
    pub urgency: Urgency,
    /// Who sent it.
    pub source: Source,
    /// The child or young person.
    pub child: Child,
    /// The guardians.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
    /// Brothers and sisters.
    #[schema(max_items = 20)]
    pub siblings: Vec<Sibling>,
    /// What it is about.
    /// @example ["school_absence"]
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// What causes the concern, or what help is asked for.
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
    /// What works well around the child.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub protective_factors: Option<ConfidentialProse>,
    /// What support there is already.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub existing_support: Option<ConfidentialProse>,
    /// What to think of before contact is taken.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub consider_before_contact: Option<ConfidentialProse>,
    /// Whether the guardians know that this was sent.
    pub guardians_informed: GuardiansInformed,
    /// The consent, in a support request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Services that were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub requested_service_ids: Option<Vec<crate::id::ServiceId>>,
    /// Whether the reporter wants to know if an inquiry is opened.
    pub feedback_requested: bool,
    /// Whether the reporter can take part in a meeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub willing_to_meet: Option<bool>,
    /// How the office was found.
    pub routing: Routing,
    /// The office that has it now.
    pub office_id: OfficeId,
    /// Who works with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<StaffId>,
    /// What must be done by when.
    #[schema(max_items = 10)]
    pub deadlines: Vec<DeadlineView>,
    /// The next deadline that is not met.
    /// @example "2026-12-05T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_at: Option<Timestamp>,
    /// Where it would go by facts that were corrected since it was routed. Redirecting it is for the office to decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_routing: Option<Routing>,
    /// Whether the child needs protection at once: the first assessment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protection_assessment: Option<ProtectionAssessment>,
    /// Assessments that were added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub later_protection_assessments: Vec<ProtectionAssessment>,
    /// Whether an inquiry is opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inquiry_decision: Option<InquiryDecision>,
    /// Decisions of before it was reopened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub earlier_inquiry_decisions: Vec<InquiryDecision>,
    /// What the reporter is told of the decision; absent where the law gives the sender nothing to learn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackView>,
    /// Each time somebody tried to reach the family.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub attempts: Vec<Attempt>,
    /// Deadlines that were extended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub extensions: Vec<Extension>,
    /// When the family was first met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_contact_at: Option<Timestamp>,
    /// Why it waits, and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Why the office declined, and where to turn instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline: Option<Decline>,
    /// Why the family said no.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_decline_reason: Option<DeclineReason>,
    /// The referral that it is a duplicate of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<ReferralId>,
    /// Who took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<Withdrawer>,
    /// How support came to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The report that it was copied from for a sibling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<ReferralId>,
    /// The reports that siblings got.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub sibling_copies: Vec<SiblingCopy>,
    /// When it was received.
    pub received_at: Timestamp,
    /// When it was written down here.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// Its own address, and what this caller may do with it now.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl ReferralView {
    /// The whole referral, as it stands at `now`.
    pub fn new(referral: Referral, now: Timestamp, links: Vec<Link>) -> Self {
        let next_due_at = due(&referral);
        let (status, feedback_requested) = (referral.status(), referral.feedback_is_requested());
        let (feedback, anonymous) = (FeedbackView::of(&referral), referral.is_anonymous());
        let created_at = referral.created_at();
        let course = referral.course;
        let mut assessments = course.assessments.into_iter();
        let known = Known::of(course.state);
        let matter = referral.matter;
        Self {
            id: referral.id,
            reference: referral.reference,
            kind: referral.kind,
            status,
            urgency: referral.urgency,
            source: Source {
                partner_id: referral.origin.partner(),
                outreach_contact_id: referral.origin.contact(),
                self_request: (referral.origin == Origin::SelfRequest).then_some(true),
                private: (referral.origin == Origin::Private).then_some(PrivateSource { anonymous }),
                reporter: matter.reporter,
                sender_reference: matter.sender_reference,
            },
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
            deadlines: referral
                .deadlines
                .into_iter()
                .map(|deadline| DeadlineView::new(deadline, status, now))
                .collect(),
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

/// What its state knows.
#[derive(Default)]
struct Known {
    decision: Option<InquiryDecision>,
    first_contact_at: Option<Timestamp>,
    hold: Option<Hold>,
    decline: Option<Decline>,
    family_decline_reason: Option<DeclineReason>,
    duplicate_of: Option<ReferralId>,
    withdrawn_by: Option<Withdrawer>,
    outcome: Option<Outcome>,
}

impl Known {
    fn of(state: State) -> Self {
        let nothing = Self::default();
        match state {
            State::Received | State::InformationRequested | State::Accepted => nothing,
            State::InProgress { first_contact_at } => Self { first_contact_at: Some(first_contact_at), ..nothing },
            State::OnHold { hold, first_contact_at } => Self { hold: Some(hold), first_contact_at, ..nothing },
            State::HandedOver { decision } | State::ClosedNoInquiry { decision } => {
                Self { decision: Some(decision), ..nothing }
            }
            State::Declined { decline } => Self { decline: Some(decline), ..nothing },
            State::Duplicate { of } => Self { duplicate_of: Some(of), ..nothing },
            State::Completed { outcome } => Self { outcome: Some(outcome), ..nothing },
            State::DeclinedByFamily { reason_code } => Self { family_decline_reason: Some(reason_code), ..nothing },
            State::Withdrawn { by } => Self { withdrawn_by: Some(by), ..nothing },
            State::NotReached | State::EnteredInError => nothing,
        }
    }
}

/// The child in a list: enough to know a matter again, not enough to know who it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChildInList {
    /// The child's initials.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "AP")]
    pub initials: Option<String>,
    /// Birth year.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1900, maximum = 2200, example = 2013)]
    pub birth_year: Option<i32>,
}

/// A referral in a queue: no free text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralRow {
    /// Identifies it to programs.
    pub id: ReferralId,
    /// Identifies it to people.
    pub reference: Reference,
    /// What kind of matter it is.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// How soon somebody must look at it.
    /// @example "soon"
    pub urgency: Urgency,
    /// The child.
    pub child: ChildInList,
    /// The office that has it now.
    pub office_id: OfficeId,
    /// Who works with it.
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<StaffId>,
    /// When it was received.
    pub received_at: Timestamp,
    /// The next deadline that is not met.
    /// @example "2026-12-05T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_at: Option<Timestamp>,
    /// Whether that deadline has passed.
    /// @example false
    pub overdue: bool,
}

impl ReferralRow {
    /// The row of a referral, as it stands at `now`.
    pub fn new(referral: Referral, now: Timestamp) -> Self {
        let (child, status) = (&referral.matter.child, referral.status());
        Self {
            child: ChildInList { initials: child.initials(), birth_year: child.birth().year() },
            next_due_at: due(&referral),
            overdue: referral.is_overdue(now),
            id: referral.id,
            reference: referral.reference,
            kind: referral.kind,
            status,
            urgency: referral.urgency,
            office_id: referral.office_id,
            assignee_id: referral.assignee_id,
            received_at: referral.received_at,
        }
    }
}

fn due(referral: &Referral) -> Option<Timestamp> {
    (referral.next_due_at < no_deadline()).then_some(referral.next_due_at)
}
