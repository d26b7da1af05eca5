//! Offers of services that are made at outreach contacts, and the answers that were given each time somebody asked.
//!
//! - An offer is made at a contact, to its family or to one of its participants. Under a service that records no identity, an offer is
//!   made to somebody who is not named.
//! - Answers are only ever added; the answer that was given last counts. A no comes with its reason, and any answer except a yes
//!   may say when to ask again.
//! - A family that declines gives an answer. A provider that cannot give the service closes the offer, and a closed offer takes no
//!   answers.
//! - Whether a yes came after a no is worked out from all that a family was asked, both for the same service and for any service: see
//!   [`persistence`].

pub mod answers;
pub mod making;
pub mod persistence;
pub mod routes;
pub mod store;
mod view;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::id::{AnswerId, FamilyId, OfferId, OutreachContactId, ServiceId, StaffId};
use crate::moment::Moment;
use crate::outreach::codes::{OfferAnswer, OfferCloseReason};
use crate::outreach::{OutreachContact, Participant, check_tells_nobody};
use crate::referrals::course::codes::DeclineReason;
use crate::rules::{Rules, in_the_future};
use crate::time::{Timestamp, day};
use crate::vault::{self, ConfidentialProse};

/// A new offer of a service to somebody who was met.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOffer {
    /// The service that is offered.
    pub service_id: ServiceId,
    /// When the service was offered. If absent, this is now.
    ///
    /// @example "2026-11-20T15:40:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered_at: Option<Timestamp>,
    /// The recipient of the offer: a family, or a participant of the contact.
    pub to: Recipient,
    /// A note on what was said about the offer.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vill gärna veta mer om tiderna."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
}

/// The recipient of an offer: either a family, or a participant of the contact.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipient {
    /// The identifier of the family to which the service is offered.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// The place, in the contact's list of participants, of the participant to whom the service is offered, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 49, example = 0)]
    pub participant_index: Option<usize>,
}

/// A new answer to the offer of a service.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAnswer {
    /// The answer that the person or family gave when asked.
    pub answer: OfferAnswer,
    /// The reason for declining. It is required with `declined`, and not allowed with any other answer.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_reason: Option<DeclineReason>,
    /// When the answer was given. If absent, this is now.
    ///
    /// @example "2026-11-21T10:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// The day on which to ask again, after the day of the answer. It is not allowed with a yes.
    ///
    /// @x-example-omit true
    #[serde(default, deserialize_with = "day::optional", skip_serializing_if = "Option::is_none")]
    #[schema(example = "2027-01-15")]
    pub ask_again_on: Option<NaiveDate>,
}

/// The closing of an offer because the provider cannot give the service.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferClosing {
    /// The reason why the provider cannot give the service.
    pub reason: OfferCloseReason,
}

/// An offer of a service in memory, with its text readable. In the database the text is sealed (encrypted): see
/// [`store::SealedOffer`].
#[derive(Debug, Clone)]
pub struct Offer {
    pub id: OfferId,
    /// The contact at which the offer was made.
    pub contact_id: OutreachContactId,
    pub service_id: ServiceId,
    /// The family to which the service is offered, if it is known.
    pub family_id: Option<FamilyId>,
    /// The part of the offer that the database holds sealed.
    pub words: OfferText,
    pub offered_at: Timestamp,
    pub offered_by: StaffId,
    /// When the provider closed the offer, and the reason for it; `None` while the offer is open.
    pub closed: Option<(Timestamp, OfferCloseReason)>,
    pub updated_at: Timestamp,
    pub version: i32,
}

/// The part of an offer that the database holds sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferText {
    /// The place, in the contact's list of participants, of the participant to whom the service is offered, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participant_index: Option<usize>,
    /// A note on what was said about the offer.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
}

/// An answer to an offer, as it is stored.
#[derive(Debug, Clone)]
pub struct GivenAnswer {
    pub id: AnswerId,
    pub offer_id: OfferId,
    pub answer: OfferAnswer,
    pub decline_reason: Option<DeclineReason>,
    pub answered_at: Timestamp,
    pub ask_again_on: Option<NaiveDate>,
    /// When the answer was written down.
    pub recorded_at: Timestamp,
    pub recorded_by: StaffId,
}

impl Offer {
    /// Checks a new offer and makes it, at this contact. Its family may change when the offer is written to the database.
    pub fn new(
        new: NewOffer,
        contact: &OutreachContact,
        by: StaffId,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        contact.check_counts()?;
        let offered_at = new.offered_at.unwrap_or(moment.now);
        let mut rules = Rules::default();
        let service = rules.named("/serviceId", directory.service(new.service_id));
        let ended = Text::new("is no longer given", "ges inte längre");
        rules.require(service.is_none_or(crate::services::Service::is_active), "/serviceId", ended);
        rules.require(offered_at <= moment.now, "/offeredAt", in_the_future());
        let early = Text::new("must not be before the contact", "får inte ligga före kontakten");
        rules.require(offered_at >= contact.record.written.occurred_at, "/offeredAt", early);
        let to_one = new.to.family_id.is_some() != new.to.participant_index.is_some();
        let one = Text::new(
            "must have exactly one of familyId and participantIndex",
            "måste ha exakt ett av familyId och participantIndex",
        );
        rules.require(to_one, "/to", one);
        let participants = &contact.record.written.participants;
        let participant =
            new.to.participant_index.and_then(|index| rules.named("/to/participantIndex", participants.get(index)));
        let exempt = service.is_some_and(|service| service.identity_exempt)
            || contact.record.written.is_identity_exempt(directory);
        if exempt {
            let named = || Text::new("names somebody", "anger vem någon är");
            let problem = Problem::IdentityNotRecorded;
            rules.require_or(problem, new.to.family_id.is_none(), "/to/familyId", named());
            let is_named = participant.is_some_and(|participant| participant.person_id.is_some());
            rules.require_or(problem, !is_named, "/to/participantIndex", named());
            check_tells_nobody("/note", new.note.as_ref(), &mut rules);
        }
        rules.finish(Some(Self {
            id: moment.id(),
            contact_id: contact.id,
            service_id: new.service_id,
            family_id: new.to.family_id,
            words: OfferText { participant_index: new.to.participant_index, note: new.note },
            offered_at,
            offered_by: by,
            closed: None,
            updated_at: moment.now,
            version: 1,
        }))
    }

    /// Checks a new answer to the offer and makes it. `before` is the number of answers that the offer already has. Fails if the
    /// offer is closed.
    pub fn answered(
        &self,
        new: &NewAnswer,
        before: usize,
        by: StaffId,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<GivenAnswer> {
        self.check_open()?;
        let answered_at = new.answered_at.unwrap_or(moment.now);
        let mut rules = Rules::default();
        rules.require(answered_at <= moment.now, "/answeredAt", in_the_future());
        rules.has_room(before);
        let early = Text::new("must not be before the offer", "får inte ligga före erbjudandet");
        rules.require(answered_at >= self.offered_at, "/answeredAt", early);
        let (declined, reasoned) = (new.answer == OfferAnswer::Declined, new.decline_reason.is_some());
        let (en, sv) = match declined {
            true => ("is required with `declined`", "krävs med `declined`"),
            false => ("is allowed only with `declined`", "hör bara till `declined`"),
        };
        rules.require(declined == reasoned, "/declineReason", Text::new(en, sv));
        let settled = Text::new("is not allowed with `accepted`", "går inte ihop med `accepted`");
        rules.require(new.ask_again_on.is_none() || new.answer != OfferAnswer::Accepted, "/askAgainOn", settled);
        let day = directory.calendar.local_date(answered_at.utc());
        let ahead = Text::new("must be after the answer", "måste ligga efter svaret");
        rules.require(new.ask_again_on.is_none_or(|again| again > day), "/askAgainOn", ahead);
        rules.finish(Some(GivenAnswer {
            id: moment.id(),
            offer_id: self.id,
            answer: new.answer,
            decline_reason: new.decline_reason,
            answered_at,
            ask_again_on: new.ask_again_on,
            recorded_at: moment.now,
            recorded_by: by,
        }))
    }

    /// Whether the offer keeps its recipient when the participants of its contact are corrected from `before` to `after`. An
    /// unnamed recipient may be described better, if the list keeps its length.
    pub fn keeps_its_recipient(&self, before: &[Participant], after: &[Participant]) -> bool {
        self.words.participant_index.is_none_or(|index| {
            let (was, is) = (before.get(index), after.get(index));
            let person = |participant: Option<&Participant>| participant.map(|participant| participant.person_id);
            was == is || (before.len() == after.len() && person(was) == person(is))
        })
    }

    /// Fails if the offer is closed: a closed offer takes no answers, and is not closed again.
    pub fn check_open(&self) -> Result<()> {
        if self.closed.is_some() { Err(Error::new(Problem::OfferClosed)) } else { Ok(()) }
    }
}
