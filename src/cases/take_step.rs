//! The transaction in which staff take a step on a referral: the records that the step names are checked, and the referral's
//! next version is written.

use crate::auth::{CaseScope, register};
use crate::db::{DbConn, dialect};
use crate::error::{Result, Text};
use crate::families::membership::if_known;
use crate::id::{OfficeId, ReferralId};
use crate::outreach::offers;
use crate::referrals::course::act::Transition;
use crate::referrals::course::steps::StepReferences;
use crate::referrals::{Kind, Referral, Status, store};
use crate::rules::Rules;

/// A step on a referral that is ready to be written, with the records that the step names.
pub struct StepTaking {
    transition: Transition,
    named: StepReferences,
    id: ReferralId,
    kind: Kind,
    /// The office that had the referral before the step.
    pub office: OfficeId,
    scope: CaseScope,
}

impl StepTaking {
    /// Prepares the writing of a step that was judged by the version `before` of a referral. `named` are the records that the
    /// step names, and `scope` the cases that the caller may know of.
    pub fn new(before: &Referral, transition: Transition, named: StepReferences, scope: CaseScope) -> Self {
        Self { transition, named, id: before.id, kind: before.kind, office: before.office_id, scope }
    }

    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        self.check_named(conn)?;
        self.transition.write(conn)
    }

    /// Checks that the records which the step names exist and that the caller may know of them: a colleague must work with
    /// cases at the office, and a duplicated referral must be of the same sort and itself neither a duplicate nor entered in
    /// error.
    fn check_named(&self, conn: &mut DbConn) -> Result<()> {
        let (named, scope) = (self.named, &self.scope);
        let mut rules = Rules::default();
        if let Some(colleague) = named.colleague {
            let works_there = register::works_at(conn, colleague, self.office)?;
            rules.known("/assigneeId", colleague.uuid(), works_there.then_some(()));
        }
        if let Some(other) = named.referral {
            dialect::hold_referrals(conn, &[self.id, other])?;
            let found = if_known(store::find(conn, scope, other))?;
            let stands = found.filter(|found| !matches!(found.status, Status::EnteredInError | Status::Duplicate));
            let found = rules.known("/ofReferralId", other.uuid(), stands);
            // A concern report that is marked as a duplicate of a request would end without its assessment and its decision.
            let is_report = |kind: Kind| kind == Kind::ConcernReport;
            let is_alike = found.is_none_or(|found| is_report(found.kind) == is_report(self.kind));
            let differs = Text::new(
                "must be a report if this referral is a report, and a request if it is a request",
                "måste också vara en anmälan, eller också en förfrågan",
            );
            rules.require(is_alike, "/ofReferralId", differs);
        }
        if let Some(offer) = named.offer {
            rules.known("/offerId", offer.uuid(), if_known(offers::store::find(conn, scope, offer))?);
        }
        rules.finish(Some(()))
    }
}
