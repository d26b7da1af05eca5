//! Keys of partner agencies: `nara_<env>_<keyId>_<secret><check>`.
//!
//! - The check detects a mistyped key before any look-up.
//! - The secret has 190 bits and is not stored: the database holds a keyed hash of it, which is compared in constant time.
//! - The environment is part of the key, so that a key for a test installation is refused in production.
//! - A key is valid until it expires, until the overlap after its rotation ends, or until it is revoked, whichever comes first.
//!   If it has allowed networks, it is valid only from them. It is never valid while its agency is suspended.
//! - Signing in needs no query: the [`Keyring`] is in memory. It also remembers the last use of each key.

mod keyring;
mod network;
mod plain;
pub mod store;

use std::fmt;
use std::str::FromStr;

use chrono::Duration;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use uuid::Uuid;

use crate::auth::Scope;
use crate::db::DbConn;
use crate::db::columns::Json;
use crate::db::schema::partner_keys;
use crate::error::{Error, Problem, Result, Text};
use crate::id::PartnerId;
use crate::time::{Moment, Timestamp};

pub use keyring::Keyring;
pub use network::Network;
pub use plain::PlainKey;

/// The number of characters in a key's id.
const ID_LENGTH: usize = 10;
/// The time for which the old key stays valid after a rotation, unless the call sets another.
pub const USUAL_OVERLAP: Duration = Duration::hours(24);
/// The longest time for which the old key can stay valid after a rotation.
pub const LONGEST_OVERLAP: Duration = Duration::days(30);

/// The public part of a key, which identifies the key: ten letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(transparent)]
pub struct ApiKeyId(String);
crate::text_column!(ApiKeyId);

impl ApiKeyId {
    /// The characters of the id in the form of a UUID (RFC 9562, version 8): the audit identifies every resource by a UUID.
    pub fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        // Bytes 6 and 8 hold the version and the variant, so the characters go before and after them.
        for (byte, letter) in [0, 1, 2, 3, 4, 5, 10, 11, 12, 13].into_iter().zip(self.0.bytes()) {
            bytes[byte] = letter;
        }
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl FromStr for ApiKeyId {
    type Err = Text;

    fn from_str(text: &str) -> std::result::Result<Self, Text> {
        match text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => Ok(Self(text.to_owned())),
            false => Err(Text::new(
                "must be ten characters, each a letter a-z or A-Z or a digit",
                "måste vara tio bokstäver a-z, A-Z och siffror",
            )),
        }
    }
}

impl AsRef<str> for ApiKeyId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl utoipa::PartialSchema for ApiKeyId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(ID_LENGTH))
            .max_length(Some(ID_LENGTH))
            .pattern(Some("^[0-9A-Za-z]{10}$"))
            .examples(["3kT9xZ0aQw"])
            .into()
    }
}

impl utoipa::ToSchema for ApiKeyId {}

/// The label, scopes and limits with which a key is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
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
    secret_hash: Vec<u8>,
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
    fn new(plain: &PlainKey, hash_key: &[u8; 32], partner_id: PartnerId, terms: Terms, moment: &Moment) -> Self {
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

/// The error for rotating a key that has ended or was already replaced.
pub fn ended() -> Error {
    Error::new(Problem::KeyEnded)
}

/// Stores a key that the program makes for a demo or a test. It never expires and is valid from anywhere.
pub fn insert(
    conn: &mut DbConn,
    key: &PlainKey,
    partner: PartnerId,
    scopes: &[Scope],
    hash_key: &[u8; 32],
    moment: &Moment,
) -> Result<()> {
    let label = "First key".to_owned();
    let terms = Terms { label, scopes: scopes.to_vec(), allowed_networks: Vec::new(), expires_at: None };
    store::insert(conn, &ApiKey::new(key, hash_key, partner, terms, moment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Random;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn key(expires_at: Option<Timestamp>) -> ApiKey {
        let moment = Moment { now: at("2026-11-23T09:00:00Z"), random: Random::system() };
        let terms =
            Terms { label: "A".to_owned(), scopes: vec![Scope::Read], allowed_networks: Vec::new(), expires_at };
        ApiKey::new(&PlainKey::new("test", &moment.random), &[1; 32], moment.id(), terms, &moment)
    }

    #[test]
    fn a_key_holds_until_the_first_of_its_ends() {
        let mut key = key(Some(at("2026-11-30T09:00:00Z")));
        assert!(key.holds(at("2026-11-30T08:59:59Z")) && !key.holds(at("2026-11-30T09:00:00Z")));
        key.overlap_until = Some(at("2026-11-24T09:00:00Z"));
        assert!(key.holds(at("2026-11-24T08:59:59Z")) && !key.holds(at("2026-11-24T09:00:00Z")));
        key.revoked_at = Some(at("2026-11-23T10:00:00Z"));
        assert!(!key.holds(at("2026-11-23T10:00:00Z")));
    }

    #[test]
    fn the_next_key_holds_as_long_as_this_one_was_made_for() {
        let week = key(Some(at("2026-11-30T09:00:00Z")));
        assert_eq!(week.terms_of_next(at("2026-11-29T09:00:00Z")).expires_at, Some(at("2026-12-06T09:00:00Z")));
        assert_eq!(key(None).terms_of_next(at("2026-11-29T09:00:00Z")).expires_at, None);
    }

    #[test]
    fn each_change_makes_another_version() {
        let mut key = key(None);
        let fresh = key.version();
        key.rotated_to = Some(PlainKey::new("test", &Random::system()).id);
        let rotated = key.version();
        key.revoked_at = Some(at("2026-11-23T10:00:00Z"));
        assert_eq!([fresh, rotated, key.version()], [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn two_keys_are_two_things_to_the_audit(one in "[0-9A-Za-z]{10}", other in "[0-9A-Za-z]{10}") {
            let (one, other): (ApiKeyId, ApiKeyId) = (one.parse().unwrap(), other.parse().unwrap());
            prop_assert_eq!(one == other, one.uuid() == other.uuid());
            prop_assert_eq!(one.uuid().get_version_num(), 8);
        }

        #[test]
        fn no_other_text_is_the_id_of_a_key(text in "\\PC{0,12}") {
            if let Ok(id) = text.parse::<ApiKeyId>() {
                prop_assert!(id.as_ref() == text && text.len() == ID_LENGTH);
            }
        }
    }
}
