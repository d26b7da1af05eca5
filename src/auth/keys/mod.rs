//! API keys of partner agencies, of the form `nara_<env>_<keyId>_<secret><check>`.
//!
//! - The check is a checksum. It detects a mistyped key before any look-up.
//! - The secret has 190 random bits and is not stored: the database holds a keyed hash of it, which is compared in constant time.
//! - The environment is part of the key, so that a key for a test installation is refused in production.
//! - A key is valid until it expires, until the overlap after its rotation ends, or until it is revoked, whichever comes first.
//!   If it has allowed networks, it is valid only from them. It is never valid while its agency is suspended.
//! - Signing in needs no query: the [`Keyring`] holds all keys in memory. It also remembers the last use of each key.

pub mod api_key;
pub mod bound;
pub mod key_id;
mod keyring;
mod network;
mod plain;
pub mod store;

use chrono::Duration;

use crate::auth::Scope;
use crate::db::DbConn;
use crate::error::{Error, Problem, Result};
use crate::id::PartnerId;
use crate::moment::Moment;

pub use api_key::{ApiKey, Terms};
pub use key_id::ApiKeyId;
pub use keyring::Keyring;
pub use network::Network;
pub use plain::PlainKey;

/// The time for which the old key stays valid after a rotation, unless the call that rotates it sets another.
pub const USUAL_OVERLAP: Duration = Duration::hours(24);
/// The longest time for which the old key can be kept valid after a rotation.
pub const LONGEST_OVERLAP: Duration = Duration::days(30);

/// Makes the error for rotating a key that has ended or was already rotated.
pub fn ended() -> Error {
    Error::new(Problem::KeyEnded)
}

/// Stores an API key that the program makes for a demo or a test. It never expires and is valid from anywhere.
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
    use super::key_id::ID_LENGTH;
    use super::*;
    use crate::time::Random;
    use crate::time::Timestamp;
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
