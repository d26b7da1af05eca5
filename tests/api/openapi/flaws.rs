//! The faults that a reviewer of the finished document would find. A test requires that there are none.

use std::collections::BTreeSet;

use serde_json::Value;

use nara::http::problem::view::MEDIA_TYPE;
use nara::openapi::schemas::{NULLABLE, PERSONAL, SECRECY, is_null, used_components};
use nara::openapi::walk::{self, Object};

/// Returns all faults of a finished document, each with its place.
pub fn flaws(document: &Value) -> Vec<String> {
    let mut flaws = Flaws { document, found: Vec::new() };
    let mut ids = BTreeSet::new();
    for (path, method, operation) in walk::operations(document) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let place = if id.is_empty() { format!("{method} {path}") } else { id.to_owned() };
        flaws.check(is_camel_case(id), &place, "the operationId is not camelCase");
        flaws.check(ids.insert(id), &place, "another operation has the same operationId");
        flaws.in_words(&place, operation);
        flaws.in_parameters(&place, path, operation);
        flaws.in_request(&place, operation);
        flaws.in_answers(&place, operation);
    }
    flaws.check(!ids.is_empty(), "paths", "there are no operations");
    walk::schemas(document, &mut |place, schema| flaws.in_schema(place, schema));
    flaws.in_components();
    flaws.found
}

fn is_camel_case(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_lowercase()) && id.chars().all(|c| c.is_ascii_alphanumeric())
}

struct Flaws<'a> {
    document: &'a Value,
    found: Vec<String>,
}

impl<'a> Flaws<'a> {
    fn check(&mut self, holds: bool, place: &str, flaw: &str) {
        if !holds {
            self.found.push(format!("{place}: {flaw}"));
        }
    }

    fn in_words(&mut self, place: &str, operation: &Value) {
        let summary = operation["summary"].as_str().unwrap_or_default();
        let description = operation["description"].as_str().unwrap_or_default();
        self.check(!summary.is_empty(), place, "it has no summary");
        self.check(description.chars().count() >= 20, place, "its description says too little");
        self.check(description != summary, place, "its description repeats its summary");
        let tags: Vec<&Value> = walk::elements(&operation["tags"]).collect();
        self.check(tags.len() == 1, place, "it has not exactly one tag");
        let known = |tag: &&Value| walk::elements(&self.document["tags"]).any(|known| known["name"] == **tag);
        self.check(tags.iter().all(known), place, "its tag is not described");
        self.check(operation["security"].is_array(), place, "it does not say who may call it");
        let schemes = &self.document["components"]["securitySchemes"];
        let mut named = walk::elements(&operation["security"]).flat_map(walk::members);
        self.check(named.all(|(name, _)| schemes.get(name).is_some()), place, "its security scheme is not described");
    }

    fn in_parameters(&mut self, place: &str, path: &str, operation: &Value) {
        let parameters: Vec<&Value> = walk::parameters(self.document, operation).collect();
        let names_in = |wanted: &str| -> BTreeSet<&str> {
            let there = parameters.iter().filter(|parameter| parameter["in"] == wanted);
            there.filter_map(|parameter| parameter["name"].as_str()).collect()
        };
        let in_template: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        self.check(names_in("path") == in_template, place, "its path and its path parameters differ");
        self.check(names_in("header").contains("traceparent"), place, "it takes no traceparent");
        let mut seen = BTreeSet::new();
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            self.check(
                seen.insert((parameter["in"].as_str(), name)),
                place,
                &format!("parameter {name} is there twice"),
            );
            self.check(
                parameter["in"] != "path" || parameter["required"] == true,
                place,
                &format!("{name} is not required"),
            );
            let described =
                [parameter, &parameter["schema"]].iter().any(|said| has_words(walk::resolve(self.document, said)));
            self.check(described, place, &format!("parameter {name} has no description"));
        }
    }

    fn in_request(&mut self, place: &str, operation: &Value) {
        if let Some(body) = operation.get("requestBody") {
            self.check(body.get("content").is_some(), place, "its request body has no content");
            self.in_content(place, body);
        }
    }

    fn in_answers(&mut self, place: &str, operation: &Value) {
        let mut succeeds = false;
        for (status, answer) in walk::responses(self.document, operation) {
            let place = format!("{place} {status}");
            self.check(has_words(answer), &place, "the answer has no description");
            self.check(answer["headers"].get("traceparent").is_some(), &place, "the answer has no traceparent");
            if status.starts_with(['4', '5']) {
                let names_problem = walk::schema_name(&answer["content"][MEDIA_TYPE]["schema"]) == Some("Problem");
                self.check(names_problem, &place, "the answer is not a problem");
            } else {
                succeeds = succeeds || status.starts_with('2');
            }
            self.in_content(&place, answer);
        }
        self.check(succeeds, place, "it has no answer of success");
    }

    fn in_content(&mut self, place: &str, body: &Value) {
        for (name, media_type) in walk::members(&body["content"]) {
            if name != "application/json" && !name.ends_with("+json") {
                continue;
            }
            let place = format!("{place} {name}");
            self.check(media_type.get("schema").is_some(), &place, "there is no schema");
            self.check(walk::members(&media_type["examples"]).next().is_some(), &place, "there is no example");
            for (name, example) in walk::members(&media_type["examples"]) {
                let place = format!("{place} example {name}");
                self.in_example(&place, &media_type["schema"], &example["value"]);
            }
        }
    }

    /// Checks that an example fits its schema: types and values are right, nothing required is missing, and nothing is unknown.
    fn in_example(&mut self, place: &str, schema: &Value, value: &Value) {
        let schema = walk::resolve(self.document, schema);
        let options: Vec<&Value> =
            ["oneOf", "anyOf"].iter().flat_map(|union| walk::elements(&schema[*union])).collect();
        if !options.is_empty() {
            let fits = |option: &&Value| {
                let mut trial = Flaws { document: self.document, found: Vec::new() };
                trial.in_example(place, option, value);
                trial.found.is_empty()
            };
            self.check(options.iter().any(fits), place, "it fits none of its schemas");
            return;
        }
        let types =
            schema["type"].as_str().into_iter().chain(walk::elements(&schema["type"]).filter_map(Value::as_str));
        let types: Vec<&str> = types.collect();
        self.check(
            types.is_empty() || types.iter().any(|kind| has_kind(value, kind)),
            place,
            "it has another type than its schema",
        );
        let listed = schema["enum"].as_array().is_none_or(|values| values.contains(value));
        self.check(listed, place, "it is none of the values that its schema lists");
        for (index, element) in walk::elements(value).enumerate() {
            if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
                self.in_example(&format!("{place}/{index}"), items, element);
            }
        }
        if value.is_object() {
            self.in_example_object(place, schema, value);
        }
    }

    fn in_example_object(&mut self, place: &str, schema: &Value, value: &Value) {
        let (properties, required) = walk::properties(self.document, schema);
        for name in required {
            self.check(value.get(name).is_some(), place, &format!("it lacks {name}, which is required"));
        }
        for (name, member) in walk::members(value) {
            let place = format!("{place}/{name}");
            if let Some((_, property)) = properties.iter().find(|(known, _)| *known == name) {
                self.in_example(&place, property, member);
            } else if let Some(kind) = schema.get("additionalProperties").filter(|kind| kind.is_object()) {
                self.in_example(&place, kind, member);
            } else {
                self.check(properties.is_empty(), &place, "its schema does not know it");
            }
        }
    }

    fn in_schema(&mut self, place: &str, schema: &'a Object) {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let described = has_words(property) || has_words(walk::resolve(self.document, property));
            self.check(described, place, &format!("{name} has no description"));
        }
        let has = |name: &str| schema.contains_key(name);
        let is = |name: &str| walk::has_type(schema, name);
        let listed = has("enum") || has("const");
        let is_date = schema.get("format").is_some_and(|format| format == "date" || format == "date-time");
        self.check(!is_date || has("example"), place, "the date has no example");
        self.check(!is("integer") || listed || (has("minimum") && has("maximum")), place, "the integer has no bounds");
        self.check(!is("string") || listed || has("maxLength"), place, "the text has no maxLength");
        self.check(!is("array") || has("maxItems"), place, "the list has no maxItems");
        self.check(!has("examples"), place, "it has examples where it should have one example");
        let is_nullable = schema.get(NULLABLE) == Some(&Value::Bool(true));
        let has_null_option =
            ["oneOf", "anyOf"].iter().filter_map(|union| schema.get(*union)).flat_map(walk::elements).any(is_null);
        let has_null_type = schema.get("type").is_some_and(Value::is_array) && is("null");
        self.check(
            is_nullable || !(has_null_type || has_null_option),
            place,
            "it may be null and is not marked x-nullable",
        );
        let is_secret = schema.get(SECRECY).and_then(Value::as_str).is_some_and(|rule| !rule.is_empty());
        self.check(
            schema.get(PERSONAL) != Some(&Value::Bool(true)) || is_secret,
            place,
            "personal data has no x-secrecy",
        );
    }

    fn in_components(&mut self) {
        let used = used_components(self.document);
        for reference in &used {
            let target = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
            self.check(target.is_some(), reference, "this reference has no target");
        }
        for (name, schema) in walk::members(&self.document["components"]["schemas"]) {
            let place = format!("#/components/schemas/{name}");
            self.check(used.contains(&place), &place, "nothing refers to it");
            self.check(has_words(schema), &place, "it has no description");
            let plain = name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric());
            self.check(plain, &place, "its name is not PascalCase");
        }
    }
}

fn has_words(value: &Value) -> bool {
    value["description"].as_str().is_some_and(|text| !text.trim().is_empty())
}

fn has_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => value.is_null(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::sample;
    use serde_json::json;

    #[test]
    fn a_well_described_api_comes_out_without_a_flaw() {
        assert_eq!(flaws(&sample::finished()), Vec::<String>::new());
    }

    fn broken(pointer: &str, value: Value) -> Vec<String> {
        let mut document = sample::finished();
        *document.pointer_mut(pointer).expect(pointer) = value;
        flaws(&document)
    }

    #[test]
    fn each_flaw_is_found() {
        let get = "/paths/~1areas~1{id}/get";
        let area = "/components/schemas/NewArea";
        let example = "/paths/~1areas/post/requestBody/content/application~1json/examples/example/value";
        let cases = [
            (format!("{get}/operationId"), json!("get_area"), "the operationId is not camelCase"),
            (format!("{get}/operationId"), json!("listAreas"), "another operation has the same operationId"),
            (format!("{get}/summary"), json!(""), "it has no summary"),
            (format!("{get}/description"), json!("Short."), "its description says too little"),
            (format!("{get}/tags"), json!([]), "it has not exactly one tag"),
            (format!("{get}/tags"), json!(["unheard-of"]), "its tag is not described"),
            (format!("{get}/security"), Value::Null, "it does not say who may call it"),
            (format!("{get}/security"), json!([{ "magic": [] }]), "its security scheme is not described"),
            (format!("{get}/parameters"), json!([]), "its path and its path parameters differ"),
            (format!("{get}/parameters"), json!([]), "it takes no traceparent"),
            (format!("{get}/responses/404"), json!({ "description": "Gone." }), "the answer is not a problem"),
            (format!("{get}/responses/404"), json!({ "description": "Gone." }), "the answer has no traceparent"),
            (format!("{get}/responses/200/content/application~1json/examples"), json!({}), "there is no example"),
            (example.to_owned(), json!({}), "it lacks name, which is required"),
            (example.to_owned(), json!({ "name": "Norr", "colour": "red" }), "its schema does not know it"),
            (example.to_owned(), json!({ "name": 7 }), "it has another type than its schema"),
            (
                example.to_owned(),
                json!({ "name": "Norr", "status": "lost" }),
                "it is none of the values that its schema lists",
            ),
            (format!("{area}/properties/name"), json!({ "type": "string", "maxLength": 9 }), "name has no description"),
            (format!("{area}/properties/name"), json!({ "type": "string" }), "the text has no maxLength"),
            (format!("{area}/properties/name"), json!({ "type": "array" }), "the list has no maxItems"),
            (format!("{area}/properties/name"), json!({ "type": "integer" }), "the integer has no bounds"),
            (format!("{area}/properties/name"), json!({ "format": "date" }), "the date has no example"),
            (
                format!("{area}/properties/name"),
                json!({ "type": ["string", "null"] }),
                "it may be null and is not marked x-nullable",
            ),
            (
                format!("{area}/properties/name"),
                json!({ "oneOf": [{ "type": "null" }] }),
                "it may be null and is not marked x-nullable",
            ),
            (format!("{area}/properties/name"), json!({ "x-personal-data": true }), "personal data has no x-secrecy"),
            (
                format!("{area}/properties/name"),
                json!({ "$ref": "#/components/schemas/Nowhere" }),
                "this reference has no target",
            ),
            (format!("{area}/description"), json!(""), "it has no description"),
            (
                "/paths/~1areas/get/responses/200/content/application~1json/schema".to_owned(),
                json!({}),
                "nothing refers to it",
            ),
            ("/paths".to_owned(), json!({}), "there are no operations"),
        ];
        for (pointer, value, flaw) in cases {
            let found = broken(&pointer, value);
            assert!(found.iter().any(|told| told.contains(flaw)), "{pointer}: {flaw} not among {found:#?}");
        }
    }
}
