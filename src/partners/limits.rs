//! How many calls a key may make, as its agency is told.
//!
//! The server is built with these numbers as it is with the rest of what it knows: they come from whatever holds callers to
//! them, and this file only says how they are told.

use serde::Serialize;
use utoipa::ToSchema;

/// A budget that is filled up steadily and can be spent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// How many calls are added each second.
    #[schema(minimum = 1, maximum = 1_000_000, example = 50)]
    pub per_second: u32,
    /// How many calls can be saved up, and made at once.
    #[schema(minimum = 1, maximum = 1_000_000, example = 150)]
    pub burst: u32,
}

/// The budgets of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyLimits {
    /// Of calls that read.
    pub reading: Budget,
    /// Of calls that send or change something.
    pub writing: Budget,
}

impl Default for KeyLimits {
    fn default() -> Self {
        let usual = Budget { per_second: 50, burst: 150 };
        Self { reading: usual, writing: usual }
    }
}
