//! The JSON form of an event in the answer with a timeline.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;
use crate::id::{
    FamilyEventId, FamilyId, FollowUpId, OfferId, OfficeId, OutreachContactId, PersonId, ReferralId, ServiceId,
};
use crate::outreach::codes::{Channel, ContactOutcome, OfferAnswer};
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Status};
use crate::time::Timestamp;
use crate::timeline::{Happening, HappeningDetail, TimelineKind};
use crate::vault::{self, Confidential, ConfidentialProse, Vault};

/// An event that happened to a person or a family. The fields that are present follow from the kind of the event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEvent {
    /// The identifier of what the event is about: the person, the family, the referral, the contact, the offer, the answer or the
    /// follow-up, or the entry in the history of families.
    #[schema(value_type = FamilyEventId)]
    pub id: Uuid,
    /// The kind of the event, which tells what happened.
    ///
    /// @example "referral_received"
    pub kind: TimelineKind,
    /// When the event happened. For a follow-up, it is when the follow-up was planned.
    pub at: Timestamp,
    /// The person who was registered, who changed families, or whom the referral is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// The family that was registered.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// The family that a person left, or that was merged into another one. Absent also if you may not know of it.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_family_id: Option<FamilyId>,
    /// The family that was joined, or that another family was merged into. Absent also if you may not know of it.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_family_id: Option<FamilyId>,
    /// The reason why somebody moved, or why two families were merged.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Bor numera hos sin pappa."
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub reason: Option<ConfidentialProse>,
    /// The referral that was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// The short reference that people use for the referral, for instance on the telephone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The kind of referral, such as a concern report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_kind: Option<Kind>,
    /// The status that the referral has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_status: Option<Status>,
    /// The office that has the referral now, that made the contact, or that has promised the follow-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeId>,
    /// The outreach contact that took place, at which the service was offered, or that is followed up.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<OutreachContactId>,
    /// The channel of the contact: the place where staff met somebody, or the means by which they spoke.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The outcome of the contact, such as whether somebody was reached.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ContactOutcome>,
    /// The offer that was made or answered.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_id: Option<OfferId>,
    /// The service that was offered.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<ServiceId>,
    /// The answer to the offer.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<OfferAnswer>,
    /// The follow-up that was planned, if the event is one.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up_id: Option<FollowUpId>,
    /// The day by which staff have promised to get back.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-12-04")]
    pub due_on: Option<NaiveDate>,
    /// When the follow-up was completed. Absent if it is still to be done.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

impl TimelineEvent {
    /// Makes the view of an event. A family that the person left or joined is shown only if it is one of `known`, the families
    /// that the reader may know of. Opens the sealed reason of a move or a merge.
    pub fn new(happening: Happening, known: &[FamilyId], vault: &Vault) -> Result<Self> {
        let Happening { at, id, what } = happening;
        let bare = |kind: TimelineKind| Self::bare(id, kind, at);
        Ok(match what {
            HappeningDetail::Person(person) => Self { person_id: Some(person), ..bare(TimelineKind::Registered) },
            HappeningDetail::Family(family) => Self { family_id: Some(family), ..bare(TimelineKind::Registered) },
            HappeningDetail::Change { merged, person, from, to, reason } => {
                let open = |sealed| vault.open_json(vault::FAMILY_EVENT_REASON, id, &sealed).map(Confidential::new);
                let reason = reason.map(open).transpose()?;
                let kind = if merged { TimelineKind::Merged } else { TimelineKind::Moved };
                let if_known = |family: Option<FamilyId>| family.filter(|family| known.contains(family));
                Self {
                    person_id: person,
                    from_family_id: if_known(from),
                    to_family_id: if_known(to),
                    reason,
                    ..bare(kind)
                }
            }
            HappeningDetail::Referral { id, reference, kind, status, office, person } => Self {
                person_id: person,
                referral_id: Some(id),
                reference: Some(reference),
                referral_kind: Some(kind),
                referral_status: Some(status),
                office_id: Some(office),
                ..bare(TimelineKind::ReferralReceived)
            },
            HappeningDetail::Contact { id, office, channel, outcome } => Self {
                contact_id: Some(id),
                office_id: Some(office),
                channel: Some(channel),
                outcome: Some(outcome),
                ..bare(TimelineKind::OutreachContact)
            },
            HappeningDetail::Offer { id, contact, service } => Self {
                offer_id: Some(id),
                contact_id: Some(contact),
                service_id: Some(service),
                ..bare(TimelineKind::OfferMade)
            },
            HappeningDetail::Answer { answer, offer, contact, service } => Self {
                answer: Some(answer),
                offer_id: Some(offer),
                contact_id: Some(contact),
                service_id: Some(service),
                ..bare(TimelineKind::OfferAnswered)
            },
            HappeningDetail::FollowUp { id, contact, due_on, done_at, office } => Self {
                follow_up_id: Some(id),
                contact_id: contact,
                due_on: Some(due_on),
                done_at,
                office_id: Some(office),
                ..bare(TimelineKind::FollowUpPlanned)
            },
        })
    }

    fn bare(id: Uuid, kind: TimelineKind, at: Timestamp) -> Self {
        Self {
            id,
            kind,
            at,
            person_id: None,
            family_id: None,
            from_family_id: None,
            to_family_id: None,
            reason: None,
            referral_id: None,
            reference: None,
            referral_kind: None,
            referral_status: None,
            office_id: None,
            contact_id: None,
            channel: None,
            outcome: None,
            offer_id: None,
            service_id: None,
            answer: None,
            follow_up_id: None,
            due_on: None,
            done_at: None,
        }
    }
}
