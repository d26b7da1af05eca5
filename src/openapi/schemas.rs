//! Corrections of the schemas in the OpenAPI document: they turn the output of utoipa into the form that readers and client
//! generators need.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::openapi::walk::{self, Object};

/// The extension that marks a field that is always present and may be null, because null has a meaning, such as "nobody knows".
pub const NULLABLE: &str = "x-nullable";
/// The extension that marks a field with personal data.
pub const PERSONAL: &str = "x-personal-data";
/// The extension that names the secrecy rule for the content of a field, such as a section of the law.
pub const SECRECY: &str = "x-secrecy";

/// The kinds of components that this program adds to the document, and from which the unused ones are removed.
const COMPONENTS: [&str; 4] = ["schemas", "parameters", "headers", "responses"];

fn schemas_of(document: &mut Value) -> Option<&mut Object> {
    document.get_mut("components")?.get_mut("schemas")?.as_object_mut()
}

/// Renames the schemas of generic types. utoipa calls `Page<District>` `Page_District` and copies the whole district into it.
/// Afterwards it is called `DistrictPage` and refers to `District`.
pub fn name_generic_arguments(document: &mut Value) {
    let Some(schemas) = schemas_of(document) else { return };
    let generics: Vec<String> = schemas.keys().filter(|name| name.contains('_')).cloned().collect();
    for name in generics {
        let Some(mut page) = schemas.remove(&name) else { continue };
        if let Some((_, argument)) = name.split_once('_') {
            let item = &page["properties"]["items"]["items"];
            if item.is_object() && item.get("$ref").is_none() && !schemas.contains_key(argument) {
                schemas.insert(argument.to_owned(), item.clone());
            }
            let copied = schemas.get(argument).and_then(Value::as_object).cloned();
            walk::subschemas_mut(&mut page, &mut |schema| {
                if copied.as_ref() == Some(schema) {
                    *schema = Object::from_iter([("$ref".to_owned(), reference(argument))]);
                }
            });
        }
        schemas.insert(readable(&name), page);
    }
    walk::schemas_mut(document, &mut |schema| {
        let target =
            schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/components/schemas/"));
        if let Some(name) = target.filter(|name| name.contains('_')).map(readable) {
            schema.insert("$ref".to_owned(), reference(&name));
        }
    });
}

fn readable(generic: &str) -> String {
    generic.split('_').rev().collect()
}

fn reference(name: &str) -> Value {
    Value::String(format!("#/components/schemas/{name}"))
}

/// Moves keywords from the descriptions of fields into their schemas. Next to a `$ref`, utoipa keeps a field's description but
/// silently drops its extensions, its example and its limits. So these may be written in the field's doc comment: as a line
/// `@personal` with the secrecy rule, or as `@` with a keyword and its JSON. A backslash at the end of a line joins it with the
/// next one.
pub fn unpack_descriptions(document: &mut Value) {
    walk::schemas_mut(document, &mut |schema| {
        let Some(description) = schema.get("description").and_then(Value::as_str) else { return };
        let description = description.replace("\\\n", "");
        let mut words = Vec::new();
        for line in description.lines() {
            match keywords(line) {
                Some(keywords) => schema.extend(keywords),
                None => words.push(line),
            }
        }
        schema.insert("description".to_owned(), words.join("\n").trim().into());
    });
}

fn keywords(line: &str) -> Option<Object> {
    let (name, value) = line.trim().strip_prefix('@')?.split_once(' ')?;
    let keywords = match name {
        "personal" => vec![(PERSONAL.to_owned(), Value::Bool(true)), (SECRECY.to_owned(), value.trim().into())],
        _ => vec![(name.to_owned(), serde_json::from_str(value).ok()?)],
    };
    Some(keywords.into_iter().collect())
}

/// Removes null from the types of optional fields, unless they are marked as nullable. utoipa lets every `Option` be null, but here
/// answers leave such fields out, and requests refuse null.
pub fn drop_nulls(document: &mut Value) {
    walk::schemas_mut(document, &mut drop_null);
}

fn drop_null(schema: &mut Object) {
    if schema.get(NULLABLE) == Some(&Value::Bool(true)) {
        return;
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for union in ["oneOf", "anyOf"] {
        let Some(Value::Array(options)) = schema.get_mut(union) else { continue };
        if let Some(Value::Object(marked)) = options.iter_mut().find(|option| option[NULLABLE] == true) {
            let said = walk::take_words(marked);
            schema.extend(said);
            return;
        }
        let before = options.len();
        options.retain(|option| option["type"] != "null");
        if let (true, [Value::Object(only)]) = (options.len() < before, options.as_slice()) {
            let only = only.clone();
            schema.remove(union);
            // The words about the field take precedence over those about its type.
            only.into_iter().for_each(|(name, value)| _ = schema.entry(name).or_insert(value));
        }
    }
}

/// Replaces the keyword `examples` of JSON Schema by `example` with the first of them, since the API rules that this document
/// follows look for `example`.
pub fn make_examples_singular(document: &mut Value) {
    walk::schemas_mut(document, &mut |schema| {
        if let Some(Value::Array(examples)) = schema.remove("examples")
            && let Some(first) = examples.into_iter().next()
        {
            schema.entry("example").or_insert(first);
        }
    });
}

/// Turns the schemas of tuples whose places all have the same schema into those of lists of that length. utoipa writes a pair of
/// numbers as `prefixItems` with `items: false`, which most client generators cannot read.
pub fn straighten_tuples(document: &mut Value) {
    walk::schemas_mut(document, &mut |schema| {
        let Some(Value::Array(places)) = schema.get("prefixItems") else { return };
        let Some(first) = places.first().filter(|first| places.iter().all(|place| place == *first)).cloned() else {
            return;
        };
        let length = places.len();
        schema.remove("prefixItems");
        schema.insert("items".to_owned(), first);
        schema.insert("minItems".to_owned(), length.into());
        schema.insert("maxItems".to_owned(), length.into());
    });
}

/// Replaces references to the schemas of identifiers, lines of text and other scalars by these schemas themselves. So a reader sees
/// them at once, and generated clients need no type for each. Keywords next to the reference take precedence.
pub fn inline_scalars(document: &mut Value) {
    // A scalar may be an alias of another one, which the next round resolves.
    for _ in 0..walk::LONGEST_CHAIN {
        let named = schemas_of(document).into_iter().flatten();
        let scalars: Object = named
            .filter(|(_, schema)| is_scalar(schema))
            .map(|(name, schema)| (name.clone(), schema.clone()))
            .collect();
        let mut changed = false;
        walk::schemas_mut(document, &mut |schema| {
            let target = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|target| target.strip_prefix("#/components/schemas/"));
            let Some(Value::Object(scalar)) = target.and_then(|name| scalars.get(name)) else { return };
            let mut inlined = scalar.clone();
            schema.remove("$ref");
            inlined.append(schema);
            *schema = inlined;
            changed = true;
        });
        if !changed {
            break;
        }
    }
}

fn is_scalar(schema: &Value) -> bool {
    let plain = matches!(schema["type"].as_str(), Some("string" | "number" | "integer" | "boolean"));
    plain && ["enum", "const", "oneOf", "anyOf", "allOf"].iter().all(|name| schema.get(name).is_none())
}

/// Removes the components that no operation uses, directly or through other components.
pub fn drop_unused_components(document: &mut Value) {
    let used = used_components(document);
    for kind in COMPONENTS {
        let Some(Value::Object(named)) = document.get_mut("components").and_then(|components| components.get_mut(kind))
        else {
            continue;
        };
        named.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
    }
}

/// Returns the references (such as `#/components/schemas/Area`) to all components that operations use, directly or through other
/// components.
pub fn used_components(document: &Value) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut waiting = vec![&document["paths"]];
    while let Some(value) = waiting.pop() {
        for (name, member) in walk::members(value) {
            match member.as_str().filter(|_| name == "$ref") {
                Some(target) if used.insert(target.to_owned()) => {
                    waiting.extend(target.strip_prefix('#').and_then(|at| document.pointer(at)))
                }
                Some(_) => {}
                None => waiting.push(member),
            }
        }
        waiting.extend(walk::elements(value));
    }
    used
}

/// Whether a schema allows only null and is nothing but `{ "type": "null" }`.
pub fn is_null(schema: &Value) -> bool {
    *schema == json!({ "type": "null" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(mend: fn(&mut Value), schemas: Value) -> Value {
        let mut document = json!({ "components": { "schemas": schemas } });
        mend(&mut document);
        document["components"]["schemas"].take()
    }

    #[test]
    fn a_page_refers_to_its_items() {
        let district = json!({ "type": "object", "properties": { "id": { "type": "string" } } });
        let page = json!({ "properties": { "items": { "type": "array", "items": district } } });
        let list = json!({ "$ref": "#/components/schemas/Page_District" });
        let expected = json!({
            "District": district,
            "DistrictPage": { "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/District" } } } },
            "List": { "$ref": "#/components/schemas/DistrictPage" }
        });
        let known = json!({ "District": district, "Page_District": page, "List": list });
        let unknown = json!({ "Page_District": page, "List": list });
        assert_eq!(mended(name_generic_arguments, known), expected);
        assert_eq!(mended(name_generic_arguments, unknown), expected);
    }

    #[test]
    fn a_description_carries_what_utoipa_drops() {
        let schemas = json!({
            "A": { "$ref": "#/a", "description": "Who calls.\n\n@personal OSL 26 kap. 1 §" },
            "B": { "$ref": "#/b", "description": "B.\n@x-nullable true\n@example \"b\"\nMore." },
            "C": { "description": "Write to me@nara.example\n@ home" },
            "D": { "description": "D.\n@example { \"sv\": \"Ett \\\ntvå\" }" }
        });
        let expected = json!({
            "A": { "$ref": "#/a", "description": "Who calls.", "x-personal-data": true, "x-secrecy": "OSL 26 kap. 1 §" },
            "B": { "$ref": "#/b", "description": "B.\nMore.", "x-nullable": true, "example": "b" },
            "C": { "description": "Write to me@nara.example\n@ home" },
            "D": { "description": "D.", "example": { "sv": "Ett två" } }
        });
        assert_eq!(mended(unpack_descriptions, schemas), expected);
    }

    #[test]
    fn what_may_be_absent_is_not_null() {
        let schemas = json!({
            "Text": { "type": ["string", "null"], "description": "A text." },
            "Ref": { "oneOf": [{ "$ref": "#/a", "description": "A." }, { "type": "null" }] },
            "Inline": { "anyOf": [{ "type": "object", "description": "The type." }, { "type": "null" }], "description": "The field." },
            "Union": { "oneOf": [{ "$ref": "#/a" }, { "$ref": "#/b" }, { "type": "null" }] },
            "Open": { "type": ["boolean", "null"], "x-nullable": true },
            "Former": { "oneOf": [{ "$ref": "#/a", "description": "A.", "x-nullable": true }, { "type": "null" }] }
        });
        let expected = json!({
            "Text": { "type": "string", "description": "A text." },
            "Ref": { "$ref": "#/a", "description": "A." },
            "Inline": { "type": "object", "description": "The field." },
            "Union": { "oneOf": [{ "$ref": "#/a" }, { "$ref": "#/b" }] },
            "Open": { "type": ["boolean", "null"], "x-nullable": true },
            "Former": { "oneOf": [{ "$ref": "#/a" }, { "type": "null" }], "description": "A.", "x-nullable": true }
        });
        assert_eq!(mended(drop_nulls, schemas), expected);
    }

    #[test]
    fn there_is_one_example() {
        let schemas =
            json!({ "A": { "examples": ["a", "b"] }, "B": { "properties": { "examples": { "type": "string" } } } });
        let expected = json!({ "A": { "example": "a" }, "B": { "properties": { "examples": { "type": "string" } } } });
        assert_eq!(mended(make_examples_singular, schemas), expected);
    }

    #[test]
    fn a_pair_of_the_same_is_a_list_of_two() {
        let schemas = json!({ "Point": { "type": "array", "items": false, "prefixItems": [{ "type": "number" }, { "type": "number" }] } });
        let expected =
            json!({ "Point": { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 } });
        assert_eq!(mended(straighten_tuples, schemas), expected);
    }

    #[test]
    fn scalars_stand_where_they_are_used() {
        let schemas = json!({
            "Id": { "type": "string", "format": "uuid", "description": "An identifier." },
            "Alias": { "$ref": "#/components/schemas/Id" },
            "Status": { "type": "string", "enum": ["active"] },
            "District": { "properties": {
                "id": { "$ref": "#/components/schemas/Alias", "description": "Its identifier." },
                "status": { "$ref": "#/components/schemas/Status" },
                "ids": { "type": "array", "items": { "$ref": "#/components/schemas/Id" } }
            } }
        });
        let district = json!({ "properties": {
            "id": { "type": "string", "format": "uuid", "description": "Its identifier." },
            "status": { "$ref": "#/components/schemas/Status" },
            "ids": { "type": "array", "items": { "type": "string", "format": "uuid", "description": "An identifier." } }
        } });
        assert_eq!(mended(inline_scalars, schemas)["District"], district);
    }

    #[test]
    fn what_no_operation_leads_to_is_left_out() {
        let mut document = json!({
            "components": {
                "schemas": { "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" }, "C": {} },
                "securitySchemes": { "staffToken": {} }
            },
            "paths": { "/a": { "get": { "responses": { "200": { "$ref": "#/components/schemas/A" } } } } }
        });
        drop_unused_components(&mut document);
        let expected = json!({ "schemas": { "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" } }, "securitySchemes": { "staffToken": {} } });
        assert_eq!(document["components"], expected);
    }
}
