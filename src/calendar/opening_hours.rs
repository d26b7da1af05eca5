//! Opening hours: whether an office is open, when that changes, and what a day looks like.
//!
//! Hours are written in OpenStreetMap's `opening_hours` syntax and read by the wall clock of the
//! municipality's [`Calendar`]:
//!
//! - `PH` are the public holidays and the eves that lag (1930:173) counts with them. `PH -1 day` is the day before
//!   each of them: Maundy Thursday, Walpurgis Night and Epiphany Eve, but also 23 and 30 December.
//! - What begins on a day belongs to that day, also past midnight: `Fr 22:00-02:00; Sa off` is open until two
//!   in the night to Saturday. This is the one departure from the letter of the specification, which lets the
//!   rule for a day cut off the night before it; people who write hours do not expect that.
//! - A time that comes twice when summer time ends is its first coming; one that is skipped when it begins is
//!   the moment of the change. So `Sa 22:00-04:00` is an hour longer in October and an hour shorter in March.
//! - Unknown is not closed: the state of hours that nobody stated, or stated as `unknown`, is unknown. Where
//!   rules overlap after midnight, open wins over unknown.
//! - Changes more than [`HORIZON_DAYS`] ahead are not told.
//!
//! The crate `opening-hours` is asked about single days in local time only. Its own way to instants is not used:
//! it takes the later of two times in October, and hours that end at two would then last an hour too long.

mod syntax;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use opening_hours::RuleKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Bilingual, Calendar};
use syntax::{Expression, Expressions};

pub use syntax::HoursError;
pub use syntax::MAX_LENGTH;

/// How far ahead changes are looked for: seasons come back within a year.
const HORIZON_DAYS: u64 = 400;

/// The most changes that are kept ready for one text. Ordinary hours have about a thousand in a year.
const MAX_CHANGES: usize = 20_000;

const MINUTES_A_DAY: u16 = 24 * 60;

/// Whether an office is open at a time, and when that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenState {
    /// Whether it is open; null when nobody knows.
    ///
    /// @x-nullable true
    #[schema(required)]
    pub open_now: Option<bool>,
    /// Until when it is open. Absent while it is closed, and when it never closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-23T15:30:00Z")]
    pub closes_at: Option<DateTime<Utc>>,
    /// When it opens next. Absent while it is open, and when no opening within about a year is known.
    ///
    /// @x-example-omit true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-24T07:00:00Z")]
    pub opens_at: Option<DateTime<Utc>>,
}

impl OpenState {
    /// The state of an office whose hours nobody stated.
    pub fn unknown() -> Self {
        Self { open_now: None, closes_at: None, opens_at: None }
    }

    fn open(closes_at: Option<DateTime<Utc>>) -> Self {
        Self { open_now: Some(true), closes_at, opens_at: None }
    }

    fn closed(opens_at: Option<DateTime<Utc>>) -> Self {
        Self { open_now: Some(false), closes_at: None, opens_at }
    }

    /// Leaves out what lies beyond the horizon, so that the answer does not depend on how far somebody looked.
    fn as_seen_at(self, at: DateTime<Utc>) -> Self {
        let near = |change: &DateTime<Utc>| *change - at <= TimeDelta::days(HORIZON_DAYS.cast_signed());
        Self { closes_at: self.closes_at.filter(near), opens_at: self.opens_at.filter(near), ..self }
    }
}

/// The hours that begin on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayHours {
    /// Which day.
    #[schema(example = "2026-11-23")]
    pub date: NaiveDate,
    /// What the day is called, if it has a name.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holiday: Option<Bilingual>,
    /// When it is open. An interval that goes on after midnight belongs to the day on which it began.
    pub intervals: Vec<Interval>,
}

/// Hours without a break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Interval {
    /// When they begin.
    #[schema(example = "2026-11-23T07:00:00Z")]
    pub opens_at: DateTime<Utc>,
    /// When they end.
    #[schema(example = "2026-11-23T15:30:00Z")]
    pub closes_at: DateTime<Utc>,
    /// Present and true where it is not known whether it is open between the two.
    ///
    /// @example false
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
}

/// In the order in which they win where they overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Closed,
    Unknown,
    Open,
}

impl From<RuleKind> for State {
    fn from(kind: RuleKind) -> Self {
        match kind {
            RuleKind::Open => Self::Open,
            RuleKind::Closed => Self::Closed,
            RuleKind::Unknown => Self::Unknown,
        }
    }
}

/// Minutes after a local midnight, up to the end of the next day, in one state.
struct Piece {
    start: u16,
    end: u16,
    state: State,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    at: DateTime<Utc>,
    state: State,
}

/// The answers between two instants, worked out once.
#[derive(Debug, Clone)]
struct Timeline {
    until: DateTime<Utc>,
    /// Each with the instant from which it holds, sorted; the first begins the timeline.
    answers: Vec<(DateTime<Utc>, OpenState)>,
}

/// Opening hours that can be asked.
#[derive(Debug, Clone)]
pub struct OpeningHours {
    expressions: Expressions,
    calendar: Calendar,
    timeline: Option<Timeline>,
}

impl OpeningHours {
    /// Reads a text in OpenStreetMap's `opening_hours` syntax.
    pub fn parse(text: &str, calendar: &Calendar) -> Result<Self, HoursError> {
        let expressions = Expressions::parse(text, calendar)?;
        Ok(Self { expressions, calendar: calendar.clone(), timeline: None })
    }

    /// Works out the answers from the start of one day to the start of another, so that asking within these
    /// days is a binary search. Hours that change absurdly often stay as they are, and slower.
    pub fn prepared(self, from: NaiveDate, to: NaiveDate) -> Self {
        let beyond = to.checked_add_days(Days::new(HORIZON_DAYS + 2)).unwrap_or(to);
        let changes: Vec<_> = self.changes(from, beyond).take(MAX_CHANGES + 1).collect();
        let until = self.calendar.start_of_day(to);
        let fits = from < to && changes.len() <= MAX_CHANGES;
        Self { timeline: fits.then(|| Timeline::new(&changes, until)), ..self }
    }

    /// Whether it is open at that instant, and when that changes.
    pub fn state_at(&self, at: DateTime<Utc>) -> OpenState {
        let prepared = self.timeline.as_ref().and_then(|timeline| timeline.state_at(at));
        prepared.unwrap_or_else(|| self.work_out(at)).as_seen_at(at)
    }

    /// The hours of each day from one to another, both included.
    pub fn days(&self, from: NaiveDate, to: NaiveDate) -> Vec<DayHours> {
        let days = from.iter_days().take_while(|date| *date <= to);
        days.map(|date| DayHours {
            date,
            holiday: self.calendar.holiday(date).map(|holiday| holiday.name.clone()),
            intervals: self.intervals(date),
        })
        .collect()
    }

    fn intervals(&self, date: NaiveDate) -> Vec<Interval> {
        let interval = |piece: Piece| Interval {
            opens_at: self.instant(date, piece.start),
            closes_at: self.instant(date, piece.end),
            unknown: piece.state == State::Unknown,
        };
        let intervals = self.pieces(date).into_iter().map(interval);
        // Hours within the hour that is skipped in March never come.
        intervals.filter(|interval| interval.opens_at < interval.closes_at).collect()
    }

    /// The answer without a timeline.
    fn work_out(&self, at: DateTime<Utc>) -> OpenState {
        let today = self.calendar.local_date(at);
        let beyond = today.checked_add_days(Days::new(HORIZON_DAYS + 2)).unwrap_or(today);
        let mut now = State::Closed;
        for change in self.changes(today, beyond) {
            if change.at <= at {
                now = change.state;
                continue;
            }
            match (now, change.state) {
                (State::Open, _) => return OpenState::open(Some(change.at)),
                (State::Closed, State::Open) => return OpenState::closed(Some(change.at)),
                (State::Closed, _) => {}
                (State::Unknown, _) => break,
            }
        }
        match now {
            State::Open => OpenState::open(None),
            State::Closed => OpenState::closed(None),
            State::Unknown => OpenState::unknown(),
        }
    }

    /// The state at the start of a day and all changes until the start of another.
    fn changes(&self, from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = Change> {
        let days = from.iter_days().take_while(move |date| *date < to);
        let mut all = days.flat_map(|date| self.changes_on(date)).peekable();
        let mut last = None;
        std::iter::from_fn(move || {
            loop {
                let change = all.next()?;
                // A state within the hour that is skipped in March lasts for no time.
                let lasts = all.peek().is_none_or(|next| next.at > change.at);
                if lasts && last.replace(change.state) != Some(change.state) {
                    return Some(change);
                }
            }
        })
    }

    /// The state at the start of a day and its changes; states may repeat.
    fn changes_on(&self, date: NaiveDate) -> Vec<Change> {
        let mut pieces = Vec::new();
        if self.expressions.night.is_some() {
            let yesterday = date.pred_opt().map(|yesterday| self.pieces(yesterday)).unwrap_or_default();
            pieces.extend(yesterday.into_iter().filter(|piece| piece.end > MINUTES_A_DAY).map(|piece| Piece {
                start: piece.start.saturating_sub(MINUTES_A_DAY),
                end: piece.end - MINUTES_A_DAY,
                ..piece
            }));
        }
        pieces.extend(self.pieces(date));
        let mut minutes: Vec<_> = pieces.iter().flat_map(|piece| [piece.start, piece.end]).chain([0]).collect();
        minutes.retain(|minute| *minute < MINUTES_A_DAY);
        minutes.sort_unstable();
        minutes.dedup();
        let state_at = |minute: u16| {
            let covering = pieces.iter().filter(|piece| (piece.start..piece.end).contains(&minute));
            covering.map(|piece| piece.state).max().unwrap_or(State::Closed)
        };
        minutes.into_iter().map(|minute| Change { at: self.instant(date, minute), state: state_at(minute) }).collect()
    }

    /// What begins on a day, with what goes on after midnight joined to what came before.
    fn pieces(&self, date: NaiveDate) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let night = self.expressions.night.iter().flat_map(|night| schedule(night, date, MINUTES_A_DAY));
        for piece in schedule(&self.expressions.day, date, 0).chain(night) {
            match pieces.last_mut() {
                Some(last) if last.end == piece.start && last.state == piece.state => last.end = piece.end,
                _ => pieces.push(piece),
            }
        }
        pieces
    }

    fn instant(&self, date: NaiveDate, minute: u16) -> DateTime<Utc> {
        self.calendar.instant(date.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute.into()))
    }
}

/// What an expression says of a date, with so many minutes added.
fn schedule(expression: &Expression, date: NaiveDate, later: u16) -> impl Iterator<Item = Piece> {
    let ranges = expression.schedule_at(date).into_iter().filter(|range| range.kind != RuleKind::Closed);
    ranges.map(move |range| Piece {
        start: range.range.start.mins_from_midnight() + later,
        end: range.range.end.mins_from_midnight() + later,
        state: range.kind.into(),
    })
}

impl Timeline {
    /// From the first change on; changes after `until` only tell when something opens or closes.
    fn new(changes: &[Change], until: DateTime<Utc>) -> Self {
        let (mut next_change, mut next_opening) = (None, None);
        let mut answers = Vec::new();
        for change in changes.iter().rev() {
            let answer = match change.state {
                State::Open => OpenState::open(next_change),
                State::Closed => OpenState::closed(next_opening),
                State::Unknown => OpenState::unknown(),
            };
            next_change = Some(change.at);
            if change.state == State::Open {
                next_opening = next_change;
            }
            if change.at < until {
                answers.push((change.at, answer));
            }
        }
        answers.reverse();
        Self { until, answers }
    }

    fn state_at(&self, at: DateTime<Utc>) -> Option<OpenState> {
        let index = self.answers.partition_point(|(from, _)| *from <= at).checked_sub(1)?;
        self.answers.get(index).map(|(_, answer)| *answer).filter(|_| at < self.until)
    }
}
