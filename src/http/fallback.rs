//! What no route takes: 404, or 405 with the methods that the path has.

use actix_web::guard::GuardContext;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::error::{Error, Result};
use crate::http::operations::Operations;

/// Whether the operations may be asked this at all. What they may not goes to [`answer`].
pub fn may_take(call: &GuardContext<'_>, operations: &Operations) -> bool {
    operations.may_take(&call.head().method, call.head().uri.path())
}

/// Answers for paths and methods that do not exist. A 405 explains itself in the envelope, like every other problem.
pub async fn answer(request: HttpRequest, operations: Data<Operations>) -> Result<HttpResponse> {
    match operations.allowed(request.path()) {
        Some(methods) => {
            Ok(HttpResponse::build(StatusCode::METHOD_NOT_ALLOWED).insert_header((header::ALLOW, methods)).finish())
        }
        None => Err(Error::not_found()),
    }
}
