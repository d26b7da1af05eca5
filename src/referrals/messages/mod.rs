//! Messages between an office and a sender about a referral: questions, answers and supplements. All of them are personal data.
//!
//! - A message changes neither the referral nor what its sender sees of it, unless the message answers a question.
//! - The sender is told that the office has written, but not which member of staff.

pub mod routes;
pub mod store;
pub mod view;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::vault::ConfidentialProse;

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MessageKind {
    /// A question from the office to the sender.
    Question,
    /// An answer of the sender to a question.
    Answer,
    /// Information that the sender adds to the referral.
    Supplement,
    /// A message from one party to the other.
    Message,
}
crate::text_column!(MessageKind);

/// The party that wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageAuthor)]
pub enum Author {
    /// The office that has the referral.
    Office,
    /// The sender of the referral.
    Sender,
}

/// A message that the office or the sender writes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMessage {
    /// The text of the message.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vi träffar gärna er på skolan i veckan."
    pub text: ConfidentialProse,
}
