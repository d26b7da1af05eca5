//! Where a follow-up belongs: what it follows says so.

use crate::auth::Sight;
use crate::db::{DbConn, dialect};
use crate::error::{Error, Problem, Result};
use crate::families::membership::if_known;
use crate::id::{ServiceId, StaffId};
use crate::outreach::follow_ups::store::SealedFollowUp;
use crate::outreach::known::Known;
use crate::outreach::names::Names;
use crate::outreach::store as contact_store;
use crate::referrals::{Status, store as referral_store};
use crate::rules::Rules;

/// A follow-up that has its place.
pub struct Placed {
    /// The follow-up, with its office and its family.
    pub follow_up: SealedFollowUp,
    /// The service that the contact belongs to which it follows.
    pub service_id: Option<ServiceId>,
}

/// Finds what a follow-up follows, as far as its writer may know, and puts it there.
pub fn place(
    conn: &mut DbConn,
    sight: &Sight,
    cases: &Sight,
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
        // It goes along when the referral goes to another office.
        dialect::hold_referral(conn, id)?;
        let found = if_known(referral_store::find(conn, cases, id))?;
        // Who made a referral that is another office's reads it, and promises nothing on that office's behalf.
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
    let names = Names { family: follow_up.family_id, owner, ..Names::default() };
    let known = Known::load(conn, sight, &[&names])?;
    // It stands by itself, and not in a contact.
    let found = known.judge(sight, &names).map_err(|error| error.from_part("/followUp"))?;
    follow_up.family_id = found.family;
    follow_up.protected |= found.protected;
    Ok(Placed { follow_up, service_id })
}
