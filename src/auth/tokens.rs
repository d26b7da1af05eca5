//! Tokens of staff: JWT (RFC 7519), signed by the municipality's identity provider with a key of its published set.
//!
//! - `iss`, `aud`, `exp`, `nbf` and `iat` are checked with 30 seconds of leeway against the clock that is handed in, and a token
//!   that holds for longer than the installation allows is refused.
//! - A token that was verified is remembered by its hash until it expires, so that its signature is checked once. When the keys
//!   change, all are forgotten.
//! - The keys are read again from time to time, and when a token names a key that is not known; the second at most once in half a
//!   minute, whatever callers send. When they cannot be read, those that are known stay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use hmac::{Hmac, Mac};
use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::auth::key_set::{KeySet, KeySource};
use crate::auth::{Role, Staff};
use crate::id::StaffId;
use crate::text::Line;
use crate::time::Timestamp;
use crate::vault::Confidential;

/// How far the identity provider's clock may be from ours, in seconds.
const LEEWAY: i64 = 30;
/// A longer token is not read at all.
const LONGEST_TOKEN: usize = 8 * 1024;
/// More verified tokens than this are not remembered at once.
const REMEMBERED: usize = 4096;
/// An unknown key makes the set be read again, but not within so many seconds after the last time.
const BETWEEN_READINGS: i64 = 30;
/// What a token may hold for at most if nothing else is said, in seconds.
const LONGEST_LIFETIME: i64 = 24 * 3600;

/// Verifies tokens.
pub struct Verifier {
    keys: ArcSwap<Keys>,
    source: KeySource,
    renewed_every: Duration,
    last_reading: tokio::sync::Mutex<Option<Timestamp>>,
    issuer: String,
    audience: String,
    claims: ClaimNames,
    longest_lifetime: i64,
    subject_key: [u8; 32],
    verified: Mutex<HashMap<[u8; 32], Verified>>,
}

/// A set of keys, and how many there were before it.
struct Keys {
    set: KeySet,
    text: String,
    generation: u64,
}

/// In which claims a token says what.
#[derive(Debug, Clone)]
pub struct ClaimNames {
    /// The roles.
    pub roles: String,
    /// The slugs of the offices.
    pub offices: String,
    /// The name.
    pub name: String,
    /// Whether they may decide on inquiries.
    pub qualified: String,
    /// Whether they are cleared for protected identities.
    pub protected_identity: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let [roles, offices, name, qualified, protected_identity] =
            ["roles", "offices", "name", "qualified", "protectedIdentity"].map(str::to_owned);
        Self { roles, offices, name, qualified, protected_identity }
    }
}

/// Who a verified token says is calling, and for how long.
#[derive(Clone)]
pub struct Verified {
    /// Who it is.
    pub staff: Staff,
    not_before: i64,
    not_after: i64,
    generation: u64,
}

/// Why a token does not hold: for the metrics. A caller is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    /// It is no token, or too long.
    Malformed,
    /// It names a key that is not in the set, or an algorithm that does not fit its key.
    UnknownKey,
    /// Its signature is not the key's.
    Signature,
    /// It is of another issuer, for another audience, or lacks what it must say.
    Claims,
    /// It holds no more, or not yet.
    Time,
    /// It would hold for longer than is allowed.
    Lifetime,
}

/// What came of reading the keys again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum Renewal {
    /// There were other keys, and they are in force.
    Renewed,
    /// They are the same, or there is nowhere to read them from.
    Unchanged,
    /// They could not be read; those that are known stay.
    Failed,
}

impl Verifier {
    /// Takes over the keys of a set. A set with a shared secret, an unnamed key or the same name twice is refused.
    pub fn new(jwks: &str, issuer: String, audience: String, subject_key: [u8; 32]) -> Result<Self, String> {
        let keys = Keys { set: jwks.parse()?, text: jwks.to_owned(), generation: 0 };
        Ok(Self {
            keys: ArcSwap::from_pointee(keys),
            source: KeySource::Fixed,
            renewed_every: Duration::MAX,
            last_reading: tokio::sync::Mutex::default(),
            issuer,
            audience,
            claims: ClaimNames::default(),
            longest_lifetime: LONGEST_LIFETIME,
            subject_key,
            verified: Mutex::default(),
        })
    }

    /// The same verifier, which reads its keys again from `source`, so often.
    pub fn renewed_from(self, source: KeySource, every: Duration) -> Self {
        Self { source, renewed_every: every, ..self }
    }

    /// How often the keys are to be read again.
    pub fn renewed_every(&self) -> Duration {
        self.renewed_every
    }

    /// The same verifier for tokens that say things in claims of other names.
    pub fn with_claims(self, claims: ClaimNames) -> Self {
        Self { claims, ..self }
    }

    /// The same verifier for tokens that hold for at most so many seconds.
    pub fn with_longest_lifetime(self, seconds: i64) -> Self {
        Self { longest_lifetime: seconds, ..self }
    }

    /// Who is calling, if this token was verified before. `Err` when it does not hold any more.
    pub fn remembered(&self, token: &str, now: Timestamp) -> Option<Result<Staff, Refusal>> {
        let generation = self.keys.load().generation;
        let remembered = self.lock();
        let verified = remembered.get(&fingerprint(token)).filter(|verified| verified.generation == generation)?;
        let seconds = now.utc().timestamp();
        let holds = (verified.not_before..=verified.not_after).contains(&seconds);
        Some(if holds { Ok(verified.staff.clone()) } else { Err(Refusal::Time) })
    }

    /// Remembers a token that was verified. When there is no room, what has expired is forgotten, and if need be everything: a
    /// forgotten token is verified anew.
    pub fn remember(&self, token: &str, verified: Verified, now: Timestamp) {
        let mut remembered = self.lock();
        if remembered.len() >= REMEMBERED {
            remembered.retain(|_, verified| verified.not_after >= now.utc().timestamp());
        }
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(fingerprint(token), verified);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Verified>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the set may have other keys by now than those that are known. It is not read again within half a minute.
    pub fn may_have_other_keys(&self, now: Timestamp) -> bool {
        // Where somebody is reading just now, one waits for what comes of it.
        let is_due = self.last_reading.try_lock().is_ok_and(|last| is_due(*last, now));
        !matches!(self.source, KeySource::Fixed) && (is_due || self.last_reading.try_lock().is_err())
    }

    /// Reads the keys again because a token names one that is not known.
    pub async fn renew_for_unknown_key(&self, now: Timestamp) -> Renewal {
        let before = self.keys.load().generation;
        // Those who ask at the same time wait for the one reading, and share what came of it.
        let mut last = self.last_reading.lock().await;
        if self.keys.load().generation != before {
            return Renewal::Renewed;
        }
        if !is_due(*last, now) {
            return Renewal::Unchanged;
        }
        *last = Some(now);
        self.renew().await
    }

    /// Reads the keys again.
    pub async fn renew(&self) -> Renewal {
        let Some(read) = self.source.read().await else { return Renewal::Unchanged };
        let known = self.keys.load();
        let renewed = read.and_then(|text| {
            if text == known.text {
                return Ok(None);
            }
            Ok(Some(Keys { set: text.parse()?, text, generation: known.generation + 1 }))
        });
        match renewed {
            Ok(None) => Renewal::Unchanged,
            Ok(Some(keys)) => {
                self.keys.store(Arc::new(keys));
                self.lock().clear();
                tracing::info!("the identity provider has other keys than before; they are in force");
                Renewal::Renewed
            }
            Err(cause) => {
                tracing::warn!(%cause, "the identity provider's keys could not be read; those that are known stay in force");
                Renewal::Failed
            }
        }
    }

    /// Who the token says is calling.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Verified, Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        let keys = self.keys.load();
        let key = header.kid.as_deref().and_then(|kid| keys.set.key(kid)).ok_or(Refusal::UnknownKey)?;
        if !key.algorithms.contains(&header.alg) {
            return Err(Refusal::Signature);
        }
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library asks the machine's clock; ours is handed in, so the times are checked below.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &key.decoding, &rules);
        let claims = decoded.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => Refusal::Signature,
            _ => Refusal::Claims,
        })?;
        self.read(&claims.claims, now.utc().timestamp(), keys.generation)
    }

    fn read(&self, claims: &Map<String, Value>, now: i64, generation: u64) -> Result<Verified, Refusal> {
        let seconds = |name: &str| claims.get(name).map(|value| value.as_i64().ok_or(Refusal::Claims)).transpose();
        let (expires, issued) = (seconds("exp")?.ok_or(Refusal::Claims)?, seconds("iat")?.ok_or(Refusal::Claims)?);
        let begins = seconds("nbf")?.unwrap_or(issued).max(issued);
        let not_before = begins.checked_sub(LEEWAY).ok_or(Refusal::Claims)?;
        let not_after = expires.checked_add(LEEWAY).ok_or(Refusal::Claims)?;
        if !(not_before..=not_after).contains(&now) {
            return Err(Refusal::Time);
        }
        if expires.checked_sub(issued).is_none_or(|lifetime| lifetime > self.longest_lifetime) {
            return Err(Refusal::Lifetime);
        }
        let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty());
        let names = &self.claims;
        let name = claim(claims, &names.name).and_then(Value::as_str).and_then(|name| name.parse::<Line>().ok());
        let says = |name: &str| claim(claims, name).and_then(Value::as_bool).unwrap_or(false);
        let staff = Staff {
            id: self.staff_id(subject.ok_or(Refusal::Claims)?),
            name: name.map(Confidential::new),
            roles: texts(claims, &names.roles).filter_map(|role| role.parse::<Role>().ok()).collect(),
            office_slugs: texts(claims, &names.offices).map(str::to_owned).collect(),
            qualified: says(&names.qualified),
            protected_identity: says(&names.protected_identity),
            reach: Vec::new(),
            reason: None,
        };
        Ok(Verified { staff, not_before, not_after, generation })
    }

    /// A subject may be a personal identity number, so it is known by a keyed hash alone, in the form of a UUID (RFC 9562, version 8).
    fn staff_id(&self, subject: &str) -> StaffId {
        let mut bytes = [0; 16];
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.subject_key) {
            mac.update(self.issuer.as_bytes());
            mac.update(&[0]);
            mac.update(subject.as_bytes());
            bytes.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        }
        StaffId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

fn is_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now.utc().timestamp() - last.utc().timestamp() >= BETWEEN_READINGS)
}

fn fingerprint(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A claim by its name, or inside others by a path such as `realm_access.roles`.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        claim(claims.get(first)?.as_object()?, rest)
    })
}

/// The texts of a claim that is a list, or the one text that it is.
fn texts<'a>(claims: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a str> {
    let claim = claim(claims, name);
    let list = claim.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().chain(claim).filter_map(Value::as_str)
}
