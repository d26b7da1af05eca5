//! The HTTP operations on boundaries of districts.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, put};
use tokio::sync::OnceCell;

use crate::audit::actions;
use crate::auth::{Administrator, Anyone};
use crate::context::Context;
use crate::context::directory_writing::DirectoryChange;
use crate::directory::{Directory, Handle};
use crate::districts::boundary::BoundaryBody;
use crate::districts::features::MEDIA_TYPE;
use crate::districts::ground::{DrawnBoundary, GroundChange};
use crate::districts::store;
use crate::error::{Error, Result};
use crate::http::answer::{Representation, Validator};
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::path::Named;
use crate::http::written::Written;
use crate::slug::DistrictName;

/// Get the boundary of a district
///
/// The answer is a GeoJSON geometry (RFC 7946) with all positions of the boundary, always a MultiPolygon. With `Accept:
/// application/geo+json`, the answer has that media type.
#[utoipa::path(
    operation_id = "getBoundary",
    tag = "districts",
    params(("id" = DistrictName, Path, description = "The district's identifier or slug.")),
    responses((status = 200, description = "The boundary of the district.", content(
        (BoundaryBody = "application/json"),
        (BoundaryBody = "application/geo+json")
    )))
)]
#[get("/districts/{id}/boundary")]
pub async fn get_boundary(
    _: Anyone,
    call: Call,
    directory: Data<Handle>,
    name: Named<DistrictName>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let district = directory.find_district(&name.0).ok_or_else(Error::not_found)?;
        let boundary = directory.boundary(district).map(BoundaryBody::from).ok_or_else(Error::not_found)?;
        let answer = Representation::of(&boundary, Validator::Version(district.version))?;
        Ok(if call.asks_for(MEDIA_TYPE) { answer.said_to_be(MEDIA_TYPE) } else { answer })
    })
}

/// Replace the boundary of a district
///
/// The new boundary may overlap a neighbour by at most 1 m² and reach outside the municipality by at most 1 m. It may
/// leave a gap, which the coverage of the directory reports. To move ground from one district to another, first redraw
/// the district that gives it up, then the one that takes it. A boundary with too many edges near those of other districts
/// is refused as too intricate.
#[utoipa::path(
    operation_id = "replaceBoundary",
    tag = "districts",
    params(("id" = DistrictName, Path, description = "The district's identifier or slug.")),
    request_body = BoundaryBody,
    responses((status = 200, description = "The boundary after the change.", body = BoundaryBody)),
    security(("staffToken" = []))
)]
#[put("/districts/{id}/boundary")]
pub async fn put_boundary(
    ctx: Context<Administrator>,
    name: Named<DistrictName>,
    body: Body<BoundaryBody>,
) -> Result<HttpResponse> {
    let (body, drawn) = (Arc::new(body.0), OnceCell::new());
    let prepare = async |latest: &Directory| {
        let district = latest.find_district(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(district.version)?;
        let read = || DrawnBoundary::read(&body, ctx.directory_handle(), latest, "");
        let DrawnBoundary { boundary, geojson } = drawn.get_or_try_init(read).await?.clone();
        let changed = district.with_new_boundary(&ctx.call.moment);
        let (id, version) = (changed.id, changed.version);
        let answer = Written::changed(&*geojson, Validator::Version(version))?;
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::Written {
                district: Box::new(changed.clone()),
                boundary: Some(boundary),
                judged_at: Some(""),
            },
            work: move |conn: &mut _| {
                store::update(conn, &changed)?;
                store::update_boundary(conn, id, &geojson)
            },
            answer: move |_: &Directory| Ok(answer.clone()),
        })
    };
    ctx.call.send(ctx.write_directory(actions::DISTRICT_BOUNDARY_REPLACED.on_new(), prepare).await?)
}
