//! The transaction that makes an offer at an outreach contact.

use crate::auth::CaseScope;
use crate::db::{DbConn, stale};
use crate::error::Result;
use crate::id::{OfferId, OfficeId, PersonId};
use crate::moment::Moment;
use crate::outreach::OutreachContact;
use crate::outreach::known::KnownParties;
use crate::outreach::names::NamedParties;
use crate::outreach::offers::Offer;
use crate::outreach::offers::store::{self, SealedOffer};
use crate::outreach::store as contact_store;
use crate::rules::Rules;
use crate::vault::Vault;

/// A new offer that is sealed and ready to be written, with the parties that it and its contact name.
pub struct OfferMaking {
    offer: SealedOffer,
    names: NamedParties,
    /// The registered person to whom the offer is made, if its recipient is a named participant.
    person: Option<PersonId>,
    /// The version that the contact had when the offer was judged.
    contact_version: i32,
    pub office: OfficeId,
    scope: CaseScope,
}

impl OfferMaking {
    /// Seals a new offer that is made at this contact. `scope` is what the caller may know of.
    pub fn new(
        offer: &Offer,
        contact: &OutreachContact,
        scope: CaseScope,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        let named_before = NamedParties::of(&contact.record.written, None);
        let names = NamedParties {
            family: offer.family_id,
            known_before: Some(Box::new(NamedParties { family: contact.family_id, ..named_before.clone() })),
            ..named_before
        };
        let participants = &contact.record.written.participants;
        let participant = offer.words.participant_index.and_then(|index| participants.get(index));
        Ok(Self {
            offer: SealedOffer::new(offer, vault, &moment.random)?,
            names,
            person: participant.and_then(|participant| participant.person_id),
            contact_version: contact.version,
            office: contact.office_id,
            scope,
        })
    }

    pub fn id(&self) -> OfferId {
        self.offer.id
    }

    /// Judges the named parties, finds the offer's family, and writes the offer. Fails as stale if the contact was changed
    /// meanwhile.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let (scope, contact) = (&self.scope, self.offer.contact_id);
        let known = KnownParties::load(conn, scope, &[&self.names])?;
        let found = known.judge(scope, &self.names).map_err(|error| error.within("/to"))?;
        let family_id = match self.person {
            Some(person) => known.family_of(person),
            None => self.offer.family_id.and(found.family),
        };
        // The contact may have been corrected meanwhile, or entered in error.
        if contact_store::hold(conn, scope, contact)?.version != self.contact_version {
            return Err(stale());
        }
        let mut rules = Rules::default();
        rules.has_room(store::count_at(conn, contact)?);
        rules.finish(Some(()))?;
        store::insert(conn, &SealedOffer { family_id, ..self.offer.clone() })
    }
}
