//! Who is met and helped.
//!
//! A person is known by as much as somebody had reason to write down, and by no more: a name, a personal identity number,
//! a birth year, or nothing but an age.

mod identity_number;

pub use identity_number::PersonalIdentityNumber;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::vault::Confidential;

/// A personal identity number in a body.
pub type ConfidentialNumber = Confidential<PersonalIdentityNumber>;

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

/// Whether a person's whereabouts must not become known (skyddade personuppgifter).
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::EnumIter
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProtectedIdentity {
    /// No protection.
    #[default]
    None,
    /// Sekretessmarkering: the population register warns that the person may be in danger.
    Marked,
    /// Skyddad folkbokföring: registered where the person does not live. No address is stored at all.
    ProtectedRegistration,
}

impl ProtectedIdentity {
    /// Whether the person exists only for staff who are cleared for it.
    pub fn is_protected(self) -> bool {
        self != Self::None
    }
}
