//! What an agency is, for what it has sent: it is kept with each referral, and follows the agency.
//!
//! - The receipts of reports show when a decision is due and what was told of it, to senders of some categories and not of others. Where an
//!   agency becomes one of those, or is one no longer, the receipts of all its reports change in that moment.
//! - Nobody could meet the deadline of a feedback that must not be told any more, so it goes; one that must be told now starts.
//! - Of all other referrals the category alone is written.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::Integer;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use crate::audit::{self, Entry};
use crate::auth::Category;
use crate::db::columns::Json;
use crate::db::schema::referrals;
use crate::db::{DbConn, dialect};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::id::{PartnerId, ReferralId};
use crate::moment::Moment;
use crate::on_backend;
use crate::referrals::course::clocks;
use crate::referrals::disclosure::is_told_decisions;
use crate::referrals::store::SealedReferral;
use crate::referrals::{Kind, Status, no_deadline};
use crate::vault::Vault;

/// An agency may have sent very much: so many referrals are written, and named in one record of the audit, at once.
const AT_ONCE: usize = 100;

/// Of which category an agency is; it stays so until the transaction ends.
pub fn hold(conn: &mut DbConn, sender: PartnerId) -> Result<Category> {
    dialect::hold_category(conn, sender)
}

/// The category that an agency has from now on.
pub struct NewCategory {
    /// The agency.
    pub sender: PartnerId,
    /// What it is.
    pub category: Category,
    /// What the municipality has settled.
    pub directory: Arc<Directory>,
    /// Opens the reports that may have a clock of feedback.
    pub vault: Vault,
    /// When it is so.
    pub moment: Moment,
    /// What the audit remembers of receipts that change.
    pub entry: Entry,
}

/// A referral, and by which category it went until now.
type Sent = (ReferralId, Kind, Option<Category>);

impl NewCategory {
    /// Writes what follows for all that the agency has sent. The agency itself must have been written before in the transaction, so
    /// that nothing comes in beside it.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        loop {
            // While one of them was waited for, it may have got a copy for a sibling.
            let others = self.others(conn)?;
            if others.is_empty() {
                return Ok(());
            }
            others.chunks(AT_ONCE).try_for_each(|page| self.write_page(conn, page))?;
        }
    }

    /// What it has sent that goes by another category.
    fn others(&self, conn: &mut DbConn) -> Result<Vec<Sent>> {
        let others = referrals::table
            .filter(referrals::partner_id.eq(self.sender))
            .filter(referrals::sender_category.ne(self.category).assume_not_null())
            .order(referrals::id);
        let columns = (referrals::id, referrals::kind, referrals::sender_category);
        Ok(on_backend!(conn, conn => others.select(columns).load(conn))?)
    }

    fn write_page(&self, conn: &mut DbConn, page: &[Sent]) -> Result<()> {
        let now = self.moment.now;
        let all = page.iter().map(|(id, ..)| *id);
        let rows = referrals::table.filter(referrals::id.eq_any(all.collect::<Vec<_>>()));
        // Who is about to write a version of one of them must read it again.
        let counted = referrals::version.eq(referrals::version + 1.into_sql::<Integer>());
        let is = (referrals::sender_category.eq(self.category), counted, referrals::updated_at.eq(now));
        on_backend!(&mut *conn, conn => diesel::update(rows).set(is).execute(conn))?;

        let told_anew: Vec<ReferralId> = page.iter().filter(|sent| self.tells_anew(sent)).map(|(id, ..)| *id).collect();
        if told_anew.is_empty() {
            return Ok(());
        }
        let rows = referrals::table.filter(referrals::id.eq_any(told_anew.clone()));
        on_backend!(&mut *conn, conn => diesel::update(rows).set(referrals::disclosed_at.eq(now)).execute(conn))?;
        self.write_clocks(conn, &told_anew)?;
        let named: Vec<Uuid> = told_anew.into_iter().map(ReferralId::uuid).collect();
        audit::record(conn, &self.entry.beside(&self.moment, named))
    }

    /// Whether its receipt shows more from now on, or less.
    fn tells_anew(&self, (_, kind, before): &Sent) -> bool {
        let was_told = before.is_some_and(|before| is_told_decisions(before, &self.directory));
        *kind == Kind::ConcernReport && was_told != self.is_told()
    }

    fn is_told(&self) -> bool {
        is_told_decisions(self.category, &self.directory)
    }

    /// Drops the clocks of feedback that must not be told any more, or starts those of feedback that must be told now.
    fn write_clocks(&self, conn: &mut DbConn, reports: &[ReferralId]) -> Result<()> {
        let decided: Vec<SealedReferral> = on_backend!(&mut *conn, conn => referrals::table
            .filter(referrals::id.eq_any(reports.to_vec()))
            .filter(referrals::status.eq_any([Status::HandedOver, Status::ClosedNoInquiry]))
            .load(conn))?;
        // Nothing else is due once it is decided, so those that stay as they are need not be opened.
        let is_due = |report: &SealedReferral| report.next_due_at < no_deadline();
        decided
            .into_iter()
            .filter(|report| is_due(report) != self.is_told())
            .try_for_each(|report| self.write_clock(conn, report))
    }

    fn write_clock(&self, conn: &mut DbConn, report: SealedReferral) -> Result<()> {
        let mut report = report.open(&self.vault)?;
        clocks::drop_feedback(&mut report);
        if !report.course.feedback.answered {
            clocks::start_feedback(&mut report, self.moment.now, &self.directory);
        }
        let deadlines = Json(to_raw_value(&report.deadlines).map_err(Error::internal)?);
        let due = (
            referrals::deadlines.eq(deadlines),
            referrals::next_due_at.eq(clocks::next_due(&report)),
            referrals::unmarked_due_at.eq(clocks::next_unmarked(&report)),
        );
        let row = referrals::table.find(report.id);
        on_backend!(conn, conn => diesel::update(row).set(due).execute(conn))?;
        Ok(())
    }
}
