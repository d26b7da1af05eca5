//! The transaction that corrects a referral. After the correction it may be about another person, or its child's identity may
//! be protected: then it disappears for staff who are not cleared, together with the contact, the follow-ups and the sibling
//! reports that tell as much.

use std::sync::Arc;

use crate::audit::{self, AuditedCall, actions};
use crate::auth::{CaseCorrector, CaseScope};
use crate::context::Context;
use crate::db::DbConn;
use crate::directory::Directory;
use crate::error::Result;
use crate::families::membership::{ActingStaff, if_known};
use crate::families::{self, links};
use crate::id::{OfficeId, PersonId, ReferralId, ResourceId};
use crate::outreach::store as contact_store;
use crate::referrals::course::act::Transition;
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::Action;
use crate::referrals::person::of_person;
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::siblings::hiding;
use crate::referrals::{Referral, store};
use crate::vault::Vault;

/// A correction of a referral, sealed (encrypted) and ready to be written.
pub struct ReferralCorrecting {
    id: ReferralId,
    /// The office that had the referral before the correction.
    pub office: OfficeId,
    whom: ConcernedPerson,
    transition: Transition,
    effects: CorrectionEffects,
    /// Whether the referral becomes protected by the correction, so that it disappears for staff who are not cleared.
    hides: bool,
    /// The member of staff who corrects the referral, if the sibling reports that were copied with it must be hidden too.
    /// Otherwise `None`.
    hider: Option<ActingStaff>,
    call: AuditedCall,
    scope: CaseScope,
    directory: Arc<Directory>,
    vault: Vault,
}

impl ReferralCorrecting {
    /// Makes the correction of a referral from `before` to `after`, and seals it. `whom` is the result of looking up the
    /// registered person that `after` is about.
    pub fn new(
        before: &Referral,
        after: &Referral,
        whom: ConcernedPerson,
        ctx: &Context<CaseCorrector>,
    ) -> Result<Self> {
        let (vault, moment, call) = (&ctx.vault, &ctx.call.moment, ctx.audited());
        let transition =
            Transition::new(Action::Correct, (before, after), call.actor, &StepNote::default(), vault, moment)?;
        let hider = after.hides_anew(before).then(|| ActingStaff::new(ctx.staff(), &ctx.directory, &ctx.call));
        Ok(Self {
            id: before.id,
            office: before.office_id,
            whom,
            transition,
            effects: CorrectionEffects::of(before, after),
            hides: after.protected && !before.protected,
            hider,
            call,
            scope: ctx.changeable(),
            directory: ctx.directory.clone(),
            vault: vault.clone(),
        })
    }

    /// Writes the correction with everything that follows from it. Fails as stale if the referral or the person has changed
    /// since they were read.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        self.whom.hold(conn)?;
        self.transition.write(conn)?;
        self.effects.write(conn)?;
        let rerouted = self.call.entry(actions::REFERRAL_REROUTED, vec![self.id.uuid()]).on_behalf_of(self.office);
        if let Some(by) = &self.hider {
            hiding::hide_copied(conn, &[self.id], &self.directory, &self.vault, by)?;
        }
        if self.hides {
            contact_store::protect_source(conn, self.id)?;
            audit::record(conn, &rerouted)?;
        }
        Ok(())
    }

    /// Whether the caller may still know of the referral, once the correction is written.
    pub fn is_in_sight(&self, conn: &mut DbConn) -> Result<bool> {
        Ok(if_known(store::find(conn, &self.scope, self.id))?.is_some())
    }
}

/// The consequences of a correction for people: offices have met another person, or nobody, or a family was first reached in
/// another way.
struct CorrectionEffects {
    /// The referral, as the reason for which offices know of people.
    source: ResourceId,
    is_anothers: bool,
    met: Option<PersonId>,
    office: OfficeId,
    protected: bool,
    /// The people whose family may have been first reached in another way, so that this is determined again.
    touched: Vec<PersonId>,
}

impl CorrectionEffects {
    fn of(before: &Referral, after: &Referral) -> Self {
        let is_anothers = before.person_id != after.person_id;
        let is_touched = is_anothers || before.protected != after.protected;
        let touched = [before.person_id.filter(|_| is_anothers), after.person_id.filter(|_| is_touched)];
        Self {
            source: ResourceId::from_uuid(after.id.uuid()),
            is_anothers,
            met: after.person_id.filter(|_| is_anothers),
            office: after.office_id,
            protected: after.protected,
            touched: touched.into_iter().flatten().collect(),
        }
    }

    fn write(&self, conn: &mut DbConn) -> Result<()> {
        if self.is_anothers {
            links::forget(conn, self.source)?;
        }
        if let Some(person) = self.met {
            families::store::meet_person(conn, person, self.office, self.protected, self.source)?;
        }
        self.touched.iter().try_for_each(|person| of_person::is_no_fact_any_more(conn, *person))
    }
}
