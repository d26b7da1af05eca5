//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the name that a caller gives to a call, so that the
//! call can be repeated without doing its work twice.

use std::str::FromStr;

use actix_web::http::header::HeaderName;
use actix_web::{HttpMessage, HttpRequest};
use sha2::{Digest, Sha256};

use crate::error::{Error, Problem, Result, Text};
use crate::http::call::Call;
use crate::http::path;

pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The most characters of an idempotency key, without its quotes.
const LONGEST: usize = 255;
/// The description in the OpenAPI document of the answer 404 to a call that creates something: the same call was made before.
pub const GONE: &str = "It was already created with this `Idempotency-Key`, and you may no longer know of it.";

/// An idempotency key: 1 to 255 visible ASCII characters that a caller chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for IdempotencyKey {
    type Err = Error;

    /// Parses an idempotency key, bare or quoted as a string of RFC 9651, section 3.3.3. Both forms are the same key.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim_matches([' ', '\t']);
        let key = match text.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => Some(text.to_owned()),
        };
        let is_key =
            |key: &String| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        key.filter(is_key).map(Self).ok_or_else(malformed)
    }
}

/// Returns the text before the closing quote, with backslashes removed from escaped characters; `None` if the quote is missing or
/// anything follows it.
fn unquoted(quoted: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(key),
            '\\' => key.push(characters.next().filter(|escaped| ['"', '\\'].contains(escaped))?),
            character => key.push(character),
        }
    }
}

fn malformed() -> Error {
    let detail = Text::new(
        "must be 1 to 255 visible characters without spaces, bare or in quotes, and be sent once",
        "måste vara 1 till 255 synliga tecken utan mellanslag, med eller utan citattecken, och stå en gång",
    );
    Error::header_problem(Problem::InvalidIdempotencyKey, "Idempotency-Key", detail)
}

/// The digest of a request's body, which is stored in the extensions of the request.
struct BodyDigest([u8; 32]);

/// Stores the digest of a request's body in the extensions of the request, if the request has an idempotency key.
pub fn note_body(request: &HttpRequest, body: &[u8]) {
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        request.extensions_mut().insert(BodyDigest(Sha256::digest(body).into()));
    }
}

impl Call {
    /// Returns the idempotency key of this call, if it has one. Fails if the key is malformed or was sent more than once.
    pub fn idempotency_key(&self) -> Result<Option<IdempotencyKey>> {
        let mut given = self.request().headers().get_all(IDEMPOTENCY_KEY);
        let Some(key) = given.next() else { return Ok(None) };
        if given.next().is_some() {
            return Err(malformed());
        }
        key.to_str().map_err(|_| malformed())?.parse().map(Some)
    }

    /// Returns bytes that identify the request for comparison with a repeated one: its method, its path as the
    /// router read it, and a digest of its body.
    pub fn identity(&self) -> Vec<u8> {
        let request = self.request();
        let body = request.extensions().get::<BodyDigest>().map_or([0; 32], |digest| digest.0);
        [request.method().as_str().as_bytes(), &[0], path::called(request).as_bytes(), &[0], &body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> Option<String> {
        text.parse::<IdempotencyKey>().ok().map(|key| key.0)
    }

    #[test]
    fn a_key_is_bare_or_quoted() {
        for text in ["8e03978e-40d5", " 8e03978e-40d5\t", "\"8e03978e-40d5\""] {
            assert_eq!(key(text).as_deref(), Some("8e03978e-40d5"), "{text}");
        }
        assert_eq!(key(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        assert_eq!(key(&"k".repeat(255)).map(|key| key.len()), Some(255));
        assert_eq!(key(&format!("\"{}\"", "k".repeat(255))).map(|key| key.len()), Some(255));
    }

    #[test]
    fn everything_else_is_refused() {
        let long = "k".repeat(256);
        for text in ["", "\"\"", "\"", "a b", "\"a b\"", "\"a\"b", "\"a\";p=1", "\"a", r#""a\"#, r#""a\b""#, "å", &long]
        {
            assert_eq!(text.parse::<IdempotencyKey>().unwrap_err().problem(), Problem::InvalidIdempotencyKey, "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoting_changes_no_key(text in "[!-~]{1,255}") {
            let quoted = format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""));
            prop_assert_eq!(key(&quoted), Some(text.clone()));
            prop_assume!(!text.starts_with('"'));
            prop_assert_eq!(key(&text), Some(text));
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,300}") {
            let _ = key(&text);
        }
    }
}
