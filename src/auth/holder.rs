//! Who holds a token: what it says of them, and who they are in the register.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::audit::AccessReason;
use crate::auth::permissions::Reach;
use crate::auth::tokens::Verified;
use crate::auth::{Role, Staff};
use crate::id::StaffId;
use crate::vault::{self, Confidential, ConfidentialLine, KeyedHash, Vault};

/// Who somebody is at the identity provider. The subject may be a personal identity number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderIdentity {
    issuer: String,
    #[serde(serialize_with = "vault::disclose")]
    subject: Confidential<String>,
}

impl ProviderIdentity {
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
    pub identity: ProviderIdentity,
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

/// Who holds a token that was verified. They are in the register from the first call on that the rule lets them make.
#[derive(Debug)]
pub struct TokenHolder {
    /// What the token says, and for how long.
    pub verified: Verified,
    /// What the register finds them by.
    pub identity_hash: KeyedHash,
    id: OnceLock<StaffId>,
}

impl TokenHolder {
    /// Whoever holds this token.
    pub fn new(verified: Verified, vault: &Vault) -> Self {
        let identity_hash = verified.claims.identity.hash(vault);
        Self { verified, identity_hash, id: OnceLock::new() }
    }

    /// Who they are in the register, where that is known already.
    pub fn id(&self) -> Option<StaffId> {
        self.id.get().copied()
    }

    /// Notes who they are in the register: whoever asks it is told the same.
    pub fn is_registered_as(&self, id: StaffId) {
        let _known_already = self.id.set(id);
    }

    /// The caller that they are, as far as the rule lets them go.
    pub fn staff(&self, id: StaffId, reach: Vec<Reach>, reason: Option<AccessReason>) -> Staff {
        let claims = &self.verified.claims;
        Staff {
            id,
            name: claims.name.clone(),
            roles: claims.roles.clone(),
            office_slugs: claims.office_slugs.clone(),
            qualified: claims.qualified,
            protected_identity: claims.protected_identity,
            reach,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Random;
    use crate::vault::VaultKeys;

    #[test]
    fn an_identity_is_found_again_and_told_to_nobody() {
        let vault = Vault::new(VaultKeys::new(&Random::system()));
        let anna = ProviderIdentity::new("https://idp.test", "19790101-1234");
        assert_eq!(anna.hash(&vault), ProviderIdentity::new("https://idp.test", "19790101-1234").hash(&vault));
        for other in [("https://idp.test", "19790101-1235"), ("https://idp.tes", "t19790101-1234"), ("", "")] {
            assert_ne!(anna.hash(&vault), ProviderIdentity::new(other.0, other.1).hash(&vault), "{other:?}");
        }
        assert!(!format!("{anna:?}").contains("1979"));
        // Sealed it comes back whole, so that the hashes can be made anew.
        let written = serde_json::to_vec(&anna).unwrap();
        assert_eq!(serde_json::from_slice::<ProviderIdentity>(&written).unwrap(), anna);
    }
}
