//! The conversion of a text of opening hours to expressions that the `opening-hours` crate evaluates correctly.
//!
//! The crate parses the whole syntax and evaluates most of it. A text that it would evaluate incorrectly is either
//! rewritten here or refused with a message:
//!
//! - By the specification, a comment without `open`, `closed` or `unknown` means unknown. The crate takes it as open, so
//!   `unknown` is added.
//! - In the crate, `2026Jun-Aug` without a space ends on 1 August, so the space is added.
//! - Open ends (`17:00+`), repetitions (`10:00-12:00/00:30`) and times of sunrise and sunset are not fixed hours, so
//!   they are refused.
//! - In the crate, a night loses its hours after midnight if another rule holds on the next day, so the hours after
//!   midnight are evaluated separately ([`Expressions::night`]).
//! - The time to parse a list of dates such as `Jan Mo[1],Feb Mo[1]` triples with each date, so long lists are refused.

use opening_hours::{Context, ContextHolidays, RuleKind};

use crate::calendar::{Calendar, Holiday};
use crate::error::Text;

pub(super) type Expression = opening_hours::OpeningHours;

/// The largest number of characters in a text of opening hours.
pub const MAX_LENGTH: usize = 500;

/// The largest number of weekdays with numbers, such as `Mo[1]`, that may be followed by a comma in one text. The
/// parser's work triples with each of them.
const MAX_NTH_IN_A_ROW: usize = 4;

/// The parsed form of one text of opening hours, which gives the hours of single days.
#[derive(Debug, Clone)]
pub(super) struct Expressions {
    /// The hours of each day up to midnight.
    pub(super) day: Expression,
    /// The hours after midnight that belong to the day before. They are found by the date on which the night began, and
    /// their times are those of the next day. Absent if no hours go on after midnight.
    pub(super) night: Option<Expression>,
}

impl Expressions {
    pub(super) fn parse(text: &str, calendar: &Calendar) -> Result<Self, HoursError> {
        refuse_hostile(text)?;
        // The text is parsed first as it was written, because rewriting it would move the positions of mistakes.
        read(text)?;
        let expression = read(&spell_out(text))?;
        refuse_indefinite(text, &expression)?;
        let (day, night) = part_at_midnight(expression)?;
        let context = Context::default().with_holidays(public_holidays(calendar));
        let night = night.map(|night| night.with_context(context.clone()));
        Ok(Self { day: day.with_context(context), night })
    }
}

/// Returns the holidays that `PH` means: the days that are free by lag (1930:173). `SH` (school holidays) means no day,
/// because the data has no school holidays.
fn public_holidays(calendar: &Calendar) -> ContextHolidays {
    let none = ContextHolidays::default();
    let mut public = none.get_public().clone();
    for holiday in calendar.holidays().iter().filter(|holiday| Holiday::is_free_by_law(holiday)) {
        public.insert(holiday.date);
    }
    ContextHolidays::new(public.into(), none.get_school().clone().into())
}

fn refuse_hostile(text: &str) -> Result<(), HoursError> {
    if text.chars().count() > MAX_LENGTH {
        let en = format!("is longer than {MAX_LENGTH} characters");
        let sv = format!("är längre än {MAX_LENGTH} tecken");
        return Err(HoursError { position: MAX_LENGTH, message: Text::new(en, sv) });
    }
    if let Some(position) = text.chars().position(char::is_control) {
        let message = Text::new("has a control character", "innehåller ett styrtecken");
        return Err(HoursError { position, message });
    }
    if let Some((place, _)) = text.match_indices("],").nth(MAX_NTH_IN_A_ROW) {
        let message = Text::new(
            "has too many weekdays with numbers such as Mo[1] in a row",
            "har för många numrerade veckodagar som Mo[1] i rad",
        );
        return Err(HoursError { position: char_position(text, place), message });
    }
    Ok(())
}

fn read(text: &str) -> Result<Expression, HoursError> {
    text.parse().map_err(|error: <Expression as std::str::FromStr>::Err| {
        // The crate tells the position only in the printed error, as ` --> line:column`. The text has one line, because
        // control characters were refused. Only syntax errors have a position.
        let printed = error.to_string();
        let column = printed.split_once("--> 1:").map(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next());
        let column: Option<usize> = column.flatten().and_then(|digits| digits.parse().ok());
        let message = Text::new(
            "is not written as in OpenStreetMap's opening_hours, for example Mo-Fr 08:00-16:30; PH off",
            "är inte skriven enligt OpenStreetMaps opening_hours, till exempel Mo-Fr 08:00-16:30; PH off",
        );
        HoursError { position: column.map_or(0, |column| column.saturating_sub(1)), message }
    })
}

/// Adds to a text of opening hours two things that it leaves out and the crate gets wrong: the state `unknown` for a
/// comment without a state, and the space between a year and a month.
fn spell_out(text: &str) -> String {
    let mut spelled = String::new();
    // The parts with odd numbers were between quotation marks.
    let mut parts = text.split('"').enumerate().peekable();
    while let Some((index, part)) = parts.next() {
        if index % 2 == 1 {
            spelled.push('"');
            spelled.push_str(part);
            spelled.push('"');
            continue;
        }
        spelled.push_str(&part_years(part));
        let comment_follows = parts.peek().is_some();
        let is_selector = text.split('"').nth(index + 2).is_some_and(|after| after.starts_with(':'));
        let last_word = part.trim_end().rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let has_state = ["open", "closed", "off", "unknown"].iter().any(|word| last_word.eq_ignore_ascii_case(word));
        if comment_follows && !is_selector && !has_state {
            spelled.push_str("unknown ");
        }
    }
    spelled
}

/// Puts a space between a year and a month in a text, as in `2026 Jun`.
fn part_years(text: &str) -> String {
    let mut parted = String::new();
    let mut digits = 0;
    for c in text.chars() {
        if digits == 4 && c.is_ascii_alphabetic() {
            parted.push(' ');
        }
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        parted.push(c);
    }
    parted
}

/// Refuses hours with an unknown end and hours that depend on the sun, because fixed times for them would be guesses.
fn refuse_indefinite(text: &str, expression: &Expression) -> Result<(), HoursError> {
    let expression = expression.get_expression();
    for span in expression.rules.iter().flat_map(|rule| &rule.time_selector.spans) {
        let by_the_sun = [span.range.start, span.range.end].iter().any(|time| time.as_time_event().is_some());
        if by_the_sun || span.open_end || span.repeats.is_some() {
            let place = text.find(&span.range.start.to_string()).unwrap_or_default();
            let message = Text::new(
                "needs a fixed time to open and one to close: no sunrise or sunset, no open end and no repetition",
                "behöver en fast öppningstid och en fast stängningstid: ingen soltid, inget öppet slut och ingen upprepning",
            );
            return Err(HoursError { position: char_position(text, place), message });
        }
    }
    Ok(())
}

/// Splits opening hours into the hours before midnight and the hours after it. Hours that never go on after midnight
/// are returned whole, with `None`.
fn part_at_midnight(whole: Expression) -> Result<(Expression, Option<Expression>), HoursError> {
    let full_day = read("00:00-24:00")?.get_expression();
    let Some(full_span) = full_day.rules.first().and_then(|rule| rule.time_selector.spans.first()) else {
        return Ok((whole, None));
    };
    let (midnight, next_midnight) = (full_span.range.start, full_span.range.end);
    let mut day = whole.get_expression().as_ref().clone();
    let mut nights = Vec::new();
    for rule in &mut day.rules {
        let mut night = Vec::new();
        for span in &mut rule.time_selector.spans {
            let end = std::mem::replace(&mut span.range.end, next_midnight);
            if end > next_midnight || (midnight < end && end <= span.range.start) {
                night.push(hours_after_midnight(&end.to_string()));
            } else if end > span.range.start {
                span.range.end = end;
            }
        }
        nights.push(night.join(","));
    }
    if nights.iter().all(String::is_empty) {
        return Ok((whole, None));
    }
    let night = night_part(&whole, nights)?;
    let printed = read(&part_years(&day.to_string()))?;
    if *printed.get_expression() == day { Ok((printed, Some(night))) } else { Err(not_understood()) }
}

/// Returns the hours from midnight to an end such as `02:00` or `26:00`, as a text such as `00:00-02:00`. Both of these
/// ends mean two o'clock on the next day.
fn hours_after_midnight(end: &str) -> String {
    let (hour, minute) = end.split_once(':').unwrap_or((end, "00"));
    let hour: u8 = hour.parse().unwrap_or_default();
    format!("00:00-{:02}:{minute}", if hour >= 24 { hour - 24 } else { hour })
}

/// Makes the expression for the hours after midnight, by the date on which the night began. `nights` has one text for
/// each rule of `whole`: the rule's hours after midnight, or an empty text.
fn night_part(whole: &Expression, nights: Vec<String>) -> Result<Expression, HoursError> {
    let mut night = whole.get_expression().as_ref().clone();
    // The first rule always has the normal operator, by which a rule replaces earlier rules on its days. Later rules may
    // have operators that add to earlier rules.
    let alone = night.rules.first().map(|rule| rule.operator);
    let mut rules = Vec::new();
    for (mut rule, hours) in night.rules.drain(..).zip(nights) {
        let all_day = rule.time_selector == Default::default();
        if !hours.is_empty() {
            let hours = read(&hours)?.get_expression();
            rule.time_selector = hours.rules.first().map(|rule| rule.time_selector.clone()).unwrap_or_default();
        } else if rule.kind != RuleKind::Closed && Some(rule.operator) == alone {
            // The rule replaces earlier rules on its days, and has no hours after midnight on these days.
            rule.kind = RuleKind::Closed;
            rule.time_selector = Default::default();
        } else if rule.kind != RuleKind::Closed || !all_day {
            continue;
        }
        rules.push(rule);
    }
    night.rules = rules;
    let printed = read(&part_years(&night.to_string()))?;
    if *printed.get_expression() == night { Ok(printed) } else { Err(not_understood()) }
}

/// Returns the error for rare dates that the crate does not print in the form that it parsed. Only the crate's parser
/// makes expressions, so a changed expression must be printed and parsed again.
fn not_understood() -> HoursError {
    let message = Text::new(
        "combines hours past midnight with rare dates: write two rules, one up to 24:00 and one from 00:00",
        "kombinerar tider efter midnatt med ovanliga datum: skriv två regler, en till 24:00 och en från 00:00",
    );
    HoursError { position: 0, message }
}

/// Returns the number of characters before a place in a text. `place` is counted in bytes.
fn char_position(text: &str, place: usize) -> usize {
    text.char_indices().take_while(|(index, _)| *index < place).count()
}

/// A mistake in a text of opening hours, and its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}, at character {position}", .message.en)]
pub struct HoursError {
    /// The number of characters before the mistake.
    pub position: usize,
    /// The explanation of the mistake. It continues a sentence that begins with the name of the field.
    pub message: Text,
}
