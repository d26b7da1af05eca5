//! Roles of staff, and scopes of the keys of partner agencies.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What staff are, as the municipality's identity provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::AsRefStr, strum::EnumIter)]
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Meets families in the field.
    OutreachWorker,
    /// Works the queue of referrals.
    Caseworker,
    /// Watches deadlines and load.
    TeamLead,
    /// Keeps the directory and the partner agencies; sees no personal data.
    Administrator,
    /// Reads the audit.
    Auditor,
    /// Reads statistics.
    Analyst,
}

/// What a partner agency's key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::AsRefStr, strum::EnumIter)]
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApiKeyScope)]
pub enum Scope {
    /// Sending referrals and what belongs to them.
    #[serde(rename = "referrals:submit")]
    #[strum(serialize = "referrals:submit")]
    Submit,
    /// Reading the agency's own referrals.
    #[serde(rename = "referrals:read")]
    #[strum(serialize = "referrals:read")]
    Read,
}
