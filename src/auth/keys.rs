//! Keys of partner agencies: `nara_<env>_<keyId>_<secret><check>`.
//!
//! - The check refuses a mistyped key before anything is looked up.
//! - The secret has 190 bits and is nowhere: the database holds a keyed hash of it, compared in constant time.
//! - The environment stands in the key, so that a key for trying things out is refused where things are real.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use diesel::prelude::*;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::auth::{Agency, Category, Scope};
use crate::db::columns::Json;
use crate::db::schema::{partner_keys, partners};
use crate::db::{Db, DbConn};
use crate::error::Result;
use crate::id::PartnerId;
use crate::time::{Moment, Random, Timestamp};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH: usize = 10;
const SECRET_LENGTH: usize = 32;
const CHECK_LENGTH: usize = 6;

/// A key as its agency holds it. It has no `Debug` and no `Serialize`: it is shown once, where it is made.
pub struct PlainKey {
    environment: String,
    id: String,
    secret: String,
}

impl PlainKey {
    /// A new key.
    pub fn new(environment: &str, random: &Random) -> Self {
        Self {
            environment: environment.to_owned(),
            id: letters::<ID_LENGTH>(random),
            secret: letters::<SECRET_LENGTH>(random),
        }
    }

    /// Reads a key; `None` when it is not of the form, or its check is wrong.
    pub fn parse(key: &str) -> Option<Self> {
        let (environment, rest) = key.strip_prefix("nara_")?.split_once('_')?;
        let (id, rest) = rest.split_once('_')?;
        if rest.len() != SECRET_LENGTH + CHECK_LENGTH || id.len() != ID_LENGTH || !key.is_ascii() {
            return None;
        }
        let (secret, check) = rest.split_at(SECRET_LENGTH);
        let parsed = Self { environment: environment.to_owned(), id: id.to_owned(), secret: secret.to_owned() };
        (parsed.check() == check).then_some(parsed)
    }

    /// The whole key, to be shown once.
    pub fn reveal(&self) -> String {
        format!("nara_{}_{}_{}{}", self.environment, self.id, self.secret, self.check())
    }

    /// What the database keeps instead of the secret.
    fn hash(&self, hash_key: &[u8; 32]) -> [u8; 32] {
        let mut hash = [0; 32];
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(hash_key) {
            mac.update(self.id.as_bytes());
            mac.update(self.secret.as_bytes());
            hash.copy_from_slice(&mac.finalize().into_bytes());
        }
        hash
    }

    fn check(&self) -> String {
        let mut rest = crc32fast::hash(format!("{}_{}_{}", self.environment, self.id, self.secret).as_bytes());
        let mut check = [b'0'; CHECK_LENGTH];
        for place in check.iter_mut().rev() {
            *place = letter(rest % 62);
            rest /= 62;
        }
        check.iter().map(|byte| char::from(*byte)).collect()
    }
}

/// 62 does not divide 256, so bytes from 248 on are drawn again: each letter is as likely as any other.
fn letters<const N: usize>(random: &Random) -> String {
    let mut letters = String::with_capacity(N);
    while letters.len() < N {
        let [byte] = random.bytes::<1>();
        if byte < 248 {
            letters.push(char::from(letter(u32::from(byte) % 62)));
        }
    }
    letters
}

fn letter(number: u32) -> u8 {
    usize::try_from(number).ok().and_then(|number| ALPHABET.get(number)).copied().unwrap_or(b'0')
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = partner_keys)]
struct KeyRow {
    id: String,
    partner_id: PartnerId,
    secret_hash: Vec<u8>,
    scopes: Json<Vec<String>>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

/// Remembers a new key of an agency.
pub fn insert(
    conn: &mut DbConn,
    key: &PlainKey,
    partner: PartnerId,
    scopes: &[Scope],
    hash_key: &[u8; 32],
    moment: &Moment,
) -> Result<()> {
    let row = KeyRow {
        id: key.id.clone(),
        partner_id: partner,
        secret_hash: key.hash(hash_key).to_vec(),
        scopes: Json(scopes.iter().map(|scope| scope.as_ref().to_owned()).collect()),
        created_at: moment.now,
        expires_at: None,
        revoked_at: None,
    };
    diesel::insert_into(partner_keys::table).values(row).execute(conn)?;
    Ok(())
}

/// The keys that hold, in memory: signing in needs no query. [`Keyring::refresh`] notices what other servers changed.
#[derive(Clone)]
pub struct Keyring {
    environment: String,
    hash_key: [u8; 32],
    keys: Arc<ArcSwap<HashMap<String, Known>>>,
}

struct Known {
    hash: Vec<u8>,
    agency: Agency,
    expires_at: Option<Timestamp>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("environment", &self.environment).finish_non_exhaustive()
    }
}

impl Keyring {
    /// An empty ring for keys of one environment.
    pub fn new(environment: String, hash_key: [u8; 32]) -> Self {
        Self { environment, hash_key, keys: Arc::default() }
    }

    /// Reads all keys that are not revoked.
    pub async fn refresh(&self, db: &Db) -> Result<()> {
        let keys = db.read(load).await?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Whose key it is; `None` when it does not hold, whatever the reason.
    pub fn verify(&self, key: &str, now: Timestamp) -> Option<Agency> {
        let key = PlainKey::parse(key).filter(|key| key.environment == self.environment)?;
        let keys = self.keys.load();
        let known = keys.get(&key.id)?;
        let genuine: bool = known.hash.ct_eq(&key.hash(&self.hash_key)).into();
        let holds = genuine && known.expires_at.is_none_or(|expires| now < expires);
        holds.then(|| known.agency.clone())
    }
}

fn load(conn: &mut DbConn) -> Result<HashMap<String, Known>> {
    let rows: Vec<(KeyRow, Category)> = partner_keys::table
        .inner_join(partners::table)
        .filter(partner_keys::revoked_at.is_null())
        .select((partner_keys::all_columns, partners::category))
        .load(conn)?;
    let known = rows.into_iter().map(|(row, category)| {
        let scopes = row.scopes.0.iter().filter_map(|scope| scope.parse().ok()).collect();
        let agency = Agency { id: row.partner_id, category, scopes, key: row.id.clone() };
        (row.id, Known { hash: row.secret_hash, agency, expires_at: row.expires_at })
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> String {
        PlainKey::new("test", &Random::system()).reveal()
    }

    #[test]
    fn a_key_is_read_as_it_was_made() {
        let key = key();
        assert_eq!(PlainKey::parse(&key).unwrap().reveal(), key);
    }

    #[test]
    fn the_hash_depends_on_the_installation() {
        let key = PlainKey::parse(&key()).unwrap();
        assert_ne!(key.hash(&[1; 32]), key.hash(&[2; 32]));
    }

    proptest! {
        #[test]
        fn one_wrong_letter_is_noticed(at in 5_usize..56, letter in 0_u32..62) {
            let key = key();
            let mut wrong = key.clone().into_bytes();
            if let Some(byte) = wrong.get_mut(at) {
                *byte = super::letter(letter);
            }
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert!(wrong == key || PlainKey::parse(&wrong).is_none());
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,80}") {
            prop_assert!(PlainKey::parse(&text).is_none());
        }
    }
}
