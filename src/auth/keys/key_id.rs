//! The ids of the API keys of partner agencies.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use uuid::Uuid;

use crate::error::Text;

/// The number of characters in the id of an API key.
pub(super) const ID_LENGTH: usize = 10;

/// The id of an API key: ten letters and digits. It is the public part of the key, and may be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(transparent)]
pub struct ApiKeyId(pub(super) String);

crate::text_column!(ApiKeyId);

impl ApiKeyId {
    /// Returns the id in the form of a UUID (RFC 9562, version 8), since the audit identifies every resource by a UUID.
    pub fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        // Bytes 6 and 8 hold the version and the variant, so the characters go before and after them.
        for (byte, letter) in [0, 1, 2, 3, 4, 5, 10, 11, 12, 13].into_iter().zip(self.0.bytes()) {
            bytes[byte] = letter;
        }
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl FromStr for ApiKeyId {
    type Err = Text;

    fn from_str(text: &str) -> std::result::Result<Self, Text> {
        match text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => Ok(Self(text.to_owned())),
            false => Err(Text::new(
                "must be ten characters, each a letter a-z or A-Z or a digit",
                "måste vara tio bokstäver a-z, A-Z och siffror",
            )),
        }
    }
}

impl AsRef<str> for ApiKeyId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl utoipa::PartialSchema for ApiKeyId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(ID_LENGTH))
            .max_length(Some(ID_LENGTH))
            .pattern(Some("^[0-9A-Za-z]{10}$"))
            .examples(["3kT9xZ0aQw"])
            .into()
    }
}

impl utoipa::ToSchema for ApiKeyId {}
