//! A check of every problem that any test receives: the OpenAPI document must list it for the operation that was called.

use nara::http::documented::DocumentedOperation;
use nara::http::settings::ROOT;

use super::caller::Answer;
use super::document::{OPERATIONS, answer_of};

/// Checks that the document lists the problem of this answer.
pub fn check(answer: &Answer) {
    // An answer to HEAD has no body and so names no problem. If the path has other methods only, no operation was called.
    if answer.header("content-type") != Some("application/problem+json")
        || answer.body.is_empty()
        || answer.status == 405
    {
        return;
    }
    let (method, path) = answer.what.split_once(' ').expect("a method and a path");
    let Some(operation) = operation_at(method, path) else { return };
    let problem = answer.json();
    let slug = problem["type"].as_str().and_then(|kind| kind.rsplit('/').next()).expect("a problem has a type");
    let told = &answer_of(operation, &answer.status.to_string())["content"]["application/problem+json"]["examples"];
    assert!(told.get(slug).is_some(), "the document tells nothing of {slug} at {}: {answer:?}", operation.id);
}

/// The operation that a request calls. If several match, it is the one with the fewest parameters in its path.
fn operation_at(method: &str, path: &str) -> Option<&'static DocumentedOperation> {
    let path = path.split(['?', '#']).next()?.strip_prefix(ROOT)?;
    let is_at = |operation: &&DocumentedOperation| operation.method == method && fits(&operation.path, path);
    OPERATIONS.iter().filter(is_at).min_by_key(|operation| operation.path.matches('{').count())
}

fn fits(template: &str, path: &str) -> bool {
    let mut parts = template.split('/').zip(path.split('/'));
    template.matches('/').count() == path.matches('/').count()
        && parts.all(|(wanted, there)| wanted.starts_with('{') || wanted == there)
}
