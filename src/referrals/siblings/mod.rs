//! Siblings of the child: separate concern reports about them, and the effect of hiding one report on the others.

pub mod copies;
pub mod hiding;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::ReferralId;

/// A separate report that was copied from a concern report for a sibling of its child.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SiblingCopy {
    /// The sibling's place in the report's list of siblings, counted from 0.
    #[schema(minimum = 0, maximum = 19, example = 0)]
    pub sibling_index: u16,
    /// The identifier of the separate report about the sibling.
    pub referral_id: ReferralId,
}
