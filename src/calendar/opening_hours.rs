//! The opening hours of an office: whether it is open at an instant, when that changes, and its hours on each day.
//!
//! Hours are written in OpenStreetMap's `opening_hours` syntax and read by the wall clock of the
//! municipality's [`Calendar`]:
//!
//! - `PH` means the public holidays and the eves that lag (1930:173) treats like them. `PH -1 day` means the day before
//!   each of them: Maundy Thursday, Walpurgis Night and Epiphany Eve, but also 23 and 30 December.
//! - Hours belong to the day on which they begin, also after midnight. `Fr 22:00-02:00; Sa off` is open until two
//!   o'clock in the night to Saturday. The specification is followed in everything else. It would let the rule for
//!   Saturday cut off the night before it, but people who write opening hours do not expect that.
//! - When summer time ends, some local times occur twice. Such a time in the hours means its first occurrence. When
//!   summer time begins, some local times are skipped. Such a time in the hours means the moment of the change. So `Sa
//!   22:00-04:00` is an hour longer in October and an hour shorter in March.
//! - Unknown is not closed. Whether an office is open is unknown if no hours are stated, or if they are stated as
//!   `unknown`. If rules overlap after midnight, open wins over unknown.
//! - Changes of the state that are more than [`HORIZON_DAYS`] days ahead are left out of the answers.
//!
//! The crate `opening-hours` is asked only for the hours of single days in local time. Its own conversion of local
//! times to instants is not used: if a time occurs twice in October, that conversion takes the later one, and hours
//! that end at two would last an hour too long.

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

/// The number of days ahead in which the next opening or closing is looked for. Seasons recur within a year, so more
/// days would find nothing new.
const HORIZON_DAYS: u64 = 400;

/// The largest number of changes of state that are prepared for one text of opening hours. Ordinary hours have about a
/// thousand changes in a year.
const MAX_CHANGES: usize = 20_000;

const MINUTES_A_DAY: u16 = 24 * 60;

/// Whether an office is open at a certain time, and when that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenState {
    /// Whether the office is open at that time. Null if that is unknown.
    ///
    /// @x-nullable true
    #[schema(required)]
    pub open_now: Option<bool>,
    /// When the office closes, or when its hours become unknown. Absent unless the office is open and such a change is
    /// known within 400 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-23T15:30:00Z")]
    pub closes_at: Option<DateTime<Utc>>,
    /// When the office opens next. Absent unless the office is closed and is known to open within 400 days.
    ///
    /// @x-example-omit true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-24T07:00:00Z")]
    pub opens_at: Option<DateTime<Utc>>,
}

impl OpenState {
    /// Returns the state of an office whose hours are unknown: all three fields are `None`.
    pub fn unknown() -> Self {
        Self { open_now: None, closes_at: None, opens_at: None }
    }

    fn open(closes_at: Option<DateTime<Utc>>) -> Self {
        Self { open_now: Some(true), closes_at, opens_at: None }
    }

    fn closed(opens_at: Option<DateTime<Utc>>) -> Self {
        Self { open_now: Some(false), closes_at: None, opens_at }
    }

    /// Leaves out changes that are more than `HORIZON_DAYS` days after `at`, so that the answer is the same whether it
    /// was prepared or not.
    fn as_seen_at(self, at: DateTime<Utc>) -> Self {
        let near = |change: &DateTime<Utc>| *change - at <= TimeDelta::days(HORIZON_DAYS.cast_signed());
        Self { closes_at: self.closes_at.filter(near), opens_at: self.opens_at.filter(near), ..self }
    }
}

/// The opening hours of an office that begin on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayHours {
    /// The date of the day, in the municipality's time zone.
    #[schema(example = "2026-11-23")]
    pub date: NaiveDate,
    /// The name of the holiday or eve on this day, such as New Year's Day or Maundy Thursday. Absent for all other
    /// days.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holiday: Option<Bilingual>,
    /// The intervals that begin on this day and in which the office is open or may be open. An interval that goes on
    /// after midnight belongs only to the day on which it began.
    pub intervals: Vec<Interval>,
}

/// An unbroken interval of opening hours, from an opening to a closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Interval {
    /// When the interval begins and the office opens.
    #[schema(example = "2026-11-23T07:00:00Z")]
    pub opens_at: DateTime<Utc>,
    /// When the interval ends and the office closes.
    #[schema(example = "2026-11-23T15:30:00Z")]
    pub closes_at: DateTime<Utc>,
    /// True if it is unknown whether the office is open in this interval. Otherwise absent.
    ///
    /// @example false
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
}

/// The states that opening hours can give an office, in the order of their priority: where intervals overlap, the state
/// that is listed later here wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum HoursState {
    Closed,
    Unknown,
    Open,
}

impl From<RuleKind> for HoursState {
    fn from(kind: RuleKind) -> Self {
        match kind {
            RuleKind::Open => Self::Open,
            RuleKind::Closed => Self::Closed,
            RuleKind::Unknown => Self::Unknown,
        }
    }
}

/// An interval of a day's opening hours in one state. `start` and `end` are minutes after the local midnight at which
/// that day begins. `end` can lie in the next day.
struct Piece {
    start: u16,
    end: u16,
    state: HoursState,
}

#[derive(Debug, Clone, Copy)]
struct HoursChange {
    at: DateTime<Utc>,
    state: HoursState,
}

/// Prepared answers of [`OpeningHours::state_at`] for all instants from the first answer's until `until`.
#[derive(Debug, Clone)]
struct Timeline {
    until: DateTime<Utc>,
    /// Each answer with the instant from which it holds, in the order of these instants. An answer holds until the
    /// instant of the next one.
    answers: Vec<(DateTime<Utc>, OpenState)>,
}

/// The opening hours of one office, as read from their text and evaluated with the municipality's calendar.
#[derive(Debug, Clone)]
pub struct OpeningHours {
    expressions: Expressions,
    calendar: Calendar,
    timeline: Option<Timeline>,
}

impl OpeningHours {
    /// Reads opening hours from a text in OpenStreetMap's `opening_hours` syntax. `calendar` has the time zone and the
    /// holidays that `PH` means.
    pub fn parse(text: &str, calendar: &Calendar) -> Result<Self, HoursError> {
        let expressions = Expressions::parse(text, calendar)?;
        Ok(Self { expressions, calendar: calendar.clone(), timeline: None })
    }

    /// Returns these hours with prepared answers from the start of the day `from` to the start of the day `to`, so that
    /// a question about these days takes a binary search. Hours that change more than `MAX_CHANGES` times are not
    /// prepared, and questions about them are slower.
    pub fn prepared(self, from: NaiveDate, to: NaiveDate) -> Self {
        let beyond = to.checked_add_days(Days::new(HORIZON_DAYS + 2)).unwrap_or(to);
        let changes: Vec<_> = self.changes(from, beyond).take(MAX_CHANGES + 1).collect();
        let until = self.calendar.start_of_day(to);
        let fits = from < to && changes.len() <= MAX_CHANGES;
        Self { timeline: fits.then(|| Timeline::new(&changes, until)), ..self }
    }

    /// Returns whether the office is open at the instant `at`, and when that changes.
    pub fn state_at(&self, at: DateTime<Utc>) -> OpenState {
        let prepared = self.timeline.as_ref().and_then(|timeline| timeline.state_at(at));
        prepared.unwrap_or_else(|| self.work_out(at)).as_seen_at(at)
    }

    /// Returns the opening hours of each day from `from` to `to`, both days included.
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
            unknown: piece.state == HoursState::Unknown,
        };
        let intervals = self.pieces(date).into_iter().map(interval);
        // Opening hours that lie wholly in the hour that is skipped in March do not exist.
        intervals.filter(|interval| interval.opens_at < interval.closes_at).collect()
    }

    /// Works out the state at the instant `at` from the hours of the days that follow, without prepared answers.
    fn work_out(&self, at: DateTime<Utc>) -> OpenState {
        let today = self.calendar.local_date(at);
        let beyond = today.checked_add_days(Days::new(HORIZON_DAYS + 2)).unwrap_or(today);
        let mut now = HoursState::Closed;
        for change in self.changes(today, beyond) {
            if change.at <= at {
                now = change.state;
                continue;
            }
            match (now, change.state) {
                (HoursState::Open, _) => return OpenState::open(Some(change.at)),
                (HoursState::Closed, HoursState::Open) => return OpenState::closed(Some(change.at)),
                (HoursState::Closed, _) => {}
                (HoursState::Unknown, _) => break,
            }
        }
        match now {
            HoursState::Open => OpenState::open(None),
            HoursState::Closed => OpenState::closed(None),
            HoursState::Unknown => OpenState::unknown(),
        }
    }

    /// Returns the state at the start of the day `from`, as the first change, and then all changes of state until the
    /// start of the day `to`.
    fn changes(&self, from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = HoursChange> {
        let days = from.iter_days().take_while(move |date| *date < to);
        let mut all = days.flat_map(|date| self.changes_on(date)).peekable();
        let mut last = None;
        std::iter::from_fn(move || {
            loop {
                let change = all.next()?;
                // A state that lies wholly in the hour that is skipped in March has no duration.
                let lasts = all.peek().is_none_or(|next| next.at > change.at);
                if lasts && last.replace(change.state) != Some(change.state) {
                    return Some(change);
                }
            }
        })
    }

    /// Returns the state at the start of a day and the changes of state during that day. Two changes in a row may have
    /// the same state.
    fn changes_on(&self, date: NaiveDate) -> Vec<HoursChange> {
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
            covering.map(|piece| piece.state).max().unwrap_or(HoursState::Closed)
        };
        minutes
            .into_iter()
            .map(|minute| HoursChange { at: self.instant(date, minute), state: state_at(minute) })
            .collect()
    }

    /// Returns the intervals of opening hours that begin on a day, except closed ones. An interval that goes on after
    /// midnight is joined to the one before midnight.
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

/// Returns the intervals that an expression has on a date, except closed ones, with `later` minutes added to their
/// start and end.
fn schedule(expression: &Expression, date: NaiveDate, later: u16) -> impl Iterator<Item = Piece> {
    let ranges = expression.schedule_at(date).into_iter().filter(|range| range.kind != RuleKind::Closed);
    ranges.map(move |range| Piece {
        start: range.range.start.mins_from_midnight() + later,
        end: range.range.end.mins_from_midnight() + later,
        state: range.kind.into(),
    })
}

impl Timeline {
    /// Prepares the answers from the first change until `until`. Changes after `until` are used only as the next
    /// opening or closing.
    fn new(changes: &[HoursChange], until: DateTime<Utc>) -> Self {
        let (mut next_change, mut next_opening) = (None, None);
        let mut answers = Vec::new();
        for change in changes.iter().rev() {
            let answer = match change.state {
                HoursState::Open => OpenState::open(next_change),
                HoursState::Closed => OpenState::closed(next_opening),
                HoursState::Unknown => OpenState::unknown(),
            };
            next_change = Some(change.at);
            if change.state == HoursState::Open {
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
