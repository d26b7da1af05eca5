//! Personal identity numbers: personnummer (folkbokföringslagen 1991:481, 18 §) and samordningsnummer (lag 2022:1697).
//!
//! A number has eight digits of a birth date, three of a serial number, and a check digit by the Luhn algorithm over the last ten digits.
//! A samordningsnummer adds 60 to the day, and may leave month and day open as 00 and 60. Only the form with the century is accepted: the
//! century of the short form depends on the day on which it is read.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::Text;
use crate::vault::Confidential;

/// A valid personal identity number, personnummer or samordningsnummer: its date exists or is left open as the law allows, and
/// its check digit is right. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonalIdentityNumber {
    digits: [u8; 12],
}

impl PersonalIdentityNumber {
    /// The birth date in the number. `None` for a samordningsnummer that leaves the month or the day open.
    pub fn birth_date(&self) -> Option<NaiveDate> {
        date(&self.digits)
    }

    /// The birth year that the number states, with four digits.
    pub fn birth_year(&self) -> i32 {
        year(&self.digits)
    }

    /// Whether the birth date in the number is the day `today` or earlier. If the number leaves the date open, only the year is
    /// compared.
    pub fn has_been_born(&self, today: NaiveDate) -> bool {
        self.birth_year() <= today.year() && self.birth_date().is_none_or(|born| born <= today)
    }
}

impl FromStr for PersonalIdentityNumber {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        let wrong = || {
            Text::new(
                "must be a personal identity number with century and right check digit, in the form YYYYMMDD-NNNN",
                "måste vara ett personnummer eller samordningsnummer med sekel och rätt kontrollsiffra, i formen ÅÅÅÅMMDD-NNNN",
            )
        };
        let bytes: Vec<u8> = match text.as_bytes() {
            bytes if bytes.len() == 12 => bytes.to_vec(),
            bytes if bytes.len() == 13 && bytes.get(8) == Some(&b'-') => {
                bytes.iter().copied().filter(|byte| *byte != b'-').collect()
            }
            _ => return Err(wrong()),
        };
        let numbers: Option<Vec<u8>> = bytes.iter().map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect();
        let digits: [u8; 12] = numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(wrong)?;
        ((date(&digits).is_some() || leaves_the_date_open(&digits)) && has_right_check_digit(&digits))
            .then_some(Self { digits })
            .ok_or_else(wrong)
    }
}

/// The decimal number that the digits at the positions `places` make.
fn number(digits: &[u8; 12], places: std::ops::Range<usize>) -> u32 {
    digits.get(places).unwrap_or_default().iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit))
}

fn year(digits: &[u8; 12]) -> i32 {
    i32::try_from(number(digits, 0..4)).unwrap_or_default()
}

fn date(digits: &[u8; 12]) -> Option<NaiveDate> {
    let day = number(digits, 6..8);
    let day = if day > 60 { day - 60 } else { day };
    NaiveDate::from_ymd_opt(year(digits), number(digits, 4..6), day)
}

/// Whether the digits are of a samordningsnummer that leaves open the month (00) or the day (60) of birth.
fn leaves_the_date_open(digits: &[u8; 12]) -> bool {
    let (month, day) = (number(digits, 4..6), number(digits, 6..8));
    (60..=91).contains(&day) && month <= 12 && (month == 0 || day == 60)
}

/// Whether the last ten of the twelve digits pass the Luhn check.
fn has_right_check_digit(digits: &[u8; 12]) -> bool {
    let sum: u32 = digits
        .iter()
        .skip(2)
        .enumerate()
        .map(|(place, digit)| {
            let product = u32::from(*digit) * if place % 2 == 0 { 2 } else { 1 };
            product / 10 + product % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

impl fmt::Display for PersonalIdentityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, digit) in self.digits.iter().enumerate() {
            if place == 8 {
                f.write_str("-")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for PersonalIdentityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for PersonalIdentityNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PersonalIdentityNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for PersonalIdentityNumber {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(12))
            .max_length(Some(13))
            .pattern(Some("^[0-9]{8}-?[0-9]{4}$"))
            .description(Some("A personnummer or samordningsnummer with its century and a right check digit."))
            // A test number that Skatteverket has published; it belongs to nobody.
            .examples(["20130101-2389"])
            .into()
    }
}

impl utoipa::ToSchema for PersonalIdentityNumber {}

/// A personal identity number in the body of a request or an answer. It is serialized only at fields that say so.
pub type ConfidentialNumber = Confidential<PersonalIdentityNumber>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEST_IDENTITIES: &str = include_str!("../../data/demo/test_identities.csv");

    fn parsed(text: &str) -> Option<PersonalIdentityNumber> {
        text.parse().ok()
    }

    #[test]
    fn every_published_test_number_is_right_and_states_its_birth_date() {
        let mut count = 0;
        for row in csv::Reader::from_reader(TEST_IDENTITIES.as_bytes()).records() {
            let row = row.unwrap();
            let number = parsed(&row[0]).unwrap_or_else(|| panic!("row {count}"));
            assert_eq!(number.birth_date().map(|date| date.to_string()).unwrap_or_default(), &row[3]);
            assert_eq!(number.birth_year().to_string(), &row[0][..4]);
            assert_eq!(number.to_string().replace('-', ""), &row[0]);
            count += 1;
        }
        assert_eq!(count, 272);
    }

    #[test]
    fn one_wrong_digit_is_noticed() {
        let row = csv::Reader::from_reader(TEST_IDENTITIES.as_bytes()).records().next().unwrap().unwrap();
        for place in 2..12 {
            let mut wrong = row[0].as_bytes().to_vec();
            wrong[place] = b'0' + (wrong[place] - b'0' + 1) % 10;
            assert!(parsed(&String::from_utf8(wrong).unwrap()).is_none(), "digit {place}");
        }
    }

    #[test]
    fn a_number_is_never_told_by_debug() {
        let row = csv::Reader::from_reader(TEST_IDENTITIES.as_bytes()).records().next().unwrap().unwrap();
        assert_eq!(format!("{:?}", parsed(&row[0]).unwrap()), "[redacted]");
    }

    proptest! {
        #[test]
        fn any_text_either_fails_or_parses_to_itself(text in "[0-9+-]{0,14}|\\PC{0,14}") {
            if let Some(number) = parsed(&text) {
                prop_assert_eq!(parsed(&number.to_string()), Some(number));
            }
        }
    }
}
