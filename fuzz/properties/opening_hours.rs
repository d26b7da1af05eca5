//! Opening hours: every text that is taken can be asked at any time, says the same however it is asked, and takes bounded work.

use chrono::{DateTime, Days, TimeDelta, Utc};
use nara::calendar::{MAX_LENGTH, OpenState, OpeningHours};

use super::{directory, is_a_sentence, marked_text, now, text};

/// The bytes are a text of opening hours.
pub fn check(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let calendar = &directory().calendar;
    for text in [text.to_owned(), marked_text(text, 0), marked_text(text, 1), marked_text(text, 2)] {
        if let Err(error) = OpeningHours::parse(&text, calendar) {
            assert!(error.position <= text.chars().count(), "a mistake behind the text");
            is_a_sentence(&error.message);
        }
    }
    let Ok(hours) = OpeningHours::parse(text, calendar) else { return };
    assert!(text.chars().count() <= MAX_LENGTH);
    let today = calendar.local_date(now().utc());
    let week = hours.days(today, today + Days::new(6));
    assert_eq!(week.len(), 7);
    for interval in week.iter().flat_map(|day| &day.intervals) {
        assert!(
            interval.opens_at < interval.closes_at && interval.closes_at - interval.opens_at <= TimeDelta::hours(49)
        );
    }
    // In the hour that summer time takes, and in the one that it gives twice.
    let instants = ["2026-11-23T09:00:00Z", "2026-11-28T23:30:00Z", "2027-03-28T01:00:00Z", "2026-10-25T00:30:00Z"];
    let instants = instants.map(|instant| instant.parse::<DateTime<Utc>>().expect("an instant"));
    let prepared = hours.clone().prepared(today, today + Days::new(8));
    for at in instants {
        let state = hours.state_at(at);
        is_sensible(state, at);
        assert_eq!(prepared.state_at(at), state, "prepared hours say otherwise");
        if today == calendar.local_date(at) {
            let is_shown =
                week[0].intervals.iter().any(|shown| !shown.unknown && (shown.opens_at..shown.closes_at).contains(&at));
            assert!(!is_shown || state.open_now == Some(true), "shown as open, and is not");
        }
    }
}

fn is_sensible(state: OpenState, at: DateTime<Utc>) {
    let near =
        |change: Option<DateTime<Utc>>| change.is_none_or(|change| at < change && change - at <= TimeDelta::days(400));
    assert!(near(state.closes_at) && near(state.opens_at));
    match state.open_now {
        Some(true) => assert_eq!(state.opens_at, None),
        Some(false) => assert_eq!(state.closes_at, None),
        None => assert_eq!((state.opens_at, state.closes_at), (None, None)),
    }
}
