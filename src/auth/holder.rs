//! The holder of a verified token of staff: the claims of the token, and the holder's entry in the register of staff.

use std::sync::OnceLock;

use crate::audit::AccessReason;
use crate::auth::Staff;
use crate::auth::permissions::Reach;
use crate::auth::verified::Verified;
use crate::id::StaffId;
use crate::vault::{KeyedHash, Vault};

/// The holder of a verified token. From the first call on, the holder is in the register of staff.
#[derive(Debug)]
pub struct TokenHolder {
    /// The claims of the token, and the time for which it is valid.
    pub verified: Verified,
    /// The keyed hash by which the register of staff finds the holder.
    pub identity_hash: KeyedHash,
    id: OnceLock<StaffId>,
}

impl TokenHolder {
    /// Makes the holder of a verified token, who is not known to be in the register yet.
    pub fn new(verified: Verified, vault: &Vault) -> Self {
        let identity_hash = verified.claims.identity.hash(vault);
        Self { verified, identity_hash, id: OnceLock::new() }
    }

    /// The holder's identifier in the register of staff, if it is known already.
    pub fn id(&self) -> Option<StaffId> {
        self.id.get().copied()
    }

    /// Remembers the holder's identifier in the register of staff. If it is already known, nothing changes.
    pub fn is_registered_as(&self, id: StaffId) {
        let _known_already = self.id.set(id);
    }

    /// Makes the signed-in member of staff for one call, from the claims of the token, the reach of the permission and the stated
    /// reason.
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
    use crate::auth::verified::ProviderIdentity;
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
        // The sealed identity opens unchanged, so that the hashes can be made again.
        let written = serde_json::to_vec(&anna).unwrap();
        assert_eq!(serde_json::from_slice::<ProviderIdentity>(&written).unwrap(), anna);
    }
}
