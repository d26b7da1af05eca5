//! Standing of a caller with a limit, as the answer's headers tell it.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::http::limits::budget::Budget;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// How a call's budget stands, noted until the call is answered.
pub struct Standing {
    pub(super) policy: HeaderValue,
    pub(super) budget: Budget,
    pub(super) remaining: u32,
    pub(super) whole_after: u64,
    /// In how many seconds the next call is granted, where this one was not.
    pub(super) retry_after: Option<u64>,
}

impl Standing {
    /// Tells it on an answer.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let name: &str = self.budget.into();
        let text = format!("\"{name}\";r={};t={}", self.remaining, self.whole_after);
        if let Ok(text) = HeaderValue::try_from(text) {
            headers.insert(STANDING, text);
        }
        headers.insert(POLICY, self.policy.clone());
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
    }
}
