//! Tokens of staff: what nobody signed never holds, and what was signed holds only as its claims say.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nara::auth::tokens::{TokenRefusal, TokenVerifier};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use super::{now, text};

const ISSUER: &str = "https://idp.test";

struct Provider {
    signing: SigningKey,
    verifier: TokenVerifier,
}

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| {
    let secret = p256::SecretKey::from_slice(&[7; 32]).expect("a key");
    let mut key: Value = serde_json::from_str(&secret.public_key().to_jwk_string()).expect("a JWK is JSON");
    key["kid"] = json!("k");
    let keys = json!({ "keys": [key] }).to_string().parse().expect("a set of one key");
    let verifier = TokenVerifier::new(Some(keys), ISSUER.to_owned(), "nara".to_owned());
    Provider { signing: SigningKey::from(&secret), verifier }
});

/// The bytes are a token; or a header and claims on two lines, which are signed.
pub fn check(data: &[u8]) {
    let Some(text) = text(data) else { return };
    assert!(PROVIDER.verifier.check(text, now()).is_err(), "nobody signed it");
    assert!(PROVIDER.verifier.remembered(text, now()).is_none());
    let Some((header, claims)) = text.split_once('\n') else { return };
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    // What the library does not even take for a header needs no signature.
    if PROVIDER.verifier.check(&format!("{message}.AA"), now()).is_err_and(|refusal| refusal == TokenRefusal::Malformed)
    {
        return;
    }
    let signature: Signature = PROVIDER.signing.sign(message.as_bytes());
    let mut signature = signature.to_bytes();
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let Ok(verified) = PROVIDER.verifier.check(&token, now()) else { return };

    let header: Value = serde_json::from_str(header).expect("it was read");
    assert_eq!((header["alg"].as_str(), header["kid"].as_str(), header.get("crit")), (Some("ES256"), Some("k"), None));
    judge(&serde_json::from_str(claims).expect("they were read"));
    assert!(verified.holds_at(now()));
    assert!(!format!("{verified:?}").contains("name-of-somebody"), "a name is confidential");
    let at = claims.len() % signature.len();
    signature[at] ^= 1;
    let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_eq!(PROVIDER.verifier.check(&forged, now()).err(), Some(TokenRefusal::Signature));
}

fn judge(claims: &Value) {
    let (at, seconds) = (now().utc().timestamp(), |name: &str| claims[name].as_i64());
    let (expires, issued) = (seconds("exp").expect("exp"), seconds("iat").expect("iat"));
    assert!(expires >= at - 30 && issued <= at + 30 && expires - issued <= 24 * 3600);
    assert!(seconds("nbf").is_none_or(|begins| begins <= at + 30));
    assert!(claims["sub"].as_str().is_some_and(|subject| !subject.is_empty()));
    let names = |claim: &Value, wanted: &str| {
        claim == wanted || claim.as_array().is_some_and(|list| list.iter().any(|item| item == wanted))
    };
    assert!(names(&claims["iss"], ISSUER) && names(&claims["aud"], "nara"));
}
