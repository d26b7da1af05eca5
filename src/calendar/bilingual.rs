//! Texts from the data, in both languages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text in Swedish and English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// The text in Swedish, as in the law and the almanac.
    pub sv: String,
    /// The text in English.
    pub en: String,
}
