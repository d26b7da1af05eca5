//! Partner agencies over HTTP, for administrators.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::audit::{self, Entry};
use crate::auth::Acting;
use crate::auth::keys::Keyring;
use crate::auth::{Category, PartnerKeeper, PartnerStatus};
use crate::db::{Db, DbConn};
use crate::directory::Handle;
use crate::error::{Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::http::written::Written;
use crate::idempotency::{Replay, Retries, Slot};
use crate::partners::store::PartnerFilter;
use crate::partners::view::{PartnerView, path};
use crate::partners::{NewPartner, Partner, store};
use crate::referrals::sending::sender_category::NewCategory;
use crate::slug::PartnerName;
use crate::text::Line;
use crate::vault::Vault;

/// The operations on partner agencies.
pub fn mount(api: &mut impl Mount) {
    api.service(list_partners).service(create_partner).service(get_partner).service(change_partner);
}

/// The filters of the list of partner agencies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartnerQuery {
    /// Only agencies of this category.
    #[param(example = "school")]
    category: Option<Category>,
    /// Only agencies whose name begins like this. Case and the marks of å, ä and ö do not count.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200, example = "skägg")]
    name: Option<Line>,
    /// Only agencies with this status.
    #[param(example = "active")]
    status: Option<PartnerStatus>,
}

/// List partner agencies
///
/// All partner agencies, including suspended ones, in the Swedish order of their names. An agency is listed if it matches every
/// filter.
#[utoipa::path(
    operation_id = "listPartners",
    tag = "partners",
    params(PartnerQuery, PagingParameters),
    responses((status = 200, description = "A page of partner agencies.", body = Page<PartnerView>)),
    security(("staffToken" = []))
)]
#[get("/partners")]
async fn list_partners(
    _: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    filter: Query<PartnerQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let PartnerQuery { category, name, status } = filter.0;
    let filter = PartnerFilter { category, status, name: name.map(|name| name.to_string()) };
    let (from, limit) = (paging.from(&call)?, paging.limit);
    let read = move |conn: &mut DbConn| Ok((store::page(conn, &filter, &from, limit)?, store::count(conn, &filter)?));
    let (rows, total) = db.read(read).await?;
    let directory = directory.current();
    let found = PageRows::of_one_more(rows, &paging, Some(total), Partner::position);
    let answer = found.answer(&call, &paging, |partner| PartnerView::new(partner, &directory, &call))?;
    Ok(call.give(answer, Cache::NoStore))
}

/// Create a partner agency
///
/// A new partner agency, without keys. Its slug must not be in use. Its category decides whether it is obliged to report, and on
/// which legal ground.
#[utoipa::path(
    operation_id = "createPartner",
    tag = "partners",
    request_body = NewPartner,
    responses(
        (status = 201, description = "The new partner agency.", body = PartnerView),
        (status = 409, description = "Another partner agency has the same slug.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[post("/partners")]
async fn create_partner(
    admin: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    retries: Data<Retries>,
    new: Body<NewPartner>,
) -> Result<HttpResponse> {
    let again = Replay::of_public("partner.created.replayed", "partner");
    let create = async |slot: Slot| {
        let partner = Partner::new(new.0, &call.moment);
        let (id, location) = (partner.id.uuid(), path(&partner.slug));
        let entry = entry(&admin, &call, "partner.created", "partner", vec![id]);
        let view = PartnerView::new(partner.clone(), &directory.current(), &call);
        let answer = Written::created(&call, &location, &view, Validator::Version(1))?;
        let kept = answer.clone();
        let write = move |conn: &mut DbConn| {
            store::insert(conn, &partner)?;
            audit::record(conn, &entry)?;
            slot.keep(conn, id, &kept)
        };
        db.write(write).await?;
        Ok(answer)
    };
    call.send(retries.once(&call, admin.actor(), again, create).await?)
}

/// Get a partner agency
///
/// One partner agency. Its link `api-keys` leads to its keys.
#[utoipa::path(
    operation_id = "getPartner",
    tag = "partners",
    params(("id" = PartnerName, Path, description = "The partner agency's identifier or slug.")),
    responses((status = 200, description = "The partner agency.", body = PartnerView)),
    security(("staffToken" = []))
)]
#[get("/partners/{id}")]
async fn get_partner(
    _: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    name: Named<PartnerName>,
) -> Result<HttpResponse> {
    let partner = db.read(move |conn| store::find(conn, &name.0)).await?;
    let version = Validator::Version(partner.version);
    call.found(&PartnerView::new(partner, &directory.current(), &call), version, Cache::NoStore)
}

/// Change a partner agency
///
/// A merge patch (RFC 7396) of the partner agency as it was written. Setting its status to `suspended` makes all its keys
/// invalid: immediately on this server, and within two seconds on others. Setting it to `active` again undoes that.
#[utoipa::path(
    operation_id = "changePartner",
    tag = "partners",
    params(("id" = PartnerName, Path, description = "The partner agency's identifier or slug.")),
    request_body(content = NewPartner, example = json!({ "contact": { "phone": "+46 13 20 60 00", "email": "skaggetorp@example.se" } })),
    responses(
        (status = 200, description = "The partner agency as it is now.", body = PartnerView),
        (status = 409, description = "Another partner agency has the same slug.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::AlreadyExists])))
)]
#[patch("/partners/{id}")]
async fn change_partner(
    admin: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    directory: Data<Handle>,
    keys: Data<Keyring>,
    vault: Data<Vault>,
    name: Named<PartnerName>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let partner = db.read(move |conn| store::find(conn, &name.0)).await?;
    call.check_if_match(partner.version)?;
    let changed = partner.changed(patch.apply(&partner.as_new())?, &call.moment);
    let told_anew = entry(&admin, &call, "referral.receipt_changed", "referral", Vec::new());
    let entry = entry(&admin, &call, "partner.changed", "partner", vec![changed.id.uuid()]);
    // The category decides what the law lets the agency know, including of referrals that it sent before.
    let new_category = NewCategory {
        sender: changed.id,
        category: changed.category,
        directory: directory.current(),
        vault: Vault::clone(&vault),
        moment: call.moment.clone(),
        entry: told_anew,
    };
    let write = move |conn: &mut DbConn| {
        // The agency is written first: a referral that it submits meanwhile then waits, or is among those that are changed.
        store::update(conn, &changed)?;
        new_category.write(conn)?;
        audit::record(conn, &entry)?;
        Ok(changed.clone())
    };
    let partner = db.write(write).await?;
    keys.refresh(&db, call.moment.now).await?;
    let version = Validator::Version(partner.version);
    call.changed(&PartnerView::new(partner, &directory.current(), &call), version)
}

/// The audit record of an administrator's change.
pub fn entry(
    admin: &PartnerKeeper,
    call: &Call,
    action: &'static str,
    resource_type: &'static str,
    resource_ids: Vec<Uuid>,
) -> Entry {
    Entry::of_call(call, admin.actor(), action, resource_type, resource_ids)
}
