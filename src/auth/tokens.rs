//! Tokens of staff: JWT (RFC 7519), signed by the municipality's identity provider with a key of its published set.
//!
//! - `iss`, `aud`, `exp`, `nbf` and `iat` are checked. Times have 30 seconds of leeway against the time that is passed in. A token
//!   whose lifetime, from `iat` to `exp`, is longer than the installation allows is refused.
//! - A verified token is remembered, also if its roles allow nothing, so that its signature need not be checked again; it is no
//!   longer accepted once it has expired. When the keys change, all tokens are forgotten.
//! - The keys are read again at intervals, and also when a token names an unknown key; the latter at most once in half a
//!   minute, whatever callers send. Only one reading runs at a time. If the keys cannot be read, the known ones stay in use.
//! - As long as there are no keys, because the identity provider could not be reached when the server started, no token can be verified.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use serde_json::{Map, Value};

use crate::auth::Role;
use crate::auth::holder::TokenHolder;
use crate::auth::key_set::{KeySet, KeySource};
use crate::auth::remembered::Remembered;
use crate::auth::verified::{Claims, ProviderIdentity, Verified};
use crate::text::Line;
use crate::time::Timestamp;
use crate::vault::Confidential;

/// The leeway for the times in a token, in seconds: the largest difference between the identity provider's clock and ours that does
/// not matter.
const LEEWAY: i64 = 30;
/// The length in bytes of the longest token that is checked. A longer one is refused.
const LONGEST_TOKEN: usize = 8 * 1024;
/// The least time in seconds between a reading of the keys and another one because a token names an unknown key.
const BETWEEN_READINGS: u64 = 30;
/// The pause between two attempts to read the keys while there are none.
const UNTIL_THE_FIRST: Duration = Duration::from_secs(1);
/// The default for the longest lifetime that a token may have, from `iat` to `exp`, in seconds.
const LONGEST_LIFETIME: i64 = 24 * 3600;

/// Verifies the tokens of staff with the identity provider's keys, and remembers the verified tokens.
pub struct TokenVerifier {
    keys: ArcSwapOption<KeyGeneration>,
    /// The source from which the keys are read again. Demos and tests have fixed keys and no source.
    source: Option<KeySource>,
    renewed_every: Duration,
    /// The time at which the last reading of the keys began. The lock is held while the keys are read.
    last_reading: tokio::sync::Mutex<Option<Timestamp>>,
    issuer: String,
    audience: String,
    claims: ClaimNames,
    longest_lifetime: i64,
    remembered: Remembered,
}

/// A set of keys with a number that grows by one whenever other keys come into use.
struct KeyGeneration {
    set: KeySet,
    generation: u64,
}

/// The names of the claims in which a token says who its holder is and what the holder may do. A name may be a path such as
/// `realm_access.roles`.
#[derive(Debug, Clone)]
pub struct ClaimNames {
    pub roles: String,
    /// The name of the claim that lists the slugs of the holder's offices.
    pub offices: String,
    pub name: String,
    /// The name of the claim that says whether the holder is qualified to decide on inquiries.
    pub qualified: String,
    /// The name of the claim that says whether the holder may see persons with a protected identity.
    pub protected_identity: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let [roles, offices, name, qualified, protected_identity] =
            ["roles", "offices", "name", "qualified", "protectedIdentity"].map(str::to_owned);
        Self { roles, offices, name, qualified, protected_identity }
    }
}

/// A reason for refusing a token, as counted by the metrics. Callers are not told the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum TokenRefusal {
    /// The text is no token, is too long, or demands extensions (`crit`) that this program does not know.
    Malformed,
    /// The token names no key, or a key that is not in the set.
    UnknownKey,
    /// The signature does not match the key, or the token's algorithm is not one of the key.
    Signature,
    /// The token has another issuer or audience, or a required claim is missing or malformed.
    Claims,
    /// The token has expired or is not valid yet.
    Time,
    /// The token's lifetime, from `iat` to `exp`, is longer than the installation allows.
    Lifetime,
    /// There are no keys yet to verify the token with; the token itself may be valid.
    NoKeys,
}

/// The result of reading the identity provider's keys again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum Renewal {
    /// The keys had changed, and the new ones are in use.
    Renewed,
    /// The keys have not changed, or the verifier has fixed keys and no source to read others from.
    Unchanged,
    /// The keys could not be read; the known ones stay in use.
    Failed,
}

impl TokenVerifier {
    /// Makes a verifier with these keys for the tokens of one issuer to one audience. Without keys it refuses every token until it
    /// has read some.
    pub fn new(keys: Option<KeySet>, issuer: String, audience: String) -> Self {
        Self {
            keys: ArcSwapOption::from_pointee(keys.map(|set| KeyGeneration { set, generation: 0 })),
            source: None,
            renewed_every: Duration::MAX,
            last_reading: tokio::sync::Mutex::default(),
            issuer,
            audience,
            claims: ClaimNames::default(),
            longest_lifetime: LONGEST_LIFETIME,
            remembered: Remembered::default(),
        }
    }

    /// Sets `source` as the place from which the keys are read again, and `every` as the interval. It reads nothing itself.
    pub fn renewed_from(self, source: KeySource, every: Duration) -> Self {
        Self { source: Some(source), renewed_every: every, ..self }
    }

    /// Sets the names of the claims that are read from tokens.
    pub fn with_claims(self, claims: ClaimNames) -> Self {
        Self { claims, ..self }
    }

    /// Sets the longest lifetime that a token may have, from `iat` to `exp`, in seconds.
    pub fn with_longest_lifetime(self, seconds: i64) -> Self {
        Self { longest_lifetime: seconds, ..self }
    }

    /// Whether the identity provider's keys are known, so that tokens can be verified.
    pub fn has_keys(&self) -> bool {
        self.keys.load().is_some()
    }

    /// Returns the holder of a token that was verified before with the keys now in use. `None` if the token is not remembered, and
    /// `Err` if it has expired since it was verified.
    pub fn remembered(&self, token: &str, now: Timestamp) -> Option<Result<Arc<TokenHolder>, TokenRefusal>> {
        let holder = self.remembered.get(token).filter(|holder| holder.verified.generation == self.generation())?;
        Some(if holder.verified.holds_at(now) { Ok(holder) } else { Err(TokenRefusal::Time) })
    }

    /// Stores the holder of a verified token, so that the same token need not be verified again.
    pub fn remember(&self, token: &str, holder: Arc<TokenHolder>, now: Timestamp) {
        self.remembered.insert(token, holder, now);
    }

    /// The pause between one regular reading of the keys and the next. It is short while there are no keys.
    pub fn next_renewal(&self) -> Duration {
        if self.has_keys() { self.renewed_every } else { self.renewed_every.min(UNTIL_THE_FIRST) }
    }

    /// Whether it is worth reading the keys again for a token that names an unknown key. `false` without a source, and within half
    /// a minute of the last reading; `true` while a reading is running, whose result can be shared.
    pub fn may_have_other_keys(&self, now: Timestamp) -> bool {
        // If a reading is running, the caller waits for its result.
        self.source.is_some() && self.last_reading.try_lock().map_or(true, |last| is_due(*last, now))
    }

    /// Reads the keys again because a token names an unknown key. Calls at the same time wait for one reading and share its result:
    /// for all but the first the answer is `None`, as for any call within half a minute of the last reading.
    pub async fn renew_for_unknown_key(&self, now: Timestamp) -> Option<Renewal> {
        let mut last = self.last_reading.lock().await;
        if !is_due(*last, now) {
            return None;
        }
        *last = Some(now);
        Some(self.read_keys().await)
    }

    /// Reads the keys again, however recent the last reading is. It is called at regular intervals.
    pub async fn renew(&self, now: Timestamp) -> Renewal {
        let mut last = self.last_reading.lock().await;
        *last = Some(now);
        self.read_keys().await
    }

    /// Reads the keys from the source and puts them into use if they have changed. The caller must hold the lock `last_reading`, so
    /// that only one reading runs at a time.
    async fn read_keys(&self) -> Renewal {
        let Some(source) = &self.source else { return Renewal::Unchanged };
        match source.read().await {
            Ok(set) if self.keys.load().as_ref().is_some_and(|known| known.set.is_same_as(&set)) => Renewal::Unchanged,
            Ok(set) => {
                self.keys.store(Some(Arc::new(KeyGeneration { set, generation: self.generation() + 1 })));
                self.remembered.clear();
                tracing::info!("the identity provider's keys have changed; the new ones are in use");
                Renewal::Renewed
            }
            Err(cause) => {
                tracing::warn!(%cause, "the identity provider's keys could not be read; the known ones stay in use");
                Renewal::Failed
            }
        }
    }

    /// The number of the key set in use, which grows by one whenever other keys come into use.
    fn generation(&self) -> u64 {
        self.keys.load().as_ref().map_or(0, |keys| keys.generation)
    }

    /// Verifies a token's signature, issuer, audience and times at `now`, and returns its claims.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Verified, TokenRefusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(TokenRefusal::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenRefusal::Malformed)?;
        // `crit` lists extensions that the receiver must understand (RFC 7515, section 4.1.11), and this program understands none.
        if header.crit.is_some() {
            return Err(TokenRefusal::Malformed);
        }
        let keys = self.keys.load();
        let keys = keys.as_ref().ok_or(TokenRefusal::NoKeys)?;
        let key = header.kid.as_deref().and_then(|kid| keys.set.key(kid)).ok_or(TokenRefusal::UnknownKey)?;
        if !key.algorithms.contains(&header.alg) {
            return Err(TokenRefusal::Signature);
        }
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library uses the machine's clock. Ours is passed in, so the times are checked below.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &key.decoding, &rules);
        let claims = decoded.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenRefusal::Signature,
            _ => TokenRefusal::Claims,
        })?;
        self.read(&claims.claims, now.utc().timestamp(), keys.generation)
    }

    fn read(&self, claims: &Map<String, Value>, now: i64, generation: u64) -> Result<Verified, TokenRefusal> {
        let seconds = |name: &str| claims.get(name).map(|value| value.as_i64().ok_or(TokenRefusal::Claims)).transpose();
        let (expires, issued) =
            (seconds("exp")?.ok_or(TokenRefusal::Claims)?, seconds("iat")?.ok_or(TokenRefusal::Claims)?);
        let begins = seconds("nbf")?.unwrap_or(issued).max(issued);
        let not_before = begins.checked_sub(LEEWAY).ok_or(TokenRefusal::Claims)?;
        let not_after = expires.checked_add(LEEWAY).ok_or(TokenRefusal::Claims)?;
        let holds = not_before..=not_after;
        if !holds.contains(&now) {
            return Err(TokenRefusal::Time);
        }
        if expires.checked_sub(issued).is_none_or(|lifetime| lifetime > self.longest_lifetime) {
            return Err(TokenRefusal::Lifetime);
        }
        let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty());
        let names = &self.claims;
        let name = claim(claims, &names.name).and_then(Value::as_str).and_then(|name| name.parse::<Line>().ok());
        let says = |name: &str| claim(claims, name).and_then(Value::as_bool).unwrap_or(false);
        let claims = Claims {
            identity: ProviderIdentity::new(&self.issuer, subject.ok_or(TokenRefusal::Claims)?),
            name: name.map(Confidential::new),
            roles: texts(claims, &names.roles).filter_map(|role| role.parse::<Role>().ok()).collect(),
            office_slugs: texts(claims, &names.offices).map(str::to_owned).collect(),
            qualified: says(&names.qualified),
            protected_identity: says(&names.protected_identity),
        };
        let issued_at = issued.checked_mul(1_000_000).and_then(Timestamp::from_micros).ok_or(TokenRefusal::Claims)?;
        Ok(Verified { claims, issued_at, holds, generation })
    }
}

fn is_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    // The difference counts in both directions: if the clock is set back, nobody waits until it reaches its old time.
    last.is_none_or(|last| now.utc().timestamp().abs_diff(last.utc().timestamp()) >= BETWEEN_READINGS)
}

/// Returns the claim called `name`, or, if there is none, the nested claim that `name` leads to as a path such as
/// `realm_access.roles`.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        claim(claims.get(first)?.as_object()?, rest)
    })
}

/// Returns the texts of a claim: those of its list, or its only text. Empty for a claim that is missing or of another kind.
fn texts<'a>(claims: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a str> {
    let claim = claim(claims, name);
    let list = claim.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().chain(claim).filter_map(Value::as_str)
}
