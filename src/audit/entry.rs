//! An entry: one record of the audit before it is written.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit::actions::AuditAction;
use crate::audit::actor::Actor;
use crate::audit::client::{Agent, Client};
use crate::audit::reason::AccessReason;
use crate::db::DbConn;
use crate::db::columns::Json;
use crate::db::schema::audit_records;
use crate::error::Result;
use crate::hex;
use crate::id::{AuditRecordId, OfficeId, ResourceId};
use crate::moment::Moment;
use crate::on_backend;
use crate::time::{Random, Timestamp};

/// The outcome of a recorded action or attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = AuditOutcome)]
pub enum AuditOutcome {
    /// The action was carried out.
    Done,
    /// The thing does not exist, or the caller may not know that it does.
    Denied,
}
crate::text_column!(AuditOutcome);

/// An audit record to be written.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = audit_records)]
pub struct Entry {
    id: AuditRecordId,
    at: Timestamp,
    actor: String,
    action: &'static str,
    resource_type: &'static str,
    /// The thing that the record is about, if there is exactly one; most records are found by it. If there are several, the
    /// database keeps them in the table `audit_record_resources`.
    resource_id: Option<ResourceId>,
    resource_ids: Json<Vec<Uuid>>,
    office_id: Option<OfficeId>,
    reason: Option<AccessReason>,
    client_address: Option<String>,
    client_agent: Option<Agent>,
    trace_id: String,
    outcome: AuditOutcome,
}

impl Entry {
    /// A record of `action`, such as `referral.read`, on things of one type.
    pub fn new(moment: &Moment, actor: Actor, action: AuditAction, resource_ids: Vec<Uuid>, trace_id: String) -> Self {
        Self {
            id: moment.id(),
            at: moment.now,
            actor: actor.to_string(),
            action: action.code,
            resource_type: action.resource_type,
            resource_id: only(&resource_ids),
            resource_ids: Json(resource_ids),
            office_id: None,
            reason: None,
            client_address: None,
            client_agent: None,
            trace_id,
            outcome: AuditOutcome::Done,
        }
    }

    /// This record, about other things instead. A reading knows which things it has read only afterwards.
    pub fn about(self, resource_ids: Vec<Uuid>) -> Self {
        Self { resource_id: only(&resource_ids), resource_ids: Json(resource_ids), ..self }
    }

    /// The same record about resources of another type.
    pub fn about_type(self, resource_type: &'static str, resource_ids: Vec<Uuid>) -> Self {
        Self { resource_type, ..self.about(resource_ids) }
    }

    /// The resources that it is about.
    pub fn resource_ids(&self) -> &[Uuid] {
        &self.resource_ids.0
    }

    /// A second record of the same action, about these things. One record cannot name an unlimited number of things.
    pub fn beside(&self, moment: &Moment, resource_ids: Vec<Uuid>) -> Self {
        Self { id: moment.id(), ..self.clone().about(resource_ids) }
    }

    /// This record, about these things as well: those that were read together with the first ones.
    pub fn also_about(self, resource_ids: Vec<Uuid>) -> Self {
        let mut all = self.resource_ids.0.clone();
        all.extend(resource_ids.into_iter().filter(|id| !self.resource_ids.0.contains(id)));
        self.about(all)
    }

    /// Adds the office that the actor worked for.
    pub fn on_behalf_of(self, office: impl Into<Option<OfficeId>>) -> Self {
        Self { office_id: office.into(), ..self }
    }

    /// Adds the actor's reason for reading what belongs to another office.
    pub fn because(self, reason: impl Into<Option<AccessReason>>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    /// Adds the client that the call came from.
    pub fn from_client(self, client: Client) -> Self {
        let client_address = client.address.map(|address| address.to_string());
        Self { client_address, client_agent: Some(client.agent), ..self }
    }

    /// Removes the client and puts the record in a new trace, so that nothing leads back to a private person who reports and
    /// stays anonymous.
    pub fn leading_nowhere(self, random: &Random) -> Self {
        let trace_id = hex::encode(&random.bytes::<16>());
        Self { client_address: None, client_agent: None, trace_id, ..self }
    }

    /// Marks the record as a denied attempt: the thing does not exist, as far as the actor may know.
    pub fn denied(self) -> Self {
        Self { outcome: AuditOutcome::Denied, ..self }
    }
}

/// The identifier of the one thing that a record is about; `None` if there are several, or none.
fn only(resource_ids: &[Uuid]) -> Option<ResourceId> {
    match resource_ids {
        [only] => Some(ResourceId::from_uuid(*only)),
        _ => None,
    }
}

/// Writes a record to the audit, in one statement.
pub fn record(conn: &mut DbConn, entry: &Entry) -> Result<()> {
    on_backend!(conn, conn => diesel::insert_into(audit_records::table).values(entry).execute(conn))?;
    Ok(())
}
