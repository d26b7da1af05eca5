//! Links in answers: where else to go from there, and what can be done.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::settings::ROOT;

/// Makes the addresses that are part of an answer.
pub trait Linking {
    /// Returns the absolute address of `path` below the root of the API.
    fn absolute(&self, path: &str) -> String;

    /// Makes an absolute link to `path` below the root of the API.
    fn link(&self, rel: impl Into<String>, method: &'static str, path: &str) -> Link {
        Link::new(rel, method, self.absolute(path))
    }
}

/// Makes links on any thread. A call cannot be moved to another thread.
#[derive(Debug, Clone)]
pub struct Links {
    base: String,
}

impl Links {
    /// Makes links under the address by which callers reach the server.
    pub fn new(base: String) -> Self {
        Self { base }
    }
}

impl Linking for Links {
    fn absolute(&self, path: &str) -> String {
        format!("{}{ROOT}{path}", self.base)
    }
}

/// A link to a related resource or to an action.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Link {
    /// The relation of the target to this resource: `self`, `next`, or the name of an action.
    #[schema(max_length = 100, pattern = "^[a-z]+(-[a-z]+)*$", example = "self")]
    pub(super) rel: String,
    /// The absolute address of the target.
    #[schema(max_length = 2000, format = "uri", example = "https://nara.example/nara/v1/areas/norr")]
    pub(super) href: String,
    /// The HTTP method with which the target is called.
    #[schema(max_length = 10, pattern = "^[A-Z]+$", example = "GET")]
    pub(super) method: &'static str,
}

impl Link {
    /// Formats the link for the `Link` header (RFC 8288).
    pub fn as_header(&self) -> String {
        format!("<{}>; rel=\"{}\"", self.href, self.rel)
    }

    /// Whether following the link changes nothing.
    pub fn is_reading(&self) -> bool {
        self.method == "GET"
    }

    /// Makes a link to an absolute address.
    pub fn new(rel: impl Into<String>, method: &'static str, href: String) -> Self {
        Self { rel: rel.into(), href, method }
    }
}
