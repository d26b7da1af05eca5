//! The operations and pages about the API.

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

/// The operations that the document describes.
pub fn mount(api: &mut impl Mount) {
    api.service(get_api_info);
}

/// The pages beside the document.
pub fn pages(app: &mut ServiceConfig) {
    docs::pages(app);
    problem_pages::pages(app);
    health::pages(app);
}

/// What the API is (REST API-profil, VER.06).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApiInfo {
    /// The API's name.
    #[schema(max_length = 100, example = "Nära")]
    api_name: &'static str,
    /// The version of the API.
    #[schema(max_length = 20, pattern = "^[0-9]+\\.[0-9]+\\.[0-9]+$", example = "0.1.0")]
    api_version: &'static str,
    /// The day on which this version was released.
    #[schema(format = "date", max_length = 10, example = "2026-11-21")]
    api_released: &'static str,
    /// Where its documentation lies.
    #[schema(format = "uri", max_length = 500, example = "https://nara.example/nara/v1/docs/")]
    api_documentation: String,
    /// Where it stands in its life.
    api_status: ApiStatus,
}

/// Where an API stands in its life.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "The profile names all of them; this version has one.")]
enum ApiStatus {
    /// Being designed.
    Design,
    /// May change.
    Beta,
    /// In use.
    Active,
    /// To be replaced.
    Deprecated,
    /// No longer in use.
    Retired,
}

/// What the API is
///
/// Its name, its version, where its documentation lies, and where it stands in its life.
#[utoipa::path(operation_id = "getApiInfo", tag = "meta", responses((status = 200, description = "About the API.", body = ApiInfo)))]
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
