//! Bounds for the schemas of the OpenAPI document that routes leave unbounded, and examples for dates. The API rules that this
//! document follows require both.
//!
//! A text that may not be empty may not be blank either, and no text may contain control characters, just as [`crate::text`] parses
//! texts.

use serde_json::Value;

use crate::openapi::walk::{self, Object};
use crate::text::{NOT_BLANK, PLAIN};

/// The largest integer up to which JSON numbers are exact in every language that reads them as doubles (RFC 8259, 6).
const SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// Adds bounds to the schemas of every number, text, list and map for which the route states none.
pub fn set_limits(document: &mut Value) {
    walk::schemas_mut(document, &mut |schema| {
        if schema.contains_key("enum") || schema.contains_key("const") {
            return;
        }
        if walk::has_type(schema, "integer") {
            limit_integer(schema);
        }
        if walk::has_type(schema, "string") {
            let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
            let longest = longest_text(format);
            schema.entry("maxLength").or_insert(longest.into());
            if !schema.contains_key("format") {
                let may_be_empty = schema.get("minLength").and_then(Value::as_u64).unwrap_or_default() == 0;
                schema.entry("pattern").or_insert(if may_be_empty { PLAIN } else { NOT_BLANK }.into());
            }
        }
        if walk::has_type(schema, "array") {
            let most = schema.get("prefixItems").and_then(Value::as_array).map_or(1000, Vec::len);
            schema.entry("maxItems").or_insert(most.into());
        }
        if schema.get("additionalProperties").is_some_and(|kind| kind.is_object() || *kind == Value::Bool(true)) {
            schema.entry("maxProperties").or_insert(1000.into());
        }
    });
}

fn limit_integer(schema: &mut Object) {
    let format = schema.entry("format").or_insert_with(|| "int64".into());
    let (least, most): (i64, i64) = match format.as_str().unwrap_or_default() {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "uint64" => (0, SAFE_INTEGER),
        _ => (-SAFE_INTEGER, SAFE_INTEGER),
    };
    schema.entry("minimum").or_insert(least.into());
    schema.entry("maximum").or_insert(most.into());
}

/// Returns a maximal length in characters that is enough for every text of a format, so that the limit never contradicts the
/// format.
fn longest_text(format: &str) -> u32 {
    match format {
        "date" => 10,
        "date-time" => 35,
        "uuid" => 36,
        "email" => 254,
        "uri" | "uri-reference" => 2000,
        _ => 10_000,
    }
}

/// Adds an example to the schema of every date or time, as the rules for Swedish public APIs require.
pub fn give_dates_examples(document: &mut Value) {
    walk::schemas_mut(document, &mut |schema| {
        if let Some(example) = schema.get("format").and_then(Value::as_str).and_then(example_of_date) {
            schema.entry("example").or_insert_with(|| example.into());
        }
    });
}

/// Returns an example for the format `date` or `date-time`; `None` for any other format.
pub fn example_of_date(format: &str) -> Option<&'static str> {
    match format {
        "date" => Some("2026-11-21"),
        "date-time" => Some("2026-11-21T14:30:00Z"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mended(mend: fn(&mut Value), schemas: Value) -> Value {
        let mut document = json!({ "components": { "schemas": schemas } });
        mend(&mut document);
        document["components"]["schemas"].take()
    }

    #[test]
    fn everything_has_its_bounds() {
        let schemas = json!({
            "Small": { "type": "integer", "format": "int32", "minimum": 0 },
            "Large": { "type": "integer" },
            "Text": { "type": ["string", "null"] },
            "Name": { "type": "string", "minLength": 1, "maxLength": 20 },
            "Date": { "type": "string", "format": "date" },
            "Status": { "type": "string", "enum": ["active"] },
            "Point": { "type": "array", "prefixItems": [{}, {}] },
            "Map": { "type": "object", "additionalProperties": {} }
        });
        let expected = json!({
            "Small": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 2_147_483_647 },
            "Large": { "type": "integer", "format": "int64", "minimum": -SAFE_INTEGER, "maximum": SAFE_INTEGER },
            "Text": { "type": ["string", "null"], "maxLength": 10_000, "pattern": PLAIN },
            "Name": { "type": "string", "minLength": 1, "maxLength": 20, "pattern": NOT_BLANK },
            "Date": { "type": "string", "format": "date", "maxLength": 10 },
            "Status": { "type": "string", "enum": ["active"] },
            "Point": { "type": "array", "prefixItems": [{}, {}], "maxItems": 2 },
            "Map": { "type": "object", "additionalProperties": {}, "maxProperties": 1000 }
        });
        assert_eq!(mended(set_limits, schemas), expected);
    }

    #[test]
    fn dates_have_an_example() {
        let schemas =
            json!({ "A": { "format": "date" }, "B": { "format": "date-time", "example": "2022-08-01T08:00:00Z" } });
        let expected = json!({ "A": { "format": "date", "example": "2026-11-21" }, "B": { "format": "date-time", "example": "2022-08-01T08:00:00Z" } });
        assert_eq!(mended(give_dates_examples, schemas), expected);
    }
}
