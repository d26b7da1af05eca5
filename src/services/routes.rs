//! The HTTP operations on services.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::{Acting, Administrator, Anyone};
use crate::db::{Db, DbConn};
use crate::directory::routes::writer;
use crate::directory::{Directory, Handle, changes};
use crate::error::{Error, Problem, Result, Text};
use crate::http::answer::{Representation, Validator};
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::link::Linking;
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::http::written::Written;
use crate::id::{OfficeId, ServiceId};
use crate::idempotency::{Replay, Retries};
use crate::services::view::{ServiceView, path};
use crate::services::{Need, NewService, Orientation, Service, store};
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
    /// Lists only the services that answer this need.
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
/// filters. It fits an age, a need or a language only if its own ages, needs or languages include it.
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
/// Seven kinds of help (SoL 11:5) cannot be written without an individual assessment. The service's slug must not be in
/// use.
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
async fn create_service(
    admin: Administrator,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    retries: Data<Retries>,
    new: Body<NewService>,
) -> Result<HttpResponse> {
    let again = Replay::of_public("service.created.replayed", "service");
    let create = async |slot| {
        let writer = writer(&admin, &call, &db, &directory);
        let latest = writer.latest().await?;
        let (service, offices) = Service::new(new.0, &latest.known(), &call.moment)?;
        let (id, path) = (service.id, path(&service.slug));
        let work = move |conn: &mut DbConn| {
            store::insert(conn, &service)?;
            store::update_offices(conn, id, &[], &offices)
        };
        let links = call.links();
        let answer =
            move |after: &Directory| Written::created(&links, &path, &view(id, after, &links)?, Validator::Version(1));
        writer.create("service.created", ("service", id.uuid()), work, changes::any, slot, answer).await
    };
    call.send(retries.once(&call, admin.actor(), again, create).await?)
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
    admin: Administrator,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    name: Named<ServiceName>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let writer = writer(&admin, &call, &db, &directory);
    let latest = writer.latest().await?;
    let service = latest.find_service(&name.0).ok_or_else(Error::not_found)?;
    call.check_if_match(service.version)?;
    let before: Vec<OfficeId> = latest.offices_of_service(service.id).map(|office| office.id).collect();
    let (changed, offices) = service.changed(patch.apply(&service.as_new(&before))?, &latest.known(), &call.moment)?;
    let (id, version) = (changed.id, changed.version);
    let work = move |conn: &mut DbConn| {
        store::update(conn, &changed)?;
        store::update_offices(conn, id, &before, &offices)
    };
    let after = writer.change("service.changed", ("service", id.uuid()), work, changes::any).await?;
    call.changed(&view(id, &after, &call)?, Validator::Version(version))
}

/// Delete a service
///
/// A service can be deleted only if nothing refers to it. Otherwise, retire it.
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
async fn delete_service(
    admin: Administrator,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    name: Named<ServiceName>,
) -> Result<HttpResponse> {
    let writer = writer(&admin, &call, &db, &directory);
    let latest = writer.latest().await?;
    let service = latest.find_service(&name.0).ok_or_else(Error::not_found)?;
    call.check_if_match(service.version)?;
    let (id, version) = (service.id, service.version);
    let work = move |conn: &mut DbConn| store::delete(conn, id, version);
    writer.change("service.deleted", ("service", id.uuid()), work, changes::any).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn view(id: ServiceId, directory: &Directory, links: &impl Linking) -> Result<ServiceView> {
    let service = directory.service(id).ok_or_else(|| Error::internal("a service that was written is missing"))?;
    Ok(ServiceView::new(service, directory, links))
}
