//! The parts of a request that answers do not repeat. A caller may have written a personal identity number or a name into a path, into
//! the name of a query parameter or into the name of a field, and answers are logged in many places.
//!
//! A part is repeated only if it looks like the words and identifiers of the API: a few plain characters, without any escape, and too
//! few digits for an identity number. So nothing depends on how often a part was escaped, or with which separators it was written.

use std::borrow::Cow;

use uuid::Uuid;

/// The word that stands in an answer for a part of the request that is not repeated.
pub const WITHHELD: &str = "withheld";

/// The fewest digits of a personal identity number, without the century.
const DIGITS_OF_A_NUMBER: usize = 10;

/// Returns a name that the caller wrote, or [`WITHHELD`] in its place if it is not repeated.
pub fn told(name: &str) -> &str {
    if may_be_told(name) { name } else { WITHHELD }
}

/// Whether a name that the caller wrote is repeated in an answer.
pub fn may_be_told(name: &str) -> bool {
    is_plain(name) && (is_identifier(name) || digits(name) < DIGITS_OF_A_NUMBER)
}

/// Returns the path of a call with [`WITHHELD`] in the place of the segments that are not repeated. The digits of neighbouring
/// segments count together.
pub fn told_path(path: &str) -> Cow<'_, str> {
    const VERSION: &str = "v1";
    let counted = |segment: &&str| !is_identifier(segment) && *segment != VERSION;
    let many = path.split('/').filter(counted).map(digits).sum::<usize>() >= DIGITS_OF_A_NUMBER;
    let is_told = |segment: &str| is_plain(segment) && !(many && counted(&segment) && digits(segment) > 0);
    if path.split('/').all(is_told) {
        return Cow::Borrowed(path);
    }
    let segments = path.split('/').map(|segment| if is_told(segment) { segment } else { WITHHELD });
    Cow::Owned(segments.collect::<Vec<_>>().join("/"))
}

/// Whether a value in a query contains a personal identity number with a right check digit, however often it was escaped.
///
/// Only what surely is a number counts, since other values consist of digits as well: times, coordinates and references.
pub fn has_identity_number(value: &str) -> bool {
    let value = unescaped(value);
    let is_fraction = value.contains('.') && value.parse::<f64>().is_ok();
    if is_fraction || is_identifier(&value) {
        return false;
    }
    let runs = value.split(|c: char| c.is_alphabetic() || c == ':' || c == '.');
    runs.map(|run| run.chars().filter_map(|c| c.to_digit(10)).collect::<Vec<u32>>()).any(|run| is_identity_number(&run))
}

fn is_plain(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn is_identifier(part: &str) -> bool {
    part.len() == 36 && Uuid::try_parse(part).is_ok()
}

fn digits(part: &str) -> usize {
    part.bytes().filter(u8::is_ascii_digit).count()
}

/// Decodes the escapes of a value that is decoded already, until none is left.
fn unescaped(value: &str) -> Cow<'_, str> {
    let mut value = Cow::Borrowed(value);
    while value.contains('%') {
        let escaped = value.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
        let decoded = form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned());
        match decoded.filter(|decoded| *decoded != *value) {
            Some(decoded) => value = Cow::Owned(decoded),
            None => break,
        }
    }
    value
}

/// Whether these are the ten or twelve digits of a personnummer or samordningsnummer: month and day are possible, and the check
/// digit is right.
fn is_identity_number(digits: &[u32]) -> bool {
    let short = match digits {
        [1, 8 | 9, rest @ ..] | [2, 0, rest @ ..] if rest.len() == 10 => rest,
        _ if digits.len() == 10 => digits,
        _ => return false,
    };
    let pair = |at: usize| short.get(at..at + 2).map_or(0, |pair| pair.iter().fold(0, |sum, digit| sum * 10 + digit));
    let (month, day) = (pair(2), pair(4));
    let is_date =
        (1..=12).contains(&month) && (1..=31).contains(&(day % 60)) || (month <= 12 && (60..=91).contains(&day));
    let doubled = |(place, digit): (usize, &u32)| {
        let product = if place % 2 == 0 { digit * 2 } else { *digit };
        product / 10 + product % 10
    };
    is_date && short.iter().enumerate().map(doubled).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_is_repeated_but_for_numbers_and_escapes() {
        let id = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
        for path in ["/", "/nara/v1/people/search", &format!("/nara/v1/people/{id}/timeline"), "/docs/nothing.js"] {
            assert_eq!(told_path(path), path);
        }
        for number in [
            "20130101-2389",
            "201301012389",
            "130101+2389",
            "20130101.2389",
            "2013-01-01-2389",
            "%32%30130101-2389",
            "20130101%2D2389",
            "%2532%2530130101-2389",
            "20130101%E2%80%932389",
            "20130101%202389",
            "x20130101x2389",
            "Anna%20P%C3%A5hittad",
            "%",
        ] {
            assert_eq!(told_path(&format!("/nara/v1/people/{number}")), "/nara/v1/people/withheld", "{number}");
        }
        assert_eq!(told_path("/nara/v1/people/2013/01/01/2389"), "/nara/v1/people/withheld/withheld/withheld/withheld");
    }

    #[test]
    fn a_name_is_repeated_if_it_is_plain() {
        for name in ["unheardOf", "Limit", "birth_year", "x2"] {
            assert_eq!(told(name), name);
        }
        for name in ["20130101-2389", "201301012389", "%32%30", "Påhittad", "Anna Andersson", "a/b", "20130101 2389"] {
            assert_eq!(told(name), WITHHELD);
        }
    }

    #[test]
    fn a_number_in_a_query_is_found_however_it_is_written() {
        for value in [
            "20130101-2389",
            "201301012389",
            "130101-2389",
            "130101+2389",
            "2013 01 01 23 89",
            "child 20130101-2389",
            "%32%30130101-2389",
            "20130101%2D2389",
            "20130101\u{2013}2389",
            "2013/01/01/2389",
        ] {
            assert!(has_identity_number(value), "{value}");
        }
        for value in [
            "",
            "20130101-2385",
            "2026-11-23",
            "2026-11-23T09:00:00.123456+01:00",
            "58.4108621345",
            "15.0101012389",
            "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e",
            "S-2026-17",
            "0131234567",
            "100%",
            "50%+",
        ] {
            assert!(!has_identity_number(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,60}", escaped in "(%[0-9A-F]{0,2}|[0-9+/-]){0,30}") {
            for text in [text, escaped] {
                has_identity_number(&text);
                prop_assert!(may_be_told(told(&text)));
                prop_assert!(told_path(&text).bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b)));
            }
        }
    }
}
