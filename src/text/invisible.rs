//! Invisible characters in texts that callers send.
//!
//! - A line, such as a name, a title or a reference, holds none: two names that look alike must be alike, or one person becomes two
//!   and a search misses both. Refused are the format characters (Unicode `Cf`), everything else that is drawn as nothing
//!   (`Default_Ignorable_Code_Point`: joiners, fillers, variation selectors, tags), separators of lines and paragraphs, what is no
//!   character, and a mark at the beginning that has no letter to stand on.
//! - Longer texts may hold joiners, marks of direction and selectors, which Persian, Arabic and Indic writing and emoji need.
//!   Refused are overrides of the direction, which show other words than are stored, and tags, which hide words, unless they belong to
//!   a flag.
//!
//! The rules are those of today for what a caller sends. What was stored before them is read as it is: see [`as_sent`].

use std::cell::Cell;

use unicode_normalization::char::is_combining_mark;

use crate::error::Text;

/// The greatest length of a text that counts as a line.
pub const LONGEST_LINE: usize = 200;

thread_local! {
    static IS_SENT: Cell<bool> = const { Cell::new(false) };
}

/// Reads what a caller sent: the texts that `read` parses on this thread must satisfy the rules on invisible characters. The types of
/// texts are also read from the database, where older texts need not satisfy them.
pub fn as_sent<T>(read: impl FnOnce() -> T) -> T {
    struct WasSent(bool);
    impl Drop for WasSent {
        fn drop(&mut self) {
            IS_SENT.set(self.0);
        }
    }
    let _before = WasSent(IS_SENT.replace(true));
    read()
}

/// Checks a text of up to `longest` characters, if it is one that a caller sent.
pub fn check(text: &str, longest: usize) -> Result<(), Text> {
    if text.is_ascii() || !IS_SENT.get() {
        return Ok(());
    }
    if longest > LONGEST_LINE {
        return match hides_words(text) {
            true => Err(Text::new(
                "must not contain characters that override the direction of writing or hide text",
                "får inte innehålla tecken som vänder skrivriktningen eller döljer text",
            )),
            false => Ok(()),
        };
    }
    if text.starts_with(is_combining_mark) || text.chars().any(is_invisible) {
        return Err(Text::new(
            "must not contain invisible characters, such as a zero-width space or joiner, or begin with a combining mark",
            "får inte innehålla osynliga tecken, såsom mellanslag eller sammanfogare utan bredd, eller börja med ett kombinerande tecken",
        ));
    }
    Ok(())
}

/// Whether a longer text has an override of the direction of writing, or tags that do not belong to the flag of a region.
fn hides_words(text: &str) -> bool {
    const FLAG: char = '\u{1F3F4}';
    let is_tag = |c: char| ('\u{E0000}'..='\u{E007F}').contains(&c);
    let mut before = ' ';
    text.chars().any(|c| {
        let follows = before == FLAG || is_tag(before);
        before = c;
        matches!(c, '\u{202D}' | '\u{202E}') || (is_tag(c) && !follows)
    })
}

/// Whether a character is drawn as nothing, or is none at all.
fn is_invisible(c: char) -> bool {
    is_format(c) || is_drawn_as_nothing(c) || is_no_character(c)
}

/// The format characters of Unicode 16 (`Cf`) that are not ignorable, which means that fonts may draw them.
fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{600}'..='\u{605}'
            | '\u{6DD}'
            | '\u{70F}'
            | '\u{890}'..='\u{891}'
            | '\u{8E2}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{110BD}'
            | '\u{110CD}'
            | '\u{13430}'..='\u{1343F}'
    )
}

/// The ignorable characters of Unicode 16 (`Default_Ignorable_Code_Point`), the separators of lines and paragraphs, and the blank
/// pattern of Braille.
fn is_drawn_as_nothing(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

fn is_no_character(c: char) -> bool {
    let code = u32::from(c);
    code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> bool {
        as_sent(|| check(text, LONGEST_LINE)).is_ok()
    }

    fn prose(text: &str) -> bool {
        as_sent(|| check(text, 10_000)).is_ok()
    }

    #[test]
    fn a_line_holds_nothing_invisible() {
        for hidden in [
            '\u{AD}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{200E}',
            '\u{202E}',
            '\u{2066}',
            '\u{2060}',
            '\u{FEFF}',
            '\u{34F}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{E0041}',
            '\u{E0101}',
            '\u{2028}',
            '\u{6DD}',
            '\u{2800}',
            '\u{FFFE}',
            '\u{180E}',
            '\u{1D173}',
        ] {
            for text in [format!("Al{hidden}va"), format!("{hidden}Alva"), format!("Alva{hidden}")] {
                assert!(!line(&text), "U+{:04X} in {text:?}", u32::from(hidden));
            }
        }
        assert!(!line("\u{301}Alva"), "a mark without a letter");
    }

    #[test]
    fn names_of_the_world_are_lines() {
        for name in [
            "Yıldız Aydın",
            "Jürgen Weiß",
            "Νίκος Παπαδόπουλος",
            "Łukasz Wałęsa",
            "Khadija Al-Rashidi",
            "Åsa Öberg",
            "A\u{30A}sa",
            "عبد الله",
            "علی رضا",
            "אברהם",
            "אַבְרָהָם",
            "अनिल कुमार",
            "நந்தினி",
            "佐藤",
            "김민준",
            "ສົມໄຊ",
            "Nguyễn Thị Minh",
            "O’Brien",
            "Đặng",
        ] {
            assert!(line(name), "{name}");
        }
    }

    #[test]
    fn prose_keeps_what_writing_needs_and_nothing_that_hides_words() {
        for text in [
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "👩\u{200D}👧 ❤\u{FE0F}",
            "\u{200F}שלום\u{200E}",
            "\u{2068}Ali\u{2069}",
            "🏴\u{E0067}\u{E0062}\u{E007F}",
        ] {
            assert!(prose(text), "{text:?}");
        }
        for text in ["a\u{202E}b", "a\u{202D}b", "a\u{E0041}\u{E0042}b"] {
            assert!(!prose(text), "{text:?}");
        }
    }

    #[test]
    fn what_was_stored_is_read_as_it_is() {
        assert!(check("Al\u{200B}va", LONGEST_LINE).is_ok());
        let panicked = std::panic::catch_unwind(|| as_sent(|| -> u8 { panic!("in the middle") }));
        assert!(panicked.is_err() && check("Al\u{200B}va", LONGEST_LINE).is_ok());
    }
}
