//! Tokens of staff: JWT (RFC 7519), signed by the municipality's identity provider with a key of its published set.
//!
//! - `iss`, `aud`, `exp`, `nbf` and `iat` are checked with 30 seconds of leeway against the clock that is handed in, and a token
//!   that holds for longer than the installation allows is refused.
//! - A token that was verified is remembered until it expires, whatever its roles let it do. When the keys change, all are
//!   forgotten.
//! - The keys are read again from time to time, and when a token names a key that is not known; the second at most once in half a
//!   minute, whatever callers send. One reading runs at a time. When the keys cannot be read, those that are known stay.
//! - While there are no keys yet, because the identity provider was away when the server started, no token can be judged.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use serde_json::{Map, Value};

use crate::auth::Role;
use crate::auth::holder::Holder;
use crate::auth::key_set::{KeySet, KeySource};
use crate::auth::remembered::Remembered;
use crate::auth::verified::{Claims, Identity, Verified};
use crate::text::Line;
use crate::time::Timestamp;
use crate::vault::Confidential;

/// How far the identity provider's clock may be from ours, in seconds.
const LEEWAY: i64 = 30;
/// A longer token is not read at all.
const LONGEST_TOKEN: usize = 8 * 1024;
/// An unknown key makes the set be read again, but not within so many seconds after the last time.
const BETWEEN_READINGS: u64 = 30;
/// How often the keys are asked for as long as there are none.
const UNTIL_THE_FIRST: Duration = Duration::from_secs(1);
/// What a token may hold for at most if nothing else is said, in seconds.
const LONGEST_LIFETIME: i64 = 24 * 3600;

/// Verifies tokens.
pub struct Verifier {
    keys: ArcSwapOption<Keys>,
    /// Where the keys are read again from; a demo's and a test's are what they are.
    source: Option<KeySource>,
    renewed_every: Duration,
    /// When the last reading began. Whoever reads holds it.
    last_reading: tokio::sync::Mutex<Option<Timestamp>>,
    issuer: String,
    audience: String,
    claims: ClaimNames,
    longest_lifetime: i64,
    remembered: Remembered,
}

/// A set of keys, and how many there were before it.
struct Keys {
    set: KeySet,
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

/// Why a token does not hold: for the metrics. A caller is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
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
    /// There are no keys yet to judge it by: nothing may be wrong with it.
    NoKeys,
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
    /// A verifier with these keys; without any it can judge no token until it has read some.
    pub fn new(keys: Option<KeySet>, issuer: String, audience: String) -> Self {
        Self {
            keys: ArcSwapOption::from_pointee(keys.map(|set| Keys { set, generation: 0 })),
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

    /// The same verifier, which reads its keys again from `source`, so often.
    pub fn renewed_from(self, source: KeySource, every: Duration) -> Self {
        Self { source: Some(source), renewed_every: every, ..self }
    }

    /// The same verifier for tokens that say things in claims of other names.
    pub fn with_claims(self, claims: ClaimNames) -> Self {
        Self { claims, ..self }
    }

    /// The same verifier for tokens that hold for at most so many seconds.
    pub fn with_longest_lifetime(self, seconds: i64) -> Self {
        Self { longest_lifetime: seconds, ..self }
    }

    /// Whether there are keys to judge tokens by.
    pub fn has_keys(&self) -> bool {
        self.keys.load().is_some()
    }

    /// Who holds this token, if it was verified before. `Err` when it does not hold any more.
    pub fn remembered(&self, token: &str, now: Timestamp) -> Option<Result<Arc<Holder>, Refusal>> {
        let holder = self.remembered.get(token).filter(|holder| holder.verified.generation == self.generation())?;
        Some(if holder.verified.holds_at(now) { Ok(holder) } else { Err(Refusal::Time) })
    }

    /// Remembers who holds a token that was verified.
    pub fn remember(&self, token: &str, holder: Arc<Holder>, now: Timestamp) {
        self.remembered.insert(token, holder, now);
    }

    /// In how long the keys are to be read again.
    pub fn next_renewal(&self) -> Duration {
        if self.has_keys() { self.renewed_every } else { self.renewed_every.min(UNTIL_THE_FIRST) }
    }

    /// Whether the set may have other keys by now than those that are known. It is not read again within half a minute.
    pub fn may_have_other_keys(&self, now: Timestamp) -> bool {
        // Where somebody is reading just now, one waits for what comes of it.
        self.source.is_some() && self.last_reading.try_lock().map_or(true, |last| is_due(*last, now))
    }

    /// Reads the keys again because a token names one that is not known. Those who ask at the same time wait for the one reading
    /// and share what came of it, and so does whoever asks too soon after it: `None`.
    pub async fn renew_for_unknown_key(&self, now: Timestamp) -> Option<Renewal> {
        let mut last = self.last_reading.lock().await;
        if !is_due(*last, now) {
            return None;
        }
        *last = Some(now);
        Some(self.read_keys().await)
    }

    /// Reads the keys again because it is time to.
    pub async fn renew(&self, now: Timestamp) -> Renewal {
        let mut last = self.last_reading.lock().await;
        *last = Some(now);
        self.read_keys().await
    }

    /// Called by one at a time: by whoever holds `last_reading`.
    async fn read_keys(&self) -> Renewal {
        let Some(source) = &self.source else { return Renewal::Unchanged };
        match source.read().await {
            Ok(set) if self.keys.load().as_ref().is_some_and(|known| known.set.is_same_as(&set)) => Renewal::Unchanged,
            Ok(set) => {
                self.keys.store(Some(Arc::new(Keys { set, generation: self.generation() + 1 })));
                self.remembered.clear();
                tracing::info!("the identity provider's keys are others than before; they are in force");
                Renewal::Renewed
            }
            Err(cause) => {
                tracing::warn!(%cause, "the identity provider's keys could not be read; those that are known stay in force");
                Renewal::Failed
            }
        }
    }

    /// How many sets of keys there were before the one that is in force.
    fn generation(&self) -> u64 {
        self.keys.load().as_ref().map_or(0, |keys| keys.generation)
    }

    /// What the token says, if it holds.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Verified, Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        // It names what must be understood of it (RFC 7515, section 4.1.11), and nothing of the kind is understood here.
        if header.crit.is_some() {
            return Err(Refusal::Malformed);
        }
        let keys = self.keys.load();
        let keys = keys.as_ref().ok_or(Refusal::NoKeys)?;
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
        let holds = not_before..=not_after;
        if !holds.contains(&now) {
            return Err(Refusal::Time);
        }
        if expires.checked_sub(issued).is_none_or(|lifetime| lifetime > self.longest_lifetime) {
            return Err(Refusal::Lifetime);
        }
        let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty());
        let names = &self.claims;
        let name = claim(claims, &names.name).and_then(Value::as_str).and_then(|name| name.parse::<Line>().ok());
        let says = |name: &str| claim(claims, name).and_then(Value::as_bool).unwrap_or(false);
        let claims = Claims {
            identity: Identity::new(&self.issuer, subject.ok_or(Refusal::Claims)?),
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
    // Either way: a clock that was set back makes nobody wait until it is where it was.
    last.is_none_or(|last| now.utc().timestamp().abs_diff(last.utc().timestamp()) >= BETWEEN_READINGS)
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
