//! Partner agencies whose systems signed in.

use crate::auth::category::Category;
use crate::auth::keys;
use crate::auth::role::Scope;
use crate::id::PartnerId;

/// A partner agency whose system signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Which agency it is.
    pub id: PartnerId,
    /// What the law says of such an agency.
    pub category: Category,
    /// What the key may be used for.
    pub scopes: Vec<Scope>,
    /// The key that it signed in with.
    pub key: keys::key_id::KeyId,
}
