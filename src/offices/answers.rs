//! The answers to requests that create or change an office, made from the directory as it is after the write.

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::OfficeId;
use crate::offices::Office;
use crate::offices::view::{OfficeView, path};
use crate::time::Timestamp;

/// Returns the answer 201 with the new office. It says whether the office is open at the time `at`.
pub fn created(after: &Directory, id: OfficeId, links: &Links, at: Timestamp) -> Result<Written> {
    let office = find(after, id)?;
    let view = OfficeView::new(office, after, links, at);
    Written::created(links, &path(&office.slug), &view, Validator::Version(office.version))
}

/// Returns the answer 200 with the office as it is after the change. It says whether the office is open at the time
/// `at`.
pub fn changed(after: &Directory, id: OfficeId, links: &Links, at: Timestamp) -> Result<Written> {
    let office = find(after, id)?;
    Written::changed(&OfficeView::new(office, after, links, at), Validator::Version(office.version))
}

fn find(after: &Directory, id: OfficeId) -> Result<&Office> {
    after.office(id).ok_or_else(|| Error::internal("an office that was written is missing"))
}
