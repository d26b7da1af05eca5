//! What is there after a crash, seen from outside and from inside.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use diesel::prelude::*;
use nara::db::columns::Json;
use nara::db::connection::Purpose;
use nara::db::schema::{audit_records, outreach_contacts, referral_events, referrals};
use nara::db::{DbConn, Target};
use nara::id::{OutreachContactId, ReferralId};

use super::client::{Caller, Request};
use super::report;
use super::writes::Acknowledged;

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
#[derive(Default)]
pub struct Stored {
    /// The version of each referral.
    referrals: HashMap<String, i32>,
    contacts: HashSet<String>,
    /// The versions that steps have made.
    steps: HashSet<(String, i32)>,
    /// How many records there are of something, by the action.
    records: HashMap<&'static str, HashMap<String, usize>>,
}

const RECEIVED: &str = "referral.received";
const ASSESSED: &str = "referral.protection_assessed";
const CREATED: &str = "outreach_contact.created";

impl Stored {
    pub fn read(target: &Target) -> Self {
        let mut conn = target.connect(Purpose::Reading).expect("the database is there");
        let versions: Vec<(ReferralId, i32)> = referrals::table
            .select((referrals::id, referrals::version))
            .load(&mut conn)
            .expect("referrals can be read");
        let contacts: Vec<OutreachContactId> =
            outreach_contacts::table.select(outreach_contacts::id).load(&mut conn).expect("contacts can be read");
        let steps = referral_events::table.select((referral_events::referral_id, referral_events::version));
        let steps: Vec<(ReferralId, i32)> = steps.load(&mut conn).expect("events can be read");
        let records = [RECEIVED, ASSESSED, CREATED].map(|action| {
            let about = audit_records::table.filter(audit_records::action.eq(action));
            let about: Vec<Json<Vec<String>>> =
                about.select(audit_records::resource_ids).load(&mut conn).expect("the audit can be read");
            let mut counts = HashMap::new();
            for id in about.into_iter().flat_map(|ids| ids.0) {
                *counts.entry(id).or_default() += 1;
            }
            (action, counts)
        });
        Self {
            referrals: versions.into_iter().map(|(id, version)| (id.to_string(), version)).collect(),
            contacts: contacts.iter().map(ToString::to_string).collect(),
            steps: steps.into_iter().map(|(id, version)| (id.to_string(), version)).collect(),
            records: records.into(),
        }
    }

    /// Things without exactly one record of their making and records without their thing; referrals whose version is not what
    /// their events and their records make of it.
    pub fn half_done(&self) -> usize {
        let mut events: HashMap<&str, i32> = HashMap::new();
        for (id, _) in &self.steps {
            *events.entry(id).or_default() += 1;
        }
        let assessed = |id: &String| self.records[ASSESSED].get(id).copied().unwrap_or_default();
        let is_half = |(id, version): &(&String, &i32)| {
            let steps = events.get(id.as_str()).copied().unwrap_or_default();
            **version != steps + 1 || usize::try_from(steps) != Ok(assessed(id))
        };
        let half = self.referrals.iter().filter(is_half).count();
        half + self.unpaired(RECEIVED, self.referrals.keys()) + self.unpaired(CREATED, self.contacts.iter())
    }

    /// These without exactly one record, and records of others.
    fn unpaired<'a>(&self, action: &str, things: impl Iterator<Item = &'a String>) -> usize {
        let (mut paired, mut alone) = (0, 0);
        for id in things {
            match self.records[action].get(id) {
                Some(1) => paired += 1,
                Some(_) => {
                    paired += 1;
                    alone += 1;
                }
                None => alone += 1,
            }
        }
        alone + self.records[action].len() - paired
    }

    /// How much of what was acknowledged is not there.
    pub fn lacking(&self, acknowledged: &Acknowledged) -> usize {
        let Acknowledged { referrals, contacts, steps } = acknowledged;
        referrals.iter().filter(|id| !self.referrals.contains_key(*id)).count()
            + contacts.iter().filter(|id| !self.contacts.contains(*id)).count()
            + steps.iter().filter(|step| !self.steps.contains(*step)).count()
    }

    /// How much more there is than before and than what was acknowledged since.
    pub fn beyond(&self, before: &Self, new: &Acknowledged) -> usize {
        let all = |stored: &Self| stored.referrals.len() + stored.contacts.len() + stored.steps.len();
        all(self).saturating_sub(all(before) + new.referrals.len() + new.contacts.len() + new.steps.len())
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
