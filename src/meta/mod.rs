//! The API about itself: its version, its OpenAPI document and Swagger UI, the pages of problems, and health checks.

mod docs;
mod health;
pub mod probe;
mod problem_pages;
pub mod routes;

/// The paths, except `/metrics`, that the server has besides the operations of the OpenAPI document. All of them are read with GET.
pub const PATHS: [&str; 7] =
    ["/", "/nara/v1/openapi.json", "/nara/v1/docs/", "/problems/", "/problems/{slug}", "/health/live", "/health/ready"];

pub use docs::Document;
pub use health::{Readiness, metrics};
