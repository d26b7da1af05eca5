//! The wrapper [`Confidential`] for personal values in memory, and its serialization.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::text::{Line, Prose};

/// A personal value, such as a name or a narrative. It has no `Display`, its `Debug` hides the value, and it is not `Serialize`:
/// a struct that must show it says so at the field, with `serialize_with = "vault::disclose"`.
#[derive(Clone, PartialEq, Eq)]
pub struct Confidential<T>(T);

/// One line of text that is personal data, such as a name.
pub type ConfidentialLine = Confidential<Line>;
/// A text of several lines that is personal data, such as a narrative.
pub type ConfidentialProse = Confidential<Prose>;

impl<T> Confidential<T> {
    /// Wraps `value`, so that it cannot be printed by accident.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The wrapped value, for checks and for answers to callers who may know it.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Confidential<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[confidential]")
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Confidential<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: PartialSchema> PartialSchema for Confidential<T> {
    fn schema() -> RefOr<Schema> {
        T::schema()
    }
}

impl<T: ToSchema> ToSchema for Confidential<T> {
    fn name() -> Cow<'static, str> {
        T::name()
    }
}

/// A type that [`disclose`] can serialize: a [`Confidential`] or an `Option` of one.
pub trait Disclosable {
    fn disclose<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl<T: Serialize> Disclosable for Confidential<T> {
    fn disclose<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Serialize> Disclosable for Option<Confidential<T>> {
    fn disclose<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Confidential::reveal).serialize(serializer)
    }
}

/// Serializes a confidential value in plain text. A field must name this function in `serialize_with`, so that showing the value
/// is a decision.
pub fn disclose<S: Serializer>(value: &impl Disclosable, serializer: S) -> Result<S::Ok, S::Error> {
    value.disclose(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Child {
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "disclose")]
        name: Option<Confidential<String>>,
    }

    #[test]
    fn it_is_told_where_a_field_says_so_and_nowhere_else() {
        let child: Child = serde_json::from_str(r#"{"name":"Alva"}"#).unwrap();
        assert_eq!(format!("{child:?}"), "Child { name: Some([confidential]) }");
        assert_eq!(serde_json::to_string(&child).unwrap(), r#"{"name":"Alva"}"#);
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Child>("{}").unwrap()).unwrap(), "{}");
    }
}
