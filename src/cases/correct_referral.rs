//! The transaction that corrects a referral. After the correction it may be about another person, or its child's identity may
//! be protected: then it disappears for staff who are not cleared, together with the contact, the follow-ups and the sibling
//! reports that tell as much. Staff who write an identity number, and who do not know whose it is, are told by neither the answer
//! nor its time.

use std::sync::Arc;

use crate::audit::{self, AuditedCall, actions};
use crate::auth::{CaseCorrector, CaseScope};
use crate::cases::intake::NumberEntries;
use crate::context::Context;
use crate::db::{DbConn, stale};
use crate::directory::Directory;
use crate::error::Result;
use crate::families::membership::{ActingStaff, if_known};
use crate::families::{self, links};
use crate::id::{OfficeId, PersonId, ReferralId, ResourceId};
use crate::outreach::store as contact_store;
use crate::referrals::course::act::Transition;
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::Action;
use crate::referrals::own_words::SealedOwnWords;
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
    /// The words that the caller reads for a day, if the caller may be told of less than what is stored.
    own_words: Option<SealedOwnWords>,
    /// Whether the caller knows that the referral is protected after the correction.
    says_protected: bool,
    /// Whether the referral becomes protected by the correction, so that it disappears for staff who are not cleared.
    hides: bool,
    /// The member of staff who corrects the referral, if the sibling reports that were copied with it may have to be hidden too.
    /// Otherwise `None`.
    hider: Option<ActingStaff>,
    entries: NumberEntries,
    call: AuditedCall,
    scope: CaseScope,
    directory: Arc<Directory>,
    vault: Vault,
}

impl ReferralCorrecting {
    /// Makes the correction of the referral `before`, and seals it. `after` is the next version, and `told` the next version as the
    /// caller is told of it. `whom` is the lookup of the registered person that `after` is about.
    pub fn new(
        before: &Referral,
        (after, told): (&Referral, &Referral),
        whom: ConcernedPerson,
        ctx: &Context<CaseCorrector>,
    ) -> Result<Self> {
        let (vault, moment, call) = (&ctx.vault, &ctx.call.moment, ctx.audited());
        let transition =
            Transition::new(Action::Correct, (before, after), call.actor, &StepNote::default(), vault, moment)?;
        let hides_something = whom.hides_something();
        let may_hide = hides_something || after.hides_anew(before);
        Ok(Self {
            id: before.id,
            office: before.office_id,
            transition: if hides_something { transition.linked_apart() } else { transition },
            effects: CorrectionEffects::of(before, if hides_something { told } else { after }),
            own_words: match hides_something && !told.protected {
                true => Some(SealedOwnWords::new(told, ctx.staff().id, vault, moment)?),
                false => None,
            },
            whom,
            says_protected: told.protected,
            hides: after.protected && !before.protected,
            hider: may_hide.then(|| ActingStaff::new(ctx.staff(), &ctx.directory, &ctx.call)),
            entries: NumberEntries::new(&call, before.id, Some(before.office_id), false),
            call,
            scope: ctx.changeable(),
            directory: ctx.directory.clone(),
            vault: vault.clone(),
        })
    }

    /// Writes the correction with everything that follows from it. Fails as stale if the referral or the person has changed
    /// since they were read.
    ///
    /// A correction by staff who may be told of less than what is stored takes one road, whoever has the identity number: where
    /// another number would have something to hide, the same statement is run for nothing.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        if self.whom.hold(conn)? != self.whom.link {
            return Err(stale());
        }
        self.transition.write(conn)?;
        if self.whom.hides_something() {
            self.effects.forget(conn)?;
            of_person::linked(conn, self.transition.referral(), &self.whom.link)?;
            self.effects.recompute(conn)?;
        } else {
            self.effects.write(conn)?;
        }
        if let Some(own_words) = &self.own_words {
            own_words.write(conn)?;
        }
        if let Some(by) = &self.hider {
            hiding::hide_copied(conn, &[self.id], &self.directory, &self.vault, by)?;
        }
        if self.hides || self.whom.hides_something() {
            contact_store::protect_source(conn, if self.hides { self.id } else { ReferralId::nobody() })?;
        }
        if self.hides && self.says_protected {
            let rerouted = self.call.entry(actions::REFERRAL_REROUTED, vec![self.id.uuid()]);
            audit::record(conn, &rerouted.on_behalf_of(self.office))?;
        }
        self.entries.record(conn, self.hides, self.whom.has_number())
    }

    /// Whether the caller gets an answer with the referral, once the correction is written: the caller may still know of it, or is
    /// not told that it was hidden.
    pub fn is_answered(&self, conn: &mut DbConn) -> Result<bool> {
        Ok(!self.says_protected || if_known(store::find(conn, &self.scope, self.id))?.is_some())
    }
}

/// The consequences of a correction for people: offices have met another person, or nobody, or a family was first reached in
/// another way.
struct CorrectionEffects {
    /// The referral, as the reason for which offices know of people.
    source: ResourceId,
    /// Whether the referral was about a registered person, and is about another one or nobody now.
    leaves: bool,
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
            leaves: is_anothers && before.person_id.is_some(),
            met: after.person_id.filter(|_| is_anothers),
            office: after.office_id,
            protected: after.protected,
            touched: touched.into_iter().flatten().collect(),
        }
    }

    fn write(&self, conn: &mut DbConn) -> Result<()> {
        self.forget(conn)?;
        if let Some(person) = self.met {
            families::store::meet_person(conn, person, self.office, self.protected, self.source)?;
        }
        self.recompute(conn)
    }

    /// Removes what offices know for the reason of this referral alone, if it is about another person now.
    fn forget(&self, conn: &mut DbConn) -> Result<()> {
        if self.leaves { links::forget(conn, self.source) } else { Ok(()) }
    }

    fn recompute(&self, conn: &mut DbConn) -> Result<()> {
        self.touched.iter().try_for_each(|person| of_person::is_no_fact_any_more(conn, *person))
    }
}
