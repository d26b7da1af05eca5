//! Rendered answers, and a memory of answers to public questions that are asked repeatedly.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::hex;
use crate::http::link::Link;
use crate::time::Timestamp;

/// A rendered body of an answer, and the headers that describe it. Clones share the bytes of the body.
#[derive(Debug, Clone)]
pub struct Representation {
    /// The bytes of the answer's body, usually JSON.
    pub body: Bytes,
    pub etag: HeaderValue,
    pub media_type: HeaderValue,
    /// The value of the `Link` header, which only pages of lists have.
    pub links: Option<HeaderValue>,
}

/// The basis of a resource's entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validator {
    /// The version number of the resource, together with a digest of its content as it looks now.
    Version(i32),
    /// A digest of the content alone, for resources whose version must not be disclosed.
    Content,
}

impl Representation {
    /// Renders a view as JSON and makes its entity tag.
    pub fn of(view: &impl Serialize, validator: Validator) -> Result<Self> {
        let body = rendered(view)?;
        let digest = Sha256::digest(&body);
        let content = hex::encode(&digest[..8]);
        let etag = match validator {
            Validator::Version(version) => format!("\"{version}-{content}\""),
            Validator::Content => format!("\"{content}\""),
        };
        Self::rendered(body, &etag)
    }

    /// Makes a representation from a JSON body that is already rendered and its entity tag.
    pub fn rendered(body: Bytes, etag: &str) -> Result<Self> {
        let media_type = HeaderValue::from_static("application/json");
        Ok(Self { body, etag: HeaderValue::from_str(etag).map_err(Error::internal)?, media_type, links: None })
    }

    /// Renders a page of a list as JSON, with `links` in the `Link` header as well.
    pub fn of_list(page: &impl Serialize, links: &[Link]) -> Result<Self> {
        let links: Vec<String> = links.iter().map(Link::as_header).collect();
        let links = HeaderValue::try_from(links.join(", ")).map_err(Error::internal)?;
        Ok(Self { links: Some(links), ..Self::of(page, Validator::Content)? })
    }

    /// Replaces the media type, which is `application/json` at first. The body stays as it is.
    pub fn said_to_be(self, media_type: &'static str) -> Self {
        Self { media_type: HeaderValue::from_static(media_type), ..self }
    }
}

/// Returns a view as JSON text.
pub fn rendered(view: &impl Serialize) -> Result<Bytes> {
    // Most answers fit into this capacity, so that the buffer need not grow and be copied.
    let mut body = Vec::with_capacity(4096);
    serde_json::to_writer(&mut body, view).map_err(Error::internal)?;
    Ok(body.into())
}

/// The answers that were made from one snapshot of the directory. Each is kept for the minute in which it was made.
///
/// A snapshot never changes, so an answer from it depends only on the time: offices open and close at whole minutes. A newer
/// snapshot has its own memory, which is empty at first.
#[derive(Debug, Default)]
pub struct KeptAnswers(RwLock<Minute>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    by_question: HashMap<String, Representation>,
    bytes: usize,
}

/// The most bytes of answers that are kept, so that unusual questions do not fill the memory. It is enough for everything in a
/// directory.
const MOST_BYTES: usize = 8 * 1024 * 1024;

impl KeptAnswers {
    /// Returns the answer to this question that was kept in the minute of `now`, or makes one with `make` and keeps it. The
    /// question must contain everything that the answer depends on, except the snapshot and the time.
    pub fn get_or_make(
        &self,
        question: String,
        now: Timestamp,
        make: impl FnOnce() -> Result<Representation>,
    ) -> Result<Representation> {
        let number = now.micros().div_euclid(60_000_000);
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = kept.by_question.get(&question).filter(|_| kept.number == number) {
            return Ok(answer.clone());
        }
        drop(kept);
        let answer = make()?;
        self.0.write().unwrap_or_else(PoisonError::into_inner).keep(number, question, &answer);
        Ok(answer)
    }
}

impl Minute {
    fn keep(&mut self, number: i64, question: String, answer: &Representation) {
        if self.number != number {
            *self = Self { number, ..Self::default() };
        }
        let bytes = question.len() + answer.body.len() + size_of::<(String, Representation)>();
        if self.bytes + bytes <= MOST_BYTES && self.by_question.insert(question, answer.clone()).is_none() {
            self.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn ask(kept: &KeptAnswers, question: &str, time: &str, fresh: &str) -> String {
        let make = || Representation::of(&fresh, Validator::Content);
        let answer = kept.get_or_make(question.to_owned(), at(time), make).unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    #[test]
    fn an_answer_is_kept_for_its_question_and_its_minute() {
        let kept = KeptAnswers::default();
        assert_eq!(ask(&kept, "a", "2026-11-23T09:00:00Z", "first"), "first");
        assert_eq!(ask(&kept, "a", "2026-11-23T09:00:59.999999Z", "second"), "first");
        assert_eq!(ask(&kept, "b", "2026-11-23T09:00:59Z", "other"), "other");
        assert_eq!(ask(&kept, "a", "2026-11-23T09:01:00Z", "second"), "second");
        assert_eq!(ask(&kept, "a", "2026-11-23T09:00:59Z", "third"), "third", "a clock that was set back");
    }

    #[test]
    fn what_fails_is_not_kept() {
        let kept = KeptAnswers::default();
        let now = at("2026-11-23T09:00:00Z");
        assert!(kept.get_or_make("a".to_owned(), now, || Err(Error::not_found())).is_err());
        assert_eq!(ask(&kept, "a", "2026-11-23T09:00:00Z", "first"), "first");
    }

    #[test]
    fn so_much_is_kept_and_no_more() {
        let kept = KeptAnswers::default();
        let large = "x".repeat(MOST_BYTES / 3);
        for question in ["a", "b", "c"] {
            ask(&kept, question, "2026-11-23T09:00:00Z", &large);
        }
        assert_eq!(ask(&kept, "a", "2026-11-23T09:00:00Z", "small"), large);
        assert_eq!(ask(&kept, "c", "2026-11-23T09:00:00Z", "small"), "small");
    }
}
