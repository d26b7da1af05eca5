//! Mounting of operations: one function per slice mounts them both on the workers that serve them and on the OpenAPI document, so
//! that both have the same operations.
//!
//! A worker has no use for the descriptions of operations. They are collected only when the document is made, and take memory only
//! there.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig;

/// A target on which operations are mounted: a worker, or the maker of the OpenAPI document.
pub trait Mount {
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
