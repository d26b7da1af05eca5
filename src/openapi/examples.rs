//! Examples of request and answer bodies for the OpenAPI document, made from the schemas of their fields.
//!
//! The example of a field comes from the first of these that exists: the field's own example, its default, its first value, its
//! format, its type. So one example at a field serves every body that has the field, and no example can lack a field that was
//! added later. Only the addresses differ: a resource links to the path where it is read, a page to the operation that answers
//! with it, and a problem names that operation. An operation overrides parts of the example of its answer with [`ANSWER`].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::http::merge_patch::merge;
use crate::http::settings::ROOT;
use crate::openapi::limits::example_of_date;
use crate::openapi::walk::{self, Object};

/// The extension that leaves a field out of examples, because it cannot be combined with another field. It is true at such a field,
/// or a list of the names of such fields at the object.
pub const OMIT: &str = "x-example-omit";

/// The extension that holds the differences between an operation's example answer and the one made from its schema, as a merge
/// patch (RFC 7396).
pub const ANSWER: &str = "x-answer-example";

/// Adds an example to every request body and every success answer of the document, unless the route has one.
pub fn add_examples(document: &mut Value) {
    let before = document.clone();
    let examples = Examples { document: &before, homes: homes(&before) };
    for (path, _, operation) in walk::operations_mut(document) {
        if let Some(body) = operation.get_mut("requestBody") {
            examples.add_to_content(body, &|_| ());
        }
        let special = operation.get(ANSWER).cloned().unwrap_or_else(|| json!({}));
        let instance = format!("{ROOT}{}", address(&before, path, &Value::Object(operation.clone())));
        let adapt = |made: &mut Value| {
            merge(made, &special);
            if made.get("_meta").is_some() {
                link_to(made, &instance);
            }
        };
        let Some(Value::Object(responses)) = operation.get_mut("responses") else { continue };
        for (status, answer) in responses {
            if status.starts_with('2') {
                examples.add_to_content(answer, &adapt);
            } else {
                tell_instance(answer, &instance);
            }
        }
    }
}

/// Returns, for the name of each schema of a resource, the path at which such a resource is read: the shortest path of a GET that
/// answers with it, with examples for its parameters.
fn homes(document: &Value) -> BTreeMap<&str, String> {
    let mut homes: BTreeMap<&str, String> = BTreeMap::new();
    for (path, _, operation) in walk::operations(document).filter(|(_, method, _)| *method == "get") {
        let home = address(document, path, operation);
        let successes = walk::responses(document, operation).filter(|(status, _)| status.starts_with('2'));
        let contents = successes.flat_map(|(_, answer)| walk::members(&answer["content"]));
        for name in contents.filter_map(|(_, media_type)| walk::schema_name(&media_type["schema"])) {
            if homes.get(name).is_none_or(|known| home.len() < known.len()) {
                homes.insert(name, home.clone());
            }
        }
    }
    homes
}

/// Returns the path of an operation, below the root of the API, with its parameters replaced by their examples.
fn address(document: &Value, path: &str, operation: &Value) -> String {
    walk::parameters(document, operation).filter(|parameter| parameter["in"] == "path").fold(
        path.to_owned(),
        |path, parameter| {
            let example = ["/example", "/schema/example"].iter().find_map(|place| parameter.pointer(place));
            let (Some(name), Some(example)) = (parameter["name"].as_str(), example.and_then(Value::as_str)) else {
                return path;
            };
            path.replace(&format!("{{{name}}}"), example)
        },
    )
}

/// Writes the path of an operation into the examples of problems in one of its answers.
fn tell_instance(answer: &mut Value, instance: &str) {
    let contents = answer.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten();
    let examples = contents.filter_map(|(_, media_type)| media_type.get_mut("examples")?.as_object_mut()).flatten();
    for (_, example) in examples {
        if let Some(told) = example.pointer_mut("/value/instance") {
            *told = instance.into();
        }
    }
}

/// Sets the first link of an example resource, its link to itself, to this path.
fn link_to(resource: &mut Value, path: &str) {
    if let Some(link) = resource.pointer_mut("/_links/0/href") {
        *link = format!("https://nara.example{path}").into();
    }
}

struct Examples<'a> {
    document: &'a Value,
    homes: BTreeMap<&'a str, String>,
}

impl Examples<'_> {
    /// Adds an example to a body of requests or answers. An example that is made from the schema is changed by `adapt`; an example
    /// of the route is used unchanged.
    fn add_to_content(&self, body: &mut Value, adapt: &dyn Fn(&mut Value)) {
        let Some(Value::Object(content)) = body.get_mut("content") else { return };
        for media_type in content.values_mut().filter_map(Value::as_object_mut) {
            if media_type.contains_key("examples") {
                continue;
            }
            let own = media_type.remove("example");
            let made = || {
                let mut made = media_type.get("schema").and_then(|schema| self.of(schema, &[]))?;
                adapt(&mut made);
                Some(made)
            };
            if let Some(value) = own.or_else(made) {
                media_type.insert("examples".to_owned(), json!({ "example": { "value": value } }));
            }
        }
    }

    /// Makes an example value that fits the schema. `None` if the schema is one of the components in `within`, inside which the
    /// value would lie: a resource may contain others of its kind, without end.
    fn of(&self, schema: &Value, within: &[&str]) -> Option<Value> {
        let said = |schema: &Value| ["example", "default", "const"].iter().find_map(|name| schema.get(name).cloned());
        if let Some(value) = said(schema) {
            return Some(value);
        }
        let name = walk::schema_name(schema);
        if name.is_some_and(|name| within.contains(&name)) {
            return None;
        }
        let within = [within, name.as_slice()].concat();
        let schema = walk::resolve(self.document, schema);
        if let Some(value) = said(schema).or_else(|| walk::elements(&schema["enum"]).next().cloned()) {
            return Some(value);
        }
        if let Some(option) = ["oneOf", "anyOf"].iter().find_map(|union| walk::elements(&schema[*union]).next()) {
            return self.of(option, &within);
        }
        let Value::Object(object) = schema else { return Some(json!({})) };
        let is = |name: &str| walk::has_type(object, name);
        if is("array") {
            Some(self.of_array(schema, &within))
        } else if is("string") {
            Some(example_text(object).into())
        } else if is("integer") || is("number") {
            Some(example_number(object))
        } else if is("boolean") {
            Some(true.into())
        } else {
            let mut made = self.of_object(schema, &within)?;
            let mut names = name.into_iter().chain(walk::elements(&schema["allOf"]).filter_map(walk::schema_name));
            if let Some(home) = names.find_map(|name| self.homes.get(name)) {
                link_to(&mut made, &format!("{ROOT}{home}"));
            }
            Some(made)
        }
    }

    fn of_object(&self, schema: &Value, within: &[&str]) -> Option<Value> {
        let (properties, required) = walk::properties(self.document, schema);
        let mut object = Object::new();
        for (name, property) in properties {
            let is_named = walk::elements(&schema[OMIT]).any(|omitted| omitted == name);
            if is_named || property.get(OMIT) == Some(&Value::Bool(true)) {
                continue;
            }
            match self.of(property, within) {
                Some(value) => _ = object.insert(name.to_owned(), value),
                // An object without a required field would be wrong, so the object that contains it leaves it out.
                None if required.contains(&name) => return None,
                None => {}
            }
        }
        let entry = schema.get("additionalProperties").filter(|kind| kind.is_object() && object.is_empty());
        if let Some(value) = entry.and_then(|kind| self.of(kind, within)) {
            let name = schema["propertyNames"]["example"].as_str().unwrap_or("key");
            object.insert(name.to_owned(), value);
        }
        Some(Value::Object(object))
    }

    fn of_array(&self, schema: &Value, within: &[&str]) -> Value {
        let tuple = walk::elements(&schema["prefixItems"]);
        let length = schema["minItems"].as_u64().and_then(|least| usize::try_from(least).ok()).unwrap_or(1).max(1);
        let items = std::iter::repeat_n(&schema["items"], length).filter(|items| items.is_object());
        tuple.chain(items).filter_map(|item| self.of(item, within)).collect()
    }
}

fn example_text(schema: &Object) -> String {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    if let Some(date) = example_of_date(format) {
        return date.to_owned();
    }
    match format {
        "uuid" => return "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e".to_owned(),
        "uri" => return "https://nara.example/".to_owned(),
        "email" => return "name@nara.example".to_owned(),
        _ => {}
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
    let shortest = bound("minLength").unwrap_or(0);
    let longest = bound("maxLength").unwrap_or(usize::MAX);
    "text".chars().cycle().take(shortest.max(4).min(longest)).collect()
}

fn example_number(schema: &Object) -> Value {
    let bound = |name: &str| schema.get(name).filter(|bound| bound.is_number()).cloned();
    let as_float = |bound: &Option<Value>| bound.as_ref().and_then(Value::as_f64);
    let (least, most) = (bound("minimum"), bound("maximum"));
    match (as_float(&least), as_float(&most)) {
        (Some(number), _) if number > 1.0 => least.unwrap_or_default(),
        (_, Some(number)) if number < 1.0 => most.unwrap_or_default(),
        _ => 1.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_document(document: &Value, schema: &Value) -> Value {
        Examples { document, homes: homes(document) }.of(schema, &[]).unwrap()
    }

    fn example_of(schema: Value) -> Value {
        in_document(&json!({}), &schema)
    }

    #[test]
    fn the_nearest_word_counts() {
        assert_eq!(example_of(json!({ "type": "string", "example": "Skäggetorp", "default": "Ryd" })), "Skäggetorp");
        assert_eq!(example_of(json!({ "type": "string", "default": "Ryd" })), "Ryd");
        assert_eq!(example_of(json!({ "type": "string", "enum": ["active", "retired"] })), "active");
        assert_eq!(example_of(json!({ "type": "string", "format": "date" })), "2026-11-21");
        assert_eq!(example_of(json!({ "type": "string", "minLength": 6 })), "textte");
        assert_eq!(example_of(json!({ "type": "integer", "minimum": 400 })), 400);
        assert_eq!(example_of(json!({ "type": "array", "items": { "type": "boolean" } })), json!([true]));
        assert_eq!(example_of(json!({ "additionalProperties": { "type": "number" } })), json!({ "key": 1 }));
    }

    #[test]
    fn what_is_said_at_a_reference_counts_more_than_its_target() {
        let document = json!({ "components": { "schemas": { "Name": { "type": "string", "example": "a name" } } } });
        let plain = json!({ "$ref": "#/components/schemas/Name" });
        let own = json!({ "$ref": "#/components/schemas/Name", "example": "mine" });
        assert_eq!(in_document(&document, &plain), "a name");
        assert_eq!(in_document(&document, &own), "mine");
    }

    #[test]
    fn a_kind_that_holds_itself_ends() {
        let person = json!({ "type": "object", "required": ["id"], "properties": {
            "id": { "type": "integer" },
            "parent": { "$ref": "#/components/schemas/Person" },
            "children": { "type": "array", "items": { "$ref": "#/components/schemas/Person" } }
        } });
        let document = json!({ "components": { "schemas": { "Person": person } } });
        let made = in_document(&document, &json!({ "$ref": "#/components/schemas/Person" }));
        assert_eq!(made, json!({ "id": 1, "children": [] }));
    }

    #[test]
    fn a_field_can_stay_out() {
        let schema = json!({ "properties": { "place": { "type": "string" }, "postalCode": { "type": "string", "x-example-omit": true } } });
        assert_eq!(example_of(schema), json!({ "place": "text" }));
        let listed = json!({ "x-example-omit": ["postalCode"], "properties": { "place": {}, "postalCode": {} } });
        assert_eq!(example_of(listed), json!({ "place": {} }));
    }

    #[test]
    fn a_route_s_own_example_stays() {
        let own = json!({ "content": { "application/json": { "schema": { "type": "string" }, "example": "mine" } } });
        let mut document =
            json!({ "paths": { "/a": { "post": { "requestBody": own, "responses": { "200": own } } } } });
        add_examples(&mut document);
        let expected = json!({ "schema": { "type": "string" }, "examples": { "example": { "value": "mine" } } });
        assert_eq!(document["paths"]["/a"]["post"]["requestBody"]["content"]["application/json"], expected);
        assert_eq!(document["paths"]["/a"]["post"]["responses"]["200"]["content"]["application/json"], expected);
    }

    #[test]
    fn a_resource_links_to_where_it_is_read_and_a_problem_names_its_operation() {
        let link = json!({ "type": "object", "properties": { "href": { "type": "string", "example": "elsewhere" } } });
        let links = json!({ "type": "array", "items": link });
        let area = json!({ "type": "object", "properties": { "_links": links } });
        let answer =
            json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Area" } } } });
        let problem = json!({ "content": { "application/problem+json": {
            "examples": { "stale": { "value": { "instance": "elsewhere" } } }
        } } });
        let id = json!({ "name": "id", "in": "path", "schema": { "type": "string", "example": "norr" } });
        let operation = json!({ "parameters": [id], "responses": { "200": answer, "409": problem } });
        let mut document = json!({
            "components": { "schemas": { "Area": area } },
            "paths": { "/areas/{id}": { "get": operation }, "/areas/{id}/close": { "post": operation } }
        });
        add_examples(&mut document);
        let closing = &document["paths"]["/areas/{id}/close"]["post"]["responses"];
        let told = |answer: &Value, place: &str| answer.pointer(place).cloned().unwrap_or_default();
        assert_eq!(
            told(&closing["200"]["content"]["application/json"], "/examples/example/value/_links/0/href"),
            "https://nara.example/nara/v1/areas/norr"
        );
        assert_eq!(
            told(&closing["409"]["content"]["application/problem+json"], "/examples/stale/value/instance"),
            "/nara/v1/areas/norr/close"
        );
    }

    #[test]
    fn an_operation_says_what_is_special_to_its_answer_and_a_page_links_to_its_own_operation() {
        let link = json!({ "type": "object", "properties": { "href": { "type": "string", "example": "elsewhere" } } });
        let links = json!({ "type": "array", "items": link });
        let page = json!({ "type": "object", "properties": {
            "_links": links, "_meta": { "type": "object" }, "status": { "type": "string", "example": "received" },
            "hold": { "type": "string", "example": "waits" }
        } });
        let answer =
            json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Page" } } } });
        let mut document = json!({
            "components": { "schemas": { "Page": page } },
            "paths": {
                "/people": { "get": { "responses": { "200": answer } } },
                "/families": { "get": { "responses": { "200": answer }, "x-answer-example": { "status": "closed", "hold": null } } }
            }
        });
        add_examples(&mut document);
        let content = &document["paths"]["/families"]["get"]["responses"]["200"]["content"]["application/json"];
        let expected = json!({
            "_links": [{ "href": "https://nara.example/nara/v1/families" }], "_meta": {}, "status": "closed"
        });
        assert_eq!(content["examples"]["example"]["value"], expected);
    }
}
