//! Texts from the data, in both languages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text from the data, in Swedish and English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Swedish, as the law and the almanac have it.
    pub sv: String,
    /// The same in English.
    pub en: String,
}
