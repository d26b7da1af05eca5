//! The work of the demo's offices on its referrals: the real steps of the service, taken at times in the past. Steps that would
//! lie in the future are not taken, so younger referrals are still open, and some have waited for too long.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::audit::authorship::RecordKey;
use crate::audit::{self, Actor, Entry};
use crate::db::DbConn;
use crate::demo::chance::Chance;
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::http::body;
use crate::id::{OfficeId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::referrals::course::act::Transition;
use crate::referrals::course::steps::ends::{
    Complete, DecideInquiry, Decline, EnterInError, MarkDuplicate, RecordFamilyDeclined, RecordNotReached, Reopen,
    WithdrawConsent,
};
use crate::referrals::course::steps::feedback::{RefuseFeedback, SendFeedback};
use crate::referrals::course::steps::work::{
    Accept, AssessProtection, Assign, ExtendDeadline, Hold, LogAttempt, Redirect, RequestInformation, Resume, Start,
    SupplyInformation,
};
use crate::referrals::course::steps::{self, ReferralStep, StepSetting};
use crate::referrals::course::table::Caller;
use crate::referrals::{Kind, Referral, Status, disclosure};
use crate::time::Timestamp;
use crate::vault::Vault;

/// Takes the steps on all referrals in `received`, on each up to the present time.
pub fn work(
    conn: &mut DbConn,
    vault: &Vault,
    directory: &Directory,
    mut received: Vec<Referral>,
    moment: &Moment,
) -> Result<()> {
    let mut chance = Chance::new(20_250_701);
    let offices = ["skaggetorp", "mottagning-barn-unga"]
        .map(|slug| directory.offices.iter().find(|office| office.slug.as_ref() == slug).map(|office| office.id));
    let [Some(base), Some(reception)] = offices else { return Err(Error::internal("the demo has two offices")) };
    received.sort_by_key(|referral| referral.received_at);
    let workers = (0..6).map(|_| Moment { now: moment.now, random: chance.random() }.id()).collect();
    let mut desk =
        DemoDesk { conn, vault, directory, moment, chance, offices: [base, reception], workers, standing: None };
    for referral in received {
        let by = desk.chance.one_of(&desk.workers);
        let matter = Matter { at: referral.received_at.utc(), by, referral };
        match matter.referral.kind {
            Kind::ConcernReport => desk.report(matter)?,
            _ => desk.request(matter)?,
        }
    }
    Ok(())
}

/// A referral in work, the time of its last step (at first, of its receipt), and the member of staff who works on it.
struct Matter {
    referral: Referral,
    at: DateTime<Utc>,
    by: StaffId,
}

impl Matter {
    /// The date, as JSON, `days` days after the last step.
    fn day(&self, days: i64) -> Value {
        json!((self.at + Duration::days(days)).date_naive())
    }
}

struct DemoDesk<'a> {
    conn: &'a mut DbConn,
    vault: &'a Vault,
    directory: &'a Directory,
    moment: &'a Moment,
    chance: Chance,
    /// The two offices of the demo, each of which redirects some referrals to the other.
    offices: [OfficeId; 2],
    workers: Vec<StaffId>,
    /// The last concern report on which an inquiry decision was made, and its office. A later report to that office can be marked
    /// as its duplicate.
    standing: Option<(OfficeId, ReferralId)>,
}

impl DemoDesk<'_> {
    /// Takes the step `S` with the request body `body`, `hours` hours and a few minutes after the last step. Returns false, and
    /// does nothing, if that would lie in the future.
    fn step<S>(&mut self, matter: &mut Matter, hours: i64, body: Value) -> Result<bool>
    where
        S: ReferralStep + serde::de::DeserializeOwned,
    {
        let minutes = i64::try_from(self.chance.below(60)).unwrap_or_default();
        let at = matter.at + Duration::minutes(hours * 60 + minutes);
        if at >= self.moment.now.utc() {
            return Ok(false);
        }
        let then = Moment { now: at.into(), random: self.moment.random.clone() };
        let caller = Caller::Staff { leads: true, qualified: true };
        let setting = StepSetting { directory: self.directory, moment: &then, by: matter.by, caller };
        let before = &matter.referral;
        let (after, said) = steps::take(body::read::<S>(body)?, before, &setting)?;
        let (actor, about) = (Actor::Staff(matter.by), vec![before.id.uuid()]);
        let key = RecordKey::of(self.vault.ring());
        let entry = Entry::new(&key, &then, actor, S::AUDITED, about, String::new()).on_behalf_of(before.office_id);
        let transition = Transition::new(S::ACTION, (before, &after), actor, &said, self.vault, &then)?;
        transition.write(self.conn)?;
        audit::record(self.conn, &entry)?;
        (matter.referral, matter.at) = (after, at);
        Ok(true)
    }

    /// Returns true at random, with a probability of `of` per cent.
    fn in_a_hundred(&mut self, of: u64) -> bool {
        self.chance.below(100) < of
    }

    fn hours(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.chance.below(u64::try_from(to - from).unwrap_or(1))).unwrap_or_default()
    }

    /// Works on a concern report: takes the assessment of protection, the inquiry decision, and the feedback to the reporter, as
    /// far as they do not lie in the future.
    fn report(&mut self, mut matter: Matter) -> Result<()> {
        let matter = &mut matter;
        if self.ends_early(matter)? {
            return Ok(());
        }
        // A few are assessed too late, and some have not been assessed yet.
        let hours = if self.in_a_hundred(6) { self.hours(26, 50) } else { self.hours(0, 20) };
        let assessment = if self.in_a_hundred(12) {
            json!({ "immediateNeed": true, "measures": "Samtal med barnet i skolan samma dag." })
        } else {
            json!({ "immediateNeed": false })
        };
        if self.in_a_hundred(2) || !self.step::<AssessProtection>(matter, hours, assessment)? {
            return Ok(());
        }
        if !self.prepares(matter)? {
            return Ok(());
        }
        if self.in_a_hundred(7) {
            let extension = json!({
                "kind": "inquiry_decision", "until": (matter.referral.received_at.utc() + Duration::days(24)).date_naive(),
                "reasonCode": self.chance.one_of(&["child_not_reachable", "illness_of_child", "awaiting_essential_information"]),
                "note": "Barnet har inte kunnat träffas.",
            });
            if !self.step::<ExtendDeadline>(matter, 24, extension)? {
                return Ok(());
            }
        }
        self.decides(matter)?;
        if matter.referral.status().is_final() && self.in_a_hundred(4) {
            let reason = json!({ "reason": "Nya uppgifter har kommit in." });
            if self.step::<Reopen>(matter, 5 * 24, reason)? {
                self.decides(matter)?;
            }
        }
        Ok(())
    }

    /// Takes the inquiry decision on a concern report, and sends feedback to the reporter or refuses it.
    fn decides(&mut self, matter: &mut Matter) -> Result<()> {
        // A few wait for a decision until it is too late.
        if self.in_a_hundred(3) {
            return Ok(());
        }
        let hours = self.hours(8, 7 * 24);
        let choice =
            self.chance.one_of(&["open_inquiry", "open_inquiry", "do_not_open", "do_not_open", "already_ongoing"]);
        let mut decision =
            json!({ "decision": choice, "rationale": "Uppgifterna har vägts samman med tidigare kända." });
        if choice != "do_not_open" {
            decision["caseReference"] = json!(format!("SN 2026-{:04} (påhittat)", self.chance.below(10_000)));
        }
        if !self.step::<DecideInquiry>(matter, hours, decision)? {
            return Ok(());
        }
        self.standing = Some((matter.referral.office_id, matter.referral.id));
        if !disclosure::learns_the_decision(&matter.referral, self.directory)
            || !matter.referral.feedback_is_requested()
        {
            return Ok(());
        }
        let hours = self.hours(2, 5 * 24);
        match self.chance.below(20) {
            0 => Ok(()),
            1 | 2 => {
                let reason = self.chance.one_of(&["harms_inquiry", "risk_to_child_or_family", "otherwise_unsuitable"]);
                let refusal = json!({ "reasonCode": reason, "note": "Prövat enligt 19 kap. 6 § socialtjänstlagen." });
                self.step::<RefuseFeedback>(matter, hours, refusal).map(drop)
            }
            _ => self.step::<SendFeedback>(matter, hours, json!({})).map(drop),
        }
    }

    /// Works on a support request: it is declined or accepted, staff try to reach the family, and support is given or not.
    fn request(&mut self, mut matter: Matter) -> Result<()> {
        let matter = &mut matter;
        if self.ends_early(matter)? || !self.prepares(matter)? {
            return Ok(());
        }
        if self.in_a_hundred(9) {
            let reason = self.chance.one_of(&["no_capacity", "outside_age", "not_our_mandate", "missing_information"]);
            let decline =
                json!({ "reasonCode": reason, "turnTo": { "text": "Familjerådgivningen tar emot utan remiss." } });
            return self.step::<Decline>(matter, 20, decline).map(drop);
        }
        let hours = self.hours(8, 40);
        if !self.step::<Accept>(matter, hours, json!({ "assigneeId": matter.by }))? {
            return Ok(());
        }
        if self.in_a_hundred(7) && matter.referral.matter.consent.is_some() {
            let withdrawal = json!({ "by": "guardian", "at": matter.day(0) });
            return self.step::<WithdrawConsent>(matter, 48, withdrawal).map(drop);
        }
        let is_lost = self.in_a_hundred(12);
        if !self.tries_to_reach(matter, is_lost)? {
            return Ok(());
        }
        if is_lost {
            // In some cases it has not been decided yet that nobody can be reached.
            if self.in_a_hundred(20) {
                return Ok(());
            }
            return self
                .step::<RecordNotReached>(matter, 24, json!({ "note": "Tre försök, sist med brev." }))
                .map(drop);
        }
        if self.in_a_hundred(13) {
            let reason =
                self.chance.one_of(&["not_wanted_now", "wants_other_help", "distrust_of_authority", "practical"]);
            return self.step::<RecordFamilyDeclined>(matter, 24, json!({ "reasonCode": reason })).map(drop);
        }
        // Some are never begun, so that their first contact is late.
        let hours = self.hours(10, 70);
        let first = json!({ "firstContactAt": Timestamp::from(matter.at + Duration::hours(hours)) });
        if self.in_a_hundred(3) || !self.step::<Start>(matter, hours, first)? || !self.waits(matter)? {
            return Ok(());
        }
        let hours = self.hours(15 * 24, 80 * 24);
        let outcome = self.chance.one_of(&[
            "support_given",
            "support_given",
            "need_resolved",
            "support_ongoing_elsewhere",
            "moved",
        ]);
        if self.step::<Complete>(matter, hours, json!({ "outcome": outcome }))? && self.in_a_hundred(4) {
            self.step::<Reopen>(matter, 9 * 24, json!({ "reason": "Familjen hörde av sig igen." }))?;
        }
        Ok(())
    }

    /// Logs the attempts to reach the family: three in vain if `is_lost`, otherwise none to two, the last of which succeeds.
    /// Returns false if one of them would lie in the future.
    fn tries_to_reach(&mut self, matter: &mut Matter, is_lost: bool) -> Result<bool> {
        let attempts = if is_lost { 3 } else { self.chance.below(3) };
        for attempt in 1..=attempts {
            let (reached, hours) = (!is_lost && attempt == attempts, self.hours(6, 30));
            let tried = json!({
                "at": Timestamp::from(matter.at + Duration::hours(hours)), "channel": self.chance.one_of(&["phone", "phone", "digital", "home_visit"]),
                "reached": reached, "note": if reached { "Bokade en tid." } else { "Ingen svarade." },
            });
            if !self.step::<LogAttempt>(matter, hours, tried)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts about every fifth referral on hold, and resumes the work on most of them. Returns whether the work goes on.
    fn waits(&mut self, matter: &mut Matter) -> Result<bool> {
        if !self.in_a_hundred(20) {
            return Ok(true);
        }
        let reason =
            self.chance.one_of(&["family_asked_to_wait", "awaiting_interpreter", "awaiting_service_start", "other"]);
        let hold = json!({ "reason": reason, "reviewOn": matter.day(20) });
        Ok(self.step::<Hold>(matter, 5 * 24, hold)?
            && !self.in_a_hundred(12)
            && self.step::<Resume>(matter, 14 * 24, json!({}))?)
    }

    /// Ends a few referrals at random, as entered in error or as duplicates. Returns whether this one has ended, or would do so
    /// in the future.
    fn ends_early(&mut self, matter: &mut Matter) -> Result<bool> {
        let hours = self.hours(1, 12);
        if self.in_a_hundred(2) {
            let reason = json!({ "reason": "Registrerad på fel barn." });
            return self.step::<EnterInError>(matter, hours, reason).map(|_| true);
        }
        let office = matter.referral.office_id;
        let standing = self.standing.filter(|(there, id)| *there == office && *id != matter.referral.id);
        match standing {
            Some((_, of)) if self.in_a_hundred(4) => {
                self.step::<MarkDuplicate>(matter, hours, json!({ "ofReferralId": of })).map(|_| true)
            }
            _ => Ok(false),
        }
    }

    /// Redirects some referrals to the other office, asks the sender of some for information, and assigns some to a member of
    /// staff. Returns whether the work goes on.
    fn prepares(&mut self, matter: &mut Matter) -> Result<bool> {
        let hours = self.hours(2, 16);
        if self.in_a_hundred(9) && !matter.referral.protected {
            let there = self.offices.into_iter().find(|office| *office != matter.referral.office_id);
            let reason = self.chance.one_of(&["lives_in_other_area", "other_service_fits", "moved"]);
            if !self.step::<Redirect>(matter, hours, json!({ "officeId": there, "reason": reason }))? {
                return Ok(false);
            }
            matter.by = self.chance.one_of(&self.workers);
        }
        if self.in_a_hundred(14) && !matter.referral.is_anonymous() {
            let question = json!({ "question": "Sedan när, och vem har ni talat med?" });
            let answer = json!({ "text": "Sedan september, enligt samtal per telefon." });
            let hours = self.hours(24, 60);
            // Some questions are never answered.
            let goes_on = self.step::<RequestInformation>(matter, 6, question)?
                && !self.in_a_hundred(8)
                && self.step::<SupplyInformation>(matter, hours, answer)?;
            if !goes_on {
                return Ok(false);
            }
        }
        if self.in_a_hundred(60) {
            return self.step::<Assign>(matter, 3, json!({ "assigneeId": matter.by }));
        }
        Ok(matter.referral.status() == Status::Received)
    }
}
