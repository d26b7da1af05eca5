//! The intake of a referral: the one transaction by which a referral is stored for the first time, whether it comes from a
//! partner agency, from staff, from an outreach contact, as a copy for a sibling or from the demo. A referral that came before
//! its child was registered is linked to the person here too.
//!
//! - The registered person and the sender's category, by which the referral was judged, are locked. If one of them has changed
//!   since, the intake fails as stale.
//! - The intake notes that the office which receives the referral has met the person, so its staff may know of the person.
//! - The intake notes that the referral reached the person's family.
//!
//! No other code inserts a referral: the test `architecture` checks that.

use crate::auth::{CaseScope, Category};
use crate::db::{DbConn, stale};
use crate::error::Result;
use crate::families;
use crate::families::membership::if_known;
use crate::id::{OutreachContactId, PartnerId, PersonId, ReferralId, ResourceId, ServiceId};
use crate::outreach::store as contact_store;
use crate::referrals::person::of_person;
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::sending::sender_category;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::{Referral, Status};
use crate::rules::Rules;
use crate::time::Random;
use crate::vault::Vault;

/// A new referral that is to be stored, sealed (encrypted), with the facts by which it was judged.
#[derive(Clone)]
pub struct ReferralIntake {
    pub id: ReferralId,
    referral: SealedReferral,
    requested: Vec<ServiceId>,
    /// The result of looking up the registered person that the referral is about.
    whom: ConcernedPerson,
    /// The partner agency that sends the referral, with the category by which the referral was judged. `None` if no agency
    /// sends it.
    sender: Option<(PartnerId, Category)>,
    /// The outreach contact that staff named as the source. `None` if the referral was not taken down by staff.
    source: Option<NamedSource>,
    /// Whether those who make the referral state that the child's identity is protected.
    pub says_protected: bool,
}

/// The outreach contact that staff named as the source of a referral, if they named one, and the scope of the contacts that
/// they may know of.
#[derive(Clone)]
struct NamedSource {
    contact: Option<OutreachContactId>,
    scope: CaseScope,
}

impl ReferralIntake {
    /// Makes the intake of a new referral, and seals the referral. `whom` is the result of looking up the registered person
    /// that it is about.
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

    /// Makes the intake of a copy of a concern report for a sibling, and seals the copy. It is linked to no registered person.
    /// Its sender is not checked again, since the sender was checked with the first report.
    pub fn of_copy(copy: &Referral, vault: &Vault, random: &Random) -> Result<Self> {
        let intake = Self::new(copy, ConcernedPerson::nobody(), vault, random)?;
        Ok(Self { requested: Vec::new(), sender: None, ..intake })
    }

    /// Sets that staff took the referral down, with the outreach contact that they named as its source, if any; `scope` must
    /// cover the contact. If they state that the child's identity is protected, the contact becomes protected too.
    pub fn taken_down(self, contact: Option<OutreachContactId>, scope: CaseScope) -> Self {
        Self { source: Some(NamedSource { contact, scope }), ..self }
    }

    /// Stores the referral with everything that follows from it. Fails as stale if the person or the sender's category has
    /// changed since the referral was judged.
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
        // The contact is about the same child, so it becomes protected too. It stays visible if the maker has not said that the
        // child is protected, since its disappearance would reveal the protection.
        if self.source.is_some() && self.says_protected {
            contact_store::protect_source(conn, referral.id)?;
        }
        Ok(())
    }
}

impl NamedSource {
    /// Checks that the named contact exists, is covered by the scope and was not entered in error. Passes if no contact was
    /// named.
    fn check(&self, conn: &mut DbConn) -> Result<()> {
        let mut rules = Rules::default();
        if let Some(id) = self.contact {
            let found = if_known(contact_store::find(conn, &self.scope, id))?.filter(|contact| !contact.in_error);
            rules.known("/source/outreachContactId", id.uuid(), found);
        }
        rules.finish(Some(()))
    }
}

/// Stores the next version of a referral that came before its child was registered, now linked to `person`: the office has met
/// the person, and the referral reached the person's family, as if it came now.
pub fn adopt(conn: &mut DbConn, person: PersonId, next: &SealedReferral) -> Result<()> {
    store::update(conn, next)?;
    // A referral that was entered in error is no reason for its office to know of the person.
    if next.status != Status::EnteredInError {
        meet(conn, person, next)?;
    }
    of_person::arrived(conn, next)
}

/// Notes that the office which has the referral has met the person, so that its staff may know of the person.
fn meet(conn: &mut DbConn, person: PersonId, referral: &SealedReferral) -> Result<()> {
    let source = ResourceId::from_uuid(referral.id.uuid());
    families::store::meet_person(conn, person, referral.office_id, referral.protected, source)
}
