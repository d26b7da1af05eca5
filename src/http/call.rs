//! One call of an operation: the parts of the request that a handler may read, and the ways to answer it.
//!
//! A handler that takes a `Call` as an argument also gets two checks: an unknown query parameter gets 400, and an `Accept` header
//! that excludes everything the operation can answer with gets 406.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev};
use serde::Serialize;

use crate::error::{Error, Problem, Result};
use crate::http::answer::{self, KeptAnswers, Representation, Validator};
use crate::http::link::{Link, Linking, Links};
use crate::http::noted::Noted;
use crate::http::operations::{Operations, weight};
use crate::http::parameters::PARAMETERS;
use crate::http::path;
use crate::http::settings::Settings;
use crate::http::trace::Trace;
use crate::moment::Moment;

pub struct Call {
    request: HttpRequest,
    settings: Data<Settings>,
    /// The trace that the call belongs to, and this server's span in it (W3C Trace Context).
    pub trace: Trace,
    /// The time at which the call arrived, and its source of randomness.
    pub moment: Moment,
}

/// The permission for clients and proxies to cache an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Anybody may cache the answer for a minute. Used for the directory. Without a public URL the links in it are made of what the
    /// caller wrote, and then only the caller may cache it.
    Public,
    /// Nobody may store the answer. Used for personal data, and for questions that disclose where somebody is.
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
    /// Makes the call from a request. Fails if the request has a query parameter that the operation does not know, a header that is
    /// too long, or an `Accept` header that the operation cannot meet.
    pub fn accept(request: &HttpRequest) -> Result<Self> {
        let missing = || Error::internal("the server was built without its operations");
        let operations = request.app_data::<Data<Operations>>().ok_or_else(missing)?;
        if let Some(operation) = operations.of(request) {
            operation.check_query(request.query_string())?;
            operation.check_accept(request.headers())?;
            operation.check_headers(request.headers())?;
            Noted::of(request).calls(operation.id());
        }
        Self::unchecked(request)
    }

    /// Makes the call from a request that may break the rules, to record its failure.
    pub fn unchecked(request: &HttpRequest) -> Result<Self> {
        let missing = || Error::internal("the server was built without its settings");
        let settings = request.app_data::<Data<Settings>>().ok_or_else(missing)?.clone();
        let trace = request.extensions().get::<Trace>().copied();
        let trace = trace.unwrap_or_else(|| Trace::of(request.headers(), &settings.random));
        let moment = Moment { now: settings.clock.now(), random: settings.random.clone() };
        Ok(Self { request: request.clone(), settings, trace, moment })
    }

    /// The key of the codes by which the program proves that it wrote an audit record.
    pub fn record_key(&self) -> [u8; 32] {
        self.settings.record_key
    }

    /// The resource that the path names, by an identifier or a slug: the last one if there are two.
    pub fn named(&self) -> Option<&str> {
        self.request.match_info().iter().last().map(|(_, name)| name)
    }

    /// Notes that the call failed, and returns whether this is its first failure. Work that failed is sometimes judged again, such as
    /// by a repeated call that came in between.
    pub fn fails_first(&self) -> bool {
        !Noted::of(&self.request).fails()
    }

    /// Returns the value of a request header. `None` if it is missing or not visible ASCII text.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The IP address of the client, as far as trusted proxies tell it; `None` if it cannot be determined.
    pub fn client_address(&self) -> Option<IpAddr> {
        crate::http::client::address(&self.request)
    }

    /// The `User-Agent` header, in which the client's program names itself.
    pub fn user_agent(&self) -> Option<&str> {
        self.header(header::USER_AGENT)
    }

    /// Whether the `Accept` header prefers this media type, such as `application/geo+json`, to JSON, or names it with the same
    /// weight.
    pub fn asks_for(&self, media_type: &str) -> bool {
        self.header(header::ACCEPT).is_some_and(|accept| {
            let accept = accept.to_ascii_lowercase();
            let (wanted, json) = (weight(&accept, media_type), weight(&accept, "application/json"));
            // A caller who accepts everything gets JSON.
            wanted > json || (wanted > 0.0 && wanted == json && accept.contains(media_type))
        })
    }

    /// Makes a link with an absolute address to `path`, which is given below the root of the API.
    pub fn link(&self, rel: impl Into<String>, method: &'static str, path: &str) -> Link {
        Linking::link(self, rel, method, path)
    }

    /// Returns the absolute address of `path`, which is given below the root of the API.
    pub fn absolute(&self, path: &str) -> String {
        self.links().absolute(path)
    }

    /// Returns a maker of links for this call that can be moved to another thread, which a `Call` cannot.
    pub fn links(&self) -> Links {
        Links::new(self.base())
    }

    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Makes a link to the list that this call asks for, with the parameters in `changes` set or, with `None`, removed. All other
    /// parameters stay.
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
        Link {
            rel: rel.to_owned(),
            href: [&self.base(), path::called(&self.request), mark, &query].concat(),
            method: "GET",
        }
    }

    /// Returns a text that identifies the list that this call asks for together with its filters: the path and all query parameters
    /// except those of paging, sorted.
    pub fn list_identity(&self) -> String {
        let pairs = form_urlencoded::parse(self.request.query_string().as_bytes());
        let mut filters: Vec<_> = pairs.filter(|(name, _)| !PARAMETERS.contains(&&**name)).collect();
        filters.sort();
        form_urlencoded::Serializer::new(format!("{}?", path::called(&self.request))).extend_pairs(filters).finish()
    }

    /// The key from which the encryption of paging cursors is derived.
    pub fn cursor_key(&self) -> &[u8; 32] {
        &self.settings.cursor_key
    }

    pub(super) fn base(&self) -> String {
        base_of(&self.settings, &self.request)
    }

    /// Answers 200, or 304 if the caller already has this content, with a public answer. It comes from `answers` if the same was
    /// asked within the same minute, and else from `make`.
    pub fn kept(&self, answers: &KeptAnswers, make: impl FnOnce() -> Result<Representation>) -> Result<HttpResponse> {
        let accept = self.header(header::ACCEPT).unwrap_or_default();
        let (path, query) = (path::called(&self.request), self.request.query_string());
        let question = [&self.base(), " ", accept, " ", path, "?", query].concat();
        Ok(self.give(answers.get_or_make(question, self.moment.now, make)?, Cache::Public))
    }

    /// Answers 200 with one resource, or 304 if `If-None-Match` names the entity tag that it has now.
    pub fn found(&self, view: &impl Serialize, validator: Validator, cache: Cache) -> Result<HttpResponse> {
        Ok(self.give(Representation::of(view, validator)?, cache))
    }

    /// Answers 200 with a rendered body, or 304 if `If-None-Match` names its entity tag.
    pub fn give(&self, answer: Representation, cache: Cache) -> HttpResponse {
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
        if cache == Cache::Public && self.settings.public_url.is_none() {
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
        }
        links.map(|links| response.headers_mut().insert(header::LINK, links));
        response
    }

    /// Answers 200 with `view` as JSON and without an ETag, for content that is not a resource of its own, such as the result of a
    /// search.
    pub fn answer(&self, view: &impl Serialize, cache: Cache) -> Result<HttpResponse> {
        let body = BoxBody::new(answer::rendered(view)?);
        let mut response = HttpResponse::with_body(StatusCode::OK, body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        add_cache(response.headers_mut(), cache);
        Ok(response)
    }

    /// Answers a write with this status and with a body, which nobody may cache.
    pub(super) fn with_body(&self, answer: Representation, status: StatusCode) -> HttpResponse {
        let mut response = response(status, answer);
        add_cache(response.headers_mut(), Cache::NoStore);
        response
    }

    /// Answers 204 for a change that the caller was allowed to make but whose result the caller may not read.
    pub fn changed_out_of_sight(&self) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
        add_cache(response.headers_mut(), Cache::NoStore);
        response
    }

    /// Answers a write with this status and an ETag but without a body, since the caller prefers that (`Prefer: return=minimal`).
    pub(super) fn without_body(&self, answer: Representation, status: StatusCode) -> HttpResponse {
        let mut response = HttpResponse::new(status);
        let headers = response.headers_mut();
        headers.insert(header::ETAG, answer.etag);
        headers.insert(HeaderName::from_static("preference-applied"), HeaderValue::from_static("return=minimal"));
        add_cache(headers, Cache::NoStore);
        response
    }

    /// Whether the caller prefers an answer without a body: `Prefer: return=minimal` (RFC 7240).
    pub(super) fn prefers_minimal(&self) -> bool {
        let preferences = self.header(HeaderName::from_static("prefer")).unwrap_or_default();
        preferences.split([',', ';']).any(|preference| preference.trim().eq_ignore_ascii_case("return=minimal"))
    }

    /// Checks that `If-Match` names the version `current` of a resource that is to be changed. The header is required: without it
    /// the error is 428, and with another version 412.
    pub fn check_if_match(&self, current: i32) -> Result<()> {
        let tags = self.if_match().ok_or_else(|| Error::new(Problem::PreconditionRequired))?;
        // The part of the tag after the version says how the resource looks at this moment (an office opens and closes). No
        // change could overwrite that part, so it is ignored.
        let current = current.to_string();
        let same_version = |tag: &str, current: &str| version_of(tag) == Some(current);
        if lists(tags, &current, same_version) { Ok(()) } else { Err(crate::db::stale()) }
    }

    /// Checks `If-Match`, which is required, for a resource whose version must not be disclosed: the tag must be that of the
    /// content `view`, which the caller would read now.
    pub fn check_if_match_of(&self, view: &impl Serialize) -> Result<()> {
        self.check_whole_if_match(view, Validator::Content)
    }

    /// Checks `If-Match` if it was sent, for a resource that can also change without getting a new version: the tag must be the
    /// whole entity tag of `view`, which the caller would read now.
    pub fn check_whole_if_match_when_given(&self, view: &impl Serialize, validator: Validator) -> Result<()> {
        if self.names_a_version() { self.check_whole_if_match(view, validator) } else { Ok(()) }
    }

    fn check_whole_if_match(&self, view: &impl Serialize, validator: Validator) -> Result<()> {
        let tags = self.if_match().ok_or_else(|| Error::new(Problem::PreconditionRequired))?;
        let current = Representation::of(view, validator)?.etag;
        if lists(tags, current.to_str().unwrap_or_default(), |tag, current| tag == current) {
            Ok(())
        } else {
            Err(crate::db::stale())
        }
    }

    /// Checks `If-Match` like [`Call::check_if_match_of`] if it was sent. Without the header the check succeeds.
    pub fn check_if_match_of_when_given(&self, view: &impl Serialize) -> Result<()> {
        if self.names_a_version() { self.check_if_match_of(view) } else { Ok(()) }
    }

    /// Whether the request has an `If-Match` header, which names the version that the caller has read.
    pub fn names_a_version(&self) -> bool {
        self.if_match().is_some()
    }

    /// The value of the `If-Match` header, if it was sent. A value that is not text becomes an empty one, which matches no version;
    /// it is not treated as if the header were missing.
    fn if_match(&self) -> Option<&str> {
        self.request.headers().get(header::IF_MATCH).map(|tags| tags.to_str().unwrap_or_default())
    }

    /// Checks `If-Match` like [`Call::check_if_match`] if it was sent. Without the header the check succeeds, and the state of the
    /// resource decides whether the action is allowed.
    pub fn check_if_match_when_given(&self, current: i32) -> Result<()> {
        if self.names_a_version() { self.check_if_match(current) } else { Ok(()) }
    }
}

impl Linking for Call {
    fn absolute(&self, path: &str) -> String {
        self.absolute(path)
    }
}

/// Returns the address under which callers reach the server: the configured one, or else `http://` and the request's `Host`.
pub fn base_of(settings: &Settings, request: &HttpRequest) -> String {
    if let Some(url) = &settings.public_url {
        return url.clone();
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let plain =
        |host: &&str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    ["http://", host.filter(plain).unwrap_or("localhost")].concat()
}

fn response(status: StatusCode, answer: Representation) -> HttpResponse {
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

/// Whether the comma-separated entity tags in `tags` contain one that `same` finds equal to `etag`, or are just `*`.
fn lists(tags: &str, etag: &str, same: impl Fn(&str, &str) -> bool) -> bool {
    tags.trim() == "*" || tags.split(',').any(|tag| same(tag.trim(), etag))
}

/// Whether the entity tag `one` is the same as `other` if a `W/` before `one` is ignored, as `If-None-Match` requires (RFC 9110,
/// 8.8.3.2).
fn weakly_equal(one: &str, other: &str) -> bool {
    one.strip_prefix("W/").unwrap_or(one) == other
}

/// Returns the version number in an entity tag of this server, such as `3` in `"3-9f86d081884c7d65"`. `None` for weak tags and tags
/// without a version.
fn version_of(tag: &str) -> Option<&str> {
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    inner.split_once('-').map(|(version, _)| version)
}
