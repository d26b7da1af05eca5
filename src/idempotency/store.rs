//! All database statements on the answers that are kept for repeated calls.

use diesel::prelude::*;
use uuid::Uuid;

use crate::db::DbConn;
use crate::db::schema::kept_answers;
use crate::error::Result;
use crate::id::{KeptAnswerId, ResourceId};
use crate::on_backend;
use crate::time::Timestamp;
use crate::vault::Sealed;

/// The most expired answers that one transaction removes, so that other writers do not wait long.
pub const AT_ONCE: usize = 500;

/// An answer that is kept for repeated calls, as it is stored.
pub struct KeptAnswer {
    /// The identifier of the kept answer. The seal of the answer is bound to it, so that it opens only in this row.
    pub id: KeptAnswerId,
    /// The keyed hash of the caller and the caller's idempotency key.
    pub key_hash: Vec<u8>,
    pub fingerprint: Vec<u8>,
    /// The identifier of the resource that the answer is about.
    pub resource_id: Uuid,
    pub answer: Sealed,
    /// The time at which the answer expires: from then on, it is not given again.
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

/// Returns the answer that is kept under the hash of a caller and an idempotency key, if it has not expired at `now`.
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

/// Stores an answer. It replaces an expired one under the same hash of caller and key; if there is one that has not expired at
/// `now`, the error is `AlreadyExists`.
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

/// Returns the identifiers of up to [`AT_ONCE`] answers that have expired at `now`.
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
