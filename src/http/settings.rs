//! Settings of the HTTP layer, and the root under which the operations lie.

use ipnet::IpNet;
use std::time::Duration;

use crate::time::{Clock, Random};

/// The settings of the installation for the HTTP layer.
pub struct Settings {
    /// The address under which callers reach the server, without a slash at its end. Without it, the address is taken from `Host`.
    pub public_url: Option<String>,
    /// Whether callers come over TLS, so that browsers may be told to use only TLS.
    pub strict_transport: bool,
    /// The networks whose proxies are trusted to name the address of the client.
    pub trusted_proxies: Vec<IpNet>,
    /// The longest time that a body may take to arrive.
    pub body_timeout: Duration,
    /// The key that seals cursors.
    pub cursor_key: [u8; 32],
    pub clock: Clock,
    pub random: Random,
}

/// The root path of all operations.
pub const ROOT: &str = "/nara/v1";
