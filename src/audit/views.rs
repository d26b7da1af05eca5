//! The JSON forms of audit records and of verifications in answers to the auditor.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::chain::Head;
use crate::audit::record::AuditRecord;
use crate::audit::verify::{AuditFinding, AuditFlaw, Verification};
use crate::hex;
use crate::http::link::Link;
use crate::id::{AuditRecordId, OfficeId, ResourceId};
use crate::time::Timestamp;

/// A record of the audit: an action that somebody carried out or attempted, with its time, its actor, its client and the things
/// it was about. Things are named only by their identifiers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditRecord)]
pub struct AuditRecordView {
    /// The identifier of the record itself.
    pub id: AuditRecordId,
    /// The time at which the action was carried out or attempted.
    pub at: Timestamp,
    /// The one who acted: `staff:` or `partner:` and an identifier, or `system` for the program itself.
    #[schema(
        max_length = 100,
        pattern = "^(system|(staff|partner):[0-9a-f-]{36})$",
        example = "staff:01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"
    )]
    pub actor: String,
    /// The code of the action, from the code list `audit-actions`.
    #[schema(max_length = 100, pattern = "^[a-z_]+\\.[a-z_]+$", example = "referral.read")]
    pub action: String,
    /// The type of the things that the record is about, such as `referral`.
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "referral")]
    pub resource_type: String,
    /// The identifiers of the things that the record is about. A record of `audit.attempts_summarised` has one identifier for each
    /// attempt of a flood, of zeros if the attempt named nothing.
    #[schema(max_items = 10_000)]
    pub resource_ids: Vec<ResourceId>,
    /// The office that the actor worked for. Absent if that is not known, for instance because the actor has several offices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeId>,
    /// The code of the actor's reason for reading what belongs to another office, from the code list `access-reasons`. In a record
    /// of a break of the audit it is the code of the break (`audit-breaks`), or of the reason for accepting it
    /// (`audit-break-acceptances`). Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "statutory_review")]
    pub reason: Option<String>,
    /// The IP address that the call came from, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 45, pattern = "^[0-9a-f.:]+$", example = "192.0.2.17")]
    pub client_address: Option<String>,
    /// The code of the kind of program that made the call, from the code list `client-agents`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "browser")]
    pub client_agent: Option<String>,
    /// The identifier of the trace that the call belongs to, of the first call if there are several; empty if the action was not
    /// part of a call.
    #[schema(max_length = 32, pattern = "^([0-9a-f]{32})?$", example = "0af7651916cd43dd8448eb211c80319c")]
    pub trace_id: String,
    /// The outcome of the action, from the code list `audit-outcomes`: `done`; `denied` if the actor may not take it, or if
    /// something that the call named does not exist or the actor may not know of it; `refused` if the call was wrong or the state of
    /// things did not allow it.
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "done")]
    pub outcome: String,
}

impl AuditRecordView {
    pub fn new(record: AuditRecord) -> Self {
        Self {
            resource_ids: record.resources().into_iter().map(ResourceId::from_uuid).collect(),
            id: record.id,
            at: record.at,
            actor: record.actor,
            action: record.action,
            resource_type: record.resource_type,
            office_id: record.office_id,
            reason: record.reason,
            client_address: record.client_address,
            client_agent: record.client_agent,
            trace_id: record.trace_id,
            outcome: record.outcome,
        }
    }
}

/// The end of the chain of seals: the number and the hash of its last seal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditHead)]
pub struct HeadView {
    /// The number of the last seal in the chain.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 4711)]
    pub seq: i64,
    /// The keyed hash of the last seal in the chain.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub hash: String,
}

/// One flaw that a verification of the audit found, and its place.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditFinding)]
pub struct FindingView {
    /// The kind of flaw that the verification found.
    pub flaw: AuditFlaw,
    /// The identifier of the record with the flaw. Absent if it is not known which record that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<AuditRecordId>,
    /// The number of the seal with the flaw. Absent if no seal is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 17)]
    pub seq: Option<i64>,
    /// The table of the row with the flaw. Absent if the flaw is one of the audit itself.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, pattern = "^[a-z_]+$", example = "referrals")]
    pub table: Option<&'static str>,
    /// The identifier of the row with the flaw in its table. Absent if the flaw is one of the audit itself.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 120, example = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e")]
    pub row: Option<String>,
}

/// The result of a verification of the audit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditVerification)]
pub struct VerificationView {
    /// Whether the verification found no flaw: everything is as it was sealed.
    pub sound: bool,
    /// The number of sealed records that are as they were sealed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 4711)]
    pub verified: u64,
    /// The number of recent records that have no seal yet.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 3)]
    pub unsealed: u64,
    /// The end of the chain of seals. Note it: a later verification that is given this head as `expectedHead` can tell whether
    /// the end was cut off. Absent if nothing was sealed yet, or if the hash of the last seal is damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadView>,
    /// The number of all flaws that were found, including those that are not listed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 0)]
    pub finding_count: u64,
    /// The flaws that were found, at most the first hundred.
    ///
    /// @example []
    #[schema(max_items = 100)]
    pub findings: Vec<FindingView>,
    /// The link to this verification.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    pub links: Vec<Link>,
}

impl VerificationView {
    pub fn new(verification: Verification, links: Vec<Link>) -> Self {
        let finding = |AuditFinding { flaw, record_id, seq, row }: AuditFinding| {
            let (table, row) = row.map(|row| (row.table, row.row)).unzip();
            FindingView { flaw, record_id, seq, table, row }
        };
        Self {
            sound: verification.is_sound(),
            verified: verification.verified,
            unsealed: verification.unsealed,
            head: verification.head.map(|Head { seq, hash }| HeadView { seq, hash: hex::encode(&hash) }),
            finding_count: verification.found,
            findings: verification.findings.into_iter().map(finding).collect(),
            links,
        }
    }
}
