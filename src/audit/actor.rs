//! The actor of an audit record, with its text form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::Text;
use crate::id::{PartnerId, StaffId};

/// The one who carried out or attempted the action of an audit record. Its text form is `staff:` or `partner:` with an
/// identifier, or `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    Staff(StaffId),
    Partner(PartnerId),
    /// The program itself, run from the command line or by a timer.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staff(id) => write!(f, "staff:{id}"),
            Self::Partner(id) => write!(f, "partner:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl FromStr for Actor {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        match text.split_once(':') {
            None if text == "system" => Some(Self::System),
            Some(("staff", id)) => id.parse().ok().map(Self::Staff),
            Some(("partner", id)) => id.parse().ok().map(Self::Partner),
            _ => None,
        }
        .ok_or_else(|| {
            Text::new(
                "must be staff: or partner: and an identifier, or system",
                "måste vara staff: eller partner: och en identifierare, eller system",
            )
        })
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Actor {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(44))
            .pattern(Some("^(system|(staff|partner):[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))
            .description(Some("The actor: a member of staff, a partner agency's system, or the program itself."))
            .examples(["staff:01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"])
            .into()
    }
}

impl utoipa::ToSchema for Actor {
    fn name() -> std::borrow::Cow<'static, str> {
        "AuditActor".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_written_as_it_is_read() {
        let id = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
        for text in [format!("staff:{id}"), format!("partner:{id}"), "system".to_owned()] {
            assert_eq!(text.parse::<Actor>().unwrap().to_string(), text);
        }
        for text in
            ["", "staff", "staff:", "staff:1", "System", "system:", "nobody:01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"]
        {
            assert!(text.parse::<Actor>().is_err(), "{text}");
        }
    }
}
