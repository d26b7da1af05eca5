//! The sealing of what was left without a seal when the server starts: by an older version of the program, whose records have no
//! codes, or by a server that ended before it had sealed everything.

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
    seal_first(conn, sealer, |record| !record.has_code())
}

/// Seals the first records that the program wrote and that have no seal. Returns false once there are none.
pub fn seal_waiting(conn: &mut DbConn, sealer: &Sealer) -> Result<bool> {
    seal_first(conn, sealer, |record| record.is_authentic(&sealer.record_key))
}

fn seal_first(conn: &mut DbConn, sealer: &Sealer, is_wanted: impl Fn(&AuditRecord) -> bool) -> Result<bool> {
    let last = store::last_seal(conn)?;
    let newest = store::newest_sealed(conn)?;
    let nothing = AuditRecordId::from_uuid(Uuid::nil());
    let mut behind = newest.map_or(nothing, |newest| settled_before(newest.made_at(), newest.made_at()));
    loop {
        let page = store::unsealed(conn, behind, BATCH)?;
        let Some((end, _)) = page.last() else { return Ok(false) };
        behind = *end;
        let records = page.into_iter().filter_map(|(_, record)| match record {
            SealedRecord::AuditRecord(record) if is_wanted(&record) => Some(*record),
            _ => None,
        });
        let records: Vec<AuditRecord> = records.collect();
        if !records.is_empty() {
            return store::append(conn, last.as_ref(), &sealer.chain(last.as_ref(), &records));
        }
    }
}
