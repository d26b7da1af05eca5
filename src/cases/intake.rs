//! The intake of a referral: the one transaction by which a referral is stored for the first time, whether it comes from a
//! partner agency, from staff, from an outreach contact, as a copy for a sibling or from the demo. A referral that came before
//! its child was registered is linked to the person here too.
//!
//! - The registered person whom the child's identity number leads to is looked up here, in the transaction. The referral is sealed
//!   before in each form that it may get, so that all bodies with a number take one road, whoever has it: the same statements, of
//!   the same kind, and one lookup. Neither the answer nor its time tells whether the number is registered.
//! - The sender's category, by which the referral was judged, is locked. If it has changed since, the intake fails as stale.
//! - The intake notes that the office which receives the referral has met the person, so its staff may know of the person, unless
//!   only staff who may not know of the person wrote the number.
//! - The intake notes that the referral reached the person's family.
//! - The audit records that staff had a number compared with the register. That a referral of theirs is hidden is an action of its
//!   own, by which somebody is found who tries one number after the other. An agency is told nothing by which it could try numbers.
//!
//! No other code inserts a referral: the test `architecture` checks that.

use crate::audit::{self, AuditedCall, Entry, actions};
use crate::auth::{CaseScope, Category};
use crate::db::{DbConn, stale};
use crate::directory::Directory;
use crate::error::Result;
use crate::families;
use crate::families::membership::if_known;
use crate::id::{OfficeId, OutreachContactId, PartnerId, PersonId, ReferralId, ResourceId, ServiceId};
use crate::outreach::store as contact_store;
use crate::people::ProtectedIdentity;
use crate::referrals::own_words::SealedOwnWords;
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::person::{PersonLink, of_person};
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
    forms: SealedForms,
    requested: Vec<ServiceId>,
    /// The lookup of the registered person that the referral is about.
    whom: ConcernedPerson,
    /// The partner agency that sends the referral, with the category by which the referral was judged. `None` if no agency
    /// sends it.
    sender: Option<(PartnerId, Category)>,
    /// The outreach contact that staff named as the source. `None` if the referral was not taken down by staff.
    source: Option<NamedSource>,
    /// The words of the member of staff who makes the referral. `None` if an agency sends it.
    own_words: Option<SealedOwnWords>,
    /// The audit entries about the child's identity number. `None` if an agency sends the referral.
    entries: Option<NumberEntries>,
    /// Whether those who make the referral state that the child's identity is protected.
    pub says_protected: bool,
}

/// A new referral in each form that it may get, sealed: which one it gets depends on the protection of the person in the register.
#[derive(Clone)]
struct SealedForms {
    /// The form by its maker's words alone.
    plain: SealedReferral,
    /// The forms about somebody whom the register knows to be marked, or to have a protected registration. `None` if there is no
    /// person to look up.
    hidden: Option<Box<[SealedReferral; 2]>>,
}

/// The audit entries about the comparison of an identity number with the register of people. One of the two is recorded.
#[derive(Clone)]
pub struct NumberEntries {
    compared: Entry,
    hidden: Entry,
}

/// The outreach contact that staff named as the source of a referral, if they named one, and the scope of the contacts that
/// they may know of.
#[derive(Clone)]
struct NamedSource {
    contact: Option<OutreachContactId>,
    scope: CaseScope,
}

impl NumberEntries {
    /// Makes the entries about the referral `id`, of a call on behalf of an office. `leads_nowhere` says that its records must not
    /// lead back to the call.
    pub fn new(call: &AuditedCall, id: ReferralId, office: Option<OfficeId>, leads_nowhere: bool) -> Self {
        let entry = |action| {
            let entry = call.entry(action, vec![id.uuid()]).on_behalf_of(office);
            if leads_nowhere { entry.leading_nowhere(&call.moment.random) } else { entry }
        };
        Self { compared: entry(actions::REFERRAL_NUMBER_COMPARED), hidden: entry(actions::REFERRAL_HIDDEN) }
    }

    /// Records that the referral was hidden, or else that a number was compared, if there was one.
    pub fn record(&self, conn: &mut DbConn, is_hidden: bool, has_number: bool) -> Result<()> {
        match (is_hidden, has_number) {
            (true, _) => audit::record(conn, &self.hidden),
            (false, true) => audit::record(conn, &self.compared),
            (false, false) => Ok(()),
        }
    }
}

impl SealedForms {
    fn new(
        referral: &Referral,
        whom: &ConcernedPerson,
        directory: &Directory,
        vault: &Vault,
        random: &Random,
    ) -> Result<Self> {
        let seal = |referral: &Referral| SealedReferral::new(referral, vault, random);
        let about = |protection| seal(&referral.taken_in_about(protection, directory)?);
        let hidden = match whom.may_be_anybody() {
            true => {
                let forms = [about(ProtectedIdentity::Marked)?, about(ProtectedIdentity::ProtectedRegistration)?];
                Some(Box::new(forms))
            }
            false => None,
        };
        Ok(Self { plain: seal(referral)?, hidden })
    }

    /// Returns the form of the referral that is linked like this.
    fn linked(&self, link: &PersonLink) -> SealedReferral {
        let form = match (self.hidden.as_deref(), link.protection()) {
            (None, _) | (_, ProtectedIdentity::None) => &self.plain,
            (Some([marked, _]), ProtectedIdentity::Marked) => marked,
            (Some([_, registered]), ProtectedIdentity::ProtectedRegistration) => registered,
        };
        SealedReferral { person_id: link.id(), linked_silently: link.is_silent, ..form.clone() }
    }
}

impl ReferralIntake {
    /// Makes the intake of a new referral, and seals the referral, which must be as its maker's words say it. `whom` is the lookup
    /// of the registered person that it is about.
    pub fn new(
        referral: &Referral,
        whom: ConcernedPerson,
        directory: &Directory,
        vault: &Vault,
        random: &Random,
    ) -> Result<Self> {
        Ok(Self {
            id: referral.id,
            forms: SealedForms::new(referral, &whom, directory, vault, random)?,
            requested: referral.matter.requested_service_ids.clone().unwrap_or_default(),
            whom,
            sender: referral.origin.partner().zip(referral.sender_category),
            source: None,
            own_words: None,
            entries: None,
            says_protected: referral.matter.child.is_said_to_be_protected(),
        })
    }

    /// Makes the intake of a copy of a concern report for a sibling, and seals the copy. It is linked to no registered person.
    /// Its sender is not checked again, since the sender was checked with the first report.
    pub fn of_copy(copy: &Referral, directory: &Directory, vault: &Vault, random: &Random) -> Result<Self> {
        let intake = Self::new(copy, ConcernedPerson::nobody(), directory, vault, random)?;
        Ok(Self { requested: Vec::new(), sender: None, ..intake })
    }

    /// Sets that staff took the referral down, with the outreach contact that they named as its source, if any; `scope` must
    /// cover the contact. If they state that the child's identity is protected, the contact becomes protected too.
    pub fn taken_down(self, contact: Option<OutreachContactId>, scope: CaseScope) -> Self {
        Self { source: Some(NamedSource { contact, scope }), ..self }
    }

    /// Sets the words that the member of staff who makes the referral reads for a day.
    pub fn in_own_words(self, own_words: SealedOwnWords) -> Self {
        Self { own_words: Some(own_words), ..self }
    }

    /// Sets the audit entries about the comparison of the child's identity number with the register of people.
    pub fn recorded_by(self, entries: NumberEntries) -> Self {
        Self { entries: Some(entries), ..self }
    }

    /// Stores the referral with everything that follows from it. Fails as stale if the sender's category has changed since the
    /// referral was judged, or if its maker would be told of another person.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let link = self.whom.hold(conn)?;
        let referral = &self.forms.linked(&link);
        if let Some((sender, category)) = self.sender
            && sender_category::hold(conn, sender)? != category
        {
            return Err(stale());
        }
        if let Some(source) = &self.source {
            source.check(conn)?;
        }
        store::insert(conn, referral, &self.requested)?;
        if self.whom.has_number() || link.person.is_some() {
            of_person::linked(conn, referral, &link)?;
        }
        if let Some(own_words) = &self.own_words {
            own_words.write(conn)?;
        }
        // The contact is about the same child, so it becomes protected too. It stays visible if the maker has not said that the
        // child is protected, since its disappearance would reveal the protection.
        if self.source.is_some() && self.says_protected {
            contact_store::protect_source(conn, referral.id)?;
        }
        match &self.entries {
            Some(entries) => entries.record(conn, referral.protected, self.whom.has_number()),
            None => Ok(()),
        }
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
