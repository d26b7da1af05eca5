//! Tokens of staff: JWT (RFC 7519), signed by the municipality's identity provider with a key of its published set (RFC 7517).
//!
//! - Only asymmetric algorithms, and only the one that fits the key: a public key is never taken for a shared secret.
//! - `iss`, `aud`, `exp`, `nbf` and `iat` are checked with 30 seconds of leeway against the clock that is handed in.
//! - A token that was verified is remembered by its hash until it expires, so that its signature is checked once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, Mac};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::auth::{Role, Staff};
use crate::id::StaffId;
use crate::time::Timestamp;

/// How far the identity provider's clock may be from ours, in seconds.
const LEEWAY: i64 = 30;
/// A longer token is not read at all.
const LONGEST_TOKEN: usize = 8 * 1024;
/// More verified tokens than this are not remembered at once.
const REMEMBERED: usize = 4096;

/// The keys of a set that can be used, and what a token must say.
pub struct Verifier {
    keys: HashMap<String, Key>,
    issuer: String,
    audience: String,
    subject_key: [u8; 32],
    verified: Mutex<HashMap<[u8; 32], Verified>>,
}

struct Key {
    decoding: DecodingKey,
    algorithms: Vec<Algorithm>,
}

#[derive(Clone)]
struct Verified {
    staff: Staff,
    not_after: i64,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    offices: Vec<String>,
    #[serde(default, rename = "protectedIdentity")]
    protected_identity: bool,
}

impl Verifier {
    /// Takes over the keys of a set. A set with a shared secret, an unnamed key or the same name twice is refused.
    pub fn new(jwks: &str, issuer: String, audience: String, subject_key: [u8; 32]) -> Result<Self, String> {
        let set: JwkSet = serde_json::from_str(jwks).map_err(|_| "is not a JSON Web Key Set (RFC 7517)".to_owned())?;
        let mut keys = HashMap::new();
        for jwk in &set.keys {
            let kid = jwk.common.key_id.clone().ok_or("has a key without `kid`")?;
            let algorithms = algorithms(&jwk.algorithm)
                .ok_or_else(|| format!("has the key `{kid}`, which is not an RSA, EC or Ed25519 public key"))?;
            let decoding =
                DecodingKey::from_jwk(jwk).map_err(|_| format!("has the key `{kid}`, which cannot be read"))?;
            if keys.insert(kid.clone(), Key { decoding, algorithms }).is_some() {
                return Err(format!("has two keys with the `kid` `{kid}`"));
            }
        }
        if keys.is_empty() {
            return Err("has no key".to_owned());
        }
        Ok(Self { keys, issuer, audience, subject_key, verified: Mutex::new(HashMap::new()) })
    }

    /// Who the token says is calling; `None` when it does not hold, whatever the reason.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Staff> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let seconds = now.utc().timestamp();
        let fingerprint: [u8; 32] = Sha256::digest(token).into();
        let remembered = self.remembered().get(&fingerprint).cloned();
        if let Some(verified) = remembered {
            return (seconds <= verified.not_after).then_some(verified.staff);
        }
        let verified = self.check(token, seconds)?;
        let staff = verified.staff.clone();
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED {
            remembered.retain(|_, verified| verified.not_after >= seconds);
        }
        if remembered.len() < REMEMBERED {
            remembered.insert(fingerprint, verified);
        }
        Some(staff)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Verified>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, token: &str, now: i64) -> Option<Verified> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let key = self.keys.get(header.kid.as_deref()?)?;
        if !key.algorithms.contains(&header.alg) {
            return None;
        }
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library asks the machine's clock; ours is handed in, so the times are checked below.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let claims: Claims = jsonwebtoken::decode(token, &key.decoding, &rules).ok()?.claims;
        let in_time = claims.exp.checked_add(LEEWAY)? >= now
            && claims.iat <= now + LEEWAY
            && claims.nbf.is_none_or(|nbf| nbf <= now + LEEWAY);
        if !in_time || claims.sub.is_empty() {
            return None;
        }
        let staff = Staff {
            id: self.staff_id(&claims.sub),
            roles: claims.roles.iter().filter_map(|role| role.parse::<Role>().ok()).collect(),
            office_slugs: claims.offices,
            protected_identity: claims.protected_identity,
        };
        Some(Verified { staff, not_after: claims.exp + LEEWAY })
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

/// The algorithms that a key may be used with; `None` for a shared secret and for what is unknown.
fn algorithms(parameters: &AlgorithmParameters) -> Option<Vec<Algorithm>> {
    match parameters {
        AlgorithmParameters::RSA(_) => {
            Some(vec![Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256])
        }
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => Some(vec![Algorithm::ES256]),
            EllipticCurve::P384 => Some(vec![Algorithm::ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(_) => Some(vec![Algorithm::EdDSA]),
        _ => None,
    }
}
