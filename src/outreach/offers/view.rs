//! The views of offers of services: how answers show them to staff who may know of them.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::http::link::{Link, Linking};
use crate::id::{AnswerId, FamilyId, OfferId, OutreachContactId, ServiceId, StaffId};
use crate::outreach::codes::{OfferAnswer, OfferCloseReason};
use crate::outreach::offers::store::{AnswerRow, OfferStanding};
use crate::referrals::course::codes::DeclineReason;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse, Vault};

/// An offer of a service, with the answers to it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Offer)]
pub struct OfferView {
    /// The identifier of the offer.
    pub id: OfferId,
    /// The contact at which the offer was made.
    pub contact_id: OutreachContactId,
    /// The service that is offered.
    pub service_id: ServiceId,
    /// The family to which the service is offered, if it is known.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// The place in the contact's list, counted from 0, of the participant to whom the service is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 49, example = 0)]
    pub participant_index: Option<usize>,
    /// When the service was offered.
    ///
    /// @example "2026-11-20T15:40:00Z"
    pub offered_at: Timestamp,
    /// The member of staff who offered the service.
    pub offered_by: StaffId,
    /// A note on what was said about the offer.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vill gärna veta mer om tiderna."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// The answers to the offer, in the order in which they were given.
    #[schema(max_items = 1000)]
    pub answers: Vec<GivenAnswerView>,
    /// The answer that was given last, which counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_answer: Option<OfferAnswer>,
    /// The day on which to ask again, as stated with the answer that was given last.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2027-01-15")]
    pub ask_again_on: Option<NaiveDate>,
    /// Whether the last answer is a yes and the family had said no to the same service before, to any office. Without a known
    /// family, only answers to this offer count.
    ///
    /// @example false
    pub accepted_after_decline: bool,
    /// Whether the last answer is a yes and the family had said no to any service before, to any office. Without a known family,
    /// only answers to this offer count.
    ///
    /// @example false
    pub accepted_after_any_decline: bool,
    /// When the provider closed the offer.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// The reason why the provider closed the offer.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_reason: Option<OfferCloseReason>,
    /// When the offer last changed.
    pub updated_at: Timestamp,
    /// The number of the offer's current version, counted from 1.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// The addresses of the offer and of its contact, and links to the operations that you may use on the offer now.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

/// An answer to the offer of a service, and when it was written down.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfferAnswerGiven)]
pub struct GivenAnswerView {
    /// The identifier of the answer.
    pub id: AnswerId,
    /// The answer that the person or family gave when asked.
    pub answer: OfferAnswer,
    /// The reason why the person or family declined.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_reason: Option<DeclineReason>,
    /// When the answer was given.
    ///
    /// @example "2026-11-21T10:00:00Z"
    pub answered_at: Timestamp,
    /// The day on which to ask again, as stated with this answer.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2027-01-15")]
    pub ask_again_on: Option<NaiveDate>,
    /// When the answer was written down.
    pub recorded_at: Timestamp,
    /// The member of staff who wrote the answer down.
    pub recorded_by: StaffId,
}

impl From<AnswerRow> for GivenAnswerView {
    fn from(row: AnswerRow) -> Self {
        Self {
            id: row.id,
            answer: row.answer,
            decline_reason: row.decline_reason,
            answered_at: row.answered_at,
            ask_again_on: row.ask_again_on,
            recorded_at: row.recorded_at,
            recorded_by: row.recorded_by,
        }
    }
}

impl OfferView {
    /// Makes the view of an offer with its answers and links.
    pub fn new(standing: OfferStanding, vault: &Vault, addresses: &impl Linking) -> Result<Self> {
        let OfferStanding { offer, in_error, answers, after_decline } = standing;
        let offer = offer.open(vault)?;
        let path = format!("/offers/{}", offer.id);
        let contact = format!("/outreach-contacts/{}", offer.contact_id);
        let mut links = vec![addresses.link("self", "GET", &path), addresses.link("contact", "GET", &contact)];
        if offer.closed.is_none() && !in_error {
            links.push(addresses.link("answer", "POST", &format!("{path}/answers")));
            links.push(addresses.link("close", "POST", &format!("{path}/close")));
        }
        let last = answers.last();
        Ok(Self {
            id: offer.id,
            contact_id: offer.contact_id,
            service_id: offer.service_id,
            family_id: offer.family_id,
            participant_index: offer.words.participant_index,
            offered_at: offer.offered_at,
            offered_by: offer.offered_by,
            note: offer.words.note,
            current_answer: last.map(|row| row.answer),
            ask_again_on: last.and_then(|row| row.ask_again_on),
            answers: answers.into_iter().map(GivenAnswerView::from).collect(),
            accepted_after_decline: after_decline.same_service,
            accepted_after_any_decline: after_decline.any_service,
            closed_at: offer.closed.map(|(at, _)| at),
            close_reason: offer.closed.map(|(_, reason)| reason),
            updated_at: offer.updated_at,
            version: offer.version,
            links,
        })
    }

    /// Keeps only the links for reading. Offers of other offices, which staff can open by stating a reason, can only be read.
    pub fn read_only(mut self) -> Self {
        self.links.retain(Link::is_reading);
        self
    }
}
