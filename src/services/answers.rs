//! The answers to requests that create or change a service, made from the directory as it is after the write.

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::ServiceId;
use crate::services::Service;
use crate::services::view::{ServiceView, path};

/// Returns the answer 201 with the new service.
pub fn created(after: &Directory, id: ServiceId, links: &Links) -> Result<Written> {
    let service = find(after, id)?;
    let view = ServiceView::new(service, after, links);
    Written::created(links, &path(&service.slug), &view, Validator::Version(service.version))
}

/// Returns the answer 200 with the service as it is after the change.
pub fn changed(after: &Directory, id: ServiceId, links: &Links) -> Result<Written> {
    let service = find(after, id)?;
    Written::changed(&ServiceView::new(service, after, links), Validator::Version(service.version))
}

fn find(after: &Directory, id: ServiceId) -> Result<&Service> {
    after.service(id).ok_or_else(|| Error::internal("a service that was written is missing"))
}
