//! The configuration of the program: every environment variable and argument is parsed once, into a typed field. No other code
//! reads the environment.
//!
//! An invalid value stops the start, with a message that names the variable and what it accepts. Secrets are never printed: their
//! types have no `Debug`, or one that hides them.

mod anchor;
mod database;
pub mod files;
pub mod hidden;
pub mod limits;
pub mod process;
pub mod secret;
mod tokens;
mod vault;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;

use crate::config::limits::LimitsConfig;

pub use anchor::{AcceptanceConfig, AnchorConfig};
pub use database::DatabaseConfig;
pub use files::FilesConfig;
pub use hidden::Hidden;
pub use secret::{DEMO_MARK, Secret};
pub use tokens::TokenConfig;
pub use vault::VaultConfig;

/// The arguments that configure logging, for every command.
#[derive(Debug, Clone, Args)]
pub struct LogConfig {
    /// The log level: error, warn, info, debug or trace, or a filter such as nara=debug,warn
    #[arg(long, global = true, env = "NARA_LOG", value_name = "NARA_LOG", default_value = "info,actix_server=warn")]
    pub log: String,
}

/// The arguments of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,

    /// The address and port to listen on. If it is not a loopback address, put a proxy that speaks TLS in front
    #[arg(long, env = "NARA_ADDRESS", value_name = "NARA_ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    pub address: SocketAddr,

    /// The address and port where Prometheus can collect the metrics, apart from those for callers. Without it there are no metrics
    #[arg(long, env = "NARA_METRICS_ADDRESS", value_name = "NARA_METRICS_ADDRESS", value_parser = address)]
    pub metrics_address: Option<SocketAddr>,

    /// The address under which callers reach the server, such as https://nara.example. All links in answers are made from it, so that
    /// no caller can put an address of their own into an answer that a cache gives to others
    #[arg(long, env = "NARA_PUBLIC_URL", value_name = "NARA_PUBLIC_URL", value_parser = public_url)]
    pub public_url: String,

    /// The origins whose web pages may call the server (CORS), separated by commas, such as https://linkoping.example
    #[arg(long, env = "NARA_CORS_ORIGINS", value_name = "NARA_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<String>,

    /// The networks of the proxies in front, separated by commas, such as 10.0.0.0/8. Only their statements about a caller's
    /// address, in Forwarded or X-Forwarded-For, are believed
    #[arg(long, env = "NARA_TRUSTED_PROXIES", value_name = "NARA_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    #[command(flatten)]
    pub tokens: TokenConfig,

    /// A file with the installation's secret: 32 random bytes as 64 lower-case hexadecimal digits. The API keys of partner
    /// agencies, paging cursors and idempotency keys depend on it
    #[arg(long, env = "NARA_SECRET_FILE", value_name = "NARA_SECRET_FILE")]
    pub secret_file: PathBuf,

    #[command(flatten)]
    pub vault: VaultConfig,

    #[command(flatten)]
    pub anchor: AnchorConfig,

    #[command(flatten)]
    pub acceptance: AcceptanceConfig,

    /// The environment, such as live or test, that the API keys of partner agencies are made for; it is part of every key, and keys
    /// for another one are refused
    #[arg(long, env = "NARA_ENVIRONMENT", value_name = "NARA_ENVIRONMENT", default_value = "live", value_parser = environment)]
    pub environment: String,

    #[command(flatten)]
    pub limits: LimitsConfig,

    /// The number of threads that answer calls; 0 means one per core
    #[arg(long, env = "NARA_WORKERS", value_name = "NARA_WORKERS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub workers: u16,
}

/// The arguments of `health`.
#[derive(Debug, Clone, Args)]
pub struct HealthConfig {
    /// The address and port that the server listens on. If it listens on all addresses, the loopback address is asked
    #[arg(long, env = "NARA_ADDRESS", value_name = "NARA_ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    pub address: SocketAddr,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected ADDRESS:PORT such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

fn public_url(text: &str) -> Result<String, String> {
    origin(text)
        .map_err(|_| "expected http:// or https:// and a host, without a path, such as https://nara.example".to_owned())
}

/// Parses an origin and returns it as browsers write it in `Origin` (RFC 6454): in lower case, and without the scheme's default
/// port.
fn origin(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text.trim()).ok().filter(|url| {
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_nobodys = url.username().is_empty() && url.password().is_none();
        matches!(url.scheme(), "http" | "https") && is_bare && is_nobodys
    });
    url.map(|url| url.origin().ascii_serialization())
        .ok_or_else(|| "expected an origin such as https://linkoping.example".to_owned())
}

fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    // An address with bits outside the network's mask is a mistake in one or the other. An IPv4 network written as IPv6 matches
    // no caller.
    let exact = |network: &IpNet| *network == network.trunc() && network.addr().to_canonical() == network.addr();
    let network = text.parse::<IpNet>().or_else(|_| single()).ok().filter(exact);
    network.ok_or_else(|| "expected a network such as 10.0.0.0/8 or 2001:db8::/32, or a single address".to_owned())
}

/// The environment of the API keys that `demo` makes. `serve` refuses it, and so never accepts these keys.
pub const DEMO_ENVIRONMENT: &str = "demo";

fn environment(text: &str) -> Result<String, String> {
    let plain = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    match text {
        DEMO_ENVIRONMENT => {
            Err("expected a name other than demo: `serve` does not take keys that `demo` made".to_owned())
        }
        _ if plain => Ok(text.to_owned()),
        _ => Err("expected 1 to 12 lower-case letters and digits such as live or test".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_a_placeholder_is_refused() {
        assert!("0".repeat(64).parse::<Secret>().is_err());
        assert!("deadbeef".repeat(8).parse::<Secret>().is_err());
        assert!("abc".parse::<Secret>().is_err());
        assert!("3f9a1c0e7b5d2846a9f1e3c5b7d90284fedcba98765432100123456789abcdef".parse::<Secret>().is_ok());
    }

    #[test]
    fn a_secret_is_never_told_by_debug() {
        assert_eq!(format!("{:?}", Secret::new([7; 32])), "[redacted]");
    }

    #[test]
    fn keys_for_different_ends_differ() {
        let secret = Secret::new([7; 32]);
        assert_ne!(secret.key("cursors"), secret.key("partner keys"));
    }

    #[test]
    fn a_network_is_written_as_a_network() {
        for text in ["10.0.0.0/8", "192.0.2.7", "192.0.2.7/32", "2001:db8::/32", " ::1 "] {
            assert!(network(text).is_ok(), "{text}");
        }
        for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0", "proxy", "", "2001:db8::1/32"] {
            assert!(network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_environment_of_demo_is_no_environment_for_serve() {
        assert!(environment("demo").is_err());
        assert!(environment("live").is_ok());
    }
}
