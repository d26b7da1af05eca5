//! The HTTP operations on the directory as a whole.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};

use crate::audit::client::Client;
use crate::auth::Acting;
use crate::auth::{Administrator, Anyone};
use crate::db::Db;
use crate::directory::Handle;
use crate::directory::changes::DirectoryWriter;
use crate::directory::coverage::Coverage;
use crate::error::Result;
use crate::http::answer::{Representation, Validator};
use crate::http::call::Call;
use crate::http::mount::Mount;

/// Mounts the operations on the directory as a whole.
pub fn mount(api: &mut impl Mount) {
    api.service(get_coverage);
}

/// Returns a writer of the directory for a call by an administrator.
pub fn writer<'a>(admin: &Administrator, call: &'a Call, db: &'a Db, directory: &'a Handle) -> DirectoryWriter<'a> {
    DirectoryWriter {
        db,
        directory,
        moment: &call.moment,
        actor: admin.actor(),
        trace_id: call.trace.id(),
        client: Client::of(call),
    }
}

/// Get the gaps in the directory
///
/// The answer lists gaps and overlaps between districts, districts whose area has no open office of its own, and
/// services that no open office gives. All lists are empty if the directory is complete. An office of the whole
/// municipality does not count as an area's own office.
#[utoipa::path(
    operation_id = "getCoverage",
    tag = "directory",
    responses((status = 200, description = "The gaps in the directory.", body = Coverage))
)]
#[get("/directory/coverage")]
async fn get_coverage(_: Anyone, call: Call, directory: Data<Handle>) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || Representation::of(&Coverage::of(&directory), Validator::Content))
}
