//! The completion of a follow-up, with the contact and the referral that come of it: all are recorded, or none.

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

/// A completed follow-up that is to be stored, with everything that comes of it.
pub struct FollowUpCompletion {
    follow_up: SealedFollowUp,
    /// The contact by which the follow-up was done.
    contact: Option<NextContact>,
    /// The referral that is made from that contact, or else from the contact that is followed up.
    report: Option<Report>,
    scope: CaseScope,
}

/// A contact by which a follow-up was done, with the audit's entries about it.
struct NextContact {
    arrival: ArrivingContact,
    entries: ArrivalEntries,
}

impl FollowUpCompletion {
    /// Seals a follow-up that was completed.
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

    /// The office that the follow-up belongs to.
    pub fn office(&self) -> OfficeId {
        self.follow_up.office_id
    }

    /// Stores the follow-up with everything that comes of it.
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

    /// Hides the follow-up and the contact if the referral's child is said to be protected, since they tell as much as the referral. The
    /// follow-up must be written before, since it leads to the referral; and read before, since its worker may not find it afterwards.
    pub fn hide_what_it_came_of(&self, conn: &mut DbConn) -> Result<()> {
        match &self.report {
            Some(report) if report.says_protected => contact_store::protect_source(conn, report.referral.id),
            _ => Ok(()),
        }
    }
}
