//! Access to the parts of an OpenAPI document: operations, schemas, and the targets of references.

use serde_json::{Map, Value};

pub type Object = Map<String, Value>;

/// The most references that are followed one after the other. The limit also ends circles of references.
pub const LONGEST_CHAIN: usize = 8;

/// Returns the members of a JSON object with their names; nothing for any other value.
pub fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

/// Returns the elements of a JSON array; nothing for any other value.
pub fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Returns the target of a reference (`$ref`), or null if the target does not exist; any other value is returned unchanged.
pub fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut found = value;
    for _ in 0..LONGEST_CHAIN {
        let Some(reference) = found["$ref"].as_str() else { break };
        found = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer)).unwrap_or(&Value::Null);
    }
    found
}

/// Returns the name of the schema that a reference points to; `None` for anything that is not a reference to a schema.
pub fn schema_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

/// Returns each operation of the document with its path and its method, in that order.
pub fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    members(&document["paths"])
        .flat_map(|(path, item)| members(item).map(move |(method, operation)| (path, method, operation)))
}

/// Returns each operation of the document, so that it can be changed, after its path and its method.
pub fn operations_mut(document: &mut Value) -> impl Iterator<Item = (&str, &str, &mut Object)> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object_mut().into_iter().flatten();
        methods
            .filter_map(move |(method, operation)| Some((path.as_str(), method.as_str(), operation.as_object_mut()?)))
    })
}

/// Returns the parameters that an operation lists itself, with references resolved.
pub fn parameters<'a>(document: &'a Value, operation: &'a Value) -> impl Iterator<Item = &'a Value> {
    elements(&operation["parameters"]).map(|parameter| resolve(document, parameter))
}

/// Returns the answers of an operation after their statuses, with references resolved.
pub fn responses<'a>(document: &'a Value, operation: &'a Value) -> impl Iterator<Item = (&'a str, &'a Value)> {
    members(&operation["responses"]).map(|(status, answer)| (status, resolve(document, answer)))
}

/// Whether a schema allows values of the JSON type `wanted`, alone or among other types.
pub fn has_type(schema: &Object, wanted: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == wanted,
        Some(Value::Array(names)) => names.iter().any(|name| name == wanted),
        _ => false,
    }
}

/// Removes the description and the extensions (`x-…`) from a schema, and returns them.
pub fn take_words(schema: &mut Object) -> Object {
    let said: Vec<String> =
        schema.keys().filter(|name| *name == "description" || name.starts_with("x-")).cloned().collect();
    said.into_iter().filter_map(|name| schema.remove_entry(&name)).collect()
}

/// Returns all properties of a schema, including those of its parts in `allOf`, and the names of the required ones. References are
/// resolved.
pub fn properties<'a>(document: &'a Value, schema: &'a Value) -> (Vec<(&'a str, &'a Value)>, Vec<&'a str>) {
    let schema = resolve(document, schema);
    let mut found: Vec<_> = members(&schema["properties"]).collect();
    let mut required: Vec<_> = elements(&schema["required"]).filter_map(Value::as_str).collect();
    for part in elements(&schema["allOf"]) {
        let (of_part, required_by_part) = properties(document, part);
        found.extend(of_part);
        required.extend(required_by_part);
    }
    (found, required)
}

const SUBSCHEMAS: [&str; 4] = ["items", "additionalProperties", "propertyNames", "not"];
const LISTS_OF_SUBSCHEMAS: [&str; 4] = ["oneOf", "anyOf", "allOf", "prefixItems"];

/// Calls `visit` for every schema of the document, which it may change. Inner schemas come before those that contain them.
pub fn schemas_mut(document: &mut Value, visit: &mut dyn FnMut(&mut Object)) {
    match document {
        Value::Object(object) => {
            for (name, member) in object {
                match (name.as_str(), member) {
                    ("example" | "examples", _) => {}
                    ("schema", schema) => subschemas_mut(schema, visit),
                    ("schemas", Value::Object(named)) => {
                        named.values_mut().for_each(|schema| subschemas_mut(schema, visit))
                    }
                    (_, other) => schemas_mut(other, visit),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| schemas_mut(element, visit)),
        _ => {}
    }
}

/// Calls `visit` for a schema and the schemas inside it, which it may change, the inner ones first.
pub fn subschemas_mut(schema: &mut Value, visit: &mut dyn FnMut(&mut Object)) {
    let Value::Object(object) = schema else { return };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(|property| subschemas_mut(property, visit));
    }
    for name in SUBSCHEMAS {
        if let Some(inner) = object.get_mut(name) {
            subschemas_mut(inner, visit);
        }
    }
    for name in LISTS_OF_SUBSCHEMAS {
        if let Some(Value::Array(inner)) = object.get_mut(name) {
            inner.iter_mut().for_each(|schema| subschemas_mut(schema, visit));
        }
    }
    visit(object);
}

/// Calls `visit` for every schema of the document, with the JSON Pointer to it. Outer schemas come before those inside them.
pub fn schemas<'a>(document: &'a Value, visit: &mut dyn FnMut(&str, &'a Object)) {
    outside_schemas(document, String::new(), visit);
}

fn outside_schemas<'a>(value: &'a Value, place: String, visit: &mut dyn FnMut(&str, &'a Object)) {
    for (name, member) in members(value) {
        let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
        match name {
            "example" | "examples" => {}
            "schema" => subschemas(member, place, visit),
            "schemas" => {
                members(member).for_each(|(name, schema)| subschemas(schema, format!("{place}/{name}"), visit))
            }
            _ => outside_schemas(member, place, visit),
        }
    }
    for (index, element) in elements(value).enumerate() {
        outside_schemas(element, format!("{place}/{index}"), visit);
    }
}

fn subschemas<'a>(schema: &'a Value, place: String, visit: &mut dyn FnMut(&str, &'a Object)) {
    let Value::Object(object) = schema else { return };
    visit(&place, object);
    for (name, property) in members(&schema["properties"]) {
        subschemas(property, format!("{place}/properties/{name}"), visit);
    }
    for name in SUBSCHEMAS {
        subschemas(&schema[name], format!("{place}/{name}"), visit);
    }
    for name in LISTS_OF_SUBSCHEMAS {
        for (index, inner) in elements(&schema[name]).enumerate() {
            subschemas(inner, format!("{place}/{name}/{index}"), visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_circle_of_references_ends() {
        let document = json!({ "a": { "$ref": "#/b" }, "b": { "$ref": "#/a" } });
        assert!(resolve(&document, &document["a"]).is_object());
        assert!(resolve(&document, &json!({ "$ref": "#/nowhere" })).is_null());
    }

    #[test]
    fn both_walks_see_every_schema_and_nothing_else() {
        let mut document = json!({
            "components": { "schemas": { "A": {
                "properties": { "schema": { "type": "string" }, "many": { "items": { "oneOf": [{}, {}] } } },
                "example": { "schema": { "type": "mistaken" } }
            } } },
            "paths": { "/a/{b}": { "get": { "parameters": [{ "schema": { "type": "integer" } }] } } }
        });
        let mut seen = Vec::new();
        schemas(&document, &mut |place, _| seen.push(place.to_owned()));
        assert!(seen.contains(&"/components/schemas/A/properties/schema".to_owned()));
        assert!(seen.contains(&"/paths/~1a~1{b}/get/parameters/0/schema".to_owned()));
        let mut changed = 0;
        schemas_mut(&mut document, &mut |_| changed += 1);
        assert_eq!((seen.len(), changed), (7, 7));
    }

    #[test]
    fn properties_are_gathered_from_all_parts() {
        let document =
            json!({ "components": { "schemas": { "Common": { "properties": { "a": {} }, "required": ["a"] } } } });
        let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Common" }, { "properties": { "b": {} } }] });
        let (found, required) = properties(&document, &schema);
        assert_eq!(found.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(required, ["a"]);
    }
}
