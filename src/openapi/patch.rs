//! Merge patches (RFC 7396) in the OpenAPI document: for each body that a PATCH names, a schema in which no field is required and
//! every optional field may be null.

use serde_json::{Value, json};

use crate::openapi::schemas::NULLABLE;
use crate::openapi::walk::{self, Object};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Changes the body of every PATCH from the schema `NewX` that its route names to `XPatch`, which is accepted both as a merge patch
/// and as plain JSON.
pub fn describe_merge_patches(document: &mut Value) {
    let before = document.clone();
    let mut patches = Object::new();
    for (_, method, operation) in walk::operations_mut(document) {
        if method != "patch" {
            continue;
        }
        let Some(Value::Object(content)) = operation.get_mut("requestBody").and_then(|body| body.get_mut("content"))
        else {
            continue;
        };
        let Some(mut media_type) = content.get(JSON).cloned() else { continue };
        if let Some(name) = walk::schema_name(&media_type["schema"]).map(patch_name) {
            if before.pointer(&format!("/components/schemas/{name}")).is_none() {
                patches.insert(name.clone(), patch_of(&before, &media_type["schema"]));
            }
            media_type["schema"] = json!({ "$ref": format!("#/components/schemas/{name}") });
        }
        content.insert(MERGE_PATCH.to_owned(), media_type.clone());
        content.insert(JSON.to_owned(), media_type);
    }
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.extend(patches);
    }
}

/// Returns the name of the patch schema for a schema: `AreaPatch` for `NewArea`, which has the fields of an area that can be
/// changed.
fn patch_name(name: &str) -> String {
    let noun = name.strip_prefix("New").unwrap_or(name);
    if noun.ends_with("Patch") { noun.to_owned() } else { format!("{noun}Patch") }
}

fn patch_of(document: &Value, whole: &Value) -> Value {
    let (properties, required) = walk::properties(document, whole);
    let changes: Object = properties
        .into_iter()
        .map(|(name, schema)| {
            let change =
                if required.contains(&name) { without_default(schema) } else { or_null(without_default(schema)) };
            (name.to_owned(), change)
        })
        .collect();
    let mut patch = json!({
        "type": "object",
        "description": "The changes, as a JSON merge patch (RFC 7396): absent fields stay as they are, and null removes a value.",
        "properties": changes,
    });
    if let Some(closed) = walk::resolve(document, whole).get("additionalProperties") {
        patch["additionalProperties"] = closed.clone();
    }
    patch
}

/// Returns a schema without its default, which only says something about a new resource and nothing about a change.
fn without_default(schema: &Value) -> Value {
    let mut schema = schema.clone();
    schema.as_object_mut().map(|object| object.remove("default"));
    schema
}

fn or_null(mut schema: Value) -> Value {
    let Value::Object(object) = &mut schema else { return schema };
    if object.get(NULLABLE) == Some(&Value::Bool(true)) {
        return schema;
    }
    if let (Some(Value::String(name)), None) = (object.get("type"), object.get("enum")) {
        let types = json!([name, "null"]);
        object.insert("type".to_owned(), types);
        object.insert(NULLABLE.to_owned(), Value::Bool(true));
        return schema;
    }
    // The description and the extensions stay at the field; the rest of the schema moves into the union.
    let mut union = walk::take_words(object);
    union.insert("oneOf".to_owned(), json!([schema, { "type": "null" }]));
    union.insert(NULLABLE.to_owned(), Value::Bool(true));
    Value::Object(union)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_requires_nothing_and_removes_by_null() {
        let reference = json!({ "schema": { "$ref": "#/components/schemas/Area" } });
        let mut document = json!({
            "components": { "schemas": { "Area": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name"],
                "properties": {
                    "name": { "type": "string" },
                    "note": { "type": "string", "default": "" },
                    "kind": { "$ref": "#/components/schemas/Kind", "description": "Its kind." }
                }
            } } },
            "paths": { "/areas/{id}": { "patch": { "requestBody": { "content": { "application/json": reference } } } } }
        });
        describe_merge_patches(&mut document);
        let content = &document["paths"]["/areas/{id}"]["patch"]["requestBody"]["content"];
        assert_eq!(content[MERGE_PATCH]["schema"]["$ref"], "#/components/schemas/AreaPatch");
        assert_eq!(content[JSON], content[MERGE_PATCH]);
        let patch = &document["components"]["schemas"]["AreaPatch"];
        assert!(patch.get("required").is_none());
        assert_eq!(patch["additionalProperties"], false);
        let properties = json!({
            "name": { "type": "string" },
            "note": { "type": ["string", "null"], "x-nullable": true },
            "kind": { "oneOf": [{ "$ref": "#/components/schemas/Kind" }, { "type": "null" }], "description": "Its kind.", "x-nullable": true }
        });
        assert_eq!(patch["properties"], properties);
    }

    #[test]
    fn a_patch_that_a_route_describes_itself_stays() {
        let named =
            json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/AreaPatch" } } } });
        let own = json!({ "AreaPatch": { "description": "Mine." } });
        let mut document =
            json!({ "components": { "schemas": own }, "paths": { "/a": { "patch": { "requestBody": named } } } });
        describe_merge_patches(&mut document);
        assert_eq!(document["components"]["schemas"], own);
        assert!(document["paths"]["/a"]["patch"]["requestBody"]["content"].get(MERGE_PATCH).is_some());
    }
}
