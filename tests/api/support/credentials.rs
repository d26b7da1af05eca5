//! The signing key of the tests and the keys of the partner agencies. They are made once per process, because the template
//! database contains them.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use nara::auth::key_set::KeySet;
use nara::auth::keys::{self, PlainKey};
use nara::auth::tokens::TokenVerifier;
use nara::auth::{Category, Scope};
use nara::config::Secret;
use nara::db::DbConn;
use nara::db::schema::partner_keys;
use nara::moment::Moment;
use nara::partners::{self, NewPartner, Partner};
use nara::server::DerivedKeys;
use nara::time::{Random, Timestamp};
use nara::vault::{Vault, VaultKeys};
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{self, Signature};
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://idp.test";
pub const AUDIENCE: &str = "nara";
pub const ENVIRONMENT: &str = "test";
pub const KEY_ID: &str = "test-key";

/// The vault of the test installation.
pub fn vault() -> Vault {
    static RING: LazyLock<String> = LazyLock::new(|| VaultKeys::new(&Random::system()).reveal());
    Vault::new(RING.parse().expect("a ring reads what it wrote"))
}

/// The secret of the test installation.
pub fn secret() -> Secret {
    Secret::new(*b"thirty-two bytes of a test's own")
}

/// A key pair of an identity provider.
pub struct SigningKey {
    secret: SecretKey,
}

/// The key pair whose public key the server knows.
pub static PROVIDER: LazyLock<SigningKey> = LazyLock::new(SigningKey::fresh);

impl SigningKey {
    pub fn fresh() -> Self {
        let random = Random::system();
        let secret = std::iter::repeat_with(|| SecretKey::from_slice(&random.bytes::<32>())).flatten().next();
        Self { secret: secret.expect("nearly any 32 bytes are a key") }
    }

    /// The public key as a member of a key set.
    pub fn public(&self, kid: &str) -> Value {
        let mut key: Value = serde_json::from_str(&self.secret.public_key().to_jwk_string()).expect("a JWK is JSON");
        key["kid"] = json!(kid);
        key["alg"] = json!("ES256");
        key["use"] = json!("sig");
        key
    }

    /// The public key as PEM, which some libraries can be tricked into using as a shared secret.
    pub fn public_pem(&self) -> String {
        use p256::pkcs8::EncodePublicKey;
        self.secret.public_key().to_public_key_pem(LineEnding::LF).expect("a public key has a PEM")
    }

    /// A token with this key id in its header and these claims.
    pub fn sign(&self, kid: Option<&str>, claims: &Value) -> String {
        let pem = self.secret.to_pkcs8_pem(LineEnding::LF).expect("a key has a PEM");
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).expect("PEM is what it reads");
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &key).expect("claims can be signed")
    }

    /// A token signed with this key, with more fields in its header. The header names the key that the server knows.
    pub fn sign_with_header(&self, more: Value, claims: &Value) -> String {
        let mut header = json!({ "typ": "JWT", "alg": "ES256", "kid": KEY_ID });
        header.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let signature: Signature = ecdsa::SigningKey::from(&self.secret).sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// The key set that the server is started with.
pub fn key_set() -> String {
    json!({ "keys": [PROVIDER.public(KEY_ID)] }).to_string()
}

/// A verifier of the tokens of the tests' staff, which outlive every test.
pub fn verifier() -> TokenVerifier {
    with_keys(Some(key_set().parse().expect("the key set is right")))
}

/// A verifier with these keys, or without keys at first.
pub fn with_keys(keys: Option<KeySet>) -> TokenVerifier {
    TokenVerifier::new(keys, ISSUER.to_owned(), AUDIENCE.to_owned()).with_longest_lifetime(i64::MAX)
}

/// The claims of a member of staff. The token outlives every test.
pub fn claims(subject: &str, role: &str, offices: &[&str]) -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "name": subject,
        "iat": seconds("2020-01-01T00:00:00Z"), "exp": seconds("2099-01-01T00:00:00Z"),
        "roles": [role], "offices": offices,
    })
}

fn seconds(time: &str) -> i64 {
    let time: Timestamp = time.parse().expect("a time as in RFC 3339");
    time.utc().timestamp()
}

/// A partner agency of the tests with its keys.
pub struct TestPartner {
    pub slug: &'static str,
    name: &'static str,
    category: Category,
    /// A key with all scopes.
    pub key: String,
    /// A key that may only submit.
    pub submitting_key: String,
    /// A key that may only read.
    pub reading_key: String,
    /// A key that was revoked.
    pub revoked_key: String,
    /// A key that ended the day before the tests begin.
    pub expired_key: String,
}

/// The four partner agencies of the tests.
pub static PARTNERS: LazyLock<[TestPartner; 4]> = LazyLock::new(|| {
    [
        TestPartner::new("school", "Skäggetorps grundskola (påhittad)", Category::School),
        TestPartner::new("police", "Lokalpolisområde (påhittat)", Category::Police),
        TestPartner::new("healthcare", "Vårdcentral (påhittad)", Category::HealthDentalAuthority),
        TestPartner::new("association", "Idrottsförening (påhittad)", Category::Association),
    ]
});

/// The agency with this slug.
pub fn partner(slug: &str) -> &'static TestPartner {
    PARTNERS.iter().find(|partner| partner.slug == slug).expect("there are four agencies")
}

/// A new key that no agency has.
pub fn fresh_key(environment: &str) -> String {
    PlainKey::new(environment, &Random::system()).reveal()
}

impl TestPartner {
    fn new(slug: &'static str, name: &'static str, category: Category) -> Self {
        let [key, submitting_key, reading_key, revoked_key, expired_key] = [(); 5].map(|()| fresh_key(ENVIRONMENT));
        Self { slug, name, category, key, submitting_key, reading_key, revoked_key, expired_key }
    }

    fn insert(&self, conn: &mut DbConn, moment: &Moment) -> nara::error::Result<()> {
        let (slug, name) = (self.slug.parse().expect("a slug"), self.name.parse().expect("a name"));
        let partner = Partner::new(NewPartner::of(slug, name, self.category), moment);
        partners::store::insert(conn, &partner)?;
        let id = partner.id;
        let hash_key = DerivedKeys::of(&secret()).partner_keys;
        let (all, submit, read) = (&[Scope::Submit, Scope::Read][..], &[Scope::Submit][..], &[Scope::Read][..]);
        let keys = [
            (&self.key, all),
            (&self.submitting_key, submit),
            (&self.reading_key, read),
            (&self.revoked_key, all),
            (&self.expired_key, all),
        ];
        for (key, scopes) in keys {
            let key = PlainKey::parse(key).expect("a key as it was made");
            keys::insert(conn, &key, id, scopes, &hash_key, moment)?;
        }
        let yesterday = Timestamp::from(moment.now.utc() - chrono::Duration::days(1));
        let row = |key: &str| partner_keys::table.find(key_id(key));
        let ended = [&self.revoked_key, &self.expired_key].map(|key| key_id(key));
        nara::binding::changing(conn, "partner_keys", &ended, |conn| {
            diesel::update(row(&self.revoked_key)).set(partner_keys::revoked_at.eq(yesterday)).execute(conn)?;
            diesel::update(row(&self.expired_key)).set(partner_keys::expires_at.eq(yesterday)).execute(conn)?;
            Ok(())
        })
    }
}

/// The public part of a key.
pub fn key_id(key: &str) -> String {
    key.split('_').nth(2).expect("a key has four parts").to_owned()
}

/// Adds the agencies and their keys to a database.
pub fn insert_partners(conn: &mut DbConn, moment: &Moment) -> nara::error::Result<()> {
    PARTNERS.iter().try_for_each(|partner| partner.insert(conn, moment))
}
