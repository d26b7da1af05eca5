//! Mounting: the same slices are served by the workers, and described by the document.
//!
//! A worker has no use for descriptions. What describes itself is told so only where the document is made, and takes memory there alone.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig;

/// Takes operations.
pub trait Mount {
    /// Takes one more.
    fn service(&mut self, operation: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self;
}

impl Mount for web::ServiceConfig {
    fn service(&mut self, operation: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        self.service(operation)
    }
}

impl Mount for ServiceConfig<'_> {
    fn service(&mut self, operation: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        self.service(operation)
    }
}
