//! What a server is started with.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde_json::Value;

use crate::auth::permissions::Permissions;
use crate::auth::tokens::TokenVerifier;
use crate::config::Secret;
use crate::config::limits::Rates;
use crate::db::Target;
use crate::time::{Clock, Random};
use crate::vault::Vault;

/// Everything that a server is started with.
pub struct Setup {
    /// The database. It is migrated at the start.
    pub target: Target,
    /// Where to listen for callers.
    pub listener: TcpListener,
    /// Where Prometheus may collect.
    pub metrics: MetricsAt,
    /// The address under which callers know the server.
    pub public_url: Option<String>,
    /// The origins whose pages may call.
    pub cors_origins: Vec<String>,
    /// The networks whose proxies are believed when they say whom they speak for.
    pub trusted_proxies: Vec<IpNet>,
    /// How often callers may call; nobody is limited without it.
    pub limits: Option<Rates>,
    /// Verifies tokens of staff.
    pub tokens: TokenVerifier,
    /// Who may do what.
    pub permissions: Permissions,
    /// The installation's secret.
    pub secret: Secret,
    /// What is personal is sealed with its keys.
    pub vault: Vault,
    /// The environment of the partners' keys.
    pub environment: String,
    /// How many threads answer calls; 0 for one per core.
    pub workers: usize,
    /// How long it waits for its callers.
    pub timeouts: Timeouts,
    /// The document as [`super::document`] makes it, where somebody has it already. Making it is most of what a start takes.
    pub document: Option<Arc<Value>>,
    /// Tells the time.
    pub clock: Clock,
    /// Makes randomness.
    pub random: Random,
}

/// How long the server waits for its callers.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the head of a connection's first request. Later ones on the same connection are not timed: see `listen`.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// For the next request on a connection.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { head: Duration::from_secs(5), body: Duration::from_secs(15), idle: Duration::from_secs(75) }
    }
}

/// Where Prometheus may collect.
pub enum MetricsAt {
    /// Nowhere.
    Nowhere,
    /// Beside the API: fit for a demo alone.
    Here,
    /// On an address of their own.
    Apart(TcpListener),
}

/// The keys that the secret is turned into, each for one end.
pub struct DerivedKeys {
    /// Hashes partners' keys.
    pub partner_keys: [u8; 32],
    /// Seals cursors.
    pub cursors: [u8; 32],
    /// Hashes idempotency keys and the requests that they name.
    pub retries: [u8; 32],
}

impl DerivedKeys {
    /// Derives them.
    pub fn of(secret: &Secret) -> Self {
        Self {
            partner_keys: secret.key("partner keys"),
            cursors: secret.key("cursors"),
            retries: secret.key("retries"),
        }
    }
}
