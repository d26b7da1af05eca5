//! An entry: one record of the audit before it is written.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit::actions::{self, AuditAction};
use crate::audit::actor::Actor;
use crate::audit::authorship::RecordKey;
use crate::audit::client::{Agent, Client};
use crate::audit::reason::AccessReason;
use crate::audit::record::RecordContent;
use crate::binding;
use crate::db::DbConn;
use crate::db::columns::Json;
use crate::db::schema::audit_records;
use crate::error::Result;
use crate::hex;
use crate::id::{AuditRecordId, OfficeId, ResourceId};
use crate::moment::Moment;
use crate::on_backend;
use crate::time::{Random, Timestamp};

/// The outcome of the action in an audit record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = AuditOutcome)]
pub enum AuditOutcome {
    /// The action was carried out.
    Done,
    /// The action was not carried out: the caller may not take it, or something that the call named does not exist, or the caller
    /// may not know of it.
    Denied,
    /// The action was not carried out: the call was wrong, or the state of things did not allow it. Whether the resource that the
    /// path names exists was not looked at, or does not matter.
    Refused,
}
crate::text_column!(AuditOutcome);

/// An audit record that is to be written to the database. It carries the key by which the program proves that it wrote it.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = audit_records)]
pub struct Entry {
    #[diesel(skip_insertion)]
    key: RecordKey,
    id: AuditRecordId,
    at: Timestamp,
    actor: String,
    action: &'static str,
    resource_type: &'static str,
    /// The thing that the record is about, if there is exactly one; most searches for records use it. If there are several, the
    /// database lists them in the table `audit_record_resources`.
    resource_id: Option<ResourceId>,
    pub(super) resource_ids: Json<Vec<Uuid>>,
    office_id: Option<OfficeId>,
    reason: Option<&'static str>,
    client_address: Option<String>,
    client_agent: Option<Agent>,
    trace_id: String,
    pub(super) outcome: AuditOutcome,
}

impl Entry {
    /// Makes a record of `action`, such as `referral.read`, on the resources `resource_ids`, which are of the action's type. Its
    /// outcome is `done`. `key` proves later that the program wrote the record.
    pub fn new(
        key: &RecordKey,
        moment: &Moment,
        actor: Actor,
        action: AuditAction,
        resource_ids: Vec<Uuid>,
        trace_id: String,
    ) -> Self {
        Self {
            key: *key,
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

    /// Replaces the things that the record is about. A reading knows which things it has read only afterwards.
    pub fn about(self, resource_ids: Vec<Uuid>) -> Self {
        Self { resource_id: only(&resource_ids), resource_ids: Json(resource_ids), ..self }
    }

    /// Replaces the things that the record is about, and their type.
    pub fn about_type(self, resource_type: &'static str, resource_ids: Vec<Uuid>) -> Self {
        Self { resource_type, ..self.about(resource_ids) }
    }

    pub(super) fn id(&self) -> AuditRecordId {
        self.id
    }

    /// The identifiers of the things that the record is about.
    pub fn resource_ids(&self) -> &[Uuid] {
        &self.resource_ids.0
    }

    /// Makes a second record of the same action, about other things. It is needed because one record cannot name an unlimited
    /// number of things.
    pub fn beside(&self, moment: &Moment, resource_ids: Vec<Uuid>) -> Self {
        Self { id: moment.id(), ..self.clone().about(resource_ids) }
    }

    /// Adds things to those that the record is about, such as people who were shown together with them. Those that it names
    /// already are left out.
    pub fn also_about(self, resource_ids: Vec<Uuid>) -> Self {
        let mut all = self.resource_ids.0.clone();
        for id in resource_ids {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        self.about(all)
    }

    /// Sets the office that the actor worked for, or none if that is not known.
    pub fn on_behalf_of(self, office: impl Into<Option<OfficeId>>) -> Self {
        Self { office_id: office.into(), ..self }
    }

    /// Sets the actor's reason for reading what belongs to another office.
    pub fn because(self, reason: impl Into<Option<AccessReason>>) -> Self {
        Self { reason: reason.into().map(Into::into), ..self }
    }

    /// Sets the code of what was found, or of the reason to go on, in a record of a break of the audit.
    pub(super) fn with_code(self, code: &'static str) -> Self {
        Self { reason: Some(code), ..self }
    }

    /// Sets the client that sent the call.
    pub fn from_client(self, client: Client) -> Self {
        let client_address = client.address.map(|address| address.to_string());
        Self { client_address, client_agent: Some(client.agent), ..self }
    }

    /// Removes the client and replaces the trace by a random one, so that nothing in the record leads back to a private person
    /// who reports and stays anonymous.
    pub fn leading_nowhere(self, random: &Random) -> Self {
        let trace_id = hex::encode(&random.bytes::<16>());
        Self { client_address: None, client_agent: None, trace_id, ..self }
    }

    /// Sets the outcome, which is `done` at first.
    pub fn ending(self, outcome: AuditOutcome) -> Self {
        Self { outcome, ..self }
    }

    /// The actor of the record, in its text form.
    pub(super) fn actor(&self) -> &str {
        &self.actor
    }

    /// The time at which the action was carried out or attempted.
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    /// Makes a record of many attempts of the same actor, of which this is the first. It is made at the time of `moment`, and has the
    /// client and the trace of the first attempt. `named` has one identifier for each attempt.
    pub(super) fn summary(self, moment: &Moment, named: Vec<Uuid>, outcome: AuditOutcome) -> Self {
        let summary = actions::AUDIT_ATTEMPTS_SUMMARISED;
        let summed =
            Self { id: moment.id(), at: moment.now, action: summary.code, office_id: None, reason: None, ..self };
        summed.about_type(summary.resource_type, named).ending(outcome)
    }
}

/// The identifier of the one thing that a record is about; `None` if there are several, or none.
fn only(resource_ids: &[Uuid]) -> Option<ResourceId> {
    match resource_ids {
        [only] => Some(ResourceId::from_uuid(*only)),
        _ => None,
    }
}

impl Entry {
    /// Computes the code that proves that the program wrote the record, as it is stored.
    fn code(&self, left_rows: Option<&str>) -> Vec<u8> {
        let resource_ids = json!(self.resource_ids.0).to_string();
        let content = RecordContent {
            id: self.id,
            at: self.at,
            actor: &self.actor,
            action: self.action,
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            resource_ids: &resource_ids,
            office_id: self.office_id,
            reason: self.reason,
            client_address: self.client_address.as_deref(),
            client_agent: self.client_agent.as_ref().map(AsRef::as_ref),
            trace_id: &self.trace_id,
            outcome: self.outcome.as_ref(),
            left_rows,
        };
        self.key.code(&content.bytes()).to_vec()
    }
}

/// Writes a record to the audit, with its code, in one statement. It also names the bound rows that the transaction has written
/// since its last record, each with the place that it has reached, so that an older row cannot be put back unnoticed.
pub fn record(conn: &mut DbConn, entry: &Entry) -> Result<()> {
    let left_rows = binding::take_written(conn).map(|rows| Json(json!(rows)));
    let code = entry.code(left_rows.as_ref().map(|rows| rows.0.to_string()).as_deref());
    let row = (entry, audit_records::code.eq(code), audit_records::left_rows.eq(left_rows));
    on_backend!(conn, conn => diesel::insert_into(audit_records::table).values(row).execute(conn))?;
    Ok(())
}
