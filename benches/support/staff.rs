//! A caseworker of the office in Skäggetorp, as the identity provider knows them.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use nara::time::Clock;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::json;

use super::installation::{ISSUER, Installation, KEY_ID};

/// The value of `Authorization` for a day.
pub fn authorization(installation: &Installation) -> String {
    let now = Clock::system().now().utc().timestamp();
    let claims = json!({
        "iss": ISSUER, "aud": "nara", "sub": "bench", "iat": now, "exp": now + 24 * 3600,
        "roles": ["caseworker"], "offices": ["skaggetorp"],
    });
    let pem = installation.signing_key.to_pkcs8_pem(LineEnding::LF).expect("a key has a PEM");
    let key = EncodingKey::from_ec_pem(pem.as_bytes()).expect("PEM is what it reads");
    let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
    format!("Bearer {}", jsonwebtoken::encode(&header, &claims, &key).expect("claims can be signed"))
}
