//! The HTTP operations on staff.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::{self, Entry};
use crate::auth::register::{self, Colleague};
use crate::auth::{ColleagueReader, SignedIn};
use crate::db::{Db, DbConn};
use crate::directory;
use crate::error::Result;
use crate::http::answer::Validator;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::query::Query;
use crate::id::OfficeId;
use crate::staff::{Me, StaffMember};
use crate::text::swedish_order;
use crate::vault::Vault;

/// Mounts the operations on staff.
pub fn mount(api: &mut impl Mount) {
    api.service(get_me).service(list_staff);
}

/// The filter for a list of colleagues.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffQuery {
    /// Lists only the colleagues at this office. Without it, the list has the colleagues at all offices of the caller.
    office_id: Option<OfficeId>,
}

/// Get the signed-in member of staff
///
/// The answer is what the token says about the caller. Roles and offices that this service does not know are left out.
#[utoipa::path(
    operation_id = "getMe",
    tag = "staff",
    responses((status = 200, description = "The signed-in member of staff.", body = Me)),
    security(("staffToken" = []))
)]
#[get("/me")]
async fn get_me(SignedIn(staff): SignedIn, call: Call, directory: Data<directory::Handle>) -> Result<HttpResponse> {
    let links = vec![call.link("self", "GET", "/me"), call.link("colleagues", "GET", "/staff")];
    call.found(&Me::new(staff, &directory.current(), links), Validator::Content, Cache::NoStore)
}

/// List colleagues
///
/// The staff who work with cases at an office, by name, so that a case can be given to one of them. Members of staff
/// are listed from their first sign-in on. For an office that is not one of the caller's, the list is empty.
#[utoipa::path(
    operation_id = "listStaff",
    tag = "staff",
    params(StaffQuery, PagingParameters),
    responses((status = 200, description = "A page of colleagues.", body = Page<StaffMember>)),
    security(("staffToken" = []))
)]
#[get("/staff")]
async fn list_staff(
    ColleagueReader(staff): ColleagueReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    query: Query<StaffQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let sight = staff.sight(&directory.current());
    let asked = query.0.office_id;
    let on_behalf_of = sight.office_of(asked);
    let offices: Vec<_> =
        sight.offices.into_iter().filter(|office| asked.is_none_or(|asked| asked == *office)).collect();
    let entry = Entry::of_call(&call, staff.actor(), "staff.listed", "staff", Vec::new())
        .on_behalf_of(on_behalf_of)
        .because(sight.reason);
    let read = move |conn: &mut DbConn| register::colleagues(conn, &offices, &vault);
    let record = move |conn: &mut DbConn, found: &Vec<Colleague>| {
        audit::record(conn, &entry.about(found.iter().map(|colleague| colleague.id.uuid()).collect()))
    };
    // Names are sealed, so the database cannot sort them. An office has only tens of people, so sorting them here is fast.
    let mut colleagues = db.read_recorded(read, record).await?;
    let position = |colleague: &Colleague| {
        (colleague.name.as_ref().map(|name| swedish_order(name.reveal().as_ref())), colleague.id.uuid())
    };
    colleagues.sort_by_cached_key(position);
    let sorted: Vec<&Colleague> = colleagues.iter().collect();
    let answer = paging.of_sorted(&call, &sorted, position)?.answer(&call, &paging, StaffMember::from)?;
    Ok(call.give(answer, Cache::NoStore))
}
