//! The HTTP operations on services.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
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
use crate::id::OfficeId;
use crate::services::view::ServiceView;
use crate::services::{Need, NewService, Orientation, Service, answers, store};
use crate::slug::{OfficeName, ServiceName};
use crate::text::LanguageCode;

/// Mounts the operations on services.
pub fn mount(api: &mut impl Mount) {
    api.service(list_services)
        .service(create_service)
        .service(get_service)
        .service(change_service)
        .service(delete_service);
}

/// The filters for a list of services.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceFilter {
    /// Lists only the services that help with this problem.
    #[param(example = "parenting")]
    need: Option<Need>,
    /// Lists only the services with this purpose.
    #[param(example = "preventive")]
    orientation: Option<Orientation>,
    /// Lists only the services that are for this age, in years.
    #[param(minimum = 0, maximum = 120, example = 14)]
    age: Option<u8>,
    /// Lists only the services that are given in this language (ISO 639 code).
    #[param(value_type = Option<String>, pattern = "^[a-z]{2,3}$", min_length = 2, max_length = 3, example = "sv")]
    language: Option<LanguageCode>,
    /// Lists only the services that this office gives, by its identifier or slug.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", min_length = 1, max_length = 80, example = "skaggetorp")]
    office_id: Option<OfficeName>,
}

impl ServiceFilter {
    fn check(&self) -> Result<()> {
        match self.age {
            Some(121..) => Err(Error::parameter("age", Text::new("must be 0 to 120", "måste vara 0 till 120"))),
            _ => Ok(()),
        }
    }

    fn fits(&self, service: &Service, directory: &Directory) -> bool {
        let given = |name: &OfficeName| {
            directory.find_office(name).is_some_and(|office| office.service_ids.contains(&service.id))
        };
        self.need.is_none_or(|need| service.needs.contains(&need))
            && self.orientation.is_none_or(|orientation| service.orientation == orientation)
            && self.age.is_none_or(|age| service.ages.contains(age))
            && self.language.as_ref().is_none_or(|language| service.languages.contains(language))
            && self.office_id.as_ref().is_none_or(given)
    }
}

/// List services
///
/// All services, retired ones included, in the Swedish order of their names. A service is listed if it fits all
/// filters. It fits the filters `age`, `need` and `language` only if the service's own ages, needs or languages include
/// that value.
#[utoipa::path(
    operation_id = "listServices",
    tag = "services",
    params(ServiceFilter, PagingParameters),
    responses((status = 200, description = "A page of services.", body = Page<ServiceView>))
)]
#[get("/services")]
async fn list_services(
    _: Anyone,
    call: Call,
    directory: Data<Handle>,
    filter: Query<ServiceFilter>,
    paging: Paging,
) -> Result<HttpResponse> {
    let directory = directory.current();
    filter.0.check()?;
    call.kept(&directory.answers, || {
        let services: Vec<&Service> =
            directory.services.iter().filter(|service| filter.0.fits(service, &directory)).collect();
        let found = paging.of_sorted(&call, &services, Service::position)?;
        found.answer(&call, &paging, |service| ServiceView::new(service, &directory, &call))
    })
}

/// Create a service
///
/// A service of one of the seven kinds of help in SoL 11:5 is refused if it has no individual assessment. The service's
/// slug must not be in use.
#[utoipa::path(
    operation_id = "createService",
    tag = "services",
    request_body = NewService,
    responses(
        (status = 201, description = "The new service.", body = ServiceView),
        (status = 409, description = "Another service has the same slug.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[post("/services")]
async fn create_service(ctx: Context<Administrator>, new: Body<NewService>) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let (service, offices) = Service::new(new.0.clone(), &latest.known(), &ctx.call.moment)?;
        let (id, links) = (service.id, ctx.call.links());
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::None,
            work: move |conn: &mut _| {
                store::insert(conn, &service)?;
                store::update_offices(conn, id, &[], &offices)
            },
            answer: move |after: &Directory| answers::created(after, id, &links),
        })
    };
    ctx.call.send(ctx.write_directory(actions::SERVICE_CREATED.on_new(), prepare).await?)
}

/// Get a service
///
/// The answer is one service, with the offices that give it.
#[utoipa::path(
    operation_id = "getService",
    tag = "services",
    params(("id" = ServiceName, Path, description = "The service's identifier or slug.")),
    responses((status = 200, description = "The service.", body = ServiceView))
)]
#[get("/services/{id}")]
async fn get_service(_: Anyone, call: Call, directory: Data<Handle>, name: Named<ServiceName>) -> Result<HttpResponse> {
    let directory = directory.current();
    call.kept(&directory.answers, || {
        let service = directory.find_service(&name.0).ok_or_else(Error::not_found)?;
        Representation::of(&ServiceView::new(service, &directory, &call), Validator::Version(service.version))
    })
}

/// Change a service
///
/// The body is a merge patch (RFC 7396) of the fields that a service is created with. A service is retired, and taken
/// back into use, by its status.
#[utoipa::path(
    operation_id = "changeService",
    tag = "services",
    params(("id" = ServiceName, Path, description = "The service's identifier or slug.")),
    request_body(content = NewService, example = json!({ "needs": ["school_absence"] })),
    responses(
        (status = 200, description = "The service after the change.", body = ServiceView),
        (status = 409, description = "Another service has the same slug.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[patch("/services/{id}")]
async fn change_service(
    ctx: Context<Administrator>,
    name: Named<ServiceName>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let service = latest.find_service(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(service.version)?;
        let before: Vec<OfficeId> = latest.offices_of_service(service.id).map(|office| office.id).collect();
        let new = patch.apply(&service.as_new(&before))?;
        let (changed, offices) = service.changed(new, &latest.known(), &ctx.call.moment)?;
        let (id, links) = (service.id, ctx.call.links());
        Ok(DirectoryChange {
            id: id.uuid(),
            ground: GroundChange::None,
            work: move |conn: &mut _| {
                store::update(conn, &changed)?;
                store::update_offices(conn, id, &before, &offices)
            },
            answer: move |after: &Directory| answers::changed(after, id, &links),
        })
    };
    ctx.call.send(ctx.write_directory(actions::SERVICE_CHANGED.on_new(), prepare).await?)
}

/// Delete a service
///
/// A service can be deleted only if no other record refers to it. Otherwise, retire it by its status.
#[utoipa::path(
    operation_id = "deleteService",
    tag = "services",
    params(("id" = ServiceName, Path, description = "The service's identifier or slug.")),
    responses(
        (status = 204, description = "The service is deleted."),
        (status = 409, description = "Another record still refers to the service. Retire the service instead.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::StillReferenced])))
)]
#[delete("/services/{id}")]
async fn delete_service(ctx: Context<Administrator>, name: Named<ServiceName>) -> Result<HttpResponse> {
    let prepare = async |latest: &Directory| {
        let service = latest.find_service(&name.0).ok_or_else(Error::not_found)?;
        ctx.call.check_if_match(service.version)?;
        let (id, version) = (service.id, service.version);
        let work = move |conn: &mut _| store::delete(conn, id, version);
        Ok(DirectoryChange { id: id.uuid(), ground: GroundChange::None, work, answer: no_content })
    };
    ctx.write_directory(actions::SERVICE_DELETED.on_new(), prepare).await?;
    Ok(HttpResponse::NoContent().finish())
}
