//! Texts with rules: what is taken keeps its limits and reads back as itself, and normal forms stay as they are.

use std::fmt::Display;
use std::str::FromStr;

use nara::error::Text;
use nara::offices::{Email, Phone, PostalCode};
use nara::people::names::words;
use nara::text::{Bounded, LanguageCode, Line, Localized, folded, swedish_order};

use super::{directory, tells_what_is_expected, text};

/// The bytes are a text of any kind.
pub fn check(data: &[u8]) {
    let Some(text) = text(data) else { return };
    bounded::<200>(text);
    bounded::<10_000>(text);
    same::<Phone>(text, |phone| phone.as_ref().bytes().filter(u8::is_ascii_digit).count() <= 15);
    same::<Email>(text, |email| email.as_ref().len() <= 254 && email.as_ref().is_ascii());
    if let Ok(code) = text.parse::<LanguageCode>() {
        assert_eq!(code.as_ref(), text);
    }
    if let Ok(code) = PostalCode::try_from(text.to_owned()) {
        assert_eq!(PostalCode::try_from(code.as_ref().to_owned()).as_ref(), Ok(&code));
        assert!(
            code.as_ref().len() == 5 && directory().postal_code(text).is_none_or(|known| !known.locality.is_empty())
        );
    }
    if let Ok(localized) = serde_json::from_str::<Localized>(text) {
        let written = serde_json::to_string(&localized).expect("JSON");
        assert_eq!(serde_json::from_str::<Localized>(&written).ok(), Some(localized));
    }
    normal_forms(text);
}

fn bounded<const MAX: usize>(text: &str) {
    tells_what_is_expected::<Bounded<MAX>>(text);
    if let Ok(bounded) = text.parse::<Bounded<MAX>>() {
        assert!((1..=MAX).contains(&bounded.as_ref().chars().count()));
        assert!(!bounded.as_ref().contains('\0') && bounded.as_ref().trim() == bounded.as_ref());
        assert_eq!(bounded.as_ref().parse::<Bounded<MAX>>().as_ref(), Ok(&bounded));
    }
}

/// A text that is taken as it is.
fn same<T: FromStr<Err = Text> + AsRef<str> + Display>(text: &str, is_right: impl Fn(&T) -> bool) {
    tells_what_is_expected::<T>(text);
    if let Ok(value) = text.parse::<T>() {
        assert!(value.as_ref() == text && value.to_string() == text && is_right(&value));
    }
}

fn normal_forms(text: &str) {
    let folded_once = folded(text);
    assert_eq!(folded(&folded_once), folded_once, "folded twice it is another");
    assert_eq!(swedish_order(&swedish_order(text)), swedish_order(text));
    let found = words(text);
    let again = words(&found.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
    assert_eq!(again, found, "a name is not found by its own words");
    if text.parse::<Line>().is_ok() {
        let _neither = (directory().district_of_place(text), directory().other_municipality(text));
    }
}
