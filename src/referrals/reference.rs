//! References: short codes for referrals that people say over the telephone, such as `R-7K3M-9QFC`.
//!
//! A reference has seven random characters and a check character, from an alphabet without the letters I, L, O and U, which are
//! easily mistaken (Crockford's base 32). References follow no order, so that one reference says nothing about another.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::Text;
use crate::time::Random;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code by which people name a referral, such as `R-7K3M-9QFC`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(transparent)]
pub struct Reference(String);
crate::text_column!(Reference);

impl Reference {
    /// Makes a new random reference. Two references are equal by a chance of one in thirty thousand million; the database refuses
    /// the second.
    pub fn new(random: &Random) -> Self {
        let numbers = random.bytes::<7>().map(|byte| byte % 32);
        Self::of(&numbers)
    }

    fn of(numbers: &[u8; 7]) -> Self {
        let letters: String =
            numbers.iter().chain(&[check(numbers)]).map(|number| char::from(letter(*number))).collect();
        let (first, second) = letters.split_at(4);
        Self(format!("R-{first}-{second}"))
    }
}

fn letter(number: u8) -> u8 {
    ALPHABET.get(usize::from(number)).copied().unwrap_or(b'0')
}

/// Computes the value of the check character from the values of the seven random characters. All weights are odd, so that any one
/// wrong character is noticed. Neighbouring weights differ by two, so that most swaps of neighbours are noticed.
fn check(numbers: &[u8; 7]) -> u8 {
    let weights = [1_u32, 3, 5, 7, 9, 11, 13];
    let sum: u32 = numbers.iter().zip(weights).map(|(number, weight)| u32::from(*number) * weight).sum();
    u8::try_from(sum % 32).unwrap_or_default()
}

impl FromStr for Reference {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        let letters: Vec<u8> = text.to_ascii_uppercase().bytes().filter(|byte| *byte != b'-').skip(1).collect();
        let numbers: Option<Vec<u8>> = letters
            .iter()
            .map(|letter| ALPHABET.iter().position(|known| known == letter).and_then(|at| u8::try_from(at).ok()))
            .collect();
        let numbers: Option<[u8; 8]> = numbers.and_then(|numbers| numbers.try_into().ok());
        let parsed = numbers.and_then(|[a, b, c, d, e, f, g, sum]| {
            let numbers = [a, b, c, d, e, f, g];
            (check(&numbers) == sum).then(|| Self::of(&numbers))
        });
        parsed.filter(|parsed| parsed.0 == text.to_ascii_uppercase()).ok_or_else(|| {
            Text::new("must be a reference such as R-7K3M-9QFC", "måste vara ett ärendenummer såsom R-7K3M-9QFC")
        })
    }
}

impl AsRef<str> for Reference {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Reference {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(11))
            .max_length(Some(11))
            .pattern(Some("^R-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$"))
            .description(Some("The code by which people name the referral. Its last character is a check character."))
            .examples(["R-7K3M-9QFC"])
            .into()
    }
}

impl utoipa::ToSchema for Reference {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_reference_parses_to_itself_and_one_wrong_letter_is_noticed(
            numbers in proptest::array::uniform7(0_u8..32), at in 0_usize..8, other in 0_u8..32,
        ) {
            let reference = Reference::of(&numbers);
            prop_assert_eq!(reference.as_ref().parse::<Reference>().unwrap(), reference.clone());
            let place = [2, 3, 4, 5, 7, 8, 9, 10][at];
            let mut wrong = reference.as_ref().as_bytes().to_vec();
            wrong[place] = letter(other);
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert!(wrong == reference.as_ref() || wrong.parse::<Reference>().is_err());
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,20}") {
            let _either = text.parse::<Reference>();
        }
    }

    #[test]
    fn the_glossary_example_is_shown_as_people_write_it() {
        assert_eq!(Reference::new(&Random::new(|bytes| bytes.fill(0))).as_ref(), "R-0000-0000");
    }
}
