//! What is remembered: every change, and every reading of personal data.
//!
//! - A change and its record commit in one transaction.
//! - No personal data leaves the server before the record of its reading is durable.
//! - What somebody asks for and may not know of leaves the same kind of record, `denied`, whether it exists or not: see
//!   [`denials`].
//! - Records are append-only; the database itself refuses to change or remove one. Against somebody who gets past the database
//!   there are seals: see [`seal`] and [`verify`].
//! - A record names things by identifier alone, so it may be read by those who may not read the things.
//!
//! Lag (2001:454) om behandling av personuppgifter inom socialtjänsten, 10 §, wants each access to be documented, and looked through
//! for those who had no business there. So a record also says for which office, under which reason and from which client.

mod actor;
pub mod chain;
pub mod client;
pub mod denials;
mod reason;
pub mod record;
pub mod routes;
pub mod seal;
pub mod store;
pub mod verify;
mod views;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::DbConn;
use crate::db::columns::Json;
use crate::db::schema::audit_records;
use crate::error::Result;
use crate::hex;
use crate::http::call::Call;
use crate::id::{AuditRecordId, OfficeId, ResourceId};
use crate::moment::Moment;
use crate::on_backend;
use crate::time::{Random, Timestamp};

pub use actor::Actor;
use client::{Agent, Client};
pub use reason::AccessReason;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = AuditOutcome)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It does not exist, or the caller may not know that it does.
    Denied,
}
crate::text_column!(Outcome);

/// One record.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = audit_records)]
pub struct Entry {
    id: AuditRecordId,
    at: Timestamp,
    actor: String,
    action: &'static str,
    resource_type: &'static str,
    /// The only thing that it is about: what most records are found by. Of several, the database keeps a table by itself.
    resource_id: Option<ResourceId>,
    resource_ids: Json<Vec<Uuid>>,
    office_id: Option<OfficeId>,
    reason: Option<AccessReason>,
    client_address: Option<String>,
    client_agent: Option<Agent>,
    trace_id: String,
    outcome: Outcome,
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
        Self {
            id: moment.id(),
            at: moment.now,
            actor: actor.to_string(),
            action,
            resource_type,
            resource_id: only(&resource_ids),
            resource_ids: Json(resource_ids),
            office_id: None,
            reason: None,
            client_address: None,
            client_agent: None,
            trace_id,
            outcome: Outcome::Done,
        }
    }

    /// A record of what a call does, and from which client it comes.
    pub fn of_call(
        call: &Call,
        actor: Actor,
        action: &'static str,
        resource_type: &'static str,
        resource_ids: Vec<Uuid>,
    ) -> Self {
        Self::new(&call.moment, actor, action, resource_type, resource_ids, call.trace.id())
            .from_client(Client::of(call))
    }

    /// The same record about other things: a reading knows what it has read only afterwards.
    pub fn about(self, resource_ids: Vec<Uuid>) -> Self {
        Self { resource_id: only(&resource_ids), resource_ids: Json(resource_ids), ..self }
    }

    /// Another record of the same, about these: one cannot name as many things as one likes.
    pub fn beside(&self, moment: &Moment, resource_ids: Vec<Uuid>) -> Self {
        Self { id: moment.id(), ..self.clone().about(resource_ids) }
    }

    /// The same record, also about these: what was read with the thing itself.
    pub fn also_about(self, resource_ids: Vec<Uuid>) -> Self {
        let mut all = self.resource_ids.0.clone();
        all.extend(resource_ids.into_iter().filter(|id| !self.resource_ids.0.contains(id)));
        self.about(all)
    }

    /// On whose behalf: the office that the actor worked for.
    pub fn on_behalf_of(self, office: impl Into<Option<OfficeId>>) -> Self {
        Self { office_id: office.into(), ..self }
    }

    /// Why somebody looked at what is another office's.
    pub fn because(self, reason: impl Into<Option<AccessReason>>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    /// From which client.
    pub fn from_client(self, client: Client) -> Self {
        let client_address = client.address.map(|address| address.to_string());
        Self { client_address, client_agent: Some(client.agent), ..self }
    }

    /// The same record without the client, and in a trace of its own: nothing may lead back to a private person who reports and stays
    /// unknown.
    pub fn leading_nowhere(self, random: &Random) -> Self {
        let trace_id = hex::encode(&random.bytes::<16>());
        Self { client_address: None, client_agent: None, trace_id, ..self }
    }

    /// The same record of an attempt: what was asked for does not exist, as far as the actor may know.
    pub fn denied(self) -> Self {
        Self { outcome: Outcome::Denied, ..self }
    }
}

/// The identifier of the one thing that a record is about; `None` where there are several, or none.
fn only(resource_ids: &[Uuid]) -> Option<ResourceId> {
    match resource_ids {
        [only] => Some(ResourceId::from_uuid(*only)),
        _ => None,
    }
}

/// Writes a record, as one statement.
pub fn record(conn: &mut DbConn, entry: &Entry) -> Result<()> {
    on_backend!(conn, conn => diesel::insert_into(audit_records::table).values(entry).execute(conn))?;
    Ok(())
}
