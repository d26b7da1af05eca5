//! A database with Linköping's directory and one partner agency, and what one signs in with there.

use diesel::prelude::*;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use nara::audit::authorship::RecordKey;
use nara::auth::keys::{self, PlainKey};
use nara::auth::{Category, Scope};
use nara::config::Secret;
use nara::db::connection::Purpose;
use nara::db::{DbConn, Target, migrations};
use nara::directory;
use nara::moment::Moment;
use nara::partners::{self, NewPartner, Partner};
use nara::server::DerivedKeys;
use nara::time::{Clock, Random};
use nara::vault::{Vault, VaultKeys};
use p256::SecretKey;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://idp.bench.example";
pub const ENVIRONMENT: &str = "bench";
const KEY_ID: &str = "bench";

/// A filled database.
pub struct Installation {
    pub target: Target,
    pub secret: Secret,
    pub vault: Vault,
    pub partner_key: String,
    /// What the identity provider signs with.
    pub signing_key: SecretKey,
}

impl Installation {
    /// Fills an empty database.
    pub fn fill(target: Target) -> Self {
        let moment = Moment { now: Clock::system().now(), random: Random::system() };
        let secret = Secret::new(moment.random.bytes());
        let vault = Vault::new(VaultKeys::new(&moment.random));
        let key = PlainKey::new(ENVIRONMENT, &moment.random);
        migrations::run(&target).expect("the database can be migrated");
        let mut conn = target.connect(Purpose::Writing).expect("the database is there");
        nara::binding::carry(&mut conn, nara::bound_tables::binder(&vault));
        let hash_key = DerivedKeys::of(&secret).partner_keys;
        let fill = |conn: &mut DbConn| {
            directory::import::embedded(conn, &RecordKey::of(vault.ring()), &moment)?;
            let slug = "school".parse().expect("a slug");
            let name = "Skäggetorps grundskola (påhittad)".parse().expect("a name");
            let school = Partner::new(NewPartner::of(slug, name, Category::School), &moment);
            partners::store::insert(conn, &school)?;
            keys::insert(conn, &key, school.id, &[Scope::Submit, Scope::Read], &hash_key, &moment)
        };
        nara::db::in_transaction(&mut conn, &fill).expect("the directory can be imported");
        if let DbConn::Postgres(conn) = &mut conn {
            diesel::sql_query("ANALYZE").execute(conn).expect("PostgreSQL can count what it has");
        }
        let signing_key = SecretKey::from_slice(&moment.random.bytes::<32>()).expect("nearly any 32 bytes are a key");
        Self { target, secret, vault, partner_key: key.reveal(), signing_key }
    }

    /// The identity provider's public keys (RFC 7517).
    pub fn key_set(&self) -> String {
        let public = self.signing_key.public_key().to_jwk_string();
        let mut key: Value = serde_json::from_str(&public).expect("a JWK is JSON");
        key["kid"] = json!(KEY_ID);
        key["alg"] = json!("ES256");
        json!({ "keys": [key] }).to_string()
    }

    /// The token of a caseworker of the office in Skäggetorp.
    pub fn token(&self) -> String {
        self.token_with(json!({ "sub": "bench", "roles": ["caseworker"], "offices": ["skaggetorp"] }))
    }

    /// The token with these claims, which say who it is.
    pub fn token_with(&self, mut claims: Value) -> String {
        let now = Clock::system().now().utc().timestamp();
        for (name, claim) in
            [("iss", json!(ISSUER)), ("aud", json!("nara")), ("iat", json!(now)), ("exp", json!(now + 24 * 3600))]
        {
            claims[name] = claim;
        }
        let pem = self.signing_key.to_pkcs8_pem(LineEnding::LF).expect("a key has a PEM");
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).expect("PEM is what it reads");
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, &key).expect("claims can be signed")
    }
}
