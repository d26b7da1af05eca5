//! The operation about the API itself, and the mounting of the pages that are not operations.

use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Anyone;
use crate::error::Result;
use crate::http::answer::Validator;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::meta::{docs, health, problem_pages};

/// Mounts the operation `getApiInfo`, which the OpenAPI document describes.
pub fn mount(api: &mut impl Mount) {
    api.service(get_api_info);
}

/// Mounts the pages that the OpenAPI document does not describe: Swagger UI, the document itself, the pages of problems, and health
/// checks.
pub fn pages(app: &mut ServiceConfig) {
    docs::pages(app);
    problem_pages::pages(app);
    health::pages(app);
}

/// Metadata about the API (REST API-profil, VER.06).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApiInfo {
    /// The name of the API.
    #[schema(max_length = 100, example = "Nära")]
    api_name: &'static str,
    /// The version number of the API (major, minor and patch).
    #[schema(max_length = 20, pattern = "^[0-9]+\\.[0-9]+\\.[0-9]+$", example = "0.1.0")]
    api_version: &'static str,
    /// The day on which this version of the API was released.
    #[schema(format = "date", max_length = 10, example = "2026-11-21")]
    api_released: &'static str,
    /// The address of the API's documentation.
    #[schema(format = "uri", max_length = 500, example = "https://nara.example/nara/v1/docs/")]
    api_documentation: String,
    /// The stage of the API's life cycle.
    api_status: ApiStatus,
}

/// The stage of the life cycle of an API.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "The profile names all of them; this version has one.")]
enum ApiStatus {
    /// The API is being designed.
    Design,
    /// The API is in use and may still change.
    Beta,
    /// The API is in use and stable.
    Active,
    /// The API is in use and will be replaced.
    Deprecated,
    /// The API is no longer in use.
    Retired,
}

/// Get metadata about the API
///
/// Returns the API's name, its version, the address of its documentation, and the stage of its life cycle.
#[utoipa::path(operation_id = "getApiInfo", tag = "meta", responses((status = 200, description = "The metadata about the API.", body = ApiInfo)))]
#[get("/api-info")]
async fn get_api_info(_: Anyone, call: Call) -> Result<HttpResponse> {
    let info = ApiInfo {
        api_name: "Nära",
        api_version: env!("CARGO_PKG_VERSION"),
        api_released: "2026-11-21",
        api_documentation: call.absolute("/docs/"),
        api_status: ApiStatus::Beta,
    };
    call.found(&info, Validator::Content, Cache::Public)
}
