//! The identity provider's key sets: no shared secret, no weak key and no nameless one is let in, and none is told back.

use nara::auth::key_set::KeySet;
use serde_json::Value;

use super::text;

/// The bytes are a JSON Web Key Set.
pub fn check(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let keys = document["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    match text.parse::<KeySet>() {
        Ok(set) => {
            assert!(set.is_same_as(&text.parse().expect("it was read before")));
            let known: Vec<&Value> = keys.iter().filter(|key| is_in(&set, key)).collect();
            assert!(!known.is_empty(), "a set without a key");
            for key in known.into_iter().filter(|key| key["use"] != "enc") {
                assert_ne!(key["kty"], "oct", "a shared secret");
            }
        }
        Err(error) => {
            let material =
                |key: &Value, name: &str| key[name].as_str().filter(|value| value.len() > 8).map(str::to_owned);
            for key in keys {
                for value in ["n", "x", "y", "d", "k"].iter().filter_map(|name| material(key, name)) {
                    assert!(key["kid"] == value.as_str() || !error.contains(&value), "told back");
                }
            }
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
