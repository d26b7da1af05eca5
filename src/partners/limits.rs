//! The rate limits of an API key, in the form in which the partner agency sees them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::limits::{Rate, Rates};

/// A rate limit of an API key: a budget of calls that refills at a steady rate. Calls that are not made are saved up to a
/// maximum, and may then be made all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyBudget)]
pub struct KeyBudget {
    /// The number of calls that are added to the budget in each period.
    #[schema(minimum = 1, maximum = 1_000_000, example = 50)]
    pub calls: u32,
    /// The length, in seconds, of the period in which `calls` calls are added.
    #[schema(minimum = 1, maximum = 3600, example = 1)]
    pub seconds: u64,
    /// The largest number of calls that can be saved up and then made at once.
    #[schema(minimum = 1, maximum = 1_000_000, example = 150)]
    pub burst: u32,
}

/// The rate limits that apply to each API key of a partner agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyLimits {
    /// The rate limit for calls that only read.
    pub reading: KeyBudget,
    /// The rate limit for calls that send or change something.
    pub writing: KeyBudget,
}

impl From<Rate> for KeyBudget {
    fn from(rate: Rate) -> Self {
        let (calls, seconds) = rate.refill();
        Self { calls: calls.get(), seconds, burst: rate.burst().get() }
    }
}

impl From<&Rates> for KeyLimits {
    fn from(rates: &Rates) -> Self {
        Self { reading: rates.read.into(), writing: rates.write.into() }
    }
}
