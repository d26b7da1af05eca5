//! The settings that a server is started with.

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
use crate::http::settings::Settings;
use crate::time::{Clock, Random};
use crate::vault::Vault;

pub struct Setup {
    /// The database, which is migrated when the server starts.
    pub target: Target,
    /// The socket on which callers connect.
    pub listener: TcpListener,
    /// The place where Prometheus collects the metrics.
    pub metrics: MetricsAt,
    /// The address under which callers reach the server.
    pub public_url: Option<String>,
    /// The origins whose web pages may call the server (CORS).
    pub cors_origins: Vec<String>,
    /// The networks of trusted proxies: their statements about a caller's address are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The rate limits of callers; without them nobody is limited.
    pub limits: Option<Rates>,
    pub tokens: TokenVerifier,
    /// The permissions of each role.
    pub permissions: Permissions,
    pub secret: Secret,
    /// The vault, whose keys seal personal data.
    pub vault: Vault,
    /// The environment that the keys of partner agencies are made for.
    pub environment: String,
    /// The number of threads that answer calls; 0 means one per core.
    pub workers: usize,
    pub timeouts: Timeouts,
    /// The document as [`super::document`] makes it, if it has been made already. Making it takes most of the time of a start.
    pub document: Option<Arc<Value>>,
    pub clock: Clock,
    pub random: Random,
}

impl Setup {
    /// The settings of the HTTP layer.
    pub fn settings(&self, cursor_key: [u8; 32]) -> Settings {
        Settings {
            strict_transport: self.public_url.as_ref().is_some_and(|url| url.starts_with("https://")),
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            body_timeout: self.timeouts.body,
            cursor_key,
            clock: self.clock.clone(),
            random: self.random.clone(),
        }
    }
}

/// The longest times that the server waits for its callers.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// The time for the head of a connection's first request. The heads of later requests have no limit: see `listen`.
    pub head: Duration,
    /// The time for the body of a request.
    pub body: Duration,
    /// The time until the next request on an open connection.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { head: Duration::from_secs(5), body: Duration::from_secs(15), idle: Duration::from_secs(75) }
    }
}

/// The place where Prometheus collects the metrics.
pub enum MetricsAt {
    Nowhere,
    /// On the address of the API, which is fit for a demo only.
    Here,
    /// On a separate address.
    Apart(TcpListener),
}

/// The keys that are derived from the secret, each for one purpose.
pub struct DerivedKeys {
    /// The key that hashes the keys of partner agencies.
    pub partner_keys: [u8; 32],
    /// The key that seals cursors.
    pub cursors: [u8; 32],
    /// The key that hashes idempotency keys and their requests.
    pub retries: [u8; 32],
}

impl DerivedKeys {
    /// Derives the keys from the secret.
    pub fn of(secret: &Secret) -> Self {
        Self {
            partner_keys: secret.key("partner keys"),
            cursors: secret.key("cursors"),
            retries: secret.key("retries"),
        }
    }
}
