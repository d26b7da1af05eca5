use proptest::prelude::*;

use super::super::tests::{date, linkoping};
use super::*;

fn hours(text: &str) -> OpeningHours {
    OpeningHours::parse(text, &linkoping()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Returns the state that the hours in `text` give at a local time, as one word with the time of the next change in
/// UTC.
fn state(text: &str, local: &str) -> String {
    let instant = linkoping().instant(local.parse().unwrap());
    told(hours(text).state_at(instant))
}

fn told(state: OpenState) -> String {
    let time = |instant: Option<DateTime<Utc>>| instant.map_or("-".into(), |i| i.format("%dT%R").to_string());
    match state.open_now {
        Some(true) => format!("open {}", time(state.closes_at)),
        Some(false) => format!("closed {}", time(state.opens_at)),
        None => "unknown".into(),
    }
}

/// Returns the intervals that the hours in `text` have on a day, in UTC.
fn day(text: &str, on: &str) -> Vec<String> {
    let days = hours(text).days(date(on), date(on));
    let told = |i: &Interval| {
        let unknown = if i.unknown { "?" } else { "" };
        format!("{}-{}{unknown}", i.opens_at.format("%dT%R"), i.closes_at.format("%dT%R"))
    };
    days.iter().flat_map(|day| &day.intervals).map(told).collect()
}

const OFFICE: &str = "Mo-Fr 08:00-16:30; PH -1 day 08:00-13:00; PH off";

#[test]
fn an_office_tells_when_it_closes_and_when_it_opens_again() {
    assert_eq!(state(OFFICE, "2026-05-04T07:59:00"), "closed 04T06:00");
    assert_eq!(state(OFFICE, "2026-05-04T08:00:00"), "open 04T14:30");
    assert_eq!(state(OFFICE, "2026-05-04T16:30:00"), "closed 05T06:00");
    assert_eq!(state(OFFICE, "2026-05-08T16:30:00"), "closed 11T06:00");
}

#[test]
fn red_days_and_the_eves_of_the_law_are_public_holidays() {
    for red in ["2026-01-06", "2026-04-03", "2026-05-14", "2026-06-19", "2026-12-24", "2026-12-31"] {
        assert_eq!(day(OFFICE, red), [""; 0], "{red}");
    }
    assert_eq!(state(OFFICE, "2026-12-23T13:30:00"), "closed 28T07:00");
}

#[test]
fn the_day_before_a_red_day_can_be_short() {
    assert_eq!(day(OFFICE, "2026-04-02"), ["02T06:00-02T11:00"]); // Maundy Thursday
    assert_eq!(day(OFFICE, "2026-04-30"), ["30T06:00-30T11:00"]); // Walpurgis Night
    assert_eq!(day(OFFICE, "2026-01-05"), ["05T07:00-05T12:00"]); // Epiphany Eve
    assert_eq!(day(OFFICE, "2026-04-29"), ["29T06:00-29T14:30"]);
}

#[test]
fn a_day_tells_its_name_in_both_languages() {
    let days = hours(OFFICE).days(date("2026-04-02"), date("2026-04-03"));
    assert_eq!(days[0].holiday.as_ref().unwrap().sv, "Skärtorsdag");
    assert_eq!(days[1].holiday.as_ref().unwrap().en, "Good Friday");
    let json = serde_json::to_value(&days[0]).unwrap();
    assert_eq!(
        json["intervals"][0],
        serde_json::json!({ "opensAt": "2026-04-02T06:00:00Z", "closesAt": "2026-04-02T11:00:00Z" })
    );
}

#[test]
fn an_office_opens_on_time_on_the_days_when_the_clock_changes() {
    let weekend = "Sa,Su 10:00-15:00";
    assert_eq!(state(weekend, "2026-03-28T16:00:00"), "closed 29T08:00");
    assert_eq!(state(weekend, "2026-10-24T16:00:00"), "closed 25T09:00");
    assert_eq!(day(weekend, "2026-03-29"), ["29T08:00-29T13:00"]);
    assert_eq!(day(weekend, "2026-10-25"), ["25T09:00-25T14:00"]);
}

#[test]
fn a_night_is_an_hour_shorter_in_march_and_longer_in_october() {
    let night = "Sa 22:00-04:00";
    assert_eq!(day(night, "2026-03-28"), ["28T21:00-29T02:00"]);
    assert_eq!(day(night, "2026-10-24"), ["24T20:00-25T03:00"]);
}

#[test]
fn a_time_that_comes_twice_is_its_first_coming() {
    assert_eq!(day("Sa 22:00-02:00", "2026-10-24"), ["24T20:00-25T00:00"]);
    assert_eq!(told(hours("Sa 22:00-02:00").state_at(at("2026-10-25T00:00:00Z"))), "closed 31T21:00");
    assert_eq!(day("Sa 22:00-02:30", "2026-10-24"), ["24T20:00-25T00:30"]);
    assert_eq!(day("Su 02:00-03:00", "2026-10-25"), ["25T00:00-25T02:00"]);
}

#[test]
fn a_time_that_is_skipped_is_the_moment_of_the_change() {
    assert_eq!(day("Sa 22:00-02:30", "2026-03-28"), ["28T21:00-29T01:00"]);
    assert_eq!(day("Su 02:30-05:00", "2026-03-29"), ["29T01:00-29T03:00"]);
    assert_eq!(day("Su 02:15-02:45", "2026-03-29"), [""; 0]);
    assert_eq!(state("Su 02:15-02:45", "2026-03-28T12:00:00"), "closed 05T00:15");
    assert_eq!(state("Sa 22:00-24:00; Su 00:00-02:15,02:45-05:00", "2026-03-28T23:00:00"), "open 29T03:00");
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_began() {
    for text in ["Fr 22:00-02:00", "Fr 22:00-26:00", "Fr 22:00-02:00; Sa off", "Fr 22:00-02:00, Sa 10:00-14:00"] {
        assert_eq!(state(text, "2026-06-13T01:00:00"), "open 13T00:00", "{text}");
        assert_eq!(day(text, "2026-06-12"), ["12T20:00-13T00:00"], "{text}");
        assert_eq!(state(text, "2026-06-14T01:00:00").split(' ').next(), Some("closed"), "{text}");
    }
    // The crate by itself loses the hours after midnight in these two cases.
    assert_eq!(state("Fr 22:00-02:00; Sa 10:00-14:00", "2026-06-13T01:00:00"), "open 13T00:00");
    assert_eq!(state("Mo-Su 10:00-16:00; Fr 22:00-02:00", "2026-06-13T01:00:00"), "open 13T00:00");
    assert_eq!(day("Mo-Su 10:00-16:00; Fr 22:00-02:00", "2026-06-13"), ["13T08:00-13T14:00"]);
}

#[test]
fn a_day_with_hours_of_its_own_or_none_has_no_night() {
    let text = "Mo-Su 20:00-02:00; Sa 10:00-14:00; PH off";
    assert_eq!(day(text, "2026-06-12"), ["12T18:00-13T00:00"]);
    assert_eq!(day(text, "2026-06-13"), ["13T08:00-13T12:00"]);
    assert_eq!(state(text, "2026-06-14T01:00:00"), "closed 14T18:00");
    // Midsummer Eve is a Friday. Thursday's night goes on into it, and it has no night of its own.
    assert_eq!(state(text, "2026-06-19T01:00:00"), "open 19T00:00");
    assert_eq!(day(text, "2026-06-19"), [""; 0]);
    assert_eq!(state(text, "2026-06-20T01:00:00").split(' ').next(), Some("closed"));
}

#[test]
fn an_out_of_hours_service_is_open_without_a_break_over_a_weekend() {
    let text = "Mo-Fr 00:00-08:00,16:30-24:00; Sa,Su 00:00-24:00; PH 00:00-24:00";
    assert_eq!(state(text, "2026-06-12T17:00:00"), "open 15T06:00");
    // Midsummer: from Thursday afternoon until Monday morning.
    assert_eq!(state(text, "2026-06-18T17:00:00"), "open 22T06:00");
    assert_eq!(day(text, "2026-06-13"), ["12T22:00-13T22:00"]);
}

#[test]
fn what_is_always_open_never_closes() {
    assert_eq!(state("24/7", "2026-06-12T17:00:00"), "open -");
    assert_eq!(state("24/7 off", "2026-06-12T17:00:00"), "closed -");
    assert_eq!(day("24/7", "2026-03-29"), ["28T23:00-29T22:00"]);
    assert_eq!(state("Mo 10:00-10:00", "2026-06-15T12:00:00"), "open 16T08:00");
    assert_eq!(state("Mo-Su 22:00-00:00", "2026-06-15T22:30:00"), "open 15T22:00");
}

#[test]
fn unknown_is_neither_open_nor_closed() {
    assert_eq!(state("Mo-Fr 10:00-12:00 unknown", "2026-06-15T11:00:00"), "unknown");
    assert_eq!(state("Mo-Fr 10:00-12:00 unknown", "2026-06-15T13:00:00"), "closed -");
    assert_eq!(state("Mo-Fr 10:00-12:00, Mo-Fr 12:00-13:00 unknown", "2026-06-15T11:00:00"), "open 15T10:00");
    assert_eq!(day("Mo 10:00-12:00 unknown", "2026-06-15"), ["15T08:00-15T10:00?"]);
    let json = serde_json::to_value(OpenState::unknown()).unwrap();
    assert_eq!(json, serde_json::json!({ "openNow": null }));
}

#[test]
fn a_mere_comment_means_unknown() {
    assert_eq!(state("\"efter överenskommelse\"", "2026-06-15T11:00:00"), "unknown");
    assert_eq!(state("Mo 10:00-12:00; Tu \"ring först\"", "2026-06-16T11:00:00"), "unknown");
    assert_eq!(state("Mo 10:00-12:00 open \"ring först\"", "2026-06-15T11:00:00"), "open 15T10:00");
    assert_eq!(state("Mo 10:00-12:00 off \"flyttar\"", "2026-06-15T11:00:00"), "closed -");
    assert_eq!(state("\"sommar\":Mo 10:00-12:00", "2026-06-15T11:00:00"), "open 15T10:00");
}

#[test]
fn seasons_end_on_the_last_day_of_their_month() {
    for text in [
        "2026 Jun-Aug 10:00-16:00",
        "2026Jun-Aug 10:00-16:00",
        "Jun-Aug 10:00-16:00",
        "2026 Jun-Aug 10:00-16:00, Fr 22:00-02:00",
    ] {
        assert_eq!(state(text, "2026-08-31T12:00:00"), "open 31T14:00", "{text}");
    }
    assert_eq!(state("2029 Mo 10:00-16:00", "2026-08-31T12:00:00"), "closed -");
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, position) in [
        ("", 0),
        ("måndag 8-16", 0),
        ("Mo-Fr 8-16", 6),
        ("Mo-Fr 08:00–16:30", 11),
        ("Mo-Fr 08:00-16:30;", 18),
        ("Mo \"åäö\"; x", 10),
        ("Mo 10:00-12:00; Tu 17:00+", 19),
        ("Mo sunrise-sunset", 3),
        ("(dusk+23:00)-(dusk+22:00)", 0),
        ("Mo 10:00-12:00/00:30", 3),
        ("Mo\n10:00-12:00", 2),
    ] {
        let error = OpeningHours::parse(text, &linkoping()).unwrap_err();
        assert_eq!(error.position, position, "{text}");
    }
    let long = "Mo;".repeat(200);
    assert_eq!(OpeningHours::parse(&long, &linkoping()).unwrap_err().position, MAX_LENGTH);
}

#[test]
fn a_row_of_dates_that_would_take_the_parser_years_is_refused() {
    let text = format!("{}Jan Mo[1]", "Jan Mo[1],".repeat(45));
    assert_eq!(OpeningHours::parse(&text, &linkoping()).unwrap_err().position, 48);
    assert!(OpeningHours::parse("Th[1],Th[3],Th[-1] 10:00-12:00", &linkoping()).is_ok());
}

#[test]
fn hours_that_change_absurdly_often_are_answered_without_preparing() {
    let spans: Vec<_> = (0..10).flat_map(|h| (0..4).map(move |m| format!("{h}:{m}0-{h}:{m}1"))).collect();
    let absurd = hours(&spans.join(",")).prepared(date("2026-01-01"), date("2027-01-01"));
    assert!(absurd.timeline.is_none());
    assert_eq!(told(absurd.state_at(at("2026-01-15T00:10:30Z"))), "open 15T00:11");
    assert!(hours("24/7").prepared(date("2027-01-01"), date("2026-01-01")).timeline.is_none());
}

#[test]
fn hours_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&hours("24/7"));
}

/// Makes texts of opening hours that an administrator could write.
fn any_text() -> impl Strategy<Value = String> {
    let days = prop::sample::select(vec![
        "Mo-Fr",
        "Sa,Su",
        "Fr",
        "PH",
        "PH -1 day",
        "Mo-Su",
        "Jun-Aug",
        "2026",
        "week 10-20/2",
        "Th[1]",
        "Dec 20-Jan 6",
        "easter -2 days",
        "We-Tu",
        "SH",
        "Oct Su[-1]",
        "Mar Su[-1] -1 day",
    ]);
    let times = prop::sample::select(vec![
        "",
        "08:00-16:30",
        "10:00-12:00,13:00-15:00",
        "22:00-02:00",
        "18:00-26:30",
        "00:00-24:00",
        "01:30-02:30",
        "02:00-03:00",
        "23:00-22:00",
        "20:00-00:00",
    ]);
    let state = prop::sample::select(vec!["", "open", "off", "unknown", "\"ring\""]);
    let rule = (days, times, state)
        .prop_map(|(days, times, state)| format!("{days} {times} {state}").trim().replace("  ", " "));
    let separator = prop::sample::select(vec!["; ", ", ", " || "]);
    prop::collection::vec((rule, separator), 1..5).prop_map(|rules| {
        let joined: String = rules.iter().map(|(rule, separator)| format!("{rule}{separator}")).collect();
        joined.trim_end_matches(['|', ' ', ';', ',']).to_owned()
    })
}

/// Makes instants in 2026, about half of them close to a change of the clock.
fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    let from =
        |start: &'static str, minutes: i64| (0..minutes * 60).prop_map(move |s| at(start) + TimeDelta::seconds(s));
    let changes = prop_oneof![from("2026-03-28T18:00:00Z", 1200), from("2026-10-24T18:00:00Z", 1200)];
    prop_oneof![changes, from("2026-01-01T00:00:00Z", 365 * 1440)]
}

fn parsed(text: &str) -> Result<OpeningHours, TestCaseError> {
    OpeningHours::parse(text, &linkoping()).map_err(|error| TestCaseError::reject(error.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_timeline_answers_like_the_rules(text in any_text(), instants in prop::collection::vec(any_instant(), 20)) {
        let slow = parsed(&text)?;
        let fast = slow.clone().prepared(date("2026-02-01"), date("2026-12-01"));
        prop_assert!(fast.timeline.is_some());
        for instant in instants {
            prop_assert_eq!(fast.state_at(instant), slow.state_at(instant), "{} at {}", text, instant);
        }
    }

    #[test]
    fn the_days_agree_with_the_state(text in any_text(), instants in prop::collection::vec(any_instant(), 20)) {
        let hours = parsed(&text)?;
        for instant in instants {
            let today = linkoping().local_date(instant);
            let days = hours.days(today.pred_opt().unwrap(), today);
            let now: Vec<_> = days.iter().flat_map(|d| &d.intervals).filter(|i| i.opens_at <= instant && instant < i.closes_at).collect();
            let listed = match now.iter().map(|interval| interval.unknown).min() {
                Some(false) => Some(true),
                Some(true) => None,
                None => Some(false),
            };
            prop_assert_eq!(hours.state_at(instant).open_now, listed, "{} at {}", text, instant);
        }
    }

    #[test]
    fn what_is_told_comes_true(text in any_text(), instant in any_instant()) {
        let hours = parsed(&text)?;
        let state = hours.state_at(instant);
        let second = TimeDelta::seconds(1);
        if let Some(closes_at) = state.closes_at {
            prop_assert_eq!(hours.state_at(closes_at - second).open_now, Some(true));
            prop_assert_ne!(hours.state_at(closes_at).open_now, Some(true));
        }
        if let Some(opens_at) = state.opens_at {
            prop_assert_ne!(hours.state_at(opens_at - second).open_now, Some(true));
            prop_assert_eq!(hours.state_at(opens_at).open_now, Some(true));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = OpeningHours::parse(&text, &linkoping());
    }

    #[test]
    fn no_strange_hours_make_it_panic(text in strange_text()) {
        let hours = parsed(&text)?.prepared(date("2026-03-01"), date("2026-04-01"));
        for instant in ["1899-12-31T12:00:00Z", "2026-03-29T01:30:00Z", "9999-12-30T01:30:00Z"] {
            hours.state_at(at(instant));
        }
        hours.days(date("2027-12-20"), date("2028-03-01"));
    }
}

/// Makes texts of opening hours with the rarest forms of the grammar.
fn strange_text() -> impl Strategy<Value = String> {
    let one_of = |choices: &str| prop::sample::select(choices.split('|').map(str::to_owned).collect::<Vec<_>>());
    let dates = one_of(
        "||1900|9999|1900-9999/99|2000+|Feb 29|Feb 29-Feb 29|9999 Dec 31-Jan 1|Feb 30-31|Dec 31+|9999 Dec 31+|\
        Jan 1 +9999 days-Dec 31 -9999 days|easter|easter -999 days-easter +Mo +9 days|9999 easter +9999 days|\
        Jan Mo[5]|Feb Su[-5]-Jan Mo[1]|2027 Feb Su[5]|Dec-Jan|9999Dec-Jan|1900 Jan 1 -9999 days|Oct Su[-1] -Mo",
    );
    let weeks = one_of("|||week 53|week 1-53/7|week 1,3,53|week 52-53/2");
    let weekdays = one_of("||Mo|Su-Sa|Mo[1-5]|Mo[-5]|Su[5,-5] -9999 days|PH|SH|PH +9999 days|PH,SH,Mo|Tu[1] +3 days");
    let times =
        one_of("||00:00-48:00|23:59-48:00|00:00-00:00|23:59-23:59|00:00-00:01|0:00-24:00,5:00-4:59|12:00-36:00");
    let states = one_of("||off|open|unknown|\"x\"|off \"x\"|unknown \"2026Jun\"");
    let rule = (dates, weeks, weekdays, times, states).prop_map(|(dates, weeks, weekdays, times, state)| {
        let parts = [dates, weeks, weekdays, times, state].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" ")
    });
    let rules = prop::collection::vec((rule, one_of("; |, | || ")), 1..5);
    rules.prop_map(|rules| {
        let joined = rules.into_iter().reduce(|a, b| (format!("{}{}{}", a.0, a.1, b.0), b.1));
        joined.unwrap_or_default().0
    })
}
