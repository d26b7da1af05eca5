//! The configuration of the tokens that staff sign in with: the identity provider's keys, and the claims.

use std::path::PathBuf;

use clap::Args;

/// The arguments for the tokens that staff sign in with.
#[derive(Debug, Clone, Args)]
pub struct TokenConfig {
    /// A file with the identity provider's public keys (JWKS, RFC 7517), which verify the tokens of staff
    #[arg(long, env = "NARA_JWKS_FILE", value_name = "NARA_JWKS_FILE", conflicts_with = "jwks_url")]
    pub jwks_file: Option<PathBuf>,

    /// The https address where the identity provider publishes its public keys (JWKS), instead of a file with them
    #[arg(long, env = "NARA_JWKS_URL", value_name = "NARA_JWKS_URL")]
    pub jwks_url: Option<String>,

    /// The number of seconds after which the identity provider's keys are read again. A token with an unknown key causes an earlier
    /// reading, but not within half a minute of the last reading
    #[arg(long, env = "NARA_JWKS_REFRESH_SECONDS", value_name = "NARA_JWKS_REFRESH_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86400))]
    pub jwks_refresh_seconds: u32,

    /// The issuer that tokens must name (`iss`)
    #[arg(long, env = "NARA_ISSUER", value_name = "NARA_ISSUER", value_parser = nonempty)]
    pub issuer: String,

    /// The audience that tokens must name (`aud`)
    #[arg(long, env = "NARA_AUDIENCE", value_name = "NARA_AUDIENCE", default_value = "nara", value_parser = nonempty)]
    pub audience: String,

    /// The longest lifetime of a token in hours, from `iat` to `exp`. Tokens with a longer one are refused
    #[arg(long, env = "NARA_TOKEN_LONGEST_HOURS", value_name = "NARA_TOKEN_LONGEST_HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub token_longest_hours: u16,

    /// The name of the claim with the roles; a path such as realm_access.roles leads into nested claims
    #[arg(long, env = "NARA_CLAIM_ROLES", value_name = "NARA_CLAIM_ROLES", default_value = "roles", value_parser = nonempty)]
    pub claim_roles: String,

    /// The name of the claim with the slugs of the offices where the member of staff works
    #[arg(long, env = "NARA_CLAIM_OFFICES", value_name = "NARA_CLAIM_OFFICES", default_value = "offices", value_parser = nonempty)]
    pub claim_offices: String,

    /// The name of the claim with the name of the member of staff, which colleagues see
    #[arg(long, env = "NARA_CLAIM_NAME", value_name = "NARA_CLAIM_NAME", default_value = "name", value_parser = nonempty)]
    pub claim_name: String,

    /// The name of the claim that says whether a member of staff is qualified to decide on inquiries
    #[arg(long, env = "NARA_CLAIM_QUALIFIED", value_name = "NARA_CLAIM_QUALIFIED", default_value = "qualified", value_parser = nonempty)]
    pub claim_qualified: String,

    /// The name of the claim that says whether a member of staff is cleared for persons with a protected identity
    #[arg(long, env = "NARA_CLAIM_PROTECTED_IDENTITY", value_name = "NARA_CLAIM_PROTECTED_IDENTITY", default_value = "protectedIdentity", value_parser = nonempty)]
    pub claim_protected_identity: String,
}

fn nonempty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("expected a text that is not empty".to_owned()) } else { Ok(text.to_owned()) }
}
