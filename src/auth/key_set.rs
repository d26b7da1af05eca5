//! The identity provider's public keys (JWKS, RFC 7517), and the sources they are read from.
//!
//! - Only asymmetric algorithms of a fixed list are accepted, and only those that fit the key: a public key is never used as a
//!   shared secret.
//! - If one signing key of a set cannot be trusted, the whole set is refused, and the previous keys stay in use.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// The length in bytes of the longest key set that is read over HTTP: an identity provider has only a few keys.
const LONGEST: usize = 256 * 1024;
/// The length in bytes of the shortest RSA modulus that is accepted. Shorter keys can be broken (NIST SP 800-131A).
const SHORTEST_RSA: usize = 256;

/// The prefix of the key identifiers (`kid`) of signing keys that `demo` makes.
pub const DEMO_MARK: &str = "demo-";

/// The identity provider's public keys that can verify tokens, by their identifiers (`kid`).
pub struct KeySet {
    keys: HashMap<String, Key>,
    text: String,
}

/// A public key, and the signature algorithms that it may be used with.
pub struct Key {
    /// The key itself, with which signatures are verified.
    pub decoding: DecodingKey,
    pub algorithms: Vec<Algorithm>,
}

impl KeySet {
    /// Returns the key with the identifier `kid`, if the set has it.
    pub fn key(&self, kid: &str) -> Option<&Key> {
        self.keys.get(kid)
    }

    /// Whether both sets were published as exactly the same text.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl FromStr for KeySet {
    type Err = String;

    fn from_str(jwks: &str) -> Result<Self, String> {
        let set: JwkSet = serde_json::from_str(jwks).map_err(|_| "is not a JSON Web Key Set (RFC 7517)".to_owned())?;
        let mut keys = HashMap::new();
        // Some providers publish keys for encryption next to those for signing.
        for jwk in set.keys.iter().filter(|jwk| jwk.common.public_key_use != Some(PublicKeyUse::Encryption)) {
            let kid = jwk.common.key_id.clone().ok_or("has a key without `kid`")?;
            let algorithms = algorithms(jwk).ok_or_else(|| {
                format!(
                    "has the key `{kid}`, which is not an RSA, EC or Ed25519 public key for signing, or is too weak"
                )
            })?;
            let decoding =
                DecodingKey::from_jwk(jwk).map_err(|_| format!("has the key `{kid}`, which cannot be read"))?;
            if keys.insert(kid.clone(), Key { decoding, algorithms }).is_some() {
                return Err(format!("has two keys with the `kid` `{kid}`"));
            }
        }
        if keys.is_empty() { Err("has no key".to_owned()) } else { Ok(Self { keys, text: jwks.to_owned() }) }
    }
}

/// Returns the signature algorithms that a key may be used with. `None` for a shared secret, and for keys that are unknown or weak.
fn algorithms(jwk: &Jwk) -> Option<Vec<Algorithm>> {
    let fitting = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            let length = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?.len();
            (length >= SHORTEST_RSA)
                .then(|| vec![Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256])
        }
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => Some(vec![Algorithm::ES256]),
            EllipticCurve::P384 => Some(vec![Algorithm::ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(pair) => {
            (pair.curve == EllipticCurve::Ed25519).then(|| vec![Algorithm::EdDSA])
        }
        _ => None,
    }?;
    // A key that names its algorithm is only used with that one.
    let named = jwk.common.key_algorithm.map(|algorithm| algorithm.to_string());
    let fitting: Vec<_> =
        fitting.into_iter().filter(|fits| named.as_ref().is_none_or(|named| *named == format!("{fits:?}"))).collect();
    (!fitting.is_empty()).then_some(fitting)
}

/// The source from which the identity provider's keys are read in a real installation.
pub enum KeySource {
    File(PathBuf),
    /// The address where the identity provider publishes its keys.
    Url(Box<Remote>),
}

/// An identity provider that publishes its keys over HTTP, and the client that fetches them.
pub struct Remote {
    client: reqwest::Client,
    url: String,
}

impl KeySource {
    /// Makes a source from an address, which must be `https`, or may be `http` on this machine.
    pub fn url(url: &str) -> Result<Self, String> {
        let expected = || "expected an https:// address, such as https://idp.example/jwks".to_owned();
        let parsed = reqwest::Url::parse(url).map_err(|_| expected())?;
        let is_here = matches!(parsed.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_here) {
            return Err(expected());
        }
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            // A provider that redirects to another host may by now be somebody else.
            .redirect(reqwest::redirect::Policy::none())
            // Each worker has its own runtime, and a kept connection would belong to the runtime that opened it.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self::Url(Box::new(Remote { client, url: url.to_owned() })))
    }

    /// Reads the key set as it is published now. A set with a key that `demo` made is refused: anybody who has the demo's folder
    /// can sign with it.
    pub async fn read(&self) -> Result<KeySet, String> {
        let published = match self {
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| error.to_string()),
            Self::Url(remote) => remote.fetch().await,
        };
        let set: KeySet = published.map_err(|error| format!("cannot be read: {error}"))?.parse()?;
        if set.keys.keys().any(|kid| kid.starts_with(DEMO_MARK)) {
            return Err("has a key that `demo` made; name the keys of your identity provider".to_owned());
        }
        Ok(set)
    }
}

impl Remote {
    async fn fetch(&self) -> Result<String, String> {
        let told = |error: reqwest::Error| error.without_url().to_string();
        let mut answer =
            self.client.get(&self.url).send().await.and_then(reqwest::Response::error_for_status).map_err(told)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(format!("answered {}", answer.status()));
        }
        let mut set = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(told)? {
            set.extend_from_slice(&part);
            if set.len() > LONGEST {
                return Err(format!("answered more than {LONGEST} bytes"));
            }
        }
        String::from_utf8(set).map_err(|_| "answered no text".to_owned())
    }
}
