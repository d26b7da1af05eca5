//! The category of a partner agency that sends referrals, such as school or police. It is stored in each referral that the agency
//! has sent, and is updated there when the agency's category changes.
//!
//! - The receipts of concern reports show the deadline of the inquiry decision and the feedback on it to senders of some categories
//!   only. When an agency enters or leaves these categories, the receipts of all its reports change at that moment.
//! - In decided reports, the deadline for feedback that must no longer be given is removed; a deadline for feedback that must be
//!   given now starts.
//! - In all other referrals only the category, the version and the time of the last change are written.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::Integer;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use crate::audit::{self, Entry};
use crate::auth::Category;
use crate::binding;
use crate::db::columns::Json;
use crate::db::schema::{partners, referrals};
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

/// The most referrals to which a new category of their sender is written in one step, and which one audit record names. An agency
/// may have sent a great many.
const AT_ONCE: usize = 100;

/// Returns the category of the partner agency `sender`.
pub fn find(conn: &mut DbConn, sender: PartnerId) -> Result<Category> {
    Ok(on_backend!(conn, conn => partners::table.find(sender).select(partners::category).first(conn))?)
}

/// Returns the category of the partner agency `sender`, and locks it until the transaction ends.
pub fn hold(conn: &mut DbConn, sender: PartnerId) -> Result<Category> {
    dialect::hold_category(conn, sender)
}

/// The new category of a partner agency, with everything that is needed to write it to the referrals that the agency has sent.
pub struct NewCategory {
    pub sender: PartnerId,
    pub category: Category,
    /// The directory, whose settings for the municipality tell which categories get no feedback.
    pub directory: Arc<Directory>,
    /// The vault that opens the reports whose deadlines for feedback may change.
    pub vault: Vault,
    pub moment: Moment,
    /// The audit entry for the referrals whose receipts change.
    pub entry: Entry,
}

/// A referral that the agency has sent: its identifier, its kind, and the category that is stored in it.
type Sent = (ReferralId, Kind, Option<Category>);

impl NewCategory {
    /// Writes the new category to all referrals that the agency has sent. The agency itself must have been written earlier in
    /// the transaction, so that no referral comes in with the old category.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        loop {
            // While the update waited for a referral, a sibling's copy of that referral may have been made.
            let others = self.others(conn)?;
            if others.is_empty() {
                return Ok(());
            }
            others.chunks(AT_ONCE).try_for_each(|page| self.write_page(conn, page))?;
        }
    }

    /// The referrals that the agency has sent and in which another category than the new one is stored.
    fn others(&self, conn: &mut DbConn) -> Result<Vec<Sent>> {
        let others = referrals::table
            .filter(referrals::partner_id.eq(self.sender))
            .filter(referrals::sender_category.ne(self.category).assume_not_null())
            .order(referrals::id);
        let columns = (referrals::id, referrals::kind, referrals::sender_category);
        Ok(on_backend!(conn, conn => others.select(columns).load(conn))?)
    }

    fn write_page(&self, conn: &mut DbConn, page: &[Sent]) -> Result<()> {
        let all: Vec<ReferralId> = page.iter().map(|(id, ..)| *id).collect();
        let told_anew = binding::changing(conn, "referrals", &all, |conn| self.write_rows(conn, page))?;
        if told_anew.is_empty() {
            return Ok(());
        }
        let named: Vec<Uuid> = told_anew.into_iter().map(ReferralId::uuid).collect();
        audit::record(conn, &self.entry.beside(&self.moment, named))
    }

    /// Writes the category to these referrals. Returns those whose receipts show more or less from now on.
    fn write_rows(&self, conn: &mut DbConn, page: &[Sent]) -> Result<Vec<ReferralId>> {
        let now = self.moment.now;
        let all = page.iter().map(|(id, ..)| *id);
        let rows = referrals::table.filter(referrals::id.eq_any(all.collect::<Vec<_>>()));
        // A caller who is about to write a version of one of these referrals must read it again.
        let counted = referrals::version.eq(referrals::version + 1.into_sql::<Integer>());
        let is = (referrals::sender_category.eq(self.category), counted, referrals::updated_at.eq(now));
        on_backend!(&mut *conn, conn => diesel::update(rows).set(is).execute(conn))?;

        let told_anew: Vec<ReferralId> = page.iter().filter(|sent| self.tells_anew(sent)).map(|(id, ..)| *id).collect();
        if told_anew.is_empty() {
            return Ok(told_anew);
        }
        let rows = referrals::table.filter(referrals::id.eq_any(told_anew.clone()));
        on_backend!(&mut *conn, conn => diesel::update(rows).set(referrals::disclosed_at.eq(now)).execute(conn))?;
        self.write_clocks(conn, &told_anew)?;
        Ok(told_anew)
    }

    /// Whether the referral's receipt shows more or less under the new category than under the stored one.
    fn tells_anew(&self, (_, kind, before): &Sent) -> bool {
        let was_told = before.is_some_and(|before| is_told_decisions(before, &self.directory));
        *kind == Kind::ConcernReport && was_told != self.is_told()
    }

    fn is_told(&self) -> bool {
        is_told_decisions(self.category, &self.directory)
    }

    /// Removes the deadlines for feedback that must no longer be given on these reports, or starts those for feedback that must be
    /// given now. Only reports with an inquiry decision have such deadlines.
    fn write_clocks(&self, conn: &mut DbConn, reports: &[ReferralId]) -> Result<()> {
        let decided: Vec<SealedReferral> = on_backend!(&mut *conn, conn => referrals::table
            .filter(referrals::id.eq_any(reports.to_vec()))
            .filter(referrals::status.eq_any([Status::HandedOver, Status::ClosedNoInquiry]))
            .load(conn))?;
        // A decided report has no other deadline, so reports that do not change need not be opened.
        let is_due = |report: &SealedReferral| report.next_due_at < no_deadline();
        decided
            .into_iter()
            .filter(|report| is_due(report) != self.is_told())
            .try_for_each(|report| self.write_clock(conn, report))
    }

    fn write_clock(&self, conn: &mut DbConn, report: SealedReferral) -> Result<()> {
        // The columns of the row are being changed, and the code follows: it was checked before the change.
        let mut report = report.open_unchecked(&self.vault)?;
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
