//! The HTTP operations on areas.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};

use crate::areas::view::{AreaView, path};
use crate::areas::{Area, NewArea, store};
use crate::auth::{Acting, Administrator, Anyone};
use crate::db::Db;
use crate::directory::routes::writer;
use crate::directory::{Directory, Handle, changes};
use crate::error::{Error, Problem, Result};
use crate::http::answer::{Representation, Validator};
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::link::Linking;
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::AreaId;
use crate::idempotency::{Replay, Retries};
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
/// The new area has no districts. Its slug must not be in use.
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
async fn create_area(
    admin: Administrator,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    retries: Data<Retries>,
    new: Body<NewArea>,
) -> Result<HttpResponse> {
    let again = Replay::of_public("area.created.replayed", "area");
    let create = async |slot| {
        let area = Area::new(new.0, &call.moment);
        let (id, path) = (area.id, path(&area.slug));
        let writer = writer(&admin, &call, &db, &directory);
        let work = move |conn: &mut _| store::insert(conn, &area);
        let links = call.links();
        let answer =
            move |after: &Directory| Written::created(&links, &path, &view(id, after, &links)?, Validator::Version(1));
        writer.create("area.created", ("area", id.uuid()), work, changes::any, slot, answer).await
    };
    call.send(retries.once(&call, admin.actor(), again, create).await?)
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
async fn change_area(
    admin: Administrator,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    name: Named<AreaName>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let writer = writer(&admin, &call, &db, &directory);
    let latest = writer.latest().await?;
    let area = latest.find_area(&name.0).ok_or_else(Error::not_found)?;
    call.check_if_match(area.version)?;
    let changed = area.changed(patch.apply(&area.as_new())?, &call.moment);
    let (id, version) = (changed.id, changed.version);
    let work = move |conn: &mut _| store::update(conn, &changed);
    let after = writer.change("area.changed", ("area", id.uuid()), work, changes::any).await?;
    call.changed(&view(id, &after, &call)?, Validator::Version(version))
}

/// Delete an area
///
/// An area can be deleted only if nothing refers to it. Otherwise, retire it.
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
async fn delete_area(
    admin: Administrator,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    name: Named<AreaName>,
) -> Result<HttpResponse> {
    let writer = writer(&admin, &call, &db, &directory);
    let latest = writer.latest().await?;
    let area = latest.find_area(&name.0).ok_or_else(Error::not_found)?;
    call.check_if_match(area.version)?;
    let (id, version) = (area.id, area.version);
    let work = move |conn: &mut _| store::delete(conn, id, version);
    writer.change("area.deleted", ("area", id.uuid()), work, changes::any).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn view(id: AreaId, directory: &Directory, links: &impl Linking) -> Result<AreaView> {
    let area = directory.area(id).ok_or_else(|| Error::internal("an area that was written is missing"))?;
    Ok(AreaView::new(area, directory, links))
}
