//! Gender, as far as somebody had reason to write it down.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Gender, as somebody stated it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Gender {
    /// Girl or woman.
    Female,
    /// Boy or man.
    Male,
    /// Another.
    Other,
    /// Not known.
    Unknown,
}
