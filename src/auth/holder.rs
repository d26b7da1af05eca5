//! Who holds a token: what it says of them, and who they are in the register.

use std::sync::OnceLock;

use crate::audit::AccessReason;
use crate::auth::Staff;
use crate::auth::permissions::Reach;
use crate::auth::verified::Verified;
use crate::id::StaffId;
use crate::vault::{KeyedHash, Vault};

/// Who holds a token that was verified. They are in the register from the first call on that the rule lets them make.
#[derive(Debug)]
pub struct Holder {
    /// What the token says, and for how long.
    pub verified: Verified,
    /// What the register finds them by.
    pub identity_hash: KeyedHash,
    id: OnceLock<StaffId>,
}

impl Holder {
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
    use crate::auth::verified::Identity;
    use crate::time::Random;
    use crate::vault::Ring;

    #[test]
    fn an_identity_is_found_again_and_told_to_nobody() {
        let vault = Vault::new(Ring::new(&Random::system()));
        let anna = Identity::new("https://idp.test", "19790101-1234");
        assert_eq!(anna.hash(&vault), Identity::new("https://idp.test", "19790101-1234").hash(&vault));
        for other in [("https://idp.test", "19790101-1235"), ("https://idp.tes", "t19790101-1234"), ("", "")] {
            assert_ne!(anna.hash(&vault), Identity::new(other.0, other.1).hash(&vault), "{other:?}");
        }
        assert!(!format!("{anna:?}").contains("1979"));
        // Sealed it comes back whole, so that the hashes can be made anew.
        let written = serde_json::to_vec(&anna).unwrap();
        assert_eq!(serde_json::from_slice::<Identity>(&written).unwrap(), anna);
    }
}
