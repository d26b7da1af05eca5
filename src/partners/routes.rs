//! The operations by which administrators list, create, read and change partner agencies.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::actions;
use crate::auth::keys::Keyring;
use crate::auth::{Category, PartnerKeeper, PartnerStatus};
use crate::context::{Context, Tx};
use crate::error::{Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::http::merge_patch::MergePatch;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::http::written::Written;
use crate::idempotency;
use crate::partners::store::{self, PartnerFilter};
use crate::partners::view::{PartnerView, path};
use crate::partners::{NewPartner, Partner};
use crate::referrals::sending::sender_category::NewCategory;
use crate::slug::PartnerName;
use crate::text::Line;

/// Mounts the operations on partner agencies.
pub fn mount(api: &mut impl Mount) {
    api.service(list_partners).service(create_partner).service(get_partner).service(change_partner);
}

/// The filters of the list of partner agencies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartnerQuery {
    /// Only agencies of this category, which is the kind of organisation.
    #[param(example = "school")]
    category: Option<Category>,
    /// Only agencies whose name begins with this text. Upper and lower case are the same, and so are letters with and without
    /// marks, such as å and a.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200, example = "skägg")]
    name: Option<Line>,
    /// Only agencies with this status.
    #[param(example = "active")]
    status: Option<PartnerStatus>,
}

/// List partner agencies
///
/// Returns all partner agencies, including suspended ones, in the Swedish alphabetical order of their names. An agency is listed
/// if it matches every filter.
#[utoipa::path(
    operation_id = "listPartners",
    tag = "partners",
    params(PartnerQuery, PagingParameters),
    responses((status = 200, description = "A page of partner agencies.", body = Page<PartnerView>)),
    security(("staffToken" = []))
)]
#[get("/partners")]
async fn list_partners(
    ctx: Context<PartnerKeeper>,
    filter: Query<PartnerQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let PartnerQuery { category, name, status } = filter.0;
    let filter = PartnerFilter { category, status, name: name.map(|name| name.to_string()) };
    let (from, limit) = (paging.from(&ctx.call)?, paging.limit);
    let read = move |conn: &mut _| Ok((store::page(conn, &filter, &from, limit)?, store::count(conn, &filter)?));
    let (rows, total) = ctx.read(read).await?;
    let found = PageRows::of_one_more(rows, &paging, Some(total), Partner::position);
    let view = |partner| PartnerView::new(partner, &ctx.directory, &ctx.call);
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, view)?, Cache::NoStore))
}

/// Create a partner agency
///
/// Creates a partner agency, without keys. No other agency may have its slug. Its category decides whether the law obliges it to
/// report, and on which legal ground it reports.
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
async fn create_partner(ctx: Context<PartnerKeeper>, new: Body<NewPartner>) -> Result<HttpResponse> {
    ctx.write(actions::PARTNER_CREATED.on_new(), idempotency::public(), async || {
        let partner = Partner::new(new.0.clone(), &ctx.call.moment);
        let view = PartnerView::new(partner.clone(), &ctx.directory, &ctx.call);
        let answer = Written::created(&ctx.call, &path(&partner.slug), &view, Validator::Version(partner.version))?;
        Ok(move |tx: &mut Tx| {
            store::insert(tx, &partner)?;
            tx.about([partner.id]);
            Ok(answer.clone())
        })
    })
    .await
}

/// Get a partner agency
///
/// Returns one partner agency. Its link `api-keys` leads to its keys.
#[utoipa::path(
    operation_id = "getPartner",
    tag = "partners",
    params(("id" = PartnerName, Path, description = "The partner agency's identifier or slug.")),
    responses((status = 200, description = "The partner agency.", body = PartnerView)),
    security(("staffToken" = []))
)]
#[get("/partners/{id}")]
async fn get_partner(ctx: Context<PartnerKeeper>, name: Named<PartnerName>) -> Result<HttpResponse> {
    let partner = ctx.read(move |conn| store::find(conn, &name.0)).await?;
    let version = Validator::Version(partner.version);
    ctx.call.found(&PartnerView::new(partner, &ctx.directory, &ctx.call), version, Cache::NoStore)
}

/// Change a partner agency
///
/// Changes the partner agency by a merge patch (RFC 7396). If its status becomes `suspended`, its keys are no longer accepted:
/// immediately on this server, and within two seconds on others. If it becomes `active` again, they are accepted again. If its
/// category changes, what it may be told about referrals that it sent earlier changes as well.
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
    ctx: Context<PartnerKeeper>,
    keys: Data<Keyring>,
    name: Named<PartnerName>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let prepare = async || {
        let name = name.0.clone();
        let partner = ctx.read(move |conn| store::find(conn, &name)).await?;
        ctx.call.check_if_match(partner.version)?;
        let changed = partner.changed(patch.apply(&partner.as_new())?, &ctx.call.moment);
        // The category decides what the law lets the agency know, including of referrals that it sent before.
        let new_category = NewCategory {
            sender: changed.id,
            category: changed.category,
            directory: Arc::clone(&ctx.directory),
            vault: ctx.vault.clone(),
            moment: ctx.call.moment.clone(),
            entry: ctx.audited().entry(actions::REFERRAL_RECEIPT_CHANGED, Vec::new()),
        };
        let view = PartnerView::new(changed.clone(), &ctx.directory, &ctx.call);
        let answer = Written::changed(&view, Validator::Version(changed.version))?;
        Ok(move |tx: &mut Tx| {
            // The agency is written first: a referral that it submits meanwhile then waits, or is among those that are changed.
            store::update(tx, &changed)?;
            new_category.write(tx)?;
            tx.about([changed.id]);
            Ok(answer.clone())
        })
    };
    let answer = ctx.write(actions::PARTNER_CHANGED.on_new(), idempotency::public(), prepare).await?;
    keys.refresh(&ctx.db, ctx.call.moment.now).await?;
    Ok(answer)
}
