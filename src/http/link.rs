//! Links in answers: where else to go from there, and what can be done.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::settings::ROOT;

/// Makes the addresses that an answer has in it.
pub trait Linking {
    /// The absolute address of `path` below the root of the API.
    fn absolute(&self, path: &str) -> String;

    /// An absolute link to `path` below the root of the API.
    fn link(&self, rel: impl Into<String>, method: &'static str, path: &str) -> Link {
        Link::new(rel, method, self.absolute(path))
    }
}

/// Makes them on any thread, which a call cannot.
#[derive(Debug, Clone)]
pub struct Links {
    base: String,
}

impl Links {
    /// Links under the address that callers know the server by.
    pub fn new(base: String) -> Self {
        Self { base }
    }
}

impl Linking for Links {
    fn absolute(&self, path: &str) -> String {
        format!("{}{ROOT}{path}", self.base)
    }
}

/// A link.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Link {
    /// How the target relates to this: `self`, `next`, or the name of an action.
    #[schema(max_length = 100, pattern = "^[a-z]+(-[a-z]+)*$", example = "self")]
    pub(super) rel: String,
    /// The absolute address.
    #[schema(max_length = 2000, format = "uri", example = "https://nara.example/nara/v1/areas/norr")]
    pub(super) href: String,
    /// The method.
    #[schema(max_length = 10, pattern = "^[A-Z]+$", example = "GET")]
    pub(super) method: &'static str,
}

impl Link {
    /// As the `Link` header has it (RFC 8288).
    pub fn as_header(&self) -> String {
        format!("<{}>; rel=\"{}\"", self.href, self.rel)
    }

    /// Whether it changes nothing.
    pub fn is_reading(&self) -> bool {
        self.method == "GET"
    }

    /// A link to an absolute address.
    pub fn new(rel: impl Into<String>, method: &'static str, href: String) -> Self {
        Self { rel: rel.into(), href, method }
    }
}
