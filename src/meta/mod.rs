//! About the API itself: what it is, its document and Swagger UI, the pages of problems, health.

mod docs;
mod health;
pub mod probe;
mod problem_pages;
pub mod routes;

/// The paths that lie outside of the document, all of them read with GET.
pub const PATHS: [&str; 7] =
    ["/", "/nara/v1/openapi.json", "/nara/v1/docs/", "/problems/", "/problems/{slug}", "/health/live", "/health/ready"];

pub use docs::Document;
pub use health::metrics;
