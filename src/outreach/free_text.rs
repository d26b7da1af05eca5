//! Search of a free text for what identifies a person: personal identity numbers, telephone numbers and e-mail addresses.
//!
//! The search is for services under which identity is not recorded (SoL 2025:400, 14 kap. 5 §). It looks for the spellings that
//! people use, and would rather refuse a harmless number than keep one that identifies somebody.

use chrono::NaiveDate;

use crate::error::Text;
use crate::people::PersonalIdentityNumber;

/// The kind of an identifier that was found in a text: a personal identity number, a telephone number or an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierKind {
    /// A personal identity number whose check digit is right.
    IdentityNumber,
    PhoneNumber,
    EmailAddress,
}

/// A part of a text that identifies a person, with its position in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub what: IdentifierKind,
    /// The position of the part's first character, counted in characters from 0.
    pub start: usize,
    /// The position after the part's last character, counted in characters from 0.
    pub end: usize,
}

impl IdentifierKind {
    /// The explanation of the problem in English and Swedish. It does not repeat what was found.
    pub fn detail(self) -> Text {
        match self {
            Self::IdentityNumber => Text::new(
                "holds what looks like a personal identity number",
                "innehåller något som ser ut som ett personnummer",
            ),
            Self::PhoneNumber => Text::new(
                "holds what looks like a telephone number",
                "innehåller något som ser ut som ett telefonnummer",
            ),
            Self::EmailAddress => {
                Text::new("holds what looks like an e-mail address", "innehåller något som ser ut som en e-postadress")
            }
        }
    }
}

/// Finds all parts of a text that identify a person, in the order of the text. No two of them overlap.
pub fn scan(text: &str) -> Vec<Hit> {
    let characters: Vec<char> = text.chars().collect();
    let mut hits = email_addresses(&characters);
    for run in runs(&characters) {
        for hit in in_run(&run) {
            if !hits.iter().any(|other| hit.start < other.end && other.start < hit.end) {
                hits.push(hit);
            }
        }
    }
    hits.sort_by_key(|hit| hit.start);
    hits
}

/// A sequence of digits with nothing between them, and its position in the text.
struct Group {
    digits: Vec<u8>,
    start: usize,
    end: usize,
    /// The characters between the previous group of digits in the text and this one.
    before: Vec<char>,
    /// Whether a plus sign is right before the group.
    has_plus: bool,
}

/// Finds the groups of digits in a text, and joins them into runs: between two groups of one run there are at most three
/// characters, all of them such as people write within one number.
fn runs(text: &[char]) -> Vec<Vec<Group>> {
    let mut runs: Vec<Vec<Group>> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if digit(text[at]).is_none() {
            at += 1;
            continue;
        }
        let start = at;
        let mut digits = Vec::new();
        while let Some(value) = text.get(at).copied().and_then(digit) {
            digits.push(value);
            at += 1;
        }
        let last_end = runs.last().and_then(|run| run.last()).map_or(0, |group| group.end);
        let before = text[last_end..start].to_vec();
        let goes_on = last_end > 0 && before.len() <= 3 && before.iter().all(|c| is_within_a_number(*c));
        let has_plus = start > 0 && text[start - 1] == '+';
        let group = Group { digits, start, end: at, before, has_plus };
        match runs.last_mut().filter(|_| goes_on) {
            Some(run) => run.push(group),
            None => runs.push(vec![group]),
        }
    }
    runs
}

/// Reads a decimal digit, also a full-width one as some phone keyboards write it. `None` if the character is no digit.
fn digit(c: char) -> Option<u8> {
    let c = if ('\u{ff10}'..='\u{ff19}').contains(&c) { char::from_u32(c as u32 - 0xff10 + 0x30)? } else { c };
    c.to_digit(10).and_then(|digit| u8::try_from(digit).ok())
}

fn is_within_a_number(c: char) -> bool {
    c.is_whitespace() && c != '\n' || is_dash(c) || matches!(c, '+' | '.' | '/' | '(' | ')')
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

/// The greatest number of digits in an international telephone number (E.164).
const MOST_DIGITS: usize = 15;

/// Finds the identity numbers and telephone numbers in a run of digit groups. Each of them is made of one or more whole groups.
fn in_run(run: &[Group]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut first = 0;
    while first < run.len() {
        // No number has more digits. The limit also keeps a group from being compared with thousands of later ones.
        let mut digits = 0;
        let near = run[first..].iter().take_while(|group| {
            digits += group.digits.len();
            digits <= MOST_DIGITS
        });
        // The longest number wins: a number is not found within a longer one.
        let found = (first..first + near.count()).rev().find_map(|last| {
            let groups = &run[first..=last];
            kind(groups).map(|what| (what, last))
        });
        match found {
            Some((what, last)) => {
                let plus = usize::from(run[first].has_plus && what == IdentifierKind::PhoneNumber);
                hits.push(Hit { what, start: run[first].start - plus, end: run[last].end });
                first = last + 1;
            }
            None => first += 1,
        }
    }
    hits
}

fn kind(groups: &[Group]) -> Option<IdentifierKind> {
    let digits: Vec<u8> = groups.iter().flat_map(|group| group.digits.iter().copied()).collect();
    if is_identity_number(&digits) {
        Some(IdentifierKind::IdentityNumber)
    } else if is_phone_number(groups, &digits) {
        Some(IdentifierKind::PhoneNumber)
    } else {
        None
    }
}

/// Whether the digits are a valid personal identity number: twelve with the century, or ten that are valid in any of the centuries
/// 18, 19 and 20.
fn is_identity_number(digits: &[u8]) -> bool {
    let written = |century: &str| {
        let digits: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        [century, &digits].concat().parse::<PersonalIdentityNumber>().is_ok()
    };
    match digits.len() {
        12 => written(""),
        10 => ["18", "19", "20"].into_iter().any(written),
        _ => false,
    }
}

/// Whether the digits are a Swedish telephone number with its area code, or an international one, and the groups are joined as
/// people write such numbers.
fn is_phone_number(groups: &[Group], digits: &[u8]) -> bool {
    let Some(first) = groups.first() else { return false };
    let joined = |c: &char| c.is_whitespace() || is_dash(*c) || matches!(c, '/' | '(' | ')');
    if !groups.iter().skip(1).all(|group| group.before.iter().all(joined)) || is_date(groups) {
        return false;
    }
    let is_international = first.has_plus || digits.starts_with(&[0, 0]);
    match digits.len() {
        8..=MOST_DIGITS if is_international => true,
        8..=11 => digits.first() == Some(&0) && digits.get(1) != Some(&0),
        _ => false,
    }
}

/// Whether the groups are a date such as 05-03-2026, which begins like a telephone number with an area code.
fn is_date(groups: &[Group]) -> bool {
    let number = |group: &Group| {
        group.digits.iter().fold(0_u32, |sum, digit| sum.saturating_mul(10).saturating_add(u32::from(*digit)))
    };
    match groups {
        [day, month, year] if year.digits.len() == 4 => {
            let year = i32::try_from(number(year)).unwrap_or_default();
            (1900..=2200).contains(&year) && NaiveDate::from_ymd_opt(year, number(month), number(day)).is_some()
        }
        _ => false,
    }
}

fn email_addresses(text: &[char]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for (at, _) in text.iter().enumerate().filter(|(_, c)| **c == '@') {
        let is_name = |c: &char| c.is_alphanumeric() || "._%+-".contains(*c);
        let is_host = |c: &char| c.is_alphanumeric() || ".-".contains(*c);
        let name = text[..at].iter().rev().take_while(|c| is_name(c)).count();
        let mut host: Vec<char> = text[at + 1..].iter().copied().take_while(is_host).collect();
        while host.last().is_some_and(|last| ".-".contains(*last)) {
            host.pop();
        }
        let labels: Vec<usize> = host.split(|c| *c == '.').map(<[char]>::len).collect();
        let ends_well = labels.len() >= 2 && labels.iter().all(|length| *length > 0) && labels.last() >= Some(&2);
        if name > 0 && ends_well {
            let hit = Hit { what: IdentifierKind::EmailAddress, start: at - name, end: at + 1 + host.len() };
            if hits.last().is_none_or(|last| last.end <= hit.start) {
                hits.push(hit);
            }
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEST_IDENTITIES: &str = include_str!("../../data/demo/test_identities.csv");

    fn found(text: &str) -> Vec<(IdentifierKind, String)> {
        let part = |hit: Hit| text.chars().skip(hit.start).take(hit.end - hit.start).collect::<String>();
        scan(text).into_iter().map(|hit| (hit.what, part(hit))).collect()
    }

    fn only(text: &str, what: IdentifierKind, part: &str) {
        assert_eq!(found(text), [(what, part.to_owned())], "{text}");
    }

    #[test]
    fn an_identity_number_is_found_in_every_common_spelling() {
        for spelling in [
            "20130315-2399",
            "201303152399",
            "130315-2399",
            "1303152399",
            "130315+2399",
            "130315 2399",
            "20130315 2399",
            "2013 03 15 2399",
            "2013-03-15-2399",
            "2013-03-15 2399",
            "20130315–2399",
            "130315 - 2399",
            "13.03.15-2399",
            "２０１３０３１５-２３９９",
        ] {
            only(&format!("Hon heter å, {spelling}, och bor här."), IdentifierKind::IdentityNumber, spelling);
            only(&format!("pnr:{spelling}"), IdentifierKind::IdentityNumber, spelling);
        }
    }

    #[test]
    fn every_published_test_number_is_found_and_one_wrong_digit_is_none() {
        for row in csv::Reader::from_reader(TEST_IDENTITIES.as_bytes()).records() {
            let row = row.unwrap();
            let (long, short) = (&row[1], &row[1][2..]);
            only(long, IdentifierKind::IdentityNumber, long);
            only(short, IdentifierKind::IdentityNumber, short);
        }
        assert_eq!(found("20130315-2398"), []);
        assert_eq!(found("1300 kronor, 2399 steg"), []);
    }

    #[test]
    fn a_telephone_number_is_found_in_every_common_spelling() {
        for spelling in [
            "070-174 06 05",
            "0701740605",
            "070 174 06 05",
            "013-20 60 00",
            "013/206000",
            "08-123 456 78",
            "+46 70 174 06 05",
            "+46(0)701740605",
            "0046701740605",
            "+49 30 1234567",
        ] {
            only(&format!("Ring {spelling}."), IdentifierKind::PhoneNumber, spelling);
        }
    }

    #[test]
    fn an_address_is_found_to_its_end() {
        only(
            "Skriv till alva.ahmed+barn@example.co.uk, tack.",
            IdentifierKind::EmailAddress,
            "alva.ahmed+barn@example.co.uk",
        );
        only("<a@b.se>", IdentifierKind::EmailAddress, "a@b.se");
        assert_eq!(found("Vi ses @ torget. @alva skrev a@b"), []);
    }

    #[test]
    fn several_hits_are_all_told() {
        let text = "130315-2399 och 070-174 06 05 samt a@b.se";
        assert_eq!(found(text).len(), 3);
        assert_eq!(scan(text)[0], Hit { what: IdentifierKind::IdentityNumber, start: 0, end: 11 });
    }

    #[test]
    fn a_text_of_nothing_but_short_numbers_is_scanned_at_once() {
        let counting = "9 ".repeat(5_000);
        assert_eq!(found(&counting), []);
        let last = "0 7 0 1 7 4 0 6 0 5";
        only(&format!("{counting}. {last}"), IdentifierKind::PhoneNumber, last);
        let longest = "0 0 4 9 3 0 1 2 3 4 5 6 7 8 9";
        only(longest, IdentifierKind::PhoneNumber, longest);
    }

    #[test]
    fn ordinary_numbers_are_left_alone() {
        for harmless in [
            "Vi sågs kl 08.00-16.30 den 5 mars 2026.",
            "Den 2026-03-05 kom 12 ungdomar, 3 av dem 13-15 år.",
            "05-03-2026",
            "45003155030-3-2027",
            "Buss 116, 20 minuter, 1500 kr",
            "SoL 2025:400 14 kap. 5 §",
            "",
            "+",
            "0",
        ] {
            assert_eq!(found(harmless), [], "{harmless}");
        }
    }

    /// Guards against comparing each digit with all that follow it, which took a minute for this text, and far longer for a longer
    /// one.
    #[test]
    fn a_text_of_digits_alone_takes_no_longer_than_another() {
        let apart = "1 ".repeat(5_000);
        let begun = std::time::Instant::now();
        assert!(scan(&apart).len() < 1_000);
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    }

    proptest! {
        #[test]
        fn any_text_is_scanned_and_hits_lie_within_it(text in "\\PC{0,80}|[0-9 +@.a-z-]{0,60}") {
            let length = text.chars().count();
            let mut last = 0;
            for hit in scan(&text) {
                prop_assert!(last <= hit.start && hit.start < hit.end && hit.end <= length);
                last = hit.end;
            }
        }

        #[test]
        fn a_number_is_found_whatever_stands_around_it(before in "[a-zå ,\n]{0,20}", after in "[a-zå ,\n]{0,20}") {
            let hits = scan(&format!("{before}20130315-2399{after}"));
            prop_assert_eq!(hits.len(), 1);
            prop_assert_eq!(hits[0].start, before.chars().count());
        }
    }
}
