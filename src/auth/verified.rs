//! Contents of a token that was verified.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

use crate::auth::role::Role;
use crate::time::Timestamp;
use crate::vault;
use crate::vault::{Confidential, ConfidentialLine, KeyedHash, Vault};

/// What a token says that holds, and for how long it does.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// From when to when, in seconds.
    pub(super) holds: RangeInclusive<i64>,
    /// Of the keys that verified it.
    pub(super) generation: u64,
}

impl Verified {
    /// Whether it holds at this time.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.holds.contains(&now.utc().timestamp())
    }
}

/// Who somebody is at the identity provider. The subject may be a personal identity number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    issuer: String,
    #[serde(serialize_with = "vault::disclose")]
    subject: Confidential<String>,
}

impl Identity {
    /// Whom this issuer knows by this subject.
    pub fn new(issuer: &str, subject: &str) -> Self {
        Self { issuer: issuer.to_owned(), subject: Confidential::new(subject.to_owned()) }
    }

    /// What the register finds them by.
    pub fn hash(&self, vault: &Vault) -> KeyedHash {
        // No issuer holds a zero byte, so no two identities are written alike.
        let written = [self.issuer.as_bytes(), &[0], self.subject.reveal().as_bytes()].concat();
        vault.keyed_hash("staff identity", &written)
    }
}

/// What a token says of the one who holds it.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Who it is.
    pub identity: Identity,
    /// The name, if the token tells it.
    pub name: Option<ConfidentialLine>,
    /// Their roles.
    pub roles: Vec<Role>,
    /// The slugs of their offices, as the token names them.
    pub office_slugs: Vec<String>,
    /// Whether they may decide on inquiries (SoL 25 kap. 1 §).
    pub qualified: bool,
    /// Whether they may see persons with a protected identity.
    pub protected_identity: bool,
}
