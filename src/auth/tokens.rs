//! Tokens of staff: JWT (RFC 7519), signed by the municipality's identity provider with a key of its published set.
//!
//! - `iss`, `aud`, `exp`, `nbf` and `iat` are checked. Times have 30 seconds of leeway against the clock that is passed in. A
//!   token that is valid for longer than the installation allows is refused.
//! - A verified token is remembered until it expires, whatever its roles allow. When the keys change, all tokens are forgotten.
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

/// The largest difference between the identity provider's clock and ours, in seconds.
const LEEWAY: i64 = 30;
/// The longest token that is read, in bytes.
const LONGEST_TOKEN: usize = 8 * 1024;
/// The least time between two readings of the keys because of unknown keys, in seconds.
const BETWEEN_READINGS: u64 = 30;
/// The time between two attempts to read the keys while there are none.
const UNTIL_THE_FIRST: Duration = Duration::from_secs(1);
/// The default for the longest lifetime of a token, in seconds.
const LONGEST_LIFETIME: i64 = 24 * 3600;

/// Verifies the tokens of staff.
pub struct TokenVerifier {
    keys: ArcSwapOption<KeyGeneration>,
    /// The source from which the keys are read again. The keys of a demo or a test are fixed and have none.
    source: Option<KeySource>,
    renewed_every: Duration,
    /// The start of the last reading. The lock is held during a reading.
    last_reading: tokio::sync::Mutex<Option<Timestamp>>,
    issuer: String,
    audience: String,
    claims: ClaimNames,
    longest_lifetime: i64,
    remembered: Remembered,
}

/// A set of keys, and the number of sets before it.
struct KeyGeneration {
    set: KeySet,
    generation: u64,
}

/// The names of the claims that a token uses.
#[derive(Debug, Clone)]
pub struct ClaimNames {
    pub roles: String,
    /// The slugs of the holder's offices.
    pub offices: String,
    pub name: String,
    /// Whether the holder may decide on inquiries.
    pub qualified: String,
    /// Whether the holder may see persons with a protected identity.
    pub protected_identity: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let [roles, offices, name, qualified, protected_identity] =
            ["roles", "offices", "name", "qualified", "protectedIdentity"].map(str::to_owned);
        Self { roles, offices, name, qualified, protected_identity }
    }
}

/// The reasons for refusing a token. They are for the metrics; callers are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum TokenRefusal {
    /// The text is not a token, or is too long.
    Malformed,
    /// The token names a key that is not in the set.
    UnknownKey,
    /// The signature does not match the key, or the algorithm does not fit it.
    Signature,
    /// The token has another issuer or audience, or lacks a required claim.
    Claims,
    /// The token has expired or is not yet valid.
    Time,
    /// The token's lifetime is longer than allowed.
    Lifetime,
    /// There are no keys yet to verify the token with; the token itself may be valid.
    NoKeys,
}

/// The result of reading the keys again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum Renewal {
    /// The keys had changed, and the new ones are in use.
    Renewed,
    /// The keys have not changed, or there is no source to read them from.
    Unchanged,
    /// The keys could not be read; the known ones stay in use.
    Failed,
}

impl TokenVerifier {
    /// Makes a verifier with these keys. Without keys it cannot verify any token until it has read some.
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

    /// Makes the verifier read its keys again from `source`, once per `every`.
    pub fn renewed_from(self, source: KeySource, every: Duration) -> Self {
        Self { source: Some(source), renewed_every: every, ..self }
    }

    /// Sets the names of the claims.
    pub fn with_claims(self, claims: ClaimNames) -> Self {
        Self { claims, ..self }
    }

    /// Sets the longest lifetime of a token, in seconds.
    pub fn with_longest_lifetime(self, seconds: i64) -> Self {
        Self { longest_lifetime: seconds, ..self }
    }

    /// Whether there are keys to verify tokens with.
    pub fn has_keys(&self) -> bool {
        self.keys.load().is_some()
    }

    /// Returns the holder of a token that was verified before. `Err` if the token has expired since.
    pub fn remembered(&self, token: &str, now: Timestamp) -> Option<Result<Arc<TokenHolder>, TokenRefusal>> {
        let holder = self.remembered.get(token).filter(|holder| holder.verified.generation == self.generation())?;
        Some(if holder.verified.holds_at(now) { Ok(holder) } else { Err(TokenRefusal::Time) })
    }

    /// Remembers the holder of a verified token.
    pub fn remember(&self, token: &str, holder: Arc<TokenHolder>, now: Timestamp) {
        self.remembered.insert(token, holder, now);
    }

    /// The time until the keys are to be read again.
    pub fn next_renewal(&self) -> Duration {
        if self.has_keys() { self.renewed_every } else { self.renewed_every.min(UNTIL_THE_FIRST) }
    }

    /// Whether the identity provider may by now have keys that are not known. Within half a minute of the last reading this is `false`.
    pub fn may_have_other_keys(&self, now: Timestamp) -> bool {
        // If a reading is running, the caller waits for its result.
        self.source.is_some() && self.last_reading.try_lock().map_or(true, |last| is_due(*last, now))
    }

    /// Reads the keys again because a token names an unknown key. Calls at the same time wait for one reading and share its
    /// result. `None` if the last reading was less than half a minute ago.
    pub async fn renew_for_unknown_key(&self, now: Timestamp) -> Option<Renewal> {
        let mut last = self.last_reading.lock().await;
        if !is_due(*last, now) {
            return None;
        }
        *last = Some(now);
        Some(self.read_keys().await)
    }

    /// Reads the keys again because the interval has passed.
    pub async fn renew(&self, now: Timestamp) -> Renewal {
        let mut last = self.last_reading.lock().await;
        *last = Some(now);
        self.read_keys().await
    }

    /// Reads the keys. The caller must hold `last_reading`, so that only one reading runs at a time.
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

    /// The number of key sets before the one in use.
    fn generation(&self) -> u64 {
        self.keys.load().as_ref().map_or(0, |keys| keys.generation)
    }

    /// Verifies a token and returns its claims.
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
        Ok(Verified { claims, holds, generation })
    }
}

fn is_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    // The difference counts in both directions: if the clock is set back, nobody waits until it reaches its old time.
    last.is_none_or(|last| now.utc().timestamp().abs_diff(last.utc().timestamp()) >= BETWEEN_READINGS)
}

/// Returns a claim by its name, or a nested claim by a path such as `realm_access.roles`.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        claim(claims.get(first)?.as_object()?, rest)
    })
}

/// Returns the texts of a claim that is a list, or the text of a claim that is a single text.
fn texts<'a>(claims: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a str> {
    let claim = claim(claims, name);
    let list = claim.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().chain(claim).filter_map(Value::as_str)
}
