//! The HTTP operations on the directory as a whole.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};

use crate::auth::Anyone;
use crate::directory::Handle;
use crate::directory::coverage::Coverage;
use crate::error::Result;
use crate::http::answer::{Representation, Validator};
use crate::http::call::Call;
use crate::http::mount::Mount;

/// Mounts the operations on the directory as a whole.
pub fn mount(api: &mut impl Mount) {
    api.service(get_coverage);
}

/// Get the gaps in the directory
///
/// The answer lists gaps and overlaps between active districts, active districts whose area has no open office of its
/// own, and active services that no open office gives. All lists are empty if the directory is complete. An office of
/// the whole municipality does not count as an area's own office.
#[utoipa::path(
    operation_id = "getCoverage",
    tag = "directory",
    responses((status = 200, description = "The gaps in the directory.", body = Coverage))
)]
#[get("/directory/coverage")]
async fn get_coverage(_: Anyone, call: Call, directory: Data<Handle>) -> Result<HttpResponse> {
    let directory = directory.searched().await?;
    call.kept(&directory.answers, || Representation::of(&Coverage::of(&directory), Validator::Content))
}
