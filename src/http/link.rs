//! Links in answers: to related resources, and to the actions that can be taken.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::settings::ROOT;

/// A maker of links and addresses for answers.
pub trait Linking {
    /// Returns the absolute address of `path`, which is given below the root of the API.
    fn absolute(&self, path: &str) -> String;

    /// Makes a link with an absolute address to `path`, which is given below the root of the API.
    fn link(&self, rel: impl Into<String>, method: &'static str, path: &str) -> Link {
        Link::new(rel, method, self.absolute(path))
    }
}

/// A maker of links that can be moved to another thread, which a `Call` cannot.
#[derive(Debug, Clone)]
pub struct Links {
    base: String,
}

impl Links {
    /// Makes a maker of links from the address under which callers reach the server, such as `https://nara.example`.
    pub fn new(base: String) -> Self {
        Self { base }
    }
}

impl Linking for Links {
    fn absolute(&self, path: &str) -> String {
        format!("{}{ROOT}{path}", self.base)
    }
}

/// A link from a resource or a list to a related one, or to an action.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Link {
    /// The relation of the link's target to this resource: `self`, `next`, or the name of an action.
    #[schema(max_length = 100, pattern = "^[a-z]+(-[a-z]+)*$", example = "self")]
    pub(super) rel: String,
    /// The absolute address of the link's target.
    #[schema(max_length = 2000, format = "uri", example = "https://nara.example/nara/v1/areas/norr")]
    pub(super) href: String,
    /// The HTTP method with which the link's target is called.
    #[schema(max_length = 10, pattern = "^[A-Z]+$", example = "GET")]
    pub(super) method: &'static str,
}

impl Link {
    /// Formats the link as an element of the `Link` header (RFC 8288).
    pub fn as_header(&self) -> String {
        format!("<{}>; rel=\"{}\"", self.href, self.rel)
    }

    /// Whether the link is followed with GET, which changes nothing.
    pub fn is_reading(&self) -> bool {
        self.method == "GET"
    }

    /// Makes a link to the absolute address `href`.
    pub fn new(rel: impl Into<String>, method: &'static str, href: String) -> Self {
        Self { rel: rel.into(), href, method }
    }
}
