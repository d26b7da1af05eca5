//! The operation by which a partner agency's system reads its own entry and its own keys.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};

use crate::auth::{AnyPartner, keys};
use crate::context::Context;
use crate::error::Result;
use crate::http::answer::Validator;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::partners::limits::KeyLimits;
use crate::partners::store;
use crate::partners::view::OwnView;

/// Mounts the operation by which a partner agency reads about itself.
pub fn mount(api: &mut impl Mount) {
    api.service(get_partner_me);
}

/// Get the calling agency and its keys
///
/// Returns the agency that the key of this call belongs to, the scopes of this key, the rate limits of each key, and the times at
/// which the agency's keys end, so that its system can ask for a rotation in time. A key with any scope may call this.
#[utoipa::path(
    operation_id = "getPartnerMe",
    tag = "partner",
    responses((status = 200, description = "The agency and its keys.", body = OwnView)),
    security(("partnerKey" = [])),
    extensions(("x-conditional" = json!(true)))
)]
#[get("/partner/me")]
async fn get_partner_me(ctx: Context<AnyPartner>, limits: Data<Option<KeyLimits>>) -> Result<HttpResponse> {
    let agency = &ctx.caller.0;
    let id = agency.id;
    let read = move |conn: &mut _| Ok((store::find(conn, &id.into())?, keys::store::of_partner(conn, id)?));
    let (partner, keys) = ctx.read(read).await?;
    let view = OwnView::new(partner, keys, agency, **limits, &ctx.directory, &ctx.call);
    ctx.call.found(&view, Validator::Content, Cache::NoStore)
}
