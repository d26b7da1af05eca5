//! Operations as the OpenAPI document describes them, reduced to what the server needs to know.

/// The length in bytes of the longest value that is accepted in a header that an operation reads.
pub const LONGEST_HEADER: usize = 1000;

/// The facts about one operation of the OpenAPI document that the server needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentedOperation {
    /// The operation's `operationId`, such as `listAreas`.
    pub id: String,
    /// The HTTP method in upper case.
    pub method: String,
    /// The template of the path, below the root of the API, such as `/areas/{id}`.
    pub path: String,
    /// The names of the query parameters that the operation accepts.
    pub query: Vec<String>,
    /// The names of the request headers that the operation reads.
    pub headers: Vec<String>,
    /// The media types of the operation's success answers.
    pub produces: Vec<String>,
    /// The names of the security schemes, each of which is enough to call the operation. Empty if everybody may call it.
    pub secured_by: Vec<String>,
}
