//! The identity provider's key sets: no shared secret, no weak key and no nameless one is let in, and none is told back.

use nara::auth::key_set::KeySet;
use serde_json::Value;

use super::text;

/// The bytes are a JSON Web Key Set.
pub fn check(data: &[u8]) {
    let Some(text) = text(data).filter(|text| !text.contains(super::MARK)) else { return };
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    match text.parse::<KeySet>() {
        Ok(set) => {
            assert!(set.is_same_as(&text.parse().expect("it was read before")));
            let keys = document["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
            let known: Vec<&Value> = keys.iter().filter(|key| is_in(&set, key)).collect();
            assert!(!known.is_empty(), "a set without a key");
            for key in known.into_iter().filter(|key| key["use"] != "enc") {
                assert_ne!(key["kty"], "oct", "a shared secret");
            }
        }
        Err(_) => {
            let mut marked = document;
            for key in marked
                .get_mut("keys")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .filter_map(Value::as_object_mut)
            {
                let material =
                    key.iter_mut().filter(|(name, _)| ["n", "e", "x", "y", "d", "k"].contains(&name.as_str()));
                material.for_each(|(_, value)| super::mark(value, 1));
            }
            let error = marked.to_string().parse::<KeySet>().err();
            assert!(error.is_none_or(|error| !error.contains(super::MARK)), "told back");
        }
    }
}

/// Whether the set has the key, with algorithms of its own kind alone.
fn is_in(set: &KeySet, key: &Value) -> bool {
    let Some(known) = key["kid"].as_str().and_then(|kid| set.key(kid)) else { return false };
    let names: Vec<String> = known.algorithms.iter().map(|algorithm| format!("{algorithm:?}")).collect();
    assert!(!names.is_empty());
    assert!(names.iter().all(|name| !name.starts_with("HS")), "{names:?}");
    true
}
