//! Keys of partner agencies as they are stored, and what each is made for.

use diesel::prelude::*;

use crate::auth::keys::key_id::ApiKeyId;
use crate::auth::keys::network::Network;
use crate::auth::keys::plain::PlainKey;
use crate::auth::role::Scope;
use crate::db::columns::Json;
use crate::db::schema::partner_keys;
use crate::id::PartnerId;
use crate::moment::Moment;
use crate::time::Timestamp;

/// The label, scopes and limits with which a key is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The key's name for people.
    pub label: String,
    /// The uses that the key is allowed.
    pub scopes: Vec<Scope>,
    /// The networks from which alone the key is valid. If empty, it is valid from anywhere.
    pub allowed_networks: Vec<Network>,
    /// The time when the key expires, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A key as it is stored, without its secret.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = partner_keys)]
pub struct ApiKey {
    pub id: ApiKeyId,
    /// The agency that the key belongs to.
    pub partner_id: PartnerId,
    /// The key's name for people.
    pub label: String,
    pub(super) secret_hash: Vec<u8>,
    scopes: Json<Vec<String>>,
    allowed_networks: Json<Vec<Network>>,
    pub created_at: Timestamp,
    /// The time when the key expires, if it does.
    pub expires_at: Option<Timestamp>,
    /// The time when the key ends because another one replaces it.
    pub overlap_until: Option<Timestamp>,
    /// The key that replaces this one.
    pub rotated_to: Option<ApiKeyId>,
    pub revoked_at: Option<Timestamp>,
    /// The time of the last use, accurate to about a minute.
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

    /// The uses that the key is allowed. A scope that only a newer version of the program knows is left out.
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.0.iter().filter_map(|scope| scope.parse().ok()).collect()
    }

    /// The networks from which alone the key is valid. If empty, it is valid from anywhere.
    pub fn allowed_networks(&self) -> &[Network] {
        &self.allowed_networks.0
    }

    /// The time when the key ends without being revoked, if it does.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.expires_at.into_iter().chain(self.overlap_until).min()
    }

    /// Whether the key is valid at the time `now`. The status of its agency and its networks are not checked.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.ends_at().is_none_or(|end| now < end)
    }

    /// Whether another key may replace this one.
    pub fn may_be_rotated(&self, now: Timestamp) -> bool {
        self.holds(now) && self.rotated_to.is_none()
    }

    /// The version of the record, which counts its changes: a key can be rotated once and revoked once.
    pub fn version(&self) -> i32 {
        1 + i32::from(self.rotated_to.is_some()) + i32::from(self.revoked_at.is_some())
    }

    /// The terms of the key that replaces this one: the same label, scopes and networks, and the same lifetime counted from `now`.
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
