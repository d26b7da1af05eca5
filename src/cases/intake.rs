//! The intake of a referral: the one transaction by which a referral comes in, from a partner agency, from staff, from a contact in the
//! field, as a sibling's copy, from the demo, or about a person who was registered after it.
//!
//! - The person and the sender's category that the referral was judged by are held. If they have changed, the intake fails as stale.
//! - The office that receives a referral has a reason to know of the person.
//! - The person's family was reached by the referral.
//!
//! Nobody else adds a referral: the test `architecture` holds that.

use crate::auth::{CaseScope, Category};
use crate::db::{DbConn, stale};
use crate::error::Result;
use crate::families;
use crate::families::membership::if_known;
use crate::id::{OutreachContactId, PartnerId, PersonId, ReferralId, ServiceId};
use crate::outreach::store as contact_store;
use crate::referrals::person::of_person;
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::sending::sender_category;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::{Referral, Status};
use crate::rules::Rules;
use crate::time::Random;
use crate::vault::Vault;

/// A referral that comes in, sealed.
#[derive(Clone)]
pub struct ReferralIntake {
    pub id: ReferralId,
    referral: SealedReferral,
    requested: Vec<ServiceId>,
    /// The person that the referral was judged to be about.
    whom: ConcernedPerson,
    /// The agency that sends the referral, with the category that the referral was judged by.
    sender: Option<(PartnerId, Category)>,
    /// The contact that staff named as the source.
    source: Option<NamedSource>,
    /// Whether the child is said to be protected by those who make the referral.
    pub says_protected: bool,
}

/// A contact that was named as the source of a referral, and the contacts that the caller may know of.
#[derive(Clone)]
struct NamedSource {
    contact: Option<OutreachContactId>,
    scope: CaseScope,
}

impl ReferralIntake {
    /// Seals a referral about `whom`.
    pub fn new(referral: &Referral, whom: ConcernedPerson, vault: &Vault, random: &Random) -> Result<Self> {
        Ok(Self {
            id: referral.id,
            referral: SealedReferral::new(referral, vault, random)?,
            requested: referral.matter.requested_service_ids.clone().unwrap_or_default(),
            whom,
            sender: referral.origin.partner().zip(referral.sender_category),
            source: None,
            says_protected: referral.matter.child.is_said_to_be_protected(),
        })
    }

    /// Seals a sibling's copy. It is about nobody who is registered, and its sender was judged with the first report.
    pub fn of_copy(copy: &Referral, vault: &Vault, random: &Random) -> Result<Self> {
        let intake = Self::new(copy, ConcernedPerson::nobody(), vault, random)?;
        Ok(Self { requested: Vec::new(), sender: None, ..intake })
    }

    /// The same referral, taken down by staff who may name a contact as its source. If they say that the child is protected, the source
    /// is protected too.
    pub fn taken_down(self, contact: Option<OutreachContactId>, scope: CaseScope) -> Self {
        Self { source: Some(NamedSource { contact, scope }), ..self }
    }

    /// Stores the referral with everything that follows from it.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let referral = &self.referral;
        self.whom.hold(conn)?;
        if let Some((sender, category)) = self.sender
            && sender_category::hold(conn, sender)? != category
        {
            return Err(stale());
        }
        if let Some(source) = &self.source {
            source.check(conn)?;
        }
        if let Some(person) = referral.person_id {
            meet(conn, person, referral)?;
        }
        store::insert(conn, referral, &self.requested)?;
        of_person::arrived(conn, referral)?;
        // The contact is about the same child, so it is protected too. It is left alone if the maker does not know of the protection,
        // since its disappearance would reveal the protection.
        if self.source.is_some() && self.says_protected {
            contact_store::protect_source(conn, referral.id)?;
        }
        Ok(())
    }
}

impl NamedSource {
    /// Checks that the contact exists, as far as the caller may know.
    fn check(&self, conn: &mut DbConn) -> Result<()> {
        let mut rules = Rules::default();
        if let Some(id) = self.contact {
            let found = if_known(contact_store::find(conn, &self.scope, id))?.filter(|contact| !contact.in_error);
            rules.known("/source/outreachContactId", id.uuid(), found);
        }
        rules.finish(Some(()))
    }
}

/// Takes in a referral that came before its child was registered: its next version is about `person`, as if it came now.
pub fn adopt(conn: &mut DbConn, person: PersonId, next: &SealedReferral) -> Result<()> {
    store::update(conn, next)?;
    // A referral entered in error is no reason for the office to know the person.
    if next.status != Status::EnteredInError {
        meet(conn, person, next)?;
    }
    of_person::arrived(conn, next)
}

/// Gives the office of a referral a reason to know of the person.
fn meet(conn: &mut DbConn, person: PersonId, referral: &SealedReferral) -> Result<()> {
    families::store::meet_person(conn, person, referral.office_id, referral.protected)
}
