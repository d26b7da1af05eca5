//! What an office and a sender write to each other about a referral: questions, answers, supplements. All of it is personal.

pub mod store;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MessageKind {
    /// The office asks.
    Question,
    /// The sender answers a question.
    Answer,
    /// The sender adds something.
    Supplement,
    /// One writes to the other.
    Message,
}
crate::text_column!(MessageKind);
