//! All tables whose rows are bound (see [`crate::binding`]), and the first binding of the rows of an older database.

use diesel::prelude::*;

use crate::audit::authorship::RecordKey;
use crate::audit::{self, Actor, Entry, actions};
use crate::auth::agency_row::AgencyRows;
use crate::auth::keys::bound::KeyRows;
use crate::binding::{self, Binder, BoundTable, RowCode};
use crate::db::connection::Purpose;
use crate::db::schema::{audit_records, bound_rows_since};
use crate::db::{DbConn, Prepare, Target, dialect};
use crate::error::Result;
use crate::families::bound::FamilyRows;
use crate::families::offices::FamilyOfficeRows;
use crate::id::AuditRecordId;
use crate::moment::Moment;
use crate::on_backend;
use crate::outreach::bound::{ContactRows, FollowUpRows, OfferRows};
use crate::people::bound::PersonRows;
use crate::people::guest_rows::GuestRows;
use crate::people::offices::PersonOfficeRows;
use crate::referrals::bound::{EventRows, MessageRows, ReferralRows};
use crate::time::Timestamp;
use crate::vault::Vault;

/// The bound tables, in the order in which a verification goes through them.
pub const ALL: [&dyn BoundTable; 13] = [
    &ReferralRows,
    &PersonRows,
    &FamilyRows,
    &ContactRows,
    &OfferRows,
    &FollowUpRows,
    &KeyRows,
    &AgencyRows,
    &PersonOfficeRows,
    &FamilyOfficeRows,
    &GuestRows,
    &EventRows,
    &MessageRows,
];

/// The binder of all bound tables, with the key of `vault`.
pub fn binder(vault: &Vault) -> Binder {
    Binder { vault: vault.clone(), tables: &ALL }
}

/// The preparation of a database's connections: each carries the binder.
pub fn carried(binder: &Binder) -> Prepare {
    let binder = binder.clone();
    std::sync::Arc::new(move |conn| binding::carry(conn, binder.clone()))
}

/// The number of rows that are read at once.
const AT_ONCE: i64 = 500;

/// Gives the rows of an older database their codes, once: when the program starts for the first time with the layout that has them.
/// The audit records that it was done, if there were such rows. Other servers wait meanwhile.
///
/// If an audit record names a row that was written with a code, the program has run with this layout before. Then rows without a
/// code are not genuine, and get none.
pub fn bind_older_rows(target: &Target, binder: &Binder, moment: &Moment) -> Result<()> {
    let mut conn = target.connect(Purpose::Writing)?;
    if is_done(&mut conn)? {
        return Ok(());
    }
    dialect::while_alone(&mut conn, |conn| {
        if is_done(conn)? {
            return Ok(());
        }
        let is_new = !has_written(conn)?;
        let mut bound = 0;
        if is_new {
            for table in binder.tables {
                bound += bind(conn, *table, &binder.vault)?;
            }
        } else {
            tracing::error!("the note is gone that the rows have their codes; rows without a code are not given one");
        }
        if bound > 0 {
            let key = RecordKey::of(binder.vault.ring());
            let done = Entry::new(&key, moment, Actor::System, actions::ROWS_BOUND, Vec::new(), String::new());
            audit::record(conn, &done)?;
            tracing::info!(rows = bound, "the rows of an older layout have got their codes");
        }
        note_done(conn, moment.now)
    })
}

fn is_done(conn: &mut DbConn) -> Result<bool> {
    let count: i64 = bound_rows_since::table.count().get_result(conn)?;
    Ok(count > 0)
}

fn note_done(conn: &mut DbConn, now: Timestamp) -> Result<()> {
    let row = (bound_rows_since::id.eq(1), bound_rows_since::at.eq(now));
    diesel::insert_into(bound_rows_since::table).values(row).execute(conn)?;
    Ok(())
}

/// Whether an audit record names a row that was written with a code.
fn has_written(conn: &mut DbConn) -> Result<bool> {
    let naming = audit_records::table.filter(audit_records::left_rows.is_not_null());
    let newest = naming.order(audit_records::id.desc()).select(audit_records::id);
    let newest: Option<AuditRecordId> = on_backend!(conn, conn => newest.first(conn).optional())?;
    Ok(newest.is_some())
}

/// Gives the rows of a table that have no code their codes. Returns their number.
fn bind(conn: &mut DbConn, table: &dyn BoundTable, vault: &Vault) -> Result<usize> {
    let (mut bound, mut after) = (0, None);
    loop {
        let rows = table.after(conn, after.as_deref(), AT_ONCE)?;
        let Some(last) = rows.last() else { return Ok(bound) };
        after = Some(last.name.clone());
        for row in rows.iter().filter(|row| row.code.is_none()) {
            if let Some(cells) = &row.cells {
                table.write_code(conn, &row.name, &RowCode::new(table.name(), 0, cells, vault))?;
                bound += 1;
            }
        }
    }
}
