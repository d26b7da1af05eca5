//! The splitting of people's names into words for the search by name, which disregards case, accents and the order of the words.

use std::collections::BTreeSet;

use crate::text::folded;

/// The largest number of words in a search by name. Each word costs a look into an index.
pub const MOST_WORDS: usize = 10;

/// Returns the different words of a name in lower case and without accents. `Åsa Öberg`, `asa oberg` and `ÖBERG, Åsa` have the
/// same words.
pub fn words(name: &str) -> BTreeSet<String> {
    let folded = folded(name);
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_meet() {
        let meant = words("Åsa Öberg");
        for spelling in ["asa oberg", "ÖBERG, Åsa", "A\u{30a}SA  o\u{308}berg", " Öberg;åsa ", "åsa-öberg"] {
            assert_eq!(words(spelling), meant, "{spelling}");
        }
        assert_ne!(words("Åsa Berg"), meant);
        assert_eq!(words("O'Brien-Lind").len(), 3);
        assert!(words(" - , ").is_empty());
    }

    proptest! {
        #[test]
        fn neither_order_nor_case_nor_marks_nor_commas_matter(
            mut name in proptest::collection::vec("[a-zA-ZåäöÅÄÖéÉüÜ]{1,12}", 1..5), turn in 0_usize..5, loud: bool, comma: bool,
        ) {
            let meant = words(&name.join(" "));
            let places = name.len();
            name.rotate_left(turn % places);
            let spelled = name.join(if comma { ", " } else { "  " });
            let spelled = if loud { spelled.to_uppercase() } else { spelled.to_lowercase() };
            prop_assert_eq!(words(&spelled), meant);
        }

        #[test]
        fn any_text_has_words_that_are_their_own_words(text in "\\PC{0,60}") {
            for word in words(&text) {
                prop_assert!(words(&word).contains(&word) || words(&word).len() > 1, "{word}");
            }
        }
    }
}
