//! Operations as the document describes them: what the server needs to know of each.

/// The longest value of a header that an operation reads, in bytes.
pub const LONGEST_HEADER: usize = 1000;

/// What the server needs to know of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// Its method, in upper case.
    pub method: String,
    /// The template of its path, below the root of the API.
    pub path: String,
    /// The names of its query parameters.
    pub query: Vec<String>,
    /// The names of the headers that it reads.
    pub headers: Vec<String>,
    /// The media types of its answers of success.
    pub produces: Vec<String>,
    /// The names of the security schemes, any of which lets a caller in; none where everyone may call.
    pub secured_by: Vec<String>,
}
