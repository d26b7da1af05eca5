//! Referrals as they lie there after years: most at their end, some under way, and a few overdue. Nobody in them is real.

use chrono::TimeDelta;
use diesel::prelude::*;
use nara::auth::Category;
use nara::db::schema::referrals;
use nara::db::{DbConn, in_transaction};
use nara::directory::Directory;
use nara::error::{Problem, Result};
use nara::id::{OfficeId, PartnerId, ReferralId};
use nara::moment::Moment;
use nara::on_backend;
use nara::referrals::Referral;
use nara::referrals::course::clocks;
use nara::referrals::course::steps::ends::DecideInquiry;
use nara::referrals::course::steps::feedback::SendFeedback;
use nara::referrals::course::steps::work::AssessProtection;
use nara::referrals::course::steps::{self, ReferralStep, StepSetting};
use nara::referrals::course::table::Caller;
use nara::referrals::reference::Reference;
use nara::referrals::store::SealedReferral;
use nara::time::{Clock, Random, Timestamp};
use nara::vault::Vault;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::report;

/// So many are written at once.
const AT_ONCE: usize = 100;
/// One of so many is under way still.
const UNDER_WAY: u32 = 33;

/// Makes them.
pub struct Matters {
    vault: Vault,
    offices: Vec<OfficeId>,
    /// Whose callers are measured.
    home: OfficeId,
    moment: Moment,
    received: Referral,
    ended: Referral,
    /// How many there are.
    made: u64,
    /// Those of the office that is measured.
    pub at_home: Vec<ReferralId>,
}

impl Matters {
    pub fn new(directory: &Directory, vault: &Vault, sender: (PartnerId, Category), home: OfficeId) -> Self {
        let moment = Moment { now: Clock::system().now(), random: Random::system() };
        let new = serde_json::from_str(&report::body()).expect("the report is one");
        let received = Referral::receive(new, sender, None, directory, &moment).expect("the report is received");
        let setting = StepSetting {
            directory,
            moment: &moment,
            by: moment.id(),
            caller: Caller::Staff { leads: true, qualified: true },
        };
        let assessed = take::<AssessProtection>(&received, &setting, json!({ "immediateNeed": false }));
        let decision = json!({ "decision": "open_inquiry", "rationale": "Uppgifterna tyder på behov av stöd." });
        let decided = take::<DecideInquiry>(&assessed, &setting, decision);
        let ended = take::<SendFeedback>(&decided, &setting, json!({}));
        let offices = directory.offices.iter().map(|office| office.id).collect();
        Self { vault: vault.clone(), offices, home, moment, received, ended, made: 0, at_home: Vec::new() }
    }

    /// Writes so many more, without any record of who did.
    pub fn fill(&mut self, conn: &mut DbConn, count: usize) {
        let rows: Vec<SealedReferral> = (0..count).map(|_| self.next()).collect();
        let write = |conn: &mut DbConn| rows.chunks(AT_ONCE).try_for_each(|some| insert(conn, some));
        match in_transaction(conn, &write) {
            // One that was sent while it was measured has one of these references by chance: the next are others.
            Err(error) if error.problem() == Problem::AlreadyExists => self.fill(conn, count),
            outcome => {
                outcome.expect("referrals can be inserted");
                self.at_home.extend(rows.iter().filter(|row| row.office_id == self.home).map(|row| row.id));
            }
        }
    }

    fn next(&mut self) -> SealedReferral {
        self.made += 1;
        let is_under_way = self.below(UNDER_WAY) == 0;
        let days = if is_under_way { 30 } else { 2 * 365 };
        let ago = TimeDelta::seconds(i64::from(self.below(days * 24 * 3600)));
        let received_at = Timestamp::from(self.moment.now.utc() - ago);
        let template = if is_under_way { &self.received } else { &self.ended };
        let then = Moment { now: received_at, random: self.moment.random.clone() };
        let office_id = self.offices[self.below(u32::try_from(self.offices.len()).unwrap_or(1)) as usize];
        let mut referral = Referral {
            id: then.id(),
            reference: self.reference(),
            office_id,
            disclosed_office_id: office_id,
            received_at,
            updated_at: received_at,
            disclosed_at: received_at,
            ..template.clone()
        };
        // Due within some weeks, but for some that have been overdue for a while, which is on record.
        let due = self.moment.now.utc() + TimeDelta::seconds(i64::from(self.below(30 * 24 * 3600)) - 3 * 24 * 3600);
        for deadline in referral.deadlines.iter_mut().filter(|deadline| deadline.met_at.is_none()) {
            deadline.due_at = due;
            deadline.marked_at = Some(self.moment.now.utc()).filter(|now| due < *now);
        }
        referral.next_due_at = clocks::next_due(&referral);
        let sealed = SealedReferral::new(&referral, &self.vault, &self.moment.random).expect("it can be sealed");
        // Each is about another child, of whom only the hash of the number differs.
        SealedReferral { child_number_hash: Some(self.moment.random.bytes::<32>().to_vec()), ..sealed }
    }

    /// Among a million, references by chance would meet.
    fn reference(&self) -> Reference {
        let number = self.made;
        Reference::new(&Random::new(move |bytes| {
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::try_from((number >> (at * 5)) & 31).unwrap_or_default();
            }
        }))
    }

    fn below(&self, end: u32) -> u32 {
        u32::from_be_bytes(self.moment.random.bytes()) % end
    }
}

fn take<S: ReferralStep + DeserializeOwned>(before: &Referral, setting: &StepSetting<'_>, body: Value) -> Referral {
    let step: S = serde_json::from_value(body).expect("the body is right");
    steps::take(step, before, setting).expect("the step is allowed").0
}

fn insert(conn: &mut DbConn, rows: &[SealedReferral]) -> Result<()> {
    let values = rows.iter().map(|row| nara::binding::coded(conn, row)).collect::<Result<Vec<_>>>()?;
    on_backend!(conn, conn => diesel::insert_into(referrals::table).values(values).execute(conn))?;
    Ok(())
}
