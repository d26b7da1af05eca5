//! The contents of a token of staff that was verified.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

use crate::auth::role::Role;
use crate::time::Timestamp;
use crate::vault;
use crate::vault::{Confidential, ConfidentialLine, KeyedHash, Vault};

/// The claims of a token that was found valid, and the time for which the token is valid.
#[derive(Debug, Clone)]
pub struct Verified {
    pub claims: Claims,
    /// The time at which the token was issued (`iat`), to the second. A token without it is refused.
    pub issued_at: Timestamp,
    /// The first and the last second at which the token is valid, including 30 seconds of leeway, in seconds since 1970.
    pub(super) holds: RangeInclusive<i64>,
    /// The number of the key set that verified the token. When other keys come into use, they have another number, and the token
    /// must be verified again.
    pub(super) generation: u64,
}

impl Verified {
    /// Whether the token is valid at the time `now`.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.holds.contains(&now.utc().timestamp())
    }
}

/// The identity of a member of staff at the identity provider: the issuer and the subject. The subject may be a personal identity
/// number.
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

    /// Returns the keyed hash by which the register of staff finds the person.
    pub fn hash(&self, vault: &Vault) -> KeyedHash {
        // No issuer contains a zero byte, so two identities never produce the same bytes.
        let written = [self.issuer.as_bytes(), &[0], self.subject.reveal().as_bytes()].concat();
        vault.keyed_hash("staff identity", &written)
    }
}

/// The claims of a verified token: its statements about its holder.
#[derive(Debug, Clone)]
pub struct Claims {
    pub identity: ProviderIdentity,
    /// The holder's name, if the token contains it.
    pub name: Option<ConfidentialLine>,
    pub roles: Vec<Role>,
    /// The slugs of the holder's offices. Some may not exist in the directory.
    pub office_slugs: Vec<String>,
    /// Whether the token says that the holder is qualified to decide on inquiries (SoL 25 kap. 1 §). Deciding takes a permission as
    /// well.
    pub qualified: bool,
    /// Whether the token says that the holder is cleared for cases about persons with a protected identity.
    pub protected_identity: bool,
}
