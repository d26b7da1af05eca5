//! The roles of staff, and the scopes of the API keys of partner agencies.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role of a member of staff, as the municipality's identity provider states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::AsRefStr, strum::EnumIter)]
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Meets families in the field, offers support and follows up.
    OutreachWorker,
    /// Works on the referrals that an office has received.
    Caseworker,
    /// Watches the deadlines and the workload of an office, and reassigns its referrals.
    TeamLead,
    /// Maintains the directory and the partner agencies with their API keys; sees no case and no person.
    Administrator,
    /// Reads and verifies the audit trail, and may read the earlier versions of corrected contacts.
    Auditor,
    /// Works with statistics. The role gives no access to cases.
    Analyst,
}

/// A kind of call that a partner agency's API key is allowed to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::AsRefStr, strum::EnumIter)]
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApiKeyScope)]
pub enum Scope {
    /// Allows the key to send referrals, and the messages and answers that belong to them.
    #[serde(rename = "referrals:submit")]
    #[strum(serialize = "referrals:submit")]
    Submit,
    /// Allows the key to read the agency's own referrals.
    #[serde(rename = "referrals:read")]
    #[strum(serialize = "referrals:read")]
    Read,
}
