//! Days: holidays, working days, and the start and the end of a day.
//!
//! - Working days are all days except Saturdays, public holidays (every Sunday is one), Midsummer Eve, Christmas Eve and
//!   New Year's Eve: lag (1930:173) 2 §. Easter Eve, Maundy Thursday, Walpurgis Night and Epiphany Eve are days of
//!   custom and not of law. They have names, but they do not change time limits.
//! - The data has one kind for both sorts of eve. The eves of law are those in June and December.
//! - In years for which the data has no holidays, only Saturdays and Sundays are known as free days.
//!   [`Calendar::covers`] tells whether the data includes a year.
//! - When summer time ends, some local times occur twice. Such a time means its first occurrence. When summer time
//!   begins, some local times are skipped. Such a time means the moment of the change.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Bilingual;

/// The kinds of day that have a name in the almanac.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HolidayKind {
    /// A public holiday (allmän helgdag, röd dag).
    PublicHoliday,
    /// Easter Eve, Midsummer Eve, Christmas Eve or New Year's Eve.
    Eve,
    /// A day before a public holiday, such as Maundy Thursday, on which many places close early. It is an ordinary
    /// working day by law.
    DayBeforeRedDay,
}

/// A day that has a name in the almanac, such as a public holiday or an eve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    pub date: NaiveDate,
    pub name: Bilingual,
    pub kind: HolidayKind,
}

impl Holiday {
    /// Whether lag (1930:173) counts this day as a public holiday, so that it is not a working day.
    pub fn is_free_by_law(&self) -> bool {
        match self.kind {
            HolidayKind::PublicHoliday => true,
            HolidayKind::Eve => matches!(self.date.month(), 6 | 12),
            HolidayKind::DayBeforeRedDay => false,
        }
    }
}

/// The calendar of one municipality: its time zone and its holidays. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: Tz,
    /// The holidays in the order of their dates, at most one for each date.
    holidays: Arc<[Holiday]>,
}

impl Calendar {
    /// Makes the calendar of a time zone with these holidays, which may be in any order. If several of them fall on one
    /// day, a public holiday wins over an eve, and an eve over a day before a public holiday.
    pub fn new(zone: Tz, mut holidays: Vec<Holiday>) -> Self {
        holidays.sort_by_key(|holiday| (holiday.date, holiday.kind));
        holidays.dedup_by_key(|holiday| holiday.date);
        Self { zone, holidays: holidays.into() }
    }

    /// Returns all named days of the calendar, in the order of their dates.
    pub fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }

    pub fn holiday(&self, date: NaiveDate) -> Option<&Holiday> {
        let index = self.holidays.binary_search_by_key(&date, |holiday| holiday.date).ok()?;
        self.holidays.get(index)
    }

    /// Whether the holidays of the year of `date` are known: the year is between those of the first and the last known
    /// holiday, both included.
    pub fn covers(&self, date: NaiveDate) -> bool {
        match &*self.holidays {
            [] => false,
            [only] => only.date.year() == date.year(),
            [first, .., last] => (first.date.year()..=last.date.year()).contains(&date.year()),
        }
    }

    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
            && !self.holiday(date).is_some_and(Holiday::is_free_by_law)
    }

    /// Returns the day on which a time limit ends whose last day is `date`: that day, or the next working day if it is
    /// not a working day (lag 1930:173, 2 §).
    pub fn rolled(&self, date: NaiveDate) -> NaiveDate {
        date.iter_days().find(|day| self.is_working_day(*day)).unwrap_or(date)
    }

    /// Returns the day that comes `days` working days after `date`. `date` itself is not counted. For 0 days it is
    /// returned, even if it is not a working day.
    pub fn add_working_days(&self, date: NaiveDate, days: u16) -> NaiveDate {
        let later = date.iter_days().skip(1).filter(|day| self.is_working_day(*day));
        match days {
            0 => date,
            _ => later.take(days.into()).last().unwrap_or(date),
        }
    }

    /// Returns the date that the municipality's clocks show at an instant.
    pub fn local_date(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.zone).date_naive()
    }

    /// Returns the instant at which a local day is over: the midnight at which the next day begins.
    pub fn end_of_day(&self, date: NaiveDate) -> DateTime<Utc> {
        self.start_of_day(date.succ_opt().unwrap_or(date))
    }

    /// Returns the instant at which a local day begins.
    pub fn start_of_day(&self, date: NaiveDate) -> DateTime<Utc> {
        self.instant(date.and_time(NaiveTime::MIN))
    }

    /// Returns the instant that a local time means. If the time occurs twice, because summer time ends, this is its
    /// first occurrence. If the time is skipped, because summer time begins, this is the moment of the change.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        // No zone has ever skipped more than a day, and changes happen on the minute.
        let minutes = (0..=24 * 60).map(TimeDelta::minutes);
        minutes
            .filter_map(|minutes| local.checked_add_signed(minutes))
            .find_map(|time| self.zone.from_local_datetime(&time).earliest())
            .map_or_else(|| local.and_utc(), |instant| instant.to_utc())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{date, linkoping};
    use super::*;

    #[test]
    fn the_eves_of_the_law_are_free_and_those_of_custom_are_worked() {
        let calendar = linkoping();
        for free in ["2026-06-19", "2026-12-24", "2026-12-31", "2026-01-06", "2026-05-14", "2026-04-04"] {
            assert!(!calendar.is_working_day(date(free)), "{free}");
        }
        for worked in ["2026-04-02", "2026-04-30", "2026-01-05", "2026-12-23", "2026-06-18"] {
            assert!(calendar.is_working_day(date(worked)), "{worked}");
        }
    }

    #[test]
    fn the_data_marks_easter_eve_as_an_eve_which_the_law_does_not_count() {
        let calendar = linkoping();
        let free_eves = calendar.holidays().iter().filter(|h| h.kind == HolidayKind::Eve && h.is_free_by_law());
        assert_eq!(free_eves.count(), 3 * 7);
        let easter_eve = calendar.holiday(date("2026-04-04")).unwrap();
        assert_eq!((easter_eve.name.sv.as_str(), easter_eve.is_free_by_law()), ("Påskafton", false));
    }

    #[test]
    fn a_time_limit_rolls_over_a_whole_row_of_free_days() {
        let calendar = linkoping();
        for (last, rolled) in [
            ("2026-04-03", "2026-04-07"), // Good Friday, over Easter
            ("2026-06-19", "2026-06-22"), // Midsummer Eve
            ("2026-12-24", "2026-12-28"), // Christmas Eve on a Thursday
            ("2026-12-31", "2027-01-04"), // New Year's Eve on a Thursday
            ("2025-06-06", "2025-06-09"), // the national day on a Friday
            ("2026-04-02", "2026-04-02"),
        ] {
            assert_eq!(calendar.rolled(date(last)), date(rolled), "{last}");
        }
    }

    #[test]
    fn working_days_are_counted_from_the_day_after() {
        let calendar = linkoping();
        for (from, days, to) in [
            ("2026-03-31", 5, "2026-04-09"), // over Easter
            ("2026-06-15", 5, "2026-06-23"), // over Midsummer
            ("2026-12-22", 5, "2027-01-04"), // over Christmas and New Year
            ("2026-12-26", 1, "2026-12-28"),
            ("2026-12-26", 0, "2026-12-26"),
        ] {
            assert_eq!(calendar.add_working_days(date(from), days), date(to), "{from} + {days}");
        }
    }

    #[test]
    fn a_day_ends_at_local_midnight_also_when_the_clock_changes() {
        let calendar = linkoping();
        for (day, end) in [
            ("2026-01-15", "2026-01-15T23:00:00Z"),
            ("2026-03-28", "2026-03-28T23:00:00Z"),
            ("2026-03-29", "2026-03-29T22:00:00Z"),
            ("2026-10-24", "2026-10-24T22:00:00Z"),
            ("2026-10-25", "2026-10-25T23:00:00Z"),
        ] {
            assert_eq!(calendar.end_of_day(date(day)), end.parse::<DateTime<Utc>>().unwrap(), "{day}");
        }
    }

    #[test]
    fn a_time_that_comes_twice_is_its_first_coming_and_one_that_is_skipped_is_the_change() {
        let calendar = linkoping();
        for (local, instant) in [
            ("2026-03-29T01:59:00", "2026-03-29T00:59:00Z"),
            ("2026-03-29T02:00:00", "2026-03-29T01:00:00Z"),
            ("2026-03-29T02:30:00", "2026-03-29T01:00:00Z"),
            ("2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
            ("2026-10-25T02:00:00", "2026-10-25T00:00:00Z"),
            ("2026-10-25T02:59:00", "2026-10-25T00:59:00Z"),
            ("2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
        ] {
            assert_eq!(calendar.instant(local.parse().unwrap()), instant.parse::<DateTime<Utc>>().unwrap(), "{local}");
        }
    }

    #[test]
    fn the_day_turns_at_local_midnight() {
        let calendar = linkoping();
        assert_eq!(calendar.local_date("2026-07-01T21:59:59Z".parse().unwrap()), date("2026-07-01"));
        assert_eq!(calendar.local_date("2026-07-01T22:00:00Z".parse().unwrap()), date("2026-07-02"));
    }

    #[test]
    fn the_calendar_knows_which_years_it_knows() {
        let calendar = linkoping();
        assert!(calendar.covers(date("2025-01-01")) && calendar.covers(date("2031-12-31")));
        assert!(!calendar.covers(date("2024-12-31")) && !calendar.covers(date("2032-01-01")));
        assert!(!Calendar::new(chrono_tz::UTC, Vec::new()).covers(date("2026-01-01")));
    }

    #[test]
    fn nothing_panics_where_time_ends() {
        let calendar = linkoping();
        for edge in [NaiveDate::MAX, NaiveDate::MIN] {
            calendar.end_of_day(edge);
            calendar.rolled(edge);
            calendar.add_working_days(edge, 400);
        }
    }

    prop_compose! {
        fn any_day()(day in 0_i64..365 * 7) -> NaiveDate {
            date("2025-01-01") + TimeDelta::days(day)
        }
    }

    proptest! {
        #[test]
        fn a_rolled_day_is_worked_and_stays(day in any_day()) {
            let calendar = linkoping();
            let rolled = calendar.rolled(day);
            prop_assert!(rolled >= day && calendar.is_working_day(rolled));
            prop_assert_eq!(calendar.rolled(rolled), rolled);
            prop_assert!(!day.iter_days().take_while(|d| *d < rolled).any(|d| calendar.is_working_day(d)));
        }

        #[test]
        fn more_working_days_end_later(day in any_day(), days in 1_u16..60) {
            let calendar = linkoping();
            let (sooner, later) = (calendar.add_working_days(day, days - 1), calendar.add_working_days(day, days));
            prop_assert!(sooner < later && calendar.is_working_day(later));
            let tomorrow = day.succ_opt().unwrap();
            prop_assert!(later <= calendar.add_working_days(tomorrow, days));
        }

        #[test]
        fn a_day_is_the_day_from_its_start_until_its_end(day in any_day(), second in 0_i64..90_000) {
            let calendar = linkoping();
            let instant = calendar.start_of_day(day) + TimeDelta::seconds(second);
            prop_assert_eq!(calendar.local_date(instant) == day, instant < calendar.end_of_day(day));
        }
    }
}
