//! The code for the protection of a person's identity.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The protection of a person whose whereabouts must not become known (skyddade personuppgifter). Of two values, the stronger
/// protection compares as the greater one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProtectedIdentity {
    /// The person has no protection.
    #[default]
    None,
    /// Sekretessmarkering: the population register warns that the person may be in danger.
    Marked,
    /// Skyddad folkbokföring: the person is registered at a place where they do not live. No address and no district are stored
    /// here.
    ProtectedRegistration,
}

crate::text_column!(ProtectedIdentity);

impl ProtectedIdentity {
    /// Whether there is a protection of either kind, so that the person exists only for staff who are cleared for protected
    /// identities.
    pub fn is_protected(self) -> bool {
        self != Self::None
    }
}
