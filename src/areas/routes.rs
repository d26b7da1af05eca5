//! The HTTP operations on areas.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};

use crate::areas::view::AreaView;
use crate::areas::{Area, NewArea, answers, store};
use crate::audit::actions;
use crate::auth::{Administrator, Anyone};
use crate::context::Context;
use crate::context::directory_writing::{DirectoryChange, no_content};
use crate::directory::{Directory, Handle};
use crate::districts::ground::GroundChange;
use crate::error::{Error, Problem, Result};
use crate::http::answer::{Representation, Validator};
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::slug::AreaName;

/// Mounts the operations on areas.
pub fn mount(api: &mut impl Mount) {
    api.service(list_areas).service(create_area).service(get_area).service(change_area).service(delete_area);
}

/// List areas
///
/// All areas of the municipality, retired ones included, in the Swedish order of their names.
#[utoipa::path(
    operation_id = "listAreas",
    tag = "areas",
    params(PagingParameters),
    responses((status = 200, description = "A page of areas.", body = Page<AreaView>))
)]
#[get("/areas")]
async fn list_areas(_: Anyone, call: Call, directory: Data<Handle>, paging: Paging) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let areas: Vec<&Area> = directory.areas.iter().collect();
        let found = paging.of_sorted(&call, &areas, Area::position)?;
        found.answer(&call, &paging, |area| AreaView::new(area, &directory, &call))
    })
}

/// Create an area
///
/// The new area has no districts. The area's slug must not be in use.
#[utoipa::path(
    operation_id = "createArea",
    tag = "areas",
    request_body = NewArea,
    responses(
        (status = 201, description = "The new area.", body = AreaView),
        (status = 409, description = "Another area has the same slug.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::AlreadyExists])),
        ("x-answer-example" = json!({ "districtIds": [], "officeIds": [], "population": null }))
    )
)]
#[post("/areas")]
async fn create_area(ctx: Context<Administrator>, new: Body<NewArea>) -> Result<HttpResponse> {
    let prepare = async |_: &Directory| {
        let area = Area::new(new.0.clone(), &ctx.call.moment);
        let (id, links) = (area.id, ctx.call.links());
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::None,
            work: move |conn: &mut _| store::insert(conn, &area),
            answer: move |after: &Directory| answers::created(after, id, &links),
        })
    };
    ctx.call.send(ctx.write_directory(actions::AREA_CREATED.on_new(), prepare).await?)
}

/// Get an area
///
/// The answer is one area, with its districts and the offices that serve it.
#[utoipa::path(
    operation_id = "getArea",
    tag = "areas",
    params(("id" = AreaName, Path, description = "The area's identifier or slug.")),
    responses((status = 200, description = "The area.", body = AreaView))
)]
#[get("/areas/{id}")]
async fn get_area(_: Anyone, call: Call, directory: Data<Handle>, name: Named<AreaName>) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let area = directory.find_area(&name.0).ok_or_else(Error::not_found)?;
        Representation::of(&AreaView::new(area, &directory, &call), Validator::Version(area.version))
    })
}

/// Change an area
///
/// The body is a merge patch (RFC 7396) of the fields that an area is created with. An area is retired, and taken back
/// into use, by its status.
#[utoipa::path(
    operation_id = "changeArea",
    tag = "areas",
    params(("id" = AreaName, Path, description = "The area's identifier or slug.")),
    request_body(content = NewArea, example = json!({
        "description": {
            "sv": "Norra delen av kommunen, med basen i Skäggetorp.",
            "en": "The north of the municipality, with its base in Skäggetorp.",
        },
    })),
    responses(
        (status = 200, description = "The area after the change.", body = AreaView),
        (status = 409, description = "Another area has the same slug.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[patch("/areas/{id}")]
async fn change_area(ctx: Context<Administrator>, name: Named<AreaName>, patch: MergePatch) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let area = latest.find_area(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(area.version)?;
        let changed = area.changed(patch.apply(&area.as_new())?, &ctx.call.moment);
        let (id, links) = (area.id, ctx.call.links());
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::None,
            work: move |conn: &mut _| store::update(conn, &changed),
            answer: move |after: &Directory| answers::changed(after, id, &links),
        })
    };
    ctx.call.send(ctx.write_directory(actions::AREA_CHANGED.on_new(), prepare).await?)
}

/// Delete an area
///
/// An area can be deleted only if no other record refers to it. Otherwise, retire it by its status.
#[utoipa::path(
    operation_id = "deleteArea",
    tag = "areas",
    params(("id" = AreaName, Path, description = "The area's identifier or slug.")),
    responses(
        (status = 204, description = "The area is deleted."),
        (status = 409, description = "Another record still refers to the area. Retire the area instead.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::StillReferenced])))
)]
#[delete("/areas/{id}")]
async fn delete_area(ctx: Context<Administrator>, name: Named<AreaName>) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let area = latest.find_area(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(area.version)?;
        let (id, version) = (area.id, area.version);
        let work = move |conn: &mut _| store::delete(conn, id, version);
        Ok(DirectoryChange { id: id.uuid(), ground: GroundChange::None, work, answer: no_content })
    };
    ctx.write_directory(actions::AREA_DELETED.on_new(), prepare).await?;
    Ok(HttpResponse::NoContent().finish())
}
