//! The pages that serve the OpenAPI document and Swagger UI. Neither needs another host.

use actix_web::http::header;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use utoipa_swagger_ui::Config;

use crate::error::{Error, Result};
use crate::http::limits;

/// The text of the served OpenAPI document, and the configuration of Swagger UI for it.
pub struct Document {
    json: Bytes,
    ui: std::sync::Arc<Config<'static>>,
    keeps_credentials: bool,
}

impl Document {
    /// Prepares an OpenAPI document, given as JSON text, for serving. Swagger UI forgets keys and tokens with its page, unless it
    /// `keeps_credentials`: then it writes them into the storage of the browser, where they stay readable for whoever uses it next.
    pub fn new(json: String, keeps_credentials: bool) -> Self {
        let ui = Config::from("/nara/v1/openapi.json")
            .display_operation_id(true)
            .doc_expansion("list")
            .default_models_expand_depth(0)
            .persist_authorization(keeps_credentials)
            .try_it_out_enabled(true)
            .validator_url("none");
        Self { json: json.into(), ui: std::sync::Arc::new(ui), keeps_credentials }
    }
}

pub fn pages(app: &mut ServiceConfig) {
    app.route("/", web::get().to(root));
    app.route("/nara/v1/openapi.json", web::get().to(openapi));
    app.route("/nara/v1/docs", web::get().to(root));
    app.route("/nara/v1/docs/{file:.*}", web::get().to(swagger_ui));
}

async fn root(request: HttpRequest) -> Result<impl Responder> {
    limits::take_anonymous(&request)?;
    Ok(HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, "/nara/v1/docs/")).finish())
}

async fn openapi(request: HttpRequest, document: Data<Document>) -> Result<impl Responder> {
    limits::take_anonymous(&request)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .body(document.json.clone()))
}

/// The header that makes a browser forget data of the page's origin (W3C Clear Site Data).
const CLEAR_SITE_DATA: &str = "clear-site-data";

/// The content security policy of the pages of Swagger UI: they may load the server's own scripts and styles and call this server,
/// and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'; frame-ancestors 'none'";

async fn swagger_ui(request: HttpRequest, file: web::Path<String>, document: Data<Document>) -> Result<HttpResponse> {
    limits::take_anonymous(&request)?;
    let name = if file.is_empty() { "index.html" } else { file.as_str() };
    let found =
        utoipa_swagger_ui::serve(name, document.ui.clone()).map_err(|cause| Error::internal(cause.to_string()))?;
    let file = found.ok_or_else(Error::not_found)?;
    let mut answer = HttpResponse::Ok();
    if file.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    if name == "index.html" && !document.keeps_credentials {
        // Removes what an earlier version has written there. The address is Nära's alone: it has no path.
        answer.insert_header((CLEAR_SITE_DATA, "\"storage\""));
    }
    Ok(answer
        .content_type(file.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(file.bytes.into_owned()))
}
