//! The HTTP operations on staff.

use actix_web::{HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::{Entry, actions};
use crate::auth::register::{self, Colleague};
use crate::auth::{ColleagueReader, SignedIn};
use crate::context::Context;
use crate::error::Result;
use crate::http::answer::Validator;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::query::Query;
use crate::id::OfficeId;
use crate::staff::{Me, StaffMember};
use crate::text::swedish_order;

/// Mounts the operations on staff.
pub fn mount(api: &mut impl Mount) {
    api.service(get_me).service(list_staff);
}

/// The filter for the list of colleagues.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffQuery {
    /// Lists only the colleagues who work at this office. If it is absent, the list has the colleagues at all offices
    /// of the signed-in member of staff.
    office_id: Option<OfficeId>,
}

/// Get the signed-in member of staff
///
/// The answer is what the token says about the member of staff. Roles and offices that this service does not know are
/// left out.
#[utoipa::path(
    operation_id = "getMe",
    tag = "staff",
    responses((status = 200, description = "The signed-in member of staff.", body = Me)),
    security(("staffToken" = []))
)]
#[get("/me")]
async fn get_me(ctx: Context<SignedIn>) -> Result<HttpResponse> {
    let links = vec![ctx.call.link("self", "GET", "/me"), ctx.call.link("colleagues", "GET", "/staff")];
    let me = Me::new(ctx.staff().clone(), &ctx.directory, links);
    ctx.call.found(&me, Validator::Content, Cache::NoStore)
}

/// List colleagues
///
/// The members of staff who work with cases at an office, by name, so that a case can be given to one of them. A member
/// of staff is listed after signing in for the first time. The list is empty for an office at which the signed-in
/// member of staff does not work.
#[utoipa::path(
    operation_id = "listStaff",
    tag = "staff",
    params(StaffQuery, PagingParameters),
    responses((status = 200, description = "A page of colleagues.", body = Page<StaffMember>)),
    security(("staffToken" = []))
)]
#[get("/staff")]
async fn list_staff(ctx: Context<ColleagueReader>, query: Query<StaffQuery>, paging: Paging) -> Result<HttpResponse> {
    let (scope, asked) = (ctx.readable(), query.0.office_id);
    let attempt = actions::STAFF_LISTED.on_new().on_behalf_of(scope.office_of(asked)).because(scope.reason);
    let offices: Vec<_> =
        scope.offices.into_iter().filter(|office| asked.is_none_or(|asked| asked == *office)).collect();
    let vault = ctx.vault.clone();
    let read = move |conn: &mut _| register::colleagues(conn, &offices, &vault);
    let seen =
        |found: &Vec<Colleague>, entry: Entry| entry.about(found.iter().map(|colleague| colleague.id.uuid()).collect());
    // Names are sealed, so the database cannot sort them. An office has only tens of people, so sorting them here is fast.
    let mut colleagues = ctx.read_recorded(attempt, read, seen).await?;
    let position = |colleague: &Colleague| {
        (colleague.name.as_ref().map(|name| swedish_order(name.reveal().as_ref())), colleague.id.uuid())
    };
    colleagues.sort_by_cached_key(position);
    let sorted: Vec<&Colleague> = colleagues.iter().collect();
    let found = paging.of_sorted(&ctx.call, &sorted, position)?;
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, StaffMember::from)?, Cache::NoStore))
}
