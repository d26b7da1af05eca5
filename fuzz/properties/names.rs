//! What stands in paths and names things: identifiers, slugs, references, times, days. One thing has one spelling.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use nara::audit::Actor;
use nara::audit::chain::Head;
use nara::error::Text;
use nara::id::{OfficeId, OfficeKind};
use nara::offices::PartialDate;
use nara::referrals::reference::Reference;
use nara::slug::{IdOrSlug, OfficeName, Slug};
use nara::time::{Timestamp, day};
use serde::Deserialize;

use super::{directory, tells_what_is_expected, text};

/// The bytes are a name of any kind.
pub fn check(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(slug) = parsed::<Slug>(text) {
        assert!(slug.as_ref() == text && text.len() <= 80 && text.parse::<OfficeId>().is_err());
    }
    if let Some(id) = parsed::<OfficeId>(text) {
        assert!(id.to_string() == text.to_ascii_lowercase() && id.made_at() <= id.made_at());
    }
    match parsed::<OfficeName>(text) {
        Some(IdOrSlug::<OfficeKind>::Id(_)) => assert_eq!(text.len(), 36),
        Some(IdOrSlug::Slug(slug)) => assert_eq!(slug.as_ref(), text),
        None => {}
    }
    if let Some(reference) = parsed::<Reference>(text) {
        assert_eq!(reference.as_ref(), text.to_ascii_uppercase());
    }
    parsed::<Actor>(text);
    if let Ok(head) = text.parse::<Head>() {
        assert!(head.seq > 0 && head.to_string().parse::<Head>() == Ok(head));
    }
    if let Some(date) = parsed::<PartialDate>(text) {
        assert!(date.as_ref() == text && date.first_day() <= date.last_day());
        assert!((1900..=2200).contains(&date.first_day().year()) && date.first_day().year() == date.last_day().year());
    }
    times(text);
}

/// What is taken is written so that it reads back as itself.
fn parsed<T: FromStr<Err = Text> + Display + PartialEq>(text: &str) -> Option<T> {
    tells_what_is_expected::<T>(text);
    let value = text.parse::<T>().ok()?;
    assert!(value.to_string().parse::<T>().is_ok_and(|again| again == value), "it does not read back");
    Some(value)
}

#[derive(Deserialize)]
struct Days {
    #[serde(deserialize_with = "day::deserialize")]
    day: NaiveDate,
    #[serde(default, deserialize_with = "day::optional")]
    maybe: Option<NaiveDate>,
}

fn times(text: &str) {
    let calendar = &directory().calendar;
    if let Some(time) = parsed::<Timestamp>(text) {
        assert_eq!(Timestamp::from_micros(time.micros()), Some(time), "the database keeps another time");
        assert!((1900..=2200).contains(&time.utc().year()));
        assert!(calendar.start_of_day(calendar.local_date(time.utc())) <= time.utc());
    }
    let days = serde_json::from_value::<Days>(serde_json::json!({ "day": text, "maybe": text }));
    if let Ok(Days { day, maybe }) = days {
        assert!(maybe == Some(day) && day.to_string() == text && (1900..=2200).contains(&day.year()));
        assert!(calendar.start_of_day(day) < calendar.end_of_day(day));
        let rolled = calendar.rolled(day);
        assert!(day <= rolled && calendar.is_working_day(rolled) && (rolled - day).num_days() < 10);
    }
}
