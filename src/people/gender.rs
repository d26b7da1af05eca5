//! The code for a person's gender.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The gender of a person, as somebody stated it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Gender {
    /// The person is a girl or woman.
    Female,
    /// The person is a boy or man.
    Male,
    /// The person has another gender.
    Other,
    /// The gender is not known.
    Unknown,
}
