//! The HTTP operations on districts.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use serde::Deserialize;
use tokio::sync::OnceCell;
use utoipa::IntoParams;

use crate::audit::actions;
use crate::auth::{Administrator, Anyone};
use crate::context::Context;
use crate::context::directory_writing::{DirectoryChange, no_content};
use crate::directory::{Directory, Handle};
use crate::districts::boundary_routes::{get_boundary, put_boundary};
use crate::districts::features::{self, DistrictFeature, DistrictFeatures};
use crate::districts::ground::{DrawnBoundary, GroundChange};
use crate::districts::view::DistrictView;
use crate::districts::{District, DistrictDetails, NewDistrict, answers, store};
use crate::error::{Error, Problem, Result};
use crate::http::answer::{Representation, Validator};
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::slug::{AreaName, DistrictName};
use crate::text::{Line, folded};

/// Mounts the operations on districts and their boundaries.
pub fn mount(api: &mut impl Mount) {
    api.service(list_districts).service(create_district).service(get_district).service(change_district);
    api.service(delete_district).service(get_boundary).service(put_boundary);
}

/// The filters for a list of districts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DistrictFilter {
    /// Lists only the districts of this area, by its identifier or slug.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", min_length = 1, max_length = 80, example = "norr")]
    area_id: Option<AreaName>,
    /// Lists only the districts whose Swedish name begins with this text, or that have a part whose name begins with
    /// it. Case and the marks of å, ä and ö are ignored.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200, example = "skägg")]
    name: Option<Line>,
}

impl DistrictFilter {
    fn fits(&self, district: &District, directory: &Directory) -> bool {
        let area = |name: &AreaName| directory.find_area(name).is_some_and(|area| area.id == district.area_id);
        let named = |prefix: &Line| {
            let prefix = folded(prefix.as_ref());
            let mut names = district.place_names.iter().map(AsRef::as_ref).chain([district.name.sv()]);
            names.any(|name| folded(name).starts_with(&prefix))
        };
        self.area_id.as_ref().is_none_or(area) && self.name.as_ref().is_none_or(named)
    }
}

/// List districts
///
/// All districts, retired ones included, in the Swedish order of their names. With `Accept: application/geo+json`, the
/// page is a GeoJSON FeatureCollection with the districts' boundaries.
#[utoipa::path(
    operation_id = "listDistricts",
    tag = "districts",
    params(DistrictFilter, PagingParameters),
    responses((status = 200, description = "A page of districts.", content(
        (Page<DistrictView> = "application/json"),
        (DistrictFeatures = "application/geo+json")
    )))
)]
#[get("/districts")]
async fn list_districts(
    _: Anyone,
    call: Call,
    directory: Data<Handle>,
    filter: Query<DistrictFilter>,
    paging: Paging,
) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let districts: Vec<&District> =
            directory.districts.iter().filter(|district| filter.0.fits(district, &directory)).collect();
        let found = paging.of_sorted(&call, &districts, District::position)?;
        if !call.asks_for(features::MEDIA_TYPE) {
            return found.answer(&call, &paging, |district| DistrictView::new(district, &directory, &call));
        }
        let page = found.page(&call, &paging, |district| DistrictFeature::new(district, &directory, &call))?;
        let links = page.links.clone();
        let answer = Representation::of_list(&DistrictFeatures::new(page.items, page.meta, page.links), &links)?;
        Ok(answer.said_to_be(features::MEDIA_TYPE))
    })
}

/// Create a district
///
/// The new district belongs to an area and has a boundary. Unless the district is retired, its boundary may overlap
/// each active neighbour by at most 1 m² and reach outside the municipality by at most 1 m. The district's slug and
/// code must not be in use.
#[utoipa::path(
    operation_id = "createDistrict",
    tag = "districts",
    request_body = NewDistrict,
    responses(
        (status = 201, description = "The new district.", body = DistrictView),
        (status = 409, description = "Another district has the same slug or code.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[post("/districts")]
async fn create_district(ctx: Context<Administrator>, new: Body<NewDistrict>) -> Result<HttpResponse> {
    let (body, details) = new.0.split();
    let (body, drawn) = (Arc::new(body), OnceCell::new());
    let prepare = async |latest: &Directory| {
        let district = District::new(details.clone(), &latest.known(), &ctx.call.moment)?;
        let read = || DrawnBoundary::read(&body, ctx.directory_handle(), latest, "/boundary");
        let DrawnBoundary { boundary, geojson } = drawn.get_or_try_init(read).await?.clone();
        let (id, links) = (district.id, ctx.call.links());
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::Written {
                district: Box::new(district.clone()),
                boundary: Some(boundary),
                judged_at: Some("/boundary"),
            },
            work: move |conn: &mut _| store::insert(conn, &district, &geojson),
            answer: move |after: &Directory| answers::created(after, id, &links),
        })
    };
    ctx.call.send(ctx.write_directory(actions::DISTRICT_CREATED.on_new(), prepare).await?)
}

/// Get a district
///
/// The answer is one district without its boundary. The boundary has a path of its own.
#[utoipa::path(
    operation_id = "getDistrict",
    tag = "districts",
    params(("id" = DistrictName, Path, description = "The district's identifier or slug.")),
    responses((status = 200, description = "The district.", body = DistrictView))
)]
#[get("/districts/{id}")]
async fn get_district(
    _: Anyone,
    call: Call,
    directory: Data<Handle>,
    name: Named<DistrictName>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let district = directory.find_district(&name.0).ok_or_else(Error::not_found)?;
        Representation::of(&DistrictView::new(district, &directory, &call), Validator::Version(district.version))
    })
}

/// Change a district
///
/// The body is a merge patch (RFC 7396) of the fields that a district is created with, except its boundary. A district
/// is retired, and taken back into use, by its status. A district that is taken back into use may overlap other active
/// districts by at most 1 m² and reach outside the municipality by at most 1 m.
#[utoipa::path(
    operation_id = "changeDistrict",
    tag = "districts",
    params(("id" = DistrictName, Path, description = "The district's identifier or slug.")),
    request_body(content = DistrictDetails, example = json!({ "population": { "total": 10463, "asOf": "2019-12-31" } })),
    responses(
        (status = 200, description = "The district after the change.", body = DistrictView),
        (status = 409, description = "Another district has the same slug or code.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[patch("/districts/{id}")]
async fn change_district(
    ctx: Context<Administrator>,
    name: Named<DistrictName>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let district = latest.find_district(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(district.version)?;
        let details = patch.apply(&district.as_details())?;
        let changed = district.changed(details, &latest.known(), &ctx.call.moment)?;
        let taken_back = changed.is_active() && !district.is_active();
        let (id, links) = (district.id, ctx.call.links());
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::Written {
                district: Box::new(changed.clone()),
                boundary: None,
                judged_at: taken_back.then_some("/status"),
            },
            work: move |conn: &mut _| store::update(conn, &changed),
            answer: move |after: &Directory| answers::changed(after, id, &links),
        })
    };
    ctx.call.send(ctx.write_directory(actions::DISTRICT_CHANGED.on_new(), prepare).await?)
}

/// Delete a district
///
/// A district can be deleted only if no other record refers to it. Otherwise, retire it by its status.
#[utoipa::path(
    operation_id = "deleteDistrict",
    tag = "districts",
    params(("id" = DistrictName, Path, description = "The district's identifier or slug.")),
    responses(
        (status = 204, description = "The district is deleted."),
        (status = 409, description = "Another record still refers to the district. Retire the district instead.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::StillReferenced])))
)]
#[delete("/districts/{id}")]
async fn delete_district(ctx: Context<Administrator>, name: Named<DistrictName>) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let district = latest.find_district(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(district.version)?;
        let (id, version) = (district.id, district.version);
        let work = move |conn: &mut _| store::delete(conn, id, version);
        Ok(DirectoryChange { id: id.uuid(), ground: GroundChange::Deleted(id), work, answer: no_content })
    };
    ctx.write_directory(actions::DISTRICT_DELETED.on_new(), prepare).await?;
    Ok(HttpResponse::NoContent().finish())
}
