//! The audit as the auditor sees it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::chain::Head;
use crate::audit::record::Record;
use crate::audit::verify::{Finding, Flaw, Verification};
use crate::hex;
use crate::http::link::Link;
use crate::id::{AuditRecordId, OfficeId, ResourceId};
use crate::time::Timestamp;

/// A record of the audit: who did what, when, to which things, and from where. Things are named by their identifiers alone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditRecord)]
pub struct AuditRecordView {
    /// Identifies the record.
    pub id: AuditRecordId,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it: `staff:` or `partner:` and an identifier, or `system`.
    #[schema(
        max_length = 100,
        pattern = "^(system|(staff|partner):[0-9a-f-]{36})$",
        example = "staff:01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"
    )]
    pub actor: String,
    /// What was done, out of the code list `audit-actions`.
    #[schema(max_length = 100, pattern = "^[a-z_]+\\.[a-z_]+$", example = "referral.read")]
    pub action: String,
    /// On which type of things.
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "referral")]
    pub resource_type: String,
    /// On which things.
    #[schema(max_items = 10_000)]
    pub resource_ids: Vec<ResourceId>,
    /// On whose behalf: the office that the actor worked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeId>,
    /// Under which reason, out of the code list `access-reasons`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "statutory_review")]
    pub reason: Option<String>,
    /// From which address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 45, pattern = "^[0-9a-f.:]+$", example = "192.0.2.17")]
    pub client_address: Option<String>,
    /// By which kind of program, out of the code list `client-agents`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "browser")]
    pub client_agent: Option<String>,
    /// In which trace; empty where no call led to it.
    #[schema(max_length = 32, pattern = "^([0-9a-f]{32})?$", example = "0af7651916cd43dd8448eb211c80319c")]
    pub trace_id: String,
    /// How it ended: `done`, or `denied` for what does not exist as far as the actor may know.
    #[schema(max_length = 100, pattern = "^[a-z_]+$", example = "done")]
    pub outcome: String,
}

impl AuditRecordView {
    /// A record as it is told.
    pub fn new(record: Record) -> Self {
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

/// The end of the chain of seals.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditHead)]
pub struct HeadView {
    /// The number of the last seal.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 4711)]
    pub seq: i64,
    /// The hash of the last seal.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub hash: String,
}

/// Something that is wrong, and where.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditFinding)]
pub struct FindingView {
    /// What is wrong.
    pub flaw: Flaw,
    /// With which record, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<AuditRecordId>,
    /// With which seal, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 17)]
    pub seq: Option<i64>,
}

/// Whether the audit is what was sealed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditVerification)]
pub struct VerificationView {
    /// Whether nothing is wrong.
    pub sound: bool,
    /// How many records are what was sealed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 4711)]
    pub verified: u64,
    /// How many records still wait for their seal.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 3)]
    pub unsealed: u64,
    /// The end of the chain, to be noted: a later verification that expects it can tell whether the end was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadView>,
    /// How much is wrong.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 0)]
    pub finding_count: u64,
    /// What is wrong, the first hundred of it.
    ///
    /// @example []
    #[schema(max_items = 100)]
    pub findings: Vec<FindingView>,
    /// Its own address.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    pub links: Vec<Link>,
}

impl VerificationView {
    /// A verification as it is told.
    pub fn new(verification: Verification, links: Vec<Link>) -> Self {
        let finding =
            |finding: Finding| FindingView { flaw: finding.flaw, record_id: finding.record_id, seq: finding.seq };
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
