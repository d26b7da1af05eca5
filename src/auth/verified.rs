//! Contents of a token that was verified.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

use crate::auth::role::Role;
use crate::time::Timestamp;
use crate::vault;
use crate::vault::{Confidential, ConfidentialLine, KeyedHash, Vault};

/// The claims of a valid token, and the time for which it is valid.
#[derive(Debug, Clone)]
pub struct Verified {
    pub claims: Claims,
    /// The time for which the token is valid, in seconds since 1970.
    pub(super) holds: RangeInclusive<i64>,
    /// The generation of the keys that verified the token.
    pub(super) generation: u64,
}

impl Verified {
    /// Whether the token is valid at the time `now`.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.holds.contains(&now.utc().timestamp())
    }
}

/// A member of staff at the identity provider. The subject may be a personal identity number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderIdentity {
    issuer: String,
    #[serde(serialize_with = "vault::disclose")]
    subject: Confidential<String>,
}

impl ProviderIdentity {
    /// Makes the identity of the person whom `issuer` knows as `subject`.
    pub fn new(issuer: &str, subject: &str) -> Self {
        Self { issuer: issuer.to_owned(), subject: Confidential::new(subject.to_owned()) }
    }

    /// The keyed hash by which the register finds the person.
    pub fn hash(&self, vault: &Vault) -> KeyedHash {
        // No issuer contains a zero byte, so two identities never produce the same bytes.
        let written = [self.issuer.as_bytes(), &[0], self.subject.reveal().as_bytes()].concat();
        vault.keyed_hash("staff identity", &written)
    }
}

/// The statements of a token about its holder.
#[derive(Debug, Clone)]
pub struct Claims {
    pub identity: ProviderIdentity,
    /// The holder's name, if the token contains it.
    pub name: Option<ConfidentialLine>,
    pub roles: Vec<Role>,
    /// The slugs of the holder's offices, as the token names them.
    pub office_slugs: Vec<String>,
    /// Whether the holder may decide on inquiries (SoL 25 kap. 1 §).
    pub qualified: bool,
    /// Whether the holder may see persons with a protected identity.
    pub protected_identity: bool,
}
