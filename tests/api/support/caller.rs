//! The people and systems who call the server, and the answers that they get.

use std::fmt;

pub use reqwest::Method;
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use super::told;

/// A caller with its credentials.
#[derive(Clone)]
pub struct Actor {
    client: Client,
    base: String,
    credentials: Vec<(&'static str, String)>,
}

impl Actor {
    pub fn new(client: Client, base: String) -> Self {
        Self { client, base, credentials: Vec::new() }
    }

    /// Adds a header to each of the caller's requests.
    pub fn and(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.credentials.push((header, value.into()));
        self
    }

    /// A request to a path below `/nara/v1`. A path with two slashes, such as `//health/live`, is absolute.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let path = path
            .strip_prefix('/')
            .filter(|absolute| absolute.starts_with('/'))
            .map_or_else(|| format!("/nara/v1{path}"), str::to_owned);
        let mut builder = self.client.request(method.clone(), format!("{}{path}", self.base));
        for (name, value) in &self.credentials {
            builder = builder.header(*name, value);
        }
        Request { what: format!("{method} {path}"), path, builder }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.request(Method::HEAD, path).send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request(Method::POST, path).json(&body).send().await
    }

    pub async fn patch(&self, path: &str, body: Value, etag: &str) -> Answer {
        let body = serde_json::to_vec(&body).expect("a value is JSON");
        let request = self.request(Method::PATCH, path).header("content-type", "application/merge-patch+json");
        request.header("if-match", etag).body(body).send().await
    }

    pub async fn put(&self, path: &str, body: Value, etag: &str) -> Answer {
        self.request(Method::PUT, path).header("if-match", etag).json(&body).send().await
    }

    pub async fn delete(&self, path: &str, etag: &str) -> Answer {
        self.request(Method::DELETE, path).header("if-match", etag).send().await
    }
}

/// A request that is being built.
pub struct Request {
    what: String,
    path: String,
    builder: RequestBuilder,
}

impl Request {
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.builder = self.builder.header(name, value.as_ref());
        self
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    /// Sets the body without a `Content-Type`.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.builder = self.builder.body(body.into());
        self
    }

    pub async fn send(self) -> Answer {
        let Self { what, path, builder } = self;
        let response = builder.send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|error| panic!("{what}: {error:?}")).to_vec();
        let answer = Answer { status, headers, body, what, path };
        told::check(&answer);
        answer
    }
}

/// The answer to a request.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub what: String,
    pub path: String,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.what, self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "\n{}", self.text())
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The entity tag. It must exist and be strong.
    pub fn etag(&self) -> String {
        let etag = self.header("etag").unwrap_or_else(|| panic!("an ETag was expected: {self:?}"));
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "a strong ETag was expected: {self:?}");
        etag.to_owned()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("JSON was expected ({error}): {self:?}"))
    }

    /// Checks the status and returns the body; null if there is none.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks the status and type of a problem, and that it is complete.
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        let kind = problem["type"].as_str().unwrap_or_default();
        assert!(
            kind.starts_with("http") && kind.ends_with(&format!("/problems/{slug}")),
            "{slug} was expected: {self:?}"
        );
        assert_eq!(problem["status"], status, "{self:?}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{self:?}");
        let path = self.path.split('?').next().unwrap_or_default();
        let instance = problem["instance"].as_str().unwrap_or_default();
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        // A path segment that looks like an identity number, or that is escaped, is not repeated in the answer.
        let is_number = |part: &str| part.len() >= 10 && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        let told = path.split('/').map(|part| if is_number(part) || !is_plain(part) { "withheld" } else { part });
        let told = told.collect::<Vec<_>>().join("/");
        assert!(instance == told || (!plain && instance.starts_with('/')), "{self:?}");
        assert!(!instance.contains('?'), "{self:?}");
        let trace = problem["traceId"].as_str().unwrap_or_default();
        assert!(trace.len() == 32 && self.header("traceparent").is_some_and(|of| of.contains(trace)), "{self:?}");
        problem
    }

    /// The JSON pointers of a problem's errors, in their order.
    pub fn pointers(&self) -> Vec<String> {
        self.places("pointer")
    }

    /// The query parameters of a problem's errors.
    pub fn parameters(&self) -> Vec<String> {
        self.places("parameter")
    }

    fn places(&self, kind: &str) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        for error in errors {
            assert!(error["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{self:?}");
        }
        errors.iter().filter_map(|error| error[kind].as_str()).map(str::to_owned).collect()
    }

    /// The path of the link with this relation, below `/nara/v1`, so that it can be followed.
    pub fn link(&self, rel: &str) -> Option<String> {
        let body = self.json();
        let links = body["_links"].as_array().cloned().unwrap_or_default();
        let href = links.iter().find(|link| link["rel"] == rel)?["href"].as_str()?.to_owned();
        let below = href.split_once("/nara/v1").map(|(_, path)| path.to_owned());
        Some(below.unwrap_or_else(|| panic!("{href} lies outside of the API: {self:?}")))
    }
}
