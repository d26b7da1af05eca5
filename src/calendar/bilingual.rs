//! A text of the municipality's data, in Swedish and English.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text in Swedish and English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// The text in Swedish, in the words of the law or the almanac.
    pub sv: String,
    /// The text in English.
    pub en: String,
}
