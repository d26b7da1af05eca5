//! Finds the office and the family of a follow-up, by the contact or referral that is followed up.

use crate::auth::CaseScope;
use crate::db::{DbConn, dialect};
use crate::error::{Error, Problem, Result};
use crate::families::membership::if_known;
use crate::id::{ServiceId, StaffId};
use crate::outreach::follow_ups::store::SealedFollowUp;
use crate::outreach::known::KnownParties;
use crate::outreach::names::NamedParties;
use crate::outreach::store as contact_store;
use crate::referrals::{Status, store as referral_store};
use crate::rules::Rules;

/// A follow-up whose office and family were found.
pub struct Placed {
    pub follow_up: SealedFollowUp,
    /// The service of the contact that is followed up.
    pub service_id: Option<ServiceId>,
}

/// Finds the contact or referral that is followed up, as far as the writer may know of it, and sets the office and family of the
/// follow-up.
pub fn place(
    conn: &mut DbConn,
    sight: &CaseScope,
    cases: &CaseScope,
    mut follow_up: SealedFollowUp,
    by: StaffId,
) -> Result<Placed> {
    let mut rules = Rules::default();
    let mut service_id = None;
    if let Some(id) = follow_up.contact_id {
        let contact = rules.known("/contactId", id.uuid(), if_known(contact_store::find(conn, sight, id))?);
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
        let found = if_known(referral_store::find(conn, cases, id))?;
        // A member of staff who made a referral to another office may read it, but promises nothing on that office's behalf.
        let own = found.filter(|referral| sight.offices.contains(&referral.office_id));
        if let Some(referral) = rules.known("/referralId", id.uuid(), own) {
            if referral.status == Status::EnteredInError {
                return Err(Error::new(Problem::EnteredInError));
            }
            follow_up.office_id = referral.office_id;
            follow_up.protected = referral.protected;
        }
    }
    rules.finish(Some(()))?;
    let owner = Some((follow_up.owner_id, follow_up.office_id)).filter(|(owner, _)| *owner != by);
    let names = NamedParties { family: follow_up.family_id, owner, ..NamedParties::default() };
    let known = KnownParties::load(conn, sight, &[&names])?;
    // The follow-up is the whole body here, and not a part of a contact: problems point into it directly.
    let found = known.judge(sight, &names).map_err(|error| error.from_part("/followUp"))?;
    follow_up.family_id = found.family;
    follow_up.protected |= found.protected;
    Ok(Placed { follow_up, service_id })
}
