//! Personal identity numbers, and the search for what tells who somebody is in a free text.

use nara::outreach::free_text::{self, IdentifierKind};
use nara::people::{Birth, PersonalIdentityNumber};

use super::{directory, is_a_sentence, now, tells_what_is_expected, text};

/// The bytes are a number, and a free text.
pub fn check(data: &[u8]) {
    let Some(text) = text(data) else { return };
    tells_what_is_expected::<PersonalIdentityNumber>(text);
    if let Ok(number) = text.parse::<PersonalIdentityNumber>() {
        judge(&number, text);
    }
    let length = text.chars().count();
    let mut last = 0;
    for hit in free_text::scan(text) {
        assert!(last <= hit.start && hit.start < hit.end && hit.end <= length, "hits overlap, or lie outside");
        last = hit.end;
        is_a_sentence(&hit.what.detail());
    }
}

fn judge(number: &PersonalIdentityNumber, text: &str) {
    let written = number.to_string();
    assert_eq!(written.replace('-', ""), text.replace('-', ""));
    assert_eq!(written.parse::<PersonalIdentityNumber>().as_ref(), Ok(number));
    assert_eq!(format!("{number:?}"), "[redacted]");
    let today = directory().calendar.local_date(now().utc());
    let age = Birth::told_by(Some(number), None, None).lowest_age(today);
    assert!(!number.has_been_born(today) || age.is_some_and(|age| age < 3000));
    // No record without identity keeps it, however it is written.
    let short = written.get(2..).unwrap_or_default();
    let is_recent = (1800..2100).contains(&number.birth_year());
    for spelling in [text, &written].into_iter().chain(is_recent.then_some(short)) {
        let hits = free_text::scan(&format!("Mamman ringde ({spelling}) i går."));
        assert!(hits.iter().any(|hit| hit.what == IdentifierKind::IdentityNumber), "not found in a text");
    }
}
