//! The answers to requests that create or change an area, made from the directory as it is after the write.

use crate::areas::Area;
use crate::areas::view::{AreaView, path};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::AreaId;

/// Returns the answer 201 with the new area.
pub fn created(after: &Directory, id: AreaId, links: &Links) -> Result<Written> {
    let area = find(after, id)?;
    let view = AreaView::new(area, after, links);
    Written::created(links, &path(&area.slug), &view, Validator::Version(area.version))
}

/// Returns the answer 200 with the area as it is after the change.
pub fn changed(after: &Directory, id: AreaId, links: &Links) -> Result<Written> {
    let area = find(after, id)?;
    Written::changed(&AreaView::new(area, after, links), Validator::Version(area.version))
}

fn find(after: &Directory, id: AreaId) -> Result<&Area> {
    after.area(id).ok_or_else(|| Error::internal("an area that was written is missing"))
}
