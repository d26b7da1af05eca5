//! What an office and a sender write to each other about a referral: questions, answers, supplements. All of it is personal.
//!
//! - A message changes neither the referral nor what its sender sees of it, unless it answers a question.
//! - Who of the office has written is the office's affair: the sender hears the office.

pub mod routes;
pub mod store;
pub mod view;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::vault::ConfidentialProse;

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

/// Which of the two has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageAuthor)]
pub enum Author {
    /// The office.
    Office,
    /// The sender.
    Sender,
}

/// What one writes to the other.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMessage {
    /// The message.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vi träffar gärna er på skolan i veckan."
    pub text: ConfidentialProse,
}
