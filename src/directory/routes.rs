//! The directory as a whole over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};

use crate::audit::client::Client;
use crate::auth::{Administrator, Anyone};
use crate::db::Db;
use crate::directory::Handle;
use crate::directory::changes::Writer;
use crate::directory::coverage::Coverage;
use crate::error::Result;
use crate::http::answer::{Answer, Validator};
use crate::http::call::Call;
use crate::http::mount::Mount;

/// The operations on the directory as a whole.
pub fn mount(api: &mut impl Mount) {
    api.service(get_coverage);
}

/// An administrator who is about to write.
pub fn writer<'a>(admin: &Administrator, call: &'a Call, db: &'a Db, directory: &'a Handle) -> Writer<'a> {
    Writer {
        db,
        directory,
        moment: &call.moment,
        actor: admin.actor(),
        trace_id: call.trace.id(),
        client: Client::of(call),
    }
}

/// Get what the directory lacks
///
/// Gaps and overlaps between districts, districts whose area has no open office of its own, and services that no open
/// office gives. All lists are empty when the directory is whole. Offices of the whole municipality do not count as an
/// area's own.
#[utoipa::path(
    operation_id = "getCoverage",
    tag = "directory",
    responses((status = 200, description = "What the directory lacks.", body = Coverage))
)]
#[get("/directory/coverage")]
async fn get_coverage(_: Anyone, call: Call, directory: Data<Handle>) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || Answer::of(&Coverage::of(&directory), Validator::Content))
}
