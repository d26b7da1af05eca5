//! What is remembered: every change, and every reading of personal data.
//!
//! - A change and its record commit in one transaction.
//! - No personal data leaves the server before the record of its reading is durable.
//! - Records are append-only; the database itself refuses to change or remove one.
//! - A record names things by identifier alone, so it may be read by those who may not read the things.

use diesel::prelude::*;
use uuid::Uuid;

use crate::db::DbConn;
use crate::db::columns::Json;
use crate::db::schema::audit_records;
use crate::error::Result;
use crate::id::{AuditRecordId, PartnerId, StaffId};
use crate::on_backend;
use crate::time::{Moment, Timestamp};

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A member of staff.
    Staff(StaffId),
    /// A partner agency's system.
    Partner(PartnerId),
    /// The program itself, at somebody's command line.
    System,
}

impl Actor {
    fn text(self) -> String {
        match self {
            Self::Staff(id) => format!("staff:{id}"),
            Self::Partner(id) => format!("partner:{id}"),
            Self::System => "system".to_owned(),
        }
    }
}

/// One record.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = audit_records)]
pub struct Entry {
    id: AuditRecordId,
    at: Timestamp,
    actor: String,
    action: &'static str,
    resource_type: &'static str,
    resource_ids: Json<Vec<Uuid>>,
    trace_id: String,
}

impl Entry {
    /// A record of `action`, such as `referral.read`, on things of one type.
    pub fn new(
        moment: &Moment,
        actor: Actor,
        action: &'static str,
        resource_type: &'static str,
        resource_ids: Vec<Uuid>,
        trace_id: String,
    ) -> Self {
        let (id, at, actor) = (moment.id(), moment.now, actor.text());
        Self { id, at, actor, action, resource_type, resource_ids: Json(resource_ids), trace_id }
    }

    /// The same record about other things: a reading knows what it has read only afterwards.
    pub fn about(self, resource_ids: Vec<Uuid>) -> Self {
        Self { resource_ids: Json(resource_ids), ..self }
    }

    /// The same record, also about these: what was read with the thing itself.
    pub fn also_about(self, resource_ids: Vec<Uuid>) -> Self {
        let Json(mut all) = self.resource_ids;
        all.extend(resource_ids);
        Self { resource_ids: Json(all), ..self }
    }
}

/// Writes a record, as one statement.
pub fn record(conn: &mut DbConn, entry: &Entry) -> Result<()> {
    on_backend!(conn, conn => diesel::insert_into(audit_records::table).values(entry).execute(conn))?;
    Ok(())
}
