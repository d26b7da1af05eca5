//! The state of the budget that a call was taken from, and the answer's headers that tell it.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::http::limits::budget::Budget;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// The state of the budget that a call was taken from, after the call. It is kept until the call is answered.
pub struct BudgetStanding {
    pub(super) policy: HeaderValue,
    pub(super) budget: Budget,
    pub(super) remaining: u32,
    pub(super) whole_after: u64,
    /// The number of seconds until the budget grants another call, if it refused this one.
    pub(super) retry_after: Option<u64>,
}

impl BudgetStanding {
    /// Adds the headers `RateLimit` and `RateLimit-Policy` to an answer, and `Retry-After` if the call was refused. Each budget has a
    /// line of its own in these lists (RFC 9651, section 3.1).
    pub fn tell(&self, headers: &mut HeaderMap) {
        let name: &str = self.budget.into();
        let text = format!("\"{name}\";r={};t={}", self.remaining, self.whole_after);
        if let Ok(text) = HeaderValue::try_from(text) {
            headers.append(STANDING, text);
        }
        headers.append(POLICY, self.policy.clone());
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
    }
}
