//! The ways and places in which staff meet people.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The channel of a meeting or call with a person: the place where they met, or the means by which they spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// Somebody was met in the street.
    Street,
    /// Somebody was met at school.
    School,
    /// Somebody was met at home.
    HomeVisit,
    /// Somebody was met at a youth centre.
    YouthCentre,
    /// Somebody was met with an association.
    Association,
    /// Somebody was met at the office.
    Office,
    /// Somebody was spoken to by telephone.
    Phone,
    /// Somebody was met in a chat, by message or on screen.
    Digital,
    /// Somebody was met at an event.
    Event,
}
crate::text_column!(Channel);
