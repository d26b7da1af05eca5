//! What is there after a crash, seen from outside and from inside.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use diesel::prelude::*;
use nara::db::columns::Json;
use nara::db::connection::Purpose;
use nara::db::schema::{audit_records, referrals};
use nara::db::{DbConn, Target};
use nara::id::ReferralId;

use super::client::{Caller, Request};
use super::report;

/// How many callers look at once.
const CALLERS: usize = 16;

/// How many of these referrals their sender does not get.
pub fn missing(server: SocketAddr, partner_key: &str, ids: &[String]) -> usize {
    let there = |caller: &mut Caller, id: &String| {
        let path = format!("{}/{id}", report::PATH);
        let answer = caller.ask(&Request::get(&path, Some(("x-api-key", partner_key)))).expect("the server answers");
        answer.status == 200 && report::id_in(&answer.body) == *id
    };
    let look = |ids: &[String]| {
        let mut caller = Caller::connect(server).expect("the server listens");
        ids.iter().filter(|id| !there(&mut caller, id)).count()
    };
    let look = &look;
    std::thread::scope(|scope| {
        let parts = ids.chunks(ids.len().div_ceil(CALLERS).max(1));
        let lookers: Vec<_> = parts.map(|part| scope.spawn(move || look(part))).collect();
        lookers.into_iter().map(|looker| looker.join().expect("looking does not fail")).sum()
    })
}

/// What the database holds.
pub struct Stored {
    pub referrals: HashSet<String>,
    /// How often each was recorded as received.
    records: HashMap<String, usize>,
}

impl Stored {
    pub fn read(target: &Target) -> Self {
        let mut conn = target.connect(Purpose::Reading).expect("the database is there");
        let ids: Vec<ReferralId> =
            referrals::table.select(referrals::id).load(&mut conn).expect("referrals can be read");
        let received = audit_records::table.filter(audit_records::action.eq("referral.received"));
        let received = received.select(audit_records::resource_ids);
        let received: Vec<Json<Vec<String>>> = received.load(&mut conn).expect("the audit can be read");
        let mut records = HashMap::new();
        for id in received.into_iter().flat_map(|ids| ids.0) {
            *records.entry(id).or_default() += 1;
        }
        Self { referrals: ids.iter().map(ToString::to_string).collect(), records }
    }

    /// Referrals without exactly one record of their receipt, and records without their referral.
    pub fn half_done(&self) -> usize {
        let unrecorded = self.referrals.iter().filter(|id| self.records.get(*id) != Some(&1)).count();
        unrecorded + self.records.keys().filter(|id| !self.referrals.contains(*id)).count()
    }

    /// How many of these are not there.
    pub fn lacking(&self, ids: &HashSet<String>) -> usize {
        ids.difference(&self.referrals).count()
    }
}

/// Whether SQLite finds its own file sound. PostgreSQL was not killed.
pub fn is_sound(target: &Target) -> bool {
    #[derive(QueryableByName)]
    struct Finding {
        #[diesel(sql_type = diesel::sql_types::Text)]
        integrity_check: String,
    }
    match target.connect(Purpose::Reading).expect("the database is there") {
        DbConn::Postgres(_) => true,
        DbConn::Sqlite(mut conn) => {
            let findings: Vec<Finding> =
                diesel::sql_query("PRAGMA integrity_check").load(&mut conn).expect("it can be checked");
            findings.iter().all(|finding| finding.integrity_check == "ok")
        }
    }
}
