//! Queries on the referrals that an agency has sent.
//!
//! An agency finds its referrals by facts that it knows, and never by facts that have not been disclosed to it.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::db::DbConn;
use crate::db::schema::referrals;
use crate::error::{Error, Result};
use crate::http::page::PageStart;
use crate::id::PartnerId;
use crate::on_backend;
use crate::referrals::course::codes::DisclosedStatus;
use crate::referrals::store::{ReferralPosition, SealedReferral};
use crate::time::Timestamp;

/// The referrals that an agency asks for, among those that it has sent.
#[derive(Debug, Clone, Default)]
pub struct SentFilter {
    /// The state that has been disclosed to the agency.
    pub status: Option<DisclosedStatus>,
    /// The hash of the agency's own reference.
    pub sender_reference_hash: Option<Vec<u8>>,
    /// Received at or after this time.
    pub received_from: Option<Timestamp>,
    /// Received before this time.
    pub received_to: Option<Timestamp>,
    /// With a receipt that last changed at or after this time.
    pub changed_from: Option<Timestamp>,
    /// With a receipt that last changed before this time.
    pub changed_to: Option<Timestamp>,
}

/// The rows that a page and a count share. A boxed query knows its database, so this is compiled for each.
macro_rules! filtered {
    ($sender:expr, $filter:expr) => {{
        let filter: &SentFilter = $filter;
        let mut rows = referrals::table.filter(referrals::partner_id.eq($sender)).into_boxed();
        if let Some(status) = filter.status {
            rows = rows.filter(referrals::disclosed_status.eq(status));
            // Few referrals have another state than received, and these have an index of their own. A database uses that index
            // only if the query repeats the index's condition word for word.
            if status != DisclosedStatus::Received {
                rows = rows.filter(sql::<Bool>("disclosed_status <> 'received'"));
            }
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
        if let Some(from) = filter.changed_from {
            rows = rows.filter(referrals::disclosed_at.ge(from));
        }
        if let Some(to) = filter.changed_to {
            rows = rows.filter(referrals::disclosed_at.lt(to));
        }
        rows
    }};
}

/// Returns one page, the newest first. A row beyond `limit` tells that there is a next page.
pub fn page(
    conn: &mut DbConn,
    sender: PartnerId,
    filter: &SentFilter,
    from: &PageStart<ReferralPosition>,
    limit: u32,
) -> Result<Vec<SealedReferral>> {
    Ok(on_backend!(conn, conn => {
        let ordered = filtered!(sender, filter).order((referrals::received_at.desc(), referrals::id.desc()));
        let mut rows = ordered.limit(i64::from(limit) + 1);
        rows = match from {
            PageStart::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            PageStart::After((micros, id)) => {
                let at = Timestamp::from_micros(*micros).ok_or_else(Error::not_found)?;
                let earlier = referrals::received_at.lt(at).or(referrals::received_at.eq(at).and(referrals::id.lt(*id)));
                rows.filter(earlier)
            }
            PageStart::Empty => return Ok(Vec::new()),
        };
        rows.load::<SealedReferral>(conn)
    })?)
}

/// Counts all the referrals that match.
pub fn count(conn: &mut DbConn, sender: PartnerId, filter: &SentFilter) -> Result<u64> {
    let count: i64 = on_backend!(conn, conn => filtered!(sender, filter).count().get_result(conn))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use diesel::debug_query;
    use diesel::sqlite::Sqlite;

    use super::*;
    use crate::db::connection::Purpose;
    use crate::db::{Target, migrations};
    use crate::moment::Moment;
    use crate::time::{Clock, Random};

    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }

    /// SQLite's query plan for a page with this filter, without statistics on the number of rows.
    fn plan(conn: &mut DbConn, filter: &SentFilter) -> String {
        let moment = Moment { now: Clock::system().now(), random: Random::system() };
        let sender: PartnerId = moment.id();
        let page = filtered!(sender, filter).order((referrals::received_at.desc(), referrals::id.desc())).limit(21);
        let query = format!("EXPLAIN QUERY PLAN {}", debug_query::<Sqlite, _>(&page));
        let rows: Vec<Row> = match conn {
            DbConn::Sqlite(conn) => diesel::sql_query(query).load(conn).unwrap(),
            DbConn::Postgres(_) => panic!("the test is SQLite's"),
        };
        rows.into_iter().map(|row| row.detail + "; ").collect()
    }

    #[test]
    fn each_filter_of_an_agency_has_an_index() {
        let name = uuid::Uuid::from_bytes(Random::system().bytes());
        let path = std::env::temp_dir().join(format!("nara-sent-{name}.sqlite"));
        let target: Target = format!("sqlite://{}", path.display()).parse().unwrap();
        migrations::run(&target).unwrap();
        let conn = &mut target.connect(Purpose::Writing).unwrap();
        let now = Some(Clock::system().now());
        let by_status = |status| SentFilter { status: Some(status), ..SentFilter::default() };
        for (filter, index) in [
            (SentFilter::default(), "referrals_partner_received"),
            (by_status(DisclosedStatus::Received), "referrals_partner_received"),
            (by_status(DisclosedStatus::Handled), "referrals_partner_disclosed"),
            (
                SentFilter { sender_reference_hash: Some(vec![0; 32]), ..SentFilter::default() },
                "referrals_partner_reference",
            ),
            (SentFilter { received_from: now, ..SentFilter::default() }, "referrals_partner_received"),
            (SentFilter { changed_from: now, ..SentFilter::default() }, "referrals_partner_changed"),
        ] {
            let plan = plan(conn, &filter);
            assert!(plan.contains(index), "{filter:?}: {plan}");
        }
        for suffix in ["", "-wal", "-shm"] {
            let _absent = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
    }
}
