//! The parts that operations share in the OpenAPI document: headers of requests and answers, and problems. Each operation gets
//! those that fit the facts about it.

use serde_json::{Value, json};

use std::collections::{BTreeSet, HashSet};

use strum::IntoEnumIterator;

use crate::error::Problem;
use crate::openapi::components::{
    PROBLEMS, own_problems, particular_problems, problem_response, refer_to_headers, reference_to_response, status_of,
};
use crate::openapi::walk::{self, Object};

/// The extension that marks a write which always answers with a body, whatever the caller prefers.
pub const NO_PREFER: &str = "x-no-prefer";
/// The extension that says whether a GET has an ETag, for exceptions to the rule that lists, and paths with a parameter, have one.
pub const CONDITIONAL: &str = "x-conditional";

/// The extension that marks a PUT, PATCH or DELETE without `If-Match`, such as a PUT that only creates, so that there is no version
/// to name.
pub const NO_IF_MATCH: &str = "x-no-if-match";

/// Adds the shared headers, problems and descriptions to each operation of the document.
pub fn complete_operations(document: &mut Value) {
    let before = document.clone();
    let particular = particular_problems(&before);
    for (path, method, operation) in walk::operations_mut(document) {
        operation.entry("security").or_insert_with(|| json!([]));
        let facts = OperationFacts::of(&before, path, method, operation);
        add_parameters(&before, operation, &facts);
        add_problems(operation, &facts, &particular);
        complete_successes(operation, &facts);
    }
}

/// The facts about an operation that decide which shared parts it gets.
struct OperationFacts {
    has_body: bool,
    has_path_parameter: bool,
    is_secured: bool,
    is_list: bool,
    /// Whether the operation changes a version that the caller has read, and so requires `If-Match`: PATCH, PUT and DELETE do.
    needs_if_match: bool,
    /// Whether the operation is an action for which the caller may name, in `If-Match`, the version that it has read.
    takes_if_match: bool,
    honours_prefer: bool,
    is_conditional: bool,
    /// Whether the operation creates or acts, so that a caller may want to repeat it safely with an `Idempotency-Key`.
    takes_idempotency_key: bool,
    /// Whether staff may state a reason for reading data of another office (`Access-Reason`).
    takes_reason: bool,
}

impl OperationFacts {
    fn of(document: &Value, path: &str, method: &str, operation: &Object) -> Self {
        let success = |status: &str| operation.get("responses").map_or(&Value::Null, |responses| &responses[status]);
        let answers_body = ["200", "201"].iter().any(|status| success(status).get("content").is_some());
        let page = walk::properties(document, &success("200")["content"]["application/json"]["schema"]).0;
        let is_list = ["items", "_meta"].iter().all(|wanted| page.iter().any(|(name, _)| name == wanted));
        let has_path_parameter = path.contains('{');
        let marked = |marker: &str| operation.get(marker).and_then(Value::as_bool);
        let is_secured = operation.get("security").and_then(Value::as_array).is_some_and(|ways| !ways.is_empty());
        let is_question = marked(NO_PREFER) == Some(true);
        Self {
            has_body: operation.contains_key("requestBody"),
            has_path_parameter,
            is_secured,
            is_list,
            needs_if_match: matches!(method, "patch" | "put" | "delete") && marked(NO_IF_MATCH) != Some(true),
            takes_if_match: method == "post"
                && operation.get("responses").is_some_and(|answers| answers.get("412").is_some()),
            honours_prefer: matches!(method, "post" | "patch" | "put") && answers_body && !is_question,
            // An operation that creates is not a mere question, even if it always answers with a body.
            takes_idempotency_key: method == "post"
                && is_secured
                && (!is_question || success("201").get("content").is_some()),
            takes_reason: method == "get"
                && operation["security"]
                    .as_array()
                    .is_some_and(|ways| ways.iter().any(|way| way.get("staffToken").is_some())),
            is_conditional: method == "get" && marked(CONDITIONAL).unwrap_or(has_path_parameter || is_list),
        }
    }

    fn statuses(&self) -> impl Iterator<Item = u16> {
        let groups: [(bool, &[u16]); 6] = [
            (true, &[400, 406, 429, 500, 503]),
            (self.is_secured, &[401, 403]),
            (self.has_path_parameter, &[404]),
            (self.has_body, &[408, 413, 415, 422]),
            (self.needs_if_match, &[412, 428]),
            (self.takes_idempotency_key, &[409, 422]),
        ];
        groups.into_iter().filter(|(applies, _)| *applies).flat_map(|(_, statuses)| statuses.iter().copied())
    }

    /// Whether the operation can answer with this problem, which no operation lists as its own.
    fn allow(&self, problem: Problem) -> bool {
        match problem {
            Problem::InvalidIdempotencyKey | Problem::IdempotencyKeyInUse | Problem::IdempotencyKeyReused => {
                self.takes_idempotency_key
            }
            Problem::InvalidCursor | Problem::PageTooDeep => self.is_list,
            Problem::MalformedJson | Problem::ValidationFailed | Problem::TextTooLong => self.has_body,
            _ => true,
        }
    }
}

fn add_parameters(document: &Value, operation: &mut Object, facts: &OperationFacts) {
    let shared = [
        (true, "Traceparent"),
        (true, "AcceptLanguage"),
        (facts.needs_if_match, "IfMatch"),
        (facts.takes_if_match, "IfMatchOnAction"),
        (facts.is_conditional, "IfNoneMatch"),
        (facts.takes_reason, "AccessReason"),
        (facts.honours_prefer, "Prefer"),
        (facts.takes_idempotency_key, "IdempotencyKey"),
    ];
    let Value::Array(parameters) = operation.entry("parameters").or_insert_with(|| json!([])) else { return };
    for (_, name) in shared.into_iter().filter(|(applies, _)| *applies) {
        let header = &document["components"]["parameters"][name]["name"];
        // A header that the route describes itself is not added again.
        if !parameters.iter().any(|own| own["in"] == "header" && own["name"] == *header) {
            parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
        }
    }
}

fn add_problems(operation: &mut Object, facts: &OperationFacts, particular: &HashSet<Problem>) {
    let own: HashSet<Problem> = operation.get(PROBLEMS).into_iter().flat_map(own_problems).collect();
    let Value::Object(responses) = operation.entry("responses").or_insert_with(|| json!({})) else { return };
    let told = responses.keys().filter_map(|status| status.parse().ok()).filter(|status| *status >= 400);
    let statuses: BTreeSet<u16> = told.chain(facts.statuses()).chain(own.iter().copied().map(status_of)).collect();
    let is_told = |problem: &Problem| own.contains(problem) || (!particular.contains(problem) && facts.allow(*problem));
    for status in statuses {
        let said = responses.get(&status.to_string()).and_then(|answer| answer["description"].as_str());
        let said = said.filter(|text| !text.is_empty());
        let answer = if said.is_none() && !own.iter().any(|problem| status_of(*problem) == status) {
            reference_to_response(status)
        } else {
            let has_status = |problem: &Problem| status_of(*problem) == status;
            let problems: Vec<Problem> = Problem::iter().filter(has_status).filter(is_told).collect();
            let mut answer = problem_response(status, &problems);
            if let Some(said) = said {
                answer["description"] = said.into();
            }
            answer
        };
        responses.insert(status.to_string(), answer);
    }
    if facts.is_conditional {
        responses.entry("304").or_insert_with(|| reference_to_response(304));
    }
}

fn complete_successes(operation: &mut Object, facts: &OperationFacts) {
    let Some(Value::Object(responses)) = operation.get_mut("responses") else { return };
    if facts.honours_prefer && responses.get("200").is_some_and(|answer| answer.get("content").is_some()) {
        responses.entry("204").or_insert_with(|| json!({ "description": "Success. You prefer no body." }));
    }
    for (status, answer) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        let Value::Object(answer) = answer else { continue };
        if answer.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            answer.insert("description".to_owned(), fallback_description(status).into());
        }
        let Value::Object(headers) = answer.entry("headers").or_insert_with(|| json!({})) else { continue };
        let changes = facts.honours_prefer || facts.needs_if_match;
        let shared = [
            (status == "201", "Location"),
            (status == "201" || (status == "200" && (changes || facts.is_conditional)), "ETag"),
            (status == "200" && facts.is_list, "Link"),
            (facts.honours_prefer && status != "200", "Preference-Applied"),
            (facts.honours_prefer && status == "204", "ETag"),
            (facts.takes_idempotency_key, "Idempotent-Replayed"),
        ];
        let applying: Vec<&str> = shared.into_iter().filter(|(applies, _)| *applies).map(|(_, name)| name).collect();
        if let Value::Object(references) = refer_to_headers(&applying) {
            headers.extend(references);
        }
    }
}

fn fallback_description(status: &str) -> &'static str {
    match status {
        "201" => "The resource was created.",
        "204" => "The call succeeded. The answer has no body.",
        _ => "Here it is.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::view::MEDIA_TYPE;
    use crate::openapi::components::{add_components, add_problem_schemas};

    fn completed(path: &str, method: &str, operation: Value) -> Value {
        let mut document = json!({ "paths": { path: { method: operation } } });
        add_problem_schemas(&mut document);
        add_components(&mut document);
        complete_operations(&mut document);
        document["paths"][path][method].take()
    }

    fn statuses(operation: &Value) -> Vec<&str> {
        walk::members(&operation["responses"]).map(|(status, _)| status).collect()
    }

    fn parameters(operation: &Value) -> Vec<&str> {
        let names = walk::elements(&operation["parameters"]).filter_map(|parameter| parameter["$ref"].as_str());
        names.filter_map(|name| name.rsplit('/').next()).collect()
    }

    fn headers<'a>(operation: &'a Value, status: &str) -> Vec<&'a str> {
        let names = walk::members(&operation["responses"][status]["headers"]).map(|(name, _)| name);
        names.filter(|name| !name.starts_with("Access-Control") && !name.starts_with("RateLimit")).collect()
    }

    fn json_body(schema: Value) -> Value {
        json!({ "content": { "application/json": { "schema": schema } } })
    }

    #[test]
    fn a_public_read_can_fail_in_few_ways() {
        let operation = completed("/coverage", "get", json!({ "responses": { "200": json_body(json!({})) } }));
        assert_eq!(statuses(&operation), ["200", "400", "406", "429", "500", "503"]);
        assert_eq!(parameters(&operation), ["Traceparent", "AcceptLanguage"]);
        assert_eq!(headers(&operation, "200"), ["traceparent"]);
        assert_eq!(operation["security"], json!([]));
        assert_eq!(operation["responses"]["200"]["description"], "Here it is.");
    }

    #[test]
    fn one_of_many_can_be_missing_or_known() {
        let operation = completed("/areas/{id}", "get", json!({ "responses": { "200": json_body(json!({})) } }));
        assert_eq!(statuses(&operation), ["200", "304", "400", "404", "406", "429", "500", "503"]);
        assert_eq!(parameters(&operation), ["Traceparent", "AcceptLanguage", "IfNoneMatch"]);
        assert_eq!(headers(&operation, "200"), ["ETag", "traceparent"]);
    }

    #[test]
    fn a_list_has_links_and_an_etag() {
        let page = json!({ "properties": { "items": {}, "_meta": {} } });
        let operation = completed("/areas", "get", json!({ "responses": { "200": json_body(page) } }));
        assert_eq!(headers(&operation, "200"), ["ETag", "Link", "traceparent"]);
    }

    #[test]
    fn the_rule_for_etags_can_be_overruled() {
        let unlike = json!({ "x-conditional": false, "responses": { "200": json_body(json!({})) } });
        assert!(!statuses(&completed("/areas/{id}", "get", unlike)).contains(&"304"));
        let like = json!({ "x-conditional": true, "responses": { "200": json_body(json!({})) } });
        assert!(statuses(&completed("/api-info", "get", like)).contains(&"304"));
    }

    #[test]
    fn a_creation_says_where_it_lies() {
        let create = json!({ "security": [{ "staffToken": [] }], "requestBody": json_body(json!({})), "responses": { "201": json_body(json!({})) } });
        let operation = completed("/areas", "post", create);
        assert_eq!(
            statuses(&operation),
            ["201", "400", "401", "403", "406", "408", "409", "413", "415", "422", "429", "500", "503"]
        );
        assert_eq!(parameters(&operation), ["Traceparent", "AcceptLanguage", "Prefer", "IdempotencyKey"]);
        assert_eq!(
            headers(&operation, "201"),
            ["ETag", "Idempotent-Replayed", "Location", "Preference-Applied", "traceparent"]
        );
    }

    #[test]
    fn a_change_needs_the_version_that_was_read() {
        let change = json!({ "requestBody": json_body(json!({})), "responses": { "200": json_body(json!({})) } });
        let operation = completed("/areas/{id}", "patch", change);
        assert_eq!(
            statuses(&operation),
            ["200", "204", "400", "404", "406", "408", "412", "413", "415", "422", "428", "429", "500", "503"]
        );
        assert_eq!(parameters(&operation), ["Traceparent", "AcceptLanguage", "IfMatch", "Prefer"]);
        assert_eq!(headers(&operation, "200"), ["ETag", "traceparent"]);
        assert_eq!(headers(&operation, "204"), ["ETag", "Preference-Applied", "traceparent"]);
    }

    #[test]
    fn an_action_may_name_the_version_that_was_read() {
        let action =
            json!({ "requestBody": json_body(json!({})), "responses": { "200": json_body(json!({})), "412": {} } });
        let operation = completed("/areas/{id}/close", "post", action);
        assert_eq!(parameters(&operation), ["Traceparent", "AcceptLanguage", "IfMatchOnAction", "Prefer"]);
        assert!(!statuses(&operation).contains(&"428"));
    }

    #[test]
    fn a_question_asked_by_post_ignores_preferences() {
        let question = json!({ "x-no-prefer": true, "requestBody": json_body(json!({})), "responses": { "200": json_body(json!({})) } });
        let operation = completed("/where-to-turn", "post", question);
        assert!(!parameters(&operation).contains(&"Prefer") && !statuses(&operation).contains(&"204"));
        assert_eq!(headers(&operation, "200"), ["traceparent"]);
    }

    #[test]
    fn what_a_route_says_of_a_problem_stays() {
        let delete = json!({ "responses": { "204": { "description": "Gone." }, "404": {}, "409": { "description": "It is still used." } } });
        let operation = completed("/areas/{id}", "delete", delete);
        assert_eq!(operation["responses"]["404"]["$ref"], "#/components/responses/NotFound");
        assert_eq!(operation["responses"]["409"]["description"], "It is still used.");
        let examples = &operation["responses"]["409"]["content"][MEDIA_TYPE]["examples"];
        assert_eq!(examples["still-referenced"]["value"]["status"], 409);
    }

    #[test]
    fn what_a_route_names_as_its_own_no_other_tells_of() {
        let write = |named: Value| json!({ "x-problems": named, "requestBody": json_body(json!({})), "responses": { "204": {} } });
        let delete =
            json!({ "x-problems": ["still-referenced", ["key-ended", "no-office"]], "responses": { "204": {} } });
        let paths = json!({
            "/areas/{id}": { "delete": delete, "put": write(json!(["entered-in-error"])), "patch": write(json!(["head-count-out-of-range"])) },
        });
        let mut document = json!({ "paths": paths });
        add_problem_schemas(&mut document);
        add_components(&mut document);
        complete_operations(&mut document);
        let told = |method: &str, status: &str| {
            let operation = &document["paths"]["/areas/{id}"][method];
            let answer = walk::resolve(&document, &operation["responses"][status]);
            walk::members(&answer["content"][MEDIA_TYPE]["examples"]).map(|(slug, _)| slug).collect::<Vec<_>>()
        };
        let tells = |method: &str, status: &str, slug: &str| told(method, status).contains(&slug);
        assert!(tells("delete", "409", "key-ended") && tells("delete", "409", "still-referenced"));
        assert!(!tells("delete", "409", "entered-in-error") && !tells("delete", "409", "idempotency-key-in-use"));
        assert!(tells("put", "409", "entered-in-error") && !tells("put", "409", "still-referenced"));
        assert!(tells("delete", "403", "no-office") && tells("delete", "403", "forbidden"));
        assert_eq!(told("patch", "409"), [""; 0]);
        // A problem that no operation names as its own belongs to all operations.
        assert!(tells("put", "422", "consent-order") && !tells("put", "422", "head-count-out-of-range"));
        let patched = told("patch", "422");
        assert!(patched.contains(&"head-count-out-of-range") && patched.contains(&"validation-failed"));
        assert!(!patched.contains(&"idempotency-key-reused"));
    }

    #[test]
    fn a_header_that_a_route_describes_itself_stays() {
        let own = json!({ "in": "header", "name": "If-Match", "required": false });
        let operation = completed("/areas/{id}", "put", json!({ "parameters": [own] }));
        assert_eq!(parameters(&operation), ["Traceparent", "AcceptLanguage"]);
    }
}
