//! The operations by which administrators list, read, make, rotate and revoke API keys of partner agencies.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};

use crate::audit::actions;
use crate::auth::PartnerKeeper;
use crate::auth::keys::{self, ApiKey, ApiKeyId, Keyring};
use crate::context::{Context, Tx};
use crate::error::{Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::{Named, NamedWithin};
use crate::idempotency;
use crate::partners::answers::ApiKeyAnswers;
use crate::partners::api_keys::{NewApiKey, Rotation};
use crate::partners::view::{ApiKeyView, IssuedApiKey};
use crate::partners::{Partner, store};
use crate::slug::PartnerName;

/// Mounts the operations on API keys of partner agencies.
pub fn mount(api: &mut impl Mount) {
    api.service(list_api_keys).service(create_api_key).service(get_api_key);
    api.service(rotate_api_key).service(revoke_api_key);
}

/// List the keys of a partner agency
///
/// Returns all keys that the partner agency ever had, in the order in which they were made. `lastUsedAt` is accurate to about a
/// minute, because uses are written in batches. No secret is shown.
#[utoipa::path(
    operation_id = "listApiKeys",
    tag = "partners",
    params(("id" = PartnerName, Path, description = "The partner agency's identifier or slug."), PagingParameters),
    responses((status = 200, description = "A page of keys.", body = Page<ApiKeyView>)),
    security(("staffToken" = []))
)]
#[get("/partners/{id}/api-keys")]
async fn list_api_keys(ctx: Context<PartnerKeeper>, name: Named<PartnerName>, paging: Paging) -> Result<HttpResponse> {
    let read = move |conn: &mut _| {
        let partner = store::find(conn, &name.0)?;
        Ok((keys::store::of_partner(conn, partner.id)?, partner))
    };
    let (keys, partner) = ctx.read(read).await?;
    let keys: Vec<&ApiKey> = keys.iter().collect();
    let position = |key: &ApiKey| (key.created_at.micros(), key.id.to_string());
    let found = paging.of_sorted(&ctx.call, &keys, position)?;
    let view = |key: &ApiKey| ApiKeyView::new(key.clone(), &partner.slug, &ctx.call, ctx.call.moment.now);
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, view)?, Cache::NoStore))
}

/// Make a key for a partner agency
///
/// Makes a key. The answer contains the whole key in `secret`, and no later answer does, so hand it over at once and by a safe
/// way. This server accepts the key immediately, and other servers within two seconds.
#[utoipa::path(
    operation_id = "createApiKey",
    tag = "partners",
    params(("id" = PartnerName, Path, description = "The partner agency's identifier or slug.")),
    request_body = NewApiKey,
    responses((status = 201, description = "The new key, with its secret.", body = IssuedApiKey)),
    security(("staffToken" = [])),
    extensions(("x-no-prefer" = json!(true)), ("x-answer-example" = json!({ "lastUsedAt": null })))
)]
#[post("/partners/{id}/api-keys")]
async fn create_api_key(
    ctx: Context<PartnerKeeper>,
    keys: Data<Keyring>,
    name: Named<PartnerName>,
    new: Body<NewApiKey>,
) -> Result<HttpResponse> {
    let partner = ctx.read(move |conn| store::find(conn, &name.0)).await?;
    let now = ctx.call.moment.now;
    let prepare = async || {
        let (key, plain) = keys.issue(partner.id, new.0.clone().terms(now)?, &ctx.call.moment);
        let answer = ApiKeyAnswers::new(&ctx, &partner).issued(&key, &plain)?;
        Ok(move |tx: &mut Tx| {
            keys::store::insert(tx, &key)?;
            tx.about([key.id.uuid()]);
            Ok(answer.clone())
        })
    };
    let answer = ctx.write(actions::PARTNER_KEY_CREATED.on_new(), idempotency::public(), prepare).await?;
    told_soon(keys.refresh(&ctx.db, now).await);
    Ok(answer)
}

/// Get a key of a partner agency
///
/// Returns one key without its secret, with links to the operations that are possible on it now.
#[utoipa::path(
    operation_id = "getApiKey",
    tag = "partners",
    params(
        ("id" = PartnerName, Path, description = "The partner agency's identifier or slug."),
        ("keyId" = ApiKeyId, Path, description = "The key's identifier: the third of the parts of the key, which are separated by `_`.")
    ),
    responses((status = 200, description = "The key, without its secret.", body = ApiKeyView)),
    security(("staffToken" = []))
)]
#[get("/partners/{id}/api-keys/{keyId}")]
async fn get_api_key(ctx: Context<PartnerKeeper>, names: NamedWithin<PartnerName, ApiKeyId>) -> Result<HttpResponse> {
    let (partner, key) = find(&ctx, names).await?;
    let version = Validator::Version(key.version());
    let view = ApiKeyView::new(key, &partner.slug, &ctx.call, ctx.call.moment.now);
    ctx.call.found(&view, version, Cache::NoStore)
}

/// Put a new key in the place of another
///
/// Makes a new key with the same label, scopes and networks as the key in the path, and answers with its secret, which is shown
/// only this once. If the old key expires, the new one gets the same lifetime, counted from now. The old key stays valid until
/// `overlapUntil`, so that the agency has time to change over: 24 hours by default, and at most 30 days. A key that is no longer
/// valid, or was already rotated, is not rotated (409).
#[utoipa::path(
    operation_id = "rotateApiKey",
    tag = "partners",
    params(
        ("id" = PartnerName, Path, description = "The partner agency's identifier or slug."),
        ("keyId" = ApiKeyId, Path, description = "The key's identifier: the third of the parts of the key, which are separated by `_`.")
    ),
    request_body = Rotation,
    responses(
        (status = 201, description = "The new key, with its secret.", body = IssuedApiKey),
        (status = 409, description = "The key has ended, or it was already rotated."),
        (status = 412, description = "The key has changed since the version in `If-Match`.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::KeyEnded])),
        ("x-no-prefer" = json!(true)),
        ("x-answer-example" = json!({ "lastUsedAt": null }))
    )
)]
#[post("/partners/{id}/api-keys/{keyId}/rotate")]
async fn rotate_api_key(
    ctx: Context<PartnerKeeper>,
    keys: Data<Keyring>,
    names: NamedWithin<PartnerName, ApiKeyId>,
    rotation: Body<Rotation>,
) -> Result<HttpResponse> {
    let (partner, old) = find(&ctx, names).await?;
    let now = ctx.call.moment.now;
    let prepare = async || {
        ctx.call.check_if_match_when_given(old.version())?;
        let overlap_until = rotation.0.overlap_until(now)?;
        if !old.may_be_rotated(now) {
            return Err(keys::ended());
        }
        let (next, plain) = keys.issue(partner.id, old.terms_of_next(now), &ctx.call.moment);
        let answer = ApiKeyAnswers::new(&ctx, &partner).issued(&next, &plain)?;
        let old_id = old.id.clone();
        Ok(move |tx: &mut Tx| {
            keys::store::insert(tx, &next)?;
            // Somebody else may have rotated or revoked the key since it was read.
            if !keys::store::rotate(tx, &old_id, &next.id, overlap_until)? {
                return Err(keys::ended());
            }
            tx.about([old_id.uuid(), next.id.uuid()]);
            tx.keep_for(next.id.uuid());
            Ok(answer.clone())
        })
    };
    let answer = ctx.write(actions::PARTNER_KEY_ROTATED.on_new(), idempotency::public(), prepare).await?;
    told_soon(keys.refresh(&ctx.db, now).await);
    Ok(answer)
}

/// Revoke a key of a partner agency
///
/// Revokes the key, so that it is no longer accepted: immediately on this server, and within two seconds on others. A revocation
/// cannot be undone. A key that is already revoked is answered unchanged, so the call may be repeated.
#[utoipa::path(
    operation_id = "revokeApiKey",
    tag = "partners",
    params(
        ("id" = PartnerName, Path, description = "The partner agency's identifier or slug."),
        ("keyId" = ApiKeyId, Path, description = "The key's identifier: the third of the parts of the key, which are separated by `_`.")
    ),
    responses((status = 200, description = "The key as it is now.", body = ApiKeyView), (status = 412, description = "The key has changed since the version in `If-Match`.")),
    security(("staffToken" = [])),
    extensions(("x-answer-example" = json!({ "revokedAt": "2026-11-21T14:30:00Z" })))
)]
#[post("/partners/{id}/api-keys/{keyId}/revoke")]
async fn revoke_api_key(
    ctx: Context<PartnerKeeper>,
    keys: Data<Keyring>,
    names: NamedWithin<PartnerName, ApiKeyId>,
) -> Result<HttpResponse> {
    let (partner, key) = find(&ctx, names).await?;
    let now = ctx.call.moment.now;
    let prepare = async || {
        ctx.call.check_if_match_when_given(key.version())?;
        let (id, answers) = (key.id.clone(), ApiKeyAnswers::new(&ctx, &partner));
        Ok(move |tx: &mut Tx| {
            // Only the first revocation changes the key, so only the first is recorded in the audit.
            if !keys::store::revoke(tx, &id, now)? {
                tx.record_each_instead(Vec::new());
            }
            answers.changed(tx, &id)
        })
    };
    let attempt = actions::PARTNER_KEY_REVOKED.on(key.id.uuid());
    let answer = ctx.write(attempt, idempotency::public(), prepare).await?;
    keys.refresh(&ctx.db, now).await?;
    Ok(answer)
}

async fn find(ctx: &Context<PartnerKeeper>, names: NamedWithin<PartnerName, ApiKeyId>) -> Result<(Partner, ApiKey)> {
    let read = move |conn: &mut _| {
        let partner = store::find(conn, &names.0)?;
        let key = keys::store::find(conn, partner.id, &names.1)?;
        Ok((partner, key))
    };
    ctx.read(read).await
}

/// Logs `refreshed` if it is an error, instead of failing the call: the server could not reload the keys after a new one was
/// stored. The answer with the new key's secret must not be lost only because this server accepts the key a second later.
fn told_soon(refreshed: Result<()>) {
    if let Err(error) = refreshed {
        tracing::warn!(cause = ?error.cause(), "this server does not accept a new key yet; keys are read again within a second");
    }
}
