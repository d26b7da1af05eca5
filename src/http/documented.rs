//! Operations as the document describes them: what the server needs to know of each.

/// The longest value of a header that an operation reads, in bytes.
pub const LONGEST_HEADER: usize = 1000;

/// The facts about one operation that the server needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentedOperation {
    /// The value of `operationId`.
    pub id: String,
    /// The method in upper case.
    pub method: String,
    /// The template of the path, below the root of the API.
    pub path: String,
    /// The names of the query parameters.
    pub query: Vec<String>,
    /// The names of the request headers that the operation reads.
    pub headers: Vec<String>,
    /// The media types of the success answers.
    pub produces: Vec<String>,
    /// The names of the security schemes, each of which is enough to call the operation. Empty if everybody may call it.
    pub secured_by: Vec<String>,
}
