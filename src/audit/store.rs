//! All SQL on the audit: its records and their seals.

use std::collections::HashSet;

use chrono::TimeDelta;
use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::Bool;

use crate::audit::actions;
use crate::audit::actor::Actor;
use crate::audit::authorship::RecordKey;
use crate::audit::chain::{Head, Seal};
use crate::audit::record::AuditRecord;
use crate::db::among::among;
use crate::db::schema::{audit_record_resources, audit_records, audit_seals};
use crate::db::sql_types::SqlUuid;
use crate::db::{DbConn, dialect};
use crate::error::Result;
use crate::http::page::PageStart;
use crate::id::{AnchorId, AuditRecordId, ResourceId};
use crate::on_backend;
use crate::time::Timestamp;

/// The filters of the list of audit records. A record must match all that are set.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub actor: Option<Actor>,
    pub resource_type: Option<String>,
    /// Only records that are about the thing with this identifier, alone or among others.
    pub resource: Option<ResourceId>,
    pub action: Option<String>,
    /// Only records of actions at this time or later.
    pub from: Option<Timestamp>,
    /// Only records of actions before this time.
    pub to: Option<Timestamp>,
}

/// Makes a boxed query for the audit records that match the filter, used for both a page and a count. The type of a boxed query
/// depends on the database, so this is a macro that is compiled for each.
macro_rules! filtered {
    ($filter:expr) => {{
        let filter: &AuditFilter = $filter;
        let mut rows = audit_records::table.into_boxed();
        if let Some(actor) = filter.actor {
            rows = rows.filter(audit_records::actor.eq(actor.to_string()));
        }
        // SQLite does not know how many records have a given value. So the code chooses the index: the most selective filter uses
        // its index, and the other columns are concatenated with an empty text, which keeps SQLite from using theirs.
        let is_narrow = filter.actor.is_some() || filter.resource.is_some();
        if let Some(resource_type) = filter.resource_type.clone() {
            rows = match is_narrow || filter.action.is_some() {
                true => rows.filter(audit_records::resource_type.concat("").eq(resource_type)),
                false => rows.filter(audit_records::resource_type.eq(resource_type)),
            };
        }
        if let Some(resource) = filter.resource {
            // Each half has its index. With an `OR` of the two, the database would look at every record.
            let naming = sql::<Bool>("audit_records.id IN (SELECT id FROM audit_records WHERE resource_id = ")
                .bind::<SqlUuid, _>(resource)
                .sql(" UNION ALL SELECT record_id FROM audit_record_resources WHERE resource_id = ")
                .bind::<SqlUuid, _>(resource)
                .sql(")");
            rows = rows.filter(naming);
        }
        if let Some(action) = filter.action.clone() {
            rows = match is_narrow {
                true => rows.filter(audit_records::action.concat("").eq(action)),
                false => rows.filter(audit_records::action.eq(action)),
            };
        }
        // An identifier begins with its time, so the order of the list is also the order of these bounds.
        if let Some(from) = filter.from {
            rows = rows.filter(audit_records::id.ge(AuditRecordId::first_at(from)).and(audit_records::at.ge(from)));
        }
        if let Some(to) = filter.to {
            let behind = AuditRecordId::first_at((to.utc() + TimeDelta::milliseconds(1)).into());
            rows = rows.filter(audit_records::id.lt(behind).and(audit_records::at.lt(to)));
        }
        rows
    }};
}

/// Reads a page of the audit records that match the filter, the newest first. Reads one more than `limit`, which tells that there
/// is a next page.
pub fn page(
    conn: &mut DbConn,
    filter: &AuditFilter,
    from: &PageStart<AuditRecordId>,
    limit: u32,
) -> Result<Vec<AuditRecord>> {
    if matches!(from, PageStart::Empty) {
        return Ok(Vec::new());
    }
    Ok(on_backend!(conn, conn => {
        let rows = filtered!(filter).order(audit_records::id.desc()).limit(i64::from(limit) + 1);
        let rows = match from {
            PageStart::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            PageStart::After(last) => rows.filter(audit_records::id.lt(*last)),
            PageStart::Empty => rows,
        };
        rows.load::<AuditRecord>(conn)
    })?)
}

/// Counts the audit records that match the filter.
pub fn count(conn: &mut DbConn, filter: &AuditFilter) -> Result<u64> {
    let count: i64 = on_backend!(conn, conn => filtered!(filter).count().get_result(conn))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The last seal of the chain. `None` if nothing was sealed yet.
pub fn last_seal(conn: &mut DbConn) -> Result<Option<Seal>> {
    let last = audit_seals::table.order(audit_seals::seq.desc());
    Ok(on_backend!(conn, conn => last.first(conn).optional())?)
}

/// The identifier of the newest audit record that has a seal. `None` if nothing was sealed yet.
pub fn newest_sealed(conn: &mut DbConn) -> Result<Option<AuditRecordId>> {
    let newest = audit_seals::table.order(audit_seals::record_id.desc()).select(audit_seals::record_id);
    Ok(on_backend!(conn, conn => newest.first(conn).optional())?)
}

/// Reads the first `limit` audit records after the record `behind` that have no seal, each with its identifier. Both tables are
/// limited to what comes after `behind`, so that no query plan reads all rows.
pub fn unsealed(conn: &mut DbConn, behind: AuditRecordId, limit: i64) -> Result<Vec<(AuditRecordId, SealedRecord)>> {
    macro_rules! open {
        () => {{
            let seal = audit_seals::table.filter(audit_seals::record_id.gt(behind));
            let sealed = exists(seal.filter(audit_seals::record_id.eq(audit_records::id)));
            let open = audit_records::table.filter(audit_records::id.gt(behind)).filter(not(sealed));
            open.order(audit_records::id).limit(limit)
        }};
    }
    let records: QueryResult<Vec<AuditRecord>> = on_backend!(&mut *conn, conn => open!().load(conn));
    match records {
        Ok(records) => {
            Ok(records.into_iter().map(|record| (record.id, SealedRecord::AuditRecord(Box::new(record)))).collect())
        }
        // One unreadable row must not keep the others from being sealed.
        Err(DieselError::DeserializationError(_)) => {
            let ids: Vec<AuditRecordId> =
                on_backend!(&mut *conn, conn => open!().select(audit_records::id).load(conn))?;
            ids.into_iter().map(|id| Ok((id, record_of(conn, id)?))).collect()
        }
        Err(error) => Err(error.into()),
    }
}

/// The seal with the number `seq`. `None` if there is no such seal.
pub fn seal(conn: &mut DbConn, seq: i64) -> Result<Option<Seal>> {
    Ok(on_backend!(conn, conn => audit_seals::table.find(seq).first(conn).optional())?)
}

/// The number of the first of these heads that is not in the chain. `None` if all of them are there.
pub fn first_missing(conn: &mut DbConn, heads: &[Head]) -> Result<Option<i64>> {
    let mut missing: Vec<i64> = Vec::new();
    for heads in heads.chunks(500) {
        let numbers: Vec<i64> = heads.iter().map(|head| head.seq).collect();
        let there: Vec<Seal> = audit_seals::table.filter(audit_seals::seq.eq_any(numbers)).load(conn)?;
        let there: HashSet<(i64, Vec<u8>)> = there.into_iter().map(|seal| (seal.seq, seal.hash)).collect();
        let is_missing = |head: &&Head| !there.contains(&(head.seq, head.hash.to_vec()));
        missing.extend(heads.iter().filter(is_missing).map(|head| head.seq));
    }
    Ok(missing.into_iter().min())
}

/// Adds seals to the end of the chain. `last` is the last seal when they were made. Adds nothing and returns false if another
/// server has added seals since, or is adding some now.
pub fn append(conn: &mut DbConn, last: Option<&Seal>, seals: &[Seal]) -> Result<bool> {
    if !dialect::is_the_only_sealer(conn)? || last_seal(conn)?.as_ref() != last {
        return Ok(false);
    }
    on_backend!(conn, conn => diesel::insert_into(audit_seals::table).values(seals).execute(conn))?;
    Ok(true)
}

/// A record that a seal covers or should cover, as it was found in the database.
#[derive(Debug)]
pub enum SealedRecord {
    /// The record was found and read.
    AuditRecord(Box<AuditRecord>),
    /// There is no record with this identifier.
    Gone,
    /// There is a row for the record, but it cannot be read: this program cannot have written it.
    Unreadable,
}

/// Reads the first `limit` seals with numbers above `behind` and up to `last`, each with its record.
pub fn seals(conn: &mut DbConn, behind: i64, last: i64, limit: i64) -> Result<Vec<(Seal, SealedRecord)>> {
    let seals = audit_seals::table.filter(audit_seals::seq.gt(behind)).filter(audit_seals::seq.le(last));
    let seals = seals.order(audit_seals::seq).limit(limit);
    let both = seals
        .left_join(audit_records::table.on(audit_records::id.eq(audit_seals::record_id)))
        .select((audit_seals::all_columns, audit_records::all_columns.nullable()));
    let rows: QueryResult<Vec<(Seal, Option<AuditRecord>)>> = on_backend!(conn, conn => both.load(conn));
    match rows {
        Ok(rows) => {
            let sealed = |record: Option<AuditRecord>| {
                record.map_or(SealedRecord::Gone, |record| SealedRecord::AuditRecord(Box::new(record)))
            };
            Ok(rows.into_iter().map(|(seal, record)| (seal, sealed(record))).collect())
        }
        // One unreadable row must not hide the others.
        Err(DieselError::DeserializationError(_)) => {
            let seals: Vec<Seal> = on_backend!(conn, conn => seals.load(conn))?;
            seals.into_iter().map(|seal| Ok((seal.clone(), record_of(conn, seal.record_id)?))).collect()
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads the record with the identifier `id` by itself.
pub fn record_of(conn: &mut DbConn, id: AuditRecordId) -> Result<SealedRecord> {
    let row: QueryResult<Option<AuditRecord>> =
        on_backend!(conn, conn => audit_records::table.find(id).first(conn).optional());
    match row {
        Ok(Some(record)) => Ok(SealedRecord::AuditRecord(Box::new(record))),
        Ok(None) => Ok(SealedRecord::Gone),
        Err(DieselError::DeserializationError(_)) => Ok(SealedRecord::Unreadable),
        Err(error) => Err(error.into()),
    }
}

/// Reads the first `limit` audit records after the record `behind`. Returns the identifier of the last of them, and the
/// identifiers of those without a seal.
pub fn next_records(
    conn: &mut DbConn,
    behind: AuditRecordId,
    limit: i64,
) -> Result<(Option<AuditRecordId>, Vec<AuditRecordId>)> {
    let records = audit_records::table.filter(audit_records::id.gt(behind)).select(audit_records::id);
    let records: Vec<AuditRecordId> =
        on_backend!(conn, conn => records.order(audit_records::id).limit(limit).load(conn))?;
    let Some(last) = records.last().copied() else { return Ok((None, Vec::new())) };
    let seals = audit_seals::table.filter(audit_seals::record_id.gt(behind)).filter(audit_seals::record_id.le(last));
    // The seals are read after the records, so that a record which is sealed in between is not taken for an unsealed one.
    let sealed: Vec<AuditRecordId> = on_backend!(conn, conn => seals.select(audit_seals::record_id).load(conn))?;
    let sealed: HashSet<AuditRecordId> = sealed.into_iter().collect();
    Ok((Some(last), records.into_iter().filter(|id| !sealed.contains(id)).collect()))
}

/// Whether a search for any of the things that a record is about finds the record. A record about several things must be listed
/// under each of them in `audit_record_resources`.
pub fn is_named_by_all(conn: &mut DbConn, record: &AuditRecord) -> Result<bool> {
    let things: HashSet<ResourceId> = record.resources().into_iter().map(ResourceId::from_uuid).collect();
    if record.resource_id.is_some() || things.is_empty() {
        return Ok(true);
    }
    let count = i64::try_from(things.len()).unwrap_or(i64::MAX);
    let named = audit_record_resources::table
        .filter(audit_record_resources::record_id.eq(record.id))
        .filter(among(audit_record_resources::resource_id, things))
        .count();
    let named: i64 = on_backend!(conn, conn => named.get_result(conn))?;
    Ok(named == count)
}

/// The largest number of records that are looked at in order to find one that the program wrote.
const CANDIDATES: i64 = 1_000;

/// Whether a server of this database has made an anchor.
pub fn has_anchor(conn: &mut DbConn, key: &RecordKey) -> Result<bool> {
    let made = audit_records::table.filter(audit_records::action.eq(actions::AUDIT_ANCHOR_MADE.code));
    let made = made.order(audit_records::id).limit(CANDIDATES).select(audit_records::id);
    let ids: Vec<AuditRecordId> = on_backend!(&mut *conn, conn => made.load(conn))?;
    any_authentic(conn, key, ids)
}

/// Whether it is recorded that this anchor was made.
pub fn knows_anchor(conn: &mut DbConn, key: &RecordKey, id: AnchorId) -> Result<bool> {
    let records = naming(conn, actions::AUDIT_ANCHOR_MADE.code, ResourceId::from_uuid(id.uuid()))?;
    any_authentic(conn, key, records)
}

/// Whether a break of the audit is recorded that names this record.
pub fn is_reported(conn: &mut DbConn, key: &RecordKey, id: AuditRecordId) -> Result<bool> {
    let records = naming(conn, actions::AUDIT_BREAK.code, ResourceId::from_uuid(id.uuid()))?;
    any_authentic(conn, key, records)
}

/// The identifiers of records of the action `action` that are about `resource`, alone or among others.
fn naming(conn: &mut DbConn, action: &str, resource: ResourceId) -> Result<Vec<AuditRecordId>> {
    let listed = audit_record_resources::table.filter(audit_record_resources::resource_id.eq(resource));
    let listed = listed.limit(CANDIDATES).select(audit_record_resources::record_id);
    let listed: Vec<AuditRecordId> = on_backend!(&mut *conn, conn => listed.load(conn))?;
    let about = audit_records::resource_id.eq(resource).assume_not_null().or(audit_records::id.eq_any(listed));
    let records = audit_records::table.filter(audit_records::action.eq(action).and(about));
    let records = records.limit(CANDIDATES).select(audit_records::id);
    Ok(on_backend!(conn, conn => records.load(conn))?)
}

fn any_authentic(conn: &mut DbConn, key: &RecordKey, ids: Vec<AuditRecordId>) -> Result<bool> {
    for id in ids {
        if matches!(record_of(conn, id)?, SealedRecord::AuditRecord(record) if record.is_authentic(key)) {
            return Ok(true);
        }
    }
    Ok(false)
}
