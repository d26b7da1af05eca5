//! The body that a caller gets for an error: a problem as in RFC 9457, in the caller's language.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Problem, ViolationPlace};
use crate::http::call::Call;
use crate::http::language::Language;
use crate::http::problem::meaning;
use crate::http::withheld;

/// The media type of problems: of every answer with a status from 400 on.
pub const MEDIA_TYPE: &str = "application/problem+json";

const LONGEST_INSTANCE: usize = 2000;
const LONGEST_POINTER: usize = 1000;

/// A problem in the form of RFC 9457: the answer to a call that failed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemView {
    /// The type of the problem: the address of the page that explains it.
    #[schema(format = "uri", max_length = 500, example = "https://nara.example/problems/validation-failed")]
    r#type: String,
    /// A short title of the problem, the same each time that the problem occurs.
    #[schema(max_length = 200, example = "The body breaks a rule")]
    title: &'static str,
    /// The HTTP status code of the answer, which is 400 or more.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// A sentence about this one failure, beyond what the title says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, example = "Something in the body is not right.")]
    detail: Option<String>,
    /// The path of the call that failed, without its query. Segments that could be personal data are replaced by `withheld`.
    #[schema(max_length = 2000, example = "/nara/v1/partner/referrals")]
    instance: String,
    /// The id of the trace (W3C Trace Context) under which the server logged the call.
    #[schema(
        min_length = 32,
        max_length = 32,
        pattern = "^[0-9a-f]{32}$",
        example = "4bf92f3577b34da6a3ce929d0e0e4736"
    )]
    trace_id: String,
    /// The wrong places in the request, each with what is wrong there. Absent if the problem is about no particular place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    errors: Vec<ViolationView>,
    /// The actions on the referral that this caller may take now, if an action was refused. The referral's `_links` list the same
    /// actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 30, example = json!(["assign", "redirect"]))]
    allowed_actions: Option<Vec<&'static str>>,
}

/// One thing that is wrong with a request. Exactly one of `pointer`, `parameter` and `header` names the place.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Violation)]
pub struct ViolationView {
    /// The wrong place in the body, as a JSON Pointer in fragment form (RFC 6901, section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, example = "#/child/birthYear")]
    pointer: Option<String>,
    /// The name of the query parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    parameter: Option<String>,
    /// The name of the request header that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    header: Option<&'static str>,
    /// The index of the first wrong character in the text that `pointer` leads to, counted from 0. Absent if the whole value is
    /// wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000, example = 12)]
    start: Option<usize>,
    /// The index of the character after the last wrong one in the text that `pointer` leads to. Present together with `start`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000, example = 25)]
    end: Option<usize>,
    /// A sentence that says what is wrong at this place, or what would be right.
    #[schema(max_length = 1000, example = "must not lie in the future")]
    detail: String,
}

impl ProblemView {
    /// Makes the view of `error` in `language`. `base` is the address under which callers reach the server, and `called` the path
    /// of the call that failed.
    pub fn new(error: &Error, language: Language, base: &str, called: &str, trace_id: String) -> Self {
        let meaning = meaning(error.problem());
        Self {
            r#type: format!("{base}/problems/{}", error.problem().slug()),
            title: language.choose(meaning.title),
            status: meaning.status.as_u16(),
            detail: error.detail().map(|text| language.of(text).to_owned()),
            instance: instance(called),
            trace_id,
            errors: error.violations().iter().map(|violation| ViolationView::new(violation, language)).collect(),
            allowed_actions: error.allowed().map(<[_]>::to_vec),
        }
    }

    pub fn status(&self) -> u16 {
        self.status
    }
}

/// Makes problems for errors of one call, in its caller's language. Unlike a `Call`, it can be moved to another thread.
#[derive(Debug, Clone)]
pub struct Explainer {
    language: Language,
    base: String,
    called: String,
    trace_id: String,
}

impl Explainer {
    /// Returns the problem for an error that becomes a part of a larger answer, such as one item of a batch. If the server is at
    /// fault, the cause is logged.
    pub fn problem(&self, error: &Error) -> ProblemView {
        if error.problem() == Problem::InternalError {
            tracing::error!(cause = ?error.cause(), trace = %self.trace_id, "a part of a call failed");
        }
        ProblemView::new(error, self.language, &self.base, &self.called, self.trace_id.clone())
    }
}

/// Returns the path of a call for the field `instance`, at most 2000 characters of it. A segment that is not written in plain
/// characters, or that could be a personal identity number, is replaced by `withheld`.
fn instance(path: &str) -> String {
    withheld::told_path(path).chars().take(LONGEST_INSTANCE).collect()
}

/// Writes a JSON Pointer as the fragment of an address (RFC 6901, section 6). Callers choose the names of fields in bodies, and may
/// write there what must not be repeated: the fragment ends before the first name that is not told. If it is too long, it is
/// shortened to one of the objects around the field as well.
fn fragment(pointer: &str) -> String {
    let mut fragment = String::from("#");
    for name in pointer.split('/').skip(1).take_while(|name| withheld::may_be_told(name)) {
        fragment.push('/');
        fragment.push_str(name);
    }
    while fragment.len() > LONGEST_POINTER {
        fragment.truncate(fragment.rfind('/').unwrap_or(1));
    }
    fragment
}

impl Call {
    /// Returns the explainer that makes problems for errors of this call.
    pub fn explainer(&self) -> Explainer {
        Explainer {
            language: Language::accepted(self.request().headers().get(header::ACCEPT_LANGUAGE)),
            base: self.base(),
            called: self.request().path().to_owned(),
            trace_id: self.trace.id(),
        }
    }
}

impl ViolationView {
    fn new(violation: &crate::error::Violation, language: Language) -> Self {
        let detail = language.of(&violation.detail).to_owned();
        let mut view = Self { pointer: None, parameter: None, header: None, start: None, end: None, detail };
        match &violation.place {
            ViolationPlace::Span { pointer, start, end } => {
                (view.pointer, view.start, view.end) = (Some(fragment(pointer)), Some(*start), Some(*end));
            }
            ViolationPlace::Pointer(pointer) => view.pointer = Some(fragment(pointer)),
            ViolationPlace::Parameter(name) => view.parameter = Some(withheld::told(name).to_owned()),
            ViolationPlace::Header(name) => view.header = Some(name),
        }
        view
    }
}

/// Makes the answer to a call that failed, without a body. The envelope around all routes adds the body, since only it knows the
/// language, the path and the trace.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        meaning(self.problem()).status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = HttpResponse::build(self.status_code());
        match self.problem() {
            Problem::Unauthenticated => {
                answer.append_header((header::WWW_AUTHENTICATE, "Bearer realm=\"nara\""));
                answer.append_header((header::WWW_AUTHENTICATE, "ApiKey realm=\"nara\", header=\"X-API-Key\""));
            }
            // The rest of the request, which is still to come, would be taken for the next request.
            Problem::RequestTimeout => {
                answer.force_close();
            }
            // A budget that refused the call tells a better time.
            Problem::RateLimited => {
                answer.insert_header((header::RETRY_AFTER, "3600"));
            }
            Problem::Overloaded | Problem::IdempotencyKeyInUse => {
                answer.insert_header((header::RETRY_AFTER, "1"));
            }
            Problem::Unavailable => {
                answer.insert_header((header::RETRY_AFTER, "5"));
            }
            _ => {}
        }
        answer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_the_fragment_of_an_address() {
        assert_eq!(fragment(""), "#");
        assert_eq!(fragment("/child/birthYear"), "#/child/birthYear");
        assert_eq!(fragment("/items/99/child"), "#/items/99/child");
    }

    #[test]
    fn a_name_that_is_too_long_or_no_name_of_a_field_is_left_out_of_the_pointer() {
        let long = "a".repeat(1000);
        for name in [&*long, "20130101-2389", "130101-2389", "Anna Påhittad", "a~1b", "%32%30"] {
            assert_eq!(fragment(&format!("/child/{name}")), "#/child", "{name}");
            assert_eq!(fragment(&format!("/{name}/0")), "#", "{name}");
        }
        let deep = "/x".repeat(2000);
        assert_eq!(fragment(&deep), format!("#{}", "/x".repeat(499)));
    }

    #[test]
    fn an_identity_number_in_a_path_is_not_repeated() {
        assert_eq!(instance("/nara/v1/people/2013010%31-2389"), "/nara/v1/people/withheld");
        assert_eq!(instance(&"/x".repeat(2000)).len(), LONGEST_INSTANCE);
    }
}
