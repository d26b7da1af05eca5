//! All database statements on the API keys of partner agencies.

use diesel::prelude::*;

use crate::auth::agency_row::AgencyRow;
use crate::auth::keys::{ApiKey, ApiKeyId};
use crate::auth::{Category, PartnerStatus};
use crate::binding;
use crate::db::DbConn;
use crate::db::schema::{partner_keys, partners};
use crate::error::{Error, Result};
use crate::id::PartnerId;
use crate::on_backend;
use crate::time::Timestamp;

pub fn insert(conn: &mut DbConn, key: &ApiKey) -> Result<()> {
    let row = binding::coded(conn, key)?;
    on_backend!(conn, conn => diesel::insert_into(partner_keys::table).values(row).execute(conn))?;
    Ok(())
}

/// Returns all API keys of a partner agency, also the ended ones, in the order in which they were made. A key that is not as it was
/// written is left out.
pub fn of_partner(conn: &mut DbConn, partner: PartnerId) -> Result<Vec<ApiKey>> {
    let of_partner = partner_keys::table.filter(partner_keys::partner_id.eq(partner));
    let ordered = of_partner.order((partner_keys::created_at, partner_keys::id));
    let keys: Vec<ApiKey> = on_backend!(&mut *conn, conn => ordered.select(ApiKey::as_select()).load(conn))?;
    let vault = binding::carried_by(conn)?.vault;
    Ok(keys.into_iter().filter(|key| binding::check(key, &vault).is_ok()).collect())
}

/// Returns an API key. Fails with `NotFound` if it does not exist or belongs to another agency.
pub fn find(conn: &mut DbConn, partner: PartnerId, id: &ApiKeyId) -> Result<ApiKey> {
    let key = partner_keys::table.find(id);
    let found: Option<ApiKey> =
        on_backend!(&mut *conn, conn => key.select(ApiKey::as_select()).first(conn).optional())?;
    let found = found.filter(|key| key.partner_id == partner).ok_or_else(Error::not_found)?;
    binding::check(&found, &binding::carried_by(conn)?.vault)?;
    Ok(found)
}

/// Stores that the key `next` replaces the key `old`, which stays valid until `overlap_until`. Returns false and changes nothing if
/// the old key was already revoked or rotated.
pub fn rotate(conn: &mut DbConn, old: &ApiKeyId, next: &ApiKeyId, overlap_until: Timestamp) -> Result<bool> {
    let in_force = partner_keys::table
        .find(old)
        .filter(partner_keys::revoked_at.is_null())
        .filter(partner_keys::rotated_to.is_null());
    let change = (partner_keys::rotated_to.eq(next), partner_keys::overlap_until.eq(overlap_until));
    binding::changing(conn, "partner_keys", &[old], |conn| {
        Ok(on_backend!(conn, conn => diesel::update(in_force).set(change).execute(conn))? == 1)
    })
}

/// Revokes an API key. Returns false and changes nothing if it was already revoked.
pub fn revoke(conn: &mut DbConn, id: &ApiKeyId, now: Timestamp) -> Result<bool> {
    let in_force = partner_keys::table.find(id).filter(partner_keys::revoked_at.is_null());
    let change = partner_keys::revoked_at.eq(now);
    binding::changing(conn, "partner_keys", &[id], |conn| {
        Ok(on_backend!(conn, conn => diesel::update(in_force).set(change).execute(conn))? == 1)
    })
}

/// Stores the times of the last uses of API keys, except those for which a later use is already stored.
pub fn note_uses(conn: &mut DbConn, uses: &[(ApiKeyId, Timestamp)]) -> Result<()> {
    for (id, at) in uses {
        let earlier = partner_keys::last_used_at.is_null().or(partner_keys::last_used_at.lt(*at));
        let key = partner_keys::table.find(id).filter(earlier);
        on_backend!(conn, conn => diesel::update(key).set(partner_keys::last_used_at.eq(*at)).execute(conn))?;
    }
    Ok(())
}

/// Returns the API keys that a [`Keyring`](crate::auth::keys::Keyring) must know, with the categories and statuses of their
/// agencies: the valid ones, and those that ended after `since`, so that the reason for refusing them can be counted. A key is left
/// out if its row, or that of its agency, is not as it was written: then nobody can sign in with it.
pub fn for_ring(conn: &mut DbConn, since: Timestamp) -> Result<Vec<(ApiKey, Category, PartnerStatus)>> {
    let recent = partner_keys::table
        .inner_join(partners::table)
        .filter(partner_keys::revoked_at.is_null().or(partner_keys::revoked_at.gt(since)))
        .filter(partner_keys::expires_at.is_null().or(partner_keys::expires_at.gt(since)))
        .filter(partner_keys::overlap_until.is_null().or(partner_keys::overlap_until.gt(since)));
    let columns = (partner_keys::all_columns, partners::all_columns);
    let rows: Vec<(ApiKey, AgencyRow)> = on_backend!(&mut *conn, conn => recent.select(columns).load(conn))?;
    let vault = binding::carried_by(conn)?.vault;
    let is_sound = |(key, agency): &(ApiKey, AgencyRow)| {
        binding::check(key, &vault).and_then(|()| binding::check(agency, &vault)).is_ok()
    };
    let sound = rows.into_iter().filter(is_sound);
    Ok(sound.map(|(key, agency)| (key, agency.category, agency.status)).collect())
}
