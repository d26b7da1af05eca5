//! A date of which only the year, or only the year and the month, may be known.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::Text;

/// A date (`2022-08-15`), a month (`2022-08`) or a year (`2022`), from 1900 to 2200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(try_from = "String", into = "String")]
pub struct PartialDate {
    text: String,
    first: NaiveDate,
    last: NaiveDate,
}
crate::text_column!(PartialDate);

impl utoipa::PartialSchema for PartialDate {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"))
            .min_length(Some(4))
            .max_length(Some(10))
            .description(Some("A date, a month or a year, depending on what is known."))
            .examples(["2022-08"])
            .into()
    }
}

impl utoipa::ToSchema for PartialDate {}

impl PartialDate {
    /// Returns the first day that the partial date includes: for a month or a year, its first day.
    pub fn first_day(&self) -> NaiveDate {
        self.first
    }

    /// Returns the last day that the partial date includes: for a month or a year, its last day.
    pub fn last_day(&self) -> NaiveDate {
        self.last
    }
}

impl FromStr for PartialDate {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        days(text).map(|(first, last)| Self { text: text.to_owned(), first, last }).ok_or_else(|| {
            Text::new(
                "must be a date, a month or a year from 1900 to 2200, such as 2022-08",
                "måste vara ett datum, en månad eller ett år från 1900 till 2200, såsom 2022-08",
            )
        })
    }
}

/// Returns the first and the last day that a text such as `2022-08` includes, or `None` if the text is not a partial
/// date.
fn days(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let is_shape =
        |(index, byte): (usize, u8)| if matches!(index, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    if !matches!(text.len(), 4 | 7 | 10) || !text.bytes().enumerate().all(is_shape) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u32>().ok());
    let year = i32::try_from(part(0..4)?).ok().filter(|year| (1900..=2200).contains(year))?;
    let first = NaiveDate::from_ymd_opt(year, part(5..7).unwrap_or(1), part(8..10).unwrap_or(1))?;
    let after = match text.len() {
        4 => NaiveDate::from_ymd_opt(year + 1, 1, 1)?,
        7 if first.month() == 12 => NaiveDate::from_ymd_opt(year + 1, 1, 1)?,
        7 => NaiveDate::from_ymd_opt(year, first.month() + 1, 1)?,
        _ => first.succ_opt()?,
    };
    Some((first, after.pred_opt()?))
}

impl TryFrom<String> for PartialDate {
    type Error = Text;

    fn try_from(text: String) -> Result<Self, Text> {
        text.parse()
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> Self {
        date.text
    }
}

impl AsRef<str> for PartialDate {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_means_all_the_days_that_it_leaves_open() {
        let days = |text: &str| {
            let date: PartialDate = text.parse().unwrap();
            (date.first_day().to_string(), date.last_day().to_string())
        };
        assert_eq!(days("2024"), ("2024-01-01".into(), "2024-12-31".into()));
        assert_eq!(days("2024-02"), ("2024-02-01".into(), "2024-02-29".into()));
        assert_eq!(days("2024-12"), ("2024-12-01".into(), "2024-12-31".into()));
        assert_eq!(days("2024-02-29"), ("2024-02-29".into(), "2024-02-29".into()));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for wrong in
            ["", "22", "2022-8", "2022-13", "2023-02-29", "2022-08-", "20220815", "1899", "2022/08", "２０２２"]
        {
            assert!(wrong.parse::<PartialDate>().is_err(), "{wrong}");
        }
    }
}
