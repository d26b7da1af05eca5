//! The HTTP side of the context: it is taken from a request as a handler's first argument, and sends the answer of a write.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev};
use futures_util::future::{FutureExt, LocalBoxFuture};

use crate::audit::AuditAttempt;
use crate::auth::Acting;
use crate::context::{Context, Services, Tx};
use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::written::Written;
use crate::idempotency::Repeat;

impl<C: FromRequest<Error = Error> + 'static> FromRequest for Context<C> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let caller = C::from_request(request, payload);
        let call = Call::accept(request);
        let services = request.app_data::<Data<Services>>().map(|services| services.clone().into_inner());
        async move {
            let caller = caller.await?;
            let services: Arc<Services> =
                services.ok_or_else(|| Error::internal("the server was built without its services"))?;
            Ok(Self {
                caller,
                call: call?,
                directory: services.directory.current(),
                db: services.db.clone(),
                vault: services.vault.clone(),
                services,
            })
        }
        .boxed_local()
    }
}

impl<C: Acting> Context<C> {
    /// Does one write and sends its answer; the module [`crate::context`] lists the steps. `prepare` makes the job that writes,
    /// and runs again if another call was faster. `repeat` gives the kept answer to a call that repeats an earlier one.
    pub async fn write<J>(
        &self,
        attempt: AuditAttempt,
        repeat: impl Repeat,
        prepare: impl AsyncFn() -> Result<J>,
    ) -> Result<HttpResponse>
    where
        J: Fn(&mut Tx<'_>) -> Result<Written> + Send + 'static,
    {
        let prepare = async || {
            let job = prepare().await?;
            Ok(move |tx: &mut Tx<'_>| job(tx).map(|written| (written, ())))
        };
        let (written, _) = self.perform(attempt, repeat, prepare).await?;
        self.call.send(written)
    }
}
