//! The components that all operations refer to, so that a change of the contract is a small difference: headers and problems.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};
use strum::IntoEnumIterator;
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Error, Problem, Text};
use crate::http::documented::LONGEST_HEADER;
use crate::http::language::Language;
use crate::http::problem::meaning;
use crate::http::problem::view::{MEDIA_TYPE, ProblemView, ViolationView};
use crate::http::settings::ROOT;
use crate::openapi::walk::{self, Object};
use crate::slug::{AreaName, DistrictName, OfficeName, PartnerName, ServiceName};

const ON_EVERY_ANSWER: [&str; 4] = ["traceparent", "Access-Control-Allow-Origin", "RateLimit-Policy", "RateLimit"];

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// Names the problems that this operation and some others can answer with, and most cannot.
pub const PROBLEMS: &str = "x-problems";
/// What an answer's headers are made of.
const PRINTABLE: &str = "^[ -~]*$";
/// What can stand in a header at all. Where the server ignores what it does not understand, nothing narrower would be true.
const ANYTHING: &str = r"^[\t -~\x80-\xff]*$";
/// What codes are made of. Which there are, the code list says.
const CODE: &str = "^[a-z_]+$";
/// Bare or in quotes, where a quote and a backslash stand behind a backslash.
const IDEMPOTENCY_KEY: &str = r#"^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$"#;
const ETAG: &str = "\"3-9f86d081884c7d65\"";

/// No route names the schema of problems, since all of them answer with it.
pub fn add_problem_schemas(document: &mut Value) {
    let named = [(ProblemView::name(), ProblemView::schema()), (ViolationView::name(), ViolationView::schema())];
    for (name, schema) in named {
        document["components"]["schemas"][&*name] = json!(schema);
    }
}

/// Where a name stands in paths and queries alone, utoipa refers to its schema and does not collect it.
pub fn add_names(document: &mut Value) {
    let named = [
        (AreaName::name(), AreaName::schema()),
        (DistrictName::name(), DistrictName::schema()),
        (OfficeName::name(), OfficeName::schema()),
        (ServiceName::name(), ServiceName::schema()),
        (PartnerName::name(), PartnerName::schema()),
    ];
    for (name, schema) in named {
        document["components"]["schemas"][&*name] = json!(schema);
    }
}

/// The parameters, headers and answers that operations refer to.
pub fn add_components(document: &mut Value) {
    document["components"]["parameters"] = request_headers();
    document["components"]["headers"] = answer_headers();
    let particular = particular_problems(document);
    let mut shared: BTreeMap<u16, Vec<Problem>> = BTreeMap::new();
    for problem in Problem::iter().filter(|problem| !particular.contains(problem)) {
        shared.entry(status_of(problem)).or_default().push(problem);
    }
    let response =
        |(status, problems): (u16, Vec<Problem>)| (response_name(status), problem_response(status, &problems));
    let mut responses: Object = shared.into_iter().map(response).collect();
    let unchanged = json!({
        "description": "You have it already: nothing changed since the version in `If-None-Match`.",
        "headers": refer_to_headers(&["ETag"]),
    });
    responses.insert(response_name(304), unchanged);
    document["components"]["responses"] = Value::Object(responses);
}

fn request_headers() -> Value {
    let header = |name: &str, required: bool, description: &str, pattern: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": required, "description": description,
            "schema": { "type": "string", "maxLength": LONGEST_HEADER, "pattern": pattern },
            "example": example,
        })
    };
    let tags = r#"^(\*|(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*)$"#;
    json!({
        "Traceparent": header(
            "traceparent", false,
            "Where the call stands in the caller's trace (W3C Trace Context). A malformed one is ignored, and a new trace begins.",
            ANYTHING, TRACE,
        ),
        "AcceptLanguage": header(
            "Accept-Language", false,
            "The language of problems: Swedish (`sv`) or English (`en`, the default).",
            ANYTHING, "sv",
        ),
        "IfMatch": header(
            "If-Match", true,
            "The ETag of the version that you read and now change (RFC 9110, 13.1.1). Missing: 428. Not the current one: 412.",
            tags, ETAG,
        ),
        "IfMatchOnAction": header(
            "If-Match", false,
            "The ETag of the version that you read, where only that one shall be acted on. Not the current one: 412. Without it, the state decides.",
            tags, ETAG,
        ),
        "IfNoneMatch": header(
            "If-None-Match", false,
            "The ETag of the version that you have (RFC 9110, 13.1.2). Is it the current one, the answer is 304.",
            ANYTHING, ETAG,
        ),
        "AccessReason": header(
            "Access-Reason", false,
            "Why you look at what is another office's: a code of the code list `access-reasons`. It opens reading to team leads, and to auditors what a contact was before; the audit has it.",
            CODE, "supervision",
        ),
        "Prefer": header(
            "Prefer", false,
            "`return=minimal` leaves out the body of the answer (RFC 7240): 201 has none, and 204 comes in place of 200.",
            ANYTHING, "return=minimal",
        ),
        "IdempotencyKey": header(
            "Idempotency-Key", false,
            "Names the call so that it is safe to repeat: with the same key and the same body it is done once, and within 24 hours answered alike. 1 to 255 visible characters, bare or in quotes; a fresh UUID for each call serves well.",
            IDEMPOTENCY_KEY, "8e03978e-40d5-43dd-bc93-6894a57f9324",
        ),
    })
}

fn answer_headers() -> Value {
    let header = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string", "maxLength": 2000, "pattern": PRINTABLE }, "example": example });
    json!({
        "traceparent": header("Where the answer stands in the trace (W3C Trace Context). Name it when you report a fault.", TRACE),
        "Access-Control-Allow-Origin": header(
            "For web pages from the origins that the installation lists, and left out for all others (CORS).",
            "https://www.kommun.example",
        ),
        "RateLimit-Policy": header(
            "The budget that the call was taken from (draft-ietf-httpapi-ratelimit-headers-10): how many calls it holds (`q`), and in how many seconds it fills (`w`). Left out where the installation limits nobody.",
            "\"read\";q=150;w=3",
        ),
        "RateLimit": header(
            "How that budget stands: how many calls are left (`r`), and in how many seconds it is whole again (`t`).",
            "\"read\";r=149;t=1",
        ),
        "ETag": header("The version of the content (RFC 9110, 8.8.3): for `If-None-Match` and `If-Match`.", ETAG),
        "Location": header("The address of what was created.", "https://nara.example/nara/v1/areas/norr"),
        "Link": header(
            "The links of the page (RFC 8288): `self`, `first`, and `next` and `prev` where there is such a page.",
            "<https://nara.example/nara/v1/districts?limit=20>; rel=\"self\"",
        ),
        "Preference-Applied": header("Which preference was followed (RFC 7240).", "return=minimal"),
        "Idempotent-Replayed": header("`true` where the call was done before, under the same `Idempotency-Key`, and this is its answer.", "true"),
        "WWW-Authenticate": header("How to sign in (RFC 9110, 11.6.1).", "Bearer realm=\"nara\""),
        "Retry-After": {
            "description": "After how many seconds it is worth trying again.",
            "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 86_400 },
            "example": 5,
        },
    })
}

/// The headers with these names, and those that every answer has.
pub fn refer_to_headers(names: &[&str]) -> Value {
    let reference = |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    Value::Object(ON_EVERY_ANSWER.iter().chain(names).map(reference).collect())
}

/// `NotFound` for 404, and so on.
fn response_name(status: u16) -> String {
    let status = actix_web::http::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("Problem").split([' ', '-']).collect()
}

/// The status that a problem answers with.
pub fn status_of(problem: Problem) -> u16 {
    meaning(problem).status.as_u16()
}

/// The problems that are named as an operation's own, one by one or several that go together.
pub fn own_problems(named: &Value) -> Vec<Problem> {
    match named {
        Value::String(slug) => slug.parse().ok().into_iter().collect(),
        several => walk::elements(several).flat_map(own_problems).collect(),
    }
}

/// The problems that any operation names as its own: the others do not tell of them.
pub fn particular_problems(document: &Value) -> HashSet<Problem> {
    walk::operations(document).flat_map(|(_, _, operation)| own_problems(&operation[PROBLEMS])).collect()
}

/// The answer with this status: the text and one example from each of these problems.
pub fn problem_response(status: u16, problems: &[Problem]) -> Value {
    let mut lines =
        problems.iter().map(|problem| format!("**{}** {}", meaning(*problem).title.0, meaning(*problem).explanation.0));
    let description = match (problems.len(), lines.next()) {
        (1, Some(line)) => line.replacen("**", "", 1).replacen("** ", ". ", 1),
        (_, Some(first)) => lines.fold(format!("- {first}"), |all, line| format!("{all}\n- {line}")),
        (_, None) => "The call failed.".to_owned(),
    };
    let examples: Object = problems.iter().copied().map(example_of).collect();
    let mut media_type = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    if !examples.is_empty() {
        media_type["examples"] = Value::Object(examples);
    }
    let headers = match status {
        401 => refer_to_headers(&["WWW-Authenticate"]),
        409 | 429 | 503 => refer_to_headers(&["Retry-After"]),
        _ => refer_to_headers(&[]),
    };
    json!({ "description": description, "headers": headers, "content": { MEDIA_TYPE: media_type } })
}

/// The problem as the server would tell it.
fn example_of(problem: Problem) -> (String, Value) {
    let text = |en: &'static str, sv: &'static str| Text::new(en, sv);
    let error = match problem {
        Problem::ValidationFailed => {
            Error::invalid_at("/slug", text("must be at most 80 characters", "måste vara högst 80 tecken"))
        }
        Problem::InvalidParameter => {
            Error::parameter("limit", text("must be from 1 to 100", "måste vara från 1 till 100"))
        }
        Problem::InvalidHeader => {
            Error::header("If-Match", text("must be an ETag that this server gave", "måste vara en ETag från servern"))
        }
        Problem::ActionNotAllowed
        | Problem::ActionForbidden
        | Problem::AssessmentMissing
        | Problem::TooFewAttempts
        | Problem::FeedbackNotForSender
        | Problem::FeedbackGiven
        | Problem::NoConsent
        | Problem::NothingToExtend
        | Problem::NoSender
        | Problem::ProtectedStays => Error::new(problem).allowing(vec!["assign", "redirect"]),
        _ => Error::new(problem),
    };
    // An answer that many operations share is none of theirs in particular.
    let view = ProblemView::new(&error, Language::English, "https://nara.example", ROOT, TRACE_ID.to_owned());
    let summary = meaning(problem).title.0;
    (problem.slug().to_owned(), json!({ "summary": summary, "value": view }))
}

/// The shared answer with this status.
pub fn reference_to_response(status: u16) -> Value {
    json!({ "$ref": format!("#/components/responses/{}", response_name(status)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_is_explained_under_its_status() {
        for problem in Problem::iter() {
            let response = problem_response(status_of(problem), &[problem]);
            assert!(response["description"].as_str().is_some_and(|text| text.contains(meaning(problem).explanation.0)));
            assert_eq!(
                response["content"][MEDIA_TYPE]["examples"][problem.slug()]["value"]["title"],
                meaning(problem).title.0
            );
        }
    }
}
