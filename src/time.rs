//! Time and randomness, which a program cannot compute.
//!
//! Both are passed in, so that tests control the clock and the synthetic data of `demo` is the same each time. A
//! [`crate::moment::Moment`] carries both for one request or job.

use std::cell::RefCell;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use crate::db::sql_types::SqlTime;
use crate::error::Text;

/// The years in which a time or a date that is sent to the server may lie. Both databases can store other years, but neither sorts
/// all of them.
const YEARS: RangeInclusive<i32> = 1900..=2200;

/// An instant in UTC, to the microsecond. Both databases keep microseconds, so a time that is read from them equals the one that
/// was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = SqlTime)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// Returns the instant `micros` microseconds after the beginning of 1970; `None` if the calendar does not reach that far.
    pub fn from_micros(micros: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(micros).map(Self)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        // The conversion goes through microseconds, so that a leap second becomes the second after it, as in both databases.
        Self(DateTime::from_timestamp_micros(instant.timestamp_micros()).unwrap_or(instant))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = Text;

    /// Parses a time of RFC 3339 with any offset, from 1900 to 2200.
    fn from_str(text: &str) -> Result<Self, Text> {
        // chrono also accepts a space instead of the T. RFC 3339 leaves it to agreement, and JSON Schema's date-time does not allow it.
        let parsed = DateTime::parse_from_rfc3339(text)
            .ok()
            .filter(|_| text.as_bytes().get(10).is_some_and(|t| t.eq_ignore_ascii_case(&b'T')));
        let readable = parsed.map(|t| Self::from(t.to_utc())).filter(|t| YEARS.contains(&t.0.year()));
        readable.ok_or_else(|| {
            Text::new(
                "must be a time as in RFC 3339, such as 2026-11-21T14:30:00Z",
                "måste vara en tidpunkt enligt RFC 3339, till exempel 2026-11-21T14:30:00Z",
            )
        })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .max_length(Some(35))
            .description(Some("A time as in RFC 3339, in UTC and to the microsecond."))
            .examples(["2026-11-21T14:30:00Z"])
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

/// Functions for serde that read a date as RFC 3339 writes it, such as 2026-11-21, from 1900 to 2200. chrono alone would also read
/// years of six digits with a sign, which no database sorts among the others, and months of one digit.
pub mod day {
    use chrono::{Datelike, NaiveDate};
    use serde::{Deserialize, Deserializer, de};

    use crate::error::Text;

    /// Reads a date from a required field, as `#[serde(deserialize_with = …)]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
        parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }

    /// Reads a date from an optional field, which must also be marked with `#[serde(default)]`.
    pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse(&text)).transpose().map_err(de::Error::custom)
    }

    fn parse(text: &str) -> Result<NaiveDate, Text> {
        let written =
            text.parse().ok().filter(|day: &NaiveDate| super::YEARS.contains(&day.year()) && day.to_string() == text);
        written.ok_or_else(|| {
            Text::new(
                "must be a date from 1900 to 2200, such as 2026-11-21",
                "måste vara ett datum från 1900 till 2200, såsom 2026-11-21",
            )
        })
    }
}

type ClockSource = dyn Fn() -> DateTime<Utc> + Send + Sync;

/// A source of the current time: the machine's clock, or a clock that a test sets.
#[derive(Clone)]
pub struct Clock(Arc<ClockSource>);

impl Clock {
    /// Makes a clock that calls `tell` each time that it is asked for the time.
    pub fn new(tell: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    #[expect(clippy::disallowed_methods, reason = "This is the one place that asks the machine.")]
    pub fn system() -> Self {
        Self::new(Utc::now)
    }

    pub fn now(&self) -> Timestamp {
        (self.0)().into()
    }
}

type RandomSource = dyn Fn(&mut [u8]) + Send + Sync;

/// A source of random bytes: the operating system's, or one that a test or `demo` sets.
#[derive(Clone)]
pub struct Random(Arc<RandomSource>);

impl Random {
    /// Makes a source that calls `fill` each time that bytes are wanted.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// Makes a source of the operating system's random bytes. Each thread draws bytes in advance, since drawing a few costs as much
    /// as drawing many.
    pub fn system() -> Self {
        thread_local!(static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead { bytes: [0; 2048], left: 0 }) });
        Self::new(|wanted| AHEAD.with_borrow_mut(|ahead| ahead.fill(wanted)))
    }

    /// Returns `N` new bytes of this source.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

/// Random bytes that were drawn in advance; the first `left` of them were not given out yet.
struct Ahead {
    bytes: [u8; 2048],
    left: usize,
}

impl Ahead {
    #[expect(
        clippy::expect_used,
        reason = "Without randomness no identifier or key is safe; the system's source fails only before boot has ended."
    )]
    fn fill(&mut self, wanted: &mut [u8]) {
        const WORKS: &str = "the operating system gives random bytes";
        if wanted.len() > self.bytes.len() {
            return getrandom::fill(wanted).expect(WORKS);
        }
        if wanted.len() > self.left {
            getrandom::fill(&mut self.bytes).expect(WORKS);
            self.left = self.bytes.len();
        }
        let rest = self.left - wanted.len();
        let given = &mut self.bytes[rest..self.left];
        wanted.copy_from_slice(given);
        // The bytes may become a key, so no copy of them stays here.
        given.fill(0);
        self.left = rest;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_leap_second_is_the_second_behind_it() {
        let read = |text: &str| text.parse::<Timestamp>();
        let leap = read("2016-12-31T23:59:60.25Z").unwrap();
        assert_eq!(leap, read("2017-01-01T00:00:00.25Z").unwrap());
        assert_eq!(Timestamp::from_micros(leap.micros()), Some(leap), "the databases keep the same");
        assert!(read("2200-12-31T23:59:60Z").is_err(), "it lies in 2201");
    }

    #[derive(Deserialize)]
    struct Day {
        #[serde(deserialize_with = "day::deserialize")]
        on: chrono::NaiveDate,
    }

    #[test]
    fn a_day_has_one_spelling_and_a_year_that_databases_sort() {
        let read = |text: &str| serde_json::from_value::<Day>(serde_json::json!({ "on": text })).map(|day| day.on);
        for right in ["1900-01-01", "2026-11-21", "2200-12-31"] {
            assert_eq!(read(right).unwrap().to_string(), right);
        }
        for wrong in [
            "+262142-12-31",
            "+2026-01-1",
            "2026-1-05",
            " 2026-1-05",
            "1899-12-31",
            "2201-01-01",
            "2026-02-30",
            "-001-01-01",
            "",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_random_bytes_are_given_twice() {
        let random = Random::system();
        let seen: HashSet<[u8; 16]> = (0..1000).map(|_| random.bytes()).collect();
        assert_eq!(seen.len(), 1000);
        assert!(!seen.contains(&[0; 16]));
        let (one, other): ([u8; 3000], [u8; 3000]) = (random.bytes(), random.bytes());
        assert_ne!(one, other);
        assert!(one.chunks(20).chain(other.chunks(20)).all(|bytes| bytes.iter().any(|byte| *byte != 0)));
    }
}
