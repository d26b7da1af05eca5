//! The published OpenAPI 3.1 document: the output of utoipa for the mounted routes, corrected and completed.
//!
//! - utoipa knows paths, bodies and statuses of success. What all operations share (problems, `traceparent`, `If-Match`,
//!   `Prefer`, ETags) is added here once, so that no route can forget it and none has to say it.
//! - A field that may be absent is plainly optional: answers leave it out and requests refuse null. Only a field marked
//!   `x-nullable: true` keeps null, and the fields of merge patches, where null removes.
//! - The order of the corrections in [`finish`] matters: later ones rely on the results of earlier ones.
//! - The test module `flaws` lists what a reviewer of the document would complain about. A test demands that the list is empty.
//!
//! Routes steer these corrections by extensions on the operation: `x-no-prefer: true` where `Prefer` means nothing, `x-conditional:
//! true` or `false` where the rule for ETags is wrong, `x-no-if-match: true` where there is no version to name, `x-problems` with
//! those problems that most operations cannot answer with, and `x-answer-example` with the differences between its answer and the
//! example that is made of the schema (a merge patch, RFC 7396).
//! Fields steer them by `x-nullable` and `x-example-omit`. Where utoipa drops a field's attributes, because the field's type is a
//! component, they travel in its doc comment: see `unpack_descriptions` in `schemas.rs`. `sample.rs` in the tests shows how routes
//! are described.

mod components;
mod examples;
mod head;
mod limits;
mod patch;
pub mod schemas;
mod shared;
pub mod walk;

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::http::documented::DocumentedOperation;
use crate::http::settings::ROOT;

/// Turns utoipa's document into the published one, by all corrections in their order.
pub fn finish(raw: OpenApi) -> Value {
    // utoipa's document consists of maps with string keys, so it can always become JSON. `flaws` would report an empty one.
    let mut document = serde_json::to_value(raw).unwrap_or_default();
    strip_root(&mut document);
    components::add_problem_schemas(&mut document);
    components::add_names(&mut document);
    schemas::name_generic_arguments(&mut document);
    schemas::unpack_descriptions(&mut document);
    schemas::drop_nulls(&mut document);
    schemas::make_examples_singular(&mut document);
    schemas::straighten_tuples(&mut document);
    schemas::inline_scalars(&mut document);
    patch::describe_merge_patches(&mut document);
    components::add_components(&mut document);
    shared::complete_operations(&mut document);
    limits::set_limits(&mut document);
    limits::give_dates_examples(&mut document);
    examples::add_examples(&mut document);
    head::write(&mut document);
    drop_markers(&mut document);
    schemas::drop_unused_components(&mut document);
    document
}

/// Returns the document as one server with the address `url` serves it, so that "Try it out" in Swagger UI calls that server.
///
/// Swagger UI fills in and sends every parameter that has an example. So the examples of optional parameters are moved into
/// their descriptions.
pub fn with_server(document: &Value, url: &str) -> Value {
    let mut served = document.clone();
    served["servers"] = json!([{ "url": url, "description": "This server." }]);
    if let Some(Value::Object(shared)) = served.pointer_mut("/components/parameters") {
        shared.values_mut().for_each(tell_example_in_words);
    }
    for (_, _, operation) in walk::operations_mut(&mut served) {
        if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
            parameters.iter_mut().for_each(tell_example_in_words);
        }
    }
    served
}

fn tell_example_in_words(parameter: &mut Value) {
    if parameter["required"] == true || parameter.get("$ref").is_some() {
        return;
    }
    let Value::Object(parameter) = parameter else { return };
    let of_schema =
        parameter.get_mut("schema").and_then(Value::as_object_mut).and_then(|schema| schema.remove("example"));
    let Some(example) = parameter.remove("example").or(of_schema) else { return };
    let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
    let description = parameter.get("description").and_then(Value::as_str).unwrap_or_default();
    let told = format!("{description} Such as `{example}`.");
    parameter.insert("description".to_owned(), told.trim_start().into());
}

/// Returns all operations of a published document, each with the facts that the server needs.
pub fn operations(document: &Value) -> Vec<DocumentedOperation> {
    let of = |(path, method, operation): (&str, &str, &Value)| {
        let parameters = |place: &str| {
            let there = walk::parameters(document, operation).filter(|parameter| parameter["in"] == place);
            there.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
        };
        let successes = walk::responses(document, operation).filter(|(status, _)| status.starts_with('2'));
        let media_types = successes.flat_map(|(_, answer)| walk::members(&answer["content"]));
        let schemes = walk::elements(&operation["security"]).flat_map(walk::members);
        DocumentedOperation {
            id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            query: parameters("query"),
            headers: parameters("header"),
            produces: distinct(media_types.map(|(name, _)| name)),
            secured_by: distinct(schemes.map(|(name, _)| name)),
        }
    };
    walk::operations(document).map(of).collect()
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: std::collections::BTreeSet<&str> = names.collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Removes the root of the API from the paths: the routes are mounted below it, and the server's address in the document already
/// contains it.
fn strip_root(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    let mounted = std::mem::take(paths);
    let below_root = |path: String| path.strip_prefix(ROOT).map(str::to_owned).unwrap_or(path);
    paths.extend(mounted.into_iter().map(|(path, item)| (below_root(path), item)));
}

/// Removes the extensions that only control the corrections of this module and mean nothing to a reader of the document.
fn drop_markers(document: &mut Value) {
    for (_, _, operation) in walk::operations_mut(document) {
        for marker in
            [shared::NO_PREFER, shared::CONDITIONAL, shared::NO_IF_MATCH, examples::ANSWER, components::PROBLEMS]
        {
            operation.remove(marker);
        }
    }
    walk::schemas_mut(document, &mut |schema| {
        schema.remove(examples::OMIT);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lie_below_the_server() {
        let mut document = json!({ "paths": { "/nara/v1/districts": {}, "/other": {} } });
        strip_root(&mut document);
        assert_eq!(document, json!({ "paths": { "/districts": {}, "/other": {} } }));
    }

    #[test]
    fn the_served_document_differs_only_in_its_server() {
        let document = json!({ "openapi": "3.1.0", "servers": [{ "url": "https://nara.example/nara/v1" }] });
        let served = with_server(&document, "/nara/v1");
        assert_eq!(served["servers"][0]["url"], "/nara/v1");
        assert_eq!(served["openapi"], document["openapi"]);
    }

    #[test]
    fn an_operation_is_read_with_what_it_shares() {
        let document = json!({
            "components": { "parameters": { "Limit": { "in": "query", "name": "limit" } } },
            "paths": { "/districts": { "get": {
                "operationId": "listDistricts",
                "parameters": [{ "$ref": "#/components/parameters/Limit" }, { "in": "header", "name": "Prefer" }],
                "responses": {
                    "200": { "content": { "application/json": {}, "application/geo+json": {} } },
                    "400": { "content": { "application/problem+json": {} } }
                },
                "security": [{}, { "staffToken": [] }, { "partnerKey": [] }]
            } } }
        });
        let strings = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let operation = DocumentedOperation {
            id: "listDistricts".to_owned(),
            method: "GET".to_owned(),
            path: "/districts".to_owned(),
            query: strings(&["limit"]),
            headers: strings(&["Prefer"]),
            produces: strings(&["application/geo+json", "application/json"]),
            secured_by: strings(&["partnerKey", "staffToken"]),
        };
        assert_eq!(operations(&document), [operation]);
    }
}
