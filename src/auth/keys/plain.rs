//! An API key of a partner agency as the agency holds it: making, parsing, hashing and revealing it.

use crate::auth::keys::ApiKeyId;
use crate::auth::keys::key_id::ID_LENGTH;
use crate::code::code;
use crate::time::Random;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_LENGTH: usize = 32;
const CHECK_LENGTH: usize = 6;

/// An API key with its secret, as the agency holds it. It has no `Debug` and no `Serialize`: it is shown once, in the answer to the
/// call that makes it.
pub struct PlainKey {
    pub(super) environment: String,
    pub(super) id: ApiKeyId,
    secret: String,
}

impl PlainKey {
    /// Makes a new key with a random id and secret, for the environment `environment`.
    pub fn new(environment: &str, random: &Random) -> Self {
        Self {
            environment: environment.to_owned(),
            id: ApiKeyId(letters::<ID_LENGTH>(random)),
            secret: letters::<SECRET_LENGTH>(random),
        }
    }

    /// Parses an API key. `None` if it does not have the right form or its checksum is wrong. Whether the key exists is not
    /// checked.
    pub fn parse(key: &str) -> Option<Self> {
        let (environment, rest) = key.strip_prefix("nara_")?.split_once('_')?;
        let (id, rest) = rest.split_once('_')?;
        if rest.len() != SECRET_LENGTH + CHECK_LENGTH || !key.is_ascii() {
            return None;
        }
        let (secret, check) = rest.split_at(SECRET_LENGTH);
        let parsed = Self { environment: environment.to_owned(), id: id.parse().ok()?, secret: secret.to_owned() };
        (parsed.check() == check).then_some(parsed)
    }

    /// Returns the whole key as text, to be shown once.
    pub fn reveal(&self) -> String {
        format!("nara_{}_{}_{}{}", self.environment, self.id, self.secret, self.check())
    }

    /// Returns the keyed hash of the key's id and secret, which the database stores instead of the secret.
    pub(super) fn hash(&self, hash_key: &[u8; 32]) -> [u8; 32] {
        code(hash_key, &[self.id.as_ref().as_bytes(), self.secret.as_bytes()])
    }

    fn check(&self) -> String {
        let mut rest = crc32fast::hash(format!("{}_{}_{}", self.environment, self.id, self.secret).as_bytes());
        let mut check = [b'0'; CHECK_LENGTH];
        for place in check.iter_mut().rev() {
            *place = letter(rest % 62);
            rest /= 62;
        }
        check.iter().map(|byte| char::from(*byte)).collect()
    }
}

/// Draws `N` random letters and digits. 62 does not divide 256, so bytes from 248 on are drawn again, and every character is
/// equally likely.
fn letters<const N: usize>(random: &Random) -> String {
    let mut letters = String::with_capacity(N);
    while letters.len() < N {
        let [byte] = random.bytes::<1>();
        if byte < 248 {
            letters.push(char::from(letter(u32::from(byte) % 62)));
        }
    }
    letters
}

fn letter(number: u32) -> u8 {
    usize::try_from(number).ok().and_then(|number| ALPHABET.get(number)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> String {
        PlainKey::new("test", &Random::system()).reveal()
    }

    #[test]
    fn a_key_is_read_as_it_was_made() {
        let key = key();
        assert_eq!(PlainKey::parse(&key).unwrap().reveal(), key);
    }

    #[test]
    fn the_check_is_the_crc32_in_base_62() {
        let (id, secret) = ("Ab3dE6gH9j".parse().unwrap(), "0123456789ABCDEFGHIJKLMNOPQRSTUV".to_owned());
        assert_eq!(PlainKey { environment: "test".to_owned(), id, secret }.check(), "1nuy6Q");
    }

    #[test]
    fn all_letters_come_about_as_often() {
        let drawn = letters::<248_000>(&Random::system());
        for letter in ALPHABET {
            let often = drawn.bytes().filter(|drawn| drawn == letter).count();
            assert!((3_600..4_400).contains(&often), "{} times {}", often, char::from(*letter));
        }
    }

    #[test]
    fn the_hash_depends_on_the_installation() {
        let key = PlainKey::parse(&key()).unwrap();
        assert_ne!(key.hash(&[1; 32]), key.hash(&[2; 32]));
    }

    proptest! {
        #[test]
        fn one_wrong_letter_is_noticed(at in 5_usize..56, letter in 0_u32..62) {
            let key = key();
            let mut wrong = key.clone().into_bytes();
            if let Some(byte) = wrong.get_mut(at) {
                *byte = super::letter(letter);
            }
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert!(wrong == key || PlainKey::parse(&wrong).is_none());
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,80}") {
            prop_assert!(PlainKey::parse(&text).is_none());
        }
    }
}
