//! Roles of staff, and scopes of the keys of partner agencies.

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
    /// Works on the queue of referrals of an office.
    Caseworker,
    /// Watches deadlines and the load of work, and reassigns referrals.
    TeamLead,
    /// Maintains the directory and the partner agencies; sees no personal data.
    Administrator,
    /// Reads and verifies the audit trail.
    Auditor,
    /// Reads statistics, but no cases.
    Analyst,
}

/// A use that a partner agency's API key is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::AsRefStr, strum::EnumIter)]
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApiKeyScope)]
pub enum Scope {
    /// Sends referrals, and the messages and answers that belong to them.
    #[serde(rename = "referrals:submit")]
    #[strum(serialize = "referrals:submit")]
    Submit,
    /// Reads the agency's own referrals.
    #[serde(rename = "referrals:read")]
    #[strum(serialize = "referrals:read")]
    Read,
}
