//! By what means somebody is met.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where, or by what means, somebody was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// In the street.
    Street,
    /// At school.
    School,
    /// At home.
    HomeVisit,
    /// At a youth centre.
    YouthCentre,
    /// With an association.
    Association,
    /// At the office.
    Office,
    /// By telephone.
    Phone,
    /// In a chat, by message or on screen.
    Digital,
    /// At an event.
    Event,
}
crate::text_column!(Channel);
