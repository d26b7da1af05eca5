//! All queries on kept answers.

use diesel::prelude::*;
use uuid::Uuid;

use crate::db::DbConn;
use crate::db::schema::kept_answers;
use crate::error::Result;
use crate::id::{KeptAnswerId, ResourceId};
use crate::on_backend;
use crate::time::Timestamp;
use crate::vault::Sealed;

/// The most answers that one transaction removes, so that other writers do not wait long.
pub const AT_ONCE: usize = 500;

/// An answer that is kept for repeated calls.
pub struct KeptAnswer {
    /// The identifier, to which the seal of the answer is bound.
    pub id: KeptAnswerId,
    /// The hash of the caller and the idempotency key.
    pub key_hash: Vec<u8>,
    pub fingerprint: Vec<u8>,
    /// The resource that the answer is about.
    pub resource_id: Uuid,
    pub answer: Sealed,
    /// The time until which the answer is given again.
    pub expires_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = kept_answers)]
struct KeptAnswerRow {
    id: KeptAnswerId,
    key_hash: Vec<u8>,
    fingerprint: Vec<u8>,
    resource_id: ResourceId,
    answer: Sealed,
    expires_at: Timestamp,
}

/// Returns the answer kept under this key, if it has not expired.
pub fn find(conn: &mut DbConn, key_hash: &[u8; 32], now: Timestamp) -> Result<Option<KeptAnswer>> {
    let held = kept_answers::table
        .filter(kept_answers::key_hash.eq(key_hash.as_slice()))
        .filter(kept_answers::expires_at.gt(now));
    let row: Option<KeptAnswerRow> = on_backend!(conn, conn => held.first(conn).optional())?;
    Ok(row.map(|row| KeptAnswer {
        id: row.id,
        key_hash: row.key_hash,
        fingerprint: row.fingerprint,
        resource_id: row.resource_id.uuid(),
        answer: row.answer,
        expires_at: row.expires_at,
    }))
}

/// Keeps an answer. It replaces an expired answer under the same key; an answer that has not expired is a conflict.
pub fn insert(conn: &mut DbConn, kept: KeptAnswer, now: Timestamp) -> Result<()> {
    let row = KeptAnswerRow {
        id: kept.id,
        key_hash: kept.key_hash,
        fingerprint: kept.fingerprint,
        resource_id: ResourceId::from_uuid(kept.resource_id),
        answer: kept.answer,
        expires_at: kept.expires_at,
    };
    let expired =
        kept_answers::table.filter(kept_answers::key_hash.eq(&row.key_hash)).filter(kept_answers::expires_at.le(now));
    on_backend!(conn, conn => diesel::delete(expired).execute(conn))?;
    on_backend!(conn, conn => diesel::insert_into(kept_answers::table).values(&row).execute(conn))?;
    Ok(())
}

/// Returns up to [`AT_ONCE`] expired answers.
pub fn expired(conn: &mut DbConn, now: Timestamp) -> Result<Vec<KeptAnswerId>> {
    let most = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    let expired = kept_answers::table
        .filter(kept_answers::expires_at.le(now))
        .order(kept_answers::expires_at)
        .select(kept_answers::id)
        .limit(most);
    Ok(on_backend!(conn, conn => expired.load(conn))?)
}

pub fn remove(conn: &mut DbConn, expired: &[KeptAnswerId]) -> Result<()> {
    on_backend!(conn, conn => diesel::delete(kept_answers::table.filter(kept_answers::id.eq_any(expired.to_vec()))).execute(conn))?;
    Ok(())
}
