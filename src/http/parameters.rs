//! The query parameters with which lists are paged, which every list accepts.

/// The names of the query parameters that every list accepts.
pub const PARAMETERS: [&str; 4] = ["limit", "page", "cursor", "total"];

/// Whether a part of a query string, such as `limit=20`, is a parameter of paging. Its name may be percent-encoded.
pub fn is_paging(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    form_urlencoded::parse(name.as_bytes()).next().is_some_and(|(name, _)| PARAMETERS.contains(&&*name))
}
