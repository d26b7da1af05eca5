//! The answers to requests that create or change a district, made from the directory as it is after the write.

use crate::directory::Directory;
use crate::districts::District;
use crate::districts::view::{DistrictView, path};
use crate::error::{Error, Result};
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::DistrictId;

/// Returns the answer 201 with the new district.
pub fn created(after: &Directory, id: DistrictId, links: &Links) -> Result<Written> {
    let district = find(after, id)?;
    let view = DistrictView::new(district, after, links);
    Written::created(links, &path(&district.slug), &view, Validator::Version(district.version))
}

/// Returns the answer 200 with the district as it is after the change.
pub fn changed(after: &Directory, id: DistrictId, links: &Links) -> Result<Written> {
    let district = find(after, id)?;
    Written::changed(&DistrictView::new(district, after, links), Validator::Version(district.version))
}

fn find(after: &Directory, id: DistrictId) -> Result<&District> {
    after.district(id).ok_or_else(|| Error::internal("a district that was written is missing"))
}
