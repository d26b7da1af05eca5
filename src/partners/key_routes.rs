//! The keys of partner agencies over HTTP, for administrators.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};

use crate::audit;
use crate::auth::keys::{self, ApiKey, ApiKeyId, Keyring, PlainKey};
use crate::auth::{Acting, PartnerKeeper};
use crate::db::{Db, DbConn};
use crate::error::{Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::{Named, NamedWithin};
use crate::http::written::Written;
use crate::idempotency::{Replay, Retries, Slot};
use crate::partners::api_keys::{NewApiKey, Rotation};
use crate::partners::routes::entry;
use crate::partners::view::{ApiKeyView, IssuedApiKey, key_path};
use crate::partners::{Partner, store};
use crate::slug::{PartnerName, Slug};

/// The operations on keys of partner agencies.
pub fn mount(api: &mut impl Mount) {
    api.service(list_api_keys).service(create_api_key).service(get_api_key);
    api.service(rotate_api_key).service(revoke_api_key);
}

/// List the keys of a partner agency
///
/// All keys that the partner agency ever had, in the order in which they were made. `lastUsedAt` is accurate to about a minute,
/// because uses are written in batches. No secret is shown.
#[utoipa::path(
    operation_id = "listApiKeys",
    tag = "partners",
    params(("id" = PartnerName, Path, description = "The partner agency's identifier or slug."), PagingParameters),
    responses((status = 200, description = "A page of keys.", body = Page<ApiKeyView>)),
    security(("staffToken" = []))
)]
#[get("/partners/{id}/api-keys")]
async fn list_api_keys(
    _: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    name: Named<PartnerName>,
    paging: Paging,
) -> Result<HttpResponse> {
    let read = move |conn: &mut DbConn| {
        let partner = store::find(conn, &name.0)?;
        Ok((keys::store::of_partner(conn, partner.id)?, partner))
    };
    let (keys, partner) = db.read(read).await?;
    let keys: Vec<&ApiKey> = keys.iter().collect();
    let position = |key: &ApiKey| (key.created_at.micros(), key.id.to_string());
    let found = paging.of_sorted(&call, &keys, position)?;
    let view = |key: &ApiKey| ApiKeyView::new(key.clone(), &partner.slug, &call, call.moment.now);
    Ok(call.give(found.answer(&call, &paging, view)?, Cache::NoStore))
}

/// Make a key for a partner agency
///
/// The answer contains the key itself, in `secret`. It is shown only this once, so hand it over at once and by a safe way. The
/// key is valid immediately; other servers accept it within two seconds.
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
    admin: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    keys: Data<Keyring>,
    retries: Data<Retries>,
    name: Named<PartnerName>,
    new: Body<NewApiKey>,
) -> Result<HttpResponse> {
    let partner = db.read(move |conn| store::find(conn, &name.0)).await?;
    let again = Replay::of_public("partner_key.created.replayed", "partner_key");
    let create = async |slot: Slot| {
        let (key, plain) = keys.issue(partner.id, new.0.terms(call.moment.now)?, &call.moment);
        let id = key.id.uuid();
        let entry = entry(&admin, &call, "partner_key.created", "partner_key", vec![id]);
        let answer = issued(&call, &key, &plain, &partner.slug)?;
        let kept = answer.clone();
        let write = move |conn: &mut DbConn| {
            keys::store::insert(conn, &key)?;
            audit::record(conn, &entry)?;
            slot.keep(conn, id, &kept)
        };
        db.write(write).await?;
        told_soon(keys.refresh(&db, call.moment.now).await);
        Ok(answer)
    };
    call.send(retries.once(&call, admin.actor(), again, create).await?)
}

/// Get a key of a partner agency
///
/// One key without its secret, with links to the operations that are possible on it now.
#[utoipa::path(
    operation_id = "getApiKey",
    tag = "partners",
    params(
        ("id" = PartnerName, Path, description = "The partner agency's identifier or slug."),
        ("keyId" = ApiKeyId, Path, description = "The key's identifier: the third part of the key.")
    ),
    responses((status = 200, description = "The key, without its secret.", body = ApiKeyView)),
    security(("staffToken" = []))
)]
#[get("/partners/{id}/api-keys/{keyId}")]
async fn get_api_key(
    _: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    names: NamedWithin<PartnerName, ApiKeyId>,
) -> Result<HttpResponse> {
    let (partner, key) = find(&db, names).await?;
    let version = Validator::Version(key.version());
    call.found(&ApiKeyView::new(key, &partner.slug, &call, call.moment.now), version, Cache::NoStore)
}

/// Put a new key in the place of another
///
/// The answer contains a new key with the same label, scopes and networks, and its secret, which is shown only this once. If the
/// old key expires, the new one is valid from now on for as long as the old one was made for. The old key stays valid until
/// `overlapUntil`, so that the agency has time to change over: 24 hours by default, and at most 30 days. A key that has ended or
/// was already rotated is not rotated (409).
#[utoipa::path(
    operation_id = "rotateApiKey",
    tag = "partners",
    params(
        ("id" = PartnerName, Path, description = "The partner agency's identifier or slug."),
        ("keyId" = ApiKeyId, Path, description = "The key's identifier: the third part of the key.")
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
    admin: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    keys: Data<Keyring>,
    retries: Data<Retries>,
    names: NamedWithin<PartnerName, ApiKeyId>,
    rotation: Body<Rotation>,
) -> Result<HttpResponse> {
    let (partner, old) = find(&db, names).await?;
    let now = call.moment.now;
    let again = Replay::of_public("partner_key.rotated.replayed", "partner_key");
    let rotate = async |slot: Slot| {
        call.check_if_match_when_given(old.version())?;
        let overlap_until = rotation.0.overlap_until(now)?;
        if !old.may_be_rotated(now) {
            return Err(keys::ended());
        }
        let (next, plain) = keys.issue(partner.id, old.terms_of_next(now), &call.moment);
        let (old_id, id) = (old.id.clone(), next.id.uuid());
        let entry = entry(&admin, &call, "partner_key.rotated", "partner_key", vec![old_id.uuid(), id]);
        let answer = issued(&call, &next, &plain, &partner.slug)?;
        let kept = answer.clone();
        let write = move |conn: &mut DbConn| {
            keys::store::insert(conn, &next)?;
            // Somebody else may have rotated or revoked the key since it was read.
            if !keys::store::rotate(conn, &old_id, &next.id, overlap_until)? {
                return Err(keys::ended());
            }
            audit::record(conn, &entry)?;
            slot.keep(conn, id, &kept)
        };
        db.write(write).await?;
        told_soon(keys.refresh(&db, now).await);
        Ok(answer)
    };
    call.send(retries.once(&call, admin.actor(), again, rotate).await?)
}

/// Revoke a key of a partner agency
///
/// The key stops being valid: immediately on this server, and within two seconds on others. A revocation cannot be undone. A key
/// that is already revoked is answered unchanged, so the call may be repeated.
#[utoipa::path(
    operation_id = "revokeApiKey",
    tag = "partners",
    params(
        ("id" = PartnerName, Path, description = "The partner agency's identifier or slug."),
        ("keyId" = ApiKeyId, Path, description = "The key's identifier: the third part of the key.")
    ),
    responses((status = 200, description = "The key as it is now.", body = ApiKeyView), (status = 412, description = "The key has changed since the version in `If-Match`.")),
    security(("staffToken" = [])),
    extensions(("x-answer-example" = json!({ "revokedAt": "2026-11-21T14:30:00Z" })))
)]
#[post("/partners/{id}/api-keys/{keyId}/revoke")]
async fn revoke_api_key(
    admin: PartnerKeeper,
    call: Call,
    db: Data<Db>,
    keys: Data<Keyring>,
    retries: Data<Retries>,
    names: NamedWithin<PartnerName, ApiKeyId>,
) -> Result<HttpResponse> {
    let (partner, key) = find(&db, names).await?;
    let again = Replay::of_public("partner_key.revoked.replayed", "partner_key");
    let revoke = async |slot: Slot| {
        call.check_if_match_when_given(key.version())?;
        let entry = entry(&admin, &call, "partner_key.revoked", "partner_key", vec![key.id.uuid()]);
        let (id, now, links) = (key.id, call.moment.now, call.links());
        let write = move |conn: &mut DbConn| {
            // Only the first revocation changes the key, so only the first is recorded in the audit.
            if keys::store::revoke(conn, &id, now)? {
                audit::record(conn, &entry)?;
            }
            let key = keys::store::find(conn, partner.id, &id)?;
            let version = Validator::Version(key.version());
            let answer = Written::changed(&ApiKeyView::new(key, &partner.slug, &links, now), version)?;
            slot.keep(conn, id.uuid(), &answer)?;
            Ok(answer)
        };
        let answer = db.write(write).await?;
        keys.refresh(&db, now).await?;
        Ok(answer)
    };
    call.send(retries.once(&call, admin.actor(), again, revoke).await?)
}

async fn find(db: &Db, names: NamedWithin<PartnerName, ApiKeyId>) -> Result<(Partner, ApiKey)> {
    let read = move |conn: &mut DbConn| {
        let partner = store::find(conn, &names.0)?;
        let key = keys::store::find(conn, partner.id, &names.1)?;
        Ok((partner, key))
    };
    db.read(read).await
}

/// The answer that shows a new key's secret, the only time that it is shown.
fn issued(call: &Call, key: &ApiKey, plain: &PlainKey, slug: &Slug) -> Result<Written> {
    let (path, version) = (key_path(slug, &key.id), Validator::Version(key.version()));
    let view = ApiKeyView::new(key.clone(), slug, call, call.moment.now);
    let told = IssuedApiKey { key: &view, secret: plain.reveal() };
    Written::created_telling(call, &path, &view, version, &told)
}

/// Logs a failed reload of the keys instead of failing the call. The key has been made and its secret is shown only now, so the
/// answer must not be lost because this server accepts the key a second later.
fn told_soon(refreshed: Result<()>) {
    if let Err(error) = refreshed {
        tracing::warn!(cause = ?error.cause(), "this server does not accept a new key yet; keys are read again within a second");
    }
}
