//! The open concern reports of one agency about one child. If an agency has very many of them, a further report is taken as a
//! supplement.
//!
//! The child is known by the identity number that the agency itself gave, and by nothing else. So the count tells the agency
//! nothing that it did not send: neither whether the child is registered, nor what others have sent. Reports that name no number
//! are not counted, since nobody can say that they are about the same child.

use std::cmp::Reverse;

use diesel::prelude::*;

use crate::db::DbConn;
use crate::db::schema::referrals;
use crate::error::Result;
use crate::id::{PartnerId, ReferralId};
use crate::on_backend;
use crate::referrals::store::SealedReferral;
use crate::referrals::{Kind, Referral, Status};
use crate::time::Timestamp;

/// The number of open reports of one agency about one child from which on a further report becomes a supplement.
pub const MOST_OPEN: i64 = 50;
/// The most open reports that are looked at for one that covers a further report.
const MOST_LOOKED_AT: usize = 100;

/// The reports of the agency `$sender` about the child with the identity number `$number`, given by its keyed hash, that have not
/// ended. The copies that staff made for siblings do not count.
macro_rules! open_reports {
    ($sender:expr, $number:expr) => {
        referrals::table
            .filter(referrals::partner_id.eq($sender))
            .filter(referrals::child_number_hash.eq($number.to_vec()))
            .filter(referrals::status.eq(Status::Received).or(referrals::status.eq(Status::InformationRequested)))
            .filter(referrals::kind.eq(Kind::ConcernReport))
            .filter(referrals::is_copy.eq(false))
    };
}

/// Whether the agency has [`MOST_OPEN`] open reports about the child, or more.
pub fn are_many(conn: &mut DbConn, sender: PartnerId, number: &[u8]) -> Result<bool> {
    let last = open_reports!(sender, number).select(referrals::id).offset(MOST_OPEN - 1).limit(1);
    let last: Option<ReferralId> = on_backend!(conn, conn => last.first(conn).optional())?;
    Ok(last.is_some())
}

/// Returns the agency's open reports about the child, the newest first, if there are [`MOST_OPEN`] or more; otherwise none. It
/// returns at most [`MOST_LOOKED_AT`].
pub fn many(conn: &mut DbConn, sender: PartnerId, number: &[u8]) -> Result<Vec<SealedReferral>> {
    if !are_many(conn, sender, number)? {
        return Ok(Vec::new());
    }
    // With an order, SQLite would walk through everything that the agency has sent.
    let open = open_reports!(sender, number).select((referrals::received_at, referrals::id));
    let mut open: Vec<(Timestamp, ReferralId)> = on_backend!(&mut *conn, conn => open.load(conn))?;
    open.sort_unstable_by_key(|position| Reverse(*position));
    open.truncate(MOST_LOOKED_AT);
    let rows = referrals::table.filter(referrals::id.eq_any(open.into_iter().map(|(_, id)| id).collect::<Vec<_>>()));
    let mut rows: Vec<SealedReferral> = on_backend!(conn, conn => rows.load(conn))?;
    rows.sort_unstable_by_key(|row| Reverse((row.received_at, row.id)));
    Ok(rows)
}

impl Referral {
    /// Whether `further`, which is about the same child, may be taken as a supplement to this report: it is no more urgent, states
    /// no stronger protection of the child's identity, and asks for no feedback that was not asked for. Otherwise something would
    /// be lost behind a calmer report.
    pub fn covers(&self, further: &Self) -> bool {
        let said = |report: &Self| report.matter.child.protected_identity.unwrap_or_default();
        self.urgency >= further.urgency
            && said(self) >= said(further)
            && self.feedback_is_requested() >= further.feedback_is_requested()
    }
}
