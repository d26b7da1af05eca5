//! The HTTP operations on offices.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::actions;
use crate::auth::{Administrator, Anyone};
use crate::context::Context;
use crate::context::directory_writing::{DirectoryChange, no_content};
use crate::directory::{Directory, Handle};
use crate::districts::ground::GroundChange;
use crate::error::{Error, Problem, Result, Text};
use crate::http::answer::{Representation, Validator};
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::offices::view::{HoursView, OfficeView, path};
use crate::offices::{NewOffice, Office, OfficeKind, OfficeStatus, answers, store};
use crate::slug::{AreaName, DistrictName, OfficeName, ServiceName};
use crate::time::{Timestamp, day};

/// Mounts the operations on offices.
pub fn mount(api: &mut impl Mount) {
    api.service(list_offices).service(create_office).service(get_office).service(change_office).service(delete_office);
    api.service(get_opening_hours);
}

/// The filters for a list of offices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfficeFilter {
    /// Lists only the offices whose catchment names this area, by its identifier or slug.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", min_length = 1, max_length = 80, example = "norr")]
    area_id: Option<AreaName>,
    /// Lists only the offices whose catchment names the area that this district belongs to. The district is given by
    /// its identifier or slug.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", min_length = 1, max_length = 80, example = "skaggetorp-tornby")]
    district_id: Option<DistrictName>,
    /// Lists only the offices that give this service, by its identifier or slug.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", min_length = 1, max_length = 80, example = "stodjande-insatser")]
    service_id: Option<ServiceName>,
    /// Lists only the offices of this kind.
    #[param(example = "base")]
    kind: Option<OfficeKind>,
    /// Lists only the offices with this status.
    #[param(example = "open")]
    status: Option<OfficeStatus>,
    /// Lists only the offices that are known to be open at this time (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime, max_length = 35, example = "2026-11-23T09:00:00Z")]
    open_at: Option<Timestamp>,
}

impl OfficeFilter {
    fn fits(&self, office: &Office, directory: &Directory) -> bool {
        let area = |name: &AreaName| directory.find_area(name).is_some_and(|area| office.serves_area(area.id));
        let district = |name: &DistrictName| {
            directory.find_district(name).is_some_and(|district| office.serves_area(district.area_id))
        };
        let service = |name: &ServiceName| {
            directory.find_service(name).is_some_and(|service| office.service_ids.contains(&service.id))
        };
        self.area_id.as_ref().is_none_or(area)
            && self.district_id.as_ref().is_none_or(district)
            && self.service_id.as_ref().is_none_or(service)
            && self.kind.is_none_or(|kind| office.kind == kind)
            && self.status.is_none_or(|status| office.status == status)
            && self.open_at.is_none_or(|at| directory.open_state(office, at.utc()).open_now == Some(true))
    }
}

/// List offices
///
/// All offices, planned and closed ones included, in the Swedish order of their names. An office is listed if it fits
/// all filters. An office serves an area if its catchment names the area. Offices of the whole municipality have no
/// catchment. An office whose hours are unknown is never listed as open.
#[utoipa::path(
    operation_id = "listOffices",
    tag = "offices",
    params(OfficeFilter, PagingParameters),
    responses((status = 200, description = "A page of offices.", body = Page<OfficeView>))
)]
#[get("/offices")]
async fn list_offices(
    _: Anyone,
    call: Call,
    directory: Data<Handle>,
    filter: Query<OfficeFilter>,
    paging: Paging,
) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let offices: Vec<&Office> =
            directory.offices.iter().filter(|office| filter.0.fits(office, &directory)).collect();
        let found = paging.of_sorted(&call, &offices, Office::position)?;
        found.answer(&call, &paging, |office| OfficeView::new(office, &directory, &call, call.moment.now))
    })
}

/// Create an office
///
/// The new office may be open without premises: its address and its location can be left out. Opening hours that cannot
/// be read are refused, with the position of the mistake.
#[utoipa::path(
    operation_id = "createOffice",
    tag = "offices",
    request_body = NewOffice,
    responses(
        (status = 201, description = "The new office.", body = OfficeView),
        (status = 409, description = "Another office has the same slug.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::AlreadyExists])),
        ("x-answer-example" = json!({ "serviceIds": [] }))
    )
)]
#[post("/offices")]
async fn create_office(ctx: Context<Administrator>, new: Body<NewOffice>) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let office = Office::new(new.0.clone(), &latest.known(), &ctx.call.moment)?;
        let (id, links, at) = (office.id, ctx.call.links(), ctx.call.moment.now);
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::None,
            work: move |conn: &mut _| store::insert(conn, &office),
            answer: move |after: &Directory| answers::created(after, id, &links, at),
        })
    };
    ctx.call.send(ctx.write_directory(actions::OFFICE_CREATED.on_new(), prepare).await?)
}

/// Get an office
///
/// The answer is one office, with its opening hours and whether it is open now.
#[utoipa::path(
    operation_id = "getOffice",
    tag = "offices",
    params(("id" = OfficeName, Path, description = "The office's identifier or slug.")),
    responses((status = 200, description = "The office.", body = OfficeView))
)]
#[get("/offices/{id}")]
async fn get_office(_: Anyone, call: Call, directory: Data<Handle>, name: Named<OfficeName>) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let office = directory.find_office(&name.0).ok_or_else(Error::not_found)?;
        let view = OfficeView::new(office, &directory, &call, call.moment.now);
        Representation::of(&view, Validator::Version(office.version))
    })
}

/// Change an office
///
/// The body is a merge patch (RFC 7396) of the fields that an office is created with. An office is closed by its
/// status.
#[utoipa::path(
    operation_id = "changeOffice",
    tag = "offices",
    params(("id" = OfficeName, Path, description = "The office's identifier or slug.")),
    request_body(content = NewOffice, example = json!({ "openingHours": "Mo-Fr 08:00-16:30; PH off" })),
    responses(
        (status = 200, description = "The office after the change.", body = OfficeView),
        (status = 409, description = "Another office has the same slug.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[patch("/offices/{id}")]
async fn change_office(
    ctx: Context<Administrator>,
    name: Named<OfficeName>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let office = latest.find_office(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(office.version)?;
        let changed = office.changed(patch.apply(&office.as_new())?, &latest.known(), &ctx.call.moment)?;
        let before = office.clone();
        let (id, links, at) = (office.id, ctx.call.links(), ctx.call.moment.now);
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::None,
            work: move |conn: &mut _| store::update(conn, &before, &changed),
            answer: move |after: &Directory| answers::changed(after, id, &links, at),
        })
    };
    ctx.call.send(ctx.write_directory(actions::OFFICE_CHANGED.on_new(), prepare).await?)
}

/// Delete an office
///
/// An office can be deleted only if no other record refers to it. Otherwise, close it by its status.
#[utoipa::path(
    operation_id = "deleteOffice",
    tag = "offices",
    params(("id" = OfficeName, Path, description = "The office's identifier or slug.")),
    responses(
        (status = 204, description = "The office is deleted."),
        (status = 409, description = "Another record still refers to the office. Close the office instead.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::StillReferenced])))
)]
#[delete("/offices/{id}")]
async fn delete_office(ctx: Context<Administrator>, name: Named<OfficeName>) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let office = latest.find_office(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(office.version)?;
        let (id, version) = (office.id, office.version);
        let work = move |conn: &mut _| store::delete(conn, id, version);
        Ok(DirectoryChange { id: id.uuid(), ground: GroundChange::None, work, answer: no_content })
    };
    ctx.write_directory(actions::OFFICE_DELETED.on_new(), prepare).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The largest number of days for which opening hours can be requested at once.
const MOST_DAYS: u64 = 62;

/// The period for which an office's opening hours are requested, given by its first and its last day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// The first day of the period. The default is today in the municipality's time zone.
    #[serde(default, deserialize_with = "day::optional")]
    #[param(example = "2026-12-21")]
    from: Option<NaiveDate>,
    /// The last day of the period, which is included. The default is six days after the first. A period has at most 62
    /// days.
    #[serde(default, deserialize_with = "day::optional")]
    #[param(example = "2027-01-06")]
    to: Option<NaiveDate>,
}

impl Period {
    /// Returns the first and the last day of the period, with the defaults filled in. Fails if the last day is before
    /// the first, or if the period has more than 62 days.
    pub fn resolve(&self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate)> {
        let from = self.from.unwrap_or(today);
        let after = |days: u64| from.checked_add_days(Days::new(days)).unwrap_or(from);
        let to = self.to.unwrap_or_else(|| after(6));
        if to < from || to > after(MOST_DAYS - 1) {
            let detail = Text::new(
                format!("must not be before from, and the period must be at most {MOST_DAYS} days"),
                format!("får inte ligga före from, och får ge högst {MOST_DAYS} dagar"),
            );
            return Err(Error::parameter("to", detail));
        }
        Ok((from, to))
    }
}

/// Get the opening hours of an office
///
/// The answer has the intervals in which the office is open on each day, and the name of the holiday or eve, if the day
/// has one. An interval belongs to the day on which it begins, even if it ends after midnight. If the office's hours
/// are unknown, `known` is false and the days are empty, which does not mean that the office is closed.
#[utoipa::path(
    operation_id = "getOpeningHours",
    tag = "offices",
    params(("id" = OfficeName, Path, description = "The office's identifier or slug."), Period),
    responses((status = 200, description = "The opening hours, day by day.", body = HoursView))
)]
#[get("/offices/{id}/opening-hours")]
async fn get_opening_hours(
    _: Anyone,
    call: Call,
    directory: Data<Handle>,
    name: Named<OfficeName>,
    days: Query<Period>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let office = directory.find_office(&name.0).ok_or_else(Error::not_found)?;
        let (from, to) = days.0.resolve(directory.calendar.local_date(call.moment.now.utc()))?;
        let office_path = path(&office.slug);
        let links = vec![
            call.link("self", "GET", &format!("{office_path}/opening-hours?from={from}&to={to}")),
            call.link("office", "GET", &office_path),
        ];
        let (known, days) = directory.hours_between(office, from, to);
        let view = HoursView { office_id: office.id, known, days, links };
        Representation::of(&view, Validator::Version(office.version))
    })
}
