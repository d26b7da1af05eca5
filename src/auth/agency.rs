//! Partner agencies whose systems signed in.

use crate::auth::category::Category;
use crate::auth::keys;
use crate::auth::role::Scope;
use crate::id::PartnerId;

/// A partner agency whose system is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    pub id: PartnerId,
    /// The agency's category, on which its duties and rights by law depend.
    pub category: Category,
    /// The uses that the key is allowed.
    pub scopes: Vec<Scope>,
    /// The key that the agency signed in with.
    pub key: keys::key_id::ApiKeyId,
}
