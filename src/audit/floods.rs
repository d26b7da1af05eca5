//! Floods of failed attempts: the attempts of one actor in one minute, counted, so that they cannot fill the audit.
//!
//! - The first attempts of an actor in each minute are recorded one by one, each with its action, its resource and its trace.
//! - All further ones of that minute become one record of the action `audit.attempts_summarised`. It has one identifier for each
//!   attempt: the resource that the attempt named, or an identifier of zeros if it named none. So nothing is lost but the single
//!   actions and traces, and the number of identifiers is the number of attempts.
//! - Each server counts for itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::audit::entry::{AuditOutcome, Entry};
use crate::moment::Moment;
use crate::time::Timestamp;

/// The number of attempts of one actor that are recorded one by one in each minute.
const ONE_BY_ONE: u32 = 60;
/// The largest number of attempts in one summary, since an auditor reads a record as a whole. Further attempts begin another one.
const LARGEST: usize = 10_000;
/// The largest number of full summaries that wait to be written: ten million attempts.
const MOST_WAITING: usize = 1_000;

const MINUTE: i64 = 60_000_000;

/// The failed attempts of all actors in the minute that runs, and the summaries that wait to be written.
#[derive(Default)]
pub struct Floods(Mutex<FloodCounts>);

#[derive(Default)]
struct FloodCounts {
    by_actor: HashMap<String, ActorMinute>,
    /// The summaries that are complete.
    waiting: Vec<AttemptSummary>,
    /// The number of attempts for which there was no room. Only a database that cannot be written for long leads to that.
    lost: usize,
}

/// The failed attempts of one actor in one minute.
struct ActorMinute {
    minute: i64,
    recorded: u32,
    summary: Option<AttemptSummary>,
}

/// The attempts of one actor that become one record.
pub struct AttemptSummary {
    first: Entry,
    named: Vec<Uuid>,
    outcome: AuditOutcome,
}

impl Floods {
    /// Returns the record of a failed attempt if it is one of the first of its actor in this minute. All others are added to the
    /// actor's summary.
    pub fn admit(&self, attempt: Entry) -> Option<Entry> {
        let mut counted = self.counted();
        let minute = counted.minute_of(&attempt);
        if minute.recorded < ONE_BY_ONE {
            minute.recorded += 1;
            return Some(attempt);
        }
        counted.add(attempt);
        None
    }

    /// Adds a failed attempt to the summary of its actor, because it cannot be recorded alone.
    pub fn add(&self, attempt: Entry) {
        self.counted().add(attempt);
    }

    /// Takes out the summaries that are due at `now`: those of the minutes before. `None` takes out all, when the server stops. The
    /// number beside them is of the attempts that were lost since the last time.
    pub fn due(&self, now: Option<Timestamp>) -> (Vec<AttemptSummary>, usize) {
        let mut counted = self.counted();
        let mut due = std::mem::take(&mut counted.waiting);
        let runs = |of_actor: &ActorMinute| now.is_some_and(|now| of_actor.minute >= minute_at(now));
        counted.by_actor.retain(|_, of_actor| {
            let stays = runs(of_actor);
            if !stays {
                due.extend(of_actor.summary.take());
            }
            stays
        });
        (due, std::mem::take(&mut counted.lost))
    }

    /// Puts back summaries that could not be written.
    pub fn put_back(&self, summaries: Vec<AttemptSummary>) {
        let mut counted = self.counted();
        summaries.into_iter().for_each(|summary| counted.complete(summary));
    }

    fn counted(&self) -> MutexGuard<'_, FloodCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FloodCounts {
    /// Returns the count of the actor of `attempt` in its minute. A summary of an earlier minute is complete with that.
    fn minute_of(&mut self, attempt: &Entry) -> &mut ActorMinute {
        let minute = minute_at(attempt.at());
        let fresh = || ActorMinute { minute, recorded: 0, summary: None };
        let earlier = self.by_actor.get_mut(attempt.actor()).filter(|of_actor| of_actor.minute != minute);
        if let Some(summary) = earlier.and_then(|of_actor| std::mem::replace(of_actor, fresh()).summary) {
            self.complete(summary);
        }
        self.by_actor.entry(attempt.actor().to_owned()).or_insert_with(fresh)
    }

    fn add(&mut self, attempt: Entry) {
        let named = attempt.resource_ids().first().copied().unwrap_or_default();
        let outcome = attempt.outcome;
        let of_actor = self.minute_of(&attempt);
        let summary =
            of_actor.summary.get_or_insert_with(|| AttemptSummary { first: attempt, named: Vec::new(), outcome });
        summary.named.push(named);
        if outcome == AuditOutcome::Denied {
            summary.outcome = outcome;
        }
        if summary.named.len() >= LARGEST
            && let Some(summary) = of_actor.summary.take()
        {
            self.complete(summary);
        }
    }

    fn complete(&mut self, summary: AttemptSummary) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push(summary);
        } else {
            self.lost += summary.named.len();
        }
    }
}

impl AttemptSummary {
    /// The number of attempts that are summed up.
    pub fn attempts(&self) -> usize {
        self.named.len()
    }

    /// Makes the record of the summary, at the time of `moment`.
    pub fn entry(&self, moment: &Moment) -> Entry {
        self.first.clone().summary(moment, self.named.clone(), self.outcome)
    }
}

fn minute_at(time: Timestamp) -> i64 {
    time.micros().div_euclid(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::authorship::RecordKey;
    use crate::audit::{Actor, actions};
    use crate::id::StaffId;
    use crate::time::Random;

    fn moment(seconds: i64) -> Moment {
        let now = Timestamp::from_micros(1_764_000_000_000_000 + seconds * 1_000_000).unwrap();
        Moment { now, random: Random::system() }
    }

    fn attempt(actor: u128, at: i64, named: Option<u128>) -> Entry {
        let actor = Actor::Staff(StaffId::from_uuid(Uuid::from_u128(actor)));
        let named = named.map(Uuid::from_u128).into_iter().collect();
        let (key, trace) = (RecordKey::new([7; 32]), "trace".to_owned());
        Entry::new(&key, &moment(at), actor, actions::REFERRAL_READ, named, trace).ending(AuditOutcome::Refused)
    }

    fn due(floods: &Floods, at: i64) -> Vec<usize> {
        floods.due(Some(moment(at).now)).0.iter().map(|summary| summary.named.len()).collect()
    }

    #[test]
    fn the_first_of_a_minute_are_recorded_and_the_others_counted() {
        let floods = Floods::default();
        let admitted = (0..100).filter(|_| floods.admit(attempt(1, 0, Some(7))).is_some()).count();
        assert_eq!(admitted, ONE_BY_ONE as usize);
        assert!(floods.admit(attempt(2, 0, None)).is_some(), "another actor is not touched");
        assert_eq!(due(&floods, 30), [0; 0], "the minute has not passed");
        assert!(floods.admit(attempt(1, 60, None)).is_some(), "another minute begins");
        assert_eq!(due(&floods, 60), [40]);
        assert_eq!(due(&floods, 600), [0; 0]);
    }

    #[test]
    fn a_summary_names_each_attempt_and_the_gravest_outcome() {
        let floods = Floods::default();
        floods.add(attempt(1, 0, Some(7)));
        floods.add(attempt(1, 1, None).ending(AuditOutcome::Denied));
        floods.add(attempt(1, 2, Some(7)));
        let (summaries, lost) = floods.due(None);
        assert_eq!((summaries.len(), lost), (1, 0));
        let (entry, late) = (summaries[0].entry(&moment(99)), moment(99).now);
        let expected = [Uuid::from_u128(7), Uuid::nil(), Uuid::from_u128(7)];
        assert_eq!((entry.resource_ids(), entry.outcome, entry.at()), (&expected[..], AuditOutcome::Denied, late));
        floods.put_back(summaries);
        assert_eq!(due(&floods, 0), [3], "what could not be written is not lost");
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let floods = Floods::default();
        let of_one = || AttemptSummary {
            first: attempt(1, 0, None),
            named: vec![Uuid::nil(); 3],
            outcome: AuditOutcome::Refused,
        };
        floods.put_back((0..MOST_WAITING + 2).map(|_| of_one()).collect());
        let (waiting, lost) = floods.due(None);
        assert_eq!((waiting.len(), lost), (MOST_WAITING, 6));
        (0..=LARGEST).for_each(|_| floods.add(attempt(1, 0, None)));
        assert_eq!(due(&floods, 0), [LARGEST], "a full summary does not wait for the end of the minute");
        assert_eq!(due(&floods, 60), [1]);
    }
}
