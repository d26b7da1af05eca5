//! One call: what a handler may ask of the request, and how it answers.
//!
//! Taking a `Call` also keeps two promises for every operation: a query parameter that the operation does not know is 400,
//! and an `Accept` that leaves out all it can answer is 406.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev};
use serde::Serialize;

use crate::error::{Error, Problem, Result};
use crate::http::answer::{self, Answer, KeptAnswers, Validator};
use crate::http::link::{Link, Linking, Links};
use crate::http::noted::Noted;
use crate::http::operations::{Operations, weight};
use crate::http::parameters::PARAMETERS;
use crate::http::settings::Settings;
use crate::http::trace::Trace;
use crate::moment::Moment;

/// One call.
pub struct Call {
    request: HttpRequest,
    settings: Data<Settings>,
    /// Where it stands in its trace.
    pub trace: Trace,
    /// When it runs, and where randomness comes from.
    pub moment: Moment,
}

/// Who may keep an answer, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Everyone, for a minute: the directory.
    Public,
    /// Nobody: personal data, and questions that tell where somebody is.
    NoStore,
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(Self::accept(request))
    }
}

impl Call {
    fn accept(request: &HttpRequest) -> Result<Self> {
        let missing = || Error::internal("the server was built without its settings");
        let settings = request.app_data::<Data<Settings>>().ok_or_else(missing)?.clone();
        let operations = request.app_data::<Data<Operations>>().ok_or_else(missing)?;
        if let Some(operation) = operations.of(request) {
            operation.check_query(request.query_string())?;
            operation.check_accept(request.headers())?;
            operation.check_headers(request.headers())?;
            Noted::of(request).calls(operation.id());
        }
        let trace = request.extensions().get::<Trace>().copied();
        let trace = trace.unwrap_or_else(|| Trace::of(request.headers(), &settings.random));
        let moment = Moment { now: settings.clock.now(), random: settings.random.clone() };
        Ok(Self { request: request.clone(), settings, trace, moment })
    }

    /// The request's header of this name, if it can be read as text.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The address of whoever calls, where it can be known.
    pub fn client_address(&self) -> Option<IpAddr> {
        crate::http::client::address(&self.request)
    }

    /// What the caller's program says that it is.
    pub fn user_agent(&self) -> Option<&str> {
        self.header(header::USER_AGENT)
    }

    /// True when the caller asks for this media type, such as `application/geo+json`, rather than for JSON.
    pub fn asks_for(&self, media_type: &str) -> bool {
        self.header(header::ACCEPT).is_some_and(|accept| {
            let accept = accept.to_ascii_lowercase();
            let (wanted, json) = (weight(&accept, media_type), weight(&accept, "application/json"));
            // Who takes anything gets JSON.
            wanted > json || (wanted > 0.0 && wanted == json && accept.contains(media_type))
        })
    }

    /// An absolute link to `path` below the root of the API.
    pub fn link(&self, rel: impl Into<String>, method: &'static str, path: &str) -> Link {
        Linking::link(self, rel, method, path)
    }

    /// The absolute address of `path` below the root of the API.
    pub fn absolute(&self, path: &str) -> String {
        self.links().absolute(path)
    }

    /// Makes addresses on any thread.
    pub fn links(&self) -> Links {
        Links::new(self.base())
    }

    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// A link to this list with some parameters set or, with `None`, left out; all others stay.
    pub fn link_to_list(&self, rel: &str, changes: &[(&str, Option<String>)]) -> Link {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(self.request.query_string().as_bytes()) {
            if !changes.iter().any(|(changed, _)| *changed == name) {
                query.append_pair(&name, &value);
            }
        }
        for (name, value) in changes {
            value.as_ref().map(|value| query.append_pair(name, value));
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        Link { rel: rel.to_owned(), href: [&self.base(), self.request.path(), mark, &query].concat(), method: "GET" }
    }

    /// What makes this list with these filters the same list: its path and its parameters but those of paging.
    pub fn list_identity(&self) -> String {
        let pairs = form_urlencoded::parse(self.request.query_string().as_bytes());
        let mut filters: Vec<_> = pairs.filter(|(name, _)| !PARAMETERS.contains(&&**name)).collect();
        filters.sort();
        form_urlencoded::Serializer::new(format!("{}?", self.request.path())).extend_pairs(filters).finish()
    }

    /// Seals cursors.
    pub fn cursor_key(&self) -> &[u8; 32] {
        &self.settings.cursor_key
    }

    pub(super) fn base(&self) -> String {
        base_of(&self.settings, &self.request)
    }

    /// 200 with what everyone may have: as it was answered to the same question before, or made now.
    pub fn kept(&self, answers: &KeptAnswers, make: impl FnOnce() -> Result<Answer>) -> Result<HttpResponse> {
        let accept = self.header(header::ACCEPT).unwrap_or_default();
        let path = self.request.uri().path_and_query().map_or("", |path| path.as_str());
        let question = [&self.base(), " ", accept, " ", path].concat();
        Ok(self.give(answers.get_or_make(question, self.moment.now, make)?, Cache::Public))
    }

    /// 200 with one resource, or 304 when the caller has it already.
    pub fn found(&self, view: &impl Serialize, validator: Validator, cache: Cache) -> Result<HttpResponse> {
        Ok(self.give(Answer::of(view, validator)?, cache))
    }

    /// 200 with an answer, or 304 when the caller has it already.
    pub fn give(&self, answer: Answer, cache: Cache) -> HttpResponse {
        let etag = answer.etag.to_str().unwrap_or_default();
        let known = self.header(header::IF_NONE_MATCH).is_some_and(|tags| lists(tags, etag, weakly_equal));
        let links = answer.links.clone();
        let mut response = if known {
            let mut unchanged = HttpResponse::new(StatusCode::NOT_MODIFIED);
            unchanged.headers_mut().insert(header::ETAG, answer.etag);
            unchanged
        } else {
            response(StatusCode::OK, answer)
        };
        add_cache(response.headers_mut(), cache);
        links.map(|links| response.headers_mut().insert(header::LINK, links));
        response
    }

    /// 200 with what is not a resource of its own: no ETag.
    pub fn answer(&self, view: &impl Serialize, cache: Cache) -> Result<HttpResponse> {
        let body = BoxBody::new(answer::rendered(view)?);
        let mut response = HttpResponse::with_body(StatusCode::OK, body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        add_cache(response.headers_mut(), cache);
        Ok(response)
    }

    /// An answer to a write, whole.
    pub(super) fn with_body(&self, answer: Answer, status: StatusCode) -> HttpResponse {
        let mut response = response(status, answer);
        add_cache(response.headers_mut(), Cache::NoStore);
        response
    }

    /// 204 for a change that the caller was allowed to make and whose outcome it may not read.
    pub fn changed_out_of_sight(&self) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
        add_cache(response.headers_mut(), Cache::NoStore);
        response
    }

    /// An answer to a write whose caller prefers to do without its body.
    pub(super) fn without_body(&self, answer: Answer, status: StatusCode) -> HttpResponse {
        let mut response = HttpResponse::new(status);
        let headers = response.headers_mut();
        headers.insert(header::ETAG, answer.etag);
        headers.insert(HeaderName::from_static("preference-applied"), HeaderValue::from_static("return=minimal"));
        add_cache(headers, Cache::NoStore);
        response
    }

    /// Whether the caller wants no body back (RFC 7240).
    pub(super) fn prefers_minimal(&self) -> bool {
        let preferences = self.header(HeaderName::from_static("prefer")).unwrap_or_default();
        preferences.split([',', ';']).any(|preference| preference.trim().eq_ignore_ascii_case("return=minimal"))
    }

    /// The version that the caller read and now changes: `If-Match` is needed, and must name the current one.
    pub fn check_if_match(&self, current: i32) -> Result<()> {
        let tags = self.if_match().ok_or_else(|| Error::new(Problem::PreconditionRequired))?;
        // The part behind the version tells how the resource looks to readers at this moment (an office opens and closes),
        // which is nothing that a change could overwrite.
        let current = current.to_string();
        let same_version = |tag: &str, current: &str| version_of(tag) == Some(current);
        if lists(tags, &current, same_version) { Ok(()) } else { Err(crate::db::stale()) }
    }

    /// The same for a resource whose version would tell something: the caller must have read what it would read now.
    pub fn check_if_match_of(&self, view: &impl Serialize) -> Result<()> {
        let tags = self.if_match().ok_or_else(|| Error::new(Problem::PreconditionRequired))?;
        let current = Answer::of(view, Validator::Content)?.etag;
        if lists(tags, current.to_str().unwrap_or_default(), |tag, current| tag == current) {
            Ok(())
        } else {
            Err(crate::db::stale())
        }
    }

    /// The same for such a resource on an action.
    pub fn check_if_match_of_when_given(&self, view: &impl Serialize) -> Result<()> {
        if self.names_a_version() { self.check_if_match_of(view) } else { Ok(()) }
    }

    /// Whether the caller names the version that it has read.
    pub fn names_a_version(&self) -> bool {
        self.if_match().is_some()
    }

    /// `If-Match`, where it is sent. What cannot be read as text names no version that there could be: it is not as if nothing
    /// had been sent.
    fn if_match(&self) -> Option<&str> {
        self.request.headers().get(header::IF_MATCH).map(|tags| tags.to_str().unwrap_or_default())
    }

    /// On actions `If-Match` is optional: without it, the state of the resource decides.
    pub fn check_if_match_when_given(&self, current: i32) -> Result<()> {
        if self.names_a_version() { self.check_if_match(current) } else { Ok(()) }
    }
}

impl Linking for Call {
    fn absolute(&self, path: &str) -> String {
        self.absolute(path)
    }
}

/// The address under which callers know the server.
pub fn base_of(settings: &Settings, request: &HttpRequest) -> String {
    if let Some(url) = &settings.public_url {
        return url.clone();
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let plain =
        |host: &&str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    ["http://", host.filter(plain).unwrap_or("localhost")].concat()
}

fn response(status: StatusCode, answer: Answer) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(answer.body));
    response.headers_mut().insert(header::CONTENT_TYPE, answer.media_type);
    response.headers_mut().insert(header::ETAG, answer.etag);
    response
}

fn add_cache(headers: &mut HeaderMap, cache: Cache) {
    let (control, vary) = match cache {
        Cache::Public => ("public, max-age=60", "Accept"),
        Cache::NoStore => ("no-store", "Authorization, X-API-Key"),
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
    headers.insert(header::VARY, HeaderValue::from_static(vary));
}

/// Whether a list of entity tags, or `*`, has one that is the same as `etag`.
fn lists(tags: &str, etag: &str, same: impl Fn(&str, &str) -> bool) -> bool {
    tags.trim() == "*" || tags.split(',').any(|tag| same(tag.trim(), etag))
}

/// RFC 9110, 8.8.3.2: `If-None-Match` compares weakly.
fn weakly_equal(one: &str, other: &str) -> bool {
    one.strip_prefix("W/").unwrap_or(one) == other
}

/// The version that a strong entity tag of ours begins with.
fn version_of(tag: &str) -> Option<&str> {
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    inner.split_once('-').map(|(version, _)| version)
}
