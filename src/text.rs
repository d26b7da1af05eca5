//! Types for texts that must follow rules: they are parsed once, when they come in, and trusted from then on.
//!
//! No such text holds a control character except line breaks and tabs: PostgreSQL cannot store NUL, and no reader wants the others.
//! What a caller sends must also hold no invisible characters, see [`invisible`]. The published patterns do not say that: not every
//! dialect of regular expressions has words for these characters.

pub mod invisible;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::{RawValue, to_raw_value};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::{Problem, Text};

/// A regular expression for JSON Schema. It matches texts without control characters, except line breaks and tabs.
pub const PLAIN: &str = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$";
/// A regular expression for JSON Schema. It matches texts that match [`PLAIN`] and have at least one character that is not blank.
pub const NOT_BLANK: &str = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*[^\s\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F][^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$";

/// A text of 1 to `MAX` characters that are not all blank. Blanks at its ends are removed when it is parsed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Bounded<const MAX: usize>(String);

/// A text of up to 200 characters: a name, a title, or a short note.
pub type Line = Bounded<200>;
/// A text of up to 10,000 characters: some paragraphs.
pub type Prose = Bounded<10_000>;

impl<const MAX: usize> FromStr for Bounded<MAX> {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        let text = text.trim();
        let length = text.chars().count();
        let (en, sv) = (
            format!("must have 1 to {MAX} characters that are not blank"),
            format!("måste ha 1 till {MAX} tecken som inte är blanka"),
        );
        match length {
            0 => return Err(Text::new(en, sv)),
            _ if length > MAX => return Err(Text::of(Problem::TextTooLong, en, sv)),
            _ => {}
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Text::new("must not contain control characters", "får inte innehålla styrtecken"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<const MAX: usize> AsRef<str> for Bounded<MAX> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Bounded<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Bounded<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Self = String::deserialize(deserializer)?.parse().map_err(de::Error::custom)?;
        invisible::check(&text.0, MAX).map_err(de::Error::custom)?;
        Ok(text)
    }
}

impl<const MAX: usize> utoipa::PartialSchema for Bounded<MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX))
            .pattern(Some(NOT_BLANK))
            .into()
    }
}

impl<const MAX: usize> utoipa::ToSchema for Bounded<MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("TextOf{MAX}").into()
    }
}

/// A text in up to 20 languages, by their ISO 639 codes. The Swedish version is always present.
///
/// It is sent in answers far more often than it is parsed, so it is kept as JSON.
#[derive(Debug, Clone)]
pub struct Localized {
    swedish: Prose,
    /// The versions in all languages, as a JSON object in the order of the language codes.
    json: Box<RawValue>,
}

impl Localized {
    pub fn sv(&self) -> &str {
        self.swedish.as_ref()
    }
}

impl PartialEq for Localized {
    fn eq(&self, other: &Self) -> bool {
        self.json.get() == other.json.get()
    }
}

impl Eq for Localized {}

/// Converts a sentence of the program itself, which exists in English and in Swedish.
impl From<Text> for Localized {
    fn from(text: Text) -> Self {
        #[derive(Serialize)]
        struct Both<'a> {
            en: &'a str,
            sv: &'a str,
        }
        // Two strings can always be written as JSON.
        let json = to_raw_value(&Both { en: &text.en, sv: &text.sv }).unwrap_or_default();
        Self { swedish: Bounded(text.sv.into_owned()), json }
    }
}

impl Serialize for Localized {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Localized {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = BTreeMap::<String, Prose>::deserialize(deserializer)?;
        let Some(swedish) = texts.get("sv") else {
            return Err(de::Error::custom(Text::new(
                "must have a text in Swedish (sv)",
                "måste ha en text på svenska (sv)",
            )));
        };
        if texts.len() > 20 || !texts.keys().all(|language| is_language_code(language)) {
            return Err(de::Error::custom(Text::new(
                "must have at most 20 languages, each by its ISO 639 code such as sv or so",
                "får ha högst 20 språk, vart och ett med sin ISO 639-kod såsom sv eller so",
            )));
        }
        Ok(Self { swedish: swedish.clone(), json: to_raw_value(&texts).map_err(de::Error::custom)? })
    }
}

fn is_language_code(text: &str) -> bool {
    matches!(text.len(), 2 | 3) && text.bytes().all(|b| b.is_ascii_lowercase())
}

impl utoipa::PartialSchema for Localized {
    fn schema() -> RefOr<Schema> {
        let text = || {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(10_000))
                .pattern(Some(NOT_BLANK))
        };
        let swedish = text().description(Some("The text in Swedish."));
        ObjectBuilder::new()
            .property("sv", swedish)
            .required("sv")
            .additional_properties(Some(RefOr::from(text())))
            .max_properties(Some(20))
            .description(Some("A text in several languages, by ISO 639 code. The Swedish text is always present."))
            .examples([serde_json::json!({ "sv": "Skäggetorp", "en": "Skäggetorp" })])
            .into()
    }
}

impl utoipa::ToSchema for Localized {}

/// The ISO 639 code of a language, such as `sv`: two or three lower-case letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LanguageCode(String);

impl FromStr for LanguageCode {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        match is_language_code(text) {
            true => Ok(Self(text.to_owned())),
            false => Err(Text::new(
                "must be an ISO 639 code such as sv or so",
                "måste vara en ISO 639-kod såsom sv eller so",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for LanguageCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl AsRef<str> for LanguageCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl utoipa::PartialSchema for LanguageCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(2))
            .max_length(Some(3))
            .pattern(Some("^[a-z]{2,3}$"))
            .examples(["sv"])
            .into()
    }
}

impl utoipa::ToSchema for LanguageCode {}

/// Returns a form of a name that is the same for its different spellings: in lower case, without diacritical marks, with single
/// spaces. Names are compared and sorted by this form, since the databases do not agree on å, ä and ö.
pub fn folded(text: &str) -> String {
    let bare: String = text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a key by which texts sort as in the Swedish alphabet, in which å, ä and ö come last.
pub fn swedish_order(text: &str) -> String {
    let lower = text.to_lowercase();
    lower
        .nfc()
        .map(|c| match c {
            'å' => '\u{f0001}',
            'ä' | 'æ' => '\u{f0002}',
            'ö' | 'ø' => '\u{f0003}',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_fits_the_published_pattern_is_read(
            text in NOT_BLANK.strip_prefix('^').and_then(|inner| inner.strip_suffix('$')).unwrap()
        ) {
            prop_assert!(text.parse::<Line>().is_ok());
            prop_assert_eq!(text.trim().is_empty(), false);
        }

        #[test]
        fn a_bounded_text_parses_to_itself(text in "\\PC{0,300}") {
            if let Ok(line) = text.parse::<Line>() {
                prop_assert_eq!(line.as_ref().parse::<Line>().unwrap(), line.clone());
                prop_assert!((1..=200).contains(&line.as_ref().chars().count()));
            }
        }

        #[test]
        fn folding_twice_changes_nothing_more(text in "\\PC{0,60}") {
            prop_assert_eq!(folded(&folded(&text)), folded(&text));
        }
    }

    #[test]
    fn names_meet_whatever_their_marks_and_case() {
        assert_eq!(folded("SKÄGGETORP"), folded("skaggetorp"));
        assert_eq!(folded(" Vreta   Kloster"), "vreta kloster");
    }

    #[test]
    fn a_text_in_several_languages_is_written_as_it_was_read() {
        let name: Localized =
            serde_json::from_str(r#"{ "sv": "Norr \u00e5", "so": "Waqooyi", "en": "North" }"#).unwrap();
        assert_eq!(name.sv(), "Norr å");
        assert_eq!(serde_json::to_string(&name).unwrap(), r#"{"en":"North","so":"Waqooyi","sv":"Norr å"}"#);
        let same = serde_json::to_value(&name).unwrap();
        assert_eq!(serde_json::from_value::<Localized>(same).unwrap(), name);
        let sentence = Localized::from(Text::new("Say \"hi\"", "Säg \"hej\""));
        assert_eq!(serde_json::to_string(&sentence).unwrap(), r#"{"en":"Say \"hi\"","sv":"Säg \"hej\""}"#);
    }

    #[test]
    fn a_text_with_nul_is_refused() {
        assert!("a\0b".parse::<Line>().is_err());
    }

    #[test]
    fn the_swedish_alphabet_ends_in_three_letters_of_its_own() {
        let mut names = ["Östra Valla", "Åby", "Ärla", "Zinkgruvan", "Berga"];
        names.sort_by_key(|name| swedish_order(name));
        assert_eq!(names, ["Berga", "Zinkgruvan", "Åby", "Ärla", "Östra Valla"]);
    }
}
