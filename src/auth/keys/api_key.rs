//! Keys of partner agencies as they are stored, and what each is made for.

use diesel::prelude::*;

use crate::auth::keys::key_id::KeyId;
use crate::auth::keys::network::Network;
use crate::auth::keys::plain::PlainKey;
use crate::auth::role::Scope;
use crate::db::columns::Json;
use crate::db::schema::partner_keys;
use crate::id::PartnerId;
use crate::moment::Moment;
use crate::time::Timestamp;

/// What a key is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What people call it.
    pub label: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// From where alone it holds; from anywhere if there is none.
    pub allowed_networks: Vec<Network>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A key as it is remembered: without its secret.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = partner_keys)]
pub struct ApiKey {
    /// Identifies it.
    pub id: KeyId,
    /// The agency that has it.
    pub partner_id: PartnerId,
    /// What people call it.
    pub label: String,
    pub(super) secret_hash: Vec<u8>,
    scopes: Json<Vec<String>>,
    allowed_networks: Json<Vec<Network>>,
    /// Since when there is such a key.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it ends because another one takes its place.
    pub overlap_until: Option<Timestamp>,
    /// The key that takes its place.
    pub rotated_to: Option<KeyId>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to about a minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    pub(super) fn new(
        plain: &PlainKey,
        hash_key: &[u8; 32],
        partner_id: PartnerId,
        terms: Terms,
        moment: &Moment,
    ) -> Self {
        Self {
            id: plain.id.clone(),
            partner_id,
            label: terms.label,
            secret_hash: plain.hash(hash_key).to_vec(),
            scopes: Json(terms.scopes.iter().map(|scope| scope.as_ref().to_owned()).collect()),
            allowed_networks: Json(terms.allowed_networks),
            created_at: moment.now,
            expires_at: terms.expires_at,
            overlap_until: None,
            rotated_to: None,
            revoked_at: None,
            last_used_at: None,
        }
    }

    /// What it may be used for. A scope that only a newer program knows opens nothing here.
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.0.iter().filter_map(|scope| scope.parse().ok()).collect()
    }

    /// From where alone it holds; from anywhere if there is none.
    pub fn allowed_networks(&self) -> &[Network] {
        &self.allowed_networks.0
    }

    /// When it ends by itself, if it does.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.expires_at.into_iter().chain(self.overlap_until).min()
    }

    /// Whether it may still be used, by what is written about it.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.ends_at().is_none_or(|end| now < end)
    }

    /// Whether another key may take its place.
    pub fn may_be_rotated(&self, now: Timestamp) -> bool {
        self.holds(now) && self.rotated_to.is_none()
    }

    /// How often it was changed: it can be rotated once and revoked once.
    pub fn version(&self) -> i32 {
        1 + i32::from(self.rotated_to.is_some()) + i32::from(self.revoked_at.is_some())
    }

    /// What the key in its place is made for: the same, and for as long from now on as this one was made for.
    pub fn terms_of_next(&self, now: Timestamp) -> Terms {
        let from_now = |end: Timestamp| Timestamp::from(now.utc() + (end.utc() - self.created_at.utc()));
        Terms {
            label: self.label.clone(),
            scopes: self.scopes(),
            allowed_networks: self.allowed_networks.0.clone(),
            expires_at: self.expires_at.map(from_now),
        }
    }
}
