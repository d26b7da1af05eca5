//! What an agency has sent, as a list of its own: every query on it.
//!
//! An agency finds its referrals by what it knows of them, and never by what has not been disclosed to it.

use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::auth::Category;
use crate::db::DbConn;
use crate::db::schema::referrals;
use crate::error::{Error, Result};
use crate::http::page::From;
use crate::id::PartnerId;
use crate::on_backend;
use crate::referrals::codes::DisclosedStatus;
use crate::referrals::store::{Position, SealedReferral};
use crate::time::Timestamp;

/// Which of its referrals an agency asks for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state, as far as it has been disclosed.
    pub status: Option<DisclosedStatus>,
    /// With the reference of its own that has this hash.
    pub sender_reference_hash: Option<Vec<u8>>,
    /// Received at or after this time.
    pub received_from: Option<Timestamp>,
    /// Received before this time.
    pub received_to: Option<Timestamp>,
}

/// The rows that both a page and a count are of. A boxed query knows its database, so this is compiled for each.
macro_rules! filtered {
    ($sender:expr, $filter:expr) => {{
        let filter: &Filter = $filter;
        let mut rows = referrals::table.filter(referrals::partner_id.eq($sender)).into_boxed();
        if let Some(status) = filter.status {
            rows = rows.filter(referrals::disclosed_status.eq(status));
        }
        if let Some(hash) = &filter.sender_reference_hash {
            rows = rows.filter(referrals::sender_reference_hash.eq(hash.clone()));
        }
        if let Some(from) = filter.received_from {
            rows = rows.filter(referrals::received_at.ge(from));
        }
        if let Some(to) = filter.received_to {
            rows = rows.filter(referrals::received_at.lt(to));
        }
        rows
    }};
}

/// One page, the newest first; one row more than `limit` tells that there is a next page.
pub fn page(
    conn: &mut DbConn,
    sender: PartnerId,
    filter: &Filter,
    from: &From<Position>,
    limit: u32,
) -> Result<Vec<SealedReferral>> {
    Ok(on_backend!(conn, conn => {
        let ordered = filtered!(sender, filter).order((referrals::received_at.desc(), referrals::id.desc()));
        let mut rows = ordered.limit(i64::from(limit) + 1);
        rows = match from {
            From::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            From::Behind((micros, id)) => {
                let at = Timestamp::from_micros(*micros).ok_or_else(Error::not_found)?;
                let earlier = referrals::received_at.lt(at).or(referrals::received_at.eq(at).and(referrals::id.lt(*id)));
                rows.filter(earlier)
            }
            From::Nowhere => return Ok(Vec::new()),
        };
        rows.load::<SealedReferral>(conn)
    })?)
}

/// How many there are in all.
pub fn count(conn: &mut DbConn, sender: PartnerId, filter: &Filter) -> Result<u64> {
    let count: i64 = on_backend!(conn, conn => filtered!(sender, filter).count().get_result(conn))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Notes on what an agency has sent that it is of another category from now on.
pub fn is_now(conn: &mut DbConn, sender: PartnerId, category: Category) -> Result<()> {
    let other = referrals::table
        .filter(referrals::partner_id.eq(sender))
        .filter(referrals::sender_category.ne(category).assume_not_null());
    // Who is about to write a version of one of them must read it again.
    let counted = referrals::version.eq(referrals::version + 1.into_sql::<Integer>());
    on_backend!(conn, conn => diesel::update(other).set((referrals::sender_category.eq(category), counted)).execute(conn))?;
    Ok(())
}
