//! The middleware around all operations that records the failures which no handler recorded: a caller without the role, a body that
//! is no JSON, a parameter that does not exist. So every failed call of somebody who is signed in leaves its record, also a call
//! about a resource of which the caller may not know and which was never looked for.
//!
//! The record names the caller, the action of the operation, the resource in the path, the client and the trace, and nothing of the
//! body. It is made when the answer is already determined.

use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use uuid::Uuid;

use crate::audit::{AuditedCall, AuditedOperation};
use crate::auth;
use crate::context::{Services, in_directory};
use crate::error::Error;
use crate::http::call::Call;
use crate::http::operations::Operations;

/// Handles one request with `next`, and records its failure.
pub async fn around<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let answer = next.call(request).await?;
    if let Some(error) = answer.response().error().and_then(|error| error.as_error::<Error>()) {
        auth::finish_sign_in(answer.request()).await;
        record(answer.request(), error);
    }
    Ok(answer)
}

/// Records that a call failed with `error`. Returns `None` if there is nothing to record: nobody signed in, or nothing was attempted.
fn record(request: &HttpRequest, error: &Error) -> Option<()> {
    let actor = auth::signed_in(request)?;
    let operation = request.app_data::<Data<Operations>>()?.of(request)?;
    let attempted = AuditedOperation::of(operation.id())?;
    let services = request.app_data::<Data<Services>>()?;
    let call = Call::unchecked(request).ok()?;
    let attempt = || {
        let name = call.named().unwrap_or_default();
        let in_directory = || in_directory(name, attempted.names(), &services.directory.current());
        let named = Uuid::try_parse(name).ok().or_else(in_directory);
        attempted.attempt(named).failed(&AuditedCall::new(&call, actor))
    };
    services.denials.note(&call, attempted.action, error, attempt);
    Some(())
}
