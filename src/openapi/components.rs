//! The headers and the answers with problems that several operations share. They are components to which operations refer, so that
//! a change of one is a small difference in the document.

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
/// The extension in which an operation lists the problems that it and a few others can answer with, and most operations cannot.
pub const PROBLEMS: &str = "x-problems";
/// The pattern of the values of headers in answers: printable ASCII characters.
const PRINTABLE: &str = "^[ -~]*$";
/// The pattern of the values of request headers that the server ignores if it does not understand them: all characters that a
/// header may have. A narrower pattern would be wrong.
const ANYTHING: &str = r"^[\t -~\x80-\xff]*$";
/// The pattern of codes of a code list. The list itself says which codes exist.
const CODE: &str = "^[a-z_]+$";
/// The pattern of an idempotency key: bare, or in quotes, where a backslash precedes each quote and each backslash.
const IDEMPOTENCY_KEY: &str = r#"^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$"#;
const ETAG: &str = "\"3-9f86d081884c7d65\"";

/// Adds the schemas of problems and violations to the document. No route names them, since all operations answer with them.
pub fn add_problem_schemas(document: &mut Value) {
    let named = [(ProblemView::name(), ProblemView::schema()), (ViolationView::name(), ViolationView::schema())];
    for (name, schema) in named {
        document["components"]["schemas"][&*name] = json!(schema);
    }
}

/// Adds the schemas of the names of areas, districts, offices, services and partner agencies to the document. utoipa does not
/// collect the schema of a name that is used only in paths and queries.
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

/// Adds the shared parameters, headers and answers to the document's components.
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
        "description": "You already have the current version: nothing changed since the one in `If-None-Match`.",
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
            "The position of the call in the caller's trace (W3C Trace Context). A malformed value is ignored, and a new trace begins.",
            ANYTHING, TRACE,
        ),
        "AcceptLanguage": header(
            "Accept-Language", false,
            "The language in which problems are written: Swedish (`sv`) or English (`en`, the default).",
            ANYTHING, "sv",
        ),
        "IfMatch": header(
            "If-Match", true,
            "The ETag of the version that you read and now change (RFC 9110, 13.1.1). If it is missing, the answer is 428. If the version is not the current one, the answer is 412.",
            tags, ETAG,
        ),
        "IfMatchOnAction": header(
            "If-Match", false,
            "The ETag of the version that you read, if the action shall apply only to that version. If it is not the current one, the answer is 412. Without this header, the state of the resource decides.",
            tags, ETAG,
        ),
        "IfNoneMatch": header(
            "If-None-Match", false,
            "The ETag of the version that you have (RFC 9110, 13.1.2). If it is the current one, the answer is 304.",
            ANYTHING, ETAG,
        ),
        "AccessReason": header(
            "Access-Reason", false,
            "The reason for reading data of another office: a code of the code list `access-reasons`. With it, team leads may read data of other offices, and auditors the earlier versions of contacts. The audit records the reason.",
            CODE, "supervision",
        ),
        "Prefer": header(
            "Prefer", false,
            "`return=minimal` leaves out the body of the answer (RFC 7240): 201 has no body, and 204 is sent instead of 200.",
            ANYTHING, "return=minimal",
        ),
        "IdempotencyKey": header(
            "Idempotency-Key", false,
            "A name for the call that makes it safe to repeat: calls with the same key and the same body are done only once, and get the same answer for 24 hours. 1 to 255 visible characters, bare or in quotes. A new UUID for each call is a good choice.",
            IDEMPOTENCY_KEY, "8e03978e-40d5-43dd-bc93-6894a57f9324",
        ),
    })
}

fn answer_headers() -> Value {
    let header = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string", "maxLength": 2000, "pattern": PRINTABLE }, "example": example });
    json!({
        "traceparent": header("The position of the answer in the trace (W3C Trace Context). Name it when you report a fault.", TRACE),
        "Access-Control-Allow-Origin": header(
            "The origin of the calling web page, if the installation lists it; left out for all other origins (CORS).",
            "https://www.kommun.example",
        ),
        "RateLimit-Policy": header(
            "The budget that the call was taken from (draft-ietf-httpapi-ratelimit-headers-10): the number of calls that it holds (`q`), and the number of seconds in which an empty budget fills up (`w`). A call that also looks somebody up has a second line, about the budget for that. Left out if the installation has no limits.",
            "\"read\";q=150;w=3",
        ),
        "RateLimit": header(
            "The state of that budget: the number of calls that are left (`r`), and the number of seconds until it is full again (`t`). It has as many lines as `RateLimit-Policy`.",
            "\"read\";r=149;t=1",
        ),
        "ETag": header("The version of the content (RFC 9110, 8.8.3): for `If-None-Match` and `If-Match`.", ETAG),
        "Location": header("The address of what was created.", "https://nara.example/nara/v1/areas/norr"),
        "Link": header(
            "The links of the page (RFC 8288): `self`, `first`, and `next` and `prev` if there is such a page.",
            "<https://nara.example/nara/v1/districts?limit=20>; rel=\"self\"",
        ),
        "Preference-Applied": header("The preference that was followed (RFC 7240).", "return=minimal"),
        "Idempotent-Replayed": header("`true` if the call was already done with the same `Idempotency-Key` and this is the answer to it.", "true"),
        "WWW-Authenticate": header("The ways to sign in (RFC 9110, 11.6.1).", "Bearer realm=\"nara\""),
        "Retry-After": {
            "description": "The number of seconds after which the call may be tried again.",
            "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 86_400 },
            "example": 5,
        },
    })
}

/// Returns references to the headers of answers with these names, and to those that every answer has.
pub fn refer_to_headers(names: &[&str]) -> Value {
    let reference = |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    Value::Object(ON_EVERY_ANSWER.iter().chain(names).map(reference).collect())
}

/// Returns the component name of the shared answer with this status: `NotFound` for 404, and so on.
fn response_name(status: u16) -> String {
    let status = actix_web::http::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("Problem").split([' ', '-']).collect()
}

/// Returns the status code that an answer with this problem has.
pub fn status_of(problem: Problem) -> u16 {
    meaning(problem).status.as_u16()
}

/// Returns the problems in the value of an operation's extension [`PROBLEMS`]: a list of slugs, in which groups may be lists
/// themselves.
pub fn own_problems(named: &Value) -> Vec<Problem> {
    match named {
        Value::String(slug) => slug.parse().ok().into_iter().collect(),
        several => walk::elements(several).flat_map(own_problems).collect(),
    }
}

/// Returns the problems that at least one operation lists in its extension [`PROBLEMS`]. Operations that do not list them are
/// documented without them.
pub fn particular_problems(document: &Value) -> HashSet<Problem> {
    walk::operations(document).flat_map(|(_, _, operation)| own_problems(&operation[PROBLEMS])).collect()
}

/// Makes the description of the answer with this status: its text explains each of these problems, and it has one example of each.
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

/// Makes an example of a problem as the server would send it, and returns it with the problem's slug.
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
    // The shared answers belong to no operation in particular, so the example names the root.
    let view = ProblemView::new(&error, Language::English, "https://nara.example", ROOT, TRACE_ID.to_owned());
    let summary = meaning(problem).title.0;
    (problem.slug().to_owned(), json!({ "summary": summary, "value": view }))
}

/// Returns a reference to the shared answer with this status.
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
