//! The settings of the HTTP layer, and the root path of the operations.

use ipnet::IpNet;
use std::time::Duration;

use crate::time::{Clock, Random};

/// The settings that an installation gives the HTTP layer.
pub struct Settings {
    /// The address under which callers reach the server, without a slash at its end. Without it, the `Host` header is
    /// used, and no shared cache may keep an answer.
    pub public_url: Option<String>,
    /// Whether callers come over TLS, so that browsers are told to use only TLS from then on.
    pub strict_transport: bool,
    /// The networks of the proxies that are trusted to name the address of the client.
    pub trusted_proxies: Vec<IpNet>,
    /// The longest time that a request's body may take to arrive.
    pub body_timeout: Duration,
    /// The key that encrypts paging cursors.
    pub cursor_key: [u8; 32],
    /// The key of the codes by which the program proves that it wrote an audit record.
    pub record_key: [u8; 32],
    pub clock: Clock,
    pub random: Random,
}

/// The path below which all operations of the API lie.
pub const ROOT: &str = "/nara/v1";
