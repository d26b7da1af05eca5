//! The middleware around all routes: it adds the trace, handles HEAD and panics, writes the bodies of problems, adds security
//! headers, and logs.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt;

use crate::error::{Error, Problem};
use crate::http::call::base_of;
use crate::http::language::Language;
use crate::http::noted::Noted;
use crate::http::problem::view::{MEDIA_TYPE, ProblemView};
use crate::http::settings::Settings;
use crate::http::trace::{TRACEPARENT, Trace};
use crate::http::unread::InPieces;
use crate::telemetry::Metrics;

/// Handles one request from its arrival to its answer, with `next` as the rest of the application.
pub async fn around<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let begun = Instant::now();
    let Some(settings) = request.app_data::<Data<Settings>>().cloned() else {
        return Err(Error::internal("the server was built without its settings").into());
    };
    let metrics = request.app_data::<Data<Metrics>>().cloned();
    let trace = Trace::of(request.headers(), &settings.random);
    request.extensions_mut().insert(trace);
    let noted = Noted::of(request.request());
    // The HTTP library leaves out the body of an answer to HEAD. For the routes, the call is a GET.
    let method = request.method().clone();
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let path = request.path().to_owned();
    let language = Language::accepted(request.headers().get(header::ACCEPT_LANGUAGE));
    let base = base_of(&settings, request.request());
    let told = CallReport { method, begun, metrics, trace, noted };
    let in_pieces = InPieces::of(&mut request);
    let mut answer = match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(answer) => answer?.map_into_boxed_body(),
        Err(_) => return Err(Panicked { path, language, base, settings, told }.into()),
    };
    let failed =
        answer.response().error().map(|error| error.as_error::<Error>().map_or_else(|| foreign(error), Failure::Ours));
    let failed = failed.or_else(|| unexplained(answer.response()).map(Failure::Other));
    if let Some(failure) = failed {
        let view = match &failure {
            Failure::Ours(error) => {
                log_cause(error, trace);
                ProblemView::new(error, language, &base, &path, trace.id())
            }
            Failure::Other(problem) => ProblemView::new(&Error::new(*problem), language, &base, &path, trace.id()),
        };
        told.count_problem(failure.problem());
        let body = serde_json::to_vec(&view).unwrap_or_default();
        answer = answer.map_body(|head, _| {
            mark_as_problem(&mut head.headers, language);
            BoxBody::new(body)
        });
    }
    let status = answer.status();
    told.finish(answer.headers_mut(), status, &settings);
    Ok(match in_pieces {
        Some(body) => body.close_behind(answer),
        None => answer,
    })
}

enum Failure<'a> {
    Ours(&'a Error),
    Other(Problem),
}

impl Failure<'_> {
    fn problem(&self) -> Problem {
        match self {
            Self::Ours(error) => error.problem(),
            Self::Other(problem) => *problem,
        }
    }
}

/// Returns the problem for an error that the framework made, by its status code.
fn foreign(error: &actix_web::Error) -> Failure<'static> {
    Failure::Other(problem_of(error.as_response_error().status_code()))
}

/// Returns the problem for an answer with a status from 400 on that has no problem as its body, for example Swagger UI's plain 404.
/// `None` for all other answers.
fn unexplained(answer: &HttpResponse<BoxBody>) -> Option<Problem> {
    let explained =
        answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == MEDIA_TYPE.as_bytes());
    (answer.status().as_u16() >= 400 && !explained).then(|| problem_of(answer.status()))
}

fn problem_of(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::BodyTooLarge,
        StatusCode::REQUEST_TIMEOUT => Problem::RequestTimeout,
        status if status.is_client_error() => Problem::InvalidHeader,
        _ => Problem::InternalError,
    }
}

/// Logs the cause of an error, if the fault is the server's or the database's. Except for errors in a part of an answer, causes are
/// logged only here.
fn log_cause(error: &Error, trace: Trace) {
    if matches!(error.problem(), Problem::InternalError | Problem::Unavailable | Problem::Overloaded) {
        tracing::error!(problem = error.problem().slug(), cause = ?error.cause(), trace = %trace.id(), "a call failed");
    }
}

fn mark_as_problem(headers: &mut HeaderMap, language: Language) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn add_headers(headers: &mut HeaderMap, settings: &Settings, trace: Trace) {
    headers.insert(TRACEPARENT, trace.header());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        );
    }
    if settings.strict_transport {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
}

/// The data with which the answer to a call is finished, also if its handler panicked.
struct CallReport {
    method: Method,
    begun: Instant,
    metrics: Option<Data<Metrics>>,
    trace: Trace,
    noted: Rc<Noted>,
}

impl CallReport {
    fn count_problem(&self, problem: Problem) {
        if let Some(metrics) = &self.metrics {
            metrics.count_problem(problem.slug());
        }
    }

    /// Adds the headers that every answer has, counts the call in the metrics, and logs it: server errors as warnings, writes as
    /// information, and reads only for debugging. The log has the name of the operation, and never a path or a query.
    fn finish(&self, headers: &mut HeaderMap, status: StatusCode, settings: &Settings) {
        self.noted.take_standings().for_each(|standing| standing.tell(headers));
        add_headers(headers, settings, self.trace);
        let (method, trace, took) = (&self.method, self.trace, self.begun.elapsed());
        let operation = self.noted.operation().unwrap_or("other");
        if let Some(metrics) = &self.metrics {
            metrics.count(operation, status.as_u16(), took);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if status.is_server_error() {
            tracing::warn!(operation, %method, status = status.as_u16(), micros, trace = %trace.id(), "answered");
        } else if *method == Method::GET || *method == Method::HEAD {
            tracing::debug!(operation, %method, status = status.as_u16(), micros, "answered");
        } else {
            tracing::info!(operation, %method, status = status.as_u16(), micros, trace = %trace.id(), "answered");
        }
    }
}

/// The error for a panic in a handler. The request is lost with the handler, so this error makes the whole answer itself.
struct Panicked {
    path: String,
    language: Language,
    base: String,
    settings: Data<Settings>,
    told: CallReport,
}

impl std::fmt::Debug for Panicked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Display for Panicked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a handler panicked")
    }
}

impl ResponseError for Panicked {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let trace = self.told.trace.id();
        tracing::error!(%trace, "a handler panicked");
        let problem = Problem::InternalError;
        self.told.count_problem(problem);
        let view = ProblemView::new(&Error::new(problem), self.language, &self.base, &self.path, trace);
        let mut answer = HttpResponse::InternalServerError().body(serde_json::to_vec(&view).unwrap_or_default());
        mark_as_problem(answer.headers_mut(), self.language);
        self.told.finish(answer.headers_mut(), StatusCode::INTERNAL_SERVER_ERROR, &self.settings);
        answer
    }
}
