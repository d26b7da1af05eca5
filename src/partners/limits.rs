//! How many calls a key may make, as its agency is told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::limits::{Rate, Rates};

/// A budget that is filled up steadily and can be spent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyBudget {
    /// How many calls are added in each period.
    #[schema(minimum = 1, maximum = 1_000_000, example = 50)]
    pub calls: u32,
    /// How many seconds a period has.
    #[schema(minimum = 1, maximum = 3600, example = 1)]
    pub seconds: u64,
    /// How many calls can be saved up, and made at once.
    #[schema(minimum = 1, maximum = 1_000_000, example = 150)]
    pub burst: u32,
}

/// The budgets of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyLimits {
    /// Of calls that read.
    pub reading: KeyBudget,
    /// Of calls that send or change something.
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
