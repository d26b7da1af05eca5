//! The transaction that makes a follow-up by a call of its own. Its office and family follow from the contact or referral that is
//! followed up.

use std::sync::Arc;

use crate::auth::{CaseScope, FollowUpWriter};
use crate::context::Context;
use crate::db::{DbConn, dialect};
use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::families::membership::if_known;
use crate::id::ServiceId;
use crate::outreach::check_tells_nobody;
use crate::outreach::follow_ups::FollowUp;
use crate::outreach::follow_ups::store::{self, SealedFollowUp};
use crate::outreach::known::KnownParties;
use crate::outreach::names::NamedParties;
use crate::outreach::store as contact_store;
use crate::referrals::Status;
use crate::referrals::store as referral_store;
use crate::rules::Rules;
use crate::vault::ConfidentialProse;

/// A new follow-up that is sealed and ready to be written.
pub struct FollowUpMaking {
    follow_up: SealedFollowUp,
    note: Option<ConfidentialProse>,
    /// The contacts and families that the writer may know of.
    scope: CaseScope,
    /// The referrals that the writer may know of.
    cases: CaseScope,
    directory: Arc<Directory>,
}

/// A new follow-up after its office and family were found.
struct PlacedFollowUp {
    follow_up: SealedFollowUp,
    /// The service of the contact that is followed up.
    service_id: Option<ServiceId>,
}

impl FollowUpMaking {
    /// Seals a new follow-up, and notes what the caller may know of.
    pub fn new(follow_up: &FollowUp, ctx: &Context<FollowUpWriter>) -> Result<Self> {
        Ok(Self {
            follow_up: SealedFollowUp::new(follow_up, &ctx.vault, &ctx.call.moment.random)?,
            note: follow_up.words.note.clone(),
            scope: ctx.changeable(),
            cases: ctx.caller.cases.own_sight(&ctx.directory),
            directory: Arc::clone(&ctx.directory),
        })
    }

    /// Finds the office and family of the follow-up, and writes it. Returns it as it is stored.
    pub fn write(&self, conn: &mut DbConn) -> Result<SealedFollowUp> {
        let PlacedFollowUp { follow_up, service_id } = self.place(conn)?;
        if service_id.and_then(|id| self.directory.service(id)).is_some_and(|service| service.identity_exempt) {
            let mut rules = Rules::default();
            let named = Text::new("names somebody", "anger vem någon är");
            let is_named = follow_up.family_id.is_some();
            rules.require_or(Problem::IdentityNotRecorded, !is_named, "/familyId", named);
            check_tells_nobody("/note", self.note.as_ref(), &mut rules);
            rules.finish(Some(()))?;
        }
        store::insert(conn, std::slice::from_ref(&follow_up))?;
        Ok(follow_up)
    }

    /// Finds the contact or referral that is followed up, as far as the writer may know of it, and sets the office and family of the
    /// follow-up.
    fn place(&self, conn: &mut DbConn) -> Result<PlacedFollowUp> {
        let (scope, mut follow_up) = (&self.scope, self.follow_up.clone());
        let mut rules = Rules::default();
        let mut service_id = None;
        if let Some(id) = follow_up.contact_id {
            let contact = rules.known("/contactId", id.uuid(), if_known(contact_store::find(conn, scope, id))?);
            if let Some(contact) = contact {
                if contact.in_error {
                    return Err(Error::new(Problem::EnteredInError));
                }
                follow_up.office_id = contact.office_id;
                follow_up.family_id = follow_up.family_id.or(contact.family_id);
                follow_up.protected = contact.protected;
                service_id = contact.service_id;
            }
        }
        if let Some(id) = follow_up.referral_id {
            // The referral is held, since the follow-up goes along when the referral goes to another office.
            dialect::hold_referral(conn, id)?;
            let found = if_known(referral_store::find(conn, &self.cases, id))?;
            // A member of staff who made a referral to another office may read it, but promises nothing on that office's behalf.
            let own = found.filter(|referral| scope.offices.contains(&referral.office_id));
            if let Some(referral) = rules.known("/referralId", id.uuid(), own) {
                if referral.status == Status::EnteredInError {
                    return Err(Error::new(Problem::EnteredInError));
                }
                follow_up.office_id = referral.office_id;
                follow_up.protected = referral.protected;
            }
        }
        rules.finish(Some(()))?;
        let owner = (follow_up.owner_id, follow_up.office_id);
        let owner = Some(owner).filter(|(owner, _)| *owner != follow_up.created_by);
        let names = NamedParties { family: follow_up.family_id, owner, ..NamedParties::default() };
        let known = KnownParties::load(conn, scope, &[&names])?;
        // The follow-up is the whole body here, and not a part of a contact: problems point into it directly.
        let found = known.judge(scope, &names).map_err(|error| error.from_part("/followUp"))?;
        follow_up.family_id = found.family;
        follow_up.protected |= found.protected;
        Ok(PlacedFollowUp { follow_up, service_id })
    }
}
