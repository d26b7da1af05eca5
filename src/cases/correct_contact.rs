//! The transaction that corrects an outreach contact, or enters it in error. The offers and follow-ups of the contact move with
//! it to another family, and it is determined again how the named families were first reached. Whoever is no longer named is no
//! longer known to the contact's office because of the contact.

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::error::{Result, Text};
use crate::families::{self, links, reached};
use crate::id::{FamilyId, OfferId, PersonId, ResourceId};
use crate::moment::Moment;
use crate::outreach::follow_ups::store as follow_up_store;
use crate::outreach::known::KnownParties;
use crate::outreach::names::{JudgedParties, NamedParties};
use crate::outreach::offers::{Offer, store as offer_store};
use crate::outreach::store::{self, SealedContact, SealedVersion};
use crate::outreach::{OutreachContact, Participant};
use crate::people;
use crate::rules::Rules;
use crate::vault::Vault;

fn names(contact: &OutreachContact) -> NamedParties {
    NamedParties::of(&contact.record.written, None)
}

/// A correction of an outreach contact, or its entering in error, sealed (encrypted) and ready to be written: the next version
/// and the one before it.
pub struct ContactCorrection {
    sight: CaseScope,
    next: SealedContact,
    before: SealedVersion,
    names: NamedParties,
    /// The participants of the contact before the change, and after it.
    participants: [Vec<Participant>; 2],
    vault: Vault,
}

impl ContactCorrection {
    /// Makes the change of an outreach contact from `before` to `after`, and seals both versions. `sight` covers the people,
    /// families and contacts that the caller may know of.
    pub fn new(
        before: &OutreachContact,
        after: &OutreachContact,
        sight: CaseScope,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        Ok(Self {
            sight,
            next: SealedContact::new(after, vault, &moment.random)?,
            before: SealedVersion::new(before, vault, moment)?,
            names: NamedParties { known_before: Some(Box::new(names(before))), ..names(after) },
            participants: [before, after].map(|contact| contact.record.written.participants.clone()),
            vault: vault.clone(),
        })
    }

    /// Writes the next version and keeps the one before it. Determines again how the families were first reached that the
    /// contact names or named before. Fails if somebody is named of whom the caller may not know and who was not named before.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let names_before = self.names.known_before.as_deref().cloned().unwrap_or_default();
        let names_before = NamedParties { known_before: Some(Box::new(names_before.clone())), ..names_before };
        let known = KnownParties::load(conn, &self.sight, &[&self.names, &names_before])?;
        let (found, found_before) = (known.judge(&self.sight, &self.names)?, known.judge(&self.sight, &names_before)?);
        let people = |names: &NamedParties| names.people.iter().map(|(_, person)| *person).collect::<Vec<PersonId>>();
        let (named, named_before) = (people(&self.names), people(&names_before));
        let is_about_the_same = named == named_before && self.names.family == names_before.family;
        // If a person became protected or a family was merged since the contact was read, that holds for the next version as
        // well.
        let current = store::hold(conn, &self.sight, self.next.id)?;
        // The contact stays linked to its family, even if the people have moved to another family since.
        let family = if is_about_the_same { current.family_id } else { found.family };
        let protected = current.protected || found.protected || found_before.protected;
        let next = SealedContact { family_id: family, protected, ..self.next.clone() }.hidden_as_needed();
        store::supersede(conn, &next, &self.before)?;
        if named != named_before {
            store::replace_people(conn, next.id, &named)?;
        }
        // If somebody of another family is added, the contact is linked to no single family, but an offer to the first family
        // still belongs to that family.
        let theirs = family.or(current.family_id.filter(|before| found.families.contains(before)));
        self.take_along(conn, current.family_id, theirs)?;
        if next.in_error {
            links::forget(conn, ResourceId::from_uuid(next.id.uuid()))?;
        } else if !is_about_the_same {
            relink(conn, &next, [&named_before, &named], &found)?;
        }
        let mut affected: Vec<FamilyId> = [found.reached, found_before.reached].concat();
        affected.extend(current.family_id.into_iter().chain(family));
        reached::recompute(conn, &affected)
    }

    /// Moves the offers and follow-ups of the contact that belong to the family `from` to the family `to`. An offer to one
    /// participant stays with the participant. Fails if a participant to whom something was offered is missing or has another
    /// place in the list.
    fn take_along(&self, conn: &mut DbConn, from: Option<FamilyId>, to: Option<FamilyId>) -> Result<()> {
        let ([were, are], id) = (&self.participants, self.next.id);
        if were == are && from == to {
            return Ok(());
        }
        let offers = offer_store::made_at(conn, id)?.into_iter().map(|offer| offer.open(&self.vault));
        let offers = offers.collect::<Result<Vec<_>>>()?;
        let mut rules = Rules::default();
        let gone = Text::new(
            "must keep those to whom something was offered in their places",
            "måste ha kvar dem som har erbjudits något på deras platser",
        );
        rules.require(offers.iter().all(|offer| offer.keeps_its_recipient(were, are)), "/participants", gone);
        rules.finish(Some(()))?;
        if from != to {
            let is_of_family = |offer: &&Offer| offer.words.participant_index.is_none() && offer.family_id == from;
            let theirs: Vec<OfferId> = offers.iter().filter(is_of_family).map(|offer| offer.id).collect();
            offer_store::give_to(conn, &theirs, to)?;
            follow_up_store::give_to(conn, id, from, to)?;
        }
        Ok(())
    }
}

/// Updates the people and families that the office of the contact `next` knows of because of it. `before` are the people whom the
/// contact named before the change, and `now` those whom it names from now on.
fn relink(
    conn: &mut DbConn,
    next: &SealedContact,
    [before, now]: [&[PersonId]; 2],
    found: &JudgedParties,
) -> Result<()> {
    let source = ResourceId::from_uuid(next.id.uuid());
    let gone: Vec<PersonId> = before.iter().copied().filter(|person| !now.contains(person)).collect();
    links::forget_people(conn, source, &gone)?;
    let come = now.iter().filter(|person| !before.contains(person));
    let met = come.map(|person| (*person, next.office_id, next.protected, source));
    people::store::note_met(conn, &met.collect::<Vec<_>>())?;
    links::keep_families(conn, source, &found.families)?;
    let met = found.opened.iter().map(|family| (*family, next.office_id, next.protected, source));
    families::store::note_met(conn, &met.collect::<Vec<_>>())
}
