//! An audit record as it is read from the database, for the auditor and for the seals.
//!
//! Codes are plain texts here. A row that somebody wrote into the table by hand must be shown and found, and must not stop the
//! reading.

use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::audit::authorship::RecordKey;
use crate::binding::RowPlace;
use crate::db::columns::Json;
use crate::id::{AuditRecordId, OfficeId, ResourceId};
use crate::time::Timestamp;

/// An audit record as it is in the database. Codes are not checked.
#[derive(Debug, Clone, Queryable)]
pub struct AuditRecord {
    pub id: AuditRecordId,
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub resource_type: String,
    /// The thing that the record is about, if there is exactly one.
    pub resource_id: Option<ResourceId>,
    resource_ids: Json<Value>,
    /// The office that the actor worked for, if it is known.
    pub office_id: Option<OfficeId>,
    pub reason: Option<String>,
    pub client_address: Option<String>,
    pub client_agent: Option<String>,
    pub trace_id: String,
    pub outcome: String,
    /// The keyed code by which the program proves that it wrote the record: see [`RecordKey`]. Older records have none.
    code: Option<Vec<u8>>,
    /// The bound rows that the recorded action has written, each with the place that it has reached: see [`crate::binding`].
    /// Readings and older records have none.
    left_rows: Option<Json<Value>>,
}

/// The content of an audit record, without the proofs of it: its code and its seal.
pub struct RecordContent<'a> {
    pub id: AuditRecordId,
    pub at: Timestamp,
    pub actor: &'a str,
    pub action: &'a str,
    pub resource_type: &'a str,
    pub resource_id: Option<ResourceId>,
    /// The identifiers of all things that the record is about, as a JSON array without spaces.
    pub resource_ids: &'a str,
    pub office_id: Option<OfficeId>,
    pub reason: Option<&'a str>,
    pub client_address: Option<&'a str>,
    pub client_agent: Option<&'a str>,
    pub trace_id: &'a str,
    pub outcome: &'a str,
    /// The rows that the recorded action has written, as a JSON object without spaces.
    pub left_rows: Option<&'a str>,
}

impl RecordContent<'_> {
    /// Writes the content as bytes: equal for equal records, and different for different ones. Each field is written with its
    /// number and its length. An absent field writes nothing, so if a field is added to records later, the codes and seals of
    /// older records stay right.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(400);
        let mut field = |number, content: &[u8]| write_field(&mut bytes, number, content);
        field(1, self.id.uuid().as_bytes());
        field(2, &self.at.micros().to_be_bytes());
        field(3, self.actor.as_bytes());
        field(4, self.action.as_bytes());
        field(5, self.resource_type.as_bytes());
        if let Some(id) = self.resource_id {
            field(6, id.uuid().as_bytes());
        }
        field(7, self.resource_ids.as_bytes());
        if let Some(office) = self.office_id {
            field(8, office.uuid().as_bytes());
        }
        let texts = [(9, self.reason), (10, self.client_address), (11, self.client_agent)];
        for (number, text) in texts.into_iter().filter_map(|(number, text)| Some((number, text?))) {
            field(number, text.as_bytes());
        }
        field(12, self.trace_id.as_bytes());
        field(13, self.outcome.as_bytes());
        if let Some(rows) = self.left_rows {
            field(15, rows.as_bytes());
        }
        bytes
    }
}

fn write_field(bytes: &mut Vec<u8>, number: u8, content: &[u8]) {
    bytes.push(number);
    bytes.extend_from_slice(&u64::try_from(content.len()).unwrap_or(u64::MAX).to_be_bytes());
    bytes.extend_from_slice(content);
}

impl AuditRecord {
    /// The identifiers of all things that the record is about. Entries that are no identifiers are left out.
    pub fn resources(&self) -> Vec<Uuid> {
        let ids = self.resource_ids.0.as_array().map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| id.as_str()?.parse().ok()).collect()
    }

    /// The bound rows that the recorded action has written, each by its table and identifier, with the place that it has reached.
    /// Entries that are no such rows are left out.
    pub fn left_rows(&self) -> Vec<(String, String, RowPlace)> {
        let Some(Json(Value::Object(tables))) = &self.left_rows else { return Vec::new() };
        let rows = tables.iter().flat_map(|(table, rows)| {
            rows.as_object().into_iter().flatten().map(move |(row, place)| (table, row, place))
        });
        let read = |(table, row, place): (&String, &String, &Value)| {
            Some((table.clone(), row.clone(), serde_json::from_value(place.clone()).ok()?))
        };
        rows.filter_map(read).collect()
    }

    /// Writes the record as bytes for its seal: its content and its code.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.content();
        if let Some(code) = &self.code {
            write_field(&mut bytes, 14, code);
        }
        bytes
    }

    /// Whether the program wrote the record as it is: whether its code is right.
    pub fn is_authentic(&self, key: &RecordKey) -> bool {
        self.code.as_ref().is_some_and(|code| key.proves(&self.content(), code))
    }

    /// Whether the record has a code, right or wrong. Records that are older than the codes have none.
    pub fn has_code(&self) -> bool {
        self.code.is_some()
    }

    fn content(&self) -> Vec<u8> {
        let left_rows = self.left_rows.as_ref().map(|rows| rows.0.to_string());
        let content = RecordContent {
            id: self.id,
            at: self.at,
            actor: &self.actor,
            action: &self.action,
            resource_type: &self.resource_type,
            resource_id: self.resource_id,
            resource_ids: &self.resource_ids.0.to_string(),
            office_id: self.office_id,
            reason: self.reason.as_deref(),
            client_address: self.client_address.as_deref(),
            client_agent: self.client_agent.as_deref(),
            trace_id: &self.trace_id,
            outcome: &self.outcome,
            left_rows: left_rows.as_deref(),
        };
        content.bytes()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// An example of a record: a member of staff read a referral.
    pub fn sample() -> AuditRecord {
        let id = Uuid::from_u128(0x0193_5b7e_8c00_7a3e_9d52_6f1c_2b3a_4d5e);
        AuditRecord {
            id: AuditRecordId::from_uuid(id),
            at: Timestamp::from_micros(1_764_000_000_000_000).unwrap(),
            actor: format!("staff:{id}"),
            action: "referral.read".to_owned(),
            resource_type: "referral".to_owned(),
            resource_id: Some(ResourceId::from_uuid(id)),
            resource_ids: Json(json!([id])),
            office_id: None,
            reason: None,
            client_address: None,
            client_agent: None,
            trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            outcome: "done".to_owned(),
            code: None,
            left_rows: None,
        }
    }

    #[test]
    fn every_field_changes_the_bytes() {
        let other = Uuid::from_u128(7);
        let changes: [fn(&mut AuditRecord, Uuid); 15] = [
            |record, other| record.id = AuditRecordId::from_uuid(other),
            |record, _| record.at = Timestamp::from_micros(1).unwrap(),
            |record, _| record.actor.push('x'),
            |record, _| record.action.push('x'),
            |record, _| record.resource_type.push('x'),
            |record, other| record.resource_id = Some(ResourceId::from_uuid(other)),
            |record, other| record.resource_ids = Json(json!([other])),
            |record, other| record.office_id = Some(OfficeId::from_uuid(other)),
            |record, _| record.reason = Some("complaint".to_owned()),
            |record, _| record.client_address = Some("complaint".to_owned()),
            |record, _| record.client_agent = Some("complaint".to_owned()),
            |record, _| record.trace_id.push('x'),
            |record, _| record.outcome = "denied".to_owned(),
            |record, _| record.code = Some(vec![7; 32]),
            |record, _| record.left_rows = Some(Json(json!({ "people": {} }))),
        ];
        let mut seen = vec![sample().bytes()];
        for change in changes {
            let mut changed = sample();
            change(&mut changed, other);
            assert!(!seen.contains(&changed.bytes()), "{changed:?}");
            seen.push(changed.bytes());
        }
    }

    #[test]
    fn text_cannot_move_from_one_field_to_the_next() {
        let (mut one, mut other) = (sample(), sample());
        (one.action, one.resource_type) = ("referral.read".to_owned(), "s".to_owned());
        (other.action, other.resource_type) = ("referral.reads".to_owned(), String::new());
        assert_ne!(one.bytes(), other.bytes());
    }

    #[test]
    fn only_the_right_code_under_the_right_key_proves_a_record() {
        let key = RecordKey::new([7; 32]);
        let mut record = sample();
        assert!(!record.is_authentic(&key), "it has no code");
        record.code = Some(key.code(&record.content()).to_vec());
        assert!(record.is_authentic(&key) && !record.is_authentic(&RecordKey::new([8; 32])));
        record.outcome = "denied".to_owned();
        assert!(!record.is_authentic(&key), "it was changed");
        record.code = Some(Vec::new());
        assert!(!record.is_authentic(&key));
    }
}
