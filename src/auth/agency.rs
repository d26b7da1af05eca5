//! Partner agencies that are signed in.

use crate::auth::category::Category;
use crate::auth::keys;
use crate::auth::role::Scope;
use crate::id::PartnerId;

/// A partner agency that is signed in with one of its API keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    pub id: PartnerId,
    /// The agency's category, on which its duties and rights by law depend.
    pub category: Category,
    /// The scopes of the API key: whether it may submit or read referrals.
    pub scopes: Vec<Scope>,
    /// The id of the API key that the agency signed in with.
    pub key: keys::key_id::ApiKeyId,
}
