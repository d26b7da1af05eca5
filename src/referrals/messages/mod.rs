//! Messages between an office and the sender of a referral: questions, answers, supplements and other messages. All of them are
//! personal data.
//!
//! - A message changes neither the referral nor the receipt that its sender sees, unless the message asks the sender for
//!   information or gives the information that the office waits for.
//! - When the office writes, the sender is told that the office has written, but not which member of staff.

pub mod routes;
pub mod store;
pub mod view;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::vault::ConfidentialProse;

/// The kind of a message between an office and the sender of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MessageKind {
    /// The office asks the sender for information and waits for the answer.
    Question,
    /// The sender answers a question of the office by writing a message.
    Answer,
    /// The sender adds information to the referral, whether or not the office has asked for it.
    Supplement,
    /// The office or the sender writes something else, which is no question, answer or supplement.
    Message,
}
crate::text_column!(MessageKind);

/// The party that wrote a message about a referral: the office or the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageAuthor)]
pub enum Author {
    /// The office that had the referral when the message was written.
    Office,
    /// The partner agency that sent the referral.
    Sender,
}

/// A new message about a referral, which the office writes to the sender or the sender to the office.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMessage {
    /// The text of the message.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vi träffar gärna er på skolan i veckan."
    pub text: ConfidentialProse,
}
