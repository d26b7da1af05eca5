//! Lists of referrals in which the reader's own words stand too.

use diesel::prelude::*;

use crate::db::DbConn;
use crate::db::schema::{referral_own_words, referrals};
use crate::error::Result;
use crate::http::page::PageStart;
use crate::on_backend;
use crate::referrals::order::{Order, ReferralPosition};
use crate::referrals::own_words::{FoundReferral, ReferralReader, SealedOwnWords};
use crate::referrals::store::{self, ReferralFilter, SealedReferral};
use crate::referrals::{Referral, Status};
use crate::vault::Vault;

/// Returns one page of the reader's referrals as [`store::page`] does. Referrals that are hidden from the reader, and of which the
/// reader has own words, stand where they would stand if they were as these words say.
pub fn page(
    conn: &mut DbConn,
    reader: &ReferralReader,
    listed: &ListedReferrals,
    vault: &Vault,
) -> Result<Vec<FoundReferral>> {
    let ListedReferrals { filter, order, from, limit } = listed;
    let own = own_among(conn, reader, filter, vault)?;
    let (rows, skipped) = match from {
        PageStart::Row(row) => {
            // The rows begin earlier by as many as there are own words, since these may stand before the page.
            let back = (*row).min(u64::try_from(own.len()).unwrap_or(0));
            let more = limit.saturating_add(u32::try_from(own.len()).unwrap_or(0));
            (store::page(conn, &reader.sight, filter, *order, &PageStart::Row(row - back), more)?, back)
        }
        _ => (store::page(conn, &reader.sight, filter, *order, from, *limit)?, 0),
    };
    let is_after = |found: &FoundReferral| match from {
        PageStart::After(last) => order.is_after(found.position(*order), *last),
        PageStart::Row(_) => true,
        PageStart::Empty => false,
    };
    let mut all: Vec<FoundReferral> = rows.into_iter().map(FoundReferral::covered).collect();
    all.extend(own.into_iter().filter(is_after));
    all.sort_by(|one, other| order.compare(one.position(*order), other.position(*order)));
    let most = usize::try_from(*limit).unwrap_or(usize::MAX).saturating_add(1);
    Ok(all.into_iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).take(most).collect())
}

/// The referrals that a list asks for: the filter, the order, and the page.
pub struct ListedReferrals {
    pub filter: ReferralFilter,
    pub order: Order,
    pub from: PageStart<ReferralPosition>,
    pub limit: u32,
}

/// Counts the referrals that [`page`] shows on all pages together.
pub fn count(conn: &mut DbConn, reader: &ReferralReader, filter: &ReferralFilter, vault: &Vault) -> Result<u64> {
    let own = own_among(conn, reader, filter, vault)?.len();
    Ok(store::count(conn, &reader.sight, filter)? + u64::try_from(own).unwrap_or(0))
}

/// Returns the referrals that are hidden from the reader, as the reader's own words say them. A reader has few.
pub fn hidden_own(conn: &mut DbConn, reader: &ReferralReader, vault: &Vault) -> Result<Vec<Referral>> {
    Ok(hidden(conn, reader, vault)?.into_iter().map(|(_, _, told)| told).collect())
}

/// Returns the referrals that are hidden from the reader, of which the reader has own words, and which the list would show if they
/// were as these words say.
fn own_among(
    conn: &mut DbConn,
    reader: &ReferralReader,
    filter: &ReferralFilter,
    vault: &Vault,
) -> Result<Vec<FoundReferral>> {
    let own = hidden(conn, reader, vault)?.into_iter();
    let shown = own.filter(|(_, _, told)| reader.would_cover(told) && filter.lets_through(told));
    let found = |(row, own, told): (SealedReferral, SealedOwnWords, Referral)| FoundReferral {
        row: SealedReferral { next_due_at: told.next_due_at, ..row },
        own: Some(own),
    };
    Ok(shown.map(found).collect())
}

fn hidden(
    conn: &mut DbConn,
    reader: &ReferralReader,
    vault: &Vault,
) -> Result<Vec<(SealedReferral, SealedOwnWords, Referral)>> {
    let rows: Vec<(SealedReferral, SealedOwnWords)> = on_backend!(conn, conn => referrals::table
        .inner_join(referral_own_words::table)
        .filter(referral_own_words::staff_id.eq(reader.staff))
        .filter(referral_own_words::until.gt(reader.now))
        .filter(referrals::protected.eq(true))
        .select((referrals::all_columns, referral_own_words::all_columns))
        .load(conn))?;
    let mut hidden = Vec::new();
    for (row, own) in rows.into_iter().filter(|(row, _)| !reader.covers(row)) {
        let told = own.open(vault)?.about(&row);
        hidden.push((row, own, told));
    }
    Ok(hidden)
}

impl ReferralFilter {
    fn lets_through(&self, told: &Referral) -> bool {
        let status = told.status();
        self.office.is_none_or(|office| told.office_id == office)
            && self.status.map_or(status != Status::EnteredInError, |wanted| status == wanted)
            && self.kind.is_none_or(|kind| told.kind == kind)
            && self.assignee.is_none_or(|assignee| told.assignee_id == Some(assignee))
            && self.received_from.is_none_or(|from| told.received_at >= from)
            && self.received_to.is_none_or(|to| told.received_at < to)
            && self.due_before.is_none_or(|due| told.next_due_at < due)
            && self.overdue.is_none_or(|(overdue, now)| (told.next_due_at < now) == overdue)
    }
}
