//! What somebody would remember of a referral who was there each time.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Stockholm;
use serde_json::{Value, json};

use crate::referral_cells::table::{Situation, action};

/// The two offices between which referrals go.
pub const OFFICES: usize = 2;

/// Days of the tests' time that are not worked, weekends apart.
const FREE: [(i32, u32, u32); 9] = [
    (2026, 12, 24),
    (2026, 12, 25),
    (2026, 12, 31),
    (2027, 1, 1),
    (2027, 1, 6),
    (2027, 3, 26),
    (2027, 3, 29),
    (2027, 5, 6),
    (2027, 6, 25),
];

pub fn local_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Stockholm).date_naive()
}

fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let midnight = (day + Days::new(1)).and_time(NaiveTime::MIN);
    Stockholm.from_local_datetime(&midnight).unwrap().to_utc()
}

fn is_worked(day: NaiveDate) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    !weekend && !FREE.contains(&(day.year(), day.month(), day.day()))
}

fn rolled(day: NaiveDate) -> NaiveDate {
    if is_worked(day) { day } else { rolled(day + Days::new(1)) }
}

fn working_days_after(day: NaiveDate, count: usize) -> NaiveDate {
    (0..count).fold(day, |day, _| rolled(day + Days::new(1)))
}

/// A deadline.
#[derive(Debug, Clone)]
pub struct Clock {
    pub kind: &'static str,
    pub due: DateTime<Utc>,
    pub rolled: Option<DateTime<Utc>>,
    pub met: Option<DateTime<Utc>>,
    /// Whether a server has recorded that it is overdue.
    marked: bool,
}

impl Clock {
    fn by_day(kind: &'static str, last: NaiveDate) -> Self {
        Self { kind, due: end_of(last), rolled: Some(end_of(rolled(last))), met: None, marked: false }
    }

    fn by_moment(kind: &'static str, due: DateTime<Utc>) -> Self {
        Self { kind, due, rolled: None, met: None, marked: false }
    }
}

/// A referral, as it is remembered.
#[derive(Debug, Clone)]
pub struct Memory {
    pub id: Value,
    pub kind: &'static str,
    pub sender: &'static str,
    /// Whether the family lets the sender know how it goes.
    pub outcome: bool,
    pub office: usize,
    pub state: &'static str,
    pub was: Option<&'static str>,
    pub assignee: Value,
    pub version: usize,
    /// The entity tags of its versions.
    pub etags: Vec<String>,
    pub history: Vec<Value>,
    pub clocks: Vec<Clock>,
    /// Whether the reporter wants to know of the decision.
    pub asked: bool,
    redirected: bool,
    attempts: usize,
    assessed: bool,
    told: bool,
    refused: bool,
    decided: Option<(&'static str, DateTime<Utc>)>,
    withdrawn_by_sender: bool,
}

/// What was done, by whom and when, and the state that it has led to.
pub struct Done {
    pub act: &'static str,
    pub body: Value,
    pub by: String,
    pub at: DateTime<Utc>,
    pub to: &'static str,
}

impl Memory {
    pub fn received(id: Value, kind: &'static str, sender: &'static str, at: DateTime<Utc>) -> Self {
        let clocks = if kind == "concern_report" {
            let protection = Clock::by_moment("protection_assessment", at + TimeDelta::hours(24));
            vec![protection, Clock::by_day("inquiry_decision", local_day(at) + Days::new(14))]
        } else {
            Vec::new()
        };
        Self {
            id,
            kind,
            sender,
            outcome: false,
            office: 0,
            state: "received",
            was: None,
            assignee: Value::Null,
            version: 1,
            etags: Vec::new(),
            history: Vec::new(),
            clocks,
            asked: false,
            redirected: false,
            attempts: 0,
            assessed: false,
            told: false,
            refused: false,
            decided: None,
            withdrawn_by_sender: false,
        }
    }

    pub fn is_open(&self) -> bool {
        ["received", "information_requested", "accepted", "in_progress", "on_hold"].contains(&self.state)
    }

    /// Whether the law lets the sender learn what was decided.
    pub fn learns_the_decision(&self) -> bool {
        self.kind == "concern_report" && ["school", "healthcare"].contains(&self.sender)
    }

    /// The decision that stands.
    pub fn decision(&self) -> Option<&'static str> {
        self.decided.filter(|_| ["handed_over", "closed_no_inquiry"].contains(&self.state)).map(|(choice, _)| choice)
    }

    /// The situation as the table knows it.
    pub fn situation(&self) -> Situation {
        let movable = |clock: &&Clock| ["inquiry_decision", "first_contact", "review"].contains(&clock.kind);
        let fails = [
            ("assessed", !self.assessed),
            ("three attempts", self.attempts < 3),
            ("a clock runs", !self.running().any(|clock| movable(&clock))),
            ("the sender is entitled", !self.learns_the_decision()),
            ("not told yet", self.told),
        ];
        let lacks = fails.into_iter().filter(|(_, fails)| *fails).map(|(guard, _)| guard).collect();
        let (kind, sender, state, was) = (self.kind, self.sender, self.state, self.was);
        Situation { kind, sender, path: Vec::new(), state, was, lacks, principal: false }
    }

    /// The deadlines that run: at the end of a matter nothing does, but the feedback on a decision.
    pub fn running(&self) -> impl Iterator<Item = &Clock> {
        let runs = |clock: &&Clock| clock.met.is_none() && self.runs(clock.kind);
        self.clocks.iter().filter(runs)
    }

    fn runs(&self, kind: &str) -> bool {
        if kind == "feedback" { self.decision().is_some() } else { self.is_open() }
    }

    /// The kind of a deadline that can be moved.
    pub fn movable(&self) -> Option<&Clock> {
        self.running().find(|clock| ["inquiry_decision", "first_contact", "review"].contains(&clock.kind))
    }

    /// The deadlines as an answer tells them.
    pub fn told_clocks(&self, now: DateTime<Utc>) -> Vec<Value> {
        let tell = |clock: &Clock| {
            let overdue = clock.met.is_none() && self.runs(clock.kind) && clock.due < now;
            json!([clock.kind, clock.due, clock.rolled, clock.met, overdue])
        };
        let mut told: Vec<Value> = self.clocks.iter().map(tell).collect();
        told.sort_by_key(Value::to_string);
        told
    }

    /// Where it stands, as the sender sees it.
    pub fn disclosed(&self) -> &'static str {
        if self.kind == "concern_report" {
            return if self.state == "information_requested" { "information_requested" } else { "received" };
        }
        match self.state {
            "information_requested" => "information_requested",
            "withdrawn" if self.withdrawn_by_sender => "withdrawn",
            "withdrawn" | "duplicate" | "entered_in_error" => "handled",
            "received" if self.redirected && self.outcome => "redirected",
            "received" => "received",
            "in_progress" if self.outcome => "started",
            state if self.outcome => state,
            _ if self.is_open() => "received",
            _ => "handled",
        }
    }

    fn meet(&mut self, kind: &str, at: DateTime<Utc>) {
        let unmet = self.clocks.iter_mut().filter(|clock| clock.kind == kind && clock.met.is_none());
        unmet.for_each(|clock| clock.met = Some(at));
    }

    fn set(&mut self, clock: Clock) {
        self.clocks.retain(|known| known.kind != clock.kind);
        self.clocks.push(clock);
    }

    /// What follows from something that was done.
    pub fn apply(&mut self, done: &Done) {
        let (what, choice) = done.act.split_once(' ').unwrap_or((done.act, ""));
        let (from, to, office, now) = (self.state, done.to, self.office, done.at);
        self.state = to;
        match what {
            "assess-protection" => {
                self.assessed = true;
                self.meet("protection_assessment", now);
            }
            "assign" => self.assignee = done.body["assigneeId"].clone(),
            "accept" => {
                if !self.clocks.iter().any(|clock| clock.kind == "first_contact") {
                    let due = end_of(working_days_after(local_day(now), 5));
                    self.clocks.push(Clock::by_moment("first_contact", due));
                }
                if let Some(assignee) = done.body.get("assigneeId") {
                    self.assignee = assignee.clone();
                }
            }
            "start" => self.meet("first_contact", now),
            "log-attempt" => {
                self.attempts += 1;
                if done.body["reached"] == true {
                    self.meet("first_contact", now);
                }
            }
            "hold" => {
                self.was = Some(from);
                self.set(Clock::by_day("review", day_of(&done.body["reviewOn"])));
            }
            "decide-inquiry" => self.decide(choice_of(choice), now),
            "extend-deadline" => {
                let kind = self.movable_named(done.body["kind"].as_str().unwrap());
                self.set(Clock::by_day(kind, day_of(&done.body["until"])));
            }
            "redirect" => {
                self.redirected = true;
                self.office = self.office_after(Some(done));
                self.assignee = Value::Null;
            }
            "send-feedback" | "refuse-feedback" => {
                self.told = true;
                self.refused = what == "refuse-feedback";
                self.meet("feedback", now);
            }
            "withdraw" => self.withdrawn_by_sender = true,
            "withdraw-consent" => self.outcome = false,
            "request-feedback" => self.ask(now),
            _ => {}
        }
        if from == "on_hold" && to != "on_hold" {
            self.meet("review", now);
        }
        self.version += 1;
        let went = (what == "redirect").then_some(self.office);
        self.history.push(json!([action(done.act), from, to, done.by, now, office, went]));
    }

    /// The office that has it once this was done.
    pub fn office_after(&self, done: Option<&Done>) -> usize {
        let leaves = done.is_some_and(|done| done.act == "redirect");
        (self.office + usize::from(leaves)) % OFFICES
    }

    /// A server has recorded that the first deadline that had passed by then is overdue; each is recorded once.
    pub fn mark(&mut self, entry: &Value, what: &str) {
        let at: DateTime<Utc> = entry[4].as_str().unwrap().parse().unwrap();
        let runs = self.running().filter(|clock| !clock.marked && clock.due < at).min_by_key(|clock| clock.due);
        let kind = runs.unwrap_or_else(|| panic!("{what}: nothing was overdue: {entry}")).kind;
        let clock = self.clocks.iter_mut().find(|clock| clock.kind == kind && clock.met.is_none()).unwrap();
        clock.marked = true;
        self.version += 1;
        self.history.push(json!(["mark-overdue", self.state, self.state, "system", at, self.office, null]));
    }

    fn decide(&mut self, choice: &'static str, now: DateTime<Utc>) {
        self.decided = Some((choice, now));
        (self.told, self.refused) = (false, false);
        self.meet("inquiry_decision", now);
        if self.asked && self.learns_the_decision() {
            let last = local_day(now);
            self.set(match choice {
                "already_ongoing" => Clock::by_moment("feedback", end_of(last)),
                _ => Clock::by_day("feedback", last + Days::new(7)),
            });
        }
    }

    /// The sender asks, after it was sent, to be told of the decision.
    fn ask(&mut self, now: DateTime<Utc>) {
        self.asked = true;
        // What was refused before anybody asked is to be answered anew.
        self.told &= !std::mem::take(&mut self.refused);
        let waits = self.clocks.iter().any(|clock| clock.kind == "feedback" && clock.met.is_none());
        if self.decision().is_some() && !self.told && !waits {
            self.set(Clock::by_moment("feedback", now));
        }
    }

    fn movable_named(&self, kind: &str) -> &'static str {
        self.clocks.iter().find(|clock| clock.kind == kind).unwrap().kind
    }
}

fn choice_of(choice: &str) -> &'static str {
    ["open_inquiry", "already_ongoing", "do_not_open"].into_iter().find(|known| *known == choice).unwrap()
}

fn day_of(value: &Value) -> NaiveDate {
    value.as_str().unwrap().parse().unwrap()
}
