//! Offers of services, and what was answered each time somebody asked.
//!
//! - An offer is made at a contact, to its family or to one of its participants. Under a service that records no identity it is made
//!   to somebody who is not named.
//! - Answers are only ever added; the last by its time counts. A no comes with its reason, and whatever is no yes may say when to ask
//!   again.
//! - That the family declined is one thing, that the provider cannot give it is another: the provider closes the offer, and a closed
//!   offer takes no answers.
//! - Whether a yes came after a no is worked out over all that a family was asked, for the same service and over all: see
//!   [`persistence`].

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

/// An offer as it is made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOffer {
    /// What is offered.
    pub service_id: ServiceId,
    /// When it was offered; now, unless said.
    ///
    /// @example "2026-11-20T15:40:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered_at: Option<Timestamp>,
    /// To whom it is offered.
    pub to: Recipient,
    /// What was said of it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vill gärna veta mer om tiderna."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
}

/// To whom something is offered: either a family, or somebody who was there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipient {
    /// The family.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// The place of the participant in the contact's list, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 49, example = 0)]
    pub participant_index: Option<usize>,
}

/// An answer as it is given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAnswer {
    /// What they answered.
    pub answer: OfferAnswer,
    /// Why they declined: needed with a no, and with nothing else.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_reason: Option<DeclineReason>,
    /// When they answered; now, unless said.
    ///
    /// @example "2026-11-21T10:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When to ask again. Not after a yes.
    ///
    /// @x-example-omit true
    #[serde(default, deserialize_with = "day::optional", skip_serializing_if = "Option::is_none")]
    #[schema(example = "2027-01-15")]
    pub ask_again_on: Option<NaiveDate>,
}

/// Why the provider cannot give what was offered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferClosing {
    /// Why it cannot be given.
    pub reason: OfferCloseReason,
}

/// An offer. The database has it sealed: see [`store::SealedOffer`].
#[derive(Debug, Clone)]
pub struct Offer {
    /// Identifies it.
    pub id: OfferId,
    /// The contact at which it was made.
    pub contact_id: OutreachContactId,
    /// What is offered.
    pub service_id: ServiceId,
    /// The family to which, if it is known.
    pub family_id: Option<FamilyId>,
    /// What is sealed of it.
    pub words: Words,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// Who offered it.
    pub offered_by: StaffId,
    /// When the provider closed it, and why.
    pub closed: Option<(Timestamp, OfferCloseReason)>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i32,
}

/// What is written of an offer, as it is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Words {
    /// The place of the participant in the contact's list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participant_index: Option<usize>,
    /// What was said of it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
}

/// An answer, as it is kept.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Identifies it.
    pub id: AnswerId,
    /// The offer that it answers.
    pub offer_id: OfferId,
    /// What they answered.
    pub answer: OfferAnswer,
    /// Why they declined.
    pub decline_reason: Option<DeclineReason>,
    /// When.
    pub answered_at: Timestamp,
    /// When to ask again.
    pub ask_again_on: Option<NaiveDate>,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// By whom.
    pub recorded_by: StaffId,
}

impl Offer {
    /// An offer that is made at a contact. Its family is found where it is written.
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
        let ended = Text::new("is not given any more", "ges inte längre");
        rules.require(service.is_none_or(crate::services::Service::is_active), "/serviceId", ended);
        rules.require(offered_at <= moment.now, "/offeredAt", in_the_future());
        let early = Text::new("must not lie before the contact", "får inte ligga före kontakten");
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
            words: Words { participant_index: new.to.participant_index, note: new.note },
            offered_at,
            offered_by: by,
            closed: None,
            updated_at: moment.now,
            version: 1,
        }))
    }

    /// Another answer to it, which has so many already.
    pub fn answered(
        &self,
        new: &NewAnswer,
        before: usize,
        by: StaffId,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Answer> {
        self.check_open()?;
        let answered_at = new.answered_at.unwrap_or(moment.now);
        let mut rules = Rules::default();
        rules.require(answered_at <= moment.now, "/answeredAt", in_the_future());
        rules.has_room(before);
        let early = Text::new("must not lie before the offer", "får inte ligga före erbjudandet");
        rules.require(answered_at >= self.offered_at, "/answeredAt", early);
        let (declined, reasoned) = (new.answer == OfferAnswer::Declined, new.decline_reason.is_some());
        let (en, sv) = match declined {
            true => ("is required with `declined`", "krävs med `declined`"),
            false => ("goes with `declined` alone", "hör bara till `declined`"),
        };
        rules.require(declined == reasoned, "/declineReason", Text::new(en, sv));
        let settled = Text::new("does not go with `accepted`", "går inte ihop med `accepted`");
        rules.require(new.ask_again_on.is_none() || new.answer != OfferAnswer::Accepted, "/askAgainOn", settled);
        let day = directory.calendar.local_date(answered_at.utc());
        let ahead = Text::new("must lie behind the answer", "måste ligga efter svaret");
        rules.require(new.ask_again_on.is_none_or(|again| again > day), "/askAgainOn", ahead);
        rules.finish(Some(Answer {
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

    /// Whether it is still made to the same one when the participants of its contact are corrected. In a list as long as before, somebody
    /// who is not named may be described better.
    pub fn keeps_its_recipient(&self, before: &[Participant], after: &[Participant]) -> bool {
        self.words.participant_index.is_none_or(|index| {
            let (was, is) = (before.get(index), after.get(index));
            let person = |participant: Option<&Participant>| participant.map(|participant| participant.person_id);
            was == is || (before.len() == after.len() && person(was) == person(is))
        })
    }

    /// A closed offer takes no answers, and is not closed again.
    pub fn check_open(&self) -> Result<()> {
        if self.closed.is_some() { Err(Error::new(Problem::OfferClosed)) } else { Ok(()) }
    }
}
