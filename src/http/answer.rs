//! Answers, rendered; and those that are kept for whoever asks the same.

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

/// A body with what its headers say of it. Copies share the bytes.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What is answered.
    pub body: Bytes,
    /// Its entity tag.
    pub etag: HeaderValue,
    /// Its media type.
    pub media_type: HeaderValue,
    /// The links of a list.
    pub links: Option<HeaderValue>,
}

/// What an ETag stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validator {
    /// The version of the resource, and the content as it looks now.
    Version(i32),
    /// The content alone, where the version itself would tell something.
    Content,
}

impl Answer {
    /// One resource.
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

    /// What was rendered before.
    pub fn rendered(body: Bytes, etag: &str) -> Result<Self> {
        let media_type = HeaderValue::from_static("application/json");
        Ok(Self { body, etag: HeaderValue::from_str(etag).map_err(Error::internal)?, media_type, links: None })
    }

    /// A page of a list, whose links also stand in the `Link` header.
    pub fn of_list(page: &impl Serialize, links: &[Link]) -> Result<Self> {
        let links: Vec<String> = links.iter().map(Link::as_header).collect();
        let links = HeaderValue::try_from(links.join(", ")).map_err(Error::internal)?;
        Ok(Self { links: Some(links), ..Self::of(page, Validator::Content)? })
    }

    /// The same, said to be of another media type.
    pub fn said_to_be(self, media_type: &'static str) -> Self {
        Self { media_type: HeaderValue::from_static(media_type), ..self }
    }
}

/// A view as JSON.
pub fn rendered(view: &impl Serialize) -> Result<Bytes> {
    // Most answers fit, so that nothing is copied while one grows.
    let mut body = Vec::with_capacity(4096);
    serde_json::to_writer(&mut body, view).map_err(Error::internal)?;
    Ok(body.into())
}

/// Answers from one snapshot of the directory, each kept for the minute in which it was made.
///
/// A snapshot never changes, so an answer from it changes with the time alone: offices open and close, at whole minutes. The
/// next snapshot begins with none.
#[derive(Debug, Default)]
pub struct KeptAnswers(RwLock<Minute>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    by_question: HashMap<String, Answer>,
    bytes: usize,
}

/// So much is kept at most, that strange questions do not fill the memory: enough for all that a directory has.
const MOST_BYTES: usize = 8 * 1024 * 1024;

impl KeptAnswers {
    /// The kept answer to this question, or a new one by `make`. The question tells all that the answer depends on but the
    /// snapshot and the time.
    pub fn get_or_make(
        &self,
        question: String,
        now: Timestamp,
        make: impl FnOnce() -> Result<Answer>,
    ) -> Result<Answer> {
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
    fn keep(&mut self, number: i64, question: String, answer: &Answer) {
        if self.number != number {
            *self = Self { number, ..Self::default() };
        }
        let bytes = question.len() + answer.body.len() + size_of::<(String, Answer)>();
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
        let make = || Answer::of(&fresh, Validator::Content);
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
