//! Protection of a person's identity.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a person's whereabouts must not become known (skyddade personuppgifter); the stronger protection is the greater one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
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

crate::text_column!(ProtectedIdentity);

impl ProtectedIdentity {
    /// Whether the person exists only for staff who are cleared for it.
    pub fn is_protected(self) -> bool {
        self != Self::None
    }
}
