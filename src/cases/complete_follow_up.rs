//! The transaction that completes a follow-up, with the contact and the referral that came of it: all of them are written, or
//! none.

use crate::audit;
use crate::auth::{CaseScope, OutreachWorker};
use crate::context::Context;
use crate::db::DbConn;
use crate::error::{Error, Problem, Result};
use crate::id::OfficeId;
use crate::outreach::arrival::{self, ArrivingContact};
use crate::outreach::follow_ups::FollowUp;
use crate::outreach::follow_ups::store::{self, SealedFollowUp};
use crate::outreach::preparing::ArrivalEntries;
use crate::outreach::reports::Report;
use crate::outreach::store as contact_store;

/// A completed follow-up that is sealed (encrypted) and ready to be written, with the contact and the referral that came of it.
pub struct FollowUpCompletion {
    follow_up: SealedFollowUp,
    /// The outreach contact by which the follow-up was done, if a new one is recorded.
    contact: Option<NextContact>,
    /// The referral that is made, if any: from the new contact, or else from the contact that the follow-up belongs to.
    report: Option<Report>,
    scope: CaseScope,
}

/// A new outreach contact by which a follow-up was done, with the audit records about it.
struct NextContact {
    arrival: ArrivingContact,
    entries: ArrivalEntries,
}

impl FollowUpCompletion {
    /// Prepares the writing of a follow-up that was completed, and seals it. `contact` and `report` are the new contact and the
    /// referral that came of it.
    pub fn new(
        follow_up: &FollowUp,
        contact: Option<ArrivingContact>,
        report: Option<Report>,
        ctx: &Context<OutreachWorker>,
    ) -> Result<Self> {
        let next_contact = |arrival: ArrivingContact| NextContact {
            entries: ArrivalEntries::new(ctx, arrival.contact.office_id),
            arrival,
        };
        Ok(Self {
            follow_up: SealedFollowUp::new(follow_up, &ctx.vault, &ctx.call.moment.random)?,
            contact: contact.map(next_contact),
            report,
            scope: ctx.changeable(),
        })
    }

    /// Returns the office that the follow-up belongs to.
    pub fn office(&self) -> OfficeId {
        self.follow_up.office_id
    }

    /// Stores the follow-up as completed, with the contact and the referral that came of it. Fails as entered in error if the
    /// referral would be made from a contact that was entered in error.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let mut arrived_in_error = None;
        if let Some(NextContact { arrival, entries }) = &self.contact {
            let arrived = arrival::receive_one(conn, &self.scope, arrival);
            let arrived = arrived.map_err(|error| error.within("/contact"))?;
            audit::record(conn, &entries.of_one(&arrived))?;
            arrived_in_error = Some(arrived.contact.in_error);
        }
        if let Some(report) = &self.report {
            let is_in_error = match (arrived_in_error, self.follow_up.contact_id) {
                (Some(in_error), _) => in_error,
                (None, Some(followed)) => contact_store::hold(conn, &self.scope, followed)?.in_error,
                (None, None) => false,
            };
            if is_in_error {
                return Err(Error::new(Problem::EnteredInError));
            }
            report.write(conn)?;
        }
        store::complete(conn, &self.follow_up)
    }

    /// Hides the follow-up and the contact that the referral was made from, if the referral's child is said to be protected,
    /// since they tell as much as the referral. It must be called after the follow-up was written, since the follow-up leads to
    /// the referral, and after the answer was made, since the caller may not find the follow-up any more.
    pub fn hide_what_it_came_of(&self, conn: &mut DbConn) -> Result<()> {
        match &self.report {
            Some(report) if report.says_protected => contact_store::protect_source(conn, report.referral.id),
            _ => Ok(()),
        }
    }
}
