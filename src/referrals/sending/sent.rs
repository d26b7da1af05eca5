//! Queries by which a partner agency finds the referrals that it has sent.
//!
//! An agency finds its referrals by facts that it knows, and never by facts that have not been disclosed to it.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::binding::{self, ReadableRow};
use crate::db::DbConn;
use crate::db::schema::referrals;
use crate::error::{Error, Result};
use crate::http::page::PageStart;
use crate::on_backend;
use crate::referrals::course::codes::DisclosedStatus;
use crate::referrals::disclosure::SenderScope;
use crate::referrals::order::ReferralPosition;
use crate::referrals::store::SealedReferral;
use crate::time::Timestamp;

/// The conditions by which the list of an agency's own referrals is filtered. A condition that is `None` does not limit the list.
#[derive(Debug, Clone, Default)]
pub struct SentFilter {
    /// Lists only referrals whose state, as disclosed to the agency, is this one.
    pub status: Option<DisclosedStatus>,
    /// Lists only referrals with the agency's own reference that has this keyed hash.
    pub sender_reference_hash: Option<Vec<u8>>,
    /// Lists only referrals received at or after this time.
    pub received_from: Option<Timestamp>,
    /// Lists only referrals received before this time.
    pub received_to: Option<Timestamp>,
    /// Lists only referrals whose receipt last changed at or after this time.
    pub changed_from: Option<Timestamp>,
    /// Lists only referrals whose receipt last changed before this time.
    pub changed_to: Option<Timestamp>,
}

/// The query, shared by [`page`] and [`count`], for the referrals that the scope `$scope` covers and `$filter` lets through,
/// without order or limit. It is a macro since the type of a boxed query depends on the database.
macro_rules! filtered {
    ($scope:expr, $filter:expr) => {{
        let (scope, filter): (SenderScope, &SentFilter) = ($scope, $filter);
        let mut rows = referrals::table.filter(referrals::partner_id.eq(scope.sender)).into_boxed();
        if !scope.sees_copies {
            rows = rows.filter(referrals::is_copy.eq(false));
        }
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

/// Returns one page of the referrals that `scope` covers and `filter` lets through, the newest first, starting at `from`. Returns up to one row more than `limit`; the extra row tells that there is a next page.
pub fn page(
    conn: &mut DbConn,
    scope: SenderScope,
    filter: &SentFilter,
    from: &PageStart<ReferralPosition>,
    limit: u32,
) -> Result<Vec<SealedReferral>> {
    binding::filled(conn, i64::from(limit) + 1, |conn, most| rows_from(conn, scope, filter, from, most))
}

fn rows_from(
    conn: &mut DbConn,
    scope: SenderScope,
    filter: &SentFilter,
    from: &PageStart<ReferralPosition>,
    most: i64,
) -> Result<Vec<ReadableRow<SealedReferral>>> {
    Ok(on_backend!(conn, conn => {
        let ordered = filtered!(scope, filter).order((referrals::received_at.desc(), referrals::id.desc()));
        let mut rows = ordered.limit(most);
        rows = match from {
            PageStart::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            PageStart::After((micros, id)) => {
                let at = Timestamp::from_micros(*micros).ok_or_else(Error::not_found)?;
                let earlier = referrals::received_at.lt(at).or(referrals::received_at.eq(at).and(referrals::id.lt(*id)));
                rows.filter(earlier)
            }
            PageStart::Empty => return Ok(Vec::new()),
        };
        rows.load(conn)
    })?)
}

/// Counts the referrals that `scope` covers and `filter` lets through, on all pages together.
pub fn count(conn: &mut DbConn, scope: SenderScope, filter: &SentFilter) -> Result<u64> {
    let count: i64 = on_backend!(conn, conn => filtered!(scope, filter).count().get_result(conn))?;
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

    /// SQLite's query plan for a page of an agency's referrals with this filter, without statistics on the number of rows.
    fn plan(conn: &mut DbConn, filter: &SentFilter) -> String {
        let moment = Moment { now: Clock::system().now(), random: Random::system() };
        let scope = SenderScope { sender: moment.id(), sees_copies: false };
        let page = filtered!(scope, filter).order((referrals::received_at.desc(), referrals::id.desc())).limit(21);
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
