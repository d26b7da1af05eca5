//! API keys of partner agencies as they are stored, and the terms on which a key is made.

use diesel::prelude::*;

use crate::auth::keys::key_id::ApiKeyId;
use crate::auth::keys::network::Network;
use crate::auth::keys::plain::PlainKey;
use crate::auth::role::Scope;
use crate::binding::RowCode;
use crate::db::columns::Json;
use crate::db::schema::partner_keys;
use crate::id::PartnerId;
use crate::moment::Moment;
use crate::time::Timestamp;

/// The terms on which an API key is made: its label, scopes, networks and expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The key's label, by which people recognise it.
    pub label: String,
    /// The scopes of the key: whether it may submit or read referrals.
    pub scopes: Vec<Scope>,
    /// The networks to which the key is limited. If empty, it is valid from anywhere.
    pub allowed_networks: Vec<Network>,
    /// The time when the key expires; `None` if it never does.
    pub expires_at: Option<Timestamp>,
}

/// An API key as it is stored: with a keyed hash in place of its secret.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = partner_keys)]
pub struct ApiKey {
    pub id: ApiKeyId,
    /// The agency that the key belongs to.
    pub partner_id: PartnerId,
    /// The key's label, by which people recognise it.
    pub label: String,
    pub(super) secret_hash: Vec<u8>,
    pub(super) scopes: Json<Vec<String>>,
    pub(super) allowed_networks: Json<Vec<Network>>,
    pub created_at: Timestamp,
    /// The time when the key expires; `None` if it never does.
    pub expires_at: Option<Timestamp>,
    /// The time when the key ends because another one replaces it; `None` as long as it is not rotated.
    pub overlap_until: Option<Timestamp>,
    /// The id of the key that replaces this one; `None` as long as it is not rotated.
    pub rotated_to: Option<ApiKeyId>,
    pub revoked_at: Option<Timestamp>,
    /// The time of the key's last use, accurate to about a minute; `None` if it was never used.
    pub last_used_at: Option<Timestamp>,
    pub code: Option<RowCode>,
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
            code: Some(RowCode::fresh()),
        }
    }

    /// Returns the scopes of the key. A scope that only a newer version of the program knows is left out.
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.0.iter().filter_map(|scope| scope.parse().ok()).collect()
    }

    /// Returns the networks to which the key is limited. If empty, it is valid from anywhere.
    pub fn allowed_networks(&self) -> &[Network] {
        &self.allowed_networks.0
    }

    /// Returns the time when the key ends without being revoked: its expiry or the end of its overlap, whichever comes first.
    /// `None` if it has neither.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.expires_at.into_iter().chain(self.overlap_until).min()
    }

    /// Whether the key is neither revoked nor ended at the time `now`. The status of its agency and its networks are not checked.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.ends_at().is_none_or(|end| now < end)
    }

    /// Whether the key may be rotated: it is valid at the time `now`, and no other key replaces it yet.
    pub fn may_be_rotated(&self, now: Timestamp) -> bool {
        self.holds(now) && self.rotated_to.is_none()
    }

    /// Returns the version of the record, from 1 to 3. It counts the record's changes: a key can be rotated once and revoked once.
    pub fn version(&self) -> i32 {
        1 + i32::from(self.rotated_to.is_some()) + i32::from(self.revoked_at.is_some())
    }

    /// Returns the terms of a key that replaces this one: the same label, scopes and networks, and the same lifetime counted from
    /// `now`.
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
