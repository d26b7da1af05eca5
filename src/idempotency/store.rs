//! Every query on kept answers.

use diesel::prelude::*;
use uuid::Uuid;

use crate::db::DbConn;
use crate::db::schema::kept_answers;
use crate::error::Result;
use crate::id::{KeptAnswerId, ResourceId};
use crate::on_backend;
use crate::time::Timestamp;
use crate::vault::Sealed;

/// So many are removed in one transaction: writers wait for no more than that.
pub const AT_ONCE: usize = 500;

/// An answer that is given again.
pub struct KeptAnswer {
    /// Identifies it; the seal is bound to it.
    pub id: KeptAnswerId,
    /// The hash of its caller and their key.
    pub key_hash: Vec<u8>,
    /// The hash of the request.
    pub fingerprint: Vec<u8>,
    /// What it is about.
    pub resource_id: Uuid,
    /// The answer.
    pub answer: Sealed,
    /// Until when it is given again.
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

/// The answer under this key, if it still holds.
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

/// Keeps an answer. One under the same key that does not hold any more makes room; one that holds is a conflict.
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

/// Some of those that do not hold any more.
pub fn expired(conn: &mut DbConn, now: Timestamp) -> Result<Vec<KeptAnswerId>> {
    let most = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    let expired = kept_answers::table
        .filter(kept_answers::expires_at.le(now))
        .order(kept_answers::expires_at)
        .select(kept_answers::id)
        .limit(most);
    Ok(on_backend!(conn, conn => expired.load(conn))?)
}

/// Removes these.
pub fn remove(conn: &mut DbConn, expired: &[KeptAnswerId]) -> Result<()> {
    on_backend!(conn, conn => diesel::delete(kept_answers::table.filter(kept_answers::id.eq_any(expired.to_vec()))).execute(conn))?;
    Ok(())
}
