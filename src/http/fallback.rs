//! Answers to calls that no route takes: 404, or 405 with the methods of the path.

use actix_web::dev::Url;
use actix_web::guard::GuardContext;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::error::{Error, Result};
use crate::http::operations::Operations;
use crate::http::path;

/// Whether the router may give this call to an operation. All other calls go to [`answer`].
pub fn may_take(call: &GuardContext<'_>, operations: &Operations) -> bool {
    let (method, uri) = (&call.head().method, &call.head().uri);
    // The router decodes a path before it looks for the operation.
    match uri.path().contains('%') {
        true => operations.may_take(method, Url::new(uri.clone()).path()),
        false => operations.may_take(method, uri.path()),
    }
}

/// Answers a call of a path or a method that does not exist. The envelope around all routes adds the body to a 405, as it does to
/// every other error.
pub async fn answer(request: HttpRequest, operations: Data<Operations>) -> Result<HttpResponse> {
    match operations.allowed(path::called(&request)) {
        Some(methods) => {
            Ok(HttpResponse::build(StatusCode::METHOD_NOT_ALLOWED).insert_header((header::ALLOW, methods)).finish())
        }
        None => Err(Error::not_found()),
    }
}
