//! Settings of the HTTP layer, and the root under which the operations lie.

use ipnet::IpNet;
use std::time::Duration;

use crate::time::{Clock, Random};

/// What the HTTP layer needs to know about the installation.
pub struct Settings {
    /// The address under which callers know the server, without a slash at its end; else it is taken from `Host`.
    pub public_url: Option<String>,
    /// Whether callers come over TLS, so that browsers may be told to stay there.
    pub strict_transport: bool,
    /// The networks whose proxies are believed when they say whom they speak for.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Seals cursors.
    pub cursor_key: [u8; 32],
    /// Tells the time.
    pub clock: Clock,
    /// Makes randomness.
    pub random: Random,
}

/// The root under which the operations lie.
pub const ROOT: &str = "/nara/v1";
