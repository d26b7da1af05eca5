//! Standing of a caller with a limit, as the answer's headers tell it.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::http::limits::budget::Budget;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// The state of a call's budget, kept until the call is answered.
pub struct BudgetStanding {
    pub(super) policy: HeaderValue,
    pub(super) budget: Budget,
    pub(super) remaining: u32,
    pub(super) whole_after: u64,
    /// The number of seconds until the next call is granted, if this one was refused.
    pub(super) retry_after: Option<u64>,
}

impl BudgetStanding {
    /// Adds the headers with the state of the budget to an answer.
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
