//! Siblings of the child: reports of their own, and what one report does to the others.

pub mod copies;
pub mod hiding;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::ReferralId;

/// A report that a sibling got.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SiblingCopy {
    /// Which of the siblings, from 0.
    #[schema(minimum = 0, maximum = 19, example = 0)]
    pub sibling_index: u16,
    /// The report.
    pub referral_id: ReferralId,
}
