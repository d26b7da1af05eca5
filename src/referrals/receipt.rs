//! What the sender of a referral sees. Every answer to a partner agency is made here and nowhere else.
//!
//! It follows from what the sender is and from what has been disclosed, never from what the office knows: so its ETag is a hash
//! of it, and nothing in it moves when something undisclosed happens.

use serde::Serialize;
use utoipa::ToSchema;

use crate::calendar::DeadlineKind;
use crate::directory::Directory;
use crate::error::Text;
use crate::http::call::Link;
use crate::id::ReferralId;
use crate::referrals::codes::DisclosedStatus;
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Referral, Urgency, disclosure};
use crate::text::Localized;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine};

/// A referral as its sender may know it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Receipt)]
pub struct Receipt {
    /// Identifies it to programs.
    pub id: ReferralId,
    /// Identifies it to people.
    pub reference: Reference,
    /// The sender's own reference.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    #[schema(example = "2026-117")]
    pub sender_reference: Option<ConfidentialLine>,
    /// What kind of matter it is.
    pub kind: Kind,
    /// Where it stands, as far as the sender may know.
    pub status: DisclosedStatus,
    /// When it was received.
    pub received_at: Timestamp,
    /// The office that received it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<ReceivingOffice>,
    /// What happens next.
    pub next_step: Localized,
    /// The deadlines that concern the sender.
    #[schema(max_items = 5)]
    pub deadlines: Vec<DisclosedDeadline>,
    /// Whether a mandatory reporter asked to know if an inquiry is opened (SoL 19 kap. 6 §).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    /// This receipt's own address.
    #[serde(rename = "_links")]
    #[schema(max_items = 20)]
    pub links: Vec<Link>,
}

/// An office, as far as a sender needs it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceivingOffice {
    /// What it is called.
    pub name: Localized,
    /// Its telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "+46 13 20 61 88")]
    pub phone: Option<String>,
}

/// A deadline that the sender may know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DisclosedDeadline {
    /// Of what.
    pub kind: DeadlineKind,
    /// By when.
    pub due_at: Timestamp,
    /// The legal reference that it rests on.
    #[schema(max_length = 100, example = "sol-20-2")]
    pub legal_basis_id: String,
}

/// Feedback to a mandatory reporter.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Feedback {
    /// Whether it was asked for.
    pub requested: bool,
}

impl Receipt {
    /// What a sender of this category may know of the referral.
    pub fn disclosed(referral: &Referral, directory: &Directory, link: Link) -> Self {
        let learns_the_decision = disclosure::learns_the_decision(referral);
        let deadline_concerns_sender =
            |kind: DeadlineKind| learns_the_decision && kind == DeadlineKind::InquiryDecision;
        let office = directory.office(referral.disclosed_office_id);
        Self {
            id: referral.id,
            reference: referral.reference.clone(),
            sender_reference: referral.matter.sender_reference.clone(),
            kind: referral.kind,
            status: disclosure::status(referral),
            received_at: referral.received_at,
            office: office.map(|office| ReceivingOffice {
                name: office.name.clone(),
                phone: office.phone.as_ref().map(ToString::to_string),
            }),
            next_step: next_step(referral).into(),
            deadlines: referral
                .deadlines
                .iter()
                .filter(|deadline| deadline_concerns_sender(deadline.kind))
                .map(|deadline| DisclosedDeadline {
                    kind: deadline.kind,
                    due_at: deadline.due_at.into(),
                    legal_basis_id: deadline.legal_basis_id.clone(),
                })
                .collect(),
            feedback: learns_the_decision
                .then(|| Feedback { requested: referral.matter.feedback_requested.unwrap_or(false) }),
            links: vec![link],
        }
    }
}

fn next_step(referral: &Referral) -> Text {
    // The office may see it otherwise; the sender is told what follows from its own words.
    match (referral.kind, referral.matter.urgency) {
        (Kind::ConcernReport, Urgency::Immediate) => Text::new(
            "The office assesses at once whether the child needs protection now. If it is acute, do not wait: call the office, the on-call line or 112.",
            "Kontoret bedömer genast om barnet behöver skydd nu. Vänta inte om det är akut: ring kontoret, socialjouren eller 112.",
        ),
        (Kind::ConcernReport, _) => Text::new(
            "The office assesses at once whether the child needs protection now, and then decides whether to open an inquiry.",
            "Kontoret bedömer genast om barnet behöver skydd nu, och beslutar sedan om en utredning ska inledas.",
        ),
        _ => Text::new(
            "The office reads the request and answers whether it can help.",
            "Kontoret läser förfrågan och svarar om det kan hjälpa.",
        ),
    }
}
