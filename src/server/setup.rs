//! The settings that a server is started with, and the keys derived from its secret.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde_json::Value;

use crate::audit::anchor::opening::AnchorSettings;
use crate::audit::authorship::RecordKey;
use crate::auth::permissions::Permissions;
use crate::auth::tokens::TokenVerifier;
use crate::config::Secret;
use crate::config::limits::Rates;
use crate::db::Target;
use crate::http::settings::Settings;
use crate::time::{Clock, Random};
use crate::vault::Vault;

pub struct Setup {
    /// The database, which is migrated to the newest layout when the server starts.
    pub target: Target,
    /// The open socket on which callers connect.
    pub listener: TcpListener,
    /// The place where Prometheus can collect the metrics, if there is one.
    pub metrics: MetricsAt,
    /// The address under which callers reach the server, such as `https://nara.example`. Without it, which is fit for a demo only,
    /// the `Host` header is used.
    pub public_url: Option<String>,
    /// The origins whose web pages may call the server (CORS).
    pub cors_origins: Vec<String>,
    /// The networks of trusted proxies, whose statements about a caller's address are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The rate limits of callers. `None` means that nobody is limited.
    pub limits: Option<Rates>,
    pub connections: ConnectionLimits,
    /// Whether Swagger UI keeps keys and tokens in the browser when its page is closed, which is fit for a demo only.
    pub keeps_credentials: bool,
    pub tokens: TokenVerifier,
    /// The table that says which role of staff has which permission.
    pub permissions: Permissions,
    pub secret: Secret,
    /// The vault, which seals and opens personal data.
    pub vault: Vault,
    /// The settings of the audit's anchor, a file outside the database.
    pub anchor: AnchorSettings,
    /// The environment that the API keys of partner agencies are made for, such as `live`. Keys for another one are refused.
    pub environment: String,
    /// The number of worker threads that answer calls; 0 means one per core.
    pub workers: usize,
    pub timeouts: Timeouts,
    /// The OpenAPI document as [`super::document`] makes it, if it has been made already. Making it takes most of the time of a
    /// start.
    pub document: Option<Arc<Value>>,
    pub clock: Clock,
    pub random: Random,
}

impl Setup {
    /// Returns the part of these settings that the HTTP layer needs, with the key that encrypts paging cursors.
    pub fn settings(&self, cursor_key: [u8; 32]) -> Settings {
        Settings {
            strict_transport: self.public_url.as_ref().is_some_and(|url| url.starts_with("https://")),
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            body_timeout: self.timeouts.body,
            cursor_key,
            record_key: RecordKey::of(self.vault.ring()).bytes(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        }
    }
}

/// The largest numbers of connections that are open at once.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Of all clients together. Further ones wait to be accepted.
    pub all: usize,
    /// Of one client; of one client behind a trusted proxy, the number of its calls at once. `None` means that nobody is limited.
    pub per_address: Option<NonZeroUsize>,
}

impl ConnectionLimits {
    /// Returns the limits of a server that gives one client this share.
    pub fn with_share(per_address: Option<NonZeroUsize>) -> Self {
        Self { all: 4096, per_address }
    }
}

/// The time limits for callers that are slow or idle.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// The longest time for the head (request line and headers) of a request, from the opening of the connection or from the head's
    /// first byte.
    pub head: Duration,
    /// The longest time for the body of a request.
    pub body: Duration,
    /// The longest time that an open connection may stay idle between two requests.
    pub idle: Duration,
    /// The longest time in which a caller may take nothing of an answer that is ready.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            body: Duration::from_secs(15),
            idle: Duration::from_secs(75),
            answer: Duration::from_secs(30),
        }
    }
}

/// The place where Prometheus can collect the metrics.
pub enum MetricsAt {
    Nowhere,
    /// At `/metrics` on the address of the API, which is fit for a demo only.
    Here,
    /// At `/metrics` on a separate listener.
    Apart(TcpListener),
}

/// The keys that are derived from the installation's secret, each for one purpose.
pub struct DerivedKeys {
    /// The key of the hashes under which the API keys of partner agencies are stored.
    pub partner_keys: [u8; 32],
    /// The key that encrypts paging cursors.
    pub cursors: [u8; 32],
    /// The key of the hashes of idempotency keys and of the requests made with them.
    pub retries: [u8; 32],
}

impl DerivedKeys {
    /// Derives all keys from the installation's secret.
    pub fn of(secret: &Secret) -> Self {
        Self {
            partner_keys: secret.key("partner keys"),
            cursors: secret.key("cursors"),
            retries: secret.key("retries"),
        }
    }
}
