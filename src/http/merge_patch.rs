//! Merge patches (RFC 7396): request bodies that contain only the fields to change, with null for the fields to remove.

use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result, Text};
use crate::http::body::{json_bytes, no_object, parse_value, read, read_stored};

/// The body of a PATCH request: a JSON merge patch (RFC 7396).
pub struct MergePatch(pub(super) Value);

impl FromRequest for MergePatch {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let bytes = json_bytes(request, payload, &["application/json", "application/merge-patch+json"]);
        Box::pin(async move { Self::parse(&bytes.await?) })
    }
}

impl MergePatch {
    /// Parses a merge patch, which must be a JSON object.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        match parse_value(bytes)? {
            patch @ Value::Object(_) => Ok(Self(patch)),
            _ => Err(no_object()),
        }
    }

    /// Returns the patch unchanged. Fails if the patch has one of these top-level fields, which can be set only when a resource is
    /// created.
    pub fn without(&self, fields: &[&str]) -> Result<&Self> {
        let named = fields.iter().find(|field| self.0.get(**field).is_some());
        match named {
            Some(field) => {
                Err(Error::invalid_at(format!("/{field}"), Text::new("is not a field here", "är inte ett fält här")))
            }
            None => Ok(self),
        }
    }

    /// Returns `current` with the patch applied. The result must satisfy the same rules as a new document, unless `current` itself
    /// has a text that was stored before there was a rule on it: then no text is held to the rules that came later.
    pub fn apply<T: Serialize + DeserializeOwned>(&self, current: &T) -> Result<T> {
        let before = serde_json::to_value(current).map_err(Error::internal)?;
        let mut document = before.clone();
        merge(&mut document, &self.0);
        match read(document.clone()) {
            Err(_) if read::<T>(before).is_err() => read_stored(document),
            read => read,
        }
    }
}

/// Applies the merge patch `patch` to `target` as RFC 7396, section 2, says: null removes, objects are merged, everything else
/// replaces.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Line;
    use serde_json::json;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Named {
        name: Line,
        note: Option<Line>,
    }

    #[test]
    fn an_older_text_does_not_stand_in_the_way_of_another_change() {
        let stored = |name: &str| serde_json::from_value::<Named>(json!({ "name": name })).unwrap();
        let patched = |stored: &Named, patch: Value| MergePatch(patch).apply(stored);
        let (older, plain) = (stored("Al\u{200D}va"), stored("Alva"));
        assert_eq!(patched(&older, json!({ "note": "a" })).unwrap().name, older.name);
        assert_eq!(patched(&older, json!({ "name": "Alva" })).unwrap(), plain);
        assert!(patched(&plain, json!({ "name": "Al\u{200D}va" })).is_err());
        assert!(patched(&older, json!({ "note": 7 })).is_err());
    }
}
