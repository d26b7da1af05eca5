//! The sealing of what an older version of the program has left without a seal. Its records have no codes.

use uuid::Uuid;

use crate::audit::chain::Sealer;
use crate::audit::margin::settled_before;
use crate::audit::record::AuditRecord;
use crate::audit::seal::BATCH;
use crate::audit::store::{self, SealedRecord};
use crate::db::DbConn;
use crate::error::Result;
use crate::id::AuditRecordId;

/// Seals the first records without a code that have no seal. Returns false once there are none.
pub fn adopt(conn: &mut DbConn, sealer: &Sealer) -> Result<bool> {
    let last = store::last_seal(conn)?;
    let newest = store::newest_sealed(conn)?;
    let nothing = AuditRecordId::from_uuid(Uuid::nil());
    let mut behind = newest.map_or(nothing, |newest| settled_before(newest.made_at(), newest.made_at()));
    loop {
        let page = store::unsealed(conn, behind, BATCH)?;
        let Some((end, _)) = page.last() else { return Ok(false) };
        behind = *end;
        let old: Vec<AuditRecord> = page.into_iter().filter_map(|(_, record)| without_code(record)).collect();
        if !old.is_empty() {
            return store::append(conn, last.as_ref(), &sealer.chain(last.as_ref(), &old));
        }
    }
}

fn without_code(record: SealedRecord) -> Option<AuditRecord> {
    match record {
        SealedRecord::AuditRecord(record) if !record.has_code() => Some(*record),
        _ => None,
    }
}
